/*
 * handlers: routed as a whole over the bus, beside a regd and a gwregd that are
 * nothing but feeds: questions held until the accounts are in, aliases set and
 * refused, what followers hear.
 */
#include "routed/routed.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"
#include "common/route.h"
#include "common/self_test.h"
#include "common/stats.h"
#include "common/users.h"

#define LIMIT_MS	10000

static char		 main_domain[] = "example.com";
static char		*domain_names[] = { main_domain };
static char		 second_domain[] = "second.example";
static char		*more_domains[] = { main_domain, second_domain };

struct house {
	struct self		 self;
	struct daemon		 daemon;
	struct settings		 settings;
	struct settings		 next;
	char			 dir[32];
	/* regd */
	struct bus		*regd;
	struct bus_server	*regd_server;
	struct feed		*regd_feed;
	/* the asker and follower */
	struct bus		*asker;
	struct bus_peer		*peer;
	unsigned		 answered;
	enum msg_type		 type;
	int			 error;
	uint16_t		 code;
	char			 target[256];
	char			 text[256];
	char			 heard[1024];
	struct text		 heard_text;
};

#define until(h, condition)						\
	do {								\
		struct mono limit_ = mono_add_ms(mono_now(), LIMIT_MS);	\
		while (!(condition)) {					\
			assert_true(mono_before(mono_now(), limit_));	\
			loop_once((h)->self.loop, 20);			\
		}							\
	} while (0)

static uint64_t
regd_walk(void *arg, uint64_t cursor, struct feed *f)
{
	struct msg_account	m = { .aor = STR("anna@example.com"), .version = 1,
				    .number = STR("+442071234567") };

	feed_emit(f, MSG_ACCOUNT, &m);
	return 0;
}

static void
regd_begin(struct house *h, bool ready)
{
	char	path[4200];

	h->regd = bus_new(h->self.context, h->self.loop, 5);
	assert_int_equal(bus_serve(h->regd, dirs_bus(path, &h->self.dirs, "regd"),
	    false, &h->regd_server), 0);
	assert_int_equal(feed_new(h->regd, dirs_feed(path, &h->self.dirs, "regd"),
	    &h->regd_feed), 0);
	if (ready)
		feed_serve(h->regd_feed, h->regd_server, regd_walk, h);
}

static int
setup(void **state)
{
	struct house	*h = xcalloc(1, sizeof(*h));
	struct self	*s = &h->self;
	char		 path[4200];

	strcpy(h->dir, "/tmp/routed_test.XXXXXX");
	self_dirs_make(h->dir, (const char *const []){ "run", "run/bus", "run/monitor",
	    "state", NULL });
	stats_thread();
	h->daemon.name = "routed";
	h->daemon.index = USER_ROUTED;
	h->settings.domains = (struct set_texts){ domain_names, 1 };
	h->settings.relay_to_non_clients = RELAY_NOBODY;
	h->settings.relay_via = h->dir + strlen(h->dir);	/* "" */
	h->next = h->settings;
	h->next.domains = (struct set_texts){ more_domains, 2 };
	h->next.generation = 2;
	self_begin(s, &h->daemon, &h->settings, h->dir);
	assert_int_equal(routed_start(s), 0);
	assert_int_equal(routed_run(s), 0);
	h->asker = bus_new(s->context, s->loop, s->epoch + 1);
	h->peer = bus_peer_new(h->asker, "routed",
	    dirs_bus(path, &s->dirs, "routed"));
	text_init(&h->heard_text, h->heard, sizeof(h->heard));
	*state = h;
	return 0;
}

static int
teardown(void **state)
{
	struct house	*h = *state;

	routed_stop(&h->self);
	bus_free(h->asker);
	bus_free(h->regd);
	self_end(&h->self);
	assert_int_equal(self_dirs_remove(h->dir), 0);
	free(h);
	return 0;
}

static void
on_answer(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct house	*h = arg;

	h->answered++;
	h->type = type;
	h->error = error;
	h->target[0] = h->text[0] = '\0';
	if (type == MSG_ROUTED) {
		h->code = m->routed.if_not;
		if (m->routed.targets.n > 0)
			str_copy(h->target, sizeof(h->target),
			    m->routed.targets.v[0].value);
	} else if (type == MSG_USERS_PUT) {
		if (m->users_put.complaints.n > 0)
			str_copy(h->text, sizeof(h->text),
			    m->users_put.complaints.v[0].text);
		else
			h->error = m->users_put.done == 1 ? 0 : EIO;
	} else if (type == MSG_REFUSED) {
		h->error = m->refused.error;
		str_copy(h->text, sizeof(h->text), m->refused.text);
	}
}

static void
ask_route(struct house *h, const char *uri)
{
	struct msg_route	q = { .method = STR("INVITE"),
				    .uri = str_of(uri),
				    .source = STR("udp:198.51.100.1:5060") };

	bus_ask(h->peer, MSG_ROUTE, &q, 8000, on_answer, h);
}

/* An empty target removes it. */
static void
put(struct house *h, const char *alias, const char *target)
{
	struct rec_entry		e = { str_of(alias), str_of(target), 1 };
	struct msg_directory_put	q = { .by = STR("root"), .kind = ENTRY_ALIAS,
					    .mode = target[0] == '\0' ? USER_REMOVE :
					    USER_ADD, .entries = { &e, 1 } };
	unsigned			before = h->answered;

	bus_ask(h->peer, MSG_DIRECTORY_PUT, &q, 8000, on_answer, h);
	until(h, h->answered > before);
}

/* Held, not 404; who goes outside is answered meanwhile. */
static void
test_held(void **state)
{
	struct house	*h = *state;

	regd_begin(h, false);
	ask_route(h, "sip:anna@example.com");
	until(h, routed_busy(&h->self) == 1);
	assert_int_equal(h->answered, 0);
	ask_route(h, "sip:carl@elsewhere.example");
	until(h, h->answered == 1);
	assert_int_equal(h->code, 407);
	feed_serve(h->regd_feed, h->regd_server, regd_walk, h);
	until(h, h->answered == 2);
	assert_int_equal(h->code, 0);
	assert_string_equal(h->target, "anna@example.com");
	assert_int_equal(routed_busy(&h->self), 0);
	/* regd goes away: what is known stays */
	bus_free(h->regd);
	h->regd = NULL;
	ask_route(h, "sip:anna@example.com");
	until(h, h->answered == 3);
	assert_string_equal(h->target, "anna@example.com");
}

static void
test_alias_put(void **state)
{
	static const struct {
		const char	*alias, *target;
		const char	*text;		/* "": done */
	} cases[] = {
		{ "Sales@example.com", "anna@example.com", "" },
		{ "info", "sales", "" },
		{ "@old.example", "@example.com", "" },
		{ "anna@example.com", "x@example.com",
		    "anna@example.com is an account" },
		{ "x@elsewhere.example", "anna@example.com",
		    "x@elsewhere.example: domain not served" },
		{ "a@example.com", "a@example.com",
		    "a@example.com would mean itself" },
		{ "gone@example.com", "",
		    "there is no alias gone@example.com" },
		{ "@old.example", "anna@example.com",
		    "bad target anna@example.com; a domain's alias means "
		    "another @domain" },
		{ "@", "@example.com", "bad alias @; it looks like "
		    "sales@example.com or @old.example" },
		{ "", "@example.com", "bad alias \"\"; it looks like "
		    "sales@example.com or @old.example" },
		{ "info", "", "" },
	};
	struct house	*h = *state;

	regd_begin(h, true);
	ask_route(h, "sip:anna@example.com");
	until(h, h->answered == 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(h, cases[i].alias, cases[i].target);
		assert_int_equal(h->error, 0);
		assert_string_equal(h->text, cases[i].text);
	}
	ask_route(h, "sip:sales@old.example");
	until(h, h->answered == 2 + sizeof(cases) / sizeof(cases[0]));
	assert_string_equal(h->target, "anna@example.com");
	ask_route(h, "sip:info@example.com");
	until(h, h->answered == 3 + sizeof(cases) / sizeof(cases[0]));
	assert_int_equal(h->code, 404);
}

static void
on_begin(void *arg)
{
}

static void
on_record(void *arg, enum msg_type type, const union msg *m)
{
	struct house	*h = arg;

	if (type == MSG_DOMAIN) {
		text_add(&h->heard_text, m->domain.deleted ? STR("-") : STR("+"));
		text_add(&h->heard_text, m->domain.name);
		if (m->domain.means.len > 0)
			text_ch(&h->heard_text, '=');
		text_add(&h->heard_text, m->domain.means);
	} else {
		text_add(&h->heard_text, STR("!"));
		text_add(&h->heard_text, m->forget.key);
	}
	text_ch(&h->heard_text, ' ');
}

static const struct feed_follower follower = { on_begin, on_record, on_begin };

static void
assert_hears(struct house *h, const char *want)
{
	char	got[1024];

	until(h, h->heard_text.len >= strlen(want));
	assert_true(str_copy(got, sizeof(got), text_str(&h->heard_text)));
	assert_string_equal(got, want);
	text_init(&h->heard_text, h->heard, sizeof(h->heard));
}

static void
test_feed(void **state)
{
	struct msg_account	m = { .aor = STR("bo@example.com"), .version = 2,
				    .number = STR("201") };
	struct house		*h = *state;
	struct self		*s = &h->self;

	regd_begin(h, true);
	bus_peer_follow(h->peer, &follower, h);
	assert_hears(h, "+example.com ");
	ask_route(h, "sip:anna@example.com");
	until(h, h->answered == 1);
	put(h, "sales@example.com", "anna@example.com");
	assert_hears(h, "!sales@example.com ");
	put(h, "@old.example", "@example.com");
	assert_hears(h, "+old.example=example.com !old.example ");
	feed_publish(h->regd_feed, MSG_ACCOUNT, &m);
	assert_hears(h, "!bo@example.com !201 ");
	m.version = 3;
	m.deleted = true;
	feed_publish(h->regd_feed, MSG_ACCOUNT, &m);
	assert_hears(h, "!201 !bo@example.com ");
	s->settings = &h->next;
	routed_commit(s, &h->settings);
	assert_hears(h, "+second.example +old.example=example.com ! ");
	s->settings = &h->settings;
	routed_commit(s, &h->next);
	assert_hears(h, "-second.example +old.example=example.com ! ");
}

int
main(void)
{
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest	tests[] = {
		T(test_held),
		T(test_alias_put),
		T(test_feed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
