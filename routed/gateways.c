/*
 * gateways - which gateways there are, and whether they can be called: what the
 * administrator says, what the registration says and what the probes say are apart.
 */
#include "routed/gateways.h"

#include <stdlib.h>

#include "common/route.h"

struct gateways {
	struct gateway		**v;
	uint32_t		 n;
	gateways_changed_fn	*changed;
	void			*arg;
};

struct gateways *
gateways_new(gateways_changed_fn *changed, void *arg)
{
	struct gateways	*g = xcalloc(1, sizeof(*g));

	g->changed = changed;
	g->arg = arg;
	return g;
}

void
gateways_free(struct gateways *g)
{
	if (g == NULL)
		return;
	for (uint32_t i = 0; i < g->n; i++) {
		free(g->v[i]->name);
		free(g->v[i]);
	}
	free(g->v);
	free(g);
}

static void
gateway_remove(struct gateways *g, uint32_t i)
{
	struct gateway	*o = g->v[i];

	g->v[i] = g->v[--g->n];
	g->changed(g->arg, str_of(o->name));
	free(o->name);
	free(o);
}

static uint32_t
place(const struct gateways *g, struct str name)
{
	uint32_t	i = 0;

	while (i < g->n && !str_caseeq(str_of(g->v[i]->name), name))
		i++;
	return i;
}

void
gateways_begin(struct gateways *g)
{
	for (uint32_t i = 0; i < g->n; i++)
		g->v[i]->seen = false;
}

void
gateways_record(struct gateways *g, const struct msg_gateway *m)
{
	uint32_t	i = place(g, m->name);
	bool		 new = i == g->n, was_up, was_disabled;
	struct gateway	*o;

	if (m->deleted) {
		if (i < g->n)
			gateway_remove(g, i);
		return;
	}
	if (i == g->n) {
		g->v = xrealloc(g->v, g->n + 1, sizeof(struct gateway *));
		g->v[g->n] = xcalloc(1, sizeof(**g->v));
		g->v[g->n++]->name = str_dup(m->name);
	}
	o = g->v[i];
	was_up = gateway_is_up(o);
	was_disabled = o->disabled;
	o->seen = true;
	o->state = m->state;
	o->probe = m->probe;
	o->disabled = m->disabled;
	if (new || was_up != gateway_is_up(o) || was_disabled != o->disabled)
		g->changed(g->arg, m->name);
}

void
gateways_complete(struct gateways *g)
{
	for (uint32_t i = g->n; i-- > 0;)
		if (!g->v[i]->seen)
			gateway_remove(g, i);
}

const struct gateway *
gateways_find(const struct gateways *g, struct str name)
{
	uint32_t	i = place(g, name);

	return i < g->n ? g->v[i] : NULL;
}

uint32_t
gateways_count(const struct gateways *g)
{
	return g->n;
}

bool
gateway_is_up(const struct gateway *g)
{
	return g->probe != PROBE_DOWN && g->state != GATEWAY_FAILED;
}

const char *
gateway_condition(const struct gateway *g)
{
	static const char *const	names[] = {
		[GATEWAY_OFF] = "not registered by choice",
		[GATEWAY_TRYING] = "registering",
		[GATEWAY_REGISTERED] = "registered",
		[GATEWAY_FAILED] = "not registered: it failed",
	};

	if (g->disabled)
		return "disabled";
	if (g->probe == PROBE_DOWN)
		return "down: it does not answer probes";
	return g->state <= GATEWAY_FAILED ? names[g->state] : "in an unknown state";
}
