/* The dial plan: what its lines match, what they make, what is wrong with them. */
#include "common/dialplan.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/conf.h"

#define HEAD	"domain example.com\nlisten udp:127.0.0.1:5060\n"

static struct settings *
build(const char *lines, struct complaints *out)
{
	char		 text[4096];
	struct conf	*c;
	struct settings	*s = NULL;

	snprintf(text, sizeof(text), HEAD "%s", lines);
	c = conf_parse("sip.conf", str_of(text), out);
	if (c != NULL)
		s = settings_build(c, out);
	conf_free(c);
	return s;
}

static struct dialplan *
plan_of(const char *lines, struct settings **s)
{
	struct complaints	out = { 0 };
	struct dialplan		*p;

	*s = build(lines, &out);
	if (*s == NULL)
		fail_msg("%s: %s", lines, out.v[0].text);
	complaints_fini(&out);
	p = dialplan_build(*s, &out);
	assert_non_null(p);
	complaints_fini(&out);
	return p;
}

/* The first line that holds, what it makes of the number, and its first target. */
static void
test_numbers(void **state)
{
#define TO	"\ndial-to gw @gw.sipgw\ndial-rule number n forward gw"
	static const struct {
		const char	*lines, *user, *domain;
		const char	*target;	/* NULL: no line holds */
	} cases[] = {
		/* Rows 130, 132: prefix goes, head stays. */
		{ "dial-number n prefix 9 head 0 tail digits min-tail 4" TO, "901234",
		    "example.com", "01234@gw.sipgw" },
		{ "dial-number n prefix 9 head 0 tail digits min-tail 4" TO, "90123",
		    "example.com", NULL },
		{ "dial-number n prefix 9 head 0 tail digits min-tail 4" TO, "91234",
		    "example.com", NULL },
		{ "dial-number n prefix 9 head 0 tail digits min-tail 4" TO, "901234x",
		    "example.com", NULL },
		{ "dial-number n prefix 9 tail digits" TO, "9+12", "example.com", NULL },
		{ "dial-number n prefix 9 tail number" TO, "9*12#-", "example.com",
		    "*12#-@gw.sipgw" },
		{ "dial-number n head 112 tail none" TO, "112", "example.com",
		    "112@gw.sipgw" },
		{ "dial-number n head 112 tail none" TO, "1120", "example.com", NULL },
		{ "dial-number n head 11" TO, "11xyz", "example.com", "11xyz@gw.sipgw" },
		{ "dial-number n head 11" TO, "11", "far.example", NULL },
		{ "dial-number n head 11 domain *" TO, "11", "far.example", "11@gw.sipgw" },
		{ "dial-number n head 11 domain Far.example" TO, "11", "far.Example",
		    "11@gw.sipgw" },
		{ "dial-number n head 11 domain far.example" TO, "11", "example.com", NULL },
		{ "dial-number n head 1\ndial-number N head 2" TO, "21", "example.com",
		    "21@gw.sipgw" },
		/* Prefixes of what is forwarded. */
		{ "dial-number n prefix 00\ndial-to gw @gw.sipgw\n"
		    "dial-rule number n forward gw prefix +", "0044123", "example.com",
		    "+44123@gw.sipgw" },
		{ "dial-number n prefix 00\ndial-to gw $n-b@c.example\n"
		    "dial-rule number n forward gw prefix +", "0044", "example.com",
		    "+44-b@c.example" },
		{ "dial-to gw sip:all@example.com\ndial-rule forward gw", "anna",
		    "far.example", "sip:all@example.com" },
		/* Expressions with groups. */
		{ "dial-number n regexp \"^([0-9]{2})(.*)@example\\\\.com$\"\n"
		    "dial-to gw $2-$1@x.example\ndial-rule number n forward gw", "123456",
		    "example.com", "3456-12@x.example" },
		{ "dial-number n regexp \"^0(.*)@\" domain *\ndial-to gw $1$$@x.example\n"
		    "dial-rule number n forward gw", "0123", "far.example",
		    "123$@x.example" },
		{ "dial-number n regexp \"^0(.*)@\"\ndial-to gw $1@x.example\n"
		    "dial-rule number n forward gw", "0123", "far.example", NULL },
		/* S25: given up, so it does not hold. */
		{ "dial-number n regexp \"^(([0-9]*)*)*[xy]@\"" TO,
		    "01234567890123456789012345", "example.com", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct settings		*s;
		struct dialplan		*p = plan_of(cases[i].lines, &s);
		struct dial_match	 m;
		int64_t			 until = INT64_MAX;
		char			 buf[256] = "";
		struct text		 t;
		struct dial_query	 q = {
			.user = str_of(cases[i].user),
			.domain = str_of(cases[i].domain),
			.local = str_caseeq(str_of(cases[i].domain), STR("example.com")),
		};

		text_init(&t, buf, sizeof(buf));
		if ((dialplan_try(p, 0, &q, &m, &until) == DIAL_HOLDS) !=
		    (cases[i].target != NULL))
			fail_msg("%s: %s", cases[i].lines, cases[i].user);
		if (cases[i].target != NULL) {
			assert_int_equal(dialplan_target(p, 0, 0, &m, &t), 0);
			assert_string_equal(buf, cases[i].target);
		}
		assert_true(until == INT64_MAX);
		dialplan_free(p);
		settings_free(s);
	}
}

static void
test_callers_and_times(void **state)
{
	static const char	lines[] =
	    "dial-from staff domain *local\ndial-from staff head boss domain out.example\n"
	    "time-class office mon-fri 08:00-18:00\n"
	    "dial-rule from staff time office reject\n";
	static const struct {
		const char		*user, *domain;
		bool			 local;
		int64_t			 at;	/* Thursday is 0 */
		enum dial_verdict	 verdict;
		int64_t			 until;
	} cases[] = {
		{ "anna", "example.com", true, 9 * 3600, DIAL_HOLDS, 18 * 3600 },
		{ "anna", "example.com", true, 7 * 3600, DIAL_NO_TIME, 8 * 3600 },
		{ "anna", "out.example", false, 9 * 3600, DIAL_NO_FROM, 18 * 3600 },
		{ "bossy", "out.example", false, 9 * 3600, DIAL_HOLDS, 18 * 3600 },
		{ "", "", false, 9 * 3600, DIAL_NO_FROM, 18 * 3600 },
	};
	struct settings		*s;
	struct dialplan		*p = plan_of(lines, &s);
	struct dial_match	 m;

	assert_true(dialplan_wants_caller(p, 0));
	assert_int_equal(dialplan_rule(p, 0)->actions, DIAL_REJECT);
	assert_int_equal(dialplan_rule(p, 0)->line, 6);
	assert_string_equal(dialplan_rule(p, 0)->text, "from staff time office reject");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dial_query	q = {
			.from_user = str_of(cases[i].user),
			.from_domain = str_of(cases[i].domain),
			.from_local = cases[i].local, .now_s = cases[i].at,
			.user = STR("1"), .domain = STR("example.com"), .local = true,
		};
		int64_t			until = INT64_MAX;

		assert_int_equal(dialplan_try(p, 0, &q, &m, &until), cases[i].verdict);
		assert_int_equal(until, cases[i].until);
	}
	dialplan_free(p);
	settings_free(s);
}

/* Each with its place and what to do; all of a file at once. */
static void
test_complaints(void **state)
{
#define N	"dial-number n head 1\n"
	static const struct {
		const char	*lines;
		unsigned	 line, column;
		const char	*says;
	} bad[] = {
		{ "dial-from", 3, 1, "wants a value" },
		{ "dial-from a", 3, 11, "what is to be matched" },
		{ "dial-from \"a b\" head 1", 3, 11, "bad name" },
		{ "dial-from a heda 1", 3, 13, "did you mean \"head\"?" },
		{ "dial-from a head", 3, 13, "is missing" },
		{ "dial-from a tail digit", 3, 18, "did you mean \"digits\"?" },
		{ "dial-from a min-tail x", 3, 22, "a number from 0 to 255" },
		{ "dial-from a domain *.example.com", 3, 20, "only * and *local" },
		{ "dial-from a regexp \"^(a\"", 3, 20, "bad expression, after 3" },
		{ "dial-from a regexp \"a**\"", 3, 20, "two repetitions in a row" },
		{ "dial-from a regexp a head 1", 3, 27, "stands alone" },
		{ "dial-to a", 3, 9, "an address is missing" },
		{ "dial-to a bob", 3, 11, "is no address" },
		{ "dial-to a @", 3, 11, "is no address" },
		{ "dial-to a $x@b", 3, 11, "behind $ stands n" },
		{ "dial-to a 1@b 2@b 3@b 4@b 5@b 6@b 7@b 8@b 9@b", 3, 43, "at most 8" },
		{ "dial-rule from a reject", 3, 16, "no dial-from \"a\"" },
		{ N "dial-rule number m reject", 4, 18, "no dial-number \"m\"; did you mean \"n\"?" },
		{ "dial-rule time office reject", 3, 16, "no time-class \"office\"" },
		{ "time-class ofice mon\ndial-rule time office reject", 4, 16,
		    "did you mean \"ofice\"?" },
		{ "dial-rule forward gw", 3, 19, "no dial-to \"gw\"" },
		{ "dial-rule auth", 3, 11, "what is to be done" },
		{ "dial-rule auth reject", 3, 16, "is not forwarded" },
		{ "dial-to a b@c\ndial-rule allow forward a", 4, 25, "leaves the dial plan" },
		{ "dial-rule allow prefix 0", 3, 24, "a prefix is for" },
		{ "dial-rule allow enum-prefix 0", 3, 29, "is for enum" },
		{ "dial-rule allow relay", 3, 17, "relay is for what is forwarded" },
		{ "dial-to a b@c\ndial-rule auth forward a relay", 4, 26, "who has signed in" },
		{ N "dial-to a $1@c\ndial-rule number n forward a", 5, 28, "group $1" },
		{ "dial-number n regexp \"^(a)\"\ndial-to a $2@c\ndial-rule number n forward a",
		    5, 28, "group $2" },
		{ "dial-rule rejct", 3, 11, "did you mean \"reject\"?" },
		{ "time-class x mon-fry", 3, 14, "is no time" },
		{ "time-class x 8-18", 3, 14, "is no time" },
		{ "time-class x 08:00-08:00", 3, 14, "is no time" },
		{ "time-class x 25:00-26:00", 3, 14, "is no time" },
		{ "time-class x 2026-13-01", 3, 14, "is no time" },
		{ "time-class x 2026-12-26..2026-12-24", 3, 14, "is no time" },
		{ "time-class x zone Europe/Berln", 3, 19, "no time zone" },
		{ "dial-plan of", 3, 11, "did you mean \"off\"?" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct complaints	out = { 0 };

		assert_null(build(bad[i].lines, &out));
		if (out.errors != 1 || strstr(out.v[0].text, bad[i].says) == NULL ||
		    out.v[0].line != bad[i].line || out.v[0].column != bad[i].column)
			fail_msg("%s: %u errors, %u:%u: %s", bad[i].lines,
			    (unsigned)out.errors, out.v[0].line, out.v[0].column,
			    out.v[0].text);
		complaints_fini(&out);
	}
}

static void
test_warnings(void **state)
{
	static const struct {
		const char	*lines, *says;
	} warn[] = {
		{ "dial-to a b@c.d\ndial-rule forward a relay", "strangers too" },
		{ "dial-rule allow\ndial-rule reject", "never reached: line 3" },
	};

	for (size_t i = 0; i < sizeof(warn) / sizeof(warn[0]); i++) {
		struct complaints	 out = { 0 };
		struct settings		*s = build(warn[i].lines, &out);

		assert_non_null(s);
		assert_int_equal(out.n, 1);
		assert_non_null(strstr(out.v[0].text, warn[i].says));
		settings_free(s);
		complaints_fini(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_callers_and_times),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_warnings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
