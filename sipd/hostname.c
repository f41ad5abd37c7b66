/*
 * hostname - the domains by which next hops were found, numbered.
 *
 * A number is the round in which its place was taken, and the place.
 */
#include "sipd/hostname.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/map.h"

#define PLACE_BITS	12
#define PLACES		(1u << PLACE_BITS)

struct hostname {
	uint32_t	number;
	uint32_t	len;
	char		text[HOSTNAME_MAX];
};

static pthread_mutex_t	lock = PTHREAD_MUTEX_INITIALIZER;
static struct map	*by_name;	/* made with the first name */
static struct hostname	*places[PLACES];
static uint32_t		 taken;		/* so far */

static struct str
hostname_key(const void *object)
{
	const struct hostname	*h = object;

	return str_make(h->text, h->len);
}

/* In the place of the one that was kept first. */
static struct hostname *
take_place(struct str name)
{
	struct hostname	**at = &places[taken % PLACES];

	if (by_name == NULL)
		by_name = map_new(hostname_key);
	if (*at != NULL)
		map_remove(by_name, hostname_key(*at));
	else
		*at = xcalloc(1, sizeof(**at));
	memcpy((*at)->text, name.s, name.len);
	(*at)->len = (uint32_t)name.len;
	(*at)->number = taken + PLACES;	/* never 0 */
	taken++;
	map_put(by_name, *at);
	return *at;
}

uint32_t
hostname_keep(struct str name)
{
	char		 lower[HOSTNAME_MAX];
	struct hostname	*h = NULL;
	uint32_t	 number;

	if (name.len == 0 || name.len >= sizeof(lower))
		return 0;
	memcpy(lower, name.s, name.len);
	str_lower(lower, name.len);
	name.s = lower;
	pthread_mutex_lock(&lock);
	if (by_name != NULL)
		h = map_find(by_name, name);
	if (h == NULL)
		h = take_place(name);
	number = h->number;
	pthread_mutex_unlock(&lock);
	return number;
}

struct str
hostname_read(uint32_t number, char buf[HOSTNAME_MAX])
{
	const struct hostname	*h;
	struct str		 name = STR_NONE;

	pthread_mutex_lock(&lock);
	h = places[number % PLACES];
	if (number != 0 && h != NULL && h->number == number) {
		memcpy(buf, h->text, h->len);
		name = str_make(buf, h->len);
	}
	pthread_mutex_unlock(&lock);
	return name;
}
