#define HOST	"127.0.24.1"
#include "sipd/house_test.h"

#include "common/digest.h"
#include "sipd/admission.h"

static struct sip_msg	m;
static struct packet	packet;
static struct inbound	in;

static int
setup_none(void **state)
{
	house_open("authenticate none\n");
	return 0;
}

static int
setup_register(void **state)
{
	house_open("authenticate register\n");
	return 0;
}

static int
setup_local(void **state)
{
	house_open("domain second.test\n");
	return 0;
}

static int
setup_all(void **state)
{
	house_open("authenticate all\nchallenge-code 401\n");
	return 0;
}

static int
teardown(void **state)
{
	house_close();
	return 0;
}

static void
look(struct admission *a, const char *method, const char *from,
    const char *credentials, bool here)
{
	static char	buf[32768];
	int		n;

	n = snprintf(buf, sizeof(buf), "%s sip:b@example.com SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: %s;tag=a\r\n"
	    "To: <sip:b@example.com>\r\nCall-ID: one\r\nCSeq: 1 %s\r\n%s\r\n",
	    method, from, method, credentials);
	assert_true(n > 0 && n < (int)sizeof(buf));
	assert_int_equal(sip_parse(&m, str_make(buf, (size_t)n)), 0);
	assert_null(m.bad);
	in = (struct inbound){ .w = worker_get(0), .m = &m, .p = &packet };
	admission_look(a, &in, here);
}

struct expected {
	const char	*method, *from;
	bool		 here, needed;
	uint16_t	 code;
	const char	*realm;
};

static void
expect(const struct expected *e, size_t n)
{
	static struct admission	a;

	for (size_t i = 0; i < n; i++) {
		look(&a, e[i].method, e[i].from, "", e[i].here);
		if (a.needed != e[i].needed || a.code != e[i].code ||
		    !str_eq(a.realm, str_of(e[i].realm)) ||
		    admission_must_challenge(&a) != e[i].needed)
			fail_msg("%s from %s: needed %d, %u, realm %.*s", e[i].method,
			    e[i].from, a.needed, a.code, STR_ARG(a.realm));
	}
}
#define EXPECT(table) expect(table, sizeof(table) / sizeof(table[0]))

static void
test_none(void **state)
{
	static const struct expected	table[] = {
		{ "REGISTER", "<sip:a@example.com>", true, false, 401, "example.com" },
		{ "INVITE", "<sip:a@example.com>", false, false, 407, "example.com" },
		{ "FOO", "<sip:a@far.test>", false, false, 407, "example.com" },
	};

	EXPECT(table);
}

static void
test_register(void **state)
{
	static const struct expected	table[] = {
		{ "REGISTER", "<sip:a@example.com>", true, true, 401, "example.com" },
		{ "REGISTER", "<sip:a@far.test>", true, true, 401, "example.com" },
		{ "INVITE", "<sip:a@example.com>", false, false, 407, "example.com" },
	};

	EXPECT(table);
}

/* The default. S12: the same rule for each method, unknown ones too. */
static void
test_local(void **state)
{
	static const struct expected	table[] = {
		{ "REGISTER", "<sip:a@far.test>", true, true, 401, "example.com" },
		{ "INVITE", "<sip:a@example.com>", false, true, 407, "example.com" },
		{ "INVITE", "<sip:A@EXAMPLE.com:5070>", false, true, 407, "example.com" },
		{ "INVITE", "\"x\" <sips:a@second.test>", false, true, 407, "second.test" },
		{ "MESSAGE", "sip:a@second.test", false, true, 407, "second.test" },
		{ "INVITE", "<sip:a@" HOST_PORT ">", false, true, 407, "example.com" },
		{ "INVITE", "<sip:a@" HOST ":25122>", false, false, 407, "example.com" },
		{ "FOO", "<sip:a@example.com>", false, true, 407, "example.com" },
		{ "OPTIONS", "<sip:a@example.com>", true, true, 401, "example.com" },
		{ "INVITE", "<sip:a@far.test>", false, false, 407, "example.com" },
		{ "INVITE", "<sip:a@example.com.far.test>", false, false, 407, "example.com" },
		{ "INVITE", "<tel:+4930123>", false, false, 407, "example.com" },
		{ "INVITE", "<sip:anonymous@anonymous.invalid>", false, false, 407, "example.com" },
	};

	EXPECT(table);
}

static void
test_all(void **state)
{
	static const struct expected	table[] = {
		{ "INVITE", "<sip:a@far.test>", false, true, 401, "example.com" },
		{ "INVITE", "<sip:a@example.com>", false, true, 401, "example.com" },
		{ "OPTIONS", "<tel:1>", true, true, 401, "example.com" },
	};

	EXPECT(table);
}

/* ---- credentials --------------------------------------------------------- */

/* One header line whose nonce was made for realm, so many ms ago. */
static char *
credential(char *buf, size_t size, const char *header, const char *realm,
    const char *claimed, int64_t ago_ms, const char *user)
{
	char	nonce[NONCE_TEXT_LEN];

	nonce_make(core_nonce_keys(), str_of(realm), wall_ms() - ago_ms, nonce);
	snprintf(buf, size, "%s: Digest username=\"%s\", realm=\"%s\", nonce=\"%.*s\","
	    " uri=\"sip:b@example.com\", response=\"0123456789abcdef0123456789abcdef\","
	    " qop=auth, nc=00000001, cnonce=\"c\"\r\n", header, user, claimed,
	    NONCE_TEXT_LEN, nonce);
	return buf;
}

static void
test_which_nonces_count(void **state)
{
	static const struct {
		const char	*header, *realm, *claimed;
		int64_t		 ago_ms;
		bool		 good, stale;
	} table[] = {
		{ "Authorization", "example.com", "example.com", 0, true, false },
		{ "Proxy-Authorization", "example.com", "example.com", 0, true, false },
		{ "authorization ", "example.com", "example.com", 299000, true, false },
		{ "Authorization", "example.com", "example.com", 301000, false, true },
		{ "Authorization", "example.com", "example.com", -60000, false, true },
		{ "Authorization", "example.com", "second.test", 0, false, false },
		{ "Authorization", "second.test", "example.com", 301000, false, false },
		{ "WWW-Authenticate", "example.com", "example.com", 0, false, false },
	};
	static struct admission	a;
	char			buf[1024];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		look(&a, "INVITE", "<sip:a@example.com>", credential(buf, sizeof(buf),
		    table[i].header, table[i].realm, table[i].claimed,
		    table[i].ago_ms, "a"), false);
		if (a.ndigests != table[i].good || a.stale != table[i].stale ||
		    admission_must_challenge(&a) == table[i].good)
			fail_msg("case %zu: %u digests, stale %d", i, a.ndigests,
			    a.stale);
	}
	assert_true(str_eq(a.from_aor, STR("a@example.com")));
}

/* Forged ones before the good one take no room; more than four are not judged. */
static void
test_many_credentials(void **state)
{
	static struct admission	a;
	static char		all[16384];
	char			buf[1024];
	size_t			n = 0;

	for (int i = 0; i < 8; i++) {
		credential(buf, sizeof(buf), "Authorization", "example.com",
		    "forged.test", 0, "a");
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s", buf);
	}
	for (int i = 0; i < 6; i++) {
		credential(buf, sizeof(buf), "Authorization", "example.com",
		    "example.com", 0, i == 0 ? "first" : "more");
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s", buf);
	}
	look(&a, "INVITE", "<sip:a@example.com>", all, false);
	assert_int_equal(a.ndigests, DIGESTS_MAX);
	assert_true(str_eq(a.digests[0].username, STR("first")));
	assert_true(str_eq(a.digests[DIGESTS_MAX - 1].username, STR("more")));
}

/* What regd could not even be asked about is no credential. */
static void
test_long_fields(void **state)
{
	static struct admission	a;
	static char		user[4000], buf[8192];

	for (size_t n = 2047; n <= 2049; n++) {
		memset(user, 'u', n);
		user[n] = '\0';
		look(&a, "INVITE", "<sip:a@example.com>", credential(buf, sizeof(buf),
		    "Authorization", "example.com", "example.com", 0, user), false);
		assert_int_equal(a.ndigests, n <= URI_MAX);
	}
}

#define T(f, s) cmocka_unit_test_setup_teardown(f, s, teardown)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		T(test_none, setup_none), T(test_register, setup_register),
		T(test_local, setup_local), T(test_all, setup_all),
		T(test_which_nonces_count, setup_local),
		T(test_many_credentials, setup_local),
		T(test_long_fields, setup_local),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
