/* register_test - RFC 3261 section 10.3 as a table (S10, row 84). */
#include "regd/register.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "common/str.h"

#define NOW		1000000		/* boottime ms */
#define WALL		1700000000000ll
#define NO		-1		/* no expires given */

static const struct user_settings settings = {
	.min_expires = 60000, .default_expires = 3600000,
	.max_expires = 86400000, .max_contacts = 3,
};

/* One contact of a request. */
struct c {
	const char *uri;
	int64_t expires_s;
	const char *instance;
	uint32_t reg_id;
};

static struct set *
judge(struct set *now, const char *call_id, uint32_t cseq, bool star,
    int64_t expires_s, const struct c *cs, bool again, struct outcome *o)
{
	struct rec_contact list[8] = { 0 };
	struct msg_registration m = {
		.aor = STR("anna@example.com"), .call_id = str_of(call_id),
		.cseq = cseq, .star = star, .expires_s = expires_s,
		.source = STR("udp:192.0.2.1:5060"), .agent = STR("phone"),
		.listener = STR("udp:192.0.2.9:5060"), .contacts.v = list,
	};

	for (; cs != NULL && cs->uri != NULL; cs++) {
		list[m.contacts.n++] = (struct rec_contact){
			.uri = str_of(cs->uri), .expires_s = cs->expires_s,
			.instance = str_of(cs->instance != NULL ?
			    cs->instance : ""), .reg_id = cs->reg_id, .q = 500,
		};
	}
	register_judge(now, &m, &settings, NOW, WALL, again, o);
	if (o->code != 200)
		assert_null(o->set);
	return o->set;
}

/* "uri=expires uri=expires", sorted as they stand. */
static const char *
print(const struct set *s)
{
	static char buf[2048];
	struct text t;
	struct binding b;

	text_init(&t, buf, sizeof(buf) - 1);
	for (uint32_t at = 0; set_next(s, &at, &b);)
		text_printf(&t, "%s%.*s=%lld", t.len > 0 ? " " : "",
		    STR_ARG(b.text[B_URI]),
		    (long long)(b.expires_ms - NOW) / 1000);
	buf[t.len] = '\0';
	return buf;
}

struct step {
	const char	*call_id;
	uint32_t	 cseq;
	bool		 star;
	int64_t		 expires_s;
	struct c	 contacts[5];
	uint16_t	 code;
	const char	*after;		/* the set, also after a refusal */
};

#define A	"sip:anna@192.0.2.1:5060"
#define B	"sip:anna@192.0.2.2:5060"
#define C	"sip:anna@192.0.2.3:5060"
#define D	"sip:anna@192.0.2.4:5060"

static const struct {
	const char *name;
	struct step steps[5];
} cases[] = {
	{ "the three sources of an expiry", {
		{ "i1", 1, false, 600, {{ A, 300 }, { B, NO }}, 200,
		  A "=300 " B "=600" },
		{ "i1", 2, false, NO, {{ C, NO }}, 200,
		  A "=300 " B "=600 " C "=3600" },
	}},
	{ "too brief, too long", {
		{ "i1", 1, false, 59, {{ A, NO }}, 423, "" },
		{ "i1", 2, false, 60, {{ A, NO }}, 200, A "=60" },
		{ "i1", 3, false, NO, {{ A, 100000000 }}, 200, A "=86400" },
		{ "i1", 4, false, NO, {{ A, 4294967295ll }}, 200, A "=86400" },
	}},
	{ "all or nothing: the second contact is too brief", {
		{ "i1", 1, false, NO, {{ A, 300 }, { B, 5 }}, 423, "" },
	}},
	{ "all or nothing: the second contact is no URI", {
		{ "i1", 1, false, NO, {{ A, 300 }, { "sip:", 300 }}, 400, "" },
	}},
	{ "CSeq order within a Call-ID", {
		{ "i1", 5, false, NO, {{ A, 300 }}, 200, A "=300" },
		{ "i1", 5, false, NO, {{ A, 400 }}, 500, A "=300" },
		{ "i1", 4, false, NO, {{ A, 0 }}, 500, A "=300" },
		{ "i2", 1, false, NO, {{ A, 400 }}, 200, A "=400" },
		{ "i2", 2, false, 0, {{ A, NO }}, 200, "" },
	}},
	{ "an old CSeq for one of two fails both", {
		{ "i1", 5, false, NO, {{ A, 300 }}, 200, A "=300" },
		{ "i1", 4, false, NO, {{ B, 300 }, { A, 300 }}, 500, A "=300" },
	}},
	{ "star", {
		{ "i1", 1, false, NO, {{ A, 300 }, { B, 300 }}, 200,
		  A "=300 " B "=300" },
		{ "i2", 1, true, 3600, {{ 0 }}, 400, A "=300 " B "=300" },
		{ "i2", 1, true, NO, {{ 0 }}, 400, A "=300 " B "=300" },
		{ "i2", 1, true, 0, {{ A, 0 }}, 400, A "=300 " B "=300" },
		{ "i2", 1, true, 0, {{ 0 }}, 200, "" },
	}},
	{ "star with an old CSeq of the same Call-ID", {
		{ "i1", 7, false, NO, {{ A, 300 }}, 200, A "=300" },
		{ "i1", 7, true, 0, {{ 0 }}, 500, A "=300" },
		{ "i1", 8, true, 0, {{ 0 }}, 200, "" },
	}},
	{ "at most three contacts; the same ones may be refreshed", {
		{ "i1", 1, false, NO, {{ A, 300 }, { B, 300 }, { C, 300 }}, 200,
		  A "=300 " B "=300 " C "=300" },
		{ "i1", 2, false, NO, {{ D, 300 }}, 403,
		  A "=300 " B "=300 " C "=300" },
		{ "i1", 3, false, NO, {{ "sip:anna@192.0.2.2:5060", 400 }}, 200,
		  A "=300 " B "=400 " C "=300" },
		{ "i1", 4, false, NO, {{ A, 0 }, { D, 300 }}, 200,
		  B "=400 " C "=300 " D "=300" },
	}},
	{ "the URI rules decide, not the text", {
		{ "i1", 1, false, NO, {{ "sip:anna@Host.example;lr", 300 }},
		  200, "sip:anna@Host.example;lr=300" },
		{ "i1", 2, false, NO, {{ "sip:anna@host.EXAMPLE;lr", 400 }},
		  200, "sip:anna@host.EXAMPLE;lr=400" },
		{ "i1", 3, false, NO, {{ "sip:Anna@host.example;lr", 500 }},
		  200, "sip:anna@host.EXAMPLE;lr=400 sip:Anna@host.example;lr=500" },
	}},
	{ "an instance replaces its own contact wherever it moves", {
		{ "i1", 1, false, NO, {{ A, 300, "<urn:uuid:1>", 0 }}, 200,
		  A "=300" },
		{ "i1", 2, false, NO, {{ B, 400, "<urn:uuid:1>", 0 }}, 200,
		  B "=400" },
	}},
	{ "a flow stands alone in its request (RFC 5626)", {
		{ "i1", 1, false, NO, {{ A, 300, "<urn:uuid:1>", 1 },
		  { B, 300 }}, 400, "" },
		{ "i1", 2, false, NO, {{ A, 300, "<urn:uuid:1>", 1 },
		  { B, 0 }}, 200, A "=300" },
		{ "i1", 3, false, NO, {{ B, 300, "<urn:uuid:1>", 2 }}, 200,
		  A "=300 " B "=300" },
		{ "i1", 4, false, 0, {{ A, NO, "<urn:uuid:1>", 1 },
		  { B, NO, "<urn:uuid:1>", 2 }}, 200, "" },
	}},
	{ "two homes, one private address: instances keep them apart", {
		{ "i1", 1, false, NO, {{ A, 300, "<urn:uuid:1>", 0 }}, 200,
		  A "=300" },
		{ "i2", 1, false, NO, {{ A, 400, "<urn:uuid:2>", 0 }}, 200,
		  A "=300 " A "=400" },
	}},
	{ "flows of one instance are apart by reg-id (RFC 5626)", {
		{ "i1", 1, false, NO, {{ A, 300, "<urn:uuid:1>", 1 }}, 200,
		  A "=300" },
		{ "i2", 1, false, NO, {{ B, 400, "<urn:uuid:1>", 2 }}, 200,
		  A "=300 " B "=400" },
	}},
	{ "the same contact twice in one request", {
		{ "i1", 1, false, NO, {{ A, 300 }, { A, 400 }}, 200, A "=400" },
	}},
	{ "removing what is not there", {
		{ "i1", 1, false, NO, {{ A, 0 }}, 200, "" },
	}},
	{ "no Call-ID", {
		{ "", 1, false, NO, {{ A, 300 }}, 400, "" },
	}},
};

static void
test_steps(void **state)
{
	struct outcome o;
	struct set *now, *next;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		now = NULL;
		for (const struct step *s = cases[i].steps; s->call_id != NULL &&
		    s < cases[i].steps + 5; s++) {
			next = judge(now, s->call_id, s->cseq, s->star,
			    s->expires_s, s->contacts, false, &o);
			if (o.code != s->code)
				print_error("%s: CSeq %u: %u\n", cases[i].name,
				    s->cseq, o.code);
			assert_int_equal(o.code, s->code);
			if (o.code == 423)
				assert_int_equal(o.min_expires_s, 60);
			if (o.code == 200 && o.changed) {
				set_free(now);
				now = next;
			}
			if (strcmp(print(now), s->after) != 0)
				print_error("%s: CSeq %u\n", cases[i].name,
				    s->cseq);
			assert_string_equal(print(now), s->after);
		}
		set_free(now);
	}
}

static void
test_query(void **state)
{
	struct outcome o;
	struct set *s = judge(NULL, "i1", 1, false, NO,
	    (struct c[]){{ A, 300 }, { NULL }}, false, &o);

	assert_null(judge(s, "i9", 1, false, NO, NULL, false, &o));
	assert_int_equal(o.code, 200);
	assert_false(o.changed);
	set_free(s);
}

/* What was judged before may be applied again, but never over newer. */
static void
test_again(void **state)
{
	struct c a[] = {{ A, 300 }, { NULL }};
	struct outcome o;
	struct set *s = judge(NULL, "i1", 5, false, NO, a, false, &o);
	struct set *t;

	t = judge(s, "i1", 5, false, NO, a, true, &o);
	assert_int_equal(o.code, 200);
	assert_string_equal(print(t), A "=300");
	set_free(t);
	judge(s, "i1", 4, false, NO, a, true, &o);
	assert_int_equal(o.code, 500);
	set_free(s);
}

static void
test_expired_does_not_count(void **state)
{
	struct c three[] = {{ A, 60 }, { B, 60 }, { C, 60 }, { NULL }};
	struct outcome o;
	struct set *s = judge(NULL, "i1", 5, false, NO, three, false, &o);
	struct rec_contact d = { .uri = STR(D), .expires_s = 300, .q = 1000 };
	struct msg_registration m = {
		.call_id = STR("i1"), .cseq = 1, .expires_s = -1,
		.contacts = { &d, 1 },
	};

	register_judge(s, &m, &settings, NOW + 60000, WALL, false, &o);
	assert_int_equal(o.code, 200);
	assert_string_equal(print(o.set), D "=360");
	set_free(o.set);
	set_free(s);
}

/* Without credential a repetition shows by its Call-ID, CSeq, source and age. */
static void
test_trusted_repetition(void **state)
{
	struct rec_contact c = { .uri = STR(A), .expires_s = 300, .q = 1000 };
	struct msg_registration m = {
		.call_id = STR("i1"), .cseq = 5, .expires_s = -1,
		.source = STR("udp:192.0.2.1:5060"), .contacts = { &c, 1 },
		.trusted = true,
	};
	struct outcome first, o;

	register_judge(NULL, &m, &settings, NOW, WALL, false, &first);
	assert_int_equal(first.code, 200);
	register_judge(first.set, &m, &settings, NOW, WALL + 31999, false, &o);
	assert_int_equal(o.code, 200);
	set_free(o.set);
	register_judge(first.set, &m, &settings, NOW, WALL + 32000, false, &o);
	assert_int_equal(o.code, 500);
	m.source = STR("udp:192.0.2.2:5060");
	register_judge(first.set, &m, &settings, NOW, WALL, false, &o);
	assert_int_equal(o.code, 500);
	set_free(first.set);
}

static void
test_limits(void **state)
{
	static char big[5000];
	struct rec_path paths[5] = {
		{ STR("<sip:a>") }, { STR("<sip:b>") }, { STR("<sip:c>") },
		{ STR("<sip:d>") }, { STR("<sip:e>") },
	};
	struct rec_contact c = { .uri = STR(A), .expires_s = 300, .q = 5000 };
	struct msg_registration m = {
		.call_id = STR("i1"), .cseq = 5, .expires_s = -1,
		.contacts = { &c, 1 }, .paths = { paths, 4 },
	};
	struct set_records r;
	struct outcome o;

	memset(big, 'x', sizeof(big));
	m.agent = str_make(big, sizeof(big));
	register_judge(NULL, &m, &settings, NOW, WALL, false, &o);
	assert_int_equal(o.code, 200);
	set_records(&r, o.set, NOW);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.v[0].agent.len, 128);
	assert_int_equal(r.v[0].q, 1000);
	assert_int_equal(r.v[0].expires_ms, 300000);
	assert_int_equal(r.v[0].paths.n, 4);
	assert_true(str_eq(r.v[0].paths.v[3].uri, STR("<sip:d>")));
	set_free(o.set);

	m.paths.n = 5;
	register_judge(NULL, &m, &settings, NOW, WALL, false, &o);
	assert_int_equal(o.code, 400);
	m.paths.n = 1;
	paths[0].uri = str_make(big, sizeof(big));
	register_judge(NULL, &m, &settings, NOW, WALL, false, &o);
	assert_int_equal(o.code, 400);
	m.paths.n = 0;
	c.params = str_make(big, sizeof(big));
	register_judge(NULL, &m, &settings, NOW, WALL, false, &o);
	assert_int_equal(o.code, 400);
	c.params = STR_NONE;
	m.call_id = str_make(big, sizeof(big));
	register_judge(NULL, &m, &settings, NOW, WALL, false, &o);
	assert_int_equal(o.code, 400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_expired_does_not_count),
		cmocka_unit_test(test_trusted_repetition),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
