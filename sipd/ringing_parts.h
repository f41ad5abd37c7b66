#ifndef SIPD_RINGING_PARTS_H
#define SIPD_RINGING_PARTS_H

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "sipd/ringing.h"
#include "sipd/worker.h"

/*
 * How the records of ringing calls lie in memory, shared by ringing.c (writing) and
 * ringing_found.c (the start, and reading). Nobody else includes it.
 */
#define MAGIC		UINT64_C(0x636f72642d72696e)
#define LAYOUT		5
#define SIZES		4
#define SIZE_MIN	2048	/* octets of a record; each size is twice the last */
#define REGION		(UINT64_C(1) << 30)

/*
 * The word: what is valid of a record. Low to high: used, flags, how many octets
 * of the journal, the final code, the best code.
 */
#define WORD_USED	UINT64_C(1)
#define WORD_CANCELLED	UINT64_C(2)
#define LEN_SHIFT	16
#define FINAL_SHIFT	32
#define BEST_SHIFT	48
#define FIELD_MASK	UINT64_C(0xffff)

struct ringing {
	_Atomic uint64_t	word;
	/* The record that this one replaces, plus 1, until that one is free. */
	_Atomic uint32_t	replaces;
	uint32_t		next_free;
	uint32_t		request_len;
	uint8_t			size;		/* which of SIZES */
	uint8_t			pop_routes;
	struct hop		from;
	_Alignas(8) char	journal[];	/* the request, then entries */
};

enum entry_kind {
	ENTRY_BRANCH = 1,
	ENTRY_BEST,
};

/* Each begins at a multiple of 8. */
struct entry {
	uint16_t	kind;
	uint16_t	len;		/* of all of it, a multiple of 8 */
	uint16_t	texts[2];	/* lengths: URI and Route; the refusal */
};

/* The word of a branch: its marks, then timer C in milliseconds. */
#define MARKS_MASK	UINT64_C(0xff)
#define DEADLINE_SHIFT	8
#define NS_PER_MS	1000000

struct branch_entry {
	struct entry		e;
	_Atomic uint64_t	word;
	struct mono		began;	/* valid once it is marked as sent */
	uint32_t		breadth;	/* the same */
	uint32_t		order;
	uint32_t		spare_of;	/* handle, or 0 */
	struct hop		to;
	char			branch[BRANCH_LEN];	/* as began */
	bool			by_flow, media, confirmed, peer;
	uint16_t		where_len, trunk_len;	/* of its third text, and the last */
	char			texts[];
};

struct head {
	uint64_t		magic;
	uint32_t		layout;
	uint32_t		head_size, branch_size;
	_Atomic uint32_t	high[SIZES];	/* records ever used */
	_Atomic uint32_t	starts;		/* since one lived long enough */
};

struct ringings {
	uint32_t	 free[SIZES];	/* the first, plus 1 */
	struct ringing	**found;	/* of the last process */
	size_t		 nfound;
	bool		 sealed;
};

struct ringing_state {
	char		*memory;	/* the head, then the regions */
	struct ringings	 of[WORKERS_MAX];
	unsigned	 workers;
};
extern struct ringing_state ringing_state;

#define HEAD_ROOM	4096
#define MEMORY		(HEAD_ROOM + SIZES * REGION)

/* ---- where they are ---- */

static inline struct head *
head(void)
{
	return (struct head *)(void *)ringing_state.memory;
}

static inline size_t
size_of(unsigned size)
{
	return (size_t)SIZE_MIN << size;
}

static inline struct ringing *
record(unsigned size, uint32_t i)
{
	return (struct ringing *)(void *)(ringing_state.memory + HEAD_ROOM +
	    size * REGION + i * size_of(size));
}

/* Numbered through all sizes. */
static inline uint32_t
number_of(const struct ringing *r)
{
	return (uint32_t)(((size_t)((const char *)r - ringing_state.memory) -
	    HEAD_ROOM) / SIZE_MIN);
}

static inline struct ringing *
by_number(uint32_t number)
{
	return (struct ringing *)(void *)(ringing_state.memory + HEAD_ROOM +
	    (size_t)number * SIZE_MIN);
}

static inline size_t
journal_size(unsigned size)
{
	return size_of(size) - offsetof(struct ringing, journal);
}

static inline size_t
padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

static inline uint64_t
word_of(const struct ringing *r)
{
	return atomic_load_explicit((_Atomic uint64_t *)(uintptr_t)&r->word,
	    memory_order_acquire);
}

static inline size_t
word_len(uint64_t word)
{
	return (word >> LEN_SHIFT & FIELD_MASK) * 8;
}

/* What was written before is valid from here on. */
static inline void
word_set(struct ringing *r, uint64_t word)
{
	atomic_store_explicit(&r->word, word, memory_order_release);
}

static inline uint64_t
word_with(uint64_t word, unsigned shift, uint64_t field)
{
	return (word & ~(FIELD_MASK << shift)) | field << shift;
}

/* It is free from here on. */
static inline void
give(struct ringings *c, struct ringing *r)
{
	r->next_free = c->free[r->size];
	c->free[r->size] = number_of(r) + 1;
}

#endif
