/* dirs: -C, the environment, neither; names that a socket can have. */
#include "common/dirs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void
test_find(void **state)
{
	static const struct {
		const char	*arg, *environment, *run;
	} cases[] = {
		{ NULL, NULL, "/run/cordboard" },
		{ NULL, "", "/run/cordboard" },
		{ NULL, "/a", "/a/run" },
		{ "/b", "/a", "/b/run" },
		{ "/b/", NULL, "/b/run" },
		{ "/b//", NULL, "/b/run" },
		{ "x", NULL, "/tmp/x/run" },
		{ "./x", NULL, "/tmp/x/run" },
		{ ".", NULL, "/tmp/run" },
		{ "/", NULL, "/run" },
	};
	struct dirs	d;

	assert_int_equal(chdir("/tmp"), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (cases[i].environment != NULL)
			setenv("CORDBOARD_DIR", cases[i].environment, 1);
		else
			unsetenv("CORDBOARD_DIR");
		assert_int_equal(dirs_find(&d, cases[i].arg), 0);
		assert_string_equal(d.run, cases[i].run);
	}
	unsetenv("CORDBOARD_DIR");
	assert_int_equal(dirs_find(&d, NULL), 0);
	assert_string_equal(d.etc, "/etc/cordboard");
	assert_string_equal(d.state, "/var/lib/cordboard");
	assert_string_equal(d.log, "/var/log/cordboard");
}

static void
test_too_long(void **state)
{
	char		path[5000];
	struct dirs	d;
	int		longest = 0;

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	for (int n = 60; n < 120; n++) {
		path[n] = '\0';
		if (dirs_find(&d, path) == 0)
			longest = n;
		path[n] = 'x';
	}
	/* All of a unix socket's 107 but /run and the longest name in it. */
	assert_in_range(longest, 75, 85);
	path[4999] = '\0';
	assert_int_equal(dirs_find(&d, path), -ENAMETOOLONG);
}

static void
test_names(void **state)
{
	struct dirs	d;
	char		buf[4200];

	assert_int_equal(dirs_find(&d, "/b"), 0);
	assert_string_equal(dirs_bus(buf, &d, "regd"), "ipc:///b/run/bus/regd");
	assert_string_equal(dirs_monitor(buf, &d, "regd"),
	    "ipc:///b/run/monitor/regd");
	assert_string_equal(dirs_feed(buf, &d, "regd"),
	    "ipc:///b/run/bus/regd.feed");
	assert_string_equal(dirs_path(buf, d.state, "generations/%d", 7),
	    "/b/state/generations/7");
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
