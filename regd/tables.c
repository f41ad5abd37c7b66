/*
 * tables - what sipctl shows of regd: bindings, users, wrong passwords, bans.
 *
 * Walks go by slot numbers, so that a table of many parts is complete however
 * much changes meanwhile. With an AOR as argument only that one is looked up.
 */
#include <stdio.h>

#include "common/mono.h"
#include "common/uri.h"
#include "regd/banning.h"
#include "regd/user_row.h"

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
	struct str received = b->text[B_RECEIVED];
	char key[20];

	show_row(s);
	show_text(s, "aor", aor_text(a));
	show_text(s, "contact", b->text[B_URI]);
	show_text(s, "received", flow_address(received));
	show_text(s, "transport", flow_transport(received));
	paths_show(s, b->text[B_PATHS]);
	if (b->fixed)
		show_null(s, "expires_s");
	else
		show_number(s, "expires_s", (b->expires_ms - now_ms) / 1000);
	show_text(s, "instance", b->text[B_INSTANCE]);
	show_text(s, "agent", b->text[B_AGENT]);
	show_null(s, "node");
	show_null(s, "rtt_ms");
	show_number(s, "q", b->q);
	show_number(s, "reg_id", b->reg_id);
	show_text(s, "params", b->text[B_PARAMS]);
	(void)snprintf(key, sizeof(key), "%016llx",
	    (unsigned long long)b->call_key);
	show_text(s, "call_key", str_of(key));
}

static void
aor_show(struct show *s, const struct aor *a)
{
	struct binding b;
	int64_t now_ms = boot_ms();

	for (uint32_t at = 0; set_next(aor_set(a), &at, &b);)
		if (b.expires_ms > now_ms)
			binding_show(s, a, &b, now_ms);
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

static struct str
networks_text(const struct set_nets *nets, char *buf, size_t size)
{
	struct text t;

	text_init(&t, buf, size);
	for (size_t i = 0; i < nets->n; i++) {
		if (i > 0)
			text_ch(&t, ' ');
		text_add(&t, str_of(nets->v[i].text));
	}
	return text_str(&t);
}

/* "max-contacts 5\npstn off\n" as import reads it: "max-contacts 5; pstn off". */
static struct str
settings_text(struct str lines, char *buf, size_t size)
{
	struct text t;
	struct str line;

	text_init(&t, buf, size);
	while (str_cut(&lines, '\n', &line)) {
		if (line.len == 0)
			continue;
		if (t.len > 0)
			text_add(&t, STR("; "));
		text_add(&t, line);
	}
	return text_str(&t);
}

static void
ago_show(struct show *s, const char *name, int64_t since_ms, int64_t now_ms)
{
	if (since_ms == 0)
		show_null(s, name);
	else
		show_number(s, name, (now_ms - since_ms) / 1000);
}

/* When it signed in last, and what went wrong since regd began. */
static void
logins_show(struct show *s, struct regd *r, const struct account *c)
{
	struct guess_last last = { .reason = "" };

	ago_show(s, "last_login_s", account_last_login(c), wall_ms());
	(void)guesses_last(r->guesses, account_aor(c), &last);
	ago_show(s, "last_failure_s", last.last_ms, boot_ms());
	show_text(s, "last_failure", str_of(last.reason));
	show_text(s, "last_failure_from", str_of(last.source));
}

static void
user_show(struct show *s, struct regd *r, const struct account *c)
{
	struct aor *a = bindings_find(r->bindings, account_aor(c));
	struct user_policy p;
	char buf[1024], own[OWN_MAX];

	show_row(s);
	show_text(s, "aor", account_aor(c));
	show_text(s, "name", account_name(c));
	show_text(s, "number", account_number(c));
	account_policy(c, r->self->settings, &p);
	show_text(s, "service", p.v.service ? STR("on") : STR("off"));
	show_text(s, "networks", networks_text(&p.v.networks, buf, sizeof(buf)));
	show_text(s, "rights", str_of(p.v.rights));
	show_text(s, "pstn", p.v.pstn ? STR("on") : STR("off"));
	show_text(s, "dial_classes", str_of(p.v.dial_classes));
	show_text(s, "settings", settings_text(account_settings(c), own,
	    sizeof(own)));
	user_policy_fini(&p);
	show_number(s, "contacts",
	    a != NULL ? set_live(aor_set(a), boot_ms()) : 0);
}

static uint64_t
show_users(void *arg, struct show *s, uint64_t cursor)
{
	struct regd *r = arg;
	const struct account *c;

	if (show_arg(s, 0).len > 0) {
		c = accounts_find(r->accounts, show_arg(s, 0));
		if (c != NULL) {
			user_show(s, r, c);
			logins_show(s, r, c);
		}
		return 0;
	}
	for (; (c = accounts_next(r->accounts, &cursor)) != NULL; cursor++) {
		if (show_full(s))
			return cursor;
		user_show(s, r, c);
	}
	return 0;
}

/* Each setting of one account, and which level says so (row 107). */
static uint64_t
show_settings(void *arg, struct show *s, uint64_t cursor)
{
	static const char *const levels[] = { "server", "domain", "account" };
	struct regd *r = arg;
	const struct account *c = accounts_find(r->accounts, show_arg(s, 0));
	struct user_policy p;
	struct text t;
	char buf[1024];

	if (c == NULL)
		return 0;
	account_policy(c, r->self->settings, &p);
	for (unsigned i = 0; i < USER_SETTINGS; i++) {
		text_init(&t, buf, sizeof(buf));
		user_setting_print(&p.v, (enum user_setting)i, &t);
		show_row(s);
		show_text(s, "setting",
		    str_of(user_setting_name((enum user_setting)i)));
		show_text(s, "value", text_str(&t));
		show_text(s, "from", str_of(levels[p.level[i]]));
	}
	user_policy_fini(&p);
	return 0;
}

static uint64_t
show_rights(void *arg, struct show *s, uint64_t cursor)
{
	struct regd *r = arg;
	struct msg_rights m;

	for (; rights_next(r->rights, &cursor, &m); cursor++) {
		if (show_full(s))
			return cursor;
		show_row(s);
		show_text(s, "name", m.name);
		show_text(s, "rights", m.rights);
		show_text(s, "groups", m.groups);
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

/* ---- for administrators alone ---- */

static void
ha1_show(struct show *s, const struct account *c, const struct ha1_column *of)
{
	struct digest_hex hex = { .len = 0 };

	(void)account_ha1(c, of->algorithm, of->form, &hex);
	show_text(s, of->name, str_make(hex.s, hex.len));
	explicit_bzero(&hex, sizeof(hex));
}

/* What import reads again; HA1s are as good as passwords here. */
static uint64_t
show_credentials(void *arg, struct show *s, uint64_t cursor)
{
	struct regd *r = arg;
	const struct account *c;
	char own[OWN_MAX];

	for (; (c = accounts_next(r->accounts, &cursor)) != NULL; cursor++) {
		if (show_full(s))
			return cursor;
		show_row(s);
		show_text(s, "aor", account_aor(c));
		for (int i = 0; i < HA1_COLUMNS; i++)
			ha1_show(s, c, &ha1_columns[i]);
		show_text(s, "name", account_name(c));
		show_text(s, "number", account_number(c));
		show_text(s, "settings", settings_text(account_settings(c), own,
		    sizeof(own)));
	}
	return 0;
}

const struct show_table regd_secret_tables[] = {
	{ "credentials", show_credentials },
	{ 0 }
};

const struct show_table regd_tables[] = {
	{ "failures", show_failures },
	{ "bans", show_bans },
	{ "bindings", show_bindings },
	{ "rights", show_rights },
	{ "user settings", show_settings },
	{ "users", show_users },
	{ 0 }
};
