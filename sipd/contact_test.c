/* contact_test - Contacts as the bus carries them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sipd/contact.h"

static void
test_read(void **state)
{
	static const struct {
		const char	*in;
		int		 error;
		const char	*uri, *params;
		unsigned	 q;
		int64_t		 expires_s;
		const char	*instance;
		unsigned	 reg_id;
	} cases[] = {
		{ "<sip:a@h;x>", 0, "sip:a@h;x", "", 1000, -1, "", 0 },
		{ "sip:a@h;q=0.5;expires=60;b; +sip.instance=\"<urn:uuid:1>\";"
		    "c = \"d;e\";reg-id=1", 0, "sip:a@h", "b;c = \"d;e\"", 500, 60,
		    "<urn:uuid:1>", 1 },
		{ "<sip:a@h>;Expires=\"120\";Q=1", 0, "sip:a@h", "", 1000, 120, "", 0 },
		{ "<sip:a@h>;expires=soon", 0, "sip:a@h", "", 1000, 3600, "", 0 },
		{ "<sip:a@h>;expires=99999999999", 0, "sip:a@h", "", 1000,
		    UINT32_MAX, "", 0 },
		{ "<sip:a@h>;q=2", -EBADMSG },
		{ "<sip:a@h>;reg-id=0", -EBADMSG },
		{ "<sip:a@h>;reg-id=x", -EBADMSG },
		{ "*", -EBADMSG },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		__typeof__(cases[0])	*c = &cases[i];
		char			 buf[256];
		struct rec_contact	 r;
		struct nameaddr		 a;
		struct text		 t;

		assert_int_equal(nameaddr_parse(&a, str_of(c->in)), 0);
		text_init(&t, buf, sizeof(buf));
		if (contact_read(&r, &a, &t) != c->error)
			fail_msg("%s", c->in);
		if (c->error != 0)
			continue;
		assert_true(str_eq(r.uri, str_of(c->uri)));
		assert_true(str_eq(r.params, str_of(c->params)));
		assert_int_equal(r.q, c->q);
		assert_int_equal(r.expires_s, c->expires_s);
		assert_true(str_eq(r.instance, str_of(c->instance)));
		assert_int_equal(r.reg_id, c->reg_id);
	}
}

static void
test_full(void **state)
{
	char			buf[8];
	struct rec_contact	r;
	struct nameaddr		a;
	struct text		t;

	assert_int_equal(nameaddr_parse(&a, STR("<sip:a@h>;abc=def;ghi=jkl")), 0);
	text_init(&t, buf, sizeof(buf));
	assert_int_equal(contact_read(&r, &a, &t), -EMSGSIZE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
