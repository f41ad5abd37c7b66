/*
 * ng_cookies - replies to ng requests, kept for a while.
 *
 * ng.c asks before it carries a request out, and tells afterwards. An entry is one
 * block: key and reply behind it.
 */
#include "mediad/ng_cookies.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/map.h"

#define KEY_MAX	(ADDR_TEXT_MAX + 1 + NG_COOKIE_MAX)

struct entry {
	TAILQ_ENTRY(entry)	link;
	struct mono		when;
	size_t			key_len, reply_len;
	char			text[];
};

struct ng_cookies {
	struct map		*by_key;
	TAILQ_HEAD(, entry)	 oldest;
	size_t			 octets;
};

static struct str
entry_key(const void *object)
{
	const struct entry	*e = object;

	return str_make(e->text, e->key_len);
}

static struct str
key_make(char buf[KEY_MAX], const struct addr *from, struct str cookie)
{
	char		host[ADDR_TEXT_MAX];
	struct text	t;

	text_init(&t, buf, KEY_MAX);
	text_add(&t, addr_print(from, host));
	text_ch(&t, ' ');
	text_add(&t, cookie);
	return text_str(&t);
}

struct ng_cookies *
ng_cookies_new(void)
{
	struct ng_cookies	*c = xcalloc(1, sizeof(*c));

	c->by_key = map_new(entry_key);
	TAILQ_INIT(&c->oldest);
	return c;
}

static void
entry_free(struct ng_cookies *c, struct entry *e)
{
	map_remove(c->by_key, entry_key(e));
	TAILQ_REMOVE(&c->oldest, e, link);
	c->octets -= e->key_len + e->reply_len;
	free(e);
}

void
ng_cookies_free(struct ng_cookies *c)
{
	if (c == NULL)
		return;
	while (!TAILQ_EMPTY(&c->oldest))
		entry_free(c, TAILQ_FIRST(&c->oldest));
	map_free(c->by_key);
	free(c);
}

static void
expire(struct ng_cookies *c, struct mono now)
{
	struct entry	*e;

	while ((e = TAILQ_FIRST(&c->oldest)) != NULL &&
	    (mono_ms_between(e->when, now) >= NG_COOKIES_AGE_MS ||
	    map_count(c->by_key) > NG_COOKIES_KEPT ||
	    c->octets > NG_COOKIES_OCTETS))
		entry_free(c, e);
}

struct str
ng_cookies_find(struct ng_cookies *c, const struct addr *from, struct str cookie,
    struct mono now)
{
	char		 buf[KEY_MAX];
	struct entry	*e;

	expire(c, now);
	e = map_find(c->by_key, key_make(buf, from, cookie));
	return e != NULL ? str_make(e->text + e->key_len, e->reply_len) : STR_NONE;
}

void
ng_cookies_put(struct ng_cookies *c, const struct addr *from, struct str cookie,
    struct str reply, struct mono now)
{
	char		 buf[KEY_MAX];
	struct str	 key = key_make(buf, from, cookie);
	struct entry	*e = xcalloc(1, sizeof(*e) + key.len + reply.len);

	e->when = now;
	e->key_len = key.len;
	e->reply_len = reply.len;
	memcpy(e->text, key.s, key.len);
	memcpy(e->text + key.len, reply.s, reply.len);
	map_put(c->by_key, e);
	TAILQ_INSERT_TAIL(&c->oldest, e, link);
	c->octets += key.len + reply.len;
	expire(c, now);
}
