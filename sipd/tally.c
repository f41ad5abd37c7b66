/*
 * tally - how many connections there are, in all and from each address to each
 * listener.
 */
#include "sipd/tally.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/map.h"

#define KEY_MAX	18		/* listener and host */

struct count {
	uint8_t		len;
	char		key[KEY_MAX];
	uint32_t	n;
};

static pthread_mutex_t	lock = PTHREAD_MUTEX_INITIALIZER;
static struct map	*counts;	/* NULL while there is none */
static uint32_t		total;

static struct str
count_key(const void *object)
{
	const struct count	*c = object;

	return str_make(c->key, c->len);
}

/* Who has one IPv6 address has a whole /64. */
static struct str
key_of(unsigned listener, const struct addr *a, char buf[KEY_MAX])
{
	struct str	host = addr_bytes(a);
	uint16_t	number = (uint16_t)listener;

	if (host.len == 16)
		host.len = 8;
	memcpy(buf, &number, sizeof(number));
	memcpy(buf + sizeof(number), host.s, host.len);
	return str_make(buf, sizeof(number) + host.len);
}

static struct count *
find(struct str key)
{
	return counts != NULL ? map_find(counts, key) : NULL;
}

static struct count *
make(struct str key)
{
	struct count	*c = xcalloc(1, sizeof(*c));

	c->len = (uint8_t)key.len;
	memcpy(c->key, key.s, key.len);
	if (counts == NULL)
		counts = map_new(count_key);
	map_put(counts, c);
	return c;
}

bool
tally_add(unsigned listener, const struct addr *a, uint32_t max,
    uint32_t max_per_address)
{
	char		 buf[KEY_MAX];
	struct str	 key = key_of(listener, a, buf);
	struct count	*c;
	bool		 fits;

	pthread_mutex_lock(&lock);
	c = find(key);
	fits = total < max && (c == NULL || c->n < max_per_address);
	if (fits) {
		if (c == NULL)
			c = make(key);
		c->n++;
		total++;
	}
	pthread_mutex_unlock(&lock);
	return fits;
}

void
tally_remove(unsigned listener, const struct addr *a)
{
	char		 buf[KEY_MAX];
	struct str	 key = key_of(listener, a, buf);
	struct count	*c;

	pthread_mutex_lock(&lock);
	if ((c = find(key)) != NULL) {
		total--;
		if (--c->n == 0) {
			map_remove(counts, key);
			free(c);
		}
		if (total == 0) {
			map_free(counts);
			counts = NULL;
		}
	}
	pthread_mutex_unlock(&lock);
}

uint32_t
tally_total(void)
{
	uint32_t	n;

	pthread_mutex_lock(&lock);
	n = total;
	pthread_mutex_unlock(&lock);
	return n;
}

uint32_t
tally_of(unsigned listener, const struct addr *a)
{
	char		 buf[KEY_MAX];
	struct str	 key = key_of(listener, a, buf);
	struct count	*c;
	uint32_t	 n;

	pthread_mutex_lock(&lock);
	c = find(key);
	n = c != NULL ? c->n : 0;
	pthread_mutex_unlock(&lock);
	return n;
}
