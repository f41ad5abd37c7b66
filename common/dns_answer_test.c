/*
 * Answers of name servers, good and bad, written octet by octet.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "common/dns_answer.h"

#define CNAME	5
#define SOA	6
#define NXDOMAIN 3

static uint8_t		packet[65536];
static size_t		len;
static struct dns_answer a;

static void
put8(unsigned v)
{
	packet[len++] = (uint8_t)v;
}

static void
put16(unsigned v)
{
	put8(v >> 8);
	put8(v & 0xff);
}

static void
put32(uint32_t v)
{
	put16(v >> 16);
	put16(v & 0xffff);
}

static void
put_name(const char *name)
{
	struct str	rest = str_of(name), label;

	while (rest.len > 0 && str_cut(&rest, '.', &label)) {
		put8((unsigned)label.len);
		memcpy(packet + len, label.s, label.len);
		len += label.len;
	}
	put8(0);
}

static void
begin(unsigned flags, enum dns_type type, const char *name)
{
	len = 0;
	put16(0x1234);
	put16(0x8180 | flags);
	put16(1);
	put16(0);
	put16(0);
	put16(0);
	put_name(name);
	put16(type);
	put16(1);
}

/* Counts one more in that section: 0 answers, 1 authorities. */
static void
count(unsigned section)
{
	uint8_t	*at = packet + 6 + 2 * section;
	unsigned n = (unsigned)(at[0] << 8 | at[1]) + 1;

	at[0] = (uint8_t)(n >> 8);
	at[1] = (uint8_t)n;
}

static size_t
rr(unsigned section, const char *owner, unsigned type, uint32_t ttl)
{
	count(section);
	put_name(owner);
	put16(type);
	put16(1);
	put32(ttl);
	put16(0);
	return len;
}

static void
rr_end(size_t at)
{
	packet[at - 2] = (uint8_t)((len - at) >> 8);
	packet[at - 1] = (uint8_t)(len - at);
}

static void
put_a(const char *owner, uint32_t ttl, uint32_t ip)
{
	size_t	at = rr(0, owner, DNS_A, ttl);

	put32(ip);
	rr_end(at);
}

static void
put_cname(const char *owner, uint32_t ttl, const char *to)
{
	size_t	at = rr(0, owner, CNAME, ttl);

	put_name(to);
	rr_end(at);
}

static void
put_srv(const char *owner, unsigned priority, unsigned weight, unsigned port,
    const char *to)
{
	size_t	at = rr(0, owner, DNS_SRV, 60);

	put16(priority);
	put16(weight);
	put16(port);
	put_name(to);
	rr_end(at);
}

static void
put_string(const char *s)
{
	put8((unsigned)strlen(s));
	memcpy(packet + len, s, strlen(s));
	len += strlen(s);
}

static void
put_naptr(unsigned order, unsigned preference, const char *flags,
    const char *service, const char *regexp, const char *to)
{
	size_t	at = rr(0, "x.y", DNS_NAPTR, 60);

	put16(order);
	put16(preference);
	put_string(flags);
	put_string(service);
	put_string(regexp);
	put_name(to);
	rr_end(at);
}

static void
put_soa(uint32_t ttl, uint32_t minimum)
{
	size_t	at = rr(1, "y", SOA, ttl);

	put_name("ns.y");
	put_name("root.y");
	for (int i = 0; i < 4; i++)
		put32(7200);
	put32(minimum);
	rr_end(at);
}

/* In memory of its own length, so that the sanitizer sees a step outside. */
static int
parse_as(enum dns_type type, const char *name, bool exact)
{
	char	*copy = malloc(len + 1);
	int	 error;

	assert_non_null(copy);
	memcpy(copy, packet, len);
	error = dns_answer_parse(&a, str_make(copy, len), type, str_of(name), exact);
	free(copy);
	return error;
}

static void
test_addresses(void **state)
{
	struct addr	want;

	begin(0, DNS_A, "x.y");
	put_a("X.Y", 300, 0xc0000201);
	put_a("other.y", 1, 0xc0000202);	/* not asked for */
	put_a("x.y", 200, 0xc0000203);
	assert_int_equal(parse_as(DNS_A, "x.y", false), 0);
	assert_int_equal(a.n, 2);
	assert_int_equal(a.ttl, 200);
	assert_false(a.none);
	assert_int_equal(addr_parse(&want, STR("192.0.2.3"), 0), 0);
	assert_true(addr_eq(&a.v[1].addr, &want));
}

static void
test_question(void **state)
{
	begin(0, DNS_A, "x.y");
	put_a("x.y", 300, 0xc0000201);
	assert_int_equal(parse_as(DNS_A, "X.y", false), 0);
	assert_int_equal(parse_as(DNS_A, "X.y", true), -EPERM);	/* S26 */
	assert_int_equal(parse_as(DNS_A, "z.y", false), -EPERM);
	assert_int_equal(parse_as(DNS_AAAA, "x.y", false), -EPERM);
	packet[2] &= 0x7f;		/* a question, not an answer */
	assert_int_equal(parse_as(DNS_A, "x.y", false), -EPERM);
	begin(2, DNS_A, "x.y");
	assert_int_equal(parse_as(DNS_A, "x.y", false), -EREMOTEIO);
}

static void
test_servers_in_order(void **state)
{
	begin(0, DNS_SRV, "x.y");
	put_srv("x.y", 20, 0, 5062, "c.y");
	put_srv("x.y", 10, 5, 5060, "a.y");
	put_srv("x.y", 10, 7, 5061, "b.y");
	put_srv("x.y", 30, 0, 0, "");
	assert_int_equal(parse_as(DNS_SRV, "x.y", false), 0);
	assert_int_equal(a.n, 4);
	assert_true(str_eq(a.v[0].name, STR("a.y")));
	assert_true(str_eq(a.v[1].name, STR("b.y")));
	assert_int_equal(a.v[1].second, 7);
	assert_int_equal(a.v[2].port, 5062);
	assert_int_equal(a.v[3].name.len, 0);
}

/* S25: a thousand of them; the best stay, whole. */
static void
test_too_many(void **state)
{
	char	name[16];

	begin(0, DNS_SRV, "x.y");
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "h%u.y", 999 - i);
		put_srv("x.y", 999 - i, 0, 5060, name);
	}
	assert_int_equal(parse_as(DNS_SRV, "x.y", false), 0);
	assert_int_equal(a.n, DNS_RECORDS_MAX);
	assert_int_equal(a.left_out, 1000 - DNS_RECORDS_MAX);
	for (unsigned i = 0; i < a.n; i++) {
		snprintf(name, sizeof(name), "h%u.y", i);
		assert_int_equal(a.v[i].first, i);
		assert_true(str_eq(a.v[i].name, str_of(name)));
	}
}

static void
test_naptr(void **state)
{
	begin(0, DNS_NAPTR, "x.y");
	put_naptr(50, 20, "s", "SIP+D2U", "", "_sip._udp.y");
	put_naptr(50, 10, "S", "SIP+D2T", "", "_sip._tcp.y");
	put_naptr(40, 10, "u", "E2U+sip", "!^.*$!sip:x@y!", "");
	assert_int_equal(parse_as(DNS_NAPTR, "x.y", false), 0);
	assert_int_equal(a.n, 3);
	assert_true(str_eq(a.v[0].regexp, STR("!^.*$!sip:x@y!")));
	assert_int_equal(a.v[1].regexp.len, 0);
	assert_true(str_eq(a.v[1].service, STR("SIP+D2T")));
	assert_true(str_eq(a.v[2].name, STR("_sip._udp.y")));
}

static void
test_reverse_names(void **state)
{
	size_t	at;

	begin(0, DNS_PTR, "x.y");
	at = rr(0, "x.y", DNS_PTR, 60);
	put_name("phone.z");
	rr_end(at);
	assert_int_equal(parse_as(DNS_PTR, "x.y", false), 0);
	assert_int_equal(a.n, 1);
	assert_true(str_eq(a.v[0].name, STR("phone.z")));
}

static void
test_aliases(void **state)
{
	begin(0, DNS_A, "x.y");
	put_cname("b.y", 20, "c.y");
	put_cname("x.y", 90, "b.y");
	put_a("c.y", 300, 0xc0000201);
	assert_int_equal(parse_as(DNS_A, "x.y", false), 0);
	assert_int_equal(a.n, 1);
	assert_int_equal(a.ttl, 20);
	/* Not followed by the server: ask for the end. */
	begin(0, DNS_A, "x.y");
	put_cname("x.y", 90, "far.z");
	assert_int_equal(parse_as(DNS_A, "x.y", false), 0);
	assert_true(str_eq(a.alias, STR("far.z")));
	/* A ring, and one of itself. */
	begin(0, DNS_A, "x.y");
	put_cname("x.y", 90, "b.y");
	put_cname("b.y", 90, "x.y");
	assert_int_equal(parse_as(DNS_A, "x.y", false), -ELOOP);
	begin(0, DNS_A, "x.y");
	put_cname("x.y", 90, "x.y");
	assert_int_equal(parse_as(DNS_A, "x.y", false), -ELOOP);
}

/* RFC 2308: for how long there is none. */
static void
test_none(void **state)
{
	static const struct {
		uint32_t ttl, minimum, want;
	} cases[] = {
		{ 3600, 60, 60 }, { 30, 60, 30 }, { 90000, 90000, DNS_TTL_NONE_MAX },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(NXDOMAIN, DNS_A, "x.y");
		put_soa(cases[i].ttl, cases[i].minimum);
		assert_int_equal(parse_as(DNS_A, "x.y", false), 0);
		assert_true(a.none);
		assert_int_equal(a.n, 0);
		assert_int_equal(a.ttl, cases[i].want);
	}
	begin(0, DNS_A, "x.y");		/* nobody says so: not for any time */
	assert_int_equal(parse_as(DNS_A, "x.y", false), 0);
	assert_true(a.none);
	assert_int_equal(a.ttl, 0);
}

static void
test_ttl_bounds(void **state)
{
	begin(0, DNS_A, "x.y");
	put_a("x.y", 0x80000000, 0xc0000201);	/* RFC 2181 section 8 */
	assert_int_equal(parse_as(DNS_A, "x.y", false), 0);
	assert_int_equal(a.ttl, 0);
	begin(0, DNS_A, "x.y");
	put_a("x.y", 0x7fffffff, 0xc0000201);
	assert_int_equal(parse_as(DNS_A, "x.y", false), 0);
	assert_int_equal(a.ttl, DNS_TTL_MAX);
}

/* Pointers: back is fine, to itself, forward and in a ring are not. */
static void
test_pointers(void **state)
{
	static const struct {
		unsigned to;
		int	 error;
	} cases[] = { { 12, 0 }, { 0xff, -EBADMSG }, { 0x3fff, -EBADMSG } };
	size_t	at;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(0, DNS_A, "x.y");
		count(0);
		put16(0xc000 | cases[i].to);
		put16(DNS_A);
		put16(1);
		put32(60);
		put16(4);
		put32(0xc0000201);
		assert_int_equal(parse_as(DNS_A, "x.y", false), cases[i].error);
	}
	begin(0, DNS_A, "x.y");
	at = len;
	count(0);
	put16(0xc000 | (unsigned)at);
	put16(DNS_A);
	put16(1);
	put32(60);
	put16(0);
	assert_int_equal(parse_as(DNS_A, "x.y", false), -EBADMSG);
}

/* Cut anywhere: an error or less, never a step outside. */
static void
test_cuts(void **state)
{
	size_t	whole;

	begin(0, DNS_SRV, "x.y");
	put_srv("x.y", 10, 5, 5060, "a.y");
	put_srv("x.y", 10, 7, 5061, "b.y");
	for (whole = len--; len > 0; len--)
		assert_true(parse_as(DNS_SRV, "x.y", false) < 0);
	len = whole;
	assert_int_equal(parse_as(DNS_SRV, "x.y", false), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_question),
		cmocka_unit_test(test_servers_in_order),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_naptr),
		cmocka_unit_test(test_reverse_names),
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_ttl_bounds),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
