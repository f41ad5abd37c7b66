/*
 * nexthop_steps - what name servers are asked for the targets of a name, and in what
 * order: NAPTR, SRV, addresses (RFC 3263, RFC 2782).
 *
 * nexthop.c takes one step after the other until it has a target.
 */
#include "sipd/nexthop_parts.h"

#include <errno.h>

#include "common/daemon.h"
#include "common/id.h"
#include "common/log.h"
#include "common/overrides.h"
#include "common/stats.h"
#include "sipd/listeners.h"
#include "sipd/wire.h"

/* ---- what we speak ---- */

/* Do we have a socket of this transport, and of this family when that is asked? */
static bool
speaks(enum transport t, int family)
{
	const struct listeners	*l = listeners_now();

	for (uint32_t i = 0; i < l->n; i++)
		if (l->v[i]->transport == t && (family == AF_UNSPEC ||
		    l->v[i]->addr.sa.sa_family == family))
			return true;
	return false;
}

/* ---- questions ---- */

/* 0 and *set; -EINPROGRESS; anything else has been noted. */
static int
put_question(struct asking *a, const struct dns_set **set)
{
	struct nexthop	*n = a->n;
	int		 error;

	if (n->questions++ == QUESTIONS_MAX) {
		stats->nexthop_limited++;
		log_rate(LOG_PROBLEMS, "DNS", "%s takes more than %d questions",
		    log_str(str_of(n->host)), QUESTIONS_MAX);
		n->step = STEP_END;
		error = -ELOOP;
	} else
		error = dns_ask(n->w->dns, &a->ask, a->type, str_of(a->name), set);
	if (error == -EINPROGRESS && n->left_ms <= 0) {
		dns_cancel(&a->ask);
		error = -ETIMEDOUT;
	}
	if (error < 0 && error != -EINPROGRESS && error != -EINVAL)
		nexthop_note(n, error);
	return error;
}

int
nexthop_answered(struct asking *a, int error, const struct dns_set *set)
{
	struct nexthop	*n = a->n;

	while (error == 0 && set->alias.len > 0) {
		(void)str_copy(a->name, sizeof(a->name), set->alias);
		if (n->aliases++ == ALIASES_MAX) {
			stats->nexthop_limited++;
			error = -ELOOP;
			nexthop_note(n, error);
		} else
			error = put_question(a, &set);
	}
	a->done = error != -EINPROGRESS;
	if (error == 0)
		a->take(n, set);
	return error;
}

static int
ask(struct nexthop *n, unsigned i, enum dns_type type, const char *name,
    void (*take)(struct nexthop *n, const struct dns_set *set))
{
	struct asking		*a = &n->asking[i];
	const struct dns_set	*set = NULL;
	int			 error;

	a->type = type;
	a->take = take;
	(void)str_copy(a->name, sizeof(a->name), str_of(name));
	error = put_question(a, &set);
	return nexthop_answered(a, error, set);
}

/* ---- step by step ---- */

static void
add_service(struct nexthop *n, enum transport t, struct str name)
{
	if (n->nservices < SERVICES_MAX && speaks(t, AF_UNSPEC))
		n->services[n->nservices++] = (struct service){ t, str_dup(name) };
}

/* Row 15: UDP is what we begin with where nobody says anything. */
static void
add_own_services(struct nexthop *n)
{
	static const struct {
		enum transport	 transport;
		const char	*prefix;
	} own[] = {
		{ TRANSPORT_UDP, "_sip._udp." },
		{ TRANSPORT_TCP, "_sip._tcp." },
		{ TRANSPORT_TLS, "_sips._tcp." },
	};
	char		buf[DNS_NAME_MAX + 16];
	struct text	t;

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		if (n->transport != TRANSPORT_NONE ?
		    n->transport != own[i].transport :
		    n->secure && own[i].transport != TRANSPORT_TLS)
			continue;
		text_init(&t, buf, sizeof(buf));
		text_printf(&t, "%s%s", own[i].prefix, n->host);
		add_service(n, own[i].transport, text_str(&t));
	}
}

/* RFC 3263 section 4.1; "u" and rules with a regular expression are not ours. */
static void
take_naptr(struct nexthop *n, const struct dns_set *set)
{
	static const struct {
		struct str	service;
		enum transport	transport;
	} known[] = {
		{ STR("SIP+D2U"), TRANSPORT_UDP },
		{ STR("SIP+D2T"), TRANSPORT_TCP },
		{ STR("SIPS+D2T"), TRANSPORT_TLS },
	};
	const struct dns_record	*r;

	for (unsigned i = 0; i < set->n; i++) {
		r = &set->v[i];
		if (!str_caseeq(r->flags, STR("s")) || r->regexp.len > 0)
			continue;
		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			if (str_caseeq(r->service, known[k].service) &&
			    (!n->secure || known[k].transport == TRANSPORT_TLS))
				add_service(n, known[k].transport, r->name);
	}
}

static void
add_server(struct nexthop *n, struct str name, uint16_t port)
{
	if (n->nservers < TARGETS_MAX)
		n->servers[n->nservers++] = (struct server){ n->over, port,
		    str_dup(name) };
}

/* RFC 2782: a target of "." says that the service is not there. */
static void
take_srv(struct nexthop *n, const struct dns_set *set)
{
	uint8_t	order[DNS_RECORDS_MAX];

	n->has_srv |= set->n > 0;
	order_servers(set->v, set->n, order, id_u64);
	for (unsigned i = 0; i < set->n; i++)
		if (set->v[order[i]].name.len > 0)
			add_server(n, set->v[order[i]].name, set->v[order[i]].port);
	if (set->n > TARGETS_MAX)
		stats->nexthop_limited++;
}

static void
take_address(struct nexthop *n, const struct addr *a)
{
	struct destination	*d = &n->addresses[n->naddresses];
	struct hop		 to = { .transport = n->over };

	if (n->naddresses == ADDRESSES_MAX)
		return;
	d->to = *a;
	addr_set_port(&d->to, n->at_port);
	to.remote = d->to;
	d->from.len = 0;
	if (speaks(n->over, d->to.sa.sa_family) && wire_local(n->w, &to, &d->from) == 0)
		n->naddresses++;
	else
		nexthop_note(n, -EAFNOSUPPORT);
}

static void
take_addresses(struct nexthop *n, const struct dns_set *set)
{
	for (unsigned i = 0; i < set->n; i++)
		take_address(n, &set->v[i].addr);
}

/* The transport where neither the URI nor DNS says one. */
static enum transport
usual_transport(const struct nexthop *n)
{
	if (n->transport != TRANSPORT_NONE)
		return n->transport;
	return n->secure ? TRANSPORT_TLS : TRANSPORT_UDP;
}

/* A name without SRV records: its own addresses, port and transport as usual. */
static void
fall_back(struct nexthop *n)
{
	enum transport	t = usual_transport(n);

	n->over = t;
	n->fallen_back = true;
	add_server(n, str_of(n->host), n->port != 0 ? n->port : way_port(t));
	n->step = STEP_SERVER;
}

/* Row 138: the servers that the administrator names; nothing else is asked then. */
static bool
overridden(struct nexthop *n)
{
	struct override		o[OVERRIDES_MAX];
	struct dns_record	r[OVERRIDES_MAX];
	uint8_t			order[OVERRIDES_MAX];
	unsigned		count = overrides_find(settings_now(),
				    str_of(n->host), n->transport, n->secure, o);

	if (count == 0)
		return false;
	for (unsigned i = 0; i < count; i++)
		r[i] = (struct dns_record){ .first = o[i].priority,
		    .second = o[i].weight };
	order_servers(r, count, order, id_u64);
	for (unsigned i = 0; i < count; i++) {
		const struct override	*one = &o[order[i]];
		uint16_t		 port = one->port;

		n->over = one->transport != TRANSPORT_NONE ? one->transport :
		    usual_transport(n);
		if (port == 0)
			port = n->port != 0 ? n->port : way_port(n->over);
		add_server(n, one->host, port);
	}
	n->has_srv = true;		/* there is nothing to fall back to */
	n->step = STEP_SERVER;
	return true;
}

static int
step_hosts(struct nexthop *n)
{
	const struct dns_set	*set;

	if (overridden(n))
		return 0;
	/* The file costs nothing: it counts against no bound. */
	if (dns_ask(n->w->dns, &n->asking[0].ask, DNS_HOSTS, str_of(n->host),
	    &set) == 0 && !set->none)
		fall_back(n);
	else if (n->port != 0)
		fall_back(n);
	else if (n->transport != TRANSPORT_NONE) {
		add_own_services(n);
		n->step = STEP_SERVICE;
	} else
		n->step = STEP_NAPTR;
	return 0;
}

/* The servers of the next service; after the last, if none had any, the host. */
static int
step_service(struct nexthop *n)
{
	struct service	*s;

	nexthop_forget_servers(n);
	if (n->service < n->nservices) {
		s = &n->services[n->service++];
		n->over = s->transport;
		return ask(n, 0, DNS_SRV, s->name, take_srv);
	}
	if (!n->has_srv && !n->fallen_back)
		fall_back(n);
	else
		n->step = STEP_END;
	return 0;
}

/* RFC 7984 section 3.1: the addresses of all families that we have. */
static int
step_server(struct nexthop *n)
{
	struct server	*s;
	struct addr	 literal;
	int		 six = 0, four = 0;

	if (n->server == n->nservers) {
		n->step = STEP_SERVICE;
		return 0;
	}
	s = &n->servers[n->server++];
	n->naddresses = n->address = 0;
	n->at_port = s->port;
	n->over = s->over;
	if (!speaks(n->over, AF_UNSPEC))
		nexthop_note(n, -EAFNOSUPPORT);
	if (addr_parse(&literal, str_of(s->name), 0) == 0) {	/* "dns-override" */
		take_address(n, &literal);
		return 0;
	}
	if (speaks(n->over, AF_INET6))
		six = ask(n, 0, DNS_AAAA, s->name, take_addresses);
	if (speaks(n->over, AF_INET))
		four = ask(n, 1, DNS_A, s->name, take_addresses);
	return six == -EINPROGRESS ? six : four;
}

void
nexthop_settle(struct nexthop *n, enum step step)
{
	if (n->step != step)
		return;
	if (step == STEP_NAPTR) {
		if (n->nservices == 0)
			add_own_services(n);
		n->step = STEP_SERVICE;
	} else if (step == STEP_SERVICE && n->nservers > 0)
		n->step = STEP_SERVER;
	else if (step == STEP_SERVER)
		order_addresses(n->addresses, n->naddresses);
}

int
nexthop_advance(struct nexthop *n)
{
	enum step	step = n->step;
	int		error = 0;

	switch (step) {
	case STEP_HOSTS:
		error = step_hosts(n);
		break;
	case STEP_NAPTR:
		error = ask(n, 0, DNS_NAPTR, n->host, take_naptr);
		break;
	case STEP_SERVICE:
		error = step_service(n);
		break;
	case STEP_SERVER:
		error = step_server(n);
		break;
	case STEP_END:
		break;
	}
	if (error == -EINPROGRESS)
		return error;
	nexthop_settle(n, step);
	return 0;
}
