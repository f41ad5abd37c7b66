/*
 * users - how many sessions the calls of one user have ("media-sessions-per-user").
 *
 * exchange.c asks before it makes one, session.c counts.
 */
#include <stdlib.h>
#include <string.h>

#include "mediad/session_own.h"

struct user {
	uint64_t	key;
	unsigned	sessions;
};

static struct str
user_octets(const void *object)
{
	return str_make((const char *)&((const struct user *)object)->key,
	    sizeof(uint64_t));
}

static struct user *
find(const struct sessions *ss, uint64_t key)
{
	return map_find(ss->by_user, str_make((const char *)&key, sizeof(key)));
}

void
users_open(struct sessions *ss)
{
	ss->by_user = map_new(user_octets);
}

void
users_close(struct sessions *ss)
{
	map_free(ss->by_user);
}

uint64_t
user_key(const struct sessions *ss, struct str user)
{
	uint8_t		hash[16];
	uint64_t	key;

	if (user.len == 0)
		return 0;
	records_branch(ss->records, user, hash);
	memcpy(&key, hash, sizeof(key));
	return key;
}

unsigned
user_sessions(const struct sessions *ss, uint64_t key)
{
	const struct user	*u = find(ss, key);

	return u != NULL ? u->sessions : 0;
}

void
user_count(struct sessions *ss, uint64_t key, int by)
{
	struct user	*u = key != 0 ? find(ss, key) : NULL;

	if (key == 0)
		return;
	if (u == NULL) {
		u = xcalloc(1, sizeof(*u));
		u->key = key;
		map_put(ss->by_user, u);
	}
	u->sessions += by;
	if (u->sessions > 0)
		return;
	map_remove(ss->by_user, user_octets(u));
	free(u);
}
