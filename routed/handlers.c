/* handlers - ROUTE from sipd and sipctl, ACCESS from sipd. */
#include "routed/routed.h"

#include <errno.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/notes.h"
#include "common/stats.h"
#include "common/uri.h"
#include "routed/access.h"

static void
count(const struct route_decision *d, bool waited)
{
	stats->routes++;
	if (d->m.if_confirmed != 0)
		stats->routes_refused++;
	if (waited)
		stats->routes_waited++;
	if (d->by_enum == ENUM_FOUND)
		stats->enum_found++;
	else if (d->by_enum == ENUM_NONE)
		stats->enum_none++;
}

/* "route test --file": as if it were in force. NULL after refusing. */
static const struct records *
candidate_of(struct routed *r, struct bus_ticket t, const struct msg_route *q)
{
	struct complaints	 out = { 0 };
	const struct records	*all = candidate_find(&r->candidate, q->records,
				    r->self->settings, &out);

	if (all == NULL)
		bus_refuse(t, EINVAL, "candidate:%u:%u: %s", out.v[0].line,
		    out.v[0].column, out.v[0].text);
	complaints_fini(&out);
	return all;
}

/*
 * How it came about, for the flight recorder: what did not hold, and why. What did,
 * and what follows from it, sipd notes: it has it from leases, too.
 */
#define PARTS_MAX	40

static void
tell(struct routed *r, struct bus_ticket t, const struct route_decision *d, bool waited,
    int64_t us)
{
	struct str	parts[PARTS_MAX];
	char		buf[32];
	struct text	number;
	size_t		n = 0;

	text_init(&number, buf, sizeof(buf));
	text_u64(&number, (uint64_t)us);
	parts[n++] = STR("decided in ");
	parts[n++] = text_str(&number);
	parts[n++] = waited ? STR(" us, with what was looked up") : STR(" us");
	for (uint32_t i = 0; i < d->m.steps.n && n + 4 <= PARTS_MAX; i++) {
		const struct rec_step	*s = &d->m.steps.v[i];

		if (s->matched)
			continue;
		parts[n++] = STR("; not ");
		parts[n++] = s->text;
		parts[n++] = s->why.len > 0 ? STR(": ") : STR("");
		parts[n++] = s->why;
	}
	note_parts(d->m.if_not, t.call, loop_now(r->self->loop), "ROUTER\0",
	    parts, n);
}

static void
look(uint64_t call, const struct msg_route *q)
{
	struct uri	u;

	if (uri_parse(&u, q->from) == 0)
		raised_look_user(call, u.user, u.host);
	if (uri_parse(&u, q->to) == 0)
		raised_look_user(call, u.user, u.host);
}

void
routed_route(struct routed *r, struct bus_ticket t, const struct msg_route *q,
    struct lookup *lookup)
{
	struct route_decision		*d = &r->decision;
	struct mono			 begin, end;
	struct route_world		 w = {
		.settings = r->self->settings, .domains = r->domains,
		.accounts = r->accounts, .directory = r->directory,
		.gateways = r->gateways, .records = r->routes.records,
		.names = r->names, .dialplan = r->routes.dialplan,
		.now_ms = q->at_ms != 0 ? (int64_t)q->at_ms : wall_ms(),
	};

	if (q->test && q->records.len > 0) {
		w.records = candidate_of(r, t, q);
		if (w.records == NULL) {
			lookup_free(lookup);
			return;
		}
	}
	d->lookup = lookup;
	begin = mono_now();
	route_decide(&w, q, d);
	end = mono_now();
	if (!q->test)
		cost_add(&r->cost, begin, end);
	if (d->waits) {
		if (d->lookup != NULL && !lookup_pending(d->lookup)) {
			lookup_free(d->lookup);		/* for the accounts, then */
			d->lookup = NULL;
		}
		held_add(r, t, q, d->lookup);
		return;
	}
	if (raised_some())
		look(t.call, q);
	if (!q->test) {
		count(d, lookup != NULL);
		tell(r, t, d, lookup != NULL, (end.ns - begin.ns) / 1000);
	}
	log_all("ROUTER", t.call, "%s: %s", log_str(q->uri),
	    d->m.if_confirmed != 0 ? log_str(d->m.reason) : "routed");
	bus_answer(t, MSG_ROUTED, &d->m);
	lookup_free(d->lookup);
}

static void
on_route(void *arg, struct bus_ticket t, const union msg *m)
{
	routed_route(arg, t, &m->route, NULL);
}

/* Until regd's accounts are here nobody is told that an address is nobody's. */
static void
on_access(void *arg, struct bus_ticket t, const union msg *m)
{
	struct routed		*r = arg;
	struct route_world	 w = {
		.settings = r->self->settings, .domains = r->domains,
		.accounts = r->accounts, .directory = r->directory,
		.records = r->routes.records,
	};
	struct msg_access_is	 answer = { .aor = STR_NONE };
	char			 buf[AOR_MAX];

	if (!accounts_ready(r->accounts)) {
		bus_refuse(t, EAGAIN, "the accounts are not here yet");
		return;
	}
	answer.aor = access_find(&w, m->access.uri, buf);
	if (accounts_find(r->accounts, answer.aor) == NULL)
		answer.aor = STR_NONE;
	bus_answer(t, MSG_ACCESS_IS, &answer);
}

const struct bus_handler routed_handlers[] = {
	{ MSG_ACCESS, on_access },
	{ MSG_ROUTE, on_route, true },	/* changes nothing: monitors may test */
	{ MSG_DIRECTORY_PUT, on_directory_put },
	{ 0 }
};
