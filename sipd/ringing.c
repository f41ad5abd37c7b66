/*
 * ringing - the records of INVITEs under way, in memory that outlives us.
 *
 * proxy.c and leg.c write them as they go; the request itself lives here and
 * nowhere else. There are four sizes of records, each with a region of its own in
 * one memfd that is as large as it may ever get, of which only what was ever used
 * is in memory. Each worker has its own lists of free records, last in first out.
 */
#include "sipd/ringing.h"

#include <sys/mman.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/fdstore.h"
#include "common/log.h"
#include "common/stats.h"
#include "sipd/msg.h"
#include "sipd/worker.h"

#define MAGIC		UINT64_C(0x636f72642d72696e)
#define LAYOUT		2
#define SIZES		4
#define SIZE_MIN	2048	/* octets of a record; each size is twice the last */
#define REGION		(UINT64_C(1) << 30)
#define ROOM		768	/* left at first: a branch and a refusal */

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
	struct hop		to;
	char			branch[BRANCH_LEN];	/* the same */
	bool			by_flow, media, strip;
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

static struct {
	char		*memory;	/* the head, then the regions */
	struct ringings	 of[WORKERS_MAX];
	unsigned	 workers;
} state;

#define HEAD_ROOM	4096
#define MEMORY		(HEAD_ROOM + SIZES * REGION)

/* ---- where they are ---- */

static struct head *
head(void)
{
	return (struct head *)(void *)state.memory;
}

static size_t
size_of(unsigned size)
{
	return (size_t)SIZE_MIN << size;
}

static struct ringing *
record(unsigned size, uint32_t i)
{
	return (struct ringing *)(void *)(state.memory + HEAD_ROOM +
	    size * REGION + i * size_of(size));
}

/* Numbered through all sizes. */
static uint32_t
number_of(const struct ringing *r)
{
	return (uint32_t)(((size_t)((const char *)r - state.memory) -
	    HEAD_ROOM) / SIZE_MIN);
}

static struct ringing *
by_number(uint32_t number)
{
	return (struct ringing *)(void *)(state.memory + HEAD_ROOM +
	    (size_t)number * SIZE_MIN);
}

static size_t
journal_size(unsigned size)
{
	return size_of(size) - offsetof(struct ringing, journal);
}

static size_t
padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

static uint64_t
word_of(const struct ringing *r)
{
	return atomic_load_explicit((_Atomic uint64_t *)(uintptr_t)&r->word,
	    memory_order_acquire);
}

static size_t
word_len(uint64_t word)
{
	return (word >> LEN_SHIFT & FIELD_MASK) * 8;
}

/* What was written before is valid from here on. */
static void
word_set(struct ringing *r, uint64_t word)
{
	atomic_store_explicit(&r->word, word, memory_order_release);
}

static uint64_t
word_with(uint64_t word, unsigned shift, uint64_t field)
{
	return (word & ~(FIELD_MASK << shift)) | field << shift;
}

/* ---- free records ---- */

static void
give(struct ringings *c, struct ringing *r)
{
	r->next_free = c->free[r->size];
	c->free[r->size] = number_of(r) + 1;
}

/* The smallest that has so much room for its journal, or NULL. */
static struct ringing *
take(struct ringings *c, size_t room)
{
	struct ringing	*r;
	unsigned	 size = 0;
	uint32_t	 i;

	while (size < SIZES && journal_size(size) < room)
		size++;
	if (size == SIZES)
		return NULL;
	if (c->free[size] != 0) {
		r = by_number(c->free[size] - 1);
		c->free[size] = r->next_free;
		return r;
	}
	i = atomic_fetch_add(&head()->high[size], 1);
	if (i >= REGION / size_of(size)) {
		atomic_fetch_sub(&head()->high[size], 1);
		return NULL;
	}
	r = record(size, i);
	r->size = (uint8_t)size;
	return r;
}

/* ---- beginning and ending ---- */

struct ringing *
ringing_begin(struct ringings *c, struct str request, const struct hop *from,
    unsigned pop_routes)
{
	struct ringing	*r = NULL;

	if (request.len <= RINGING_REQUEST_MAX)
		r = take(c, padded(request.len) + ROOM);
	if (r == NULL) {
		stats->ringing_not_kept++;
		return NULL;
	}
	memcpy(r->journal, request.s, request.len);
	r->request_len = (uint32_t)request.len;
	r->from = *from;
	r->pop_routes = (uint8_t)pop_routes;
	atomic_store_explicit(&r->replaces, 0, memory_order_relaxed);
	word_set(r, word_with(WORD_USED, LEN_SHIFT, padded(request.len) / 8));
	stats->ringing++;
	return r;
}

struct str
ringing_request(const struct ringing *r)
{
	return str_make(r->journal, r->request_len);
}

void
ringing_end(struct ringings *c, struct ringing *r)
{
	if (r == NULL || c->sealed)
		return;
	word_set(r, 0);
	give(c, r);
	stats->ringing--;
}

/* ---- adding ---- */

/*
 * Into a larger one. A kill between the two stores leaves both, and the new one
 * says which it replaces.
 */
static struct ringing *
grow(struct ringings *c, struct ringing *r, size_t room)
{
	uint64_t	 word = word_of(r);
	struct ringing	*n = take(c, room);

	if (n == NULL)
		return NULL;
	memcpy(n->journal, r->journal, word_len(word));
	n->request_len = r->request_len;
	n->from = r->from;
	n->pop_routes = r->pop_routes;
	atomic_store_explicit(&n->replaces, number_of(r) + 1, memory_order_relaxed);
	word_set(n, word);
	word_set(r, 0);
	atomic_store_explicit(&n->replaces, 0, memory_order_relaxed);
	give(c, r);
	return n;
}

/* Room for an entry of len octets behind what is valid, or NULL. */
static void *
entry_room(struct ringings *c, struct ringing **r, size_t len)
{
	size_t		 valid = word_len(word_of(*r));
	struct ringing	*n = *r;

	if (c->sealed)
		return NULL;
	if (valid + len > journal_size(n->size) &&
	    (n = grow(c, n, valid + len)) == NULL)
		return NULL;
	*r = n;
	return n->journal + valid;
}

static void
entry_add(struct ringing *r, const struct entry *e, uint64_t word)
{
	word_set(r, word_with(word, LEN_SHIFT, (word_len(word) + e->len) / 8));
}

static void
text_put(char **at, struct str s)
{
	if (s.len > 0)
		memcpy(*at, s.s, s.len);
	*at += s.len;
}

int
ringing_add(struct ringings *c, struct ringing **r, const struct ringing_branch *b)
{
	size_t			 len = padded(sizeof(struct branch_entry) +
				    b->uri.len + b->route.len);
	struct branch_entry	*e = len > RINGING_REQUEST_MAX ? NULL :
				    entry_room(c, r, len);
	char			*at;

	if (e == NULL) {
		stats->ringing_not_kept++;
		return -1;
	}
	e->e = (struct entry){ ENTRY_BRANCH, (uint16_t)len,
	    { (uint16_t)b->uri.len, (uint16_t)b->route.len } };
	atomic_store_explicit(&e->word, 0, memory_order_relaxed);
	e->to = b->to;
	e->by_flow = b->by_flow;
	e->media = b->media;
	e->strip = b->strip;
	at = e->texts;
	text_put(&at, b->uri);
	text_put(&at, b->route);
	entry_add(*r, &e->e, word_of(*r));
	return (int)((char *)e - (*r)->journal);
}

void
ringing_best(struct ringings *c, struct ringing **r, uint16_t code, struct str text)
{
	size_t		 len = padded(sizeof(struct entry) + text.len);
	struct entry	*e = len > RINGING_REQUEST_MAX ? NULL :
			    entry_room(c, r, len);
	char		*at;

	if (c->sealed)
		return;
	if (e == NULL) {	/* the texts of worse ones must not be taken for it */
		text = STR_NONE;
		len = sizeof(struct entry);
		e = entry_room(c, r, len);
	}
	if (e == NULL)
		return;
	*e = (struct entry){ ENTRY_BEST, (uint16_t)len, { (uint16_t)text.len, 0 } };
	at = (char *)(e + 1);
	text_put(&at, text);
	entry_add(*r, e, word_with(word_of(*r), BEST_SHIFT, code));
}

/* ---- changes ---- */

static struct branch_entry *
branch_of(const struct ringings *c, struct ringing *r, int handle)
{
	return r == NULL || handle < 0 || c->sealed ? NULL :
	    (struct branch_entry *)(void *)(r->journal + handle);
}

/* One store, so the marks and the time are never of two different moments. */
static void
branch_set(struct branch_entry *e, unsigned marks, struct mono deadline)
{
	uint64_t	word = atomic_load_explicit(&e->word, memory_order_relaxed);

	if (deadline.ns != 0)
		word = (word & MARKS_MASK) |
		    (uint64_t)(deadline.ns / NS_PER_MS) << DEADLINE_SHIFT;
	atomic_store_explicit(&e->word, word | marks, memory_order_release);
}

void
ringing_sent(struct ringings *c, struct ringing *r, int handle,
    const char branch[BRANCH_LEN], struct mono now)
{
	struct branch_entry	*e = branch_of(c, r, handle);

	if (e == NULL)
		return;
	memcpy(e->branch, branch, BRANCH_LEN);
	e->began = now;
	branch_set(e, RINGING_SENT, (struct mono){ 0 });
}

void
ringing_mark(struct ringings *c, struct ringing *r, int handle,
    enum ringing_mark mark)
{
	struct branch_entry	*e = branch_of(c, r, handle);

	if (e != NULL)
		branch_set(e, mark, (struct mono){ 0 });
}

void
ringing_provisional(struct ringings *c, struct ringing *r, int handle,
    struct mono deadline)
{
	struct branch_entry	*e = branch_of(c, r, handle);

	if (e != NULL)
		branch_set(e, RINGING_PROVISIONAL, deadline);
}

const char *
ringing_branch_of(const struct ringing *r, int handle)
{
	const struct branch_entry	*e;

	if (r == NULL || handle < 0)
		return NULL;
	e = (const void *)(r->journal + handle);
	return (atomic_load_explicit((_Atomic uint64_t *)(uintptr_t)&e->word,
	    memory_order_relaxed) & RINGING_SENT) != 0 ? e->branch : NULL;
}

void
ringing_cancelled(struct ringings *c, struct ringing *r)
{
	if (r != NULL && !c->sealed)
		word_set(r, word_of(r) | WORD_CANCELLED);
}

void
ringing_final(struct ringings *c, struct ringing *r, uint16_t code)
{
	if (r != NULL && !c->sealed)
		word_set(r, word_with(word_of(r), FINAL_SHIFT, code));
}

/* ---- what the last process left ---- */

struct ringing *
ringing_found(struct ringings *c)
{
	if (c->nfound == 0) {
		free(c->found);
		c->found = NULL;
		return NULL;
	}
	return c->found[--c->nfound];
}

/* The entry at *at, which moves on; NULL at the end or when it cannot be one. */
static const struct entry *
entry_next(const struct ringing *r, size_t *at, size_t end)
{
	const struct entry	*e = (const void *)(r->journal + *at);
	size_t			 fixed;

	if (*at + sizeof(*e) > end)
		return NULL;
	fixed = e->kind == ENTRY_BRANCH ? sizeof(struct branch_entry) : sizeof(*e);
	if ((e->kind != ENTRY_BRANCH && e->kind != ENTRY_BEST) ||
	    e->len % 8 != 0 || e->len > end - *at ||
	    fixed + e->texts[0] + e->texts[1] > e->len)
		return NULL;
	*at += e->len;
	return e;
}

void
ringing_read(const struct ringing *r, struct ringing_call *out)
{
	uint64_t		 word = word_of(r);
	size_t			 at = padded(r->request_len);
	const struct entry	*e;

	*out = (struct ringing_call){
		.request = ringing_request(r), .from = r->from,
		.pop_routes = r->pop_routes,
		.cancelled = word & WORD_CANCELLED,
		.final = word >> FINAL_SHIFT & FIELD_MASK,
		.best = word >> BEST_SHIFT & FIELD_MASK,
	};
	while ((e = entry_next(r, &at, word_len(word))) != NULL)
		if (e->kind == ENTRY_BEST)
			out->best_text = str_make((const char *)(e + 1), e->texts[0]);
}

static void
branch_read(const struct branch_entry *e, struct ringing_branch *b)
{
	uint64_t	word = atomic_load_explicit(
			    (_Atomic uint64_t *)(uintptr_t)&e->word,
			    memory_order_acquire);

	*b = (struct ringing_branch){
		.to = e->to, .uri = str_make(e->texts, e->e.texts[0]),
		.route = str_make(e->texts + e->e.texts[0], e->e.texts[1]),
		.by_flow = e->by_flow, .media = e->media, .strip = e->strip,
		.marks = word & MARKS_MASK, .branch = e->branch, .began = e->began,
		.deadline = { (int64_t)(word >> DEADLINE_SHIFT) * NS_PER_MS },
	};
}

bool
ringing_next(const struct ringing *r, int *handle, struct ringing_branch *b)
{
	size_t			 end = word_len(word_of(r));
	size_t			 at = padded(r->request_len);
	const struct entry	*e;

	if (*handle >= 0) {
		at = (size_t)*handle;
		(void)entry_next(r, &at, end);
	}
	while ((e = entry_next(r, &at, end)) != NULL) {
		if (e->kind != ENTRY_BRANCH)
			continue;
		*handle = (int)((const char *)e - r->journal);
		branch_read((const void *)e, b);
		return true;
	}
	return false;
}

/* ---- start ---- */

static bool
sound(const struct ringing *r, unsigned size)
{
	size_t	end = word_len(word_of(r)), at = padded(r->request_len);

	if (r->size != size || end > journal_size(size) || at > end)
		return false;
	while (entry_next(r, &at, end) != NULL)
		;
	return at == end;
}

static void
found_add(struct ringings *c, struct ringing *r)
{
	if (c->nfound % 64 == 0)
		c->found = xrealloc(c->found, c->nfound + 64, sizeof(*c->found));
	c->found[c->nfound++] = r;
	stats->ringing++;
}

/* Two of one call: the older one is free. */
static void
settle(void)
{
	struct ringing	*r;
	uint32_t	 old;

	for (unsigned size = 0; size < SIZES; size++)
		for (uint32_t i = 0; i < atomic_load(&head()->high[size]); i++) {
			r = record(size, i);
			old = atomic_load(&r->replaces);
			if ((word_of(r) & WORD_USED) == 0 || old == 0)
				continue;
			if (old - 1 < SIZES * (REGION / SIZE_MIN))
				word_set(by_number(old - 1), 0);
			atomic_store(&r->replaces, 0);
		}
}

static size_t
recover(void)
{
	struct ringing	*r;
	struct str	 call_id;
	size_t		 n = 0;

	settle();
	for (unsigned size = 0; size < SIZES; size++)
		for (uint32_t i = atomic_load(&head()->high[size]); i-- > 0;) {
			r = record(size, i);
			if ((word_of(r) & WORD_USED) != 0 && sound(r, size) &&
			    sip_call_id(ringing_request(r), &call_id)) {
				found_add(&state.of[worker_owner(call_id) %
				    state.workers], r);
				n++;
				continue;
			}
			word_set(r, 0);
			r->size = (uint8_t)size;
			give(&state.of[i % state.workers], r);
		}
	return n;
}

static void
head_reset(struct head *h)
{
	(void)madvise(state.memory, MEMORY, MADV_REMOVE);
	memset(h, 0, sizeof(*h));
}

/*
 * What another version wrote is of no use, and what kills each process that goes
 * on with it must not kill the next: begin with nothing.
 */
static void
head_check(struct head *h)
{
	bool	good = h->magic == MAGIC && h->layout == LAYOUT &&
		    h->head_size == sizeof(struct ringing) &&
		    h->branch_size == sizeof(struct branch_entry);

	for (unsigned size = 0; size < SIZES; size++)
		good = good && atomic_load(&h->high[size]) <= REGION / size_of(size);
	if (good && atomic_load(&h->starts) < RINGING_STARTS_MAX)
		return;
	if (good) {
		log_problem("SIGNAL", "%d starts ended at once: calls that ring are "
		    "finished without their record", RINGING_STARTS_MAX);
		head_reset(h);
	} else if (h->magic != 0) {
		log_problem("SIGNAL", "the record of ringing calls is of another "
		    "version: calls that ring are finished without it");
		head_reset(h);
	}
	h->layout = LAYOUT;
	h->head_size = sizeof(struct ringing);
	h->branch_size = sizeof(struct branch_entry);
	h->magic = MAGIC;
}

int
ringing_open(unsigned workers)
{
	int	adopted;
	size_t	n;

	state.memory = fdstore_memory("ringing", MEMORY, &adopted);
	if (state.memory == NULL)
		return -errno;
	state.workers = workers;
	head_check(head());
	atomic_fetch_add(&head()->starts, 1);
	n = recover();
	if (adopted && n > 0)
		log_major("SIGNAL", "%zu calls go on ringing", n);
	return 0;
}

void
ringing_close(void)
{
	for (unsigned i = 0; i < state.workers; i++)
		free(state.of[i].found);
	memset(state.of, 0, sizeof(state.of));
	if (state.memory != NULL) {
		ringing_calm();		/* it ends by its own will */
		munmap(state.memory, MEMORY);
	}
	state.memory = NULL;
	state.workers = 0;
}

void
ringing_calm(void)
{
	atomic_store(&head()->starts, 0);
}

struct ringings *
ringing_of(unsigned worker)
{
	return &state.of[worker];
}

void
ringing_seal(struct ringings *c)
{
	c->sealed = true;
}
