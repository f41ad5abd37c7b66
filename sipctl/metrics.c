/*
 * metrics - the figures of the house in the text format of OpenMetrics 1.0, for
 * Prometheus: under the names that dashboards know (families[]), and each counter of
 * ours as cordboard_NAME. No label names a user or a call.
 */
#include <stdio.h>

#include "common/stats.h"
#include "sipctl/metrics.h"

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
	{ "media_one_way", true, "calls in which one side began to hear nothing", {
	    { "", "mediad", "media_one_way_begun" } } },
	{ "media_silent_streams", true, "media sessions that ended in silence", {
	    { "", "mediad", "media_timeouts" } } },
	{ "udp_drops", true, "datagrams that the kernel dropped: a socket of ours was full", {
	    { LABEL("dir", "in"), "sipd", "udp_receive_dropped" },
	    { LABEL("dir", "out"), "sipd", "udp_send_failed" } } },
	{ "bus_queue_depth", false, "questions to other daemons without an answer", {
	    { LABEL("from", "sipd") "," LABEL("to", "routed"), "sipd", "waiting_routed" },
	    { LABEL("from", "sipd") "," LABEL("to", "regd"), "sipd", "waiting_regd" },
	    { LABEL("from", "sipd") "," LABEL("to", "mediad"), "sipd", "waiting_mediad" },
	    { LABEL("from", "sipd") "," LABEL("to", "gwregd"), "sipd", "waiting_gwregd" } } },
};

static void
print_family(const struct house_view *h, const struct family *f)
{
	metrics_head(f->name, f->counter ? "counter" : "gauge", f->help);
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
	metrics_head(name, i->gauge ? "gauge" : "counter", i->help);
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
		metrics_head(kinds[k].name, kinds[k].counter ? "counter" : "gauge", kinds[k].help);
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
		if (d->answered)
			metrics_tables(c, d->name, &o.house);
	}
	printf("# EOF\n");
	overview_fini(&o);
	return up ? CTL_DONE : CTL_UNREACHABLE;
}
