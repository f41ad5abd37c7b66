/*
 * leases - routed's decisions, kept.
 *
 * decision.c looks here before it asks; sipd.c hands over what routed's feed says.
 *
 * What is forgotten is not looked for: each name has a place, by its hash, with the
 * number of the last FORGET that was for it, and a lease holds while none of its
 * places has a number above its own. Names that share a place cost a question now and
 * then. So a FORGET costs the same however many leases there are, in whatever
 * worker.
 */
#include "sipd/leases.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/map.h"
#include "common/pack.h"
#include "common/route.h"
#include "common/stats.h"

#define PLACES		16384	/* of names; a power of two */
#define WAYS		4	/* leases with the same hash's beginning */
#define PACKED_MAX	16384	/* octets; a longer decision is asked for */

struct lease {
	uint64_t	hash;
	uint64_t	moment;
	uint64_t	generation;
	int64_t		valid_until;	/* wall clock, ms; 0: no end of its own */
	uint32_t	depends;
	uint32_t	nplaces;
	uint32_t	*places;
	struct buf	packed;		/* the MSG_ROUTED */
	struct buf	asked;		/* the texts of the question, see alike() */
};

struct leases {
	struct lease	*v;
	uint32_t	*seen;		/* of addresses: the rest of their hashes */
	uint32_t	 n;		/* a power of two, or 0 */
};

static _Atomic uint64_t	serial;			/* of FORGETs */
static _Atomic uint64_t	all;			/* the last one for all */
static _Atomic uint64_t	places[PLACES];

/* ---- what is forgotten ---- */

static uint32_t
place_of(struct str key)
{
	return (uint32_t)hash_str(key) & (PLACES - 1);
}

void
leases_forget(struct str key)
{
	uint64_t	number = atomic_fetch_add(&serial, 1) + 1;

	atomic_store(key.len == 0 ? &all : &places[place_of(key)], number);
}

uint64_t
leases_moment(void)
{
	return atomic_load(&serial);
}

static bool
is_forgotten(const struct lease *e)
{
	if (atomic_load(&all) > e->moment)
		return true;
	for (uint32_t i = 0; i < e->nplaces; i++)
		if (atomic_load(&places[e->places[i]]) > e->moment)
			return true;
	return false;
}

/* ---- the table ---- */

struct leases *
leases_new(uint32_t limit)
{
	struct leases	*l = xcalloc(1, sizeof(*l));

	if (limit < WAYS)
		return l;
	for (l->n = WAYS; l->n * 2 <= limit; l->n *= 2)
		;
	l->v = xcalloc(l->n, sizeof(*l->v));
	l->seen = xcalloc(l->n, sizeof(*l->seen));
	return l;
}

static void
lease_drop(struct lease *e)
{
	free(e->places);
	buf_fini(&e->packed);
	buf_fini(&e->asked);
	*e = (struct lease){ 0 };
}

void
leases_free(struct leases *l)
{
	if (l == NULL)
		return;
	for (uint32_t i = 0; i < l->n; i++)
		lease_drop(&l->v[i]);
	free(l->v);
	free(l->seen);
	free(l);
}

/* ---- which requests are alike ---- */

static void
add(struct buf *b, struct str s)
{
	uint32_t	len = (uint32_t)s.len;

	buf_add(b, &len, sizeof(len));
	buf_add(b, s.s, s.len);
}

/* Of "udp:192.0.2.1:5060" what networks are made of. */
static struct str
host_of(struct str source)
{
	ptrdiff_t	colon = str_rchr(source, ':');

	return colon > 0 ? str_make(source.s, (size_t)colon) : source;
}

/* Everything of q that a decision with these depends has consulted. */
static void
consulted(struct buf *b, const struct msg_route *q, uint32_t depends)
{
	buf_clear(b);
	add(b, q->uri);
	add(b, q->listener);
	if ((depends & DEPENDS_CALLER) != 0) {
		add(b, q->from);
		add(b, q->from_name);
		add(b, q->account);
		add(b, q->realm);
	}
	if ((depends & DEPENDS_SOURCE) != 0)
		add(b, host_of(q->source));
	if ((depends & DEPENDS_METHOD) != 0)
		add(b, q->method);
	if ((depends & DEPENDS_MEDIA) != 0) {
		buf_add(b, &q->media, sizeof(q->media));
		add(b, q->payload);
	}
	if ((depends & DEPENDS_TO) != 0)
		add(b, q->to);
}

static bool
alike(const struct lease *e, const struct msg_route *q)
{
	static _Thread_local struct buf	 b;

	consulted(&b, q, e->depends);
	return b.len == e->asked.len && memcmp(b.s, e->asked.s, b.len) == 0;
}

/* ---- keeping and finding ---- */

static bool
is_over(const struct lease *e, uint64_t generation, int64_t now_ms)
{
	return e->hash == 0 || e->generation != generation ||
	    (e->valid_until != 0 && now_ms >= e->valid_until) || is_forgotten(e);
}

static uint64_t
hash_of(const struct msg_route *q)
{
	uint64_t	h = hash_str(q->uri);

	return h != 0 ? h : 1;
}

static struct lease *
ways_of(const struct leases *l, uint64_t hash)
{
	return &l->v[(uint32_t)hash & (l->n - 1) & ~(uint32_t)(WAYS - 1)];
}

/* The place of one that is over, is the same, or is the oldest. */
static struct lease *
place_for(struct leases *l, const struct msg_route *q, uint64_t hash,
    uint64_t generation, int64_t now_ms)
{
	struct lease	*way = ways_of(l, hash), *oldest = way;

	for (unsigned i = 0; i < WAYS; i++, way++) {
		if (is_over(way, generation, now_ms) ||
		    (way->hash == hash && alike(way, q)))
			return way;
		if (way->moment < oldest->moment)
			oldest = way;
	}
	return oldest;
}

void
leases_put(struct leases *l, const struct msg_route *q,
    const struct msg_routed *m, uint64_t moment, uint64_t generation,
    int64_t now_ms)
{
	uint64_t	 hash = hash_of(q);
	struct lease	*e;

	if (l->n == 0 || m->if_confirmed != 0 || m->targets.n == 0)
		return;
	e = place_for(l, q, hash, generation, now_ms);
	lease_drop(e);
	msg_pack(&e->packed, MSG_ROUTED, m);
	if (e->packed.len > PACKED_MAX) {
		lease_drop(e);
		return;
	}
	e->hash = hash;
	e->moment = moment;
	e->generation = generation;
	e->valid_until = (int64_t)m->valid_until;
	e->depends = m->depends;
	e->places = xcalloc(m->keys.n + 1, sizeof(*e->places));
	for (uint32_t i = 0; i < m->keys.n; i++)
		e->places[e->nplaces++] = place_of(m->keys.v[i].name);
	consulted(&e->asked, q, e->depends);
}

static bool
has_room(const struct leases *l, uint64_t hash)
{
	const struct lease	*way = ways_of(l, hash);

	for (unsigned i = 0; i < WAYS; i++)
		if (way[i].hash == 0)
			return true;
	return false;
}

bool
leases_wanted(struct leases *l, const struct msg_route *q)
{
	uint64_t	 hash = hash_of(q);
	uint32_t	 tag = (uint32_t)(hash >> 32) | 1, *seen;

	if (l->n == 0)
		return false;
	seen = &l->seen[(uint32_t)hash & (l->n - 1)];
	if (*seen == tag || has_room(l, hash))
		return true;
	*seen = tag;
	return false;
}

bool
leases_find(struct leases *l, const struct msg_route *q, uint64_t generation,
    int64_t now_ms, union msg *m)
{
	uint64_t	 hash = hash_of(q);
	struct lease	*way = l->n > 0 ? ways_of(l, hash) : NULL;
	struct unpack	 u;

	for (unsigned i = 0; way != NULL && i < WAYS; i++, way++) {
		if (way->hash != hash || is_over(way, generation, now_ms) ||
		    !alike(way, q))
			continue;
		unpack_init(&u, way->packed.s, way->packed.len);
		if (msg_unpack_inner(&u, m) != MSG_ROUTED)
			break;
		stats->lease_hits++;
		return true;
	}
	stats->lease_misses++;
	return false;
}
