/*
 * banning - from wrong passwords, or the administrator's word, to a ban.
 *
 * asked.c tells what was wrong; BAN_PUT is sipctl's. A ban that regd makes itself
 * is in force at once, on disk or not: it only spares us work. One that an
 * administrator makes is answered when it is durable.
 */
#include "regd/banning.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/log.h"
#include "common/mono.h"
#include "common/stats.h"

#define LOOK_MAX	2000	/* AORs a turn, for one suspect */
#define OVER_MAX	32	/* bans a turn that end */

/* ---- a ban comes, a ban goes ---- */

static void
publish(struct regd *r, const struct msg_ban *m)
{
	if (r->feed != NULL)
		feed_publish(r->feed, MSG_BAN, m);
}

static void
keep(struct regd *r, const struct msg_ban *m)
{
	struct store_item i = { .kind = STORE_BAN, .key = m->network };
	struct buf packed = { 0 };

	if (!m->deleted) {
		msg_pack(&packed, MSG_BAN, m);
		i.value = str_make(packed.s, packed.len);
	}
	journal_item(r->journal, &i);
	buf_fini(&packed);
}

static int
begin(struct regd *r, const struct msg_ban *m)
{
	int error = bans_put(r->bans, m);

	if (error < 0)
		return error;
	stats->bans = (int64_t)bans_count(r->bans);
	publish(r, m);
	return 0;
}

/* The source that a ban of it alone names: "2001:db8::" of "2001:db8::/64". */
static struct str
source_of(struct str network)
{
	ptrdiff_t slash = str_chr(network, '/');

	return slash < 0 ? network : str_make(network.s, (size_t)slash);
}

/* Its wrong passwords are forgiven: the next one must not bring the ban back. */
static void
end(struct regd *r, struct str network)
{
	struct msg_ban gone = {
		.network = network, .deleted = true,
		.version = bindings_version(r->bindings),
	};

	publish(r, &gone);
	guesses_forgive(r->guesses, source_of(network));
	(void)bans_del(r->bans, network);
	stats->bans = (int64_t)bans_count(r->bans);
}

/* ---- by wrong passwords ---- */

static bool
allowed(const struct regd *r, struct str source)
{
	const struct set_nets *nets = &r->self->settings->ban_allow;
	struct addr a;

	return addr_parse(&a, source, 0) < 0 || nets_have(nets, &a);
}

void
banning_wrong(struct regd *r, struct str flow, uint32_t wrong)
{
	uint32_t limit = r->self->settings->ban_after;
	char buf[64];
	struct str source;

	if (limit == 0 || wrong < limit)
		return;
	source = guesses_source(flow, buf);
	if (source.len > 0 && !allowed(r, source))
		(void)bans_suspect(r->bans, source, wrong);
}

bool
aor_lives_at(const struct aor *a, struct str source)
{
	struct binding b;
	char buf[64];

	for (uint32_t at = 0; a != NULL && set_next(aor_set(a), &at, &b);)
		if (str_eq(guesses_source(b.text[B_RECEIVED], buf), source))
			return true;
	return false;
}

static void
ban_suspect(struct regd *r, const struct suspect *s)
{
	char text[BAN_TEXT_MAX + 8], network[BAN_TEXT_MAX], reason[64];
	struct msg_ban m = { .version = bindings_version(r->bindings) };

	/* IPv6: guesses_source() has made it the first address of its /64. */
	(void)snprintf(text, sizeof(text), "%s%s", s->source,
	    strchr(s->source, ':') != NULL ? "/64" : "");
	if (ban_network(str_of(text), network, &m.network) < 0)
		return;
	(void)snprintf(reason, sizeof(reason), "%u wrong passwords", s->wrong);
	m.reason = str_of(reason);
	m.since_ms = wall_ms();
	m.until_ms = m.since_ms + r->self->settings->ban_time;
	if (begin(r, &m) < 0) {
		stats->bans_not_made++;
		log_rate(LOG_PROBLEMS, "AUTH", "%s is not banned: %d bans are "
		    "there, which is the limit", log_str(m.network), BANS_MAX);
		return;
	}
	stats->bans_made++;
	keep(r, &m);
	log_rate(LOG_PROBLEMS, "AUTH", "ban source=%s for=%llds reason=\"%s\"",
	    log_str(m.network), (long long)r->self->settings->ban_time / 1000,
	    reason);
}

/* A bounded part of the search. True: it goes on. */
static bool
judge_suspect(struct regd *r)
{
	struct suspect *s = bans_first_suspect(r->bans);
	const struct aor *a;

	if (s == NULL)
		return false;
	for (int i = 0; i < LOOK_MAX; i++, s->cursor++) {
		a = bindings_next(r->bindings, &s->cursor);
		if (a == NULL) {
			ban_suspect(r, s);
			break;
		}
		if (aor_lives_at(a, str_of(s->source))) {
			stats->bans_not_made++;
			log_rate(LOG_PROBLEMS, "AUTH", "%s is not banned for %u "
			    "wrong passwords: %s is registered from there",
			    s->source, s->wrong, log_str(aor_text(a)));
			guesses_forgive(r->guesses, str_of(s->source));
			break;
		}
		if (i == LOOK_MAX - 1)
			return true;
	}
	bans_acquit(r->bans);
	return bans_first_suspect(r->bans) != NULL;
}

bool
banning_turn(struct regd *r)
{
	struct msg_ban over;
	char network[BAN_TEXT_MAX];

	for (int i = 0; i < OVER_MAX && bans_over(r->bans, wall_ms(), &over); i++) {
		str_copy(network, sizeof(network), over.network);
		keep(r, &(struct msg_ban){ .network = str_of(network),
		    .deleted = true });
		end(r, str_of(network));
		log_low("AUTH", 0, "ban of %s is over", network);
	}
	return judge_suspect(r);
}

bool
banning_load(struct regd *r, const struct store_item *i)
{
	static union msg m;
	struct unpack u;

	unpack_init(&u, i->value.s, i->value.len);
	if (msg_unpack(&u, &m) != MSG_BAN)
		return false;
	bindings_version_seen(r->bindings, m.ban.version);
	return begin(r, &m.ban) == 0;
}

/* "banned until 15:40"; another day's with its date. */
static struct str
at_time(char buf[64], const char *what, int64_t wall)
{
	time_t at = (time_t)(wall / 1000), now = (time_t)(wall_ms() / 1000);
	struct tm tm, today;
	size_t n;

	if (localtime_r(&at, &tm) == NULL || localtime_r(&now, &today) == NULL)
		return str_of(what);
	n = (size_t)snprintf(buf, 64, "%s", what);
	return str_make(buf, n + strftime(buf + n, 64 - n,
	    tm.tm_yday == today.tm_yday && tm.tm_year == today.tm_year ?
	    " %H:%M" : " %Y-%m-%d %H:%M", &tm));
}

struct str
banning_note(void *arg, struct str source, struct str user, bool muted,
    char buf[64])
{
	struct regd *r = arg;
	const struct account *c;
	struct msg_ban m;
	char text[BAN_TEXT_MAX + 8];

	(void)snprintf(text, sizeof(text), "%.*s%s", STR_ARG(source),
	    str_chr(source, ':') >= 0 ? "/64" : "");
	if (bans_find(r->bans, str_of(text), &m))
		return m.until_ms == 0 ? STR("banned") :
		    at_time(buf, "banned until", m.until_ms);
	if (muted)
		return STR("not answered");
	c = accounts_find(r->accounts, user);
	if (c == NULL || account_last_login(c) == 0)
		return STR_NONE;
	return at_time(buf, "last good login", account_last_login(c));
}

/* ---- by the administrator ---- */

/* A BAN_PUT until it is durable. */
struct order {
	struct regd	*regd;
	struct bus_ticket ticket;
	struct msg_ban	 ban;		/* its texts point below */
	char		 network[BAN_TEXT_MAX];
	char		 by[64];
	char		 reason[BAN_REASON_MAX + 1];
};

static void
durable(void *arg, int error)
{
	struct order *o = arg;
	struct regd *r = o->regd;

	if (error == 0 && o->ban.deleted)
		end(r, o->ban.network);
	else if (error == 0)
		error = begin(r, &o->ban);
	if (error < 0)
		bus_refuse(o->ticket, -error, "cannot write the store: %s",
		    strerror(-error));
	else
		bus_done(o->ticket);
	free(o);
}

static bool
check(struct regd *r, struct bus_ticket t, const struct msg_ban_put *m,
    struct order *o)
{
	struct msg_ban have;

	switch (ban_network(m->network, o->network, &o->ban.network)) {
	case -EBADMSG:
		bus_refuse(t, EINVAL, "\"%s\" is not an address or a network like "
		    "192.0.2.0/24", log_str(m->network));
		return false;
	case -ERANGE:
		bus_refuse(t, EINVAL, "%s is too wide: nobody would be left",
		    log_str(m->network));
		return false;
	}
	if (m->remove && !bans_find(r->bans, o->ban.network, &have)) {
		bus_refuse(t, ENOENT, "%s is not banned", o->network);
		return false;
	}
	if (!m->remove && bans_count(r->bans) >= BANS_MAX) {
		bus_refuse(t, ENOSPC, "%d bans are there, which is the limit",
		    BANS_MAX);
		return false;
	}
	if (m->reason.len > BAN_REASON_MAX || m->by.len >= sizeof(o->by)) {
		bus_refuse(t, EINVAL, "the reason is longer than %d characters",
		    BAN_REASON_MAX);
		return false;
	}
	return true;
}

static void
asked_ban_put(void *arg, struct bus_ticket t, const union msg *msg)
{
	const struct msg_ban_put *m = &msg->ban_put;
	struct regd *r = arg;
	struct order *o = xcalloc(1, sizeof(*o));

	if (!check(r, t, m, o)) {
		free(o);
		return;
	}
	if (m->dry_run) {
		bus_done(t);
		free(o);
		return;
	}
	o->regd = r;
	o->ticket = t;
	str_copy(o->by, sizeof(o->by), m->by);
	str_copy(o->reason, sizeof(o->reason), m->reason);
	o->ban.version = bindings_version(r->bindings);
	o->ban.deleted = m->remove;
	o->ban.since_ms = wall_ms();
	o->ban.until_ms = m->for_ms > 0 && m->for_ms < INT64_MAX / 2 ?
	    o->ban.since_ms + (int64_t)m->for_ms : 0;
	o->ban.by = str_of(o->by);
	o->ban.reason = str_of(o->reason);
	keep(r, &o->ban);
	journal_when_durable(r->journal, durable, o);
	log_major("AUTH", "%s %s by %s", o->network, m->remove ?
	    "is no longer banned" : "banned", log_str(m->by));
}

const struct bus_handler banning_handlers[] = {
	{ MSG_BAN_PUT, asked_ban_put },
	{ 0 }
};
