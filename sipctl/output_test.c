/* output_test - tables, CSV, JSON, figures, and that nothing drives a terminal. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sipctl/output.h"
#include "sipctl/sipctl.h"

static const struct column columns[] = {
	{ "aor", "USER", COLUMN_TEXT },
	{ "expires_s", "EXPIRES", COLUMN_SECONDS },
	{ "rtt_ms", "RTT", COLUMN_MS },
	{ "rss", "MEMORY", COLUMN_BYTES },
	{ "never", "NEVER", COLUMN_TEXT },
	{ NULL }
};

static json_t *
two_rows(void)
{
	return json_pack("[{s:s,s:i,s:i,s:i},{s:s,s:n,s:n,s:i}]",
	    "aor", "anna@x.y", "expires_s", 3661, "rtt_ms", 18, "rss", 88000000,
	    "aor", "b,\"o\"", "expires_s", "rtt_ms", "rss", 12);
}

static void
check(struct out o, json_t *rows, const char *want)
{
	char	*text = NULL;
	size_t	 len;
	FILE	*f = open_memstream(&text, &len);

	out_rows_to(f, &o, rows, columns);
	fclose(f);
	assert_string_equal(text, want);
	free(text);
	json_decref(rows);
}

/* A field beyond the table's columns is a column, too. */
static void
test_fields(void **state)
{
	struct out	o = { .header = true, .fields = "aor, seen_from,nothing" };

	check(o, json_pack("[{s:s,s:s}]", "aor", "anna@x.y", "seen_from", "192.0.2.1"),
	    "USER      SEEN FROM\nanna@x.y  192.0.2.1\n");
}

static void
test_forms(void **state)
{
	struct out	o = { .header = true };

	check(o, two_rows(),
	    "USER      EXPIRES    RTT  MEMORY\n"
	    "anna@x.y  1:01:01  18 ms     84M\n"
	    "b,\"o\"           -      -      12\n");
	o.fields = "aor";
	check(o, two_rows(), "USER\nanna@x.y\nb,\"o\"\n");
	o.header = false;
	check(o, two_rows(), "anna@x.y\nb,\"o\"\n");
	o = (struct out){ .form = OUT_CSV, .header = true };
	check(o, two_rows(), "aor,expires_s,rtt_ms,rss\n"
	    "anna@x.y,3661,18,88000000\n\"b,\"\"o\"\"\",,,12\n");
	check(o, json_array(), "aor,expires_s,rtt_ms,rss,never\n");
	o.form = OUT_TSV;
	o.header = false;
	check(o, two_rows(), "anna@x.y\t3661\t18\t88000000\nb,\"o\"\t\t\t12\n");
	o.form = OUT_NAME;
	check(o, two_rows(), "anna@x.y\nb,\"o\"\n");
	o.form = OUT_NDJSON;
	o.fields = "aor";
	check(o, two_rows(), "{\"aor\":\"anna@x.y\"}\n{\"aor\":\"b,\\\"o\\\"\"}\n");
	o.form = OUT_JSON;
	check(o, json_array(), "[]\n");
	o.form = OUT_TABLE;
	check(o, json_array(), "");
}

static void
test_shortening(void **state)
{
	struct out	o = { .tty = true };
	json_t		*row = json_pack("[{s:s}]", "aor",
			    "sip:anna@10.10.10.10:5062;transport=tls;line=1234567890");

	check(o, json_incref(row),
	    "sip:anna@10.10.10.10:..t=tls;line=1234567890\n"
	    "(long values are shortened; -o wide shows them whole)\n");
	o.form = OUT_WIDE;
	check(o, row,
	    "sip:anna@10.10.10.10:5062;transport=tls;line=1234567890\n");
}

static void
test_escape(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "plain", "plain" },
		{ "\033[2J\007", "\\033[2J\\007" },
		{ "a\nb\tc\r", "a\\012b\\011c\\015" },
		{ "M\xc3\xbcller", "M\xc3\xbcller" },
		{ "\xc2\x9b" "31m", "\\302\\23331m" },		/* C1: CSI */
		{ "\xe2\x80\xae" "x", "\\342\\200\\256x" },	/* right to left */
		{ "\xff\xfe", "\\377\\376" },
		{ "\xc3", "\\303" },
		{ "\x7f", "\\177" },
		{ "\xed\xa0\x80", "\\355\\240\\200" },		/* a surrogate */
	};
	char		buf[128];
	struct text	t;
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_init(&t, buf, sizeof(buf) - 1);
		out_escape(&t, str_of(cases[i].in));
		buf[t.len] = '\0';
		assert_string_equal(buf, cases[i].out);
	}
}

static void
test_json_text(void **state)
{
	json_t	*j = json_text(STR("a\xff" "b"));

	assert_string_equal(json_string_value(j), "a\\377b");
	json_decref(j);
	j = json_text(STR_NONE);
	assert_string_equal(json_string_value(j), "");
	json_decref(j);
}

static void
test_figures(void **state)
{
	char	buf[64];

	duration_text(62, buf, sizeof(buf));
	assert_string_equal(buf, "01:02");
	duration_text(4 * 86400 + 2 * 3600 + 11 * 60, buf, sizeof(buf));
	assert_string_equal(buf, "4d 02:11");
	duration_text(-5, buf, sizeof(buf));
	assert_string_equal(buf, "00:00");
	count_text(1234567, buf, sizeof(buf));
	assert_string_equal(buf, "1,234,567");
	count_text(-999, buf, sizeof(buf));
	assert_string_equal(buf, "-999");
	bytes_text(1023, buf, sizeof(buf));
	assert_string_equal(buf, "1023");
	bytes_text(1536, buf, sizeof(buf));
	assert_string_equal(buf, "1.5K");
	time_text(0, buf, sizeof(buf));
	assert_string_equal(buf, "1970-01-01T00:00:00Z");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_shortening),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_json_text),
		cmocka_unit_test(test_figures),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
