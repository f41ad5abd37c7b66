/* caller_id_test - which caller a gateway is shown, and lists of codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/caller_id.h"
#include "common/codes.h"
#include "common/conf.h"

#define GATEWAY	"domain example.com\nlisten udp:127.0.0.1:5060\n" \
		"gateway g {\ndomain x\nusername line7@x\npassword-file p\n"

/* NULL: it is wrong. */
static struct settings *
build(const char *lines)
{
	char			 text[1000];
	struct complaints	 out = { 0 };
	struct conf		*c;
	struct settings		*s;

	snprintf(text, sizeof(text), GATEWAY "%s}\n", lines);
	c = conf_parse("sip.conf", str_of(text), &out);
	assert_non_null(c);
	s = settings_build(c, &out);
	conf_free(c);
	complaints_fini(&out);
	return s;
}

static void
test_lines(void **state)
{
	static const struct {
		const char	*user, *shown;
		int		 line;		/* from 0; -1: none */
	} cases[] = {
		{ "+442071234567", "02071234567", 1 },
		{ "+442071230000", "anonymous", 0 },	/* the first that fits */
		{ "+4420", "020", 1 },
		{ "+442", "", -1 },
		{ "anna", "line7", 2 },
		{ "anna2", "", -1 },
		{ "7", "+4930", 3 },
		{ "", "", -1 },
	};
	struct settings		*s = build("caller-id +442071230000 anonymous\n"
				    "caller-id +4420* 020*\ncaller-id anna username\n"
				    "caller-id 7* +4930\n");
	const struct set_line	*line;
	char			 buf[CALLER_ID_MAX];
	struct str		 shown;

	assert_non_null(s);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		shown = caller_id_of(&s->gateways[0], str_of(cases[i].user), buf, &line);
		if (!str_eq(shown, str_of(cases[i].shown)) || line !=
		    (cases[i].line < 0 ? NULL :
		    &s->gateways[0].caller_ids.v[cases[i].line]))
			fail_msg("%s: shown as \"%.*s\"", cases[i].user, STR_ARG(shown));
	}
	settings_free(s);
}

static void
test_wrong_lines(void **state)
{
	static const char *const	wrong[] = { "caller-id 4*4 33", "caller-id 4*",
		"caller-id 4 *", "caller-id 4* **", "caller-id 4 5 6",
		"caller-id a@b c", "caller-id a sip:b" };
	struct settings			*s;
	char				 line[100];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		snprintf(line, sizeof(line), "%s\n", wrong[i]);
		if ((s = build(line)) != NULL)
			fail_msg("accepted: %s", wrong[i]);
	}
}

static void
test_codes(void **state)
{
	static const struct {
		const char	*list;
		uint16_t	 code;
		bool		 has;
	} cases[] = {
		{ "408 5xx", 408, true }, { "408 5xx", 503, true },
		{ "408 5xx", 404, false }, { "408 5xx", 600, false },
		{ "", 503, false }, { "5xx", 499, false }, { "6xx", 699, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(codes_have(str_of(cases[i].list), cases[i].code),
		    cases[i].has);
	assert_true(code_word_ok(STR("300")));
	assert_false(code_word_ok(STR("200")));
	assert_false(code_word_ok(STR("7xx")));
	assert_false(code_word_ok(STR("50x")));
	assert_false(code_word_ok(STR("5xxx")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_wrong_lines),
		cmocka_unit_test(test_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
