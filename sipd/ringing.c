/*
 * ringing - the records of INVITEs under way, in memory that outlives us.
 *
 * proxy.c and leg.c write them as they go; the request itself lives here and
 * nowhere else. There are four sizes of records, each with a region of its own in
 * one memfd that is as large as it may ever get, of which only what was ever used
 * is in memory. Each worker has its own lists of free records, last in first out.
 */
#include "sipd/ringing_parts.h"

#include "common/stats.h"

#define ROOM		768	/* left at first: a branch and a refusal */

/* ---- free records ---- */

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
				    b->uri.len + b->route.len + b->where.len +
				    b->trunk.len);
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
	e->confirmed = b->confirmed;
	e->peer = b->peer;
	e->order = b->order;
	e->spare_of = (uint32_t)b->spare_of;
	e->where_len = (uint16_t)b->where.len;
	e->trunk_len = (uint16_t)b->trunk.len;
	at = e->texts;
	text_put(&at, b->uri);
	text_put(&at, b->route);
	text_put(&at, b->where);
	text_put(&at, b->trunk);
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
    const char branch[BRANCH_LEN], unsigned breadth, struct mono now)
{
	struct branch_entry	*e = branch_of(c, r, handle);

	if (e == NULL)
		return;
	memcpy(e->branch, branch, BRANCH_LEN);
	e->breadth = breadth;
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
