/*
 * outside - addresses that are not ours: gateways (trunks.c), other hosts, and by which
 * way (FEATURES.md rows 38, 123-129); relay.c says who may go there.
 */
#include "routed/route_parts.h"

#include <errno.h>

#include "common/nets.h"
#include "common/route.h"
#include "routed/relay.h"

/* "udp:192.0.2.1:5060" of a request; "route test" may name just the address. */
static bool
source_address(const struct walk *w, struct addr *out)
{
	struct str	text = w->route->q->source;
	struct peer	peer;

	if (peer_parse(&peer, text) < 0)
		return addr_parse(out, text, 0) == 0;
	*out = peer.addr;
	return true;
}

/* The confirmed name of a, when client-networks want it; empty: none, or not yet. */
static struct str
client_name(struct walk *w, const struct addr *a, char buf[DNS_NAME_MAX + 1])
{
	struct route	*r = w->route;
	struct str	 name = STR_NONE;
	int		 error;

	if (!nets_want_name(&r->w->settings->client_networks) ||
	    route_lookup(r) == NULL)
		return name;
	error = lookup_name(r->d->lookup, a, buf, &name);
	r->d->waits |= error == -EINPROGRESS;
	if (error != -EINPROGRESS)
		STEP(w, "name", error == 0, "of the address: %.*s",
		    STR_ARG(error == 0 ? name : STR("none that leads back to it")));
	return name;
}

bool
walk_is_urgent(const struct walk *w)
{
	const struct set_texts	*numbers = &w->route->w->settings->emergency_numbers;
	struct uri		 u;

	if (uri_parse(&u, w->route->q->uri) < 0)
		return false;
	for (size_t i = 0; i < numbers->n; i++)
		if (str_eq(u.user, str_of(numbers->v[i])))
			return true;
	return false;
}

/* host: where it is sent. What leaves needs somebody's right. */
enum step
walk_may_leave(struct walk *w, struct str host)
{
	const struct settings	*s = w->route->w->settings;
	char			 source_buf[DNS_NAME_MAX + 1];
	char			 target_buf[DNS_NAME_MAX + 1];
	struct addr		 source, target;
	struct relay_verdict	 v;
	struct relay_question	 q = {
		.settings = s, .target = host,
		.by_us = w->grant == GRANT_DIRECTORY,
		.by_record = w->grant == GRANT_RECORD,
		.withheld = w->withheld,
		.urgent = walk_is_urgent(w),
	};

	if (source_address(w, &source))
		q.source = &source;
	if (q.source != NULL && s->relay_to_non_clients == RELAY_CLIENTS)
		q.source_name = client_name(w, q.source, source_buf);
	if (addr_parse(&target, q.target, 0) == 0)
		q.target_name = client_name(w, &target, target_buf);
	relay_judge(&q, &v, &w->route->d->trace);
	w->if_not = v.if_not;
	w->reason = v.reason;
	w->route->d->m.depends |= v.depends;
	return STEP_DONE;
}

/* ---- other hosts ---- */

/* relay-via as a URI, or nothing (row 38). */
static struct str
relay_via(struct walk *w, char buf[ADDRESS_MAX])
{
	struct str	via = str_of(w->route->w->settings->relay_via);
	struct text	t;

	if (via.len == 0)
		return STR_NONE;
	text_init(&t, buf, ADDRESS_MAX);
	if (!str_caseprefix(via, STR("sip:")) &&
	    !str_caseprefix(via, STR("sips:")))
		text_add(&t, STR("sip:"));
	text_add(&t, via);
	STEP(w, "relay-via", true, "%.*s", STR_ARG(text_str(&t)));
	return text_str(&t);
}

/* Rows 128, 129: what the end of the domain asks for. True when there was any. */
static bool
suffixes(struct walk *w, bool *via)
{
	static const struct {
		const char	*suffix;
		enum transport	 transport;
	} all[] = {
		{ ".udp", TRANSPORT_UDP }, { ".tcp", TRANSPORT_TCP },
		{ ".tls", TRANSPORT_TLS }, { ".via", TRANSPORT_NONE },
	};
	bool	any = false;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (!address_cut(&w->a, all[i].suffix))
			continue;
		any = true;
		if (all[i].transport != TRANSPORT_NONE)
			w->a.transport = all[i].transport;
		else
			*via = true;
		i = (size_t)-1;		/* there may be another before it */
	}
	if (*via)
		address_cut_port(&w->a);
	if (any) {
		address_bracket(&w->a);
		w->asked = STR_NONE;
	}
	return any;
}

/*
 * Row 126: "x%y@z" is x@y by way of z. False when it names no other host: then it is
 * the URI itself.
 */
static bool
by_way_of(struct walk *w, struct text *uri, struct text *hop)
{
	struct address	to = w->a;

	/* In an address as it came an '@' is the user's own (RFC 4475 esc01). */
	if (strchr(to.local, '%') == NULL &&
	    (w->asked.len > 0 || strchr(to.local, '@') == NULL))
		return false;
	if (!address_unwrap(&to) || to.domain[0] == '\0')
		return false;
	to.transport = TRANSPORT_NONE;
	address_bracket(&to);
	address_uri(&to, uri);
	address_hop(&w->a, hop);
	return true;
}

static enum step
send_to(struct walk *w, bool via)
{
	char		uri_buf[4 * ADDRESS_MAX], hop_buf[4 * ADDRESS_MAX];
	char		relay_buf[ADDRESS_MAX];
	struct str	next = STR_NONE;
	struct text	uri, hop;

	text_init(&uri, uri_buf, sizeof(uri_buf));
	text_init(&hop, hop_buf, sizeof(hop_buf));
	if (by_way_of(w, &uri, &hop)) {
		next = text_str(&hop);
		STEP(w, "path", true, "by way of %.*s", STR_ARG(next));
	} else {
		if (w->asked.len > 0)
			text_add(&uri, w->asked.len < sizeof(uri_buf) ?
			    w->asked : STR_NONE);
		else
			address_uri(&w->a, &uri);
		if (!via)
			next = relay_via(w, relay_buf);
	}
	if (uri.full || hop.full || (uri.len == 0 && w->asked.len == 0))
		return walk_refuse(w, 414, "Request-URI Too Long");
	if (uri.len == 0)		/* long, and as it came */
		route_target(w, TARGET_URI, w->asked, next);
	else
		route_target(w, TARGET_URI, text_str(&uri), next);
	return walk_may_leave(w, address_host(&w->a));
}

/* Row 123: an IP address is somebody's own affair; row 124. */
enum step
by_first_call(struct walk *w)
{
	if (w->home.len > 0)
		return STEP_ON;
	if (address_cut(&w->a, ".sipgw"))
		return by_gateway(w);
	if (w->a.domain[0] != '[')
		return STEP_ON;
	STEP(w, "domain", false, "%.100s is not ours", w->a.domain);
	return send_to(w, false);
}

/* Row 125: any domain with a dot. */
enum step
by_final_call(struct walk *w)
{
	bool	via = false;

	if (suffixes(w, &via)) {
		STEP(w, "suffix", true, "%.100s%s%s", w->a.domain,
		    w->a.transport != TRANSPORT_NONE ? " by " : "",
		    w->a.transport != TRANSPORT_NONE ?
		    transport_name(w->a.transport) : "");
		if (!via)
			return STEP_AGAIN;
	}
	if (w->a.domain[0] != '[' && strchr(w->a.domain, '.') == NULL) {
		STEP(w, "domain", false, "%.100s is not ours, and no address outside",
		    w->a.domain);
		return walk_refuse(w, 404, "Not Found");
	}
	STEP(w, "domain", false, "%.100s is not served here", w->a.domain);
	return send_to(w, via);
}
