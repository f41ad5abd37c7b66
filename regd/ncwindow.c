/*
 * ncwindow - used nonce counts and recent answers, in memory that outlives us.
 *
 * auth.c asks before and counts after a digest was verified. A kill in the
 * middle of a change must leave a table that errs to the safe side: the mark of
 * what was evicted is raised before the record goes, a record gets its nonce
 * last, and a count is entered before the answer's fingerprint. The worst that
 * can happen is one more challenge.
 */
#include "regd/ncwindow.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/id.h"
#include "common/map.h"

#define WAYS		8
#define RECENT		2
#define WINDOW		32
#define MAGIC		0x316e637764726f63ull	/* changes with the layout */

struct recent {
	uint64_t	fingerprint;		/* 0: none */
	uint32_t	boot_100ms;		/* when, in tenths of a second */
	uint16_t	code;
};

struct nc_record {
	uint64_t	nonce;			/* keyed hash; 0: empty */
	int64_t		issued_ms;
	uint32_t	max;			/* highest count seen */
	uint32_t	window;			/* bit i: max - 1 - i was seen */
	struct recent	recent[RECENT];
};

struct set {
	int64_t		evicted_ms;		/* newest issue time that went */
	struct nc_record v[WAYS];
};

struct header {
	uint64_t	magic;
	uint64_t	nsets;			/* a power of two */
	uint8_t		key[16];
	uint8_t		pad[32];
};

struct nc_table {
	struct header	*header;
	struct set	*sets;
	uint64_t	 mask;
};

static uint64_t
sets_for(uint32_t records)
{
	uint64_t n = 1;

	while (n * WAYS < records)
		n *= 2;
	return n;
}

size_t
nc_size(uint32_t records)
{
	return sizeof(struct header) + sets_for(records) * sizeof(struct set);
}

struct nc_table *
nc_open(void *memory, size_t size, bool adopted)
{
	struct nc_table *t = xcalloc(1, sizeof(*t));
	struct header *h = memory;
	uint64_t nsets = 1, random[2];

	assert(size >= sizeof(*h) + sizeof(struct set));
	while (sizeof(*h) + nsets * 2 * sizeof(struct set) <= size)
		nsets *= 2;
	if (!adopted || h->magic != MAGIC || h->nsets != nsets) {
		h->magic = 0;
		atomic_signal_fence(memory_order_seq_cst);
		memset((char *)memory + sizeof(*h), 0,
		    nsets * sizeof(struct set));
		random[0] = id_u64();
		random[1] = id_u64();
		memcpy(h->key, random, sizeof(h->key));
		h->nsets = nsets;
		atomic_signal_fence(memory_order_seq_cst);
		h->magic = MAGIC;
	}
	t->header = h;
	t->sets = (struct set *)(h + 1);
	t->mask = nsets - 1;
	return t;
}

void
nc_close(struct nc_table *t)
{
	free(t);
}

uint64_t
nc_hash(const struct nc_table *t, struct str nonce)
{
	uint64_t h = siphash64(t->header->key, nonce);

	return h != 0 ? h : 1;
}

uint64_t
nc_fingerprint(const struct nc_table *t, struct str question)
{
	return nc_hash(t, question);
}

static struct set *
set_of(const struct nc_table *t, uint64_t hash)
{
	return &t->sets[(hash >> 32) & t->mask];
}

static struct nc_record *
find(const struct nc_table *t, uint64_t hash)
{
	struct set *s = set_of(t, hash);

	for (int i = 0; i < WAYS; i++)
		if (s->v[i].nonce == hash)
			return &s->v[i];
	return NULL;
}

/*
 * A place for a new nonce: an empty one, else the oldest. Who is past his life
 * (issued before oldest_ms) goes without a mark: his nonce verifies no more.
 */
static struct nc_record *
make_room(struct set *s, int64_t oldest_ms)
{
	struct nc_record *r = &s->v[0];

	for (int i = 0; i < WAYS; i++) {
		if (s->v[i].nonce == 0)
			return &s->v[i];
		if (s->v[i].issued_ms < r->issued_ms)
			r = &s->v[i];
	}
	if (r->issued_ms >= oldest_ms && r->issued_ms > s->evicted_ms)
		s->evicted_ms = r->issued_ms;
	atomic_signal_fence(memory_order_seq_cst);
	r->nonce = 0;
	return r;
}

/* Enters nc; false when it was there or is older than the window. */
static bool
count(struct nc_record *r, uint32_t nc)
{
	uint32_t back;

	if (nc > r->max) {
		back = nc - r->max;
		r->window = back >= WINDOW ? 0 : r->window << back;
		if (r->max != 0 && back <= WINDOW)
			r->window |= 1u << (back - 1);
		r->max = nc;
		return true;
	}
	back = r->max - nc;
	if (back == 0 || back > WINDOW || (r->window & 1u << (back - 1)) != 0)
		return false;
	r->window |= 1u << (back - 1);
	return true;
}

enum nc_verdict
nc_use(struct nc_table *t, struct str nonce, uint32_t nc, int64_t issued_ms,
    int64_t oldest_ms, struct nc_record **out)
{
	uint64_t hash = nc_hash(t, nonce);
	struct nc_record *r = find(t, hash);
	struct set *s = set_of(t, hash);

	if (r == NULL) {
		if (issued_ms <= s->evicted_ms)
			return NC_LOST;
		r = make_room(s, oldest_ms);
		/* The mark may just have passed us: then we are the oldest. */
		if (issued_ms <= s->evicted_ms)
			return NC_LOST;
		memset(r, 0, sizeof(*r));
		r->issued_ms = issued_ms;
		count(r, nc);
		atomic_signal_fence(memory_order_seq_cst);
		r->nonce = hash;
	} else if (!count(r, nc)) {
		return NC_USED;
	}
	*out = r;
	return NC_FRESH;
}

void
nc_remember(struct nc_record *r, uint64_t fingerprint, int64_t boot_ms)
{
	struct recent *old = &r->recent[0];

	for (int i = 1; i < RECENT; i++)
		if (r->recent[i].boot_100ms < old->boot_100ms)
			old = &r->recent[i];
	old->fingerprint = 0;
	old->boot_100ms = (uint32_t)(boot_ms / 100);
	old->code = 0;
	atomic_signal_fence(memory_order_seq_cst);
	old->fingerprint = fingerprint;
}

static struct recent *
find_recent(struct nc_record *r, uint64_t fingerprint)
{
	for (int i = 0; r != NULL && i < RECENT; i++)
		if (r->recent[i].fingerprint == fingerprint)
			return &r->recent[i];
	return NULL;
}

bool
nc_repeated(const struct nc_table *t, struct str nonce, uint64_t fingerprint,
    int64_t boot_ms, uint16_t *code)
{
	struct recent *f = find_recent(find(t, nc_hash(t, nonce)), fingerprint);

	if (f == NULL ||
	    (uint32_t)(boot_ms / 100) - f->boot_100ms > NC_REPEAT_MS / 100)
		return false;
	*code = f->code;
	return true;
}

void
nc_settle_hash(struct nc_table *t, uint64_t nonce_hash, uint64_t fingerprint,
    uint16_t code)
{
	struct recent *f = find_recent(find(t, nonce_hash), fingerprint);

	if (f != NULL)
		f->code = code;
}

void
nc_settle(struct nc_table *t, struct str nonce, uint64_t fingerprint,
    uint16_t code)
{
	nc_settle_hash(t, nc_hash(t, nonce), fingerprint, code);
}
