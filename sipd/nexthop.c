/*
 * nexthop - the targets of a name, in order.
 *
 * leg.c, send.c, dialog.c and stray.c ask for one target after the other; what is
 * not needed is not looked up. RFC 3263, RFC 2782, RFC 7984. A name that /etc/hosts
 * has is an address for us: the administrator's word comes before DNS.
 */
#include "sipd/nexthop.h"

#include <errno.h>
#include <stdlib.h>

#include "common/daemon.h"
#include "common/dns.h"
#include "common/id.h"
#include "common/log.h"
#include "common/overrides.h"
#include "common/stats.h"
#include "sipd/blacklist.h"
#include "sipd/forward.h"
#include "sipd/hostname.h"
#include "sipd/listeners.h"
#include "sipd/nexthop_order.h"
#include "sipd/wheel.h"
#include "sipd/wire.h"

#define SERVICES_MAX	8	/* of the name's NAPTR records, or ours */
#define ADDRESSES_MAX	16	/* of one server */

enum step {
	STEP_HOSTS,		/* /etc/hosts */
	STEP_NAPTR,
	STEP_SERVICE,		/* the next service: its SRV records */
	STEP_SERVER,		/* the next server: its addresses */
	STEP_END,
};

struct service {
	enum transport	 transport;
	char		*name;		/* of its SRV records */
};

struct server {
	enum transport	 over;
	uint16_t	 port;
	char		*name;
};

/* One question and what became of it. */
struct asking {
	struct nexthop	*n;
	struct dns_ask	 ask;
	enum dns_type	 type;
	void		(*take)(struct nexthop *n, const struct dns_set *set);
	char		 name[DNS_NAME_MAX + 1];	/* of an alias by now */
	bool		 done;
};

struct nexthop {
	struct worker	*w;
	nexthop_fn	*fn;
	void		*arg;
	struct hop	 from;		/* remote.len 0: it did not come in */
	bool		 secure;
	bool		 insist;
	struct hop	 last;
	enum transport	 transport;	/* of the URI; NONE: none written */
	uint16_t	 port;
	char		 host[DNS_NAME_MAX + 1];

	enum step	 step;
	bool		 has_srv;
	bool		 fallen_back;	/* without SRV: the host's own addresses */
	struct service	 services[SERVICES_MAX];
	unsigned	 nservices, service;
	struct server	 servers[TARGETS_MAX];
	unsigned	 nservers, server;
	struct destination addresses[ADDRESSES_MAX];
	unsigned	 naddresses, address;
	enum transport	 over;		/* transport and port of these */
	uint16_t	 at_port;
	struct hop	 given[TARGETS_MAX];
	unsigned	 ngiven;
	struct hop	 spared;	/* the first that is black-listed */

	struct asking	 asking[2];	/* AAAA and A; else the first alone */
	unsigned	 questions, aliases;
	int		 error;		/* why there is none */
	struct mono	 since;		/* waiting since then */
	int64_t		 left_ms;	/* of waiting */
	struct wheel_timer deadline;
};

static void	on_dns(void *arg, int error, const struct dns_set *set);
static void	on_deadline(void *arg);

/* ---- life ---- */

struct nexthop *
nexthop_new(struct worker *w, const struct way *way, const struct hop *from,
    nexthop_fn *fn, void *arg)
{
	struct nexthop	*n = xcalloc(1, sizeof(*n));

	n->w = w;
	n->fn = fn;
	n->arg = arg;
	if (from != NULL)
		n->from = *from;
	n->secure = way->secure;
	n->insist = way->insist;
	n->last = way->last;
	n->transport = way->transport;
	n->port = way->port;
	(void)str_copy(n->host, sizeof(n->host), way->host);
	if (n->host[0] == '\0')		/* what does not fit is no name */
		n->step = STEP_END;
	n->left_ms = settings_now()->dns_lookup_limit;
	n->error = -ENOENT;
	for (unsigned i = 0; i < 2; i++) {
		n->asking[i].n = n;
		n->asking[i].done = true;
		n->asking[i].ask.fn = on_dns;
		n->asking[i].ask.arg = &n->asking[i];
	}
	wheel_timer_init(&n->deadline, on_deadline, n);
	return n;
}

static void
forget_servers(struct nexthop *n)
{
	for (unsigned i = 0; i < n->nservers; i++)
		free(n->servers[i].name);
	n->nservers = n->server = 0;
}

void
nexthop_free(struct nexthop *n)
{
	if (n == NULL)
		return;
	dns_cancel(&n->asking[0].ask);
	dns_cancel(&n->asking[1].ask);
	wheel_stop(n->w->wheel, &n->deadline);
	forget_servers(n);
	for (unsigned i = 0; i < n->nservices; i++)
		free(n->services[i].name);
	free(n);
}

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

/* What says most about why there is no target: a refusal before a failure. */
static void
note_error(struct nexthop *n, int error)
{
	if (n->error == -ENOENT || error == -EACCES ||
	    (error == -EHOSTDOWN && n->error != -EACCES))
		n->error = error;
}

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
		note_error(n, error);
	return error;
}

/*
 * What became of a question: along aliases that the servers did not follow
 * themselves, and in the end what the step does with the records.
 */
static int
answered(struct asking *a, int error, const struct dns_set *set)
{
	struct nexthop	*n = a->n;

	while (error == 0 && set->alias.len > 0) {
		(void)str_copy(a->name, sizeof(a->name), set->alias);
		if (n->aliases++ == ALIASES_MAX) {
			stats->nexthop_limited++;
			error = -ELOOP;
			note_error(n, error);
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
	return answered(a, error, set);
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
		note_error(n, -EAFNOSUPPORT);
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

	forget_servers(n);
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
		note_error(n, -EAFNOSUPPORT);
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

/* What the step asked for is here. */
static void
settle(struct nexthop *n, enum step step)
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

/* One step on. -EINPROGRESS; 0: done, whatever came of it. */
static int
advance(struct nexthop *n)
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
	settle(n, step);
	return 0;
}

/* ---- answers ---- */

static void
wait_begin(struct nexthop *n)
{
	n->since = loop_now(n->w->loop);
	wheel_start(n->w->wheel, &n->deadline, n->left_ms);
}

/* Once all that was asked together has been answered. */
static void
go_on(struct nexthop *n)
{
	if (!n->asking[0].done || !n->asking[1].done)
		return;
	n->left_ms -= mono_ms_between(n->since, loop_now(n->w->loop));
	wheel_stop(n->w->wheel, &n->deadline);
	settle(n, n->step);
	n->fn(n->arg);
}

static void
on_dns(void *arg, int error, const struct dns_set *set)
{
	struct asking	*a = arg;

	if (error < 0)
		note_error(a->n, error);
	if (answered(a, error, set) != -EINPROGRESS)
		go_on(a->n);
}

static void
on_deadline(void *arg)
{
	struct nexthop	*n = arg;

	stats->nexthop_slow++;
	log_rate(LOG_PROBLEMS, "DNS", "%s: no name server answered in time",
	    log_str(str_of(n->host)));
	note_error(n, -ETIMEDOUT);
	for (unsigned i = 0; i < 2; i++) {
		dns_cancel(&n->asking[i].ask);
		n->asking[i].done = true;
	}
	go_on(n);
}

/* ---- targets ---- */

static bool
allowed(const struct nexthop *n, const struct hop *to)
{
	if (n->from.remote.len > 0)
		return forward_allowed(&n->from, to);
	return addr_may_target(&to->remote, &to->remote);
}

static bool
was_given(const struct nexthop *n, const struct hop *to)
{
	for (unsigned i = 0; i < n->ngiven; i++)
		if (hop_same_peer(&n->given[i], to))
			return true;
	return false;
}

/* May this address be tried? */
static bool
fit(struct nexthop *n, const struct hop *to)
{
	if (was_given(n, to))
		return false;
	if (!allowed(n, to)) {
		note_error(n, -EACCES);
		return false;
	}
	if (!blacklist_has(to, loop_now(n->w->loop)))
		return true;
	note_error(n, -EHOSTDOWN);
	if (n->spared.remote.len == 0)
		n->spared = *to;
	return false;
}

static int
give(struct nexthop *n, const struct hop *to, struct hop *out)
{
	char	buf[PEER_TEXT_MAX];

	n->given[n->ngiven++] = *to;
	*out = *to;
	log_low("DNS", 0, "%s: target %u is %s", log_str(str_of(n->host)), n->ngiven,
	    log_str(hop_print_remote(to, buf)));
	return 0;
}

int
nexthop_next(struct nexthop *n, struct hop *out)
{
	struct hop	to = { .transport = TRANSPORT_NONE };

	while (n->ngiven < TARGETS_MAX) {
		while (n->address < n->naddresses) {
			to.transport = n->over;
			to.remote = n->addresses[n->address++].to;
			/* RFC 5922 section 7.3: the name that was looked up first */
			to.domain = n->over == TRANSPORT_TLS ?
			    hostname_keep(str_of(n->host)) : 0;
			if (fit(n, &to))
				return give(n, &to, out);
		}
		if (n->step == STEP_END)
			break;
		if (advance(n) == -EINPROGRESS) {
			wait_begin(n);
			return -EINPROGRESS;
		}
	}
	if (n->insist && n->ngiven == 0 && n->spared.remote.len > 0)
		return give(n, &n->spared, out);
	if (n->ngiven == 0 && n->last.remote.len > 0)
		return give(n, &n->last, out);
	return n->ngiven > 0 ? -ENOENT : n->error;
}

void
nexthop_skip(struct nexthop *n, const struct hop *tried)
{
	if (n->ngiven < TARGETS_MAX && !was_given(n, tried))
		n->given[n->ngiven++] = *tried;
}

bool
nexthop_more(const struct nexthop *n)
{
	return n->ngiven < TARGETS_MAX && (n->step < STEP_SERVICE ||
	    n->address < n->naddresses ||
	    n->server < n->nservers || n->service < n->nservices);
}

static const struct {
	int		error;
	uint16_t	code;
	struct str	words;
} ends[] = {
	{ -ENOENT, 404, STR("no such name") },
	{ -EACCES, 403, STR("it has only addresses that nothing is sent to") },
	{ -EPROTONOSUPPORT, 416, STR("its transport is not spoken here") },
	{ -EHOSTDOWN, 503, STR("all of its addresses are on the black list") },
	{ -EAFNOSUPPORT, 503, STR("no address of a family that we speak") },
	{ 0, 503, STR("no answer from the name servers") },	/* any other */
};

static size_t
end_of(int error)
{
	size_t	i = 0;

	while (ends[i].error != error && ends[i].error != 0)
		i++;
	return i;
}

uint16_t
nexthop_code(int error)
{
	return ends[end_of(error)].code;
}

struct str
nexthop_words(int error)
{
	return ends[end_of(error)].words;
}

/* ---- a worker's resolver ---- */

void
nexthop_start(struct worker *w)
{
	struct dns_config	c = dns_config_of(settings_now());

	w->dns = dns_new(w->loop, &c);
	w->dns_generation = settings_now()->generation;
}

void
nexthop_turn(struct worker *w)
{
	struct dns_config	c;

	if (w->dns_generation == settings_now()->generation)
		return;
	w->dns_generation = settings_now()->generation;
	c = dns_config_of(settings_now());
	dns_configure(w->dns, &c);
}
