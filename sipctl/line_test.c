/* line_test - the command line: nouns, verbs, options, hints, prefixes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "sipctl/sipctl.h"

#define ARGV_MAX	12

struct typed {
	const char	*v[ARGV_MAX];
};

static int
parse(struct line *l, struct typed w, bool interactive, char *error, size_t size)
{
	struct text	t;
	int		argc = 1, e;
	const char	*argv[ARGV_MAX + 1] = { "sipctl" };

	while (argc <= ARGV_MAX && w.v[argc - 1] != NULL) {
		argv[argc] = w.v[argc - 1];
		argc++;
	}
	text_init(&t, error, size - 1);
	e = line_parse(l, argc, (char *const *)argv, interactive, &t);
	error[t.len] = '\0';
	return e;
}

static void
test_good(void **state)
{
	static const struct {
		struct typed	words;
		bool		interactive;
		const char	*noun, *verb;
		size_t		nargs;
	} good[] = {
		{ { { "status" } }, false, "status", NULL, 0 },
		{ { { "-C", "x", "status", "-o", "json" } }, false, "status", NULL, 0 },
		{ { { "status", "-ojson", "-q" } }, false, "status", NULL, 0 },
		{ { { "status", "--output=json" } }, false, "status", NULL, 0 },
		{ { { "gw" } }, false, "gw", "list", 0 },
		{ { { "gw", "-o", "json" } }, false, "gw", "list", 0 },
		{ { { "reg", "show", "anna" } }, false, "reg", "show", 1 },
		{ { { "reg", "show", "--", "-x" } }, false, "reg", "show", 1 },
		{ { { "user", "import", "-" } }, false, "user", "import", 1 },
		{ { { "reg", "show", "anna", "-o", "json" } }, false, "reg", "show", 1 },
		{ { { "r", "s" } }, true, NULL, NULL, 0 },	/* reg, restart ... */
		{ { { "reg", "s", "anna" } }, true, "reg", "show", 1 },
		{ { { "statu" } }, true, "status", NULL, 0 },
		{ { { "up", "--detach", "--wait" } }, false, "up", NULL, 0 },
		{ { { "up", "--detach", "--wait", "5" } }, false, "up", NULL, 1 },
		{ { { "gw", "add", "t", "--domain", "d", "--substitute-from" } },
		    false, "gw", "add", 1 },
		{ { { "config", "set", "lan-networks", "[a,", "b]" } }, false,
		    "config", "set", 3 },
	};
	struct line	l;
	char		error[512];
	size_t		i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (good[i].noun == NULL) {
			assert_int_equal(parse(&l, good[i].words,
			    good[i].interactive, error, sizeof(error)), -EINVAL);
			assert_non_null(strstr(error, "could be"));
			continue;
		}
		if (parse(&l, good[i].words, good[i].interactive, error,
		    sizeof(error)) < 0)
			fail_msg("%zu: %s", i, error);
		assert_string_equal(l.command->noun, good[i].noun);
		if (good[i].verb != NULL)
			assert_string_equal(l.command->verb, good[i].verb);
		assert_int_equal(l.nargs, good[i].nargs);
	}
}

static void
test_bad(void **state)
{
	static const struct {
		struct typed	words;
		const char	*says;
	} bad[] = {
		{ { { "stattus" } }, "did you mean \"status\"?" },
		{ { { "statu" } }, "did you mean \"status\"?" },
		{ { { "qqqq" } }, "sipctl help" },
		{ { { "reg", "shwo" } }, "did you mean \"show\"?" },
		{ { { "reg", "s", "anna" } }, "did you mean \"show\"?" },
		{ { { "reg", "qqqq" } }, "list, show, failures, add, del" },
		{ { { "route" } }, "wants a verb: test, check" },
		{ { { "reg", "show" } }, "usage: sipctl reg show U@D" },
		{ { { "reg", "show", "a", "b" } }, "\"b\" is one argument too many" },
		{ { { "status", "--no-such-option" } }, "unknown option" },
		{ { { "status", "--outptu=json" } }, "did you mean \"--output\"?" },
		{ { { "status", "-z" } }, "unknown option \"-z\"" },
		{ { { "status", "-o" } }, "wants a value" },
		{ { { "status", "--quiet=1" } }, "takes no value" },
		{ { { "status", "--domain", "x" } }, "unknown option" },
		{ { { "" } }, "there is no command" },
	};
	struct line	l;
	char		error[2048];
	size_t		i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(&l, bad[i].words, false, error,
		    sizeof(error)), -EINVAL);
		if (strstr(error, bad[i].says) == NULL)
			fail_msg("%zu: %s", i, error);
	}
}

static void
test_options(void **state)
{
	struct line	l;
	char		error[512];
	struct typed	w = { { "init", "x.y", "--set", "a=1", "--set=b=2", "-C", "d",
			    "--set", "c=-o", "-q" } };
	const char	*want[] = { "a=1", "b=2", "c=-o" }, *v;
	size_t		at = 0, i = 0;

	assert_int_equal(parse(&l, w, false, error, sizeof(error)), 0);
	while ((v = line_option_next(&l, "set", &at)) != NULL)
		assert_string_equal(v, want[i++]);
	assert_int_equal(i, 3);
	assert_string_equal(line_option(&l, "directory"), "d");
	assert_true(line_flag(&l, "quiet"));
	assert_false(line_flag(&l, "no-header"));
	assert_null(line_option(&l, "media"));
}

static void
test_help(void **state)
{
	struct line	l;
	char		error[512];

	assert_int_equal(parse(&l, (struct typed){ { "gw", "--help" } }, false,
	    error, sizeof(error)), 0);
	assert_true(l.help);
	assert_false(l.verb_typed);
	assert_string_equal(l.help_noun, "gw");
	assert_int_equal(parse(&l, (struct typed){ { "gw", "add", "-h" } }, false,
	    error, sizeof(error)), 0);
	assert_true(l.help && l.verb_typed);
	assert_int_equal(parse(&l, (struct typed){ { "route", "-h" } }, false,
	    error, sizeof(error)), 0);
	assert_true(l.help);
	assert_int_equal(parse(&l, (struct typed){ { "-V" } }, false, error,
	    sizeof(error)), 0);
	assert_true(l.version);
}

/* Every row has what help shows; no letter means two things in one command. */
static void
test_table(void **state)
{
	const struct command	*k;
	const struct option	*o, *g;

	for (k = commands; k->noun != NULL; k++) {
		assert_non_null(k->run);
		assert_true(k->help[0] != '\0');
		assert_true(str_prefix(str_of(k->examples[0]), STR("sipctl ")));
		assert_true(str_prefix(str_of(k->examples[1]), STR("sipctl ")));
		assert_true(k->min <= k->max && k->max <= LINE_ARGS_MAX);
		for (o = k->options; o != NULL && o->name != NULL; o++)
			for (g = global_options; g->name != NULL; g++) {
				assert_string_not_equal(o->name, g->name);
				/* "log -q EXPR" is promised; it prints data, or nothing */
				assert_true(o->letter == 0 || o->letter != g->letter ||
				    strcmp(o->name, "query") == 0);
			}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
