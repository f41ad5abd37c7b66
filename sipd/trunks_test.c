/*
 * trunks_test - CSeq at a gateway while requests of one call overlap; parties there that
 * are too long to be kept.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/fdstore.h"
#include "common/stats.h"
#include "sipd/msg.h"
#include "sipd/trunks.h"

static struct sip_msg	m;

static const struct sip_msg *
request(const char *method, uint32_t cseq)
{
	static char	text[512];

	snprintf(text, sizeof(text), "%s sip:1@here SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\n"
	    "From: <sip:a@h>;tag=a\r\nTo: <sip:9@h>;tag=b\r\nCall-ID: c\r\nCSeq: %u %s\r\n"
	    "RAck: 1 7 INVITE\r\n\r\n", method, cseq, method);
	assert_int_equal(sip_parse(&m, str_of(text)), 0);
	return &m;
}

/*
 * The INVITE was 7 here, and 8 there after its challenge. Each row: a request is sent,
 * or the one sent in row `again` is challenged; what it is there.
 */
static const struct step {
	const char	*method;	/* NULL: challenged */
	unsigned	 again;
	uint32_t	 here, there;
	uint32_t	 rack;		/* what its RAck is raised by */
} steps[] = {
	{ "ACK", 0, 7, 8, 1 },
	{ "INFO", 0, 8, 9, 1 },
	{ "PRACK", 0, 9, 10, 1 },
	{ NULL, 1, 8, 11, 1 },		/* not 10: that is on its way */
	{ NULL, 2, 9, 12, 1 },
	{ "ACK", 0, 7, 8, 1 },		/* again: the INVITE's number still */
	{ "INVITE", 0, 10, 13, 1 },
	{ "INFO", 0, 11, 14, 3 },
	{ NULL, 6, 10, 15, 3 },
	{ "ACK", 0, 10, 15, 5 },
	{ "BYE", 0, 12, 17, 5 },
};
#define NSTEPS	(sizeof(steps) / sizeof(steps[0]))

static struct trunk *
sent(const struct step *s)
{
	struct trunk	*t = trunks_find(calls_of(0), request(s->method, s->here));

	assert_non_null(t);
	assert_int_equal(t->invite_shift, s->rack);
	return t;
}

static void
test_overlap(void **state)
{
	struct call_facts	 f = { .call_id = STR("c"), .caller_tag = STR("a"),
				    .callee_tag = STR("b"), .gateway = STR("tele"), .caller_cseq = 7 };
	struct trunk		*t = trunk_new(gateway_named(STR("tele")), request("INVITE", 7));
	struct trunk		*of[NSTEPS] = { NULL };
	struct call		*k;

	assert_int_equal(call_begin(calls_of(0), &f, &k), 0);
	t->shift = 1;
	trunks_put(k, t);
	trunk_free(t);
	for (size_t i = 0; i < NSTEPS; i++) {
		const struct step	*s = &steps[i];

		t = s->method != NULL ? of[i] = sent(s) : of[s->again];
		if (s->method == NULL)
			t->shift = trunks_raise(k, true, t,
			    str_eq(str_of(steps[s->again].method), STR("INVITE")));
		if (s->here + t->shift != s->there)
			fail_msg("row %zu: %u there", i, s->here + t->shift);
	}
	for (size_t i = 0; i < NSTEPS; i++)
		trunk_free(of[i]);
	/* The answer, while the call rang, comes to the record again: nothing falls back. */
	t = trunk_new(gateway_named(STR("tele")), request("INVITE", 7));
	t->shift = 1;
	trunks_put(k, t);
	trunk_free(t);
	t = trunks_find(calls_of(0), request("BYE", 13));
	assert_int_equal(t->shift, 5);
	trunk_free(t);
}

/* From and To there: of that many octets, kept or (counted) not. */
static void
test_long(void **state)
{
	static const struct {
		int	len;
		bool	kept;
	} cases[] = { { 20, true }, { 400, true }, { 500, false } };
	struct call_facts	 f = { .call_id = STR("c"), .caller_tag = STR("long"),
				    .callee_tag = STR("b"), .gateway = STR("tele") };
	struct trunk		*t;
	struct call		*k;
	char			 buf[512];

	assert_int_equal(call_begin(calls_of(0), &f, &k), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t	before = stats->trunks_too_long;

		t = trunk_new(gateway_named(STR("tele")), request("INVITE", 7));
		snprintf(buf, sizeof(buf), "<sip:%0*d@tele>", cases[i].len, 0);
		t->from = str_dup(str_of(buf));
		t->to = str_dup(str_of(buf));
		trunks_put(k, t);
		trunk_free(t);
		t = trunks_of(k, request("BYE", 8), true);
		assert_int_equal(t->from != NULL && strcmp(t->from, buf) == 0, cases[i].kept);
		assert_int_equal(stats->trunks_too_long - before, !cases[i].kept);
		trunk_free(t);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(test_overlap),
	    cmocka_unit_test(test_long) };
	int			failed;

	stats_thread();
	assert_int_equal(calls_open(100, 1), 0);
	assert_int_equal(trunks_open(), 0);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fdstore_remove("gateway-parties");
	trunks_close();
	fdstore_remove("calls");
	calls_close();
	gateways_close();
	return failed;
}
