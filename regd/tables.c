/*
 * tables - what sipctl shows of regd: bindings, users, wrong passwords, bans.
 *
 * Walks go by slot numbers, so that a table of many parts is complete however
 * much changes meanwhile. With an AOR as argument only that one is looked up.
 */
#include "common/mono.h"
#include "common/uri.h"
#include "regd/banning.h"
#include "regd/regd.h"

/* The transport of a flow "udp:192.0.2.1:5060". */
static struct str
flow_transport(struct str flow)
{
	struct str transport;

	str_cut(&flow, ':', &transport);
	return transport;
}

static struct str
flow_address(struct str flow)
{
	struct str transport;

	return str_cut(&flow, ':', &transport) && flow.s != NULL ? flow :
	    STR_NONE;
}

static void
paths_show(struct show *s, struct str paths)
{
	char buf[8192];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	for (size_t i = 0; i < paths.len; i++)
		text_ch(&t, paths.s[i] == '\0' ? '\n' : paths.s[i]);
	show_list(s, "path", text_str(&t));
}

static void
binding_show(struct show *s, const struct aor *a, const struct binding *b,
    int64_t now_ms)
{
	struct str received = binding_text(b, B_RECEIVED);

	show_row(s);
	show_text(s, "aor", aor_text(a));
	show_text(s, "contact", binding_text(b, B_URI));
	show_text(s, "received", flow_address(received));
	show_text(s, "transport", flow_transport(received));
	paths_show(s, binding_text(b, B_PATHS));
	show_number(s, "expires_s", (b->expires_ms - now_ms) / 1000);
	show_text(s, "instance", binding_text(b, B_INSTANCE));
	show_text(s, "agent", binding_text(b, B_AGENT));
	show_null(s, "node");
	show_null(s, "rtt_ms");
	show_number(s, "q", b->q);
	show_number(s, "reg_id", b->reg_id);
	show_text(s, "params", binding_text(b, B_PARAMS));
	show_text(s, "call_id", binding_text(b, B_CALL_ID));
}

static void
aor_show(struct show *s, const struct aor *a)
{
	const struct binding *b;
	int64_t now_ms = boot_ms();

	for (b = set_first(a->set); b != NULL; b = set_after(a->set, b))
		if (b->expires_ms > now_ms)
			binding_show(s, a, b, now_ms);
}

static uint64_t
show_bindings(void *arg, struct show *s, uint64_t cursor)
{
	struct regd *r = arg;
	struct aor *a;

	if (show_arg(s, 0).len > 0) {
		a = bindings_find(r->bindings, show_arg(s, 0));
		if (a != NULL)
			aor_show(s, a);
		return 0;
	}
	for (; (a = bindings_next(r->bindings, &cursor)) != NULL; cursor++) {
		if (show_full(s))
			return cursor;
		aor_show(s, a);
	}
	return 0;
}

static void
user_show(struct show *s, struct regd *r, const struct account *c)
{
	struct aor *a = bindings_find(r->bindings, account_aor(c));

	show_row(s);
	show_text(s, "aor", account_aor(c));
	show_text(s, "name", account_name(c));
	show_text(s, "number", account_number(c));
	show_text(s, "service", account_is_off(c) ? STR("off") : STR("on"));
	show_text(s, "networks", account_networks(c));
	show_number(s, "contacts",
	    a != NULL ? set_live(a->set, boot_ms()) : 0);
}

static uint64_t
show_users(void *arg, struct show *s, uint64_t cursor)
{
	struct regd *r = arg;
	const struct account *c;

	if (show_arg(s, 0).len > 0) {
		c = accounts_find(r->accounts, show_arg(s, 0));
		if (c != NULL)
			user_show(s, r, c);
		return 0;
	}
	for (; (c = accounts_next(r->accounts, &cursor)) != NULL; cursor++) {
		if (show_full(s))
			return cursor;
		user_show(s, r, c);
	}
	return 0;
}

static uint64_t
show_failures(void *arg, struct show *s, uint64_t cursor)
{
	struct regd *r = arg;

	return guesses_show(r->guesses, s, cursor, boot_ms(), banning_note, r);
}

static uint64_t
show_bans(void *arg, struct show *s, uint64_t cursor)
{
	struct regd *r = arg;
	struct msg_ban m;

	for (; bans_next(r->bans, &cursor, &m); cursor++) {
		if (show_full(s))
			return cursor;
		show_row(s);
		show_text(s, "network", m.network);
		show_text(s, "by", m.by.len > 0 ? m.by : STR("regd"));
		show_text(s, "reason", m.reason);
		show_number(s, "since_s", (wall_ms() - m.since_ms) / 1000);
		if (m.until_ms == 0)
			show_null(s, "left_s");
		else
			show_number(s, "left_s", (m.until_ms - wall_ms()) / 1000);
	}
	return 0;
}

const struct show_table regd_tables[] = {
	{ "failures", show_failures },
	{ "bans", show_bans },
	{ "bindings", show_bindings },
	{ "users", show_users },
	{ 0 }
};
