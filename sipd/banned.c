/*
 * banned - the ban list as one immutable sorted block behind one pointer.
 *
 * An entry's key begins with the family and the number of bits; a look-up goes
 * through those that occur, few as a rule, and searches the masked address among
 * their entries. Without bans it costs a load.
 */
#include "sipd/banned.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/daemon.h"
#include "common/log.h"
#include "common/mono.h"
#include "common/stats.h"
#include "sipd/reclaim.h"

#define KINDS_MAX	(33 + 129)	/* families and numbers of bits */

struct key {
	uint8_t	octets;			/* of an address: 4 or 16 */
	uint8_t	bits;
	uint8_t	addr[16];		/* the rest of it 0 */
};

/* What does not change when the list is made anew. */
struct tally {
	_Atomic uint64_t refused;
	char		network[];
};

struct entry {
	struct key	key;
	int64_t		until_ms;	/* wall clock, 0: for good */
	struct tally	*tally;
};

struct list {
	size_t		 n;
	unsigned	 nkinds;
	struct key	 kinds[KINDS_MAX];	/* addr is not used */
	struct entry	 v[];			/* sorted by key */
};

/* What worker 0 knows; sorted. */
struct growing {
	struct entry	*v;
	size_t		 n, size;
};

static _Atomic(struct list *)	 current;
static struct growing		 learnt, arriving;
static bool			 snapshot;

static void
growing_free(struct growing *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->v[i].tally);
	free(g->v);
}

void
banned_open(void)
{
	memset(&learnt, 0, sizeof(learnt));
	memset(&arriving, 0, sizeof(arriving));
	snapshot = false;
}

void
banned_close(void)
{
	free(atomic_exchange(&current, NULL));
	growing_free(&learnt);
	growing_free(&arriving);
	banned_open();
}

/* ---- keys ---- */

static int
by_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct key));
}

static void
key_make(struct key *k, const uint8_t *addr, uint8_t octets, uint8_t bits)
{
	memset(k, 0, sizeof(*k));
	k->octets = octets;
	k->bits = bits;
	memcpy(k->addr, addr, bits / 8);
	if (bits % 8 != 0)
		k->addr[bits / 8] = addr[bits / 8] &
		    (uint8_t)(0xff00 >> bits % 8);
}

/* An IPv4 address in IPv6 clothes, as a socket for both gives it, is IPv4. */
static const uint8_t *
octets_of(const struct addr *a, uint8_t *n)
{
	const uint8_t *v6 = a->in6.sin6_addr.s6_addr;

	*n = 4;
	if (a->sa.sa_family == AF_INET)
		return (const uint8_t *)&a->in.sin_addr;
	if (IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr))
		return v6 + 12;
	*n = 16;
	return v6;
}

/* ---- worker 0 ---- */

/* Where k is among g, or would be. */
static size_t
place(const struct growing *g, const struct key *k)
{
	size_t	low = 0, high = g->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (by_key(&g->v[mid].key, k) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct tally *
tally_new(struct str network)
{
	struct tally	*t = xcalloc(1, sizeof(*t) + network.len + 1);

	memcpy(t->network, network.s, network.len);
	return t;
}

static void
put(struct growing *g, const struct key *k, struct str network, int64_t until_ms)
{
	size_t	at = place(g, k);

	if (at == g->n || by_key(&g->v[at].key, k) != 0) {
		if (g->n == g->size) {
			g->size = g->size > 0 ? 2 * g->size : 16;
			g->v = xrealloc(g->v, g->size, sizeof(*g->v));
		}
		memmove(g->v + at + 1, g->v + at, (g->n - at) * sizeof(*g->v));
		g->v[at].key = *k;
		g->v[at].tally = tally_new(network);
		g->n++;
	}
	g->v[at].until_ms = until_ms;
}

/* Its tally, which readers may still have; NULL: it was not there. */
static struct tally *
drop(struct growing *g, const struct key *k)
{
	size_t		 at = place(g, k);
	struct tally	*t;

	if (at == g->n || by_key(&g->v[at].key, k) != 0)
		return NULL;
	t = g->v[at].tally;
	g->n--;
	memmove(g->v + at, g->v + at + 1, (g->n - at) * sizeof(*g->v));
	return t;
}

static void
publish(void)
{
	struct list		*l, *old;
	const struct key	*k;

	l = xcalloc(1, sizeof(*l) + learnt.n * sizeof(l->v[0]));
	l->n = learnt.n;
	for (size_t i = 0; i < learnt.n; i++) {
		l->v[i] = learnt.v[i];
		k = &l->v[i].key;
		if (l->nkinds == 0 ||
		    l->kinds[l->nkinds - 1].octets != k->octets ||
		    l->kinds[l->nkinds - 1].bits != k->bits)
			l->kinds[l->nkinds++] = *k;
	}
	if ((old = atomic_exchange(&current, l)) != NULL)
		reclaim(old);
}

void
banned_begin(void)
{
	growing_free(&arriving);
	memset(&arriving, 0, sizeof(arriving));
	snapshot = true;
}

void
banned_record(const struct msg_ban *m)
{
	struct growing	*g = snapshot ? &arriving : &learnt;
	struct tally	*gone = NULL;
	struct net	 net;
	struct key	 k;
	const uint8_t	*addr;
	uint8_t		 n;

	if (net_parse(&net, m->network) < 0)
		return;
	addr = octets_of(&net.addr, &n);
	key_make(&k, addr, n, net.bits);
	if (m->deleted)
		gone = drop(g, &k);
	else
		put(g, &k, m->network, m->until_ms);
	if (!snapshot)
		publish();
	if (gone != NULL)
		reclaim(gone);
}

/* What both know goes on with the tally that it had. */
static void
tallies_hand_on(struct growing *from, struct growing *to)
{
	for (size_t i = 0; i < from->n; i++) {
		struct entry	*e = &from->v[i];
		size_t		 at = place(to, &e->key);

		if (at == to->n || by_key(&to->v[at].key, &e->key) != 0)
			continue;
		free(to->v[at].tally);
		to->v[at].tally = e->tally;
		e->tally = NULL;
	}
}

void
banned_complete(void)
{
	struct growing	old = learnt;

	if (!snapshot)
		return;
	snapshot = false;
	tallies_hand_on(&learnt, &arriving);
	learnt = arriving;
	memset(&arriving, 0, sizeof(arriving));
	if (learnt.n > 0 || atomic_load(&current) != NULL)
		publish();
	for (size_t i = 0; i < old.n; i++)
		if (old.v[i].tally != NULL)
			reclaim(old.v[i].tally);
	free(old.v);
}

bool
banned_next(uint64_t *cursor, struct banned_shown *out)
{
	const struct tally	*t;

	if (*cursor >= learnt.n)
		return false;
	t = learnt.v[(*cursor)++].tally;
	out->network = str_of(t->network);
	out->refused = atomic_load_explicit(&t->refused, memory_order_relaxed);
	return true;
}

/* ---- any worker ---- */

static const struct entry *
find(const struct list *l, const uint8_t *addr, uint8_t n)
{
	const struct entry	*e;
	struct key		 k;

	for (unsigned i = 0; i < l->nkinds; i++) {
		if (l->kinds[i].octets != n)
			continue;
		key_make(&k, addr, n, l->kinds[i].bits);
		e = bsearch(&k, l->v, l->n, sizeof(l->v[0]), by_key);
		if (e != NULL && (e->until_ms == 0 || e->until_ms > wall_ms()))
			return e;
	}
	return NULL;
}

static bool
refuse(const struct entry *e, const struct addr *from)
{
	const struct set_nets	*allow = &settings_now()->ban_allow;
	char			 buf[ADDR_TEXT_MAX];

	if (nets_have(allow, from))
		return false;
	stats->refused_banned++;
	atomic_fetch_add_explicit(&e->tally->refused, 1, memory_order_relaxed);
	log_rate(LOG_LOW, "SIPDATA", "%s is banned: not read",
	    log_str(addr_print(from, buf)));
	return true;
}

bool
banned(const struct addr *from)
{
	const struct list	*l;
	const struct entry	*e;
	const uint8_t		*addr;
	uint8_t			 n;

	if (atomic_load_explicit(&current, memory_order_relaxed) == NULL)
		return false;
	reclaim_enter();
	l = atomic_load(&current);
	addr = octets_of(from, &n);
	e = l->n > 0 ? find(l, addr, n) : NULL;
	return e != NULL && refuse(e, from);
}
