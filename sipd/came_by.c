/*
 * came_by - calls that come from gateways.
 *
 * core.c knows a gateway by its address, decision.c by its account; proxy.c gives the
 * channel back.
 */
#include "sipd/came_by.h"

#include "common/stats.h"
#include "sipd/gateways.h"
#include "sipd/proxy_parts.h"
#include "sipd/record.h"
#include "sipd/worker.h"

bool
came_by_take(struct proxy *p, struct gateway *g)
{
	struct gateway_facts	f;

	p->came_by = g;
	gateway_read(g, &f);
	p->trusted = f.trusted;
	if (!proxy_is_invite(p))
		return true;
	stats->gateway_incoming++;
	record_note(p->w, RECORD_DECISION, 0, "GW", STR("a call from gateway "),
	    gateway_name(g));
	p->channel = gateway_take(g, p->urgent);
	if (p->channel)
		return true;
	proxy_why(p, 503, "All Channels Busy");
	proxy_refuse(p, 503);
	return false;
}

void
came_by_account(struct proxy *p)
{
	struct gateway	*g = p->account != NULL && gateways_any() ?
			    gateway_of_account(str_of(p->account)) : NULL;

	if (g != NULL && p->came_by == NULL)
		(void)came_by_take(p, g);
}

void
came_by_give(struct proxy *p)
{
	if (p->channel)
		gateway_give(p->came_by);
	p->channel = false;
}
