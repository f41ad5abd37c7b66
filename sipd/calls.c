/*
 * calls - the call table: what a restart must not forget about a call.
 *
 * The memfd holds a head and records; it is as large as the largest table the
 * settings allow, but only what was ever used is in memory. The index and the
 * list of free records are made anew by each process. A record is one word that
 * says which of two slots is valid, what never changes while it is used, and
 * the two slots: a reader in another thread copies and then looks whether the
 * word is still the same.
 */
#include "sipd/calls.h"

#include <sys/mman.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/fdstore.h"
#include "common/log.h"
#include "common/map.h"
#include "common/mono.h"
#include "common/stats.h"
#include "sipd/gateways.h"
#include "sipd/worker.h"

#define MAGIC		UINT64_C(0x636f72642d63616c)
#define LAYOUT		4
#define CAPACITY	4000000	/* the setting's upper bound */
#define NONE		UINT32_MAX
#define BUCKETS_MIN	1024
#define COPY_TRIES	4

/* The word: bit 0 used, bit 1 which slot, the rest counts its changes. */
#define WORD_USED	UINT64_C(1)
#define WORD_SLOT	UINT64_C(2)
#define WORD_STEP	UINT64_C(4)

struct slot {
	struct hop	caller, callee;
	int64_t		since_ms;
	uint32_t	caller_cseq, callee_cseq;
	uint8_t		state;
	uint8_t		media;
	uint8_t		media_why;
	uint8_t		callee_tag_len, gateway_len;
	char		callee_tag[CALL_TAG_MAX];
	char		gateway[CALL_GATEWAY_MAX];
};

struct call {
	_Atomic uint64_t	word;
	uint64_t		number;
	int64_t			begun_ms;
	uint8_t			call_id_len, caller_tag_len;
	uint8_t			from_len, to_len, came_by_len;
	char			call_id[CALL_ID_MAX];
	char			caller_tag[CALL_TAG_MAX];
	char			from[CALL_AOR_MAX];
	char			to[CALL_AOR_MAX];
	char			came_by[CALL_GATEWAY_MAX];
	struct slot		slot[2];
};

struct head {
	uint64_t		magic;
	uint32_t		layout;
	uint32_t		record_size;
	_Atomic uint64_t	last_number;
	_Atomic uint32_t	high;		/* records ever used */
};

struct table {
	_Alignas(4096) struct head head;
	_Alignas(4096) struct call records[];
};

/* What this process knows about a record. */
struct node {
	uint32_t	next;		/* of the bucket's chain */
	uint32_t	hash;
	uint8_t		owner;
	bool		kept;		/* begun or kept by this process */
};

struct calls {
	unsigned	 worker;
	uint32_t	*buckets;
	uint32_t	 size;		/* a power of two */
	uint32_t	 n;
	bool		 sealed;
};

static struct {
	struct table	*table;
	size_t		 size;
	struct node	*nodes;
	uint32_t	*free;		/* a stack */
	uint32_t	 nfree;
	uint32_t	 max;
	_Atomic uint32_t count;
	pthread_mutex_t	 lock;		/* for free, nfree and head.high */
	struct calls	 of[WORKERS_MAX];
	unsigned	 workers;
} state = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- a record ---- */

static const struct slot *
valid_slot(const struct call *k)
{
	uint64_t	word = atomic_load_explicit(
			    (_Atomic uint64_t *)(uintptr_t)&k->word,
			    memory_order_relaxed);

	return &k->slot[(word & WORD_SLOT) != 0];
}

/* A copy of the valid slot in the idle one, to be changed. */
static struct slot *
slot_begin(struct call *k)
{
	const struct slot	*now = valid_slot(k);
	struct slot		*idle = &k->slot[now == &k->slot[0]];

	*idle = *now;
	return idle;
}

/* One store makes the idle slot the valid one. */
static void
slot_commit(struct call *k)
{
	uint64_t	word = atomic_load_explicit(&k->word,
			    memory_order_relaxed);

	atomic_store_explicit(&k->word, (word ^ WORD_SLOT) + WORD_STEP,
	    memory_order_release);
}

static uint8_t
keep(char *to, size_t max, struct str s)
{
	size_t	n = s.len < max ? s.len : max;

	if (n > 0)
		memcpy(to, s.s, n);
	return (uint8_t)n;
}

static void
read_slot(const struct call *k, const struct slot *s, struct call_facts *out)
{
	out->call_id = str_make(k->call_id, k->call_id_len);
	out->caller_tag = str_make(k->caller_tag, k->caller_tag_len);
	out->callee_tag = str_make(s->callee_tag, s->callee_tag_len);
	out->from = str_make(k->from, k->from_len);
	out->to = str_make(k->to, k->to_len);
	out->gateway = str_make(s->gateway, s->gateway_len);
	out->came_by = str_make(k->came_by, k->came_by_len);
	out->state = s->state;
	out->since_ms = s->since_ms;
	out->begun_ms = k->begun_ms;
	out->number = k->number;
	out->media = s->media;
	out->media_why = s->media_why;
	out->caller = s->caller;
	out->callee = s->callee;
	/* They are numbers of the process that wrote it. */
	out->caller.domain = out->callee.domain = 0;
	out->caller_cseq = s->caller_cseq;
	out->callee_cseq = s->callee_cseq;
}

void
call_read(const struct call *k, struct call_facts *out)
{
	read_slot(k, valid_slot(k), out);
}

/* ---- the index ---- */

static uint32_t
hash_of(struct str call_id)
{
	return (uint32_t)hash_str(call_id);
}

static uint32_t
index_of(const struct call *k)
{
	return (uint32_t)(k - state.table->records);
}

static void
chain(struct calls *c, uint32_t i)
{
	uint32_t	*bucket = &c->buckets[state.nodes[i].hash &
			    (c->size - 1)];

	state.nodes[i].next = *bucket;
	*bucket = i;
}

static void
buckets_make(struct calls *c, uint32_t size)
{
	uint32_t	*old = c->buckets, old_size = c->size, next;

	c->buckets = xcalloc(size, sizeof(*c->buckets));
	c->size = size;
	memset(c->buckets, 0xff, size * sizeof(*c->buckets));
	for (uint32_t b = 0; b < old_size; b++)
		for (uint32_t i = old[b]; i != NONE; i = next) {
			next = state.nodes[i].next;
			chain(c, i);
		}
	free(old);
}

/* Those that an established call takes, or gives back. */
static void
channels(const struct call *k, bool take)
{
	struct call_facts	 f;
	struct gateway		*g;

	call_read(k, &f);
	for (unsigned i = 0; f.state == CALL_ESTABLISHED && i < 2; i++) {
		if ((g = gateway_named(i == 0 ? f.gateway : f.came_by)) == NULL)
			continue;
		if (take)
			(void)gateway_take(g, true);
		else
			gateway_give(g);
	}
}

static void
file_call(struct calls *c, uint32_t i)
{
	const struct call	*k = &state.table->records[i];

	if (c->n >= c->size)
		buckets_make(c, c->size * 2);
	state.nodes[i].hash = hash_of(str_make(k->call_id, k->call_id_len));
	state.nodes[i].owner = (uint8_t)c->worker;
	chain(c, i);
	c->n++;
	atomic_fetch_add(&state.count, 1);
	stats->calls++;
	channels(k, true);
}

static void
unfile_call(struct calls *c, uint32_t i)
{
	uint32_t	*at = &c->buckets[state.nodes[i].hash & (c->size - 1)];

	channels(&state.table->records[i], false);
	while (*at != i)
		at = &state.nodes[*at].next;
	*at = state.nodes[i].next;
	c->n--;
	atomic_fetch_sub(&state.count, 1);
	stats->calls--;
}

/* The next call with this Call-ID; i is where the last one was, or NONE. */
static uint32_t
next_with(const struct calls *c, struct str call_id, uint32_t hash, uint32_t i)
{
	const struct call	*k;

	i = i == NONE ? c->buckets[hash & (c->size - 1)] : state.nodes[i].next;
	for (; i != NONE; i = state.nodes[i].next) {
		k = &state.table->records[i];
		if (state.nodes[i].hash == hash &&
		    str_eq(str_make(k->call_id, k->call_id_len), call_id))
			break;
	}
	return i;
}

/* ---- free records ---- */

static uint32_t
take_free(void)
{
	struct head	*h = &state.table->head;
	uint32_t	 i = NONE, high;

	pthread_mutex_lock(&state.lock);
	high = atomic_load(&h->high);
	if (atomic_load(&state.count) >= state.max)
		;
	else if (state.nfree > 0)
		i = state.free[--state.nfree];
	else if (high < CAPACITY)
		atomic_store(&h->high, (i = high) + 1);
	pthread_mutex_unlock(&state.lock);
	return i;
}

static void
give_free(uint32_t i)
{
	pthread_mutex_lock(&state.lock);
	state.free[state.nfree++] = i;
	pthread_mutex_unlock(&state.lock);
}

/* ---- beginning and ending ---- */

static void
fill(struct call *k, const struct call_facts *f)
{
	struct slot	*s = &k->slot[0];

	k->number = atomic_fetch_add(&state.table->head.last_number, 1) + 1;
	k->call_id_len = keep(k->call_id, sizeof(k->call_id), f->call_id);
	k->caller_tag_len = keep(k->caller_tag, sizeof(k->caller_tag),
	    f->caller_tag);
	k->from_len = keep(k->from, sizeof(k->from), f->from);
	k->to_len = keep(k->to, sizeof(k->to), f->to);
	k->came_by_len = keep(k->came_by, sizeof(k->came_by), f->came_by);
	s->gateway_len = keep(s->gateway, sizeof(s->gateway), f->gateway);
	k->begun_ms = f->begun_ms != 0 ? f->begun_ms : wall_ms();
	s->caller = f->caller;
	s->callee = f->callee;
	s->since_ms = f->since_ms != 0 ? f->since_ms : wall_ms();
	s->caller_cseq = f->caller_cseq;
	s->callee_cseq = f->callee_cseq;
	s->state = f->callee_tag.len > 0 ? CALL_ESTABLISHED : CALL_EARLY;
	s->media = f->media;
	s->media_why = f->media_why;
	s->callee_tag_len = keep(s->callee_tag, sizeof(s->callee_tag),
	    f->callee_tag);
}

static struct call *
find_same(struct calls *c, const struct call_facts *f)
{
	uint32_t	hash = hash_of(f->call_id), i = NONE;

	while ((i = next_with(c, f->call_id, hash, i)) != NONE) {
		struct call_facts have;

		call_read(&state.table->records[i], &have);
		if (str_eq(have.caller_tag, f->caller_tag) &&
		    str_eq(have.callee_tag, f->callee_tag))
			return &state.table->records[i];
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
	if ((i = take_free()) == NONE) {
		stats->calls_table_full++;
		return -ENOSPC;
	}
	k = &state.table->records[i];
	fill(k, f);
	word = atomic_load_explicit(&k->word, memory_order_relaxed);
	word = ((word & ~(WORD_SLOT | WORD_USED)) + WORD_STEP) | WORD_USED;
	atomic_store_explicit(&k->word, word, memory_order_release);
	file_call(c, i);
	state.nodes[i].kept = true;
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
	uint32_t	i = index_of(k);

	if (c->sealed)
		return;
	if (valid_slot(k)->state == CALL_ESTABLISHED)
		stats->calls_ended++;
	unfile_call(c, i);
	atomic_store_explicit(&k->word, (word & ~WORD_USED) + WORD_STEP,
	    memory_order_release);
	give_free(i);
}

uint32_t
call_index(const struct call *k)
{
	return index_of(k);
}

uint32_t
calls_room(void)
{
	return CAPACITY;
}

void
calls_seal(struct calls *c)
{
	c->sealed = true;
}

void
call_keep(struct call *k)
{
	state.nodes[index_of(k)].kept = true;
}

void
calls_forget_early(struct calls *c)
{
	struct call	*k;
	uint32_t	 cursor = 0;

	while ((k = call_next(c, &cursor)) != NULL)
		if (valid_slot(k)->state == CALL_EARLY &&
		    !state.nodes[index_of(k)].kept)
			call_end(c, k);
}

/* ---- changes ---- */

int
call_answered(struct call *k, const struct call_facts *f)
{
	struct slot	*s;

	if (f->callee_tag.len > CALL_TAG_MAX)
		return -EMSGSIZE;
	if (valid_slot(k)->state == CALL_ESTABLISHED)
		return 0;
	s = slot_begin(k);
	s->state = CALL_ESTABLISHED;
	s->since_ms = wall_ms();
	s->callee_tag_len = keep(s->callee_tag, sizeof(s->callee_tag),
	    f->callee_tag);
	s->gateway_len = keep(s->gateway, sizeof(s->gateway), f->gateway);
	s->callee = f->callee;
	s->media = f->media;
	s->media_why = f->media_why;
	slot_commit(k);
	channels(k, true);
	stats->calls_begun++;
	return 0;
}

bool
call_cseq(struct call *k, bool from_caller, uint32_t cseq)
{
	const struct slot	*now = valid_slot(k);
	struct slot		*s;

	if (cseq <= (from_caller ? now->caller_cseq : now->callee_cseq))
		return false;
	s = slot_begin(k);
	*(from_caller ? &s->caller_cseq : &s->callee_cseq) = cseq;
	slot_commit(k);
	return true;
}

void
call_moved(struct call *k, bool caller, const struct hop *where)
{
	const struct slot	*now = valid_slot(k);
	struct slot		*s;

	if (hop_eq(caller ? &now->caller : &now->callee, where))
		return;
	s = slot_begin(k);
	*(caller ? &s->caller : &s->callee) = *where;
	slot_commit(k);
}

/* ---- finding ---- */

struct call *
call_find(struct calls *c, struct str call_id, struct str tag1, struct str tag2,
    bool *from_caller)
{
	uint32_t	 hash = hash_of(call_id), i = NONE;
	struct call	*early = NULL;
	bool		 first = false;

	while ((i = next_with(c, call_id, hash, i)) != NONE) {
		struct call		*k = &state.table->records[i];
		struct call_facts	 f;
		bool			 one, two;

		call_read(k, &f);
		one = str_eq(f.caller_tag, tag1);
		two = str_eq(f.caller_tag, tag2);
		if ((one && str_eq(f.callee_tag, tag2)) ||
		    (two && str_eq(f.callee_tag, tag1))) {
			if (from_caller != NULL)
				*from_caller = one;
			return k;
		}
		if ((one || two) && f.callee_tag.len == 0) {
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
	uint32_t	high = atomic_load(&state.table->head.high);

	while (*cursor < high) {
		struct call *k = &state.table->records[(*cursor)++];

		if ((atomic_load_explicit(&k->word, memory_order_acquire) &
		    WORD_USED) != 0 &&
		    state.nodes[index_of(k)].owner == c->worker)
			return k;
	}
	return NULL;
}

/* ---- from other threads ---- */

static struct str
copy_text(char **at, struct str s, size_t max)
{
	struct str	copy = { *at, s.len <= max ? s.len : max };

	memcpy(*at, s.s, copy.len);
	*at += copy.len;
	return copy;
}

static void
copy_facts(const struct call *k, uint64_t word, struct call_copy *out)
{
	struct call_facts	*f = &out->facts;
	char			*at = out->texts;

	read_slot(k, &k->slot[(word & WORD_SLOT) != 0], f);
	f->call_id = copy_text(&at, f->call_id, CALL_ID_MAX);
	f->caller_tag = copy_text(&at, f->caller_tag, CALL_TAG_MAX);
	f->callee_tag = copy_text(&at, f->callee_tag, CALL_TAG_MAX);
	f->from = copy_text(&at, f->from, CALL_AOR_MAX);
	f->to = copy_text(&at, f->to, CALL_AOR_MAX);
	f->gateway = copy_text(&at, f->gateway, CALL_GATEWAY_MAX);
	f->came_by = copy_text(&at, f->came_by, CALL_GATEWAY_MAX);
}

/* False: free, or it changed each time we looked. */
static bool
copy_call(struct call *k, struct call_copy *out)
{
	uint64_t	word;

	for (int i = 0; i < COPY_TRIES; i++) {
		word = atomic_load_explicit(&k->word, memory_order_acquire);
		if ((word & WORD_USED) == 0)
			return false;
		copy_facts(k, word, out);
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&k->word, memory_order_relaxed) ==
		    word)
			return true;
	}
	return false;
}

bool
calls_next(uint64_t *cursor, struct call_copy *out)
{
	uint32_t	high = atomic_load(&state.table->head.high);

	while (*cursor < high)
		if (copy_call(&state.table->records[(*cursor)++], out))
			return true;
	return false;
}

uint32_t
calls_count(void)
{
	return atomic_load_explicit(&state.count, memory_order_relaxed);
}

struct calls *
calls_of(unsigned worker)
{
	return &state.of[worker];
}

/* ---- start ---- */

/* What another version wrote is of no use: begin with an empty table. */
static void
head_check(struct head *h)
{
	if (h->magic == MAGIC && h->layout == LAYOUT &&
	    h->record_size == sizeof(struct call) &&
	    atomic_load(&h->high) <= CAPACITY)
		return;
	if (h->magic != 0) {
		log_problem("SIGNAL", "the call table is of another version: "
		    "calls that began before this start are not listed");
		(void)madvise(state.table, state.size, MADV_REMOVE);
		memset(h, 0, sizeof(*h));
	}
	h->layout = LAYOUT;
	h->record_size = sizeof(struct call);
	h->magic = MAGIC;
}

static bool
sound(const struct call *k)
{
	const struct slot	*s = valid_slot(k);

	return k->caller_tag_len <= CALL_TAG_MAX &&
	    k->came_by_len <= CALL_GATEWAY_MAX &&
	    s->gateway_len <= CALL_GATEWAY_MAX &&
	    s->callee_tag_len <= CALL_TAG_MAX &&
	    (s->state == CALL_EARLY || s->state == CALL_ESTABLISHED);
}

/* Files every call under the worker that its Call-ID names now. */
static void
recover(void)
{
	uint32_t	high = atomic_load(&state.table->head.high);

	for (uint32_t i = high; i-- > 0;) {
		struct call	*k = &state.table->records[i];
		bool		 used = atomic_load(&k->word) & WORD_USED;

		if (used && sound(k)) {
			file_call(&state.of[worker_owner(str_make(k->call_id,
			    k->call_id_len)) % state.workers], i);
			continue;
		}
		atomic_store(&k->word, atomic_load(&k->word) & ~WORD_USED);
		state.free[state.nfree++] = i;
	}
}

/* Zero, and in memory only where it is used. */
static void *
reserve(size_t size)
{
	void	*p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p != MAP_FAILED ? p : NULL;
}

int
calls_open(uint32_t max, unsigned workers)
{
	int	adopted;

	state.size = sizeof(struct table) + CAPACITY * sizeof(struct call);
	state.max = max < CAPACITY ? max : CAPACITY;
	state.workers = workers;
	state.nodes = reserve(CAPACITY * sizeof(*state.nodes));
	state.free = reserve(CAPACITY * sizeof(*state.free));
	state.table = fdstore_memory("calls", state.size, &adopted);
	if (state.nodes == NULL || state.free == NULL || state.table == NULL) {
		int error = -errno;

		calls_close();
		return error;
	}
	for (unsigned i = 0; i < workers; i++) {
		state.of[i] = (struct calls){ .worker = i };
		buckets_make(&state.of[i], BUCKETS_MIN);
	}
	head_check(&state.table->head);
	recover();
	if (adopted && calls_count() > 0)
		log_major("SIGNAL", "%u calls go on", calls_count());
	return 0;
}

void
calls_close(void)
{
	for (unsigned i = 0; i < state.workers; i++)
		free(state.of[i].buckets);
	memset(state.of, 0, sizeof(state.of));
	if (state.nodes != NULL)
		munmap(state.nodes, CAPACITY * sizeof(*state.nodes));
	if (state.free != NULL)
		munmap(state.free, CAPACITY * sizeof(*state.free));
	if (state.table != NULL)
		munmap(state.table, state.size);
	state.nodes = NULL;
	state.free = NULL;
	state.table = NULL;
	state.nfree = state.workers = 0;
	stats->calls -= atomic_load(&state.count);
	atomic_store(&state.count, 0);
}
