/*
 * nexthop - the targets of a name, in order.
 *
 * leg.c, send.c, dialog.c and stray.c ask for one target after the other; what is
 * not needed is not looked up (nexthop_steps.c). RFC 3263, RFC 2782, RFC 7984. A name
 * that /etc/hosts has is an address for us: the administrator's word comes before DNS.
 */
#include "sipd/nexthop_parts.h"

#include <errno.h>
#include <stdlib.h>

#include "common/daemon.h"
#include "common/log.h"
#include "common/stats.h"
#include "sipd/blacklist.h"
#include "sipd/forward.h"
#include "sipd/hostname.h"

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

void
nexthop_forget_servers(struct nexthop *n)
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
	nexthop_forget_servers(n);
	for (unsigned i = 0; i < n->nservices; i++)
		free(n->services[i].name);
	free(n);
}

void
nexthop_note(struct nexthop *n, int error)
{
	if (n->error == -ENOENT || error == -EACCES ||
	    (error == -EHOSTDOWN && n->error != -EACCES))
		n->error = error;
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
	nexthop_settle(n, n->step);
	n->fn(n->arg);
}

static void
on_dns(void *arg, int error, const struct dns_set *set)
{
	struct asking	*a = arg;

	if (error < 0)
		nexthop_note(a->n, error);
	if (nexthop_answered(a, error, set) != -EINPROGRESS)
		go_on(a->n);
}

static void
on_deadline(void *arg)
{
	struct nexthop	*n = arg;

	stats->nexthop_slow++;
	log_rate(LOG_PROBLEMS, "DNS", "%s: no name server answered in time",
	    log_str(str_of(n->host)));
	nexthop_note(n, -ETIMEDOUT);
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
		nexthop_note(n, -EACCES);
		return false;
	}
	if (!blacklist_has(to, loop_now(n->w->loop)))
		return true;
	nexthop_note(n, -EHOSTDOWN);
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
		if (nexthop_advance(n) == -EINPROGRESS) {
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
