/*
 * selftest - the house calls itself: two phones of its own register, talk through the
 * media proxy and hang up, over the real sockets, router and relay.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/id.h"
#include "common/mono.h"
#include "sipctl/accounts.h"
#include "sipctl/ask.h"
#include "sipctl/edition.h"
#include "sipctl/ladder.h"
#include "sipctl/selftest.h"

#define CALLER		"selftest-caller"
#define CALLEE		"selftest-callee"
#define PACKETS		50	/* of 20 ms, each way */
#define PACKETS_WANTED	45
#define PASSWORD_LEN	24

struct selftest {
	struct ctl	*c;
	char		 domain[128];
	struct addr	 server;
	char		 passwords[2][PASSWORD_LEN + 1];
	struct testphone phones[2];	/* caller, callee */
	json_t		*steps;
	bool		 failed;
};

/* ---- steps ---- */

static void
step(struct selftest *s, const char *name, bool ok, struct mono begin, const char *detail)
{
	double	ms = (double)(mono_now().ns - begin.ns) / 1e6;

	s->failed |= !ok;
	json_array_append_new(s->steps, json_pack("{s:s,s:b,s:f,s:s}", "name", name, "ok", ok,
	    "ms", ms, "detail", detail));
	if (out_for_people(&s->c->out))
		printf("%-7s %-34s %6.0f ms   %s\n", ok ? "ok" : "FAILED", name, ms, detail);
}

/* A code, or why there was none. */
static const char *
outcome(int code, char buf[64])
{
	if (code == -ETIMEDOUT)
		snprintf(buf, 64, "no answer for %d s", TESTPHONE_WAIT / 1000);
	else if (code < 0)
		snprintf(buf, 64, "%s", strerror(-code));
	else
		snprintf(buf, 64, "%d", code);
	return buf;
}

/* The first UDP socket; behind a wildcard, the loopback address of its family. */
static bool
find_server(struct selftest *s)
{
	struct edition		 e;
	struct generation	 g;
	bool			 found = false;

	if (edition_in_force(&e, s->c, &g) == 0 && e.settings != NULL &&
	    e.settings->domains.n > 0) {
		snprintf(s->domain, sizeof(s->domain), "%s", e.settings->domains.v[0]);
		for (size_t i = 0; i < e.settings->listen.n && !found; i++) {
			const struct listen	*l = &e.settings->listen.v[i];

			found = l->transport == TRANSPORT_UDP;
			s->server = l->addr;
		}
	}
	edition_fini(&e);
	if (found && addr_is_wildcard(&s->server))
		(void)addr_parse(&s->server, s->server.sa.sa_family == AF_INET ?
		    STR("127.0.0.1") : STR("::1"), addr_port(&s->server));
	return found;
}

static int
put_accounts(struct selftest *s)
{
	static const char	*const users[2] = { CALLER, CALLEE };
	static struct refusals	 refused;
	struct batch		*b = xcalloc(1, sizeof(*b));
	struct putting		 p = { .mode = USER_ADD_OR_SET, .refused = &refused };
	char			 aors[2][256];
	int			 code;

	for (int i = 0; i < 2; i++) {
		id_text(s->passwords[i], PASSWORD_LEN);
		snprintf(aors[i], sizeof(aors[i]), "%s@%s", users[i], s->domain);
		b->v[b->n++] = (struct rec_user){ .aor = str_of(aors[i]),
		    .name = STR("Self test"), .password = str_of(s->passwords[i]) };
	}
	code = accounts_put(s->c, b, &p);
	free(b);
	return code != CTL_DONE ? code : p.put == 2 ? CTL_DONE : CTL_NO;
}

static void
delete_accounts(struct selftest *s)
{
	static const char	*const users[2] = { CALLER, CALLEE };
	char			 aor[256];

	for (int i = 0; i < 2; i++) {
		struct msg_user_del	body = { .by = str_of(s->c->user) };
		struct question		q = { .daemon = "regd", .type = MSG_USER_DEL,
					    .body = &body };

		snprintf(aor, sizeof(aor), "%s@%s", users[i], s->domain);
		body.aor = str_of(aor);
		(void)ask_one(s->c, &q, 3000, false);
	}
}

static bool
register_both(struct selftest *s)
{
	static const char	*const users[2] = { CALLER, CALLEE };
	char			 buf[64];
	int			 code = 0;

	for (int i = 0; i < 2 && (i == 0 || code == 200); i++) {
		struct mono	begin = mono_now();

		code = testphone_open(&s->phones[i], users[i], s->domain, s->passwords[i],
		    &s->server);
		if (code == 0)
			code = testphone_register(&s->phones[i], 60);
		step(s, i == 0 ? "the caller registers" : "the callee registers", code == 200,
		    begin, outcome(code, buf));
	}
	return code == 200;
}

static bool
call(struct selftest *s)
{
	struct testphone	*caller = &s->phones[0], *callee = &s->phones[1];
	struct mono		 begin = mono_now();
	char			 aor[256], buf[64];
	int			 code;

	snprintf(aor, sizeof(aor), "%s@%s", CALLEE, s->domain);
	code = testphone_invite(caller, aor);
	if (code >= 100 && code < 200)
		code = testphone_answer(callee);
	if (code == 0)
		code = testphone_answered(caller);
	if (code == 200)
		code = testphone_acked(callee) == 0 ? 200 : -ETIMEDOUT;
	step(s, "a call is answered", code == 200, begin, outcome(code, buf));
	return code == 200;
}

/* In the call where its media are proxied, else in a session beside it. */
static void
talk(struct selftest *s)
{
	struct testphone	*caller = &s->phones[0], *callee = &s->phones[1];
	struct mono		 begin = mono_now();
	unsigned		 heard[2] = { 0, 0 };
	char			 buf[64];

	if (testphone_proxied(caller, callee) && testphone_proxied(callee, caller)) {
		step(s, "its media go through the proxy", true, begin, "both are told so");
		begin = mono_now();
		testphone_talk(caller, callee, PACKETS, heard);
	} else {
		step(s, "its media go direct", true, begin, "the proxy is tried beside it");
		(void)selftest_relay(s->c, caller, callee, PACKETS, heard);
	}
	snprintf(buf, sizeof(buf), "%u of %u packets", heard[0], PACKETS);
	step(s, "the callee hears the caller", heard[0] >= PACKETS_WANTED, begin, buf);
	snprintf(buf, sizeof(buf), "%u of %u packets", heard[1], PACKETS);
	step(s, "the caller hears the callee", heard[1] >= PACKETS_WANTED, begin, buf);
}

static void
hang_up(struct selftest *s)
{
	struct mono	begin = mono_now();
	char		buf[64];
	int		code = testphone_bye(&s->phones[0], &s->phones[1]);

	step(s, "the caller hangs up", code == 200, begin, outcome(code, buf));
}

/* ---- the whole ---- */

static void
run(struct selftest *s)
{
	if (register_both(s) && call(s)) {
		talk(s);
		hang_up(s);
	}
}

/* What the flight recorder has of it; without the right to read it, nothing. */
static void
print_ladder(const struct selftest *s)
{
	struct trace	t;
	struct ladder	l;
	char		host[HOST_NAME_MAX + 1] = "";

	if (s->phones[0].call_id[0] == '\0' ||
	    trace_load(s->c, id_call(str_of(s->phones[0].call_id)), &t) != CTL_DONE)
		return;
	gethostname(host, sizeof(host) - 1);
	ladder_make(&t, host, &l);
	if (l.n > 0) {
		printf("\n");
		ladder_text(&l, s->c->out.utf8, stdout);
	}
	ladder_fini(&l);
	trace_fini(&t);
}

COMMAND(cmd_selftest)
{
	struct selftest	s = { .c = c };
	json_t		*all;
	int		 code;

	(void)l;
	s.phones[0].sip = s.phones[0].rtp = s.phones[1].sip = s.phones[1].rtp = -1;
	if (!find_server(&s))
		return no(CTL_NO, "the self test needs a domain and a UDP socket in force; "
		    "\"sipctl config show listen\"");
	if ((code = put_accounts(&s)) != CTL_DONE)
		return code;
	s.steps = json_array();
	run(&s);
	if (out_for_people(&c->out))
		print_ladder(&s);
	else {
		all = json_pack("{s:b,s:s,s:O}", "ok", !s.failed, "call_id",
		    s.phones[0].call_id, "steps", s.steps);
		out_json(&c->out, all);
		json_decref(all);
	}
	delete_accounts(&s);
	testphone_close(&s.phones[0]);
	testphone_close(&s.phones[1]);
	explicit_bzero(s.passwords, sizeof(s.passwords));
	json_decref(s.steps);
	return s.failed ? CTL_NO : CTL_DONE;
}
