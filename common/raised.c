/*
 * raised - what is named, and the calls in which it was seen.
 *
 * Places are fixed, so that any thread may look without a lock: a name is written
 * while the level of its place is 0, and a place that became free stays so for a
 * second, in which whoever was just reading it has long gone on.
 */
#include "common/raised.h"

#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/stats.h"

#define REST_MS		1000	/* until a place is used again */

/* Calls that no name of ours raised have places of their own. */
enum { BY_NETWORKS = RAISED_MAX, BY_OTHERS, PLACES };

const char *const raised_kinds[] = { "user", "call", "address", "gateway", NULL };

struct place {
	struct raised	r;
	struct str	user, host;	/* of a user: slices of its value */
	struct net	net;		/* of an address */
	int64_t		free_ms;	/* since when; 0: always was */
};

/* Calls that share a place forget each other. */
struct call {
	_Atomic uint64_t call;
	_Atomic unsigned by;
};

_Atomic unsigned	raised_any;

static struct place		places[RAISED_MAX];
static _Atomic unsigned		top;		/* all behind it are free */
static _Atomic int		levels[PLACES];	/* 0: nothing is here */
static struct call		calls[RAISED_CALLS];
static _Atomic(const struct set_nets *) networks;

static int
level_of(unsigned place)
{
	return atomic_load_explicit(&levels[place], memory_order_acquire);
}

static void
level_set(unsigned place, int level)
{
	unsigned	any = 0, n = 0, named = 0;

	atomic_store_explicit(&levels[place], level, memory_order_release);
	for (unsigned i = 0; i < RAISED_MAX; i++)
		if (level_of(i) != 0) {
			any |= 1u << places[i].r.by;
			n = i + 1;
			named++;
		}
	if (level_of(BY_NETWORKS) != 0)
		any |= 1u << RAISED_ADDRESS;
	top = n;
	/* Others say what is raised only while they, and so we, were told to. */
	levels[BY_OTHERS] = any != 0 ? LOG_ALL : 0;
	raised_any = any;
	stats->log_raised = named;
}

static unsigned
places_used(void)
{
	return atomic_load_explicit(&top, memory_order_acquire);
}

/* ---- names ---- */

static void
forget_calls(unsigned place)
{
	for (size_t i = 0; i < RAISED_CALLS; i++)
		if (calls[i].by == place)
			calls[i].call = 0;
}

static struct place *
place_find(uint64_t number)
{
	for (unsigned i = 0; i < RAISED_MAX; i++)
		if (level_of(i) != 0 && places[i].r.number == number)
			return &places[i];
	return NULL;
}

static struct place *
place_free(int64_t now_ms)
{
	for (unsigned i = 0; i < RAISED_MAX; i++)
		if (level_of(i) == 0 && (places[i].free_ms == 0 ||
		    now_ms - places[i].free_ms >= REST_MS))
			return &places[i];
	return NULL;
}

static void
place_end(struct place *p, int64_t now_ms)
{
	unsigned	i = (unsigned)(p - places);

	level_set(i, 0);
	p->free_ms = now_ms;
	forget_calls(i);
	log_major("LOG", "no longer raised for %s %s", raised_kinds[p->r.by],
	    log_str(str_of(p->r.value)));
}

int
raised_put(const struct raised *r, int64_t now_ms)
{
	struct place	*p = place_find(r->number);
	struct net	 net = { 0 };
	struct str	 rest;

	if (p != NULL) {		/* what it names stays */
		p->r.until_ms = r->until_ms;
		return 0;
	}
	if (r->by >= RAISED_KINDS || r->level < LOG_FAILURE || r->level > LOG_ALL ||
	    r->value[0] == '\0' || (r->by == RAISED_ADDRESS &&
	    net_parse(&net, str_of(r->value)) < 0))
		return -EINVAL;
	if ((p = place_free(now_ms)) == NULL)
		return -ENOSPC;
	p->r = *r;
	p->net = net;
	rest = str_of(p->r.value);
	p->host = STR_NONE;
	if (str_cut(&rest, '@', &p->user))
		p->host = rest;
	level_set((unsigned)(p - places), r->level);
	log_major("LOG", "raised to level %d for %s %s, for %lld s, by %s", r->level,
	    raised_kinds[r->by], log_str(str_of(r->value)),
	    (long long)(r->until_ms - now_ms) / 1000, log_str(str_of(r->who)));
	return 0;
}

bool
raised_del(uint64_t number, int64_t now_ms)
{
	struct place	*p = place_find(number);

	if (p == NULL)
		return false;
	place_end(p, now_ms);
	return true;
}

int64_t
raised_expire(int64_t now_ms)
{
	int64_t	next = 0;

	for (unsigned i = 0; i < RAISED_MAX; i++) {
		if (level_of(i) == 0)
			continue;
		if (places[i].r.until_ms <= now_ms)
			place_end(&places[i], now_ms);
		else if (next == 0 || places[i].r.until_ms < next)
			next = places[i].r.until_ms;
	}
	return next;
}

const struct raised *
raised_get(unsigned i)
{
	for (unsigned k = 0; k < RAISED_MAX; k++)
		if (level_of(k) != 0 && i-- == 0)
			return &places[k].r;
	return NULL;
}

void
raised_networks(const struct set_nets *n)
{
	networks = n != NULL && n->n > 0 ? n : NULL;
	forget_calls(BY_NETWORKS);
	level_set(BY_NETWORKS, networks != NULL ? LOG_ALL : 0);
}

/* ---- calls ---- */

int
raised_level_now(uint64_t call)
{
	const struct call	*c = &calls[call % RAISED_CALLS];

	return call != 0 && atomic_load_explicit((_Atomic uint64_t *)(uintptr_t)&c->call,
	    memory_order_relaxed) == call ? level_of(c->by) : 0;
}

static void
raise(uint64_t call, unsigned place)
{
	struct call	*c = &calls[call % RAISED_CALLS];

	if (call == 0 || raised_level_now(call) >= level_of(place))
		return;
	c->by = place;
	c->call = call;
	stats->log_raised_calls++;
}

void
raised_look_user(uint64_t call, struct str user, struct str host)
{
	const struct place	*p;

	for (unsigned i = 0, n = places_used(); i < n; i++) {
		p = &places[i];
		if (level_of(i) != 0 && p->r.by == RAISED_USER && str_eq(p->user, user) &&
		    (p->host.s == NULL || str_caseeq(p->host, host)))
			raise(call, i);
	}
}

void
raised_look_aor(uint64_t call, struct str aor)
{
	struct str	user;

	if (str_cut(&aor, '@', &user))
		raised_look_user(call, user, aor);
}

void
raised_look(uint64_t call, enum raised_by by, struct str value)
{
	for (unsigned i = 0, n = places_used(); i < n; i++)
		if (level_of(i) != 0 && places[i].r.by == by &&
		    str_eq(str_of(places[i].r.value), value))
			raise(call, i);
}

void
raised_look_address(uint64_t call, const struct addr *a)
{
	const struct set_nets	*list = networks;

	if (list != NULL && nets_have(list, a))
		raise(call, BY_NETWORKS);
	for (unsigned i = 0, n = places_used(); i < n; i++)
		if (level_of(i) != 0 && places[i].r.by == RAISED_ADDRESS &&
		    net_has(&places[i].net, a))
			raise(call, i);
}

void
raised_told(uint64_t call, bool is)
{
	struct call	*c = &calls[call % RAISED_CALLS];

	if (is)
		raise(call, BY_OTHERS);
	else if (c->call == call && c->by == BY_OTHERS)
		c->call = 0;
}
