/*
 * file - whole files in and out, so that a crash leaves the old or the new one.
 */
#include "common/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int
write_all(int fd, struct str text)
{
	ssize_t	n;

	while (text.len > 0) {
		n = write(fd, text.s, text.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text.s += n;
		text.len -= (size_t)n;
	}
	return 0;
}

static int
sync_directory(const char *path)
{
	char	 dir[4096], *slash;
	int	 fd, e = 0;

	if (!str_copy(dir, sizeof(dir), str_of(path)))
		return -ENAMETOOLONG;
	slash = strrchr(dir, '/');
	if (slash == NULL)
		strcpy(dir, ".");
	else
		slash[slash == dir ? 1 : 0] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fsync(fd) < 0)
		e = -errno;
	close(fd);
	return e;
}

int
file_replace(const char *path, struct str text, unsigned mode)
{
	char		temp[4096];
	struct stat	old;
	int		fd, e;

	if ((size_t)snprintf(temp, sizeof(temp), "%s.XXXXXX", path) >= sizeof(temp))
		return -ENAMETOOLONG;
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	e = write_all(fd, text);
	if (e == 0 && fchmod(fd, mode) < 0)
		e = -errno;
	/* The owner stays who it was, where we may say so. */
	if (e == 0 && stat(path, &old) == 0 &&
	    fchown(fd, old.st_uid, old.st_gid) < 0 && errno != EPERM)
		e = -errno;
	if (e == 0 && fsync(fd) < 0)
		e = -errno;
	if (close(fd) < 0 && e == 0)
		e = -errno;
	if (e == 0 && rename(temp, path) < 0)
		e = -errno;
	if (e < 0) {
		unlink(temp);
		return e;
	}
	return sync_directory(path);
}

int
file_read(const char *path, size_t max, char **text, size_t *len)
{
	char	*s = NULL;
	size_t	 n = 0, size = 0;
	ssize_t	 got;
	int	 fd, e = 0;

	/* O_NONBLOCK: a fifo in the way must not stop us. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	for (;;) {
		if (size - n < 2) {
			size = size == 0 ? 8192 : size * 2;
			s = xrealloc(s, 1, size);
		}
		got = read(fd, s + n, size - n - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			e = -errno;
		if (got <= 0)
			break;
		n += (size_t)got;
		if (n > max) {
			e = -EFBIG;
			break;
		}
	}
	close(fd);
	if (e < 0) {
		free(s);
		return e;
	}
	s[n] = '\0';
	*text = s;
	*len = n;
	return 0;
}
