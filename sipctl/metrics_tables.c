/*
 * metrics_tables - families that are made of tables: messages by method and code, how
 * long things took, media, gateways, certificates.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sipctl/ask.h"
#include "sipctl/metrics.h"

/* OpenMetrics: backslash, quote and end of line are escaped in labels. */
void
metrics_label(const char *name, const char *value)
{
	printf("%s=\"", name);
	for (; *value != '\0'; value++)
		if (*value == '"' || *value == '\\')
			printf("\\%c", *value);
		else if ((unsigned char)*value >= ' ')
			putchar(*value);
	putchar('"');
}

void
metrics_head(const char *name, const char *type, const char *help)
{
	printf("# TYPE %s %s\n# HELP %s %s\n", name, type, name, help);
}

static long long
number_of(const json_t *row, const char *name)
{
	return json_integer_value(json_object_get(row, name));
}

static const char *
text_of(const json_t *row, const char *name)
{
	return json_string_value(json_object_get(row, name)) ?: "";
}

/* ---- sipd's and routed's meters ---- */

/* Counts of one kind; label: what they have besides dir and method. */
static void
print_counts(const json_t *rows, const char *what, const char *name, const char *label,
    const char *help)
{
	const json_t	*row;
	char		 code[24];
	size_t		 i;

	metrics_head(name, "counter", help);
	json_array_foreach((json_t *)rows, i, row) {
		if (strcmp(text_of(row, "what"), what) != 0)
			continue;
		snprintf(code, sizeof(code), "%lld", number_of(row, label));
		printf("%s_total{", name);
		metrics_label("dir", text_of(row, "dir"));
		printf(",");
		metrics_label("method", text_of(row, "method"));
		printf(",");
		metrics_label(label, json_is_string(json_object_get(row, label)) ?
		    text_of(row, label) : code);
		printf("} %lld\n", number_of(row, "n"));
	}
}

/*
 * A histogram of the rows of a clock, whose bounds "le" are parts of a second; side: a
 * label of its own, or NULL. what NULL: all rows.
 */
static void
print_clock(const json_t *rows, const char *what, const char *name, const char *side,
    const char *le, const char *sum, double parts)
{
	const json_t	*row;
	char		 label[64] = "";
	size_t		 i;

	if (side != NULL)
		snprintf(label, sizeof(label), "side=\"%s\"", side);
	json_array_foreach((json_t *)rows, i, row) {
		if (what != NULL && strcmp(text_of(row, "what"), what) != 0)
			continue;
		if (json_is_integer(json_object_get(row, le))) {
			printf("%s_bucket{%s%sle=\"%.6g\"} %lld\n", name, label,
			    side != NULL ? "," : "", (double)number_of(row, le) / parts,
			    number_of(row, "n"));
			continue;
		}
		printf("%s_bucket{%s%sle=\"+Inf\"} %lld\n", name, label,
		    side != NULL ? "," : "", number_of(row, "n"));
		printf("%s_count%s%s%s %lld\n%s_sum%s%s%s %.6f\n", name, side != NULL ? "{" : "",
		    label, side != NULL ? "}" : "", number_of(row, "n"), name,
		    side != NULL ? "{" : "", label, side != NULL ? "}" : "",
		    (double)number_of(row, sum) / parts);
	}
}

/* RFC 6076 section 4.6: of INVITEs answered here, those that were not challenged. */
static void
print_establishment(const json_t *rows)
{
	const json_t	*row;
	long long	 all = 0, good = 0, n, code;
	size_t		 i;

	json_array_foreach((json_t *)rows, i, row) {
		n = number_of(row, "n");
		code = number_of(row, "code");
		if (strcmp(text_of(row, "what"), "responses") != 0 || code < 200 ||
		    code == 401 || code == 407 || (code >= 300 && code < 400) ||
		    strcmp(text_of(row, "dir"), "out") != 0 ||
		    strcmp(text_of(row, "method"), "INVITE") != 0)
			continue;
		all += n;
		if (code < 300)
			good += n;
	}
	metrics_head("sip_session_establishment_ratio", "gauge",
	    "RFC 6076: INVITEs answered 2xx, of those neither challenged nor redirected");
	if (all > 0)
		printf("sip_session_establishment_ratio %.6g\n", (double)good / (double)all);
}

static void
print_meters(struct ctl *c)
{
	json_t	*rows;

	if (ask_show(c, "sipd", "meters", NULL, &rows) != CTL_DONE)
		return;
	print_counts(rows, "requests", "sip_messages", "transport", "SIP requests");
	print_counts(rows, "responses", "sip_responses", "code", "SIP responses");
	print_establishment(rows);
	metrics_head("sip_transaction_seconds", "histogram",
	    "from a request to its final response");
	print_clock(rows, "server", "sip_transaction_seconds", "server", "le_ms", "sum_ms", 1e3);
	print_clock(rows, "client", "sip_transaction_seconds", "client", "le_ms", "sum_ms", 1e3);
	metrics_head("sip_registration_delay_seconds", "histogram",
	    "RFC 6076: REGISTER with a credential until its 200");
	print_clock(rows, "registration", "sip_registration_delay_seconds", NULL, "le_ms",
	    "sum_ms", 1e3);
	metrics_head("sip_session_request_delay_seconds", "histogram",
	    "RFC 6076: INVITE until it rings or is answered");
	print_clock(rows, "request_delay", "sip_session_request_delay_seconds", NULL, "le_ms",
	    "sum_ms", 1e3);
	metrics_head("sip_call_setup_seconds", "histogram", "INVITE until it is answered");
	print_clock(rows, "setup", "sip_call_setup_seconds", NULL, "le_ms", "sum_ms", 1e3);
	json_decref(rows);
}

static void
print_routes(struct ctl *c)
{
	json_t	*rows;

	if (ask_show(c, "routed", "cost", NULL, &rows) != CTL_DONE)
		return;
	metrics_head("sip_route_seconds", "histogram", "how long a routing decision takes");
	print_clock(rows, NULL, "sip_route_seconds", NULL, "le_us", "sum_us", 1e6);
	json_decref(rows);
}

/* ---- others ---- */

/* What the streams of now have lost, and those that ended. */
static void
print_media(struct ctl *c, const struct house_view *h)
{
	json_t		*rows, *row;
	size_t		 i, n = 0;
	long long	 lost = house_figure(h, "mediad", "rtp_lost");
	double		 jitter_ms = 0;

	if (ask_show(c, "mediad", "media", NULL, &rows) != CTL_DONE)
		return;
	json_array_foreach(rows, i, row) {
		lost += number_of(row, "loss");
		if (json_is_string(json_object_get(row, "jitter_ms"))) {
			jitter_ms += strtod(text_of(row, "jitter_ms"), NULL);
			n++;
		}
	}
	metrics_head("media_lost", "counter", "media packets that never came here");
	printf("media_lost_total %lld\n", lost);
	metrics_head("media_jitter_seconds", "gauge", "mean jitter of the calls of now");
	if (n > 0)
		printf("media_jitter_seconds %.6g\n", jitter_ms / 1000 / (double)n);
	json_decref(rows);
}

static void
print_gateways(struct ctl *c)
{
	json_t	*rows, *row;
	size_t	 i;

	if (ask_show(c, "gwregd", "gateways", NULL, &rows) != CTL_DONE)
		return;
	metrics_head("gateway_up", "gauge", "whether a gateway is in use, answers its "
	    "probes and is registered, or needs not to be");
	json_array_foreach(rows, i, row) {
		printf("gateway_up{");
		metrics_label("gateway", text_of(row, "name"));
		printf("} %d\n", strcmp(text_of(row, "state"), "registered") == 0 ||
		    strcmp(text_of(row, "state"), "unregistered") == 0);
	}
	json_decref(rows);
}

/* Calls through each: sipd counts them. */
static void
print_channels(struct ctl *c)
{
	static const struct {
		const char	*name, *key, *type, *help;
	} kinds[] = {
		{ "gateway_channels", "used", "gauge", "calls through a gateway at present" },
		{ "gateway_channels_limit", "channels", "gauge", "its channels, 0: no limit" },
		{ "gateway_calls", "calls", "counter", "calls that were sent to it and are decided" },
		{ "gateway_calls_answered", "answered", "counter", "of these, that were answered" },
		{ "gateway_calls_failed", "failed", "counter",
		    "of these, that failed for another reason than the callee's" },
		{ "gateway_calls_refused", "full", "counter", "calls that found no channel" },
	};
	json_t	*rows, *row;
	size_t	 i;

	if (ask_show(c, "sipd", "channels", NULL, &rows) != CTL_DONE)
		return;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		metrics_head(kinds[k].name, kinds[k].type, kinds[k].help);
		json_array_foreach(rows, i, row) {
			printf("%s%s{", kinds[k].name,
			    strcmp(kinds[k].type, "counter") == 0 ? "_total" : "");
			metrics_label("gateway", text_of(row, "name"));
			printf("} %lld\n", number_of(row, kinds[k].key));
		}
	}
	json_decref(rows);
}

static void
print_certificates(struct ctl *c)
{
	json_t	*rows, *row;
	int64_t	 end_ms;
	size_t	 i;

	if (ask_show(c, "sipd", "certificates", NULL, &rows) != CTL_DONE)
		return;
	metrics_head("tls_certificate_expiry_timestamp_seconds", "gauge",
	    "when a certificate ends");
	json_array_foreach(rows, i, row) {
		if (!time_parse(text_of(row, "not_after"), &end_ms))
			continue;
		printf("tls_certificate_expiry_timestamp_seconds{");
		metrics_label("domain", text_of(row, "domain"));
		printf("} %lld\n", (long long)end_ms / 1000);
	}
	json_decref(rows);
}

void
metrics_tables(struct ctl *c, const char *daemon, const struct house_view *h)
{
	if (strcmp(daemon, "sipd") == 0) {
		print_meters(c);
		print_channels(c);
		print_certificates(c);
	} else if (strcmp(daemon, "routed") == 0)
		print_routes(c);
	else if (strcmp(daemon, "mediad") == 0)
		print_media(c, h);
	else if (strcmp(daemon, "gwregd") == 0)
		print_gateways(c);
}
