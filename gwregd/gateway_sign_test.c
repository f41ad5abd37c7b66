/*
 * gateway_sign_test - credentials of calls: the nonce of the registration counted on,
 * one answer to a challenge, none to strangers (S09).
 */
#include "gwregd/far_test.h"

static void
sign(struct str nonce, const struct rec_challenge *c, uint32_t n)
{
	struct msg_sign q = { .gateway = STR("far"), .method = STR("INVITE"),
	    .uri = STR("sip:1@far.example"), .nonce = nonce, .challenges = { c, n } };

	ask(MSG_SIGN, &q);
}

/* What came back: its nonce and count, or nothing. */
static void
expect(const char *nonce, const char *nc, bool proxy)
{
	const struct rec_digest *d = h.a.m.signature.digests.v;

	assert_int_equal(h.a.type, MSG_SIGNED);
	if (nonce == NULL) {
		assert_int_equal(h.a.m.signature.digests.n, 0);
		return;
	}
	assert_int_equal(h.a.m.signature.digests.n, 1);
	assert_true(str_eq(d->nonce, str_of(nonce)));
	assert_true(str_eq(d->nc, str_of(nc)));
	assert_true(str_eq(d->uri, STR("sip:1@far.example")));
	assert_int_equal(h.a.m.signature.proxy, proxy);
}

static void
refused(const char *why)
{
	assert_int_equal(h.a.type, MSG_REFUSED);
	assert_true(str_find(h.a.m.refused.text, str_of(why)) >= 0);
}

static struct rec_challenge
challenge_of(const char *realm, const char *nonce)
{
	return (struct rec_challenge){ .realm = str_of(realm), .nonce = str_of(nonce),
	    .algorithm = STR("MD5"), .qop = STR("auth"), .proxy = true };
}

static void
test_off(void **state)
{
	until_state("registered");
	sign(STR_NONE, NULL, 0);
	refused("calls-authenticate is off");
}

/* Row 176: the nonce of the last REGISTER; a newer one is the calls' own until then. */
static void
test_nonces(void **state)
{
	struct rec_challenge c = challenge_of("far", "calls-1");

	h.one.calls_authenticate = CALLS_AUTH_AUTHORIZATION;
	until_state("registered");
	sign(STR_NONE, NULL, 0);
	expect("nonce-1", "00000002", false);
	sign(STR_NONE, NULL, 0);
	expect("nonce-1", "00000003", false);
	sign(STR("nonce-1"), &c, 1);
	expect("calls-1", "00000001", true);
	sign(STR_NONE, NULL, 0);
	expect("calls-1", "00000002", false);
	sign(STR("calls-1"), &c, 1);	/* the same again */
	refused("wrong user name or password");
	c.stale = true;
	sign(STR("calls-1"), &c, 1);
	expect("calls-1", "00000003", true);
	h.nonce++;			/* REGISTER is challenged anew */
	assert_int_equal(order("test"), MSG_DONE);
	sign(STR_NONE, NULL, 0);
	expect("nonce-3", "00000002", false);
}

/* The next process counts on beyond what the last one can have used. */
static void
test_kill(void **state)
{
	h.one.calls_authenticate = CALLS_AUTH_PROXY;
	until_state("registered");
	for (int i = 0; i < 70; i++)
		sign(STR_NONE, NULL, 0);
	expect("nonce-1", "00000047", true);
	killed();
	up();
	sign(STR_NONE, NULL, 0);
	expect("nonce-1", "00000080", true);
}

/* S09: the realm that it was configured for, else the one that came first. */
static void
test_realms(void **state)
{
	struct rec_challenge c[2] = { challenge_of("thief", "n"), challenge_of("far", "m") };
	struct rec_challenge odd = challenge_of("far", "o");

	h.one.calls_authenticate = CALLS_AUTH_AUTHORIZATION;
	until_state("registered");
	sign(STR_NONE, c, 1);
	refused("realm");
	sign(STR_NONE, c, 2);
	expect("m", "00000001", true);
	odd.algorithm = STR("SHA-999");
	sign(STR_NONE, &odd, 1);
	refused("not known");
	h.one.realm = t_other;
	sign(STR_NONE, &c[1], 1);
	refused("realm");
}

static void
test_without_registration(void **state)
{
	struct rec_challenge c = challenge_of("whoever", "n"), other = challenge_of("other", "m");

	teardown(state);
	first_reply = R_503;
	setup(state);
	first_reply = R_CHECK;
	h.one.calls_authenticate = CALLS_AUTH_AUTHORIZATION;
	sign(STR_NONE, NULL, 0);
	expect(NULL, NULL, false);
	sign(STR_NONE, &c, 1);
	expect("n", "00000001", true);
	sign(STR_NONE, &other, 1);
	refused("realm");
	ask(MSG_SIGN, &(struct msg_sign){ .gateway = STR("nobody") });
	refused("there is no gateway");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_off),
		T(test_nonces),
		T(test_kill),
		T(test_realms),
		T(test_without_registration),
	};

	stats_thread();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
