#include "routed/enum.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* RFC 3402 section 3.2: what a rule makes of +441632960083. */
static void
test_rules(void **state)
{
	static const struct {
		const char	*rule, *result;
		int		 error;
	} cases[] = {
		{ "!^.*$!sip:info@example.com!", "sip:info@example.com" },
		{ "!^\\+44(.*)$!sip:0\\1@example.com!", "sip:01632960083@example.com" },
		{ "!^(.*)$!sip:\\1@example.com!i", "sip:+441632960083@example.com" },
		{ "/^.*$/sip:a@b.c\\/d/", "sip:a@b.c/d" },
		{ "|^\\+44|sip:x@y|", "sip:x@y" },
		{ "!^\\+(..)(....)(.*)$!\\3.\\2.\\1!", "960083.1632.44" },
		{ "!^.*$!a\\\\b!", "a\\b" },
		{ "!^\\+49!sip:x@y!", NULL, -ENOENT },
		{ "", NULL, -EBADMSG }, { "!", NULL, -EBADMSG },
		{ "!^.*$!sip:x@y", NULL, -EBADMSG }, { "!^.*$", NULL, -EBADMSG },
		{ "1^.*$1sip:x@y1", NULL, -EBADMSG },
		{ "i^.*$isip:x@yi", NULL, -EBADMSG },
		{ "\\^.*$\\x\\", NULL, -EBADMSG },
		{ "!^.*$!sip:x@y!g", NULL, -EBADMSG },
		{ "!!sip:x@y!", NULL, -EBADMSG },
		{ "!^(.*$!sip:x@y!", NULL, -EBADMSG },
		{ "!^.*$!sip:\\x@y!", NULL, -EBADMSG },
		{ "!(?=.*)!sip:x@y!", NULL, -EBADMSG },
		/* S25 */
		{ "!^(([0-9+]*)*)*[xy]$!sip:x@y!", NULL, -ELOOP },
		{ "!^(.*)$!\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1\\1!", NULL,
		    -E2BIG },
	};
	char		buf[ENUM_URI_MAX];
	struct text	t;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int	e;

		text_init(&t, buf, sizeof(buf));
		e = enum_apply(str_of(cases[i].rule), STR("+441632960083"), &t);
		if (e != cases[i].error)
			fail_msg("%s: %d", cases[i].rule, e);
		if (e == 0)
			assert_string_equal(buf, cases[i].result);
	}
}

static void
test_services(void **state)
{
	static const struct {
		const char	*service;
		bool		 sip;
	} cases[] = {
		{ "E2U+sip", true }, { "e2u+SIP", true }, { "SIP+E2U", true },
		{ "E2U+sip:video", true }, { "E2U+email:mailto+sip", true },
		{ "E2U+pres", false }, { "E2U+voice:sip", false }, { "sip", false },
		{ "E2U", false }, { "E2U+siphon", false }, { "", false },
		{ "++++", false }, { "E2U+h323+pstn:tel", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (enum_is_sip(str_of(cases[i].service)) != cases[i].sip)
			fail_msg("%s", cases[i].service);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_services),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
