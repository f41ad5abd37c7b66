#include "common/nets.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct addr
addr(const char *text)
{
	struct addr	a;

	assert_int_equal(addr_parse(&a, str_of(text), 0), 0);
	return a;
}

/* Row 139. */
static void
test_entries(void **state)
{
	static const struct {
		const char	*entry;
		const char	*in, *out;	/* NULL: refused */
	} cases[] = {
		{ "10.0.0.0/8", "10.255.0.1", "11.0.0.0" },
		{ "192.0.2.1", "192.0.2.1", "192.0.2.2" },
		{ " 192.0.2.1 ; the office", "192.0.2.1", "192.0.2.2" },
		{ "0.0.0.0/0", "203.0.113.9", "::1" },
		{ "::/0", "::1", "10.0.0.1" },
		{ "::/0", "2001:db8::1", "::ffff:10.0.0.1" },
		{ "10.0.0.0/8", "::ffff:10.1.1.1", "::ffff:11.1.1.1" },
		{ "::ffff:10.0.0.0/104", "10.1.1.1", "11.1.1.1" },
		{ "2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::" },
		{ "192.0.2.5-192.0.2.9", "192.0.2.9", "192.0.2.10" },
		{ "192.0.2.5 - 192.0.2.9", "192.0.2.5", "192.0.2.4" },
		{ "192.0.2.250-192.0.3.4", "192.0.3.1", "192.0.3.5" },
		{ "2001:db8::5-2001:db8::ffff", "2001:db8::6", "2001:db8::1:0" },
		{ "0.0.0.0-255.255.255.255", "255.255.255.255", "::" },
		{ "192.0.2.9-192.0.2.5" }, { "192.0.2.1-::1" }, { "192.0.2.1-" },
		{ "-192.0.2.1" }, { "10.0.0.0/8-10.0.0.1" }, { "10.0.0.1/8" },
		{ "10.0.0.0/33" }, { "::/129" }, { "::ffff:0:0/95" }, { "" },
		{ "!" }, { "#" }, { "#@" }, { "#a b" }, { "#@a b" }, { "any" },
		{ "##a" }, { "!!10.0.0.1" }, { "; only a comment" },
	};
	const char	*why;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct set_nets		 n = { .n = 0 };
		const struct net_entry	*bad;
		struct addr		 a;
		int			 e;

		e = nets_add(&n, str_of(cases[i].entry), &why);
		if (e != (cases[i].in != NULL ? 0 : -EBADMSG))
			fail_msg("\"%s\": %d", cases[i].entry, e);
		if (e == 0) {
			assert_int_equal(nets_resolve(&n, NULL, NULL, &bad), 0);
			a = addr(cases[i].in);
			assert_true(nets_have(&n, &a));
			a = addr(cases[i].out);
			assert_false(nets_have(&n, &a));
		}
		nets_fini(&n);
	}
}

/* ---- lists of lists ---- */

static struct set_nets	lists[4];

static struct set_nets *
find(void *arg, struct str name)
{
	return name.len == 1 && name.s[0] >= 'a' && name.s[0] <= 'd' ?
	    &lists[name.s[0] - 'a'] : NULL;
}

/* "10.0.0.0/8, !10.0.0.1" into lists[i]; references wait. */
static void
fill(int i, const char *text)
{
	struct str	rest = str_of(text), one;
	const char	*why;

	while (str_cut(&rest, ',', &one))
		if (one.len > 0)
			assert_int_equal(nets_add(&lists[i], one, &why), 0);
}

static void
empty(void)
{
	for (int i = 0; i < 4; i++)
		nets_fini(&lists[i]);
}

static void
test_references(void **state)
{
	static const struct {
		const char	*lists[4];
		const char	*addr, *name;
		bool		 in;
	} cases[] = {
		{ { "#b", "10.0.0.0/8" }, "10.1.1.1", "", true },
		{ { "10.0.0.0/8,!#b", "10.1.0.0/16" }, "10.1.1.1", "", false },
		{ { "10.0.0.0/8,!#b", "10.1.0.0/16" }, "10.2.1.1", "", true },
		/* "!" outweighs, before and behind. */
		{ { "!10.1.1.1,10.0.0.0/8" }, "10.1.1.1", "", false },
		{ { "10.0.0.0/8,!10.1.1.1,10.1.1.1" }, "10.1.1.1", "", false },
		/* What b leaves out is not left out of a. */
		{ { "#b,10.1.1.1", "10.0.0.0/8,!10.1.0.0/16" }, "10.1.1.1", "", true },
		{ { "#b,10.1.1.1", "10.0.0.0/8,!10.1.0.0/16" }, "10.1.1.2", "", false },
		{ { "#b", "10.0.0.0/8,!10.1.0.0/16" }, "10.0.255.255", "", true },
		{ { "#b", "10.0.0.0/8,!10.1.0.0/16" }, "10.1.0.0", "", false },
		{ { "#b", "10.0.0.0/8,!10.1.0.0/16" }, "10.1.255.255", "", false },
		{ { "#b", "10.0.0.0/8,!10.1.0.0/16" }, "10.2.0.0", "", true },
		{ { "!#b,10.0.0.0/8", "10.0.0.0/8,!10.1.0.0/16" }, "10.1.1.2", "", true },
		{ { "#b", "#c", "#d", "192.0.2.0/24" }, "192.0.2.7", "", true },
		{ { "#b,#c", "10.0.0.0/9,10.128.0.0/9", "#b" }, "10.128.0.0", "", true },
		/* Names. */
		{ { "#@*.phones.example" }, "10.1.1.1", "a.b.Phones.example", true },
		{ { "#@*.phones.example" }, "10.1.1.1", "phones.example", false },
		{ { "#@*.phones.example" }, "10.1.1.1", "", false },
		{ { "#@*a*b" }, "10.1.1.1", "xaxbxab", true },
		{ { "10.0.0.0/8,!#@*.evil.example" }, "10.1.1.1", "x.evil.example", false },
		{ { "10.0.0.0/8,!#@*.evil.example" }, "10.1.1.1", "x.good.example", true },
		{ { "10.0.0.0/8,!#@*.evil.example" }, "10.1.1.1", "", false },
		{ { "#b", "#@p" }, "10.1.1.1", "p", true },
		{ { "#b", "#@p" }, "10.1.1.1", "q", false },
		{ { "10.0.0.0/8,!#b", "#@p" }, "10.1.1.1", "p", false },
		{ { "10.0.0.0/8,!#b", "#@p" }, "10.1.1.1", "q", true },
		{ { "10.0.0.0/8,!#b", "#@p" }, "10.1.1.1", "", false },
		{ { "#b", "10.0.0.0/8,!#@p" }, "10.1.1.1", "", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct addr		 a = addr(cases[i].addr);
		const struct net_entry	*bad;

		for (int k = 0; k < 4; k++)
			fill(k, cases[i].lists[k] != NULL ? cases[i].lists[k] : "");
		assert_int_equal(nets_resolve(&lists[0], find, NULL, &bad), 0);
		if (nets_have_named(&lists[0], &a, str_of(cases[i].name)) !=
		    cases[i].in)
			fail_msg("case %zu: %s in \"%s\"", i, cases[i].addr,
			    cases[i].lists[0]);
		empty();
	}
}

static void
test_leads_nowhere(void **state)
{
	const struct net_entry	*bad;

	fill(0, "10.0.0.1,#x");
	assert_int_equal(nets_resolve(&lists[0], find, NULL, &bad), -ENOENT);
	assert_string_equal(bad->text, "#x");
	empty();
	fill(0, "#b");
	fill(1, "#c");
	fill(2, "!#a");
	assert_int_equal(nets_resolve(&lists[0], find, NULL, &bad), -ELOOP);
	assert_string_equal(bad->text, "!#a");
	empty();
	fill(0, "#a");
	assert_int_equal(nets_resolve(&lists[0], find, NULL, &bad), -ELOOP);
	empty();
}

static void
test_bounds(void **state)
{
	struct set_nets	n = { .n = 0 };
	char		one[300];
	const char	*why;

	for (int i = 0; i < NETS_ENTRIES_MAX; i++) {
		snprintf(one, sizeof(one), "10.%d.%d.0/25", i / 250, i % 250);
		assert_int_equal(nets_add(&n, str_of(one), &why), 0);
	}
	assert_int_equal(nets_add(&n, STR("10.0.0.1"), &why), -E2BIG);
	nets_fini(&n);
	memset(one, 'a', sizeof(one) - 1);
	one[0] = '#';
	one[sizeof(one) - 1] = '\0';
	assert_int_equal(nets_add(&n, str_of(one), &why), -EBADMSG);
	one[NETS_NAME_MAX + 2] = '\0';
	assert_int_equal(nets_add(&n, str_of(one), &why), -EBADMSG);
	one[NETS_NAME_MAX + 1] = '\0';
	assert_int_equal(nets_add(&n, str_of(one), &why), 0);
	nets_fini(&n);
	assert_int_equal(nets_parse(&n, STR("10.0.0.0/8,!10.1.1.1 ::1")), 0);
	assert_int_equal(n.n, 3);
	nets_fini(&n);
	assert_int_equal(nets_parse(&n, STR("10.0.0.0/8,#a")), -EBADMSG);
	assert_int_equal(n.n, 0);
}

/* The ranges against each entry on its own, a thousand random lists. */
static void
test_model(void **state)
{
	unsigned	seed = 5;

	for (int round = 0; round < 1000; round++) {
		const struct net_entry	*bad;
		char			 one[64];
		struct addr		 a;
		unsigned		 n = (unsigned)rand_r(&seed) % 12;
		bool			 yes = false, no = false;

		for (unsigned i = 0; i < n; i++) {
			unsigned from = (unsigned)rand_r(&seed) % 40;

			snprintf(one, sizeof(one), "%s192.0.2.%u-192.0.2.%u",
			    rand_r(&seed) % 3 == 0 ? "!" : "", from,
			    from + (unsigned)rand_r(&seed) % 8);
			fill(0, one);
		}
		assert_int_equal(nets_resolve(&lists[0], find, NULL, &bad), 0);
		for (unsigned i = 0; i < 50; i++) {
			snprintf(one, sizeof(one), "192.0.2.%u", i);
			a = addr(one);
			yes = no = false;
			for (unsigned k = 0; k < n; k++) {
				const struct net_entry *e = &lists[0].v[k];

				if (e->span.first[16] <= i && i <= e->span.last[16])
					*(e->except ? &no : &yes) = true;
			}
			assert_int_equal(nets_have(&lists[0], &a), yes && !no);
		}
		empty();
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_leads_nowhere),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
