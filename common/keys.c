/*
 * keys - secret keys in files of 64 octets: the present key, the one before.
 *
 * A new file is written under a name of its own and linked to its place, so
 * that nobody reads half a key; whoever comes second reads the first one's.
 */
#include "common/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int
read_ring(struct keyring *k, int dir, const char *name)
{
	struct keyring	in;
	struct stat	st;
	ssize_t		n;
	int		error = 0;
	int		fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd == -1)
		return -errno;
	n = read(fd, &in, sizeof(in));
	if (n == -1 || fstat(fd, &st) == -1)
		error = -errno;
	else if (n != (ssize_t)sizeof(in) || st.st_size != (off_t)sizeof(in))
		error = -EBADMSG;
	else if ((st.st_mode & 077) != 0)
		error = -EPERM;		/* others can read it: no secret */
	close(fd);
	if (error == 0)
		*k = in;
	explicit_bzero(&in, sizeof(in));
	return error;
}

static int
write_new(int fd)
{
	struct keyring	k;
	ssize_t		n;
	int		error = 0;

	/* Both random: a second key of zeros would verify what anybody signs. */
	if (getrandom(&k, sizeof(k), 0) != (ssize_t)sizeof(k))
		return -EIO;
	n = write(fd, &k, sizeof(k));
	if (n != (ssize_t)sizeof(k))
		error = n == -1 ? -errno : -ENOSPC;
	else if (fsync(fd) == -1)
		error = -errno;
	explicit_bzero(&k, sizeof(k));
	return error;
}

static int
create_ring(int dir, const char *name)
{
	char	temp[128];
	int	error, fd;

	if (snprintf(temp, sizeof(temp), ".%s.%ld", name, (long)getpid()) >=
	    (int)sizeof(temp))
		return -ENAMETOOLONG;
	unlinkat(dir, temp, 0);		/* of a process that had our number */
	fd = openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return -errno;
	error = write_new(fd);
	close(fd);
	if (error == 0 && linkat(dir, temp, dir, name, 0) == -1 &&
	    errno != EEXIST)
		error = -errno;
	unlinkat(dir, temp, 0);
	if (error == 0 && fsync(dir) == -1)
		error = -errno;
	return error;
}

int
keys_load(struct keyring *k, const char *dir, const char *name)
{
	int	error, fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return -errno;
	error = read_ring(k, fd, name);
	if (error == -ENOENT) {
		error = create_ring(fd, name);
		if (error == 0)
			error = read_ring(k, fd, name);
	}
	close(fd);
	return error;
}
