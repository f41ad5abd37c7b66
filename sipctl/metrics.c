/*
 * metrics - the figures of the house in the text format of OpenMetrics 1.0, for
 * Prometheus: under the names that dashboards know (families[]), and each counter of
 * ours as cordboard_NAME. No label names a user or a call.
 */
#include <stdio.h>
#include <time.h>

#include "common/stats.h"
#include "sipctl/ask.h"
#include "sipctl/overview.h"

/* One sample: a figure of a daemon, with labels. */
struct sample {
	const char	*labels;	/* "side=\"server\"", or "" */
	const char	*daemon, *figure;
};
struct family {
	const char	*name;
	bool		 counter;
	const char	*help;
	struct sample	 samples[6];
};

#define LABEL(name, value)	name "=\"" value "\""

static const struct family families[] = {
	{ "sip_messages", true, "SIP messages received", {
	    { LABEL("dir", "in") "," LABEL("kind", "request"), "sipd", "requests" },
	    { LABEL("dir", "in") "," LABEL("kind", "response"), "sipd", "responses" } } },
	{ "sip_transactions", false, "transactions under way", {
	    { LABEL("side", "server"), "sipd", "txn_server" },
	    { LABEL("side", "client"), "sipd", "txn_client" } } },
	{ "sip_retransmissions", true, "messages that were repeated", {
	    { LABEL("dir", "in"), "sipd", "retransmissions_in" },
	    { LABEL("dir", "out"), "sipd", "retransmissions_out" } } },
	{ "sip_parse_errors", true, "messages that were no good", {
	    { LABEL("reason", "syntax"), "sipd", "parse_errors" },
	    { LABEL("reason", "size"), "sipd", "too_big" },
	    { LABEL("reason", "framing"), "sipd", "tcp_framing_errors" },
	    { LABEL("reason", "content"), "sipd", "bad_requests" } } },
	{ "sip_registrations", false, "contacts that are registered", {
	    { "", "sipd", "contacts" } } },
	{ "sip_auth", true, "credentials judged", {
	    { LABEL("result", "good"), "regd", "auth_good" },
	    { LABEL("result", "bad"), "regd", "auth_bad" },
	    { LABEL("result", "stale"), "regd", "auth_stale" },
	    { LABEL("result", "replayed"), "regd", "auth_replayed" },
	    { LABEL("result", "muted"), "regd", "auth_muted" },
	    { LABEL("result", "challenged"), "sipd", "challenged" } } },
	{ "sip_route", true, "routing decisions", {
	    { LABEL("result", "all"), "routed", "routes" },
	    { LABEL("result", "refused"), "routed", "routes_refused" } } },
	{ "sip_calls", false, "calls", {
	    { LABEL("state", "ringing"), "sipd", "ringing" },
	    { LABEL("state", "all"), "sipd", "calls" } } },
	{ "sip_calls_answered", true, "calls answered", { { "", "sipd", "calls_begun" } } },
	{ "media_sessions", false, "media sessions", { { "", "mediad", "media_sessions" } } },
	{ "media_ports", false, "media ports in use", { { "", "mediad", "media_ports" } } },
	{ "media_packets", true, "media packets", {
	    { LABEL("result", "relayed"), "mediad", "rtp_relayed" },
	    { LABEL("result", "dropped"), "mediad", "rtp_dropped" },
	    { LABEL("result", "wrong_source"), "mediad", "rtp_dropped_source" } } },
	{ "media_silent_streams", true, "media sessions that ended in silence", {
	    { "", "mediad", "media_timeouts" } } },
	{ "udp_drops", true, "datagrams that the kernel did not send", {
	    { "", "sipd", "udp_send_failed" } } },
};

/* OpenMetrics: backslash, quote and end of line are escaped in labels. */
static void
print_label(const char *name, const char *value)
{
	printf("%s=\"", name);
	for (; *value != '\0'; value++)
		if (*value == '"' || *value == '\\')
			printf("\\%c", *value);
		else if ((unsigned char)*value >= ' ')
			putchar(*value);
	putchar('"');
}

static void
print_head(const char *name, bool counter, const char *help)
{
	printf("# TYPE %s %s\n# HELP %s %s\n", name, counter ? "counter" : "gauge", name, help);
}

static void
print_family(const struct house_view *h, const struct family *f)
{
	print_head(f->name, f->counter, f->help);
	for (size_t i = 0; i < 6 && f->samples[i].daemon != NULL; i++) {
		const struct sample	*s = &f->samples[i];

		printf("%s%s%s%s%s %lld\n", f->name, f->counter ? "_total" : "",
		    s->labels[0] != '\0' ? "{" : "", s->labels, s->labels[0] != '\0' ? "}" : "",
		    (long long)house_figure(h, s->daemon, s->figure));
	}
}

/* Those that answered; a counter that is zero is there as well. */
static void
print_own(const struct house_view *h, const struct stats_info *i)
{
	char	name[96];

	snprintf(name, sizeof(name), "cordboard_%s", i->name);
	print_head(name, !i->gauge, i->help);
	for (size_t k = 0; k < DAEMONS; k++)
		if (h->daemons[k].answered && json_object_get(h->daemons[k].figures,
		    i->name) != NULL)
			printf("%s%s{daemon=\"%s\"} %lld\n", name, i->gauge ? "" : "_total",
			    h->daemons[k].name, (long long)house_figure(h,
			    h->daemons[k].name, i->name));
}

static void
print_daemons(const struct house_view *h)
{
	static const struct {
		const char	*name, *help;
		bool		 counter;
	} kinds[] = {
		{ "sip_daemon_up", "whether a daemon answers", false },
		{ "config_generation", "generation of the configuration in force", false },
		{ "sip_daemon_memory_bytes", "resident memory", false },
		{ "sip_daemon_cpu_seconds", "CPU time used", true },
		{ "sip_daemon_uptime_seconds", "time since its start", false },
	};

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		print_head(kinds[k].name, kinds[k].counter, kinds[k].help);
		for (size_t i = 0; i < DAEMONS; i++) {
			const struct daemon_view	*d = &h->daemons[i];
			const double			 values[] = { d->answered,
			    (double)d->generation, (double)d->rss_bytes, d->cpu_s, d->uptime_s };

			if (d->answered || k == 0)
				printf("%s%s{daemon=\"%s\"} %.15g\n", kinds[k].name,
				    kinds[k].counter ? "_total" : "", d->name, values[k]);
		}
	}
}

static void
print_gateways(struct ctl *c)
{
	json_t	*rows, *row;
	size_t	 i;

	if (ask_show(c, "gwregd", "gateways", NULL, &rows) != CTL_DONE)
		return;
	print_head("gateway_up", false, "whether a gateway is registered, or needs not to be");
	json_array_foreach(rows, i, row) {
		const char	*name = json_string_value(json_object_get(row, "name"));
		const char	*state = json_string_value(json_object_get(row, "state"));

		if (name == NULL || state == NULL)
			continue;
		printf("gateway_up{");
		print_label("gateway", name);
		printf("} %d\n", strcmp(state, "registered") == 0);
	}
	json_decref(rows);
}

/* Calls through each: sipd counts them. */
static void
print_channels(struct ctl *c)
{
	static const struct {
		const char	*name, *key, *help;
		bool		 counter;
	} kinds[] = {
		{ "gateway_channels", "used", "calls through a gateway at present", false },
		{ "gateway_channels_limit", "channels", "its channels, 0: no limit", false },
		{ "gateway_calls", "calls", "calls that were sent to it and are decided", true },
		{ "gateway_calls_answered", "answered", "of these, that were answered", true },
		{ "gateway_calls_failed", "failed",
		    "of these, that failed for another reason than the callee's", true },
		{ "gateway_calls_refused", "full", "calls that found no channel", true },
	};
	json_t	*rows, *row;
	size_t	 i;

	if (ask_show(c, "sipd", "channels", NULL, &rows) != CTL_DONE)
		return;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		print_head(kinds[k].name, kinds[k].counter, kinds[k].help);
		json_array_foreach(rows, i, row) {
			printf("%s%s{", kinds[k].name, kinds[k].counter ? "_total" : "");
			print_label("gateway", json_string_value(json_object_get(row, "name")));
			printf("} %lld\n", (long long)json_integer_value(
			    json_object_get(row, kinds[k].key)));
		}
	}
	json_decref(rows);
}

static void
print_certificates(struct ctl *c)
{
	json_t	*rows, *row;
	size_t	 i;

	if (ask_show(c, "sipd", "certificates", NULL, &rows) != CTL_DONE)
		return;
	print_head("tls_certificate_expiry_timestamp_seconds", false, "when a certificate ends");
	json_array_foreach(rows, i, row) {
		const char	*domain = json_string_value(json_object_get(row, "domain"));
		const char	*end = json_string_value(json_object_get(row, "not_after"));
		struct tm	 tm = { 0 };

		if (end == NULL || strptime(end, "%Y-%m-%dT%H:%M:%SZ", &tm) == NULL)
			continue;
		printf("tls_certificate_expiry_timestamp_seconds{");
		print_label("domain", domain != NULL ? domain : "");
		printf("} %lld\n", (long long)timegm(&tm));
	}
	json_decref(rows);
}

COMMAND(cmd_metrics)
{
	struct overview	o;
	bool		up = false;

	(void)l;
	overview_look(&o, c);
	printf("# TYPE build info\n# HELP build version of the programs\n"
	    "build_info{version=\"%s\"} 1\n", VERSION);
	print_daemons(&o.house);
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		print_family(&o.house, &families[i]);
	for (const struct stats_info *i = stats_table; i->name != NULL; i++)
		print_own(&o.house, i);
	for (size_t i = 0; i < DAEMONS; i++) {
		const struct daemon_view	*d = &o.house.daemons[i];

		up |= d->answered;
		if (d->answered && strcmp(d->name, "gwregd") == 0)
			print_gateways(c);
		if (d->answered && strcmp(d->name, "sipd") == 0)
			print_channels(c);
		if (d->answered && strcmp(d->name, "sipd") == 0)
			print_certificates(c);
	}
	printf("# EOF\n");
	overview_fini(&o);
	return up ? CTL_DONE : CTL_UNREACHABLE;
}
