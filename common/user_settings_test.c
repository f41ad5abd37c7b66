/*
 * user_settings_test - server, domain, account (row 107): what counts, where it
 * comes from, how an account's own lines are changed.
 */
#include "common/user_settings.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#define LISTEN	"listen udp:127.0.0.1:5060\n"

static struct settings *
build(const char *text)
{
	struct complaints	 c = { 0 };
	struct conf		*conf = conf_parse("sip.conf", str_of(text), &c);
	struct settings		*s;

	assert_non_null(conf);
	s = settings_build(conf, &c);
	conf_free(conf);
	if (s == NULL)
		fail_msg("%s", c.v[0].text);
	complaints_fini(&c);
	return s;
}

static void
test_levels(void **state)
{
	struct settings		*s = build("domain example.com {\n max-contacts 3\n"
				    " pstn off\n networks [10.0.0.0/8]\n}\n"
				    "domain other.org\n" LISTEN
				    "max-contacts 7\nmax-expires 2h\n");
	struct user_policy	 p;
	char			 buf[4096];
	struct text		 t;

	assert_int_equal(s->domains.n, 2);
	user_policy_make(&p, s, STR("EXAMPLE.com"), STR("max-contacts 1\n"));
	assert_int_equal(p.v.max_contacts, 1);
	assert_int_equal(p.level[USER_SETTING_max_contacts], LEVEL_ACCOUNT);
	assert_false(p.v.pstn);
	assert_int_equal(p.level[USER_SETTING_pstn], LEVEL_DOMAIN);
	assert_int_equal(p.v.max_expires, 7200000);
	assert_int_equal(p.level[USER_SETTING_max_expires], LEVEL_SERVER);
	assert_int_equal(p.v.networks.n, 1);
	user_policy_fini(&p);
	user_policy_make(&p, s, STR("other.org"), STR("pstn on\nnetworks []\n"));
	assert_int_equal(p.v.max_contacts, 7);
	assert_true(p.v.pstn);
	assert_int_equal(p.v.networks.n, 0);
	user_policy_fini(&p);
	text_init(&t, buf, sizeof(buf));
	settings_print(s, true, &t);
	buf[t.len] = '\0';
	assert_non_null(strstr(buf, "domain example.com {\n    networks 10.0.0.0/8\n"
	    "    pstn off\n    max-contacts 3\n}\n"));
	settings_free(s);
}

/* Row 45: off anywhere is off, whatever the levels below say. */
static void
test_service(void **state)
{
	static const struct {
		const char	*conf, *own;
		bool		 on;
		uint8_t		 level;
	} cases[] = {
		{ "domain x\n" LISTEN, "", true, LEVEL_SERVER },
		{ "domain x\n" LISTEN, "service off\n", false, LEVEL_ACCOUNT },
		{ "domain x { service off\n }\n" LISTEN, "service on\n", false, LEVEL_DOMAIN },
		{ "domain x { service on\n }\n" LISTEN, "service off\n", false, LEVEL_ACCOUNT },
		{ "service off\ndomain x { service on\n }\n" LISTEN, "", false, LEVEL_SERVER },
	};
	struct user_policy	 p;
	struct settings		*s;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		s = build(cases[i].conf);
		user_policy_make(&p, s, STR("x"), str_of(cases[i].own));
		assert_int_equal(p.v.service, cases[i].on);
		assert_int_equal(p.level[USER_SETTING_service], cases[i].level);
		user_policy_fini(&p);
		settings_free(s);
	}
}

static void
test_change(void **state)
{
	static const struct {
		const char	*own, *change, *out, *why;
	} cases[] = {
		{ "", "max-contacts 5\n", "max-contacts 5\n", NULL },
		{ "pstn off\nmax-contacts 5\n", "max-contacts 6\n",
		    "pstn off\nmax-contacts 6\n", NULL },
		{ "pstn off\nmax-contacts 5\n", "pstn\n", "max-contacts 5\n", NULL },
		{ "pstn off\n", "pstn\nmax-expires 2h\n", "max-expires 2h\n", NULL },
		{ "", "max-contacts 0\n", NULL, "out of range" },
		{ "", "max-contact 5\n", NULL, "no setting \"max-contact\"" },
		{ "", "timer-b 5s\n", NULL, "no setting" },
		{ "", "networks [10.0.0.1/8]\n", NULL, "bad network" },
		{ "", "networks [\"#office\"]\n", NULL, "not lists" },
		{ "", "rights { }\n", NULL, "" },
		{ "", "pstn off }\n", NULL, "" },
		{ "", "digest-algorithms [sha-256, md5]\n",
		    "digest-algorithms [sha-256, md5]\n", NULL },
	};
	char		buf[256], why[256];
	struct text	t;
	int		error;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_init(&t, buf, sizeof(buf));
		why[0] = '\0';
		error = user_settings_change(str_of(cases[i].own),
		    str_of(cases[i].change), &t, why, sizeof(why));
		if (cases[i].out == NULL) {
			assert_int_equal(error, -EBADMSG);
			assert_non_null(strstr(why, cases[i].why));
			continue;
		}
		assert_int_equal(error, 0);
		if (!str_eq(text_str(&t), str_of(cases[i].out)))
			fail_msg("%zu: %.*s", i, STR_ARG(text_str(&t)));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_service),
		cmocka_unit_test(test_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
