/*
 * ringing_found - the records of ringing calls at the start: what the last process
 * left, and reading it.
 *
 * sipd.c opens them, revive.c reads one after the other. Nothing in them is believed
 * that was not looked at: what another version or a torn write left is dropped.
 */
#include "sipd/ringing_parts.h"

#include <sys/mman.h>

#include <stdlib.h>

#include "common/fdstore.h"
#include "common/log.h"
#include "common/stats.h"
#include "sipd/msg.h"

struct ringing_state ringing_state;

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
	const struct branch_entry *b = (const void *)e;
	size_t			 least;		/* octets */

	if (*at + sizeof(*e) > end)
		return NULL;
	least = sizeof(*e);
	if (e->kind == ENTRY_BRANCH && *at + sizeof(*b) <= end)
		least = sizeof(*b) + b->where_len + b->trunk_len;
	else if (e->kind != ENTRY_BEST)
		return NULL;
	if (e->len % 8 != 0 || e->len > end - *at ||
	    least + e->texts[0] + e->texts[1] > e->len)
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

	const char	*route = e->texts + e->e.texts[0];

	*b = (struct ringing_branch){
		.to = e->to, .uri = str_make(e->texts, e->e.texts[0]),
		.route = str_make(route, e->e.texts[1]),
		.where = str_make(route + e->e.texts[1], e->where_len),
		.trunk = str_make(route + e->e.texts[1] + e->where_len, e->trunk_len),
		.order = e->order, .spare_of = (int)e->spare_of, .by_flow = e->by_flow, .peer = e->peer,
		.media = e->media, .confirmed = e->confirmed, .breadth = e->breadth,
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
				found_add(&ringing_state.of[worker_owner(call_id) %
				    ringing_state.workers], r);
				n++;
				continue;
			}
			word_set(r, 0);
			r->size = (uint8_t)size;
			give(&ringing_state.of[i % ringing_state.workers], r);
		}
	return n;
}

static void
head_reset(struct head *h)
{
	(void)madvise(ringing_state.memory, MEMORY, MADV_REMOVE);
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

	ringing_state.memory = fdstore_memory("ringing", MEMORY, &adopted);
	if (ringing_state.memory == NULL)
		return -errno;
	ringing_state.workers = workers;
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
	for (unsigned i = 0; i < ringing_state.workers; i++)
		free(ringing_state.of[i].found);
	memset(ringing_state.of, 0, sizeof(ringing_state.of));
	if (ringing_state.memory != NULL) {
		ringing_calm();		/* it ends by its own will */
		munmap(ringing_state.memory, MEMORY);
	}
	ringing_state.memory = NULL;
	ringing_state.workers = 0;
}

void
ringing_calm(void)
{
	atomic_store(&head()->starts, 0);
}

struct ringings *
ringing_of(unsigned worker)
{
	return &ringing_state.of[worker];
}

void
ringing_seal(struct ringings *c)
{
	c->sealed = true;
}
