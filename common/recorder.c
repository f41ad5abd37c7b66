/*
 * recorder - writing the flight recorder's rings.
 *
 * The data are mapped twice, the second time behind their own end: a record that
 * passes the end needs no second part. recorder_read.c reads them.
 */
#include "common/recorder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/id.h"

#define ALIGN		8
#define PAGE_UP(n)	(((n) + RECORDER_PAGE - 1) / RECORDER_PAGE * RECORDER_PAGE)
#define MIRROR		PAGE_UP(sizeof(struct record) + RECORDER_PAYLOAD_MAX + ALIGN)
#define CALLS		8192	/* whose last record is known; a power of two */
#define WALL_NS		1000000000	/* how long the wall clock is believed */
#define NOTE_MAX	1024
#define KEEP_RECORDS	128
#define KEEP_OCTETS	(128 * 1024)

_Static_assert(sizeof(struct recorder_head) <= RECORDER_PAGE, "the head is a page");
_Static_assert(MIRROR <= RECORDER_MIN, "a record is smaller than a ring");
_Static_assert(sizeof(struct record) % ALIGN == 0, "records are aligned");

/* The last record of a call: calls that share a place forget each other. */
struct last {
	uint64_t	call;
	uint64_t	at;
};

struct recorder {
	struct recorder_head *head;
	char		*data;
	uint64_t	 mask;
	uint64_t	 key;
	uint64_t	 at;		/* where the next record begins */
	uint64_t	 end;		/* of the one that was begun */
	uint64_t	 reserved;
	int64_t		 wall_ms, wall_at_ns;
	int64_t		 now_ns;	/* of the last record */
	struct last	 last[CALLS];
};

/* ---- the wall clock ---- */

static __attribute__((noinline)) void
wall_read(struct recorder *r, struct mono now)
{
	r->now_ns = r->wall_at_ns = now.ns;
	r->wall_ms = wall_ms();
}

/* As it was when it was read, and what has passed since. */
static inline int64_t
wall_of(struct recorder *r, struct mono now)
{
	r->now_ns = now.ns;
	return r->wall_ms + (now.ns - r->wall_at_ns) / 1000000;
}

/* It may be set: it is read once a second, where no registers have to be saved. */
static inline void
wall_follow(struct recorder *r)
{
	if (r->now_ns - r->wall_at_ns >= WALL_NS)
		wall_read(r, (struct mono){ r->now_ns });
}

/* ---- the file ---- */

static uint64_t
size_within(uint64_t size)
{
	uint64_t	n = RECORDER_MIN;

	while (n * 2 <= size && n < RECORDER_MAX)
		n *= 2;
	return n;
}

static int
file_open(const char *path, uint64_t size, unsigned uid, unsigned gid)
{
	int		fd, error = 0;
	struct stat	st;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		error = -errno;
	else if (!S_ISREG(st.st_mode))
		error = -EINVAL;
	else if (fchmod(fd, 0640) < 0 ||
	    (geteuid() == 0 && fchown(fd, uid, gid) < 0))
		error = -errno;
	/* Through zero: what another size left means nothing here. */
	else if ((uint64_t)st.st_size != RECORDER_PAGE + size &&
	    (ftruncate(fd, 0) < 0 ||
	    ftruncate(fd, (off_t)(RECORDER_PAGE + size)) < 0))
		error = -errno;
	/* Memory that is not there would end us with a signal later. */
	else
		error = -posix_fallocate(fd, 0, (off_t)(RECORDER_PAGE + size));
	if (error == 0)
		return fd;
	close(fd);
	return error;
}

static int
file_map(int fd, uint64_t size, char **out)
{
	const int	prot = PROT_READ | PROT_WRITE;
	size_t		whole = RECORDER_PAGE + size;
	char		*m;

	m = mmap(NULL, whole + MIRROR, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m == MAP_FAILED)
		return -errno;
	if (mmap(m, whole, prot, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0) ==
	    MAP_FAILED || mmap(m + whole, MIRROR, prot,
	    MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, RECORDER_PAGE) == MAP_FAILED) {
		munmap(m, whole + MIRROR);
		return -errno;
	}
	*out = m;
	return 0;
}

/* Positions begin with the second lap: 0 stays free to mean "none". */
static void
head_begin(struct recorder_head *h, uint64_t size)
{
	memset(h, 0, sizeof(*h));
	h->size = size;
	h->key = id_u64();	/* a new one: nothing older counts */
	str_copy(h->boot, sizeof(h->boot), str_of(boot_id()));
	atomic_store(&h->reserved, size);
	atomic_store(&h->written, size);
	memcpy(h->magic, RECORDER_MAGIC, sizeof(h->magic));
}

static bool
head_goes_on(const struct recorder_head *h, uint64_t size)
{
	return memcmp(h->magic, RECORDER_MAGIC, sizeof(h->magic)) == 0 &&
	    h->size == size && strncmp(h->boot, boot_id(), sizeof(h->boot)) == 0 &&
	    h->written % ALIGN == 0 && h->written >= size &&
	    h->reserved >= h->written && h->reserved - h->written <= MIRROR &&
	    h->reserved < UINT64_MAX / 2;
}

int
recorder_open(struct recorder **out, const char *path, uint64_t size, unsigned uid,
    unsigned gid)
{
	struct recorder	*r;
	char		*m = NULL;
	int		 fd, error;

	size = size_within(size);
	if ((fd = file_open(path, size, uid, gid)) < 0)
		return fd;
	error = file_map(fd, size, &m);
	close(fd);
	if (error < 0)
		return error;
	r = xcalloc(1, sizeof(*r));
	r->head = (struct recorder_head *)m;
	r->data = m + RECORDER_PAGE;
	r->mask = size - 1;
	if (!head_goes_on(r->head, size))
		head_begin(r->head, size);
	r->key = r->head->key;
	r->at = r->head->written;
	r->reserved = r->head->reserved;
	wall_read(r, mono_now());
	*out = r;
	return 0;
}

void
recorder_close(struct recorder *r)
{
	if (r == NULL)
		return;
	munmap(r->head, RECORDER_PAGE + r->mask + 1 + MIRROR);
	free(r);
}

/* ---- a record ---- */


/* Where the call's record before this one begins. */
static uint64_t
last_replace(struct recorder *r, uint64_t call)
{
	struct last	*l = &r->last[call % CALLS];
	uint64_t	 at = l->call == call ? l->at : 0;

	l->call = call;
	l->at = r->at;
	return at;
}

/*
 * A reader that has copied something asks afterwards for reserved: what lies more
 * than size before it may have been written over meanwhile.
 */
static struct record *
reserve(struct recorder *r, size_t length)
{
	size_t	n = (sizeof(struct record) + length + ALIGN - 1) / ALIGN * ALIGN;

	r->end = r->at + n;
	if (r->end > r->reserved) {
		r->reserved = r->end;
		atomic_store_explicit(&r->head->reserved, r->end,
		    memory_order_relaxed);
	}
	atomic_thread_fence(memory_order_release);
	return (struct record *)(r->data + (r->at & r->mask));
}

void *
recorder_begin(struct recorder *r, enum record_kind kind, uint16_t code, uint64_t call,
    struct mono now, size_t length)
{
	struct record	*c;

	if (r == NULL || length > RECORDER_PAYLOAD_MAX)
		return NULL;
	c = reserve(r, length);
	*c = (struct record){
		.self = r->at ^ r->key, .before = last_replace(r, call), .call = call,
		.mono_ns = now.ns, .wall_ms = wall_of(r, now),
		.length = (uint32_t)length, .kind = (uint16_t)kind, .code = code,
	};
	return c + 1;
}

void
recorder_commit(struct recorder *r)
{
	r->at = r->end;
	atomic_store_explicit(&r->head->written, r->end, memory_order_release);
	wall_follow(r);
}

bool
recorder_knows(const struct recorder *r, uint64_t call)
{
	return r != NULL && r->last[call % CALLS].call == call;
}

void
recorder_note(struct recorder *r, enum record_kind kind, uint16_t code, uint64_t call,
    struct mono now, const char *tag, const struct str *parts, size_t n)
{
	struct record_note	*note;
	char			*p;
	size_t			 length = 0, left, take;

	if (r == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		length += parts[i].len;
	left = length < NOTE_MAX ? length : NOTE_MAX;
	note = recorder_begin(r, kind, code, call, now, sizeof(*note) + left);
	memcpy(note->tag, tag, sizeof(note->tag));
	p = (char *)(note + 1);
	for (size_t i = 0; i < n && left > 0; i++) {
		take = parts[i].len < left ? parts[i].len : left;
		if (take > 0)		/* an empty slice may have no text at all */
			memcpy(p, parts[i].s, take);
		p += take;
		left -= take;
	}
	recorder_commit(r);
}

void
recorder_note_start(struct recorder *r, const char *name)
{
	char		buf[64];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	text_printf(&t, "%s %s begins, pid %ld", name, VERSION, (long)getpid());
	recorder_note(r, RECORD_START, 0, 0, mono_now(), RECORD_TAG("START"),
	    &(struct str){ t.s, t.len }, 1);
}

/* ---- keeping ---- */

/* The record at this position, if it is still there and of this call. */
static const struct record *
record_at(const struct recorder *r, uint64_t at, uint64_t call)
{
	const struct record	*c = (const struct record *)(r->data + (at & r->mask));

	if (at == 0 || at % ALIGN != 0 || at >= r->at || r->reserved - at > r->mask + 1 ||
	    c->self != (at ^ r->key) || c->call != call ||
	    c->length > RECORDER_PAYLOAD_MAX)
		return NULL;
	return c;
}

void
recorder_keep(struct recorder *r, struct recorder *to, uint64_t call)
{
	uint64_t		 found[KEEP_RECORDS], at, done;
	const struct record	*c;
	struct record		*copy;
	size_t			 n = 0, octets = 0;

	if (r == NULL || to == NULL || r->last[call % CALLS].call != call)
		return;
	done = to->last[call % CALLS].call == call ? to->last[call % CALLS].at : 0;
	for (at = r->last[call % CALLS].at; n < KEEP_RECORDS && at > done; at = c->before) {
		if ((c = record_at(r, at, call)) == NULL ||
		    (octets += sizeof(*c) + c->length) > KEEP_OCTETS)
			break;
		found[n++] = at;
	}
	if (n == 0)
		return;
	to->last[call % CALLS] = (struct last){ call, found[0] };
	while (n-- > 0) {
		c = record_at(r, found[n], call);
		copy = reserve(to, c->length);
		memcpy(copy, c, sizeof(*c) + c->length);
		copy->self = to->at ^ to->key;
		copy->before = found[n];	/* where the original lay */
		recorder_commit(to);
	}
}
