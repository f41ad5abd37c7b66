/* records: the language of routes.conf, its faults, the first match, its cost. */
#include "routed/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/mono.h"

static char		 main_domain[] = "example.com";
static char		*domain_names[] = { main_domain };
static struct gateway_settings gateway;
static struct settings	 settings = { .domains = { domain_names, 1 },
			    .gateways = &gateway, .ngateways = 1 };

static struct records *
build(const char *text)
{
	struct complaints	 out = { 0 };
	struct records		*r = records_build("routes.conf", str_of(text),
				    &settings, &out);

	if (r == NULL)
		fail_msg("%s: %s", text, out.v[0].text);
	complaints_fini(&out);
	return r;
}

/* "anna", "anna@elsewhere": what the first record that matches makes of it. */
static void
rewrite(const struct records *r, const char *from, char out[ADDRESS_MAX])
{
	const struct record	*one;
	struct captures		 taken;
	struct address		 a, to;
	struct text		 t;

	assert_int_equal(address_parse(&a, str_of(from), NULL), 0);
	text_init(&t, out, ADDRESS_MAX);
	one = records_find(r, a.local, a.domain, RECORD_SIGNAL, &taken);
	if (one == NULL)
		return;
	assert_int_equal(record_apply(one, &a, &taken, &to), 0);
	address_print(&to, &t);
}

static void
test_rewrites(void **state)
{
	static const struct {
		const char	*record, *from, *to;	/* "": no match */
	} cases[] = {
	/* rows 113, 114 */
	{ "old = new", "anna@old", "anna@new" },
	{ "Old.Example = new.example", "Anna@old.example", "Anna@new.example" },
	{ "old = new", "anna@older", "" },
	{ "*.old = *.new", "anna@a.b.old", "anna@a.b.new" },
	{ "*.old = *.new", "anna@old", "" },
	{ "old = boss@new", "anna@old", "boss@new" },
	{ "<sales> = anna", "sales", "anna" },
	{ "<Sales> = anna", "sALES", "anna" },
	{ "<sales@example.com> = anna", "sales", "anna" },
	{ "<sales@second> = anna@second", "sales@second", "anna@second" },
	{ "<sales> = anna", "sales@second", "" },
	{ "example.com = other", "anna", "anna@other" },
	/* row 115 */
	{ "<1*> = *@gw.sipgw", "1555", "555@gw.sipgw" },
	{ "<1*> = *@gw.sipgw", "1", "@gw.sipgw" },
	{ "<+*> = 011*@x", "+4420", "0114420@x" },
	{ "<*99> = *@x", "12399", "123@x" },
	{ "<a*b*c> = *-*@x", "a1b2c", "1-2@x" },
	{ "<a*b*c> = *@x", "a1bb2c", "1@x" },
	{ "<*@*.old> = *-*@new", "anna@a.old", "anna-a@new" },
	{ "<*@in.example> = p{*,bridge}#pbx@localhost", "7@in.example",
	    "p{7,bridge}#pbx@localhost" },
	{ "<x*> = *.*@y", "xab", "ab.ab@y" },
	{ "<0*> = *@[192.0.2.1]:5070", "01", "1@[192.0.2.1]:5070" },
	{ "<in*@192.0.2.7> = *", "in5@[192.0.2.7]", "5" },
	/* row 116, C7 */
	{ "<(6-15d)*> = *@n", "123456", "123456@n" },
	{ "<(6-15d)*> = *@n", "12345", "" },
	{ "<(6-15d)*> = *@n", "1234567890123456", "" },
	{ "<(6-15d)*> = *@n", "12345a", "" },
	{ "<(7d)*> = *@n", "1234567", "1234567@n" },
	{ "<(7d)> = *@n", "1234567", "1234567@n" },
	{ "<(7d)> = *@n", "12345678", "" },
	{ "<00(6-15d)*> = +*@telnum", "004420123", "+4420123@telnum" },
	{ "<(2d)*(3d)*> = *-*@n", "12345", "12-345@n" },
	{ "<(1-9d)#*> = *@*", "12#ab", "12@ab" },
	{ "<(0-3d)x> = *@n", "x", "@n" },
	/* prefixes: rows 117-119 */
	{ "NoRelay:Signal:<1*> = *@P.sipgw", "15", "5@p.sipgw" },
	{ "S: <1*> = *@P.sipgw ; comment", "15", "5@p.sipgw" },
	{ "access:<1*> = *@p", "15", "" },
	{ "Access:Signal:<1*> = *@p", "15", "5@p" },
	{ "Mail:<1*> = *@p", "15", "" },
	/* the first of the file */
	{ "<1*> = a\n<12*> = b", "123", "a" },
	{ "<12*> = b\n<1*> = a", "123", "b" },
	{ "<12*> = b\n<1*> = a", "13", "a" },
	{ "x = y\n<*@x> = z", "anna@x", "anna@y" },
	{ "*.x = y\na.x = z", "anna@a.x", "anna@y" },
	{ "a.x = z\n*.x = y", "anna@a.x", "anna@z" },
	{ "; comment\n\n  <a> = b\r\n", "a", "b" },
	};
	char	got[ADDRESS_MAX];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct records	*r = build(cases[i].record);

		rewrite(r, cases[i].from, got);
		if (strcmp(got, cases[i].to) != 0)
			fail_msg("%s: %s became %s, not %s", cases[i].record,
			    cases[i].from, got, cases[i].to);
		records_free(r);
	}
}

/* One file with all of them: each is told, with its place. */
static void
test_faults(void **state)
{
	static const struct {
		const char	*line;
		uint32_t	 column;
		const char	*text;
	} cases[] = {
	{ "<1*>", 1, "a record is \"pattern = target\": there is no \"=\"" },
	{ " = anna", 2, "there is no pattern before \"=\"" },
	{ "<1*> =", 6, "there is no target after \"=\"" },
	{ "Singal:<1> = a", 1, "unknown prefix \"Singal:\"; did you mean \"Signal:\"?" },
	{ "NoRely:<1> = a", 1, "unknown prefix \"NoRely:\"; did you mean \"NoRelay:\"?" },
	{ "Voice:<1> = a", 1, "unknown prefix \"Voice:\"; there are NoRelay:, "
	    "Relay:, Signal: (S:), Access: and Mail:" },
	{ "NoRelay:NoRelay:<1> = a", 9, "\"NoRelay:\" stands here twice" },
	{ "NoRelay:Relay:<1> = a", 9, "Relay: and NoRelay: exclude each other" },
	{ ":<1> = a", 1, "a prefix is missing before \":\"" },
	{ "<1* = a", 3, "\">\" is missing after the address" },
	{ "1*> = a", 1, "\"<\" is missing before the address" },
	{ "<> = a", 2, "there is no address between \"<\" and \">\"" },
	{ "<@x> = a", 2, "there is nothing before \"@\"; \"*\" stands for everybody" },
	{ "<a@> = a", 4, "a domain is missing" },
	{ "<(6-15d*> = *", 2, "\"(\" without \")\"; a count looks like (6-15d)*" },
	{ "<6-15d)*> = *", 7, "\")\" without \"(\"; a count looks like (6-15d)*" },
	{ "<(15-6d)*> = *", 2, "the count is upside down; did you mean (6-15d)*?" },
	{ "<(6-15)*> = *", 2, "a count ends with d for digits: (6-15d)*" },
	{ "<()*> = *", 2, "a count of digits is missing; it looks like (6-15d)* or (7d)*" },
	{ "<(6-d)*> = *", 2, "the upper limit of the count is missing; it looks like (6-15d)*" },
	{ "<(65d)> = *", 2, "a count is 1 to 64 digits" },
	{ "<a**> = *", 4, "two stars in a row mean the same as one" },
	{ "<*a*b*c*d*> = *", 10, "more than 4 wildcards in one pattern" },
	{ "<1> = *@x", 7, "there is no wildcard before = that this star could stand for" },
	{ "<a*b*> = *-*-*", 14, "more stars than wildcards before =" },
	{ "<1*> = (6d)*@x", 8, "a count stands in a pattern only; here \"*\" is enough" },
	{ "<a@b@c> = x", 3, "a second \"@\"" },
	{ "<a b> = x", 3, "\" \" has no place in an address; write it without" },
	{ "<a> = x y", 8, "a blank in an address; a comment begins with \";\"" },
	{ "<a> = b@c,d", 10, "\",\" has no place in a domain" },
	{ "<a> = @c", 7, "there is nothing before \"@\"" },
	{ "a..b = c", 1, "a label of the domain is empty" },
	{ "<a@[1.2.3]> = c", 4, "\"[1.2.3]\" is no IP address" },
	{ "<a> = b@c:99999", 10, "a port is 1 to 65535" },
	{ "<a> = b@tele.sipwg", 14, "\".sipwg\" leads nowhere; did you mean \".sipgw\"?" },
	{ "<a> = p{x#y@z", 8, "\"{\" without \"}\"; an application looks like program{a,b}#local@domain" },
	{ "<a> = px}#y@z", 9, "\"}\" without \"{\"" },
	{ "<a> = p{x}y@z", 10, "\"#\" is missing after \"}\": program{a,b}#local@domain" },
	{ "<a> = {x}#y@z", 7, "the program's name is missing" },
	{ "<a@b> = A@b", 9, "it leads back to itself" },
	{ "old = OLD", 7, "it leads back to itself" },
	{ "<a\x01> = b", 3, "a control character" },
	};
	size_t			 n = sizeof(cases) / sizeof(cases[0]);
	struct complaints	 out = { 0 };
	char			 text[8192], shown[1024];
	struct text		 t;

	text_init(&t, text, sizeof(text));
	for (size_t i = 0; i < n; i++)
		text_printf(&t, "%s\n<good%zu> = x\n", cases[i].line, i);
	assert_null(records_build("routes.conf", text_str(&t), &settings, &out));
	for (size_t i = 0; i < n && i < out.n; i++) {
		if (out.v[i].line != 2 * i + 1 || out.v[i].column != cases[i].column ||
		    strcmp(out.v[i].text, cases[i].text) != 0)
			fail_msg("%s: %u:%u: %s", cases[i].line, out.v[i].line,
			    out.v[i].column, out.v[i].text);
		text_init(&t, shown, sizeof(shown));
		complaint_print(&out.v[i], false, &t);
		assert_non_null(strchr(shown, '^'));
	}
	assert_int_equal(out.n, n);
	complaints_fini(&out);
}

static void
test_suspects(void **state)
{
	static const struct {
		const char	*text;
		uint32_t	 line;		/* 0: none */
		const char	*said;
	} cases[] = {
	{ "<1*> = a\n<12*> = b", 2, "never reached: line 1 already matches all it does" },
	{ "<1*> = a\n<2*> = b", 0, "" },
	{ "<12*> = a\n<1*> = b", 0, "" },
	{ "<*> = a\n<(3d)*> = b", 2, "never reached: line 1 already matches all it does" },
	{ "<(3d)*> = a\n<*> = b", 0, "" },
	{ "<(2-9d)*> = a\n<1(2-3d)*> = b", 2, "never reached: line 1 already matches all it does" },
	{ "<(2-9d)*> = a\n<1(2-9d)*> = b", 0, "" },
	{ "*.x = y\n<a@b.x> = z", 2, "never reached: line 1 already matches all it does" },
	{ "x = y\nx = z", 2, "never reached: line 1 already matches all it does" },
	{ "S:<1*> = a\n<12*> = b", 0, "" },
	{ "S:<1*> = a\nS:<12*> = b", 2, "never reached: line 1 already matches all it does" },
	{ "<*1> = a\n<*21> = b", 2, "never reached: line 1 already matches all it does" },
	{ "<1*> = *@Teleco.sipgw", 1, "strangers can call through this gateway, at "
	    "your cost; write NoRelay: before it, or Relay: if that is meant" },
	{ "Relay:<1*> = *@teleco.sipgw", 0, "" },
	{ "NoRelay:<1*> = *@teleco.sipgw", 0, "" },
	{ "<100> = 4420@teleco.sipgw", 0, "" },
	{ "NoRelay:<1*> = *@telco.sipgw", 1, "there is no gateway \"telco\"; did you mean \"Teleco\"?" },
	{ "NoRelay:<1*> = *@other.sipgw", 1, "there is no gateway \"other\"" },
	{ "<1*> = *@carrier.example", 1, "strangers can call there through this "
	    "server; write NoRelay: before it, or Relay: if that is meant" },
	{ "old = carrier.example", 1, "strangers can call there through this "
	    "server; write NoRelay: before it, or Relay: if that is meant" },
	{ "old = Example.com", 0, "" },
	{ "<9*> = *@pstn", 0, "" },
	{ "Mail:<1> = a", 1, "it is for mail only, and there is none here" },
	};

	gateway.name = (char *)"Teleco";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct complaints	 out = { 0 };
		struct records		*r = build(cases[i].text);

		records_suspect(r, &settings, &out);
		assert_int_equal(out.errors, 0);
		if (out.n != (cases[i].line != 0) || (out.n > 0 &&
		    (out.v[0].line != cases[i].line ||
		    strcmp(out.v[0].text, cases[i].said) != 0)))
			fail_msg("%s: %zu: %s", cases[i].text, out.n,
			    out.n > 0 ? out.v[0].text : "");
		complaints_fini(&out);
		records_free(r);
	}
}

/* ---- against a model: the first of the file, one after the other ---- */

static unsigned	seed = 1;

static unsigned
dice(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static void
random_text(struct text *t, bool pattern)
{
	static const char *const	wild[] = { "*", "(1-2d)*", "(2d)*" };
	unsigned			n = dice(4) + 1, star = pattern ? dice(6) : 9;

	for (unsigned i = 0; i < n; i++) {
		if (i == star)
			text_add(t, str_of(wild[dice(3)]));
		text_ch(t, "12ab"[dice(4)]);
	}
	if (star == 5)
		text_ch(t, '*');
}

static void
test_model(void **state)
{
	char			 text[16384], local[64], domain[64];
	const struct record	*got, *want;
	struct captures		 taken;
	struct text		 t;

	for (int round = 0; round < 200; round++) {
		struct records	*r;

		text_init(&t, text, sizeof(text));
		for (int i = 0; i < 60; i++) {
			text_ch(&t, '<');
			random_text(&t, true);
			if (dice(2) == 0) {
				text_ch(&t, '@');
				random_text(&t, true);
			}
			text_printf(&t, "> = t%d\n", i);
		}
		r = build(text);
		for (int i = 0; i < 200; i++) {
			text_init(&t, local, sizeof(local));
			random_text(&t, false);
			text_init(&t, domain, sizeof(domain));
			if (dice(2) == 0)
				random_text(&t, false);
			got = records_find(r, local, domain, RECORD_SIGNAL, &taken);
			want = NULL;
			for (uint32_t k = 0; k < records_count(r) && want == NULL; k++)
				if (record_match(records_at(r, k), local, domain,
				    &taken))
					want = records_at(r, k);
			if (got != want)
				fail_msg("%s@%s: line %u, not %u\n%s", local, domain,
				    got != NULL ? got->line : 0,
				    want != NULL ? want->line : 0, text);
		}
		records_free(r);
	}
}

/* ---- what it costs ---- */

#define ROUNDS	20000

/* Of one pass over many different numbers. */
static double
pass_ns(const struct records *r, uint32_t n)
{
	char		 local[32];
	struct captures	 taken;
	struct mono	 begin = mono_now();
	uint32_t	 found = 0;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		snprintf(local, sizeof(local), "+%u555", 44000000 + i % n);
		found += records_find(r, local, "", RECORD_SIGNAL, &taken) != NULL;
	}
	assert_int_equal(found, ROUNDS / 10 * 9);
	return (double)(mono_now().ns - begin.ns) / ROUNDS;
}

/* The best of some passes: others use this machine, too. */
static double
cost_ns(uint32_t n)
{
	size_t		 size = 64 * (size_t)n + 64;
	char		*text = malloc(size);
	struct records	*r;
	struct text	 t;
	struct mono	 begin;
	double		 best = 1e9, one;

	text_init(&t, text, size);
	for (uint32_t i = 0; i < n; i++)
		text_printf(&t, i % 10 == 0 ? "NoRelay:*.d%u.example = a%u\n" :
		    "NoRelay:Signal:<+%u*> = %u*@pstn\n", 44000000 + i, i);
	begin = mono_now();
	r = build(text);
	printf("%6u records: built in %lld ms, ", n,
	    (long long)mono_ms_between(begin, mono_now()));
	for (int i = 0; i < 10; i++)
		if ((one = pass_ns(r, n)) < best)
			best = one;
	printf("%.0f ns to find\n", best);
	records_free(r);
	free(text);
	return best;
}

static void
test_cost(void **state)
{
	double	few = cost_ns(10), many;

	cost_ns(1000);
	many = cost_ns(100000);
	/* Caches aside it is the same: a list would be ten thousand times slower. */
	assert_true(many < 50 * few);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_rewrites),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_suspects),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
