/* keys: made once, the same for all, secret. */
#include "common/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char	dir[] = "/tmp/keys_test.XXXXXX";
static char	path[64];

static int
set_up(void **state)
{
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/nonce", dir);
	return 0;
}

static int
tear_down(void **state)
{
	unlink(path);
	return rmdir(dir);	/* fails when something was left behind */
}

static void
test_made_once(void **state)
{
	struct keyring	a, b;
	struct stat	st;

	assert_int_equal(keys_load(&a, dir, "nonce"), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(keys_load(&b, dir, "nonce"), 0);
	assert_memory_equal(&a, &b, sizeof(a));
	assert_memory_not_equal(a.key[0], a.key[1], KEY_LEN);
	unlink(path);
	assert_int_equal(keys_load(&b, dir, "nonce"), 0);
	assert_memory_not_equal(&a, &b, sizeof(a));
}

static void
test_refused(void **state)
{
	struct keyring	k = { .key = { { 7 } } };

	assert_int_equal(keys_load(&k, "/nonexistent", "nonce"), -ENOENT);
	assert_int_equal(truncate(path, 63), 0);
	assert_int_equal(keys_load(&k, dir, "nonce"), -EBADMSG);
	assert_int_equal(truncate(path, 65), 0);
	assert_int_equal(keys_load(&k, dir, "nonce"), -EBADMSG);
	assert_int_equal(truncate(path, 64), 0);
	chmod(path, 0640);
	assert_int_equal(keys_load(&k, dir, "nonce"), -EPERM);
	unlink(path);
	assert_int_equal(symlink("/dev/zero", path), 0);
	assert_int_equal(keys_load(&k, dir, "nonce"), -ELOOP);
	unlink(path);
	assert_int_equal(k.key[0][0], 7);	/* untouched on error */
}

/* Five daemons start at once: all have the same key. */
static void
test_race(void **state)
{
	struct keyring	all[5], k;
	int		go[2], back[2], status;
	char		c;

	assert_int_equal(pipe(go) | pipe(back), 0);
	for (int i = 0; i < 5; i++)
		if (fork() == 0) {
			close(go[1]);
			if (read(go[0], &c, 1) != 0)	/* until it is closed */
				_exit(1);
			if (keys_load(&k, dir, "nonce") != 0 ||
			    write(back[1], &k, sizeof(k)) != sizeof(k))
				_exit(1);
			_exit(0);
		}
	close(go[0]);
	close(go[1]);
	for (int i = 0; i < 5; i++) {
		wait(&status);
		assert_int_equal(status, 0);
	}
	for (int i = 0; i < 5; i++) {
		assert_int_equal(read(back[0], &all[i], sizeof(k)), sizeof(k));
		assert_memory_equal(&all[i], &all[0], sizeof(k));
	}
	close(back[0]);
	close(back[1]);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_made_once),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_race),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
