/* generation: which one is in force, deadlines, what a crash leaves behind. */
#include "common/generation.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/mono.h"

static char		base[] = "/tmp/generation_test.XXXXXX";
static struct dirs	d;

static int
set_up(void **state)
{
	assert_non_null(mkdtemp(base));
	assert_int_equal(dirs_find(&d, base), 0);
	assert_int_equal(mkdir(d.state, 0755), 0);
	return 0;
}

static int
fresh(void **state)
{
	char	command[128];

	snprintf(command, sizeof(command), "rm -rf %s/state/*", base);
	return system(command);
}

static int
tear_down(void **state)
{
	char	command[128];

	snprintf(command, sizeof(command), "rm -rf %s", base);
	return system(command);
}

/* until_ms: 0 no deadline, else from now; boot NULL: this one. */
static void
make(uint64_t n, int64_t until_ms, const char *boot)
{
	struct generation	g = { .number = n, .when_ms = (int64_t)n * 1000,
				    .based_on = n - 1, .user = "anna" };
	char			text[32];

	snprintf(g.why, sizeof(g.why), "change %d", (int)n);
	if (until_ms != 0) {
		g.confirm = true;
		g.confirm_until_ms = boot_ms() + until_ms;
		snprintf(g.boot, sizeof(g.boot), "%s",
		    boot != NULL ? boot : boot_id());
	}
	snprintf(text, sizeof(text), "text %d", (int)n);
	assert_int_equal(generation_write(&d, &g, text, strlen(text)), 0);
	assert_int_equal(generation_commit(&d, n), 0);
}

/* 0: none. */
static uint64_t
in_force(void)
{
	struct generation	g = { .number = 77 };
	int			error = generation_in_force(&d, &g);

	if (error == 0)
		return g.number;
	assert_int_equal(error, -ENOENT);
	assert_int_equal(g.number, 77);
	return 0;
}

static void
test_commit(void **state)
{
	struct generation	g = { .number = 1, .user = "a\nwhy evil",
				    .why = "because" };
	char			*text;
	uint64_t		 len;

	assert_int_equal(in_force(), 0);
	assert_int_equal(generation_last(&d), 0);
	assert_int_equal(generation_write(&d, &g, "one", 3), 0);
	assert_int_equal(in_force(), 0);	/* a crash before the rename */
	assert_int_equal(generation_last(&d), 1);
	assert_int_equal(generation_write(&d, &g, "two", 3), -EEXIST);
	assert_int_equal(generation_commit(&d, 1), 0);
	assert_int_equal(in_force(), 1);
	assert_int_equal(generation_write(&d, &g, "two", 3), -EEXIST);
	assert_int_equal(generation_commit(&d, 1), -ENOENT);
	assert_int_equal(generation_read(&d, 1, &text, &len), 0);
	assert_int_equal(len, 3);
	assert_string_equal(text, "one");
	free(text);
	assert_int_equal(generation_read(&d, 2, &text, &len), -ENOENT);
	assert_int_equal(generation_in_force(&d, &g), 0);
	assert_string_equal(g.user, "a why evil");
	assert_string_equal(g.why, "because");

	g.number = 2;
	assert_int_equal(generation_write(&d, &g, "", 0), 0);
	assert_int_equal(generation_abort(&d, 2), 0);
	assert_int_equal(generation_last(&d), 1);
	assert_int_equal(generation_abort(&d, 2), -ENOENT);
}

static void
test_deadline(void **state)
{
	struct generation	g;

	make(1, 0, NULL);
	make(2, 60000, NULL);
	assert_int_equal(in_force(), 2);	/* before its deadline */
	assert_int_equal(generation_in_force(&d, &g), 0);
	assert_true(g.confirm && g.confirm_until_ms > boot_ms());
	assert_string_equal(g.boot, boot_id());
	assert_int_equal(generation_fallback(&d, 2, &g), 0);
	assert_int_equal(g.number, 1);
	make(3, -1, NULL);			/* not confirmed in time */
	assert_int_equal(in_force(), 2);
	make(4, 60000, "another-boot");		/* the power went meanwhile */
	assert_int_equal(in_force(), 2);
	/* A fallback is never one that may go back itself. */
	assert_int_equal(generation_fallback(&d, 5, &g), 0);
	assert_int_equal(g.number, 1);
	assert_int_equal(generation_fallback(&d, 1, &g), -ENOENT);
	assert_int_equal(generation_confirm(&d, 4), 0);
	assert_int_equal(in_force(), 4);
	assert_int_equal(generation_in_force(&d, &g), 0);
	assert_false(g.confirm);
	assert_int_equal(generation_confirm(&d, 9), -ENOENT);
}

static void
test_strange_entries(void **state)
{
	static const char *const	names[] = { "0", "01x", "x", "-1",
					    "7.new", "18446744073709551616",
					    ".new", "8" };
	char				path[4096];
	FILE				*f;

	make(1, 0, NULL);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		mkdir(dirs_path(path, d.state, "generations/%s", names[i]),
		    0755);
	assert_int_equal(in_force(), 1);	/* 8 has no meta */
	assert_int_equal(generation_last(&d), 8);
	f = fopen(dirs_path(path, d.state, "generations/8/meta"), "w");
	fputs("when-ms yesterday\n", f);
	fclose(f);
	assert_int_equal(in_force(), 1);
	f = fopen(path, "w");
	fputs("when-ms 5\nof-a-newer-version 7\n\nuser anna\n", f);
	fclose(f);
	assert_int_equal(in_force(), 8);
}

static void
test_list_and_prune(void **state)
{
	struct generation	list[100];

	make(1, 0, NULL);
	make(2, 0, NULL);
	for (int i = 3; i <= 56; i++)
		make((uint64_t)i, -1, NULL);
	/* Fifty, and what is in force: 2. */
	assert_int_equal(generation_list(&d, list, 100), 51);
	assert_int_equal(list[0].number, 56);
	assert_string_equal(list[0].why, "change 56");
	assert_int_equal(list[0].based_on, 55);
	assert_int_equal(list[0].when_ms, 56000);
	assert_int_equal(list[49].number, 7);
	assert_int_equal(list[50].number, 2);
	assert_int_equal(in_force(), 2);
	assert_int_equal(generation_list(&d, list, 3), 3);
	assert_int_equal(list[2].number, 54);
}

static void
test_refused(void **state)
{
	struct generation	g = { .number = 1 };

	assert_int_equal(dirs_find(&d, "/nonexistent"), 0);
	assert_int_equal(generation_write(&d, &g, "", 0), -ENOENT);
	assert_int_equal(generation_in_force(&d, &g), -ENOENT);
	assert_int_equal(generation_list(&d, &g, 1), 0);
	assert_int_equal(dirs_find(&d, base), 0);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup(test_commit, fresh),
		cmocka_unit_test_setup(test_deadline, fresh),
		cmocka_unit_test_setup(test_strange_entries, fresh),
		cmocka_unit_test_setup(test_list_and_prune, fresh),
		cmocka_unit_test_setup(test_refused, fresh),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
