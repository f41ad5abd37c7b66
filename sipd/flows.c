/*
 * flows - which connections carry bindings, and which of those are gone.
 */
#include "sipd/flows.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/map.h"
#include "sipd/tcp.h"

struct flow {
	struct hop_key	key;
	uint32_t	bindings;
	bool		lost;		/* the connection is gone */
	struct hop	hop;
};

static pthread_mutex_t	lock = PTHREAD_MUTEX_INITIALIZER;
static struct map	*flows;
static _Atomic uint32_t	nlost;		/* none: nobody need take the lock */

static struct str
flow_key(const void *object)
{
	const struct flow	*f = object;

	return str_make(f->key.s, sizeof(f->key.s));
}

void
flows_open(void)
{
	flows = map_new(flow_key);
}

void
flows_close(void)
{
	struct flow	*f;
	size_t		 cursor = 0;

	if (flows == NULL)
		return;
	while ((f = map_next(flows, &cursor)) != NULL)
		free(f);
	map_free(flows);
	flows = NULL;
	nlost = 0;
}

void
flows_add(const struct hop *h)
{
	struct hop_key	 k;
	struct flow	*f;
	bool		 first;

	if (!hop_is_stream(h))
		return;
	pthread_mutex_lock(&lock);
	f = map_find(flows, hop_key(h, &k));
	if ((first = f == NULL)) {
		f = xcalloc(1, sizeof(*f));
		f->key = k;
		f->hop = *h;
		map_put(flows, f);
	}
	f->bindings++;
	pthread_mutex_unlock(&lock);
	if (first)
		tcp_flow_changed(h);
}

void
flows_remove(const struct hop *h)
{
	struct hop_key	 k;
	struct flow	*f;
	bool		 last = false;

	if (!hop_is_stream(h))
		return;
	pthread_mutex_lock(&lock);
	f = map_find(flows, hop_key(h, &k));
	if (f != NULL && --f->bindings == 0) {
		map_remove(flows, hop_key(h, &k));
		nlost -= f->lost;
		free(f);
		last = true;
	}
	pthread_mutex_unlock(&lock);
	if (last)
		tcp_flow_changed(h);
}

bool
flows_used(const struct hop *h)
{
	struct hop_key	k;
	bool		used;

	pthread_mutex_lock(&lock);
	used = flows != NULL && map_find(flows, hop_key(h, &k)) != NULL;
	pthread_mutex_unlock(&lock);
	return used;
}

/* ---- connections that are gone ---- */

void
flows_lost(const struct hop *h, bool lost)
{
	struct hop_key	k;
	struct flow	*f;

	pthread_mutex_lock(&lock);
	f = flows != NULL ? map_find(flows, hop_key(h, &k)) : NULL;
	if (f != NULL && f->lost != lost) {
		f->lost = lost;
		nlost += lost ? 1 : (uint32_t)-1;
	}
	pthread_mutex_unlock(&lock);
}

bool
flows_is_lost(const struct hop *h)
{
	struct hop_key	k;
	struct flow	*f;
	bool		lost;

	if (!hop_is_stream(h) || atomic_load_explicit(&nlost,
	    memory_order_relaxed) == 0)
		return false;
	pthread_mutex_lock(&lock);
	f = flows != NULL ? map_find(flows, hop_key(h, &k)) : NULL;
	lost = f != NULL && f->lost;
	pthread_mutex_unlock(&lock);
	return lost;
}

bool
flows_next_lost(size_t *cursor, struct hop *out)
{
	struct flow	*f = NULL;

	pthread_mutex_lock(&lock);
	while (flows != NULL && (f = map_next(flows, cursor)) != NULL && !f->lost)
		;
	if (f != NULL)
		*out = f->hop;
	pthread_mutex_unlock(&lock);
	return f != NULL;
}

uint64_t
flows_lost_count(void)
{
	return nlost;
}

uint64_t
flows_count(void)
{
	uint64_t	n;

	pthread_mutex_lock(&lock);
	n = flows != NULL ? map_count(flows) : 0;
	pthread_mutex_unlock(&lock);
	return n;
}
