/*
 * bans - the list of banned networks, and of suspects, in memory.
 *
 * banning.c decides who comes and goes; the store keeps each ban as a packed BAN
 * message. Few are here at a time, so walks are by slots and the one that ends
 * first is searched.
 */
#include "regd/bans.h"

#include <sys/queue.h>

#include <errno.h>
#include <stdlib.h>

#include "common/addr.h"
#include "common/map.h"
#include "regd/slots.h"

#define WIDEST_V4	8	/* bits: a wider network is a slip of the hand */
#define WIDEST_V6	16

struct ban {
	uint64_t	version;
	int64_t		until_ms;	/* 0: for good */
	int64_t		since_ms;
	uint32_t	slot;
	char		*network, *by, *reason;
};

STAILQ_HEAD(suspects, waiting);

struct waiting {
	STAILQ_ENTRY(waiting) next;
	struct suspect	suspect;
};

struct bans {
	struct map	*map;
	struct slots	 slots;
	struct suspects	 suspects;
	unsigned	 nsuspects;
};

static struct str
ban_key(const void *object)
{
	return str_of(((const struct ban *)object)->network);
}

struct bans *
bans_new(void)
{
	struct bans *b = xcalloc(1, sizeof(*b));

	b->map = map_new(ban_key);
	STAILQ_INIT(&b->suspects);
	return b;
}

static void
ban_free(struct ban *x)
{
	free(x->network);
	free(x->by);
	free(x->reason);
	free(x);
}

void
bans_free(struct bans *b)
{
	struct ban *x;
	uint64_t cursor;

	if (b == NULL)
		return;
	while (bans_first_suspect(b) != NULL)
		bans_acquit(b);
	for (cursor = 0; (x = slots_next(&b->slots, &cursor)) != NULL; cursor++)
		ban_free(x);
	map_free(b->map);
	slots_fini(&b->slots);
	free(b);
}

size_t
bans_count(const struct bans *b)
{
	return map_count(b->map);
}

int
ban_network(struct str in, char buf[BAN_TEXT_MAX], struct str *out)
{
	struct net net;
	struct text t;
	char host[ADDR_TEXT_MAX];
	bool v6;

	if (net_parse(&net, in) < 0)
		return -EBADMSG;
	v6 = net.addr.sa.sa_family == AF_INET6;
	if (net.bits < (v6 ? WIDEST_V6 : WIDEST_V4))
		return -ERANGE;
	text_init(&t, buf, BAN_TEXT_MAX);
	text_add(&t, addr_print_host(&net.addr, host));
	if (net.bits < (v6 ? 128 : 32))
		text_printf(&t, "/%u", net.bits);
	*out = text_str(&t);
	return 0;
}

/* ---- the list ---- */

int
bans_put(struct bans *b, const struct msg_ban *m)
{
	struct ban *x;

	(void)bans_del(b, m->network);
	if (map_count(b->map) >= BANS_MAX)
		return -ENOSPC;
	x = xcalloc(1, sizeof(*x));
	x->version = m->version;
	x->until_ms = m->until_ms;
	x->since_ms = m->since_ms;
	x->network = str_dup(m->network);
	x->by = str_dup(m->by);
	x->reason = str_dup(m->reason);
	map_put(b->map, x);
	x->slot = slots_put(&b->slots, x);
	return 0;
}

bool
bans_del(struct bans *b, struct str network)
{
	struct ban *x = map_remove(b->map, network);

	if (x == NULL)
		return false;
	slots_drop(&b->slots, x->slot);
	ban_free(x);
	return true;
}

static void
as_message(const struct ban *x, struct msg_ban *out)
{
	*out = (struct msg_ban){
		.network = str_of(x->network), .version = x->version,
		.until_ms = x->until_ms, .since_ms = x->since_ms,
		.by = str_of(x->by), .reason = str_of(x->reason),
	};
}

bool
bans_find(const struct bans *b, struct str network, struct msg_ban *out)
{
	const struct ban *x = map_find(b->map, network);

	if (x != NULL)
		as_message(x, out);
	return x != NULL;
}

bool
bans_next(const struct bans *b, uint64_t *cursor, struct msg_ban *out)
{
	const struct ban *x = slots_next(&b->slots, cursor);

	if (x != NULL)
		as_message(x, out);
	return x != NULL;
}

bool
bans_over(const struct bans *b, int64_t wall_ms, struct msg_ban *out)
{
	for (uint64_t cursor = 0; bans_next(b, &cursor, out); cursor++)
		if (out->until_ms != 0 && out->until_ms <= wall_ms)
			return true;
	return false;
}

/* ---- suspects ---- */

bool
bans_suspect(struct bans *b, struct str source, uint32_t wrong)
{
	struct waiting *w;

	if (b->nsuspects == SUSPECTS_MAX)
		return false;
	STAILQ_FOREACH(w, &b->suspects, next)
		if (str_eq(str_of(w->suspect.source), source))
			return false;
	w = xcalloc(1, sizeof(*w));
	str_copy(w->suspect.source, sizeof(w->suspect.source), source);
	w->suspect.wrong = wrong;
	STAILQ_INSERT_TAIL(&b->suspects, w, next);
	b->nsuspects++;
	return true;
}

struct suspect *
bans_first_suspect(struct bans *b)
{
	struct waiting *w = STAILQ_FIRST(&b->suspects);

	return w != NULL ? &w->suspect : NULL;
}

void
bans_acquit(struct bans *b)
{
	struct waiting *w = STAILQ_FIRST(&b->suspects);

	STAILQ_REMOVE_HEAD(&b->suspects, next);
	b->nsuspects--;
	free(w);
}
