/*
 * replica - the bindings, as regd last said: many readers, no lock.
 *
 * The table is cut into shards by hash, so that growing one is a short piece of
 * work. A shard is an open-addressing array of 8-byte slots: 16 bits of tag over
 * a 48-bit pointer to the AOR's block. Writers hold the shard's lock and change
 * one slot at a time; readers probe with plain acquiring loads. What a writer
 * took out is freed by reclaim.c when no reader can still look at it.
 *
 * An AOR without contacts stays as a tombstone for a while: an older record that
 * is still under way (a snapshot, or the feed behind an answer) must not bring
 * it back.
 */
#include "sipd/replica.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/map.h"
#include "sipd/contacts.h"
#include "sipd/flows.h"
#include "sipd/reclaim.h"

#define SHARDS		256
#define SLOTS_MIN	16
#define SLOT_EMPTY	UINT64_C(0)
#define SLOT_GONE	UINT64_C(1)	/* was used: probing goes on */
#define POINTER_BITS	48
#define POINTER_MASK	((UINT64_C(1) << POINTER_BITS) - 1)
#define TOMBSTONE_MS	60000
#define MARK_OLD	0		/* no snapshot has this number */

struct table {
	uint32_t		size;		/* a power of two */
	uint32_t		filled;		/* slots that are not empty */
	_Atomic uint64_t	slots[];
};

struct shard {
	pthread_mutex_t		lock;
	struct table *_Atomic	table;
	uint32_t		used;		/* sets, tombstones too */
};

static struct {
	struct shard	shards[SHARDS];
	_Atomic uint64_t aors;
	_Atomic uint64_t contacts;
	_Atomic uint32_t snapshot;	/* number of the present one */
	_Atomic bool	synced;
	_Atomic bool	open_snapshot;	/* between begin and complete */
	_Atomic int64_t	swept_ns;	/* when tombstones were last cleared */
	_Atomic bool	sweeping;
	bool		everything;	/* what the snapshot left out goes too */
	uint32_t	sweep_shard;
} replica;

static struct shard *
shard_of(uint64_t hash)
{
	return &replica.shards[(hash >> 32) % SHARDS];
}

static uint64_t
slot_make(const struct aor *a, uint64_t hash)
{
	uint64_t	p = (uint64_t)(uintptr_t)a;

	assert((p & ~POINTER_MASK) == 0);
	return p | (hash & ~POINTER_MASK);
}

static struct aor *
slot_aor(uint64_t slot)
{
	if (slot == SLOT_EMPTY || slot == SLOT_GONE)
		return NULL;
	return (struct aor *)(uintptr_t)(slot & POINTER_MASK);
}

static struct table *
table_new(uint32_t size)
{
	struct table	*t = xcalloc(1, sizeof(*t) +
			    size * sizeof(t->slots[0]));

	t->size = size;
	return t;
}

/* The set of name and its slot, or NULL. Readers and writers. */
static struct aor *
table_find(const struct table *t, uint64_t hash, struct str name, uint32_t *at)
{
	uint32_t	i = (uint32_t)hash & (t->size - 1);

	for (uint32_t n = 0; n < t->size; n++, i = (i + 1) & (t->size - 1)) {
		uint64_t	 slot = atomic_load_explicit(&t->slots[i],
				    memory_order_acquire);
		struct aor	*a;

		if (slot == SLOT_EMPTY)
			break;
		if (((slot ^ hash) & ~POINTER_MASK) != 0)
			continue;
		a = slot_aor(slot);
		if (a != NULL && str_eq(aor_name(a), name)) {
			*at = i;
			return a;
		}
	}
	return NULL;
}

static void
table_insert(struct table *t, struct aor *a, uint64_t hash)
{
	uint32_t	i = (uint32_t)hash & (t->size - 1);

	for (;; i = (i + 1) & (t->size - 1)) {
		uint64_t slot = atomic_load_explicit(&t->slots[i],
		    memory_order_relaxed);

		if (slot_aor(slot) != NULL)
			continue;
		if (slot == SLOT_EMPTY)
			t->filled++;
		atomic_store_explicit(&t->slots[i], slot_make(a, hash),
		    memory_order_release);
		return;
	}
}

/* Makes room for one more: at most three quarters are ever filled. */
static void
shard_reserve(struct shard *s)
{
	struct table	*old = atomic_load_explicit(&s->table,
			    memory_order_relaxed);
	struct table	*t;
	uint32_t	 size = SLOTS_MIN;

	if (old != NULL && (old->filled + 1) * 4 <= old->size * 3)
		return;
	while ((s->used + 1) * 2 > size)
		size *= 2;
	t = table_new(size);
	for (uint32_t i = 0; old != NULL && i < old->size; i++) {
		struct aor *a = slot_aor(atomic_load_explicit(&old->slots[i],
		    memory_order_relaxed));

		if (a != NULL)
			table_insert(t, a, hash_str(aor_name(a)));
	}
	atomic_store_explicit(&s->table, t, memory_order_release);
	if (old != NULL)
		reclaim(old);
}

static void
count_set(const struct aor *a, int64_t sign)
{
	if (a == NULL || a->n == 0)
		return;
	atomic_fetch_add_explicit(&replica.aors, (uint64_t)sign,
	    memory_order_relaxed);
	atomic_fetch_add_explicit(&replica.contacts, (uint64_t)(sign * a->n),
	    memory_order_relaxed);
}

/* The new set's flows first: what both have must not fall to 0 between. */
static void
count_flows(const struct aor *in, const struct aor *out)
{
	struct contact	c;

	for (uint32_t at = 0; contact_next(in, &at, &c);)
		flows_add(&c.flow);
	for (uint32_t at = 0; contact_next(out, &at, &c);)
		flows_remove(&c.flow);
}

/* Puts a in place of old, which is in slot i, or as a new one. */
static void
shard_put(struct shard *s, struct aor *old, uint32_t i, struct aor *a, uint64_t hash)
{
	struct table	*t;

	if (old == NULL) {
		shard_reserve(s);
		t = atomic_load_explicit(&s->table, memory_order_relaxed);
		table_insert(t, a, hash);
		s->used++;
	} else {
		t = atomic_load_explicit(&s->table, memory_order_relaxed);
		atomic_store_explicit(&t->slots[i], slot_make(a, hash),
		    memory_order_release);
	}
	count_set(a, 1);
	count_set(old, -1);
	count_flows(a, old);
	if (old != NULL)
		reclaim(old);
}

bool
replica_knows(struct str name, uint64_t version)
{
	uint64_t	 hash = hash_str(name);
	struct shard	*s = shard_of(hash);
	struct table	*t;
	struct aor	*a = NULL;
	uint32_t	 i;

	pthread_mutex_lock(&s->lock);
	t = atomic_load_explicit(&s->table, memory_order_relaxed);
	if (t != NULL)
		a = table_find(t, hash, name, &i);
	if (a != NULL && a->version >= version)	/* seen in this snapshot */
		a->mark = atomic_load_explicit(&replica.snapshot,
		    memory_order_relaxed);
	else
		a = NULL;
	pthread_mutex_unlock(&s->lock);
	return a != NULL;
}

bool
replica_apply(struct str name, uint64_t version,
    const struct rec_binding *bindings, uint32_t n, struct mono now)
{
	uint64_t	 hash = hash_str(name);
	struct shard	*s = shard_of(hash);
	struct aor	*a, *old = NULL;
	struct table	*t;
	uint32_t	 mark, i = 0;
	bool		 newer;

	if (name.len > UINT8_MAX)
		return false;
	a = contacts_new(name, version, bindings, n, now);
	pthread_mutex_lock(&s->lock);
	mark = atomic_load_explicit(&replica.snapshot, memory_order_relaxed);
	t = atomic_load_explicit(&s->table, memory_order_relaxed);
	if (t != NULL)
		old = table_find(t, hash, name, &i);
	newer = old == NULL || old->version < version;
	if (newer) {
		a->mark = mark;
		shard_put(s, old, i, a, hash);
	} else {
		old->mark = mark;	/* seen; readers do not look at it */
	}
	pthread_mutex_unlock(&s->lock);
	if (!newer)
		free(a);
	return newer;
}

const struct aor *
replica_find(struct str name)
{
	uint64_t	 hash = hash_str(name);
	struct table	*t;
	struct aor	*a;
	uint32_t	 i;

	reclaim_enter();
	t = atomic_load_explicit(&shard_of(hash)->table, memory_order_acquire);
	if (t == NULL || (a = table_find(t, hash, name, &i)) == NULL)
		return NULL;
	return a->n > 0 ? a : NULL;
}

/* ---- snapshots and clearing up ---- */

void
replica_begin(void)
{
	replica.everything = false;
	atomic_store(&replica.sweeping, false);
	atomic_fetch_add(&replica.snapshot, 1);
	atomic_store(&replica.open_snapshot, true);
}

static void
sweep_start(bool everything)
{
	replica.everything = everything;
	replica.sweep_shard = 0;
	atomic_store(&replica.sweeping, true);
}

void
replica_complete(void)
{
	atomic_store(&replica.open_snapshot, false);
	atomic_store(&replica.synced, true);
	sweep_start(true);
}

/* Tombstones are dropped from time to time, but never during a snapshot. */
void
replica_tidy(struct mono now)
{
	int64_t	last = atomic_load(&replica.swept_ns);

	if (atomic_load(&replica.open_snapshot) ||
	    atomic_load(&replica.sweeping) ||
	    now.ns - last < INT64_C(1000000) * TOMBSTONE_MS)
		return;
	atomic_store(&replica.swept_ns, now.ns);
	/* What is a tombstone now has a mark; the next round takes it. */
	sweep_start(false);
}

/*
 * Takes out tombstones, and after a snapshot also what it did not have. A
 * tombstone of the present snapshot's time is marked old and stays one round.
 */
static bool
is_over(struct aor *a, uint32_t mark)
{
	if (replica.everything)
		return a->mark != mark;
	if (a->n > 0)
		return false;
	if (a->mark == MARK_OLD)
		return true;
	a->mark = MARK_OLD;
	return false;
}

static void
shard_sweep(struct shard *s, uint32_t mark)
{
	struct table	*t;

	pthread_mutex_lock(&s->lock);
	t = atomic_load_explicit(&s->table, memory_order_relaxed);
	for (uint32_t i = 0; t != NULL && i < t->size; i++) {
		struct aor *a = slot_aor(atomic_load_explicit(&t->slots[i],
		    memory_order_relaxed));

		if (a == NULL || !is_over(a, mark))
			continue;
		atomic_store_explicit(&t->slots[i], SLOT_GONE,
		    memory_order_release);
		s->used--;
		count_set(a, -1);
		count_flows(NULL, a);
		reclaim(a);
	}
	pthread_mutex_unlock(&s->lock);
}

bool
replica_sweep(void)
{
	if (!atomic_load(&replica.sweeping))
		return false;
	shard_sweep(&replica.shards[replica.sweep_shard],
	    atomic_load(&replica.snapshot));
	if (++replica.sweep_shard == SHARDS)
		atomic_store(&replica.sweeping, false);
	return atomic_load(&replica.sweeping);
}

/* ---- walking ---- */

const struct aor *
replica_walk(uint64_t *cursor, unsigned *slots)
{
	uint32_t	shard = (uint32_t)(*cursor >> 32), at = (uint32_t)*cursor;

	for (; shard < SHARDS; shard++, at = 0) {
		const struct table	*t = atomic_load_explicit(
					    &replica.shards[shard].table,
					    memory_order_acquire);

		for (; t != NULL && at < t->size && *slots > 0; (*slots)--) {
			const struct aor	*a = slot_aor(atomic_load_explicit(
						    &t->slots[at++],
						    memory_order_acquire));

			if (a == NULL || a->n == 0)
				continue;
			*cursor = (uint64_t)shard << 32 | at;
			return a;
		}
		if (t != NULL && at < t->size) {
			*cursor = (uint64_t)shard << 32 | at;
			return NULL;
		}
	}
	*cursor = 0;
	return NULL;
}

/* ---- the whole ---- */

void
replica_open(void)
{
	for (unsigned i = 0; i < SHARDS; i++)
		pthread_mutex_init(&replica.shards[i].lock, NULL);
	atomic_store(&replica.snapshot, 1);
	atomic_store(&replica.swept_ns, mono_now().ns);
	reclaim_open();
	flows_open();
}

void
replica_close(void)
{
	for (unsigned i = 0; i < SHARDS; i++) {
		struct shard	*s = &replica.shards[i];
		struct table	*t = atomic_load(&s->table);

		for (uint32_t j = 0; t != NULL && j < t->size; j++)
			free(slot_aor(atomic_load(&t->slots[j])));
		free(t);
		atomic_store(&s->table, NULL);
		s->used = 0;
		pthread_mutex_destroy(&s->lock);
	}
	atomic_store(&replica.aors, 0);
	atomic_store(&replica.contacts, 0);
	atomic_store(&replica.synced, false);
	atomic_store(&replica.sweeping, false);
	atomic_store(&replica.open_snapshot, false);
	reclaim_close();
	flows_close();
}

bool
replica_synced(void)
{
	return atomic_load_explicit(&replica.synced, memory_order_relaxed);
}

uint64_t
replica_aors(void)
{
	return atomic_load_explicit(&replica.aors, memory_order_relaxed);
}

uint64_t
replica_contacts(void)
{
	return atomic_load_explicit(&replica.contacts, memory_order_relaxed);
}
