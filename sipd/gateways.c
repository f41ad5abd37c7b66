/*
 * gateways - the external gateways and their channels.
 *
 * sipd.c feeds it on worker 0; targets.c and leg.c ask for those that calls go to,
 * core.c for those that calls come from. Few calls go through gateways and they are
 * read for a moment, so one lock serves; the channels are atomic. A gateway is never
 * freed: a call of the table may still name it.
 */
#include "sipd/gateways.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/dial_class.h"
#include "common/map.h"
#include "common/mono.h"
#include "common/stats.h"
#include "common/uri.h"
#include "sipd/hour.h"

struct gateway {
	char		name[GATEWAY_NAME_MAX + 1];
	/* under the lock */
	struct gateway_facts facts;
	const struct gateway_settings *set;	/* NULL: it is not configured */
	char		contact_user[GATEWAY_NAME_MAX + 1];
	struct hop	server;			/* remote.len 0: none answered */
	struct addr	literal;		/* of its settings; len 0: a name */
	bool		seen;			/* by the snapshot under way */
	/* atomic */
	_Atomic uint32_t limit;			/* channels; 0: none */
	_Atomic uint32_t used;
	_Atomic uint64_t calls, answered, failed, full;
	struct hour	 hour;
	_Atomic uint16_t last_code;
};

static struct {
	pthread_rwlock_t lock;
	struct map	*names;
	struct gateway	**v;
	_Atomic uint32_t n;
	bool		 synced;
	const struct settings *settings;
} state = { .lock = PTHREAD_RWLOCK_INITIALIZER };

static struct str
key_of(const void *object)
{
	return str_of(((const struct gateway *)object)->name);
}

static const struct gateway_settings *
settings_of(struct str name)
{
	const struct settings	*s = state.settings;

	for (size_t i = 0; s != NULL && i < s->ngateways; i++)
		if (str_eq(str_of(s->gateways[i].name), name))
			return &s->gateways[i];
	return NULL;
}

/* Under the lock, for writing. NULL: no name of a gateway. */
static struct gateway *
slot(struct str name)
{
	struct gateway	*g;

	if (name.len == 0 || name.len > GATEWAY_NAME_MAX)
		return NULL;
	if (state.names == NULL)
		state.names = map_new(key_of);
	if ((g = map_find(state.names, name)) != NULL)
		return g;
	g = xcalloc(1, sizeof(*g));
	str_copy(g->name, sizeof(g->name), name);
	g->set = settings_of(name);
	state.v = xrealloc(state.v, state.n + 1, sizeof(*state.v));
	state.v[state.n++] = g;
	map_put(state.names, g);
	return g;
}

/* ---- what is published ---- */

void
gateways_open(const struct settings *s)
{
	gateways_commit(s);
}

void
gateways_commit(const struct settings *s)
{
	pthread_rwlock_wrlock(&state.lock);
	state.settings = s;
	for (uint32_t i = 0; i < state.n; i++)
		state.v[i]->set = settings_of(str_of(state.v[i]->name));
	pthread_rwlock_unlock(&state.lock);
}

void
gateways_close(void)
{
	map_free(state.names);
	for (uint32_t i = 0; i < state.n; i++)
		free(state.v[i]);
	free(state.v);
	state.names = NULL;
	state.v = NULL;
	state.n = 0;
	state.synced = false;
	state.settings = NULL;
}

void
gateways_begin(void)
{
	pthread_rwlock_wrlock(&state.lock);
	for (uint32_t i = 0; i < state.n; i++)
		state.v[i]->seen = false;
	pthread_rwlock_unlock(&state.lock);
}

static void
take_texts(struct gateway *g, const struct msg_gateway *m)
{
	struct gateway_facts	*f = &g->facts;
	struct uri		 contact, where;
	char			 uri[GATEWAY_TEXT_MAX + 8];

	str_copy(f->domain, sizeof(f->domain), m->domain);
	str_copy(f->next_hop, sizeof(f->next_hop), m->next_hop);
	str_copy(f->aor, sizeof(f->aor), m->aor);
	str_copy(f->service_route, sizeof(f->service_route), m->service_route);
	g->contact_user[0] = '\0';
	if (m->contact.len > 0 && uri_parse(&contact, m->contact) == 0)
		str_copy(g->contact_user, sizeof(g->contact_user), contact.user);
	g->literal.len = 0;
	snprintf(uri, sizeof(uri), "sip:%s", f->domain);
	if (uri_parse(&where, m->next_hop.len > 0 ? m->next_hop : str_of(uri)) == 0)
		(void)addr_parse(&g->literal, where.host, 0);
	if (hop_parse(&g->server, m->server, STR_NONE) < 0)
		g->server.remote.len = 0;
}

void
gateways_record(const struct msg_gateway *m)
{
	struct gateway	*g;

	pthread_rwlock_wrlock(&state.lock);
	if ((g = slot(m->name)) != NULL) {
		g->seen = true;
		g->facts.present = !m->deleted;
		g->facts.disabled = m->disabled;
		g->facts.substitute_from = m->substitute_from;
		g->facts.substitute_to = m->substitute_to;
		g->facts.authenticate = m->authenticate;
		g->facts.channels = m->channels;
		atomic_store(&g->limit, m->channels);
		take_texts(g, m);
	}
	pthread_rwlock_unlock(&state.lock);
}

void
gateways_complete(void)
{
	pthread_rwlock_wrlock(&state.lock);
	for (uint32_t i = 0; i < state.n; i++)
		if (!state.v[i]->seen)
			state.v[i]->facts.present = false;
	state.synced = true;
	pthread_rwlock_unlock(&state.lock);
}

bool
gateways_any(void)
{
	return atomic_load_explicit(&state.n, memory_order_relaxed) > 0;
}

bool
gateways_synced(void)
{
	bool	synced;

	pthread_rwlock_rdlock(&state.lock);
	synced = state.synced;
	pthread_rwlock_unlock(&state.lock);
	return synced;
}

/* ---- finding ---- */

struct gateway *
gateway_find(struct str name)
{
	struct gateway	*g;

	pthread_rwlock_rdlock(&state.lock);
	g = state.names != NULL ? map_find(state.names, name) : NULL;
	pthread_rwlock_unlock(&state.lock);
	return g;
}

struct gateway *
gateway_named(struct str name)
{
	struct gateway	*g = name.len > 0 ? gateway_find(name) : NULL;

	if (g != NULL || name.len == 0)
		return g;
	pthread_rwlock_wrlock(&state.lock);
	g = slot(name);
	pthread_rwlock_unlock(&state.lock);
	return g;
}

struct str
gateway_name(const struct gateway *g)
{
	return str_of(g->name);
}

void
gateway_read(const struct gateway *g, struct gateway_facts *out)
{
	pthread_rwlock_rdlock(&state.lock);
	*out = g->facts;
	out->trusted = g->set != NULL && g->set->trusted;
	pthread_rwlock_unlock(&state.lock);
}

/* Under the lock. */
static bool
is_at(const struct gateway *g, const struct addr *a)
{
	return g->facts.present && ((g->server.remote.len > 0 &&
	    addr_eq_host(&g->server.remote, a)) ||
	    (g->literal.len > 0 && addr_eq_host(&g->literal, a)) ||
	    (g->set != NULL && nets_have(&g->set->networks, a)));
}

bool
gateway_is_at(const struct gateway *g, const struct addr *a)
{
	bool	at;

	pthread_rwlock_rdlock(&state.lock);
	at = is_at(g, a);
	pthread_rwlock_unlock(&state.lock);
	return at;
}

struct gateway *
gateway_calling(const struct addr *from, struct str user)
{
	struct gateway	*found = NULL, *g;
	bool		 named = false;

	pthread_rwlock_rdlock(&state.lock);
	for (uint32_t i = 0; i < state.n && !named; i++) {
		g = state.v[i];
		if (g->facts.disabled || !is_at(g, from))
			continue;
		named = user.len > 0 && str_eq(user, str_of(g->contact_user));
		if (found == NULL || named)
			found = g;
	}
	pthread_rwlock_unlock(&state.lock);
	return found;
}

struct gateway *
gateway_of_account(struct str aor)
{
	struct gateway	*found = NULL, *g;

	pthread_rwlock_rdlock(&state.lock);
	for (uint32_t i = 0; i < state.n && found == NULL; i++) {
		g = state.v[i];
		if (g->facts.present && !g->facts.disabled && g->set != NULL &&
		    g->set->account[0] != '\0' &&
		    str_caseeq(aor, str_of(g->set->account)))
			found = g;
	}
	pthread_rwlock_unlock(&state.lock);
	return found;
}

bool
gateway_challenges(const struct gateway *g)
{
	bool	yes;

	pthread_rwlock_rdlock(&state.lock);
	yes = g->set != NULL && g->set->challenge;
	pthread_rwlock_unlock(&state.lock);
	return yes;
}

bool
gateway_admits(const struct gateway *g, struct str classes)
{
	bool	yes;

	pthread_rwlock_rdlock(&state.lock);
	yes = g->set == NULL || dial_class_fits(&g->set->classes, classes);
	pthread_rwlock_unlock(&state.lock);
	return yes;
}

/* ---- channels ---- */

bool
gateway_take(struct gateway *g, bool anyway)
{
	uint32_t	used = atomic_load(&g->used), limit = atomic_load(&g->limit);

	do {
		if (!anyway && limit != 0 && used >= limit) {
			atomic_fetch_add(&g->full, 1);
			stats->gateway_full++;
			return false;
		}
	} while (!atomic_compare_exchange_weak(&g->used, &used, used + 1));
	stats->gateway_channels++;
	return true;
}

void
gateway_give(struct gateway *g)
{
	atomic_fetch_sub(&g->used, 1);
	stats->gateway_channels--;
}

/* The callee's own affair: busy, not there, no such number, called off. */
static bool
is_failure(uint16_t code)
{
	switch (code) {
	case 404: case 410: case 480: case 484: case 486: case 487:
	case 600: case 603: case 604:
		return false;
	default:
		return code >= 400;
	}
}

void
gateway_result(struct gateway *g, uint16_t code)
{
	atomic_fetch_add(&g->calls, 1);
	hour_add(&g->hour, !is_failure(code), wall_ms() / 1000);
	stats->gateway_calls++;
	if (code >= 200 && code < 300)
		atomic_fetch_add(&g->answered, 1);
	else if (is_failure(code)) {
		atomic_fetch_add(&g->failed, 1);
		atomic_store(&g->last_code, code);
		stats->gateway_calls_failed++;
	}
}

/* ---- showing ---- */

bool
gateways_next(uint64_t *cursor, struct gateway_shown *out)
{
	const struct gateway	*g = NULL;

	pthread_rwlock_rdlock(&state.lock);
	while (g == NULL && *cursor < state.n) {
		g = state.v[(*cursor)++];
		if (!g->facts.present && atomic_load(&g->used) == 0)
			g = NULL;
	}
	if (g != NULL) {
		*out = (struct gateway_shown){
			.channels = atomic_load(&g->limit),
			.used = atomic_load(&g->used),
			.calls = atomic_load(&g->calls),
			.answered = atomic_load(&g->answered),
			.failed = atomic_load(&g->failed),
			.full = atomic_load(&g->full),
			.last_code = atomic_load(&g->last_code),
		};
		hour_sum(&g->hour, wall_ms() / 1000, &out->hour_calls,
		    &out->hour_failed);
		str_copy(out->name, sizeof(out->name), str_of(g->name));
	}
	pthread_rwlock_unlock(&state.lock);
	return g != NULL;
}
