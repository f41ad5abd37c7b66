/* log_source - one daemon's file of records, and what rotates it. */
#include "sipctl/log_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP	65536

/* A regular file, or -1. */
static int
file_open(const char *path, struct stat *st)
{
	int	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static void
read_to_end(struct log_source *s, int fd)
{
	ssize_t	n;

	while (s->len < 2 * (size_t)LOG_TAIL_MAX) {
		if (s->size - s->len < STEP) {
			s->size += s->size > STEP ? s->size : STEP;
			s->text = xrealloc(s->text, 1, s->size);
		}
		n = read(fd, s->text + s->len, s->size - s->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		s->len += (size_t)n;
	}
}

/* What was rotated away last, from this octet on. False: it is not there. */
static bool
read_rotated(struct log_source *s, off_t from)
{
	char		path[4200];
	struct stat	st;
	int		fd;

	snprintf(path, sizeof(path), "%s.1", s->path);
	fd = file_open(path, &st);
	if (fd < 0)
		return false;
	if (st.st_size < from) {
		close(fd);
		return false;
	}
	if (st.st_size - from > LOG_TAIL_MAX)
		from = st.st_size - LOG_TAIL_MAX;
	lseek(fd, from, SEEK_SET);
	read_to_end(s, fd);
	close(fd);
	return true;
}

static void
begin(struct log_source *s)
{
	struct stat	st;

	s->fd = file_open(s->path, &st);
	if (s->fd < 0)
		return;
	s->inode = st.st_ino;
	if (st.st_size > LOG_TAIL_MAX)
		lseek(s->fd, st.st_size - LOG_TAIL_MAX, SEEK_SET);
}

void
log_source_open(struct log_source *s, bool history)
{
	if (history)
		(void)read_rotated(s, 0);
	begin(s);
}

void
log_source_close(struct log_source *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->text);
}

void
log_source_read(struct log_source *s)
{
	if (s->fd >= 0)
		read_to_end(s, s->fd);
}

struct str
log_source_lines(const struct log_source *s)
{
	struct str	whole = str_make(s->text, s->len);
	ptrdiff_t	end = str_rchr(whole, '\n');

	whole.len = end < 0 ? 0 : (size_t)end;
	return end < 0 ? STR_NONE : whole;
}

void
log_source_forget(struct log_source *s)
{
	ptrdiff_t	end = str_rchr(str_make(s->text, s->len), '\n');

	if (end < 0)
		return;
	s->len -= (size_t)end + 1;
	memmove(s->text, s->text + end + 1, s->len);
}

bool
log_source_follow(struct log_source *s)
{
	struct stat	st;
	off_t		at;
	bool		whole = true;

	if (s->fd >= 0) {
		at = lseek(s->fd, 0, SEEK_CUR);
		if (stat(s->path, &st) < 0)
			return true;		/* renamed, and not made anew yet */
		if (st.st_ino == s->inode && at <= st.st_size)
			return true;
		if (st.st_ino == s->inode)
			whole = read_rotated(s, at);
		else
			read_to_end(s, s->fd);
		close(s->fd);
	}
	begin(s);
	return whole;
}
