/*
 * calls - the call table: what a restart must not forget about a call.
 *
 * Records lie in a memfd (calls_memory.c). The index of each worker and the list of
 * free records are made anew by each process.
 */
#include "sipd/calls_own.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/map.h"
#include "common/stats.h"

struct call_table call_table = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- the index ---- */

static uint32_t
hash_of(struct str call_id)
{
	return (uint32_t)hash_str(call_id);
}

uint32_t
call_index(const struct call *k)
{
	return (uint32_t)(k - call_table.table->records);
}

static void
chain(struct calls *c, uint32_t i)
{
	uint32_t	*bucket = &c->buckets[call_table.nodes[i].hash &
			    (c->size - 1)];

	call_table.nodes[i].next = *bucket;
	*bucket = i;
}

void
calls_buckets(struct calls *c, uint32_t size)
{
	uint32_t	*old = c->buckets, old_size = c->size, next;

	c->buckets = xcalloc(size, sizeof(*c->buckets));
	c->size = size;
	memset(c->buckets, 0xff, size * sizeof(*c->buckets));
	for (uint32_t b = 0; b < old_size; b++)
		for (uint32_t i = old[b]; i != CALL_NONE; i = next) {
			next = call_table.nodes[i].next;
			chain(c, i);
		}
	free(old);
}

void
calls_file(struct calls *c, uint32_t i)
{
	const struct call	*k = &call_table.table->records[i];

	if (c->n >= c->size)
		calls_buckets(c, c->size * 2);
	call_table.nodes[i].hash = hash_of(str_make(k->call_id, k->call_id_len));
	call_table.nodes[i].owner = (uint8_t)c->worker;
	chain(c, i);
	c->n++;
	atomic_fetch_add(&call_table.count, 1);
	stats->calls++;
	call_channels(k, true);
}

static void
unfile_call(struct calls *c, uint32_t i)
{
	uint32_t	*at = &c->buckets[call_table.nodes[i].hash & (c->size - 1)];

	call_channels(&call_table.table->records[i], false);
	while (*at != i)
		at = &call_table.nodes[*at].next;
	*at = call_table.nodes[i].next;
	c->n--;
	atomic_fetch_sub(&call_table.count, 1);
	stats->calls--;
}

/* The next call with this Call-ID; i is where the last one was, or CALL_NONE. */
static uint32_t
next_with(const struct calls *c, struct str call_id, uint32_t hash, uint32_t i)
{
	const struct call	*k;

	i = i == CALL_NONE ? c->buckets[hash & (c->size - 1)] : call_table.nodes[i].next;
	for (; i != CALL_NONE; i = call_table.nodes[i].next) {
		k = &call_table.table->records[i];
		if (call_table.nodes[i].hash == hash &&
		    str_eq(str_make(k->call_id, k->call_id_len), call_id))
			break;
	}
	return i;
}

/* ---- free records ---- */

static uint32_t
take_free(void)
{
	struct calls_head	*h = &call_table.table->head;
	uint32_t	 i = CALL_NONE, high;

	pthread_mutex_lock(&call_table.lock);
	high = atomic_load(&h->high);
	if (atomic_load(&call_table.count) >= call_table.max)
		;
	else if (call_table.nfree > 0)
		i = call_table.free[--call_table.nfree];
	else if (high < CALLS_CAPACITY)
		atomic_store(&h->high, (i = high) + 1);
	pthread_mutex_unlock(&call_table.lock);
	return i;
}

static void
give_free(uint32_t i)
{
	pthread_mutex_lock(&call_table.lock);
	call_table.free[call_table.nfree++] = i;
	pthread_mutex_unlock(&call_table.lock);
}

/* ---- beginning and ending ---- */

static struct call *
find_same(struct calls *c, const struct call_facts *f)
{
	uint32_t	hash = hash_of(f->call_id), i = CALL_NONE;

	while ((i = next_with(c, f->call_id, hash, i)) != CALL_NONE) {
		struct call_facts have;

		call_read(&call_table.table->records[i], &have);
		if (str_eq(have.caller_tag, f->caller_tag) &&
		    str_eq(have.callee_tag, f->callee_tag))
			return &call_table.table->records[i];
	}
	return NULL;
}

int
call_begin(struct calls *c, const struct call_facts *f, struct call **out)
{
	struct call	*k;
	uint64_t	 word;
	uint32_t	 i;

	if (f->call_id.len > CALL_ID_MAX || f->caller_tag.len > CALL_TAG_MAX ||
	    f->callee_tag.len > CALL_TAG_MAX)
		return -EMSGSIZE;
	if ((k = find_same(c, f)) != NULL) {
		*out = k;
		return 0;
	}
	if ((i = take_free()) == CALL_NONE) {
		stats->calls_table_full++;
		return -ENOSPC;
	}
	k = &call_table.table->records[i];
	call_fill(k, f);
	word = atomic_load_explicit(&k->word, memory_order_relaxed);
	word = ((word & ~(WORD_SLOT | WORD_USED)) + WORD_STEP) | WORD_USED;
	atomic_store_explicit(&k->word, word, memory_order_release);
	calls_file(c, i);
	call_table.nodes[i].kept = true;
	if (f->callee_tag.len > 0)
		stats->calls_begun++;
	*out = k;
	return 0;
}

void
call_end(struct calls *c, struct call *k)
{
	uint64_t	word = atomic_load_explicit(&k->word,
			    memory_order_relaxed);
	uint32_t	i = call_index(k);

	if (c->sealed)
		return;
	if (call_slot(k)->state == CALL_ESTABLISHED)
		stats->calls_ended++;
	unfile_call(c, i);
	atomic_store_explicit(&k->word, (word & ~WORD_USED) + WORD_STEP,
	    memory_order_release);
	give_free(i);
}

void
calls_seal(struct calls *c)
{
	c->sealed = true;
}

void
call_keep(struct call *k)
{
	call_table.nodes[call_index(k)].kept = true;
}

/* ---- finding ---- */

/* The tags as they would be read, without the rest. */
static bool
is_tag(const char *tag, uint8_t len, struct str s)
{
	return str_eq(str_make(tag, len), s);
}

struct call *
call_find(struct calls *c, struct str call_id, struct str tag1, struct str tag2,
    bool *from_caller)
{
	uint32_t	 hash = hash_of(call_id), i = CALL_NONE;
	struct call	*early = NULL;
	bool		 first = false;

	while ((i = next_with(c, call_id, hash, i)) != CALL_NONE) {
		struct call		*k = &call_table.table->records[i];
		const struct call_slot	*s = call_slot(k);
		bool			 one, two;

		one = is_tag(k->caller_tag, k->caller_tag_len, tag1);
		two = is_tag(k->caller_tag, k->caller_tag_len, tag2);
		if ((one && is_tag(s->callee_tag, s->callee_tag_len, tag2)) ||
		    (two && is_tag(s->callee_tag, s->callee_tag_len, tag1))) {
			if (from_caller != NULL)
				*from_caller = one;
			return k;
		}
		if ((one || two) && s->callee_tag_len == 0) {
			early = k;
			first = one;
		}
	}
	if (early != NULL && from_caller != NULL)
		*from_caller = first;
	return early;
}

struct call *
call_next(struct calls *c, uint32_t *cursor)
{
	uint32_t	high = atomic_load(&call_table.table->head.high);

	while (*cursor < high) {
		struct call *k = &call_table.table->records[(*cursor)++];

		if ((atomic_load_explicit(&k->word, memory_order_acquire) &
		    WORD_USED) != 0 &&
		    call_table.nodes[call_index(k)].owner == c->worker)
			return k;
	}
	return NULL;
}

void
calls_forget_early(struct calls *c)
{
	struct call	*k;
	uint32_t	 cursor = 0;

	while ((k = call_next(c, &cursor)) != NULL)
		if (call_slot(k)->state == CALL_EARLY &&
		    !call_table.nodes[call_index(k)].kept)
			call_end(c, k);
}

uint32_t
calls_count(void)
{
	return atomic_load_explicit(&call_table.count, memory_order_relaxed);
}

struct calls *
calls_of(unsigned worker)
{
	return &call_table.of[worker];
}
