/*
 * record - the memory that outlives the process.
 *
 * session.c keeps sessions and legs here, restore.c reads them after a start.
 * Free indices are a stack of this process; a mark in the header says how far a
 * table was ever used, so that a start reads no page that nobody wrote.
 */
#include "mediad/record.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/fdstore.h"
#include "common/id.h"
#include "common/map.h"

#define MAGIC	0x6d65646961642e34ULL	/* "mediad.4": changes with the layout */

/* A slot on its way to its record. */
struct journal {
	uint32_t	size;		/* octets; 0: nothing is on its way */
	uint64_t	offset;		/* of the slot, from the header on */
	union {
		struct session_slot	session;
		struct leg_slot		leg;
		struct end_slot		end;
	}		slot;
};

struct header {
	uint64_t	magic;
	uint64_t	layout;		/* sizes of the records: built alike? */
	uint8_t		key[16];
	uint32_t	sessions_mark;
	uint32_t	legs_mark;
	uint32_t	ends_mark;
	struct journal	journal;
};

struct free_list {
	uint32_t	*v;
	uint32_t	 n, size;
};

struct records {
	struct header		*header;
	struct session_rec	*sessions;
	struct leg_rec		*legs;
	struct end_rec		*ends;
	char			(*longs)[RECORD_IDS];	/* by session */
	struct free_list	 free_sessions, free_legs, free_ends;
};

struct layout {
	size_t	sessions, legs, ends, longs, size;
};

static size_t
page_up(size_t n)
{
	return (n + 4095) & ~(size_t)4095;
}

static struct layout
layout_make(void)
{
	struct layout	l;

	l.sessions = page_up(sizeof(struct header));
	l.legs = l.sessions + page_up(sizeof(struct session_rec) * RECORD_SESSIONS);
	l.ends = l.legs + page_up(sizeof(struct leg_rec) * RECORD_LEGS);
	l.longs = l.ends + page_up(sizeof(struct end_rec) * RECORD_ENDS);
	l.size = l.longs + page_up((size_t)RECORD_IDS * RECORD_SESSIONS);
	return l;
}

static uint64_t
layout_sum(void)
{
	return sizeof(struct session_rec) | (uint64_t)sizeof(struct leg_rec) << 16 |
	    (uint64_t)sizeof(struct end_rec) << 32 |
	    (uint64_t)sizeof(struct header) << 48;
}

/* Gives back the pages: an older program's records mean nothing here. */
static void
memory_begin(void *memory, size_t size)
{
	struct header	*h = memory;

	if (h->magic != 0 && madvise(memory, size, MADV_REMOVE) < 0)
		memset(memory, 0, size);
	for (size_t i = 0; i < sizeof(h->key); i += sizeof(uint64_t)) {
		uint64_t	v = id_u64();

		memcpy(h->key + i, &v, sizeof(v));
	}
	h->layout = layout_sum();
	__atomic_store_n(&h->magic, MAGIC, __ATOMIC_RELEASE);
}

/* ---- the journal ---- */

static struct header	*header;	/* of the records that are open: one thread writes */

void *
record_begin(const void *slot, size_t size)
{
	assert(size <= sizeof(header->journal.slot));
	memcpy(&header->journal.slot, slot, size);
	return &header->journal.slot;
}

void
record_commit(void *slot, size_t size)
{
	struct journal	*j = &header->journal;

	j->offset = (uint64_t)((char *)slot - (char *)header);
	__atomic_store_n(&j->size, (uint32_t)size, __ATOMIC_RELEASE);
	memcpy(slot, &j->slot, size);
	__atomic_store_n(&j->size, 0, __ATOMIC_RELEASE);
}

/* What the last process decided, and may not have copied as a whole. */
static void
journal_finish(size_t memory_size)
{
	struct journal	*j = &header->journal;

	if (j->size > 0 && j->size <= sizeof(j->slot) &&
	    j->offset < memory_size - sizeof(j->slot))
		memcpy((char *)header + j->offset, &j->slot, j->size);
	j->size = 0;
}

/* ---- all of it ---- */

struct records *
records_open(bool *adopted)
{
	struct layout	 l = layout_make();
	struct records	*r;
	int		 had = 0;
	char		*memory = fdstore_memory("s", l.size, &had);

	if (memory == NULL)
		return NULL;
	r = xcalloc(1, sizeof(*r));
	r->header = (struct header *)memory;
	r->sessions = (struct session_rec *)(memory + l.sessions);
	r->legs = (struct leg_rec *)(memory + l.legs);
	r->ends = (struct end_rec *)(memory + l.ends);
	r->longs = (char (*)[RECORD_IDS])(memory + l.longs);
	header = r->header;
	*adopted = had && r->header->magic == MAGIC &&
	    r->header->layout == layout_sum() &&
	    r->header->sessions_mark <= RECORD_SESSIONS &&
	    r->header->legs_mark <= RECORD_LEGS &&
	    r->header->ends_mark <= RECORD_ENDS;
	if (!*adopted)
		memory_begin(memory, l.size);
	else
		journal_finish(l.size);
	return r;
}

void
records_close(struct records *r)
{
	if (r == NULL)
		return;
	munmap(r->header, layout_make().size);
	free(r->free_sessions.v);
	free(r->free_legs.v);
	free(r->free_ends.v);
	free(r);
}

/* ---- indices ---- */

static uint32_t
index_take(struct free_list *f, uint32_t *mark, uint32_t max)
{
	if (f->n > 0)
		return f->v[--f->n];
	if (*mark == max)
		return UINT32_MAX;
	return __atomic_fetch_add(mark, 1, __ATOMIC_RELEASE);
}

static void
index_give(struct free_list *f, uint32_t i)
{
	if (f->n == f->size) {
		f->size = f->size == 0 ? 64 : f->size * 2;
		f->v = xrealloc(f->v, f->size, sizeof(*f->v));
	}
	f->v[f->n++] = i;
}

uint32_t
records_session_take(struct records *r)
{
	return index_take(&r->free_sessions, &r->header->sessions_mark,
	    RECORD_SESSIONS);
}

uint32_t
records_leg_take(struct records *r)
{
	return index_take(&r->free_legs, &r->header->legs_mark, RECORD_LEGS);
}

void
records_session_give(struct records *r, uint32_t i)
{
	struct session_rec	*rec = &r->sessions[i];

	*RECORD_IDLE(rec) = (struct session_slot){ .state = SESSION_FREE };
	RECORD_FLIP(rec);
	index_give(&r->free_sessions, i);
}

void
records_leg_give(struct records *r, uint32_t i)
{
	struct leg_rec	*rec = &r->legs[i];

	*RECORD_IDLE(rec) = (struct leg_slot){ .session = 0 };
	RECORD_FLIP(rec);
	index_give(&r->free_legs, i);
}

uint32_t
records_sessions_mark(const struct records *r)
{
	return r->header->sessions_mark;
}

uint32_t
records_legs_mark(const struct records *r)
{
	return r->header->legs_mark;
}

uint32_t
records_end_take(struct records *r)
{
	return index_take(&r->free_ends, &r->header->ends_mark, RECORD_ENDS);
}

void
records_end_give(struct records *r, uint32_t i)
{
	struct end_rec	*rec = &r->ends[i];

	*RECORD_IDLE(rec) = (struct end_slot){ .session = 0 };
	RECORD_FLIP(rec);
	index_give(&r->free_ends, i);
}

uint32_t
records_ends_mark(const struct records *r)
{
	return r->header->ends_mark;
}

struct session_rec *
records_session(struct records *r, uint32_t i)
{
	return &r->sessions[i];
}

struct leg_rec *
records_leg(struct records *r, uint32_t i)
{
	return &r->legs[i];
}

struct end_rec *
records_end(struct records *r, uint32_t i)
{
	return &r->ends[i];
}

char *
records_ids(struct records *r, uint32_t i, size_t len)
{
	return len <= RECORD_IDS_HERE ? r->sessions[i].ids : r->longs[i];
}

void
records_branch(const struct records *r, struct str branch, uint8_t out[16])
{
	siphash128(r->header->key, branch, out);
}

/* ---- addresses ---- */

void
record_addr_set(struct record_addr *r, const struct addr *a)
{
	struct str	b = addr_bytes(a);

	*r = (struct record_addr){ .family = 0 };
	if (b.len == 0)
		return;
	r->family = a->sa.sa_family;
	r->port = addr_port(a);
	if (r->family == AF_INET6)
		r->scope = a->in6.sin6_scope_id;
	memcpy(r->host, b.s, b.len);
}

struct addr
record_addr_get(const struct record_addr *r)
{
	struct addr	a = { .len = 0 };

	if (r->family == AF_INET) {
		a.len = sizeof(a.in);
		a.in.sin_family = AF_INET;
		memcpy(&a.in.sin_addr, r->host, 4);
	} else if (r->family == AF_INET6) {
		a.len = sizeof(a.in6);
		a.in6.sin6_family = AF_INET6;
		a.in6.sin6_scope_id = r->scope;
		memcpy(&a.in6.sin6_addr, r->host, 16);
	}
	addr_set_port(&a, r->port);
	return a;
}
