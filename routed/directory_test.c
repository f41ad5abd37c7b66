/* directory: what was answered is there after a restart; a full disk changes nothing. */
#include "routed/directory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <signal.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/log.h"

struct room {
	struct loop	*loop;
	struct directory	*directory;
	char		 dir[40];
	char		 path[64];
	unsigned	 done;
	int		 error;
};

static void
open_it(struct room *r)
{
	r->directory = directory_new(NULL);
	assert_int_equal(directory_open(r->directory, r->loop, r->path), 0);
}

static int
setup(void **state)
{
	struct room	*r = xcalloc(1, sizeof(*r));

	strcpy(r->dir, "/tmp/directory_test.XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	snprintf(r->path, sizeof(r->path), "%s/routed.db", r->dir);
	r->loop = loop_new();
	open_it(r);
	*state = r;
	return 0;
}

static int
teardown(void **state)
{
	static const char *const	tails[] = { "", "-wal", "-shm" };
	struct room			*r = *state;
	char				 path[80];

	directory_free(r->directory);
	loop_free(r->loop);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", r->path, tails[i]);
		unlink(path);
	}
	rmdir(r->dir);
	free(r);
	return 0;
}

static void
done(void *arg, int error, enum entry_kind kind, struct str name)
{
	struct room	*r = arg;

	r->done++;
	r->error = error;
}

static void
change(struct room *r, const char *name, const char *target)
{
	unsigned	before = r->done;

	assert_int_equal(directory_change(r->directory, ENTRY_ALIAS, str_of(name),
	    str_of(target), done, r), 0);
	assert_int_equal(r->done, before);
	while (r->done == before)
		loop_once(r->loop, 1000);
}

static void
assert_alias(struct room *r, const char *name, const char *target)
{
	const struct entry	*a = directory_find(r->directory, str_of(name));

	if (target == NULL)
		assert_null(a);
	else {
		assert_non_null(a);
		assert_string_equal(a->value, target);
	}
}

static void
test_survives(void **state)
{
	struct room	*r = *state;

	change(r, "sales@x", "anna@x");
	change(r, "@old", "@new");
	change(r, "gone@x", "anna@x");
	change(r, "sales@x", "bo@x");
	change(r, "gone@x", "");
	assert_int_equal(r->error, 0);
	assert_alias(r, "sales@x", "bo@x");
	directory_free(r->directory);
	open_it(r);
	assert_alias(r, "sales@x", "bo@x");
	assert_alias(r, "@old", "@new");
	assert_alias(r, "gone@x", NULL);
	assert_int_equal(directory_count(r->directory, ENTRY_ALIAS), 2);
}

/* Many at once: bounded, one commit, all answered. */
static void
test_bounded(void **state)
{
	struct room	*r = *state;
	char		 name[32];
	int		 error = 0;

	for (int i = 0; i < DIRECTORY_WAITING + 1; i++) {
		snprintf(name, sizeof(name), "n%d@x", i);
		error = directory_change(r->directory, ENTRY_ALIAS, str_of(name), STR("anna@x"),
		    done, r);
	}
	assert_int_equal(error, -EAGAIN);
	while (r->done < DIRECTORY_WAITING)
		loop_once(r->loop, 1000);
	assert_int_equal(directory_waiting(r->directory), 0);
	assert_int_equal(directory_count(r->directory, ENTRY_ALIAS), DIRECTORY_WAITING);
}

/* The disk refuses: the old alias holds, and a later change goes through. */
static void
test_disk_full(void **state)
{
	struct room	*r = *state;
	struct rlimit	 limit, none;

	change(r, "sales@x", "anna@x");
	signal(SIGXFSZ, SIG_IGN);
	log_level_set(LOG_FAILURE);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	none = limit;
	none.rlim_cur = 1;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	change(r, "sales@x", "bo@x");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	log_level_set(LOG_PROBLEMS);
	assert_true(r->error < 0);
	assert_alias(r, "sales@x", "anna@x");
	change(r, "sales@x", "carl@x");
	assert_int_equal(r->error, 0);
	assert_alias(r, "sales@x", "carl@x");
}

/* Changes under way are written before the end, and their askers hear of it. */
static void
test_free_finishes(void **state)
{
	struct room	*r = *state;

	assert_int_equal(directory_change(r->directory, ENTRY_ALIAS, STR("last@x"), STR("anna@x"),
	    done, r), 0);
	directory_free(r->directory);
	assert_int_equal(r->done, 1);
	open_it(r);
	assert_alias(r, "last@x", "anna@x");
}

static void
test_bad_store(void **state)
{
	struct directory	*a = directory_new(NULL);
	struct room	*r = *state;

	assert_true(directory_open(a, r->loop, "/nowhere/at/all.db") < 0);
	directory_free(a);
}

int
main(void)
{
#define T(name)	cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest	tests[] = {
		T(test_survives),
		T(test_bounded),
		T(test_disk_full),
		T(test_free_finishes),
		T(test_bad_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
