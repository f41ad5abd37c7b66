/* show - the tables that sipctl asks sipd for. */
#include "sipd/show.h"

#include <time.h>

#include "sipd/banned.h"
#include "sipd/calls.h"
#include "sipd/flows.h"
#include "sipd/gateways.h"
#include "sipd/identity.h"
#include "sipd/media_policy.h"
#include "sipd/meters.h"
#include "sipd/ping.h"
#include "sipd/show_txn.h"
#include "sipd/tls.h"

static void
show_time(struct show *s, const char *name, int64_t ms)
{
	char		buf[32];
	time_t		t = (time_t)(ms / 1000);
	struct tm	tm;

	gmtime_r(&t, &tm);
	strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%SZ", &tm);
	show_text(s, name, str_of(buf));
}

static uint64_t
show_calls(void *arg, struct show *s, uint64_t cursor)
{
	struct call_copy	 c;
	const struct call_facts	*f = &c.facts;

	while (calls_next(&cursor, &c)) {
		show_row(s);
		show_number(s, "id", (int64_t)f->number);
		show_text(s, "call_id", f->call_id);
		show_text(s, "state", f->state == CALL_EARLY ? STR("ringing") :
		    STR("talking"));
		show_text(s, "from", f->from);
		show_text(s, "to", f->to);
		show_time(s, "since", f->since_ms);
		show_text(s, "media", f->media ? STR("proxied") : STR("direct"));
		show_text(s, "media_reason", str_of(media_why_text(f->media_why)));
		show_text_or_null(s, "gateway", f->gateway);
		show_text_or_null(s, "from_gateway", f->came_by);
		if (show_full(s))
			return cursor;
	}
	return 0;
}

/* How many calls each gateway has: gw list joins them by name. */
static uint64_t
show_channels(void *arg, struct show *s, uint64_t cursor)
{
	struct gateway_shown	g;

	while (gateways_next(&cursor, &g)) {
		show_row(s);
		show_text(s, "name", str_of(g.name));
		show_number(s, "used", g.used);
		show_number(s, "channels", g.channels);
		show_number(s, "calls", (int64_t)g.calls);
		show_number(s, "answered", (int64_t)g.answered);
		show_number(s, "failed", (int64_t)g.failed);
		show_number(s, "full", (int64_t)g.full);
		show_number(s, "hour_calls", (int64_t)g.hour_calls);
		show_number(s, "hour_failed", (int64_t)g.hour_failed);
		show_number(s, "last_code", g.last_code);
		if (show_full(s))
			return cursor;
	}
	return 0;
}

/* "CN=Example CA, O=Example", what a terminal can take of it. */
static void
show_name(struct show *s, const char *name, const X509_NAME *n)
{
	char	buf[512];
	BIO	*out = BIO_new(BIO_s_mem());
	int	len = 0;

	if (out != NULL && X509_NAME_print_ex(out, n, 0, XN_FLAG_ONELINE &
	    ~ASN1_STRFLGS_ESC_MSB & ~XN_FLAG_SPC_EQ) >= 0)
		len = BIO_read(out, buf, sizeof(buf));
	show_text(s, name, str_make(buf, len > 0 ? (size_t)len : 0));
	BIO_free(out);
}

static void
show_leaf(struct show *s, const struct cert *c)
{
	char		names[2048];
	struct text	t;
	struct str	rest, first;
	struct tm	tm = { 0 };

	text_init(&t, names, sizeof(names));
	identity_print(c->leaf, &t);
	rest = text_str(&t);
	if (!str_cut(&rest, ' ', &first))
		first = STR_NONE;
	if (str_prefix(first, STR("sip:")))
		first = str_make(first.s + 4, first.len - 4);
	show_text(s, "domain", first);
	show_text(s, "names", text_str(&t));
	show_name(s, "subject", X509_get_subject_name(c->leaf));
	show_name(s, "issuer", X509_get_issuer_name(c->leaf));
	(void)ASN1_TIME_to_tm(X509_get0_notAfter(c->leaf), &tm);
	show_time(s, "not_after", (int64_t)timegm(&tm) * 1000);
	show_number(s, "days_left", cert_days_left(c));
}

/* state: "in force", or what is wrong with the files. */
static uint64_t
show_certificates(void *arg, struct show *s, uint64_t cursor)
{
	struct tls_set		*set = tls_now();
	const struct certs	*all = set != NULL ? tls_certs(set) : NULL;

	for (; all != NULL && cursor < all->n && !show_full(s); cursor++) {
		const struct cert *c = &all->v[cursor];

		show_row(s);
		if (c->leaf != NULL)
			show_leaf(s, c);
		show_text(s, "file", str_of(c->chain_file));
		show_text(s, "key_file", str_of(c->key_file));
		show_bool(s, "in_force", c->leaf != NULL);
		show_text(s, "state", c->why[0] != '\0' ? str_of(c->why) :
		    STR("in force"));
	}
	if (all == NULL || cursor >= all->n)
		cursor = 0;
	tls_unref(set);
	return cursor;
}

/* The flows that are gone while bindings name them, as regd shows them. */
static uint64_t
show_lost_flows(void *arg, struct show *s, uint64_t cursor)
{
	char	buf[PEER_TEXT_MAX];
	size_t	at = cursor;
	struct hop h;

	while (flows_next_lost(&at, &h)) {
		show_row(s);
		show_text(s, "flow", hop_print_remote(&h, buf));
		if (show_full(s))
			return at;
	}
	return 0;
}

/* The contacts that are pinged: reg list joins them by their flow. */
static uint64_t
show_pings(void *arg, struct show *s, uint64_t cursor)
{
	struct ping_shown	p;
	char			buf[PEER_TEXT_MAX];

	while (ping_next(&cursor, &p)) {
		show_row(s);
		show_text(s, "flow", hop_print_remote(&p.flow, buf));
		show_text(s, "state", p.dead ? STR("dead") : STR("ok"));
		if (p.rtt_us >= 0)
			show_number(s, "rtt_ms", (p.rtt_us + 500) / 1000);
		else
			show_null(s, "rtt_ms");
		show_number(s, "missed", p.missed);
		if (show_full(s))
			return cursor;
	}
	return 0;
}

static uint64_t
show_banned(void *arg, struct show *s, uint64_t cursor)
{
	struct banned_shown	b;

	while (banned_next(&cursor, &b)) {
		show_row(s);
		show_text(s, "network", b.network);
		show_number(s, "refused", (int64_t)b.refused);
		if (show_full(s))
			return cursor;
	}
	return 0;
}

static uint64_t
show_nats(void *arg, struct show *s, uint64_t cursor)
{
	struct nat_shown	n;
	char			buf[ADDR_TEXT_MAX];

	while (ping_next_nat(&cursor, &n)) {
		show_row(s);
		show_text(s, "address", addr_print_host(&n.host, buf));
		show_number(s, "contacts", n.contacts);
		show_number(s, "interval_ms", n.interval_ms);
		show_number(s, "moved", n.moved);
		if (show_full(s))
			return cursor;
	}
	return 0;
}

const struct show_table sipd_tables[] = {
	{ "banned", show_banned },
	{ "calls", show_calls },
	{ "certificates", show_certificates },
	{ "channels", show_channels },
	{ "lost flows", show_lost_flows },
	{ "nats", show_nats },
	{ "meters", show_meters },
	{ "pings", show_pings },
	{ "transactions", NULL, show_txn },
	{ 0 }
};
