/*
 * alias - connections that stand for where their peer listens.
 */
#include "sipd/alias.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/map.h"

#define ALIASES_MAX	4096

struct alias {
	char		key[sizeof(struct hop_key) + sizeof(uint32_t)];
	struct hop	conn;
};

static pthread_mutex_t	lock = PTHREAD_MUTEX_INITIALIZER;
static struct map	*aliases;	/* NULL while there is none */
static _Atomic size_t	 count;		/* read without the lock: mostly 0 */

static struct str
alias_key(const void *object)
{
	const struct alias	*a = object;

	return str_make(a->key, sizeof(a->key));
}

/* Who listens there, for that domain. */
static void
make_key(struct alias *a, const struct hop *to, uint32_t domain)
{
	struct hop_key	k;

	memcpy(a->key, hop_peer_key(to, &k).s, sizeof(k.s));
	memcpy(a->key + sizeof(k.s), &domain, sizeof(domain));
}

void
alias_put(const struct hop *conn, uint16_t port, uint32_t domain)
{
	struct alias	*a, *old;
	struct hop	 to = *conn;

	if (domain == 0 || atomic_load(&count) >= ALIASES_MAX)
		return;
	a = xcalloc(1, sizeof(*a));
	addr_set_port(&to.remote, port);
	make_key(a, &to, domain);
	a->conn = *conn;
	pthread_mutex_lock(&lock);
	if (aliases == NULL)
		aliases = map_new(alias_key);
	old = map_put(aliases, a);
	atomic_store(&count, map_count(aliases));
	pthread_mutex_unlock(&lock);
	free(old);
}

void
alias_drop(const struct hop *conn)
{
	struct alias	*a;
	size_t		 cursor = 0;

	if (atomic_load(&count) == 0)
		return;
	pthread_mutex_lock(&lock);
	while (aliases != NULL && (a = map_next(aliases, &cursor)) != NULL)
		if (hop_eq(&a->conn, conn)) {
			map_remove(aliases, alias_key(a));
			free(a);
		}
	if (aliases != NULL && map_count(aliases) == 0) {
		map_free(aliases);
		aliases = NULL;
	}
	atomic_store(&count, aliases != NULL ? map_count(aliases) : 0);
	pthread_mutex_unlock(&lock);
}

bool
alias_find(const struct hop *to, struct hop *out)
{
	struct alias	 wanted, *a = NULL;

	if (atomic_load(&count) == 0 || to->domain == 0)
		return false;
	make_key(&wanted, to, to->domain);
	pthread_mutex_lock(&lock);
	if (aliases != NULL)
		a = map_find(aliases, alias_key(&wanted));
	if (a != NULL)
		*out = a->conn;
	pthread_mutex_unlock(&lock);
	return a != NULL;
}
