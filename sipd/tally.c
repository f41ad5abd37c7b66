/*
 * tally - how many connections there are, in all and from each address.
 */
#include "sipd/tally.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/map.h"

struct count {
	uint8_t		len;
	char		host[16];
	uint32_t	n;
};

static pthread_mutex_t	lock = PTHREAD_MUTEX_INITIALIZER;
static struct map	*counts;	/* NULL while there is none */
static uint32_t		total;

static struct str
count_key(const void *object)
{
	const struct count	*c = object;

	return str_make(c->host, c->len);
}

/* Who has one IPv6 address has a whole /64. */
static struct str
key_of(const struct addr *a)
{
	struct str	host = addr_bytes(a);

	if (host.len == 16)
		host.len = 8;
	return host;
}

static struct count *
find(const struct addr *a)
{
	return counts != NULL ? map_find(counts, key_of(a)) : NULL;
}

static struct count *
make(const struct addr *a)
{
	struct count	*c = xcalloc(1, sizeof(*c));
	struct str	 key = key_of(a);

	c->len = (uint8_t)key.len;
	memcpy(c->host, key.s, key.len);
	if (counts == NULL)
		counts = map_new(count_key);
	map_put(counts, c);
	return c;
}

bool
tally_add(const struct addr *a, uint32_t max, uint32_t max_per_address)
{
	struct count	*c;
	bool		 fits;

	pthread_mutex_lock(&lock);
	c = find(a);
	fits = total < max && (c == NULL || c->n < max_per_address);
	if (fits) {
		if (c == NULL)
			c = make(a);
		c->n++;
		total++;
	}
	pthread_mutex_unlock(&lock);
	return fits;
}

void
tally_remove(const struct addr *a)
{
	struct count	*c;

	pthread_mutex_lock(&lock);
	if ((c = find(a)) != NULL) {
		total--;
		if (--c->n == 0) {
			map_remove(counts, key_of(a));
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
tally_of(const struct addr *a)
{
	struct count	*c;
	uint32_t	 n;

	pthread_mutex_lock(&lock);
	c = find(a);
	n = c != NULL ? c->n : 0;
	pthread_mutex_unlock(&lock);
	return n;
}
