/*
 * guesses - how many wrong passwords came from where (S03).
 *
 * asked.c asks before auth.c judges, and tells what was wrong. An entry is a
 * source, or a source with a user; it is made by the first wrong password, so an
 * honest house has hardly any. Nothing here is about a user as such: whoever
 * guesses his password must not lock him out.
 */
#include "regd/guesses.h"

#include <sys/queue.h>

#include <stdlib.h>
#include <string.h>

#include "common/addr.h"
#include "common/map.h"

#define WINDOW_MS	60000
#define USER_MAX	256	/* of a user name; what is longer counts as cut */

TAILQ_HEAD(entries, entry);

struct entry {
	TAILQ_ENTRY(entry) order;	/* the latest wrong one first */
	int64_t		 since_ms;	/* of the minute that is counted */
	int64_t		 last_ms;
	uint64_t	 tries;		/* wrong ones, ever */
	uint64_t	 muted;		/* since_ms on: not judged */
	const char	*reason;
	uint32_t	 wrong;		/* in this minute */
	uint32_t	 since_good;	/* of a source: without a right one between */
	uint16_t	 source_len;
	uint16_t	 len;
	char		 text[];	/* source, and behind a blank the user */
};

struct guesses {
	struct map	*map;
	struct entries	 all;
};

/* Key of a source alone, or of a user from it. */
struct key {
	char	buf[64 + 1 + USER_MAX];
	size_t	source_len, len;
};

static struct str
entry_key(const void *object)
{
	const struct entry *e = object;

	return str_make(e->text, e->len);
}

struct guesses *
guesses_new(void)
{
	struct guesses *g = xcalloc(1, sizeof(*g));

	g->map = map_new(entry_key);
	TAILQ_INIT(&g->all);
	return g;
}

static void
forget(struct guesses *g, struct entry *e)
{
	map_remove(g->map, entry_key(e));
	TAILQ_REMOVE(&g->all, e, order);
	free(e);
}

void
guesses_free(struct guesses *g)
{
	struct entry *e;

	if (g == NULL)
		return;
	while ((e = TAILQ_FIRST(&g->all)) != NULL)
		forget(g, e);
	map_free(g->map);
	free(g);
}

/* ---- keys ---- */

struct str
guesses_source(struct str flow, char buf[64])
{
	struct peer p;

	if (peer_parse(&p, flow) < 0)
		return STR_NONE;
	/* Whoever has an IPv6 address has the other 2^64 of its network. */
	if (p.addr.sa.sa_family == AF_INET6)
		memset(&p.addr.in6.sin6_addr.s6_addr[8], 0, 8);
	return addr_print_host(&p.addr, buf);
}

static void
key_make(struct key *k, struct str flow, struct str user)
{
	struct str source = guesses_source(flow, k->buf);

	k->source_len = k->len = source.len;
	if (user.len == 0)
		return;
	if (user.len > USER_MAX)
		user.len = USER_MAX;
	k->buf[k->len++] = ' ';
	memcpy(k->buf + k->len, user.s, user.len);
	k->len += user.len;
}

static struct entry *
find(const struct guesses *g, const struct key *k, size_t len, int64_t now_ms)
{
	struct entry *e = map_find(g->map, str_make(k->buf, len));

	if (e != NULL && now_ms - e->since_ms >= WINDOW_MS) {
		e->since_ms = now_ms;
		e->wrong = 0;
		e->muted = 0;
	}
	return e;
}

/* ---- before and after ---- */

static enum guess
within(struct entry *e, uint32_t budget)
{
	if (e == NULL)
		return GUESS_JUDGE;
	if (e->wrong < budget)
		return e->wrong * 2 < budget ? GUESS_JUDGE : GUESS_SLOWLY;
	e->muted++;
	return GUESS_MUTE;
}

enum guess
guesses_may(struct guesses *g, struct str source, struct str user,
    uint32_t budget, int64_t now_ms, guesses_home_fn *at_home, void *arg)
{
	enum guess mine, all;
	struct key k;

	if (budget == 0 || TAILQ_EMPTY(&g->all))
		return GUESS_JUDGE;
	key_make(&k, source, user);
	mine = within(find(g, &k, k.len, now_ms), (budget + 1) / 2);
	if (mine == GUESS_MUTE)
		return mine;
	all = within(find(g, &k, k.source_len, now_ms), budget);
	if (all == GUESS_MUTE)
		return at_home(arg) ? mine : all;
	return all > mine ? all : mine;
}

static uint32_t
count(struct guesses *g, const struct key *k, size_t len, const char *reason,
    int64_t now_ms)
{
	struct entry *e = find(g, k, len, now_ms);

	if (e == NULL) {
		if (map_count(g->map) >= GUESSES_MAX)
			forget(g, TAILQ_LAST(&g->all, entries));
		e = xcalloc(1, sizeof(*e) + len);
		e->since_ms = now_ms;
		e->source_len = (uint16_t)k->source_len;
		e->len = (uint16_t)len;
		memcpy(e->text, k->buf, len);
		map_put(g->map, e);
	} else
		TAILQ_REMOVE(&g->all, e, order);
	TAILQ_INSERT_HEAD(&g->all, e, order);
	e->last_ms = now_ms;
	e->reason = reason;
	e->wrong++;
	e->tries++;
	return ++e->since_good;
}

uint32_t
guesses_wrong(struct guesses *g, struct str source, struct str user,
    const char *reason, int64_t now_ms)
{
	struct key k;
	uint32_t n;

	key_make(&k, source, user);
	n = count(g, &k, k.source_len, reason, now_ms);
	if (k.len > k.source_len)
		(void)count(g, &k, k.len, reason, now_ms);
	return n;
}

uint32_t
guesses_unjudged(struct guesses *g, struct str flow)
{
	char buf[64];
	struct entry *e = map_find(g->map, guesses_source(flow, buf));

	return e != NULL ? ++e->since_good : 0;
}

void
guesses_forgive(struct guesses *g, struct str source)
{
	struct entry *e = map_find(g->map, source);

	if (e != NULL)
		e->since_good = 0;
}

void
guesses_good(struct guesses *g, struct str flow)
{
	char buf[64];

	if (!TAILQ_EMPTY(&g->all))
		guesses_forgive(g, guesses_source(flow, buf));
}

/* ---- shown ---- */

static struct str
entry_user(const struct entry *e)
{
	return e->len == e->source_len ? STR_NONE : str_make(e->text +
	    e->source_len + 1, (size_t)e->len - e->source_len - 1);
}

bool
guesses_last(const struct guesses *g, struct str user, struct guess_last *out)
{
	const struct entry *e;

	TAILQ_FOREACH(e, &g->all, order)
		if (user.len > 0 && str_eq(entry_user(e), user)) {
			out->reason = e->reason;
			out->last_ms = e->last_ms;
			str_copy(out->source, sizeof(out->source),
			    str_make(e->text, e->source_len));
			return true;
		}
	return false;
}

uint64_t
guesses_show(struct guesses *g, struct show *s, uint64_t cursor,
    int64_t now_ms, guesses_note_fn *note, void *arg)
{
	char buf[64];
	struct str said;
	struct entry *e;
	uint64_t n = 0;

	TAILQ_FOREACH(e, &g->all, order) {
		if (n++ < cursor || e->len == e->source_len)
			continue;
		show_row(s);
		show_text(s, "source", str_make(e->text, e->source_len));
		show_text(s, "tried", entry_user(e));
		show_text(s, "reason", str_of(e->reason));
		show_number(s, "tries", (int64_t)e->tries);
		show_number(s, "last_s", (now_ms - e->last_ms) / 1000);
		said = note(arg, str_make(e->text, e->source_len),
		    entry_user(e), e->muted > 0 &&
		    now_ms - e->since_ms < WINDOW_MS, buf);
		show_text(s, "note", said);
		if (show_full(s))
			return n;
	}
	return 0;
}
