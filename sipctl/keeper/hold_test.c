/* hold: descriptors by name, in order, within bounds. */
#include "sipctl/keeper/keeper.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static bool
closed(int fd)
{
	return fcntl(fd, F_GETFD) == -1;
}

static void
test_order(void **state)
{
	struct hold	h = { 0 };
	int		fds[5];
	size_t		n;

	for (int i = 0; i < 5; i++) {
		fds[i] = open("/dev/null", O_RDONLY);
		assert_true(hold_add(&h, i % 2 == 0 ? "r" : "u1", fds[i]));
	}
	assert_string_equal(hold_names(&h, &n), "r:u1:r:u1:r");
	assert_int_equal(n, 5);
	hold_remove(&h, "r");
	assert_string_equal(hold_names(&h, &n), "u1:u1");
	assert_int_equal(h.v[0].fd, fds[1]);
	assert_int_equal(h.v[1].fd, fds[3]);
	assert_true(closed(fds[0]) && closed(fds[2]) && closed(fds[4]));
	assert_false(closed(fds[1]));
	hold_remove(&h, "nobody");
	assert_int_equal(h.n, 2);
	hold_clear(&h);
	assert_true(closed(fds[1]) && closed(fds[3]));
	assert_string_equal(hold_names(&h, &n), "");
	assert_int_equal(n, 0);
}

static void
test_refused(void **state)
{
	static const char *const	names[] = { "", "a:b",
	    "a-name-that-is-much-too-long-for-anything-that-somebody-would-use" };
	struct hold			h = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int fd = open("/dev/null", O_RDONLY);

		assert_false(hold_add(&h, names[i], fd));
		assert_true(closed(fd));
	}
	assert_int_equal(h.n, 0);
	hold_clear(&h);
}

/* More names than one environment string takes. */
static void
test_names_do_not_fit(void **state)
{
	struct hold	h = { 0 };
	char		name[HOLD_NAME];
	const char	*names;
	size_t		n;

	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "%050d", i);
		hold_add(&h, name, -1);		/* the number does not matter */
	}
	names = hold_names(&h, &n);
	assert_true(n > 2000 && n < 3000);
	assert_true(strlen(names) < 128 * 1024);
	assert_int_equal(strlen(names), n * 51 - 1);
	hold_clear(&h);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_names_do_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
