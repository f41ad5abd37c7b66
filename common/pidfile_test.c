/* pidfile: one of a name, named by its pid, free when it is dead. */
#include "common/pidfile.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void
test_one(void **state)
{
	char	dir[] = "/tmp/pidfile_test.XXXXXX", path[64], c;
	long	holder = 0;
	int	fd, ready[2];
	pid_t	pid;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.pid", dir);
	assert_int_equal(pipe(ready), 0);
	if ((pid = fork()) == 0) {
		if (pidfile_take(path, &holder) < 0 ||
		    write(ready[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(pidfile_take(path, &holder), -EBUSY);
	assert_int_equal(holder, pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	fd = pidfile_take(path, &holder);
	assert_true(fd >= 0);
	assert_int_equal(pidfile_take(path, &holder), -EBUSY);
	assert_int_equal(holder, getpid());
	close(fd);
	unlink(path);
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(pidfile_take(path, &holder), -ELOOP);
	unlink(path);
	rmdir(dir);
	assert_int_equal(pidfile_take(path, &holder), -ENOENT);
	close(ready[0]);
	close(ready[1]);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
