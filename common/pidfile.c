/*
 * pidfile - the lock of a running daemon and the pid inside it.
 */
#include "common/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int
pidfile_take(const char *path, long *holder)
{
	char	text[32];
	ssize_t	n;
	int	error, fd, len;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd == -1)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		error = errno == EWOULDBLOCK ? -EBUSY : -errno;
		n = read(fd, text, sizeof(text) - 1);
		text[n > 0 ? n : 0] = '\0';
		*holder = strtol(text, NULL, 10);
		close(fd);
		return error;
	}
	fchmod(fd, 0644);	/* sipctl of anybody may look whether we live */
	len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) == -1 || pwrite(fd, text, (size_t)len, 0) != len) {
		error = errno != 0 ? -errno : -EIO;
		close(fd);
		return error;
	}
	return fd;
}
