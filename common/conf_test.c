/* conf_test - the grammar, the files, the flat form and edits in place. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/conf.h"

static char dir[] = "/tmp/conf_test.XXXXXX";

static void
write_file(const char *name, const char *text)
{
	char	path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(file_replace(path, str_of(text), 0640), 0);
}

/* The nodes as one line: "a b(c d) {e f; }; ". */
static void
draw(const struct conf_node *n, size_t count, struct text *t)
{
	size_t	i, k;

	for (i = 0; i < count; i++) {
		text_printf(t, "%s(", n[i].name);
		for (k = 0; k < n[i].nvalues; k++)
			text_printf(t, "%s%s", k > 0 ? "|" : "", n[i].values[k].text);
		text_ch(t, ')');
		if (n[i].block) {
			text_ch(t, '{');
			draw(n[i].nodes, n[i].nnodes, t);
			text_ch(t, '}');
		}
	}
}

static void
test_grammar(void **state)
{
	static const struct {
		const char *in, *out;
	} good[] = {
		{ "", "" },
		{ "\n\n# only a comment", "" },
		{ "a b", "a(b)" },
		{ "a b # c\nd e\r\n", "a(b)d(e)" },
		{ "a [b, c]", "a(b|c)" },
		{ "a [b\n c # d\n , e\n]\nf", "a(b|c|e)f()" },
		{ "a []", "a()" },
		{ "a \"b c\" \"\" \"\\\"\\\\\"", "a(b c||\"\\)" },
		{ "a {\n b c\n}\nd", "a(){b(c)}d()" },
		{ "a x { b c }", "a(x){b(c)}" },
		{ "a { b { c { d e } } }", "a(){b(){c(){d(e)}}}" },
		{ "listen udp:[::1]:5060", "listen(udp:[::1]:5060)" },
		{ "listen [udp:[::1]:5060, tcp:[::]:5060]",
		    "listen(udp:[::1]:5060|tcp:[::]:5060)" },
		{ "media [::1]:30000-39998", "media([::1]:30000-39998)" },
		{ "n [[2001:db8::]/32, ::1]", "n([2001:db8::]/32|::1)" },
		{ "a b#c *#21", "a(b#c|*#21)" },
	};
	char		  buf[512];
	struct text	  t;
	struct conf	 *c;
	size_t		  i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct complaints out = { 0 };

		c = conf_parse("x", str_of(good[i].in), &out);
		if (c == NULL)
			fail_msg("%s: %s", good[i].in, out.v[0].text);
		text_init(&t, buf, sizeof(buf));
		draw(c->nodes, c->nnodes, &t);
		text_ch(&t, '\0');
		assert_string_equal(buf, good[i].out);
		conf_free(c);
		complaints_fini(&out);
	}
}

static void
test_bad(void **state)
{
	static const struct {
		const char *in;
		unsigned    line, column;
		const char *text;
	} bad[] = {
		{ "a \"b", 1, 3, "quote" },
		{ "a\nb \"c\n\"", 2, 3, "quote" },
		{ "a \"\\n\"", 1, 4, "backslash" },
		{ "a {\n b c\n", 1, 3, "not closed" },
		{ "a b\n}", 2, 1, "without a block" },
		{ "a [b, c", 1, 3, "not closed" },
		{ "a [#b]\nc d", 1, 3, "stands in quotes" },
		{ "a [, b]", 1, 4, "expected" },
		{ "a [b,, c]", 1, 6, "expected" },
		{ "a b, c", 1, 4, NULL },	/* one word "b," and "c" */
		{ "a , c", 1, 3, "outside of a list" },
		{ "a { b } c", 1, 9, "new line" },
		{ "\001", 1, 1, "control" },
		{ "a b\033[2J", 1, 4, "control" },
		{ "{ a }", 1, 1, "name of a setting" },
		{ "a ]", 1, 3, "value is expected" },
		{ "a { b { c { d { e { f } } } } }", 1, 19, "too deep" },
		{ "[a] b", 1, 1, "name of a setting" },
	};
	size_t	i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct complaints out = { 0 };
		struct conf	 *c = conf_parse("x", str_of(bad[i].in), &out);

		if (bad[i].text == NULL) {
			assert_non_null(c);
			conf_free(c);
			continue;
		}
		assert_null(c);
		assert_int_equal(out.errors, 1);
		if (strstr(out.v[0].text, bad[i].text) == NULL ||
		    out.v[0].line != bad[i].line || out.v[0].column != bad[i].column)
			fail_msg("%s: %u:%u %s", bad[i].in, out.v[0].line,
			    out.v[0].column, out.v[0].text);
		assert_non_null(out.v[0].source);
		complaints_fini(&out);
	}
}

static void
test_files(void **state)
{
	static char	  flat[CONF_FLAT_MAX], again[CONF_FLAT_MAX];
	struct complaints out = { 0 };
	char		  buf[512];
	struct text	  t, u;
	struct conf	 *c, *d;

	write_file("sip.conf", "a 1\ninclude more/*.inc\nb 2\n");
	write_file("more/x.inc", "x 1\ninclude sip.conf\n");
	write_file("conf.d/20.conf", "t 2");
	write_file("conf.d/10.conf", "t 1\n");
	write_file("conf.d/off.conf~", "off");
	write_file("routes.conf", "; none\n");
	c = conf_read(dir, &out);
	assert_non_null(c);
	text_init(&t, buf, sizeof(buf));
	draw(c->nodes, c->nnodes, &t);
	text_ch(&t, '\0');
	assert_string_equal(buf, "a(1)x(1)b(2)t(1)t(2)");
	assert_string_equal(c->routes, "; none\n");
	assert_string_equal(c->nodes[4].file, "conf.d/20.conf");

	text_init(&t, flat, sizeof(flat));
	conf_flatten(c, true, &t);
	assert_false(t.full);
	d = conf_unflatten(text_str(&t), &out);
	assert_non_null(d);
	text_init(&u, buf, sizeof(buf));
	draw(d->nodes, d->nnodes, &u);
	text_ch(&u, '\0');
	assert_string_equal(buf, "a(1)x(1)b(2)t(1)t(2)");
	assert_string_equal(d->routes, "; none\n");
	text_init(&u, again, sizeof(again));
	conf_flatten(d, true, &u);
	assert_true(str_eq(text_str(&t), text_str(&u)));
	conf_free(c);
	conf_free(d);
	assert_int_equal(out.n, 0);
	complaints_fini(&out);
}

/* What a file's new text would make of the whole; the files stay as they are. */
static void
test_with_another_text(void **state)
{
	static const struct {
		const char *file, *text, *drawn;
	} cases[] = {
		{ "sip.conf", "c 3", "c(3)t(1)" },
		{ "conf.d/10.conf", "t 4", "a(1)t(4)" },
		{ "conf.d/05.conf", "n 5", "a(1)n(5)t(1)" },	/* in its order */
		{ "sip.conf", "a {", NULL },
	};
	struct complaints out = { 0 };
	char		  buf[512];
	struct text	  t;
	struct conf	 *c, *d;

	write_file("sip.conf", "a 1\n");
	write_file("conf.d/10.conf", "t 1\n");
	write_file("conf.d/20.conf", "");
	c = conf_read(dir, &out);
	assert_non_null(c);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		d = conf_with(c, cases[i].file, str_of(cases[i].text), &out);
		assert_int_equal(d != NULL, cases[i].drawn != NULL);
		assert_int_equal(out.errors, cases[i].drawn == NULL);
		if (d == NULL)
			continue;
		text_init(&t, buf, sizeof(buf));
		draw(d->nodes, d->nnodes, &t);
		text_ch(&t, '\0');
		assert_string_equal(buf, cases[i].drawn);
		conf_free(d);
	}
	conf_free(c);
	complaints_fini(&out);
}

static void
test_bad_files(void **state)
{
	static const struct {
		const char *text, *complaint;
	} bad[] = {
		{ "include /etc/passwd", "stays inside" },
		{ "include ../x", "stays inside" },
		{ "include a/../../x", "stays inside" },
		{ "include gone.conf", "no file" },
		{ "include a b", "one file name" },
		{ "include { }", "one file name" },
	};
	struct complaints out = { 0 };
	size_t		  i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_file("sip.conf", bad[i].text);
		assert_null(conf_read(dir, &out));
		assert_int_equal(out.n, 1);
		assert_non_null(strstr(out.v[0].text, bad[i].complaint));
		assert_string_equal(out.v[0].source, bad[i].text);
		complaints_fini(&out);
	}
	assert_null(conf_read("/nonexistent", &out));
	assert_non_null(strstr(out.v[0].text, "sipctl init"));
	complaints_fini(&out);
}

static void
test_bad_flat(void **state)
{
	static const char *const bad[] = {
		"", "x", "file", "file 3 sip.conf", "file 3 sip.conf\nab",
		"file 3 sip.conf\nabcd", "file -1 sip.conf\n\n",
		"file 4294967295 sip.conf\n\n", "file 0 sip.conf\n\nfile 0 sip.conf\n\n",
		"file 0 \n\n", "file 0 a\n\n",
	};
	size_t	i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct complaints out = { 0 };

		assert_null(conf_unflatten(str_of(bad[i]), &out));
		assert_true(out.errors > 0);
		complaints_fini(&out);
	}
}

static void
test_edit(void **state)
{
	static const struct {
		const char *before, *block, *label, *name, *value, *after;
	} edits[] = {
		{ "a 1 # one\nb 2\n", NULL, NULL, "a", "8s",
		    "a 8s # one\nb 2\n" },
		{ "a   1\n", NULL, NULL, "b", "2", "a   1\nb 2\n" },
		{ "a 1", NULL, NULL, "b", "2", "a 1\nb 2\n" },
		{ "", NULL, NULL, "b", "[x, y]", "b [x, y]\n" },
		{ "# top\n\na 1\n\n# end\n", NULL, NULL, "a", NULL,
		    "# top\n\n\n# end\n" },
		{ "l 1\n# c\nl 2\nz\n", NULL, NULL, "l", "[3, 4]",
		    "l [3, 4]\n# c\nz\n" },
		{ "l [1,\n 2] # x\n", NULL, NULL, "l", "5", "l 5 # x\n" },
		{ "a\r\nb 1\r\n", NULL, NULL, "b", "2", "a\r\nb 2\r\n" },
		{ "a {\n\tx 1\n}\nx 2\n", "a", NULL, "x", "3",
		    "a {\n\tx 3\n}\nx 2\n" },
		{ "g one {\n\tx 1\n}\ng two {\n\tx 1\n}\n", "g", "two", "x", "2",
		    "g one {\n\tx 1\n}\ng two {\n\tx 2\n}\n" },
		{ "g one {\n\tx 1\n}\n", "g", "one", "y", "2",
		    "g one {\n\tx 1\n\ty 2\n}\n" },
		{ "g one { x 1 }\n", "g", "one", "y", "2",
		    "g one { x 1\n    y 2\n}\n" },
		{ "g one { }\n", "g", "one", "y", "2", "g one {\n    y 2\n}\n" },
		{ "g one { x 1 }\n", "g", "one", "x", NULL, "g one {  }\n" },
		{ "a \"q\"\n", NULL, NULL, "a", "\"r s\"", "a \"r s\"\n" },
		{ "a []\n", NULL, NULL, "a", "[]", "a []\n" },
	};
	size_t	i;

	for (i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		struct complaints out = { 0 };
		char		 *s;

		s = conf_edit("x", str_of(edits[i].before), edits[i].block,
		    edits[i].label, edits[i].name, edits[i].value, &out);
		if (s == NULL)
			fail_msg("%zu: %s", i, out.n > 0 ? out.v[0].text : "?");
		assert_string_equal(s, edits[i].after);
		free(s);
		complaints_fini(&out);
	}
}

/* A value that is more than a value never reaches the file. */
static void
test_edit_add(void **state)
{
	static const struct {
		const char *before, *value, *after;
	} adds[] = {
		{ "g one {\n\ty 1 2 # c\n}\n", "3 4",
		    "g one {\n\ty 1 2 # c\n\ty 3 4\n}\n" },
		{ "g one { }\ng two {}\n", "3", "g one {\n    y 3\n}\ng two {}\n" },
		{ "g two {\n}\n", "3", NULL },
		{ "g one {\n}\n", "3 }", NULL },
	};

	for (size_t i = 0; i < sizeof(adds) / sizeof(adds[0]); i++) {
		struct complaints  out = { 0 };
		char		  *s = conf_edit_add("x", str_of(adds[i].before), "g",
				       "one", "y", adds[i].value, &out);

		if (adds[i].after != NULL)
			assert_string_equal(s, adds[i].after);
		else
			assert_null(s);
		assert_int_equal(out.errors, adds[i].after == NULL);
		free(s);
		complaints_fini(&out);
	}
}

static void
test_edit_refused(void **state)
{
	static const char *const bad[] = {
		"1\nevil 2", "1 # comment", "1 {", "{ x }", "\"open", "", "1 }", "[1",
		"[1,\n2]", "#",
	};
	struct complaints out = { 0 };
	size_t		  i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(conf_edit("x", STR("a 1\n"), NULL, NULL, "a", bad[i],
		    &out));
		assert_int_equal(out.errors, 1);
		complaints_fini(&out);
	}
	assert_null(conf_edit("x", STR("a {\n"), NULL, NULL, "a", "1", &out));
	complaints_fini(&out);
	assert_null(conf_edit("x", STR("a 1\n"), "g", "one", "a", "1", &out));
	complaints_fini(&out);
}

static void
test_edit_block(void **state)
{
	struct complaints out = { 0 };
	char		 *s, *t;

	s = conf_edit_block("x", STR("a 1\n"), "g", "one", "g one {\n    x 1\n}\n",
	    &out);
	assert_string_equal(s, "a 1\ng one {\n    x 1\n}\n");
	t = conf_edit_block("x", str_of(s), "g", "one", "g one {\n}\n", &out);
	assert_string_equal(t, "a 1\ng one {\n}\n");
	free(s);
	s = conf_edit_block("x", str_of(t), "g", "one", NULL, &out);
	assert_string_equal(s, "a 1\n");
	free(t);
	assert_null(conf_edit_block("x", str_of(s), "g", "one", NULL, &out));
	free(s);
	complaints_fini(&out);
}

static void
test_quote(void **state)
{
	static const char *const words[] = {
		"a", "a b", "", "\"", "\\", "a\\\"b", "#", "[x]", "a,b", "{", "[::1]:5",
		"sip:a@b;x=y",
	};
	char		  buf[128];
	struct text	  t;
	struct conf	 *c;
	size_t		  i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct complaints out = { 0 };

		text_init(&t, buf, sizeof(buf));
		text_add(&t, STR("n "));
		conf_quote(&t, str_of(words[i]));
		c = conf_parse("x", text_str(&t), &out);
		assert_non_null(c);
		assert_int_equal(c->nodes[0].nvalues, 1);
		assert_string_equal(c->nodes[0].values[0].text, words[i]);
		conf_free(c);
	}
}

static void
test_complaint(void **state)
{
	struct complaints out = { 0 };
	char		  buf[1024];
	struct text	  t;

	complain(&out, false, "sip.conf", 31, 12, "bad duration \"%s\"", "8sec");
	out.v[0].source = xstrdup("  timer-b  8sec\033");
	text_init(&t, buf, sizeof(buf));
	complaint_print(&out.v[0], false, &t);
	text_ch(&t, '\0');
	assert_string_equal(buf,
	    "sip.conf:31:12: error: bad duration \"8sec\"\n"
	    "   31 |   timer-b  8sec^[\n"
	    "      |            ^~~~~\n");
	complaints_fini(&out);
}

static int
setup(void **state)
{
	char	path[256];

	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/more", dir);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/conf.d", dir);
	return mkdir(path, 0755);
}

static int
teardown(void **state)
{
	static const char *const names[] = {
		"sip.conf", "more/x.inc", "conf.d/20.conf", "conf.d/10.conf",
		"conf.d/off.conf~", "routes.conf", "more", "conf.d", ""
	};
	char	path[256];
	size_t	i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		remove(path);
	}
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grammar),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_with_another_text),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_bad_flat),
		cmocka_unit_test(test_edit),
		cmocka_unit_test(test_edit_add),
		cmocka_unit_test(test_edit_refused),
		cmocka_unit_test(test_edit_block),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_complaint),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
