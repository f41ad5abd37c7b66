/*
 * targets_gateway - a number at a gateway as a target (FEATURES.md (a.2) F, rows 108,
 * 124, 168-178).
 *
 * targets.c calls it for what routed sends there, and for redirections that lead there.
 */
#include "sipd/targets.h"

#include <errno.h>

#include "common/daemon.h"
#include "sipd/best.h"
#include "sipd/core.h"
#include "sipd/proxy_parts.h"
#include "sipd/record.h"
#include "sipd/trunk.h"
#include "sipd/worker.h"

void
targets_no_gateway(struct proxy *p, uint16_t code, const char *why)
{
	record_note(p->w, RECORD_FAILURE, code, "GW", str_of(why));
	proxy_why(p, code, why);
	best_keep(p, code, STR_NONE);
}

/*
 * Rows 108 and 127. Who did not have to show an account calls by somebody else's
 * right: that of whom he calls, or of his network.
 */
static bool
may_use(const struct proxy *p, const struct gateway *g)
{
	return p->urgent || (!p->no_pstn && (p->account == NULL ||
	    gateway_admits(g, str_of(p->dial_classes))));
}

/* Where a call to it is sent: row 170, RFC 3608 section 5, else to the domain. */
static int
gateway_way(const struct gateway_facts *f, struct str uri, struct way *out)
{
	struct str	rest = str_of(f->service_route), first;
	struct nameaddr	route;
	struct uri	u;

	if (f->next_hop[0] != '\0')
		uri = str_of(f->next_hop);
	else if (list_next(&rest, &first) && nameaddr_parse(&route, first) == 0)
		return way_of_uri(out, &route.uri);
	return uri_parse(&u, uri) < 0 ? -EHOSTUNREACH : way_of_uri(out, &u);
}

/* (a.2) F: the Request-URI is number@domain. */
static bool
gateway_uri(const struct gateway_facts *f, struct str user, struct text *t)
{
	text_add(t, STR("sip:"));
	uri_add_user(t, user);
	text_ch(t, '@');
	text_add(t, str_of(f->domain));
	return !t->full;
}

bool
targets_gateway(struct proxy *p, const struct rec_target *t, uint32_t order)
{
	ptrdiff_t		 at = str_rchr(t->value, '@');
	struct str		 name = at < 0 ? STR_NONE : str_make(t->value.s + at + 1,
				    t->value.len - (size_t)at - 1);
	struct gateway		*gateway = gateway_find(name);
	struct gateway_facts	 f;
	char			 buf[URI_MAX];
	struct text		 uri;
	struct way		 way;
	struct leg		*g;

	f.present = false;
	if (gateway != NULL)
		gateway_read(gateway, &f);
	if (!f.present && !gateways_synced())
		return false;
	text_init(&uri, buf, sizeof(buf));
	if (!f.present)
		targets_no_gateway(p, 503, "No Such Gateway");
	else if (!may_use(p, gateway))
		targets_no_gateway(p, 403, "Not In Your Dial Classes");
	else if (!gateway_uri(&f, str_make(t->value.s, (size_t)at), &uri) ||
	    gateway_way(&f, text_str(&uri), &way) < 0)
		targets_no_gateway(p, 503, "Gateway Has No Address");
	else if ((g = targets_leg(p, &way, text_str(&uri), str_of(f.service_route), gateway,
	    order)) != NULL) {
		g->peer = true;
		g->trunk = trunk_new(gateway, proxy_request(p));
		trunk_dress(g->trunk, &f, proxy_request(p), text_str(&uri), t->caller_id,
		    str_of(p->account));
		g->trunk->codes = str_dup_or_null(t->failover_codes);
	}
	return true;
}
