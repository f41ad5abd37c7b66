/* nat_test - who is behind a NAT, and which calls need a media proxy (a.2 C and D). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/conf.h"
#include "sipd/media_policy.h"

/* Our LAN is 10.0.0.0/8 and fd00::/16; 198.51.100.8 is an ALG, .9 a gateway behind a NAT. */
static const char	text[] =
    "domain example.com\nlisten udp:127.0.0.1:5060\n"
    "lan-networks [10.0.0.0/8, fd00::/16]\n"
    "nated-networks [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, fc00::/7]\n"
    "nat-routers 198.51.100.8\nnat-servers 198.51.100.9\n"
    "nat-ranges [203.0.113.0/29, 192.0.2.5-192.0.2.9]\n";

static struct settings *
build(const char *more)
{
	struct complaints	 out = { 0 };
	char			 all[1024];
	struct conf		*c;
	struct settings		*s;

	snprintf(all, sizeof(all), "%s%s", text, more);
	c = conf_parse("sip.conf", str_of(all), &out);
	assert_non_null(c);
	s = settings_build(c, &out);
	assert_non_null(s);
	conf_free(c);
	complaints_fini(&out);
	return s;
}

static struct hop
seen_at(const char *host)
{
	struct hop	h = { .transport = TRANSPORT_UDP };

	assert_int_equal(addr_parse(&h.remote, str_of(host), 5060), 0);
	return h;
}

static void
test_signs(void **state)
{
	static const struct {
		const char	*seen, *contact, *via;
		enum nat_sign	 want, mismatch;	/* with nat-mismatch on */
	} cases[] = {
		/* rows 145 and 148 */
		{ "203.0.113.7", "192.168.1.5", "192.168.1.5", NAT_CONTACT, NAT_CONTACT },
		{ "203.0.113.7", "203.0.113.7", "192.168.1.5", NAT_VIA, NAT_VIA },
		{ "203.0.113.7", "192.168.1.5", "", NAT_CONTACT, NAT_CONTACT },
		{ "203.0.113.7", "203.0.113.7", "203.0.113.7", NAT_NONE, NAT_NONE },
		/* names say nothing */
		{ "203.0.113.7", "phone.invalid", "phone", NAT_NONE, NAT_NONE },
		/* a LAN party names a LAN address */
		{ "10.0.0.9", "10.0.0.9", "10.0.0.9", NAT_NONE, NAT_NONE },
		{ "10.0.0.9", "192.168.1.5", "192.168.1.5", NAT_NONE, NAT_NONE },
		/* row 149: by Via mismatch */
		{ "203.0.113.99", "198.51.100.20", "203.0.113.99", NAT_NONE, NAT_MISMATCH },
		/* row 152: signalling from another address of the same NAT */
		{ "192.0.2.6", "192.0.2.8", "192.0.2.8", NAT_NONE, NAT_NONE },
		{ "192.0.2.6", "192.0.2.10", "", NAT_NONE, NAT_MISMATCH },
		/* rows 150 and 151: nothing in the headers shows it */
		{ "198.51.100.8", "198.51.100.8", "198.51.100.8", NAT_ROUTER, NAT_ROUTER },
		{ "198.51.100.9", "198.51.100.9", "", NAT_SERVER, NAT_SERVER },
		/* IPv6 */
		{ "2001:db8::7", "fd12::5", "[fd12::5]", NAT_CONTACT, NAT_CONTACT },
		{ "2001:db8::7", "[2001:db8::7]", "[2001:db8::7]", NAT_NONE, NAT_NONE },
		/* a phone on this machine */
		{ "127.0.0.1", "192.168.1.5", "", NAT_NONE, NAT_NONE },
	};
	struct settings	*s = build(""), *strict = build("nat-mismatch on\n");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hop	h = seen_at(cases[i].seen);
		struct party	p = { &h, str_of(cases[i].contact), str_of(cases[i].via) };

		if (nat_sign(s, &p) != cases[i].want ||
		    nat_sign(strict, &p) != cases[i].mismatch)
			fail_msg("case %zu: %s, %s", i, nat_sign_text(nat_sign(s, &p)),
			    nat_sign_text(nat_sign(strict, &p)));
	}
	settings_free(s);
	settings_free(strict);
}

/* Row 149: headers that an ALG or STUN made public, and SDP that it did not. */
static void
test_sdp(void **state)
{
	static const struct { const char *seen, *contact, *media; enum nat_sign want; } cases[] = {
		{ "203.0.113.7", "203.0.113.7", "192.168.1.5", NAT_SDP },
		{ "203.0.113.7", "192.168.1.5", "192.168.1.5", NAT_CONTACT },
		{ "203.0.113.7", "203.0.113.7", "203.0.113.7", NAT_NONE },
		{ "203.0.113.7", "203.0.113.7", "198.51.100.30", NAT_NONE },
		{ "203.0.113.7", "203.0.113.7", NULL, NAT_NONE },
		{ "10.0.0.9", "10.0.0.9", "192.168.1.5", NAT_NONE },
		{ "2001:db8::7", "2001:db8::7", "fd12::5", NAT_SDP },
	};
	struct settings	*s = build(""), *off = build("nat-sdp off\n");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hop	h = seen_at(cases[i].seen);
		struct party	p = { .at = &h, .contact = str_of(cases[i].contact) };

		if (cases[i].media != NULL)
			p.media = seen_at(cases[i].media).remote;
		if (nat_sign(s, &p) != cases[i].want)
			fail_msg("case %zu: %s", i, nat_sign_text(nat_sign(s, &p)));
		assert_int_equal(nat_sign(off, &p), cases[i].want == NAT_SDP ? NAT_NONE :
		    cases[i].want);
	}
	settings_free(s);
	settings_free(off);
}

/* Rows 141 and 147: class against class. */
static void
test_media(void **state)
{
	static const struct { const char *seen, *contact; } who[] = {
		{ "10.0.0.9", "10.0.0.9" },		/* 0: LAN */
		{ "10.0.0.10", "10.0.0.10" },		/* 1: LAN */
		{ "198.51.100.20", "198.51.100.20" },	/* 2: outside */
		{ "203.0.113.2", "192.168.1.5" },	/* 3: behind a NAT */
		{ "203.0.113.2", "192.168.1.6" },	/* 4: behind the same */
		{ "203.0.113.3", "192.168.1.7" },	/* 5: its other address */
		{ "198.51.100.77", "192.168.1.5" },	/* 6: behind another NAT */
		{ "2001:db8::7", "2001:db8::7" },	/* 7: IPv6, outside */
		{ "fd00::7", "fd00::7" },		/* 8: IPv6, LAN */
		{ "198.51.100.9", "198.51.100.9" },	/* 9: gateway behind a NAT */
		{ "203.0.113.2", "192.168.7.5" },	/* 10: as 3, one NAT further in */
	};
	static const struct { int a, b; bool want; enum media_why why; } cases[] = {
		{ 0, 1, false, MEDIA_SAME_SIDE }, { 2, 2, false, MEDIA_SAME_SIDE },
		{ 0, 2, true, MEDIA_LAN }, { 2, 0, true, MEDIA_LAN },
		{ 3, 2, true, MEDIA_CALLER_NAT }, { 2, 3, true, MEDIA_CALLEE_NAT },
		{ 0, 3, true, MEDIA_CALLEE_NAT }, { 3, 6, true, MEDIA_NATS },
		{ 3, 4, false, MEDIA_SAME_NAT }, { 3, 5, false, MEDIA_SAME_NAT },
		{ 0, 7, true, MEDIA_FAMILIES }, { 7, 3, true, MEDIA_FAMILIES },
		{ 0, 8, true, MEDIA_FAMILIES }, { 7, 7, false, MEDIA_SAME_SIDE },
		{ 7, 8, true, MEDIA_LAN }, { 2, 9, true, MEDIA_CALLEE_NAT },
		{ 3, 10, true, MEDIA_NETWORKS }, { 10, 5, true, MEDIA_NETWORKS },
	};
	struct settings	*s = build(""), *never = build("media-policy never\n");
	struct settings	*same = build("media-same-nat proxied\n");
	struct settings	*direct = build("media-same-nat direct\n");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hop	ha = seen_at(who[cases[i].a].seen);
		struct hop	hb = seen_at(who[cases[i].b].seen);
		struct party	a = { &ha, str_of(who[cases[i].a].contact), STR_NONE };
		struct party	b = { &hb, str_of(who[cases[i].b].contact), STR_NONE };
		enum media_why	why;

		if (media_wanted(s, &a, &b, &why) != cases[i].want ||
		    why != cases[i].why)
			fail_msg("case %zu: %s", i, media_why_text(why));
		assert_int_equal(media_wanted(same, &a, &b, &why), cases[i].want ||
		    cases[i].why == MEDIA_SAME_NAT);
		assert_int_equal(media_wanted(direct, &a, &b, &why), cases[i].want &&
		    cases[i].why != MEDIA_NETWORKS);
		assert_false(media_wanted(never, &a, &b, &why));
		assert_int_equal(why, MEDIA_SETTING);
	}
	settings_free(s);
	settings_free(never);
	settings_free(same);
	settings_free(direct);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signs),
		cmocka_unit_test(test_sdp),
		cmocka_unit_test(test_media),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
