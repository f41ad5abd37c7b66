/*
 * machine - the states of one registration.
 *
 * gateway.c owns one for each gateway and turns answers into events. Every state
 * but ST_OFF has a timer, so that nothing hangs for ever: where an answer is
 * awaited it is the watchdog.
 */
#include "gwregd/machine.h"

#include <stddef.h>
#include <string.h>

#define WATCHDOG_MS	40000		/* beyond timer F and the bus */
#define SOFT_FIRST_MS	5000
#define HARD_FIRST_MS	60000
#define BACKOFF_MAX_MS	600000
#define RETRY_AFTER_MAX_MS 3600000
#define REFRESH_MIN_MS	2000

enum action {
	DO_SEND		= 1,
	DO_LEAVE	= 2,
	DO_REGISTERED	= 4,	/* count from now, refresh in time */
	DO_BACKOFF	= 8,
	DO_LEFT		= 16,
	DO_WATCH	= 32,
};

struct rule {
	enum machine_state next;
	unsigned	 actions;
};

static const struct rule rules[MACHINE_STATES][MACHINE_EVENTS] = {
	[ST_OFF] = {
		[EV_START]	= { ST_TRYING,	   DO_SEND | DO_WATCH },
		[EV_STOP]	= { ST_OFF,	   DO_LEFT },
	},
	[ST_TRYING] = {
		[EV_START]	= { ST_TRYING,	   DO_SEND | DO_WATCH },
		[EV_STOP]	= { ST_LEAVING,	   DO_LEAVE | DO_WATCH },
		[EV_TIMER]	= { ST_WAITING,	   DO_BACKOFF },
		[EV_OK]		= { ST_REGISTERED, DO_REGISTERED },
		[EV_CHALLENGE]	= { ST_CHALLENGED, DO_SEND | DO_WATCH },
		[EV_AGAIN]	= { ST_TRYING,	   DO_SEND | DO_WATCH },
		[EV_REFUSED]	= { ST_REFUSED,	   DO_BACKOFF },
		[EV_NOBODY]	= { ST_WAITING,	   DO_BACKOFF },
	},
	[ST_CHALLENGED] = {
		[EV_START]	= { ST_TRYING,	   DO_SEND | DO_WATCH },
		[EV_STOP]	= { ST_LEAVING,	   DO_LEAVE | DO_WATCH },
		[EV_TIMER]	= { ST_WAITING,	   DO_BACKOFF },
		[EV_OK]		= { ST_REGISTERED, DO_REGISTERED },
		[EV_CHALLENGE]	= { ST_CHALLENGED, DO_SEND | DO_WATCH },
		[EV_AGAIN]	= { ST_CHALLENGED, DO_SEND | DO_WATCH },
		[EV_REFUSED]	= { ST_REFUSED,	   DO_BACKOFF },
		[EV_NOBODY]	= { ST_WAITING,	   DO_BACKOFF },
	},
	[ST_REGISTERED] = {
		[EV_START]	= { ST_REFRESHING, DO_SEND | DO_WATCH },
		[EV_STOP]	= { ST_LEAVING,	   DO_LEAVE | DO_WATCH },
		[EV_TIMER]	= { ST_REFRESHING, DO_SEND | DO_WATCH },
	},
	[ST_REFRESHING] = {
		[EV_START]	= { ST_REFRESHING, DO_SEND | DO_WATCH },
		[EV_STOP]	= { ST_LEAVING,	   DO_LEAVE | DO_WATCH },
		[EV_TIMER]	= { ST_WAITING,	   DO_BACKOFF },
		[EV_OK]		= { ST_REGISTERED, DO_REGISTERED },
		[EV_CHALLENGE]	= { ST_CHALLENGED, DO_SEND | DO_WATCH },
		[EV_AGAIN]	= { ST_REFRESHING, DO_SEND | DO_WATCH },
		[EV_REFUSED]	= { ST_REFUSED,	   DO_BACKOFF },
		[EV_NOBODY]	= { ST_WAITING,	   DO_BACKOFF },
	},
	[ST_WAITING] = {
		[EV_START]	= { ST_TRYING,	   DO_SEND | DO_WATCH },
		[EV_STOP]	= { ST_LEAVING,	   DO_LEAVE | DO_WATCH },
		[EV_TIMER]	= { ST_TRYING,	   DO_SEND | DO_WATCH },
	},
	[ST_REFUSED] = {
		[EV_START]	= { ST_TRYING,	   DO_SEND | DO_WATCH },
		[EV_STOP]	= { ST_LEAVING,	   DO_LEAVE | DO_WATCH },
		[EV_TIMER]	= { ST_TRYING,	   DO_SEND | DO_WATCH },
	},
	[ST_LEAVING] = {
		[EV_START]	= { ST_TRYING,	   DO_SEND | DO_WATCH },
		[EV_TIMER]	= { ST_OFF,	   DO_LEFT },
		[EV_OK]		= { ST_OFF,	   DO_LEFT },
		[EV_CHALLENGE]	= { ST_LEAVING,	   DO_LEAVE | DO_WATCH },
		[EV_AGAIN]	= { ST_LEAVING,	   DO_LEAVE | DO_WATCH },
		[EV_REFUSED]	= { ST_OFF,	   DO_LEFT },
		[EV_NOBODY]	= { ST_OFF,	   DO_LEFT },
	},
};

static const char *const names[MACHINE_STATES] = {
	[ST_OFF] = "off",
	[ST_TRYING] = "trying",
	[ST_CHALLENGED] = "challenged",
	[ST_REGISTERED] = "registered",
	[ST_REFRESHING] = "refreshing",
	[ST_WAITING] = "waiting",
	[ST_REFUSED] = "refused",
	[ST_LEAVING] = "leaving",
};

static void
wake_in(struct machine *m, int64_t ms, int64_t now_ms)
{
	m->wake_ms = now_ms + ms;
	m->owner->timer(m->arg, ms);
}

static int64_t
min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void
do_registered(struct machine *m, int64_t now_ms)
{
	int64_t refresh = min(m->every_ms, m->granted_ms * 4 / 5);

	if (m->nonce_ms > 0)
		refresh = min(refresh, m->nonce_ms);
	refresh -= refresh * (int64_t)m->owner->dice(m->arg) / 999 / 20;
	m->failures = 0;
	m->until_ms = now_ms + m->granted_ms;
	wake_in(m, refresh > REFRESH_MIN_MS ? refresh : REFRESH_MIN_MS, now_ms);
}

static void
do_backoff(struct machine *m, enum machine_event ev, int64_t now_ms)
{
	int64_t wait;

	wait = ev == EV_REFUSED ? HARD_FIRST_MS : SOFT_FIRST_MS;
	for (uint32_t i = 0; i < m->failures && wait < BACKOFF_MAX_MS; i++)
		wait *= 2;
	wait = min(wait, BACKOFF_MAX_MS);
	wait = wait * (800 + (int64_t)m->owner->dice(m->arg) * 400 / 999) / 1000;
	if (wait < m->retry_after_ms)
		wait = min(m->retry_after_ms, RETRY_AFTER_MAX_MS);
	m->failures++;
	wake_in(m, wait, now_ms);
}

static void
act(struct machine *m, unsigned actions, enum machine_event ev, int64_t now_ms)
{
	if (actions & DO_WATCH)
		wake_in(m, WATCHDOG_MS, now_ms);
	if (actions & DO_REGISTERED)
		do_registered(m, now_ms);
	if (actions & DO_BACKOFF)
		do_backoff(m, ev, now_ms);
	if (actions & DO_LEFT) {
		m->until_ms = 0;
		m->failures = 0;
		m->wake_ms = 0;
		m->owner->timer(m->arg, -1);
	}
	m->granted_ms = 0;
	m->retry_after_ms = 0;
	if (actions & (DO_SEND | DO_LEAVE))
		m->owner->send(m->arg, (actions & DO_LEAVE) != 0);
	m->owner->changed(m->arg);
	if (actions & DO_LEFT)
		m->owner->left(m->arg);		/* last: it may free m */
}

void
machine_init(struct machine *m, const struct machine_owner *owner, void *arg,
    int64_t every_ms)
{
	memset(m, 0, sizeof(*m));
	m->state = ST_OFF;
	m->owner = owner;
	m->arg = arg;
	m->every_ms = every_ms;
}

void
machine_event(struct machine *m, enum machine_event ev, int64_t now_ms)
{
	struct rule r = rules[m->state][ev];

	if (r.next == ST_NONE)
		return;
	if (ev == EV_START)
		m->failures = 0;
	/* Where nothing is registered, and nothing on its way, leaving is easy. */
	if (ev == EV_STOP && (m->state == ST_WAITING || m->state == ST_REFUSED) &&
	    !machine_registered(m, now_ms))
		r = (struct rule){ ST_OFF, DO_LEFT };
	m->state = r.next;		/* first: an action may raise an event */
	act(m, r.actions, ev, now_ms);
}

void
machine_resume(struct machine *m, int64_t until_ms, int64_t refresh_ms,
    int64_t not_before_ms, bool refused, int64_t now_ms)
{
	int64_t at = until_ms > now_ms ? refresh_ms : 0;

	if (at < not_before_ms)
		at = not_before_ms;
	m->until_ms = until_ms > now_ms ? until_ms : 0;
	m->state = refused ? ST_REFUSED :
	    m->until_ms > 0 && m->failures == 0 ? ST_REGISTERED : ST_WAITING;
	if (at <= now_ms) {
		machine_event(m, EV_TIMER, now_ms);
		return;
	}
	wake_in(m, at - now_ms, now_ms);
	m->owner->changed(m->arg);
}

bool
machine_registered(const struct machine *m, int64_t now_ms)
{
	return m->until_ms > now_ms;
}

bool
machine_asks(const struct machine *m)
{
	return m->state == ST_TRYING || m->state == ST_CHALLENGED ||
	    m->state == ST_REFRESHING || m->state == ST_LEAVING;
}

bool
machine_backs_off(const struct machine *m)
{
	return (m->state == ST_WAITING || m->state == ST_REFUSED) && m->failures > 0;
}

const char *
machine_state_name(enum machine_state s)
{
	return s < MACHINE_STATES && names[s] != NULL ? names[s] : "?";
}
