/*
 * recorder_read - reading the flight recorder's rings.
 *
 * A window of the ring is copied at a time; afterwards the head says what of the
 * copy may have been written over meanwhile. The oldest record is found by its
 * first word, the others by the lengths of those before them.
 */
#include "common/recorder_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALIGN	8
#define WINDOW	(512 * 1024)	/* more than the longest record */

struct recorder_reader {
	int		 fd;
	uint64_t	 size, key;
	uint64_t	 at;		/* of the next record */
	uint64_t	 end;		/* whole records end here */
	uint64_t	 begin, filled;	/* positions of the window */
	bool		 found;		/* at is the begin of a record */
	bool		 lost;
	bool		 any;		/* a record was returned */
	_Alignas(ALIGN) char window[WINDOW];
};

static int
head_read(int fd, struct recorder_head *h)
{
	ssize_t	n = pread(fd, h, sizeof(*h), 0);

	if (n < 0)
		return -errno;
	return (size_t)n == sizeof(*h) ? 0 : -EBADMSG;
}

/* The first position that is certainly not written over; 0: the file is gone. */
static uint64_t
oldest(const struct recorder_reader *d)
{
	struct recorder_head	h;

	if (head_read(d->fd, &h) < 0 || h.key != d->key || h.reserved < d->end)
		return 0;
	return h.reserved - d->size;
}

static int
check(struct recorder_reader *d, const struct recorder_head *h)
{
	struct stat	st;

	if (memcmp(h->magic, RECORDER_MAGIC, sizeof(h->magic)) != 0 ||
	    h->size < RECORDER_MIN || h->size > RECORDER_MAX ||
	    (h->size & (h->size - 1)) != 0 || h->written < h->size ||
	    h->written % ALIGN != 0 || h->reserved < h->written ||
	    h->reserved - h->written > h->size || h->reserved > UINT64_MAX / 2 ||
	    fstat(d->fd, &st) < 0 || (uint64_t)st.st_size < RECORDER_PAGE + h->size)
		return -EBADMSG;
	if (strncmp(h->boot, boot_id(), sizeof(h->boot)) != 0)
		return -ESTALE;
	return 0;
}

int
recorder_reader_take(struct recorder_reader **out, int fd)
{
	struct recorder_reader	*d = xcalloc(1, sizeof(*d));
	struct recorder_head	 h;
	int			 error;

	d->fd = fd;
	if ((error = head_read(fd, &h)) == 0)
		error = check(d, &h);
	if (error < 0) {
		recorder_reader_close(d);
		return error;
	}
	d->size = h.size;
	d->key = h.key;
	d->end = h.written;
	/* Of the first lap nothing lies before its begin. */
	d->at = h.reserved - h.size < h.size ? h.size : h.reserved - h.size;
	d->at = (d->at + ALIGN - 1) / ALIGN * ALIGN;
	d->begin = d->filled = d->at;
	*out = d;
	return 0;
}

int
recorder_reader_open(struct recorder_reader **out, const char *path)
{
	/* O_NONBLOCK: a fifo in the way must not stop us. */
	int	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	return fd < 0 ? -errno : recorder_reader_take(out, fd);
}

void
recorder_reader_close(struct recorder_reader *d)
{
	if (d == NULL)
		return;
	close(d->fd);
	free(d);
}

/* ---- the window ---- */

/* Octets of the ring from position at on, in two parts where it ends. */
static bool
ring_read(const struct recorder_reader *d, char *to, uint64_t at, size_t n)
{
	while (n > 0) {
		uint64_t	offset = at & (d->size - 1);
		size_t		part = d->size - offset < n ? d->size - offset : n;
		ssize_t		got = pread(d->fd, to, part,
				    (off_t)(RECORDER_PAGE + offset));

		if (got <= 0)
			return false;
		to += got;
		at += (uint64_t)got;
		n -= (size_t)got;
	}
	return true;
}

/* What was lost while we read is passed over; false: nothing is left. */
static bool
catch_up(struct recorder_reader *d)
{
	uint64_t	first = oldest(d);

	if (first == 0 || first >= d->end)
		return false;
	if (first > d->at) {
		d->at = (first + ALIGN - 1) / ALIGN * ALIGN;
		d->found = false;
		d->lost |= d->any;
	}
	return d->at < d->end;
}

/* n octets from d->at on, checked to be whole; NULL: there are none. */
static const char *
look(struct recorder_reader *d, size_t n)
{
	while (d->at + n > d->filled) {
		uint64_t	left = d->end - d->at, at = d->at;

		if (n > left)
			return NULL;
		if (left > WINDOW)
			left = WINDOW;
		if (!ring_read(d, d->window, at, left) || !catch_up(d))
			return NULL;
		d->begin = at;
		d->filled = at + left;
	}
	return d->window + (d->at - d->begin);
}

static bool
begins_here(const struct recorder_reader *d, const struct record *c)
{
	return c->self == (d->at ^ d->key) && c->length <= RECORDER_PAYLOAD_MAX &&
	    d->at + sizeof(*c) + c->length <= d->end;
}

const struct record *
recorder_next(struct recorder_reader *d)
{
	const struct record	*c;
	size_t			 n;

	while ((c = (const struct record *)look(d, sizeof(*c))) != NULL) {
		if (!begins_here(d, c)) {
			d->lost |= d->found;	/* a chain that breaks */
			d->found = false;
			d->at += ALIGN;
			continue;
		}
		n = sizeof(*c) + c->length;
		d->found = true;
		if ((c = (const struct record *)look(d, n)) == NULL)
			break;
		if (!d->found)		/* it was lost while we looked at it */
			continue;
		d->at += (n + ALIGN - 1) / ALIGN * ALIGN;
		d->any = true;
		return c;
	}
	d->at = d->end;
	return NULL;
}

uint64_t
recorder_position(const struct recorder_reader *d, const struct record *c)
{
	return c->self ^ d->key;
}

bool
recorder_lost(const struct recorder_reader *d)
{
	return d->lost;
}

/* ---- one record ---- */

bool
record_read_message(const struct record *c, struct record_message *m, struct str *text)
{
	if (c->length < sizeof(*m))
		return false;
	memcpy(m, c + 1, sizeof(*m));
	*text = str_make((const char *)(c + 1) + sizeof(*m), c->length - sizeof(*m));
	return true;
}

struct str
record_slice(struct str text, struct record_slice s)
{
	if (s.at >= text.len)
		return STR_NONE;
	return str_make(text.s + s.at, s.len < text.len - s.at ? s.len : text.len - s.at);
}

bool
record_read_note(const struct record *c, char tag[9], struct str *text)
{
	struct record_note	n;

	if (c->length < sizeof(n))
		return false;
	memcpy(&n, c + 1, sizeof(n));
	memcpy(tag, n.tag, sizeof(n.tag));
	tag[8] = '\0';
	*text = str_make((const char *)(c + 1) + sizeof(n), c->length - sizeof(n));
	return true;
}
