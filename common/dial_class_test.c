#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "common/dial_class.h"

static void
one_of_the_words(void **state)
{
	char			 boss[] = "boss", night[] = "night";
	char			*boss_night[] = { boss, night };
	const struct set_texts	 wanted = { boss_night, 2 }, none = { NULL, 0 };
	static const struct {
		const char	*has;
		bool		 fits;
	} table[] = {
		{ "", false }, { "staff", false }, { "boss", true },
		{ "staff,NIGHT", true }, { "staff, night", true },
		{ "staff night", true }, { "bossy", false }, { " , ,", false },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(dial_class_fits(&wanted, str_of(table[i].has)),
		    table[i].fits);
		assert_true(dial_class_fits(&none, str_of(table[i].has)));
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(one_of_the_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
