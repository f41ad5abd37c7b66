/* rtcp_test - what RTCP says as it passes, and how it sounds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mediad/quality.h"
#include "mediad/rtcp.h"

#define S	INT64_C(1000000000)

/* A sender report at NTP 0x12345678.9abcdef0, then one block. */
static const uint8_t	sender[28] = {
	0x80, 200, 0, 6, 1, 1, 1, 1, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0,
};
static const uint8_t	receiver[32] = {
	0x81, 201, 0, 7, 2, 2, 2, 2, 1, 1, 1, 1,
	64, 0xff, 0xff, 0xfe,			/* a quarter lately, -2 in all */
	0, 0, 0, 99, 0, 0, 0, 80,		/* sequence, jitter */
	0x56, 0x78, 0x9a, 0xbc, 0, 0, 0x80, 0,	/* LSR, half a second of DLSR */
};

static void
test_round_trip(void **state)
{
	struct report	a = { 0 }, b = { 0 };

	rtcp_note(&a, &b, sender, sizeof(sender), 10 * S);
	assert_int_equal(a.sent_ntp, 0x56789abc);
	assert_false(a.heard);
	rtcp_note(&b, &a, receiver, sizeof(receiver), 10 * S + 540000000);
	assert_int_equal(b.rtt_us, 40000);
	assert_int_equal(b.lost, -2);
	assert_int_equal(b.fraction, 64);
	assert_int_equal(b.jitter, 80);
	assert_true(b.heard);
	/* a report about another sender report dates nothing */
	b.rtt_us = 0;
	a.sent_ntp++;
	rtcp_note(&b, &a, receiver, sizeof(receiver), 11 * S);
	assert_int_equal(b.rtt_us, 0);
	/* later than the answer says: no time at all, not a negative one */
	a.sent_ntp--;
	rtcp_note(&b, &a, receiver, sizeof(receiver), 10 * S + 100000000);
	assert_int_equal(b.rtt_us, 1);
}

/* Lengths that lie, cut packets, other versions: nothing is read that is not there. */
static void
test_damaged(void **state)
{
	uint8_t	p[64];

	for (size_t len = 0; len < sizeof(receiver); len++) {
		struct report	r = { 0 };
		uint8_t		*exact = malloc(len + 1);

		memcpy(exact, receiver, len);
		rtcp_note(&r, NULL, exact, len, S);
		assert_false(r.heard);
		free(exact);
	}
	for (unsigned length = 0; length < 256; length++) {
		struct report	r = { 0 };

		memcpy(p, receiver, sizeof(receiver));
		p[2] = length;
		p[3] = length;
		rtcp_note(&r, NULL, p, sizeof(receiver), S);
		memcpy(p, receiver, sizeof(receiver));
		p[0] = length;
		rtcp_note(&r, NULL, p, sizeof(receiver), S);
	}
	/* a block that is announced and not there */
	memcpy(p, sender, sizeof(sender));
	p[0] |= 31;
	{
		struct report	r = { 0 };

		rtcp_note(&r, NULL, p, sizeof(sender), S);
		assert_false(r.heard);
		assert_int_equal(r.sent_ns, S);
	}
}

/* Compound: SR, then what somebody else's stream is told. */
static void
test_compound(void **state)
{
	struct report	r = { 0 }, other = { .sent_ntp = 1 };
	uint8_t		p[sizeof(sender) + sizeof(receiver)];

	memcpy(p, sender, sizeof(sender));
	memcpy(p + sizeof(sender), receiver, sizeof(receiver));
	rtcp_note(&r, &other, p, sizeof(p), 5 * S);
	assert_true(r.heard);
	assert_int_equal(r.sent_ntp, 0x56789abc);
}

static void
test_score(void **state)
{
	static const struct { double loss, ms; enum codec codec; double want; } cases[] = {
		{ 0, 40, CODEC_PCMA, 4.4 },
		{ 0, 300, CODEC_PCMA, 3.7 },
		{ 0.02, 40, CODEC_PCMA, 4.2 },
		{ 0.10, 40, CODEC_PCMA, 3.4 },
		{ 0.50, 40, CODEC_PCMA, 1.5 },
		{ 1.00, 40, CODEC_PCMA, 1.1 },
		{ 0, 40, CODEC_G729, 4.1 },
		{ 0.05, 40, CODEC_G729, 3.3 },
		{ 0, 5000, CODEC_PCMA, 1.0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		double	got = quality_mos(cases[i].loss, cases[i].ms, cases[i].codec);

		if (got < cases[i].want - 0.15 || got > cases[i].want + 0.15)
			fail_msg("case %zu: %.2f, not %.1f", i, got, cases[i].want);
	}
}

/* RFC 3550 A.8: packets that come 20 ms apart on average, by turns 4 ms early and late. */
static void
test_jitter(void **state)
{
	struct flow_count	c = { 0 };
	uint8_t			p[12] = { 0x80 };

	for (unsigned i = 0; i < 400; i++) {
		uint32_t	stamp = htonl(i * 160);
		uint16_t	seq = htons(i);

		memcpy(p + 2, &seq, 2);
		memcpy(p + 4, &stamp, 4);
		flow_count(&c, p, sizeof(p), true, 8000,
		    S + (int64_t)i * 20000000 + (i % 2 == 0 ? 4000000 : -4000000));
	}
	assert_in_range(c.jitter / 16, 60, 65);		/* 8 ms at 8 kHz */
	assert_int_equal(flow_lost(&c), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_compound),
		cmocka_unit_test(test_score),
		cmocka_unit_test(test_jitter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
