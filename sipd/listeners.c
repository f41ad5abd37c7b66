/*
 * listeners - the sockets of "listen".
 *
 * Only the main thread makes and drops listeners. What is in force is an
 * immutable table; a worker that is told of a change compares it with the
 * sockets that it reads (listeners_follow()).
 */
#include "sipd/listeners.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fdstore.h"
#include "common/log.h"
#include "common/stats.h"
#include "sipd/accept.h"
#include "sipd/sockets.h"
#include "sipd/udp.h"

#define NAME_MAX_	24
#define ADOPTED_MAX	(2 * LISTENERS_MAX * WORKERS_MAX)

/* A socket that came from the descriptor store and has no owner yet. */
struct adopted {
	char		name[NAME_MAX_];
	enum transport	transport;
	unsigned	number;
	unsigned	worker;
	struct addr	addr;
	int		fd;
};

static struct {
	struct listeners *_Atomic now;
	struct listener	*all;
	struct adopted	*adopted;
	size_t		 nadopted;
	unsigned	 workers;
	unsigned	 tos;
} state;

const struct listeners *
listeners_now(void)
{
	return atomic_load_explicit(&state.now, memory_order_acquire);
}

/* ---- what the store handed down ---- */

static bool
name_parse(struct adopted *a)
{
	char	end;

	if (sscanf(a->name, "u%uw%u%c", &a->number, &a->worker, &end) == 2)
		a->transport = TRANSPORT_UDP;
	else if (sscanf(a->name, "t%u%c", &a->number, &end) == 1)
		a->transport = TRANSPORT_TCP;
	else if (sscanf(a->name, "s%u%c", &a->number, &end) == 1)
		a->transport = TRANSPORT_TLS;
	else
		return false;
	return a->number < 100000;
}

static void
adopt(const char *prefix)
{
	struct adopted	a;

	memset(&a, 0, sizeof(a));
	while (state.nadopted < ADOPTED_MAX && (a.fd =
	    fdstore_take_prefix(prefix, a.name, sizeof(a.name))) >= 0) {
		if (!name_parse(&a) || socket_local(a.fd, &a.addr) < 0) {
			fdstore_remove(a.name);
			close(a.fd);
			continue;
		}
		state.adopted = xrealloc(state.adopted, state.nadopted + 1,
		    sizeof(a));
		state.adopted[state.nadopted++] = a;
	}
}

/* The adopted socket for this address and worker; NULL when there is none. */
static struct adopted *
adopted_find(enum transport t, const struct addr *addr, unsigned worker)
{
	for (size_t i = 0; i < state.nadopted; i++) {
		struct adopted *a = &state.adopted[i];

		if (a->fd >= 0 && a->transport == t &&
		    addr_eq(&a->addr, addr) &&
		    (worker == WORKERS_MAX || a->worker == worker))
			return a;
	}
	return NULL;
}

/* ---- one listener ---- */

static bool
number_taken(unsigned number)
{
	for (size_t i = 0; i < state.nadopted; i++)
		if (state.adopted[i].number == number)
			return true;
	for (struct listener *l = state.all; l != NULL; l = l->next)
		if (l->number == number)
			return true;
	return false;
}

static void
listener_name(const struct listener *l, unsigned worker, char name[NAME_MAX_])
{
	if (l->transport == TRANSPORT_UDP)
		snprintf(name, NAME_MAX_, "u%uw%u", l->number, worker);
	else
		snprintf(name, NAME_MAX_, "%c%u",
		    l->transport == TRANSPORT_TCP ? 't' : 's', l->number);
}

/* The socket of one worker: adopted or new. */
static int
open_one(struct listener *l, unsigned worker, bool alone)
{
	struct adopted	*a;
	char		 name[NAME_MAX_];
	int		 fd;

	a = adopted_find(l->transport, &l->addr, worker);
	if (a != NULL) {
		l->fds[worker] = a->fd;
		a->fd = -1;
		return 0;
	}
	if (l->transport == TRANSPORT_UDP)
		fd = socket_udp(&l->addr, state.tos, alone);
	else
		fd = socket_listen(&l->addr, state.tos);
	if (fd < 0)
		return fd;
	l->fds[worker] = fd;
	listener_name(l, worker, name);
	/* A store that is full costs packets at a restart, not the service. */
	(void)fdstore_put(name, &fd, 1);
	return 0;
}

static int
open_all(struct listener *l)
{
	unsigned	n = l->transport == TRANSPORT_UDP ? state.workers : 1;
	struct adopted	*a = adopted_find(l->transport, &l->addr, WORKERS_MAX);
	int		error = 0;

	/* What was stored keeps its number: it is in the names. */
	l->number = 0;
	if (a != NULL)
		l->number = a->number;
	else
		while (number_taken(l->number))
			l->number++;
	for (unsigned i = 0; i < n && error == 0; i++)
		error = open_one(l, i, a == NULL && i == 0);
	return error;
}

/* Out of the store first: else the next process would find it again. */
static void
unstore(const struct listener *l)
{
	char	name[NAME_MAX_];

	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		if (l->fds[i] < 0)
			continue;
		listener_name(l, i, name);
		fdstore_remove(name);
	}
}

static void
close_fds(struct listener *l)
{
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		if (l->fds[i] >= 0) {
			close(l->fds[i]);
			l->fds[i] = -1;
		}
}

static void
complain_open(const struct listen *s, int error)
{
	struct peer	p = { s->transport, s->addr };
	char		buf[PEER_TEXT_MAX];
	const char	*hint = "";

	if (error == -EADDRINUSE)
		hint = "; another program has this port (ss -lnp shows which)";
	else if (error == -EADDRNOTAVAIL)
		hint = "; this host does not have that address";
	else if (error == -EACCES)
		hint = "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
	log_problem("SIPDATA", "listen %.*s: %s%s",
	    STR_ARG(peer_print(&p, buf)), strerror(-error), hint);
}

/* NULL and *error when it cannot be opened, logged. */
static struct listener *
listener_new(const struct listen *s, int *error)
{
	struct listener	*l = xcalloc(1, sizeof(*l));
	int		 e;

	l->transport = s->transport;
	l->addr = s->addr;
	atomic_init(&l->rules, s);
	l->wildcard = addr_is_wildcard(&s->addr);
	for (unsigned i = 0; i < WORKERS_MAX; i++)
		l->fds[i] = -1;
	if ((e = open_all(l)) < 0) {
		complain_open(s, e);
		unstore(l);
		close_fds(l);
		free(l);
		if (*error == 0)
			*error = e;
		return NULL;
	}
	l->next = state.all;
	state.all = l;
	return l;
}

/* ---- the table ---- */

static struct listener *
table_find(const struct listeners *t, enum transport transport,
    const struct addr *addr)
{
	for (uint32_t i = 0; t != NULL && i < t->n; i++)
		if (t->v[i]->transport == transport &&
		    addr_eq(&t->v[i]->addr, addr))
			return t->v[i];
	return NULL;
}

/* Those in force that s still has, and new ones for the rest. */
static int
table_make(const struct settings *s)
{
	struct listeners	*old = atomic_load(&state.now);
	struct listeners	*t = xcalloc(1, sizeof(*t));
	int			 error = 0;

	/* The rules are part of the settings, which stay for ever. */
	for (size_t i = 0; s->sip && i < s->listen.n && t->n < LISTENERS_MAX; i++) {
		const struct listen	*want = &s->listen.v[i];
		struct listener		*l;

		if (table_find(t, want->transport, &want->addr) != NULL)
			continue;
		l = table_find(old, want->transport, &want->addr);
		if (l == NULL)
			l = listener_new(want, &error);
		else
			atomic_store(&l->rules, want);
		if (l != NULL)
			t->v[t->n++] = l;
	}
	t->before = old;
	atomic_store_explicit(&state.now, t, memory_order_release);
	return error;
}

int
listeners_open(const struct settings *s, unsigned workers)
{
	state.workers = workers;
	state.tos = s->tos;
	adopt("u");
	adopt("t");
	adopt("s");
	return table_make(s);
}

void
listeners_close(void)
{
	struct listener		*l;
	struct listeners	*t;

	while ((l = state.all) != NULL) {
		state.all = l->next;
		close_fds(l);
		free(l);
	}
	while ((t = atomic_load(&state.now)) != NULL) {
		atomic_store(&state.now, t->before);
		free(t);
	}
	for (size_t i = 0; i < state.nadopted; i++)
		if (state.adopted[i].fd >= 0)
			close(state.adopted[i].fd);
	free(state.adopted);
	memset(&state, 0, sizeof(state));
}

/*
 * How well a socket suits the far end when nobody said which: loopback reaches
 * loopback and nothing else; a machine with an address in the LAN and one outside
 * speaks to each side from its own (row 154).
 */
static int
suits(const struct listener *l, const struct addr *remote)
{
	const struct set_nets	*lan = &settings_now()->lan_networks;

	if (l->wildcard)
		return 3;
	if (addr_is_loopback(&l->addr) != addr_is_loopback(remote))
		return 1;
	return nets_have(lan, &l->addr) == nets_have(lan, remote) ? 3 : 2;
}

const struct listener *
listener_for(const struct hop *h)
{
	const struct listeners	*t = listeners_now();
	const struct listener	*best = NULL;
	int			 good = 0;

	for (uint32_t i = 0; i < t->n; i++) {
		const struct listener	*l = t->v[i];
		int			 fit;

		if (l->transport != h->transport ||
		    l->addr.sa.sa_family != h->remote.sa.sa_family)
			continue;
		if (h->local.len > 0 && addr_eq(&l->addr, &h->local))
			return l;
		if (h->local.len > 0 && l->wildcard &&
		    addr_port(&l->addr) == addr_port(&h->local))
			fit = 4;
		else
			fit = suits(l, &h->remote);
		if (fit > good) {
			good = fit;
			best = l;
		}
	}
	return best;
}

bool
listener_lets_in(const struct listener *l, const struct addr *from)
{
	const struct listen	*rules = atomic_load_explicit(&l->rules,
				    memory_order_relaxed);
	char			 buf[ADDR_TEXT_MAX];

	if ((rules->allow.n == 0 && rules->deny.n == 0) ||
	    listen_admits(rules, from))
		return true;
	stats->refused_networks++;
	log_rate(LOG_LOW, "SIPDATA", "%s is not of the networks that may use the "
	    "%s socket", log_str(addr_print(from, buf)),
	    transport_name(l->transport));
	return false;
}

/* ---- the workers ---- */

void
listeners_follow(struct worker *w)
{
	udp_follow(w->udp, listeners_now());
	if (w->index == 0)
		accept_follow(w, listeners_now());
}

static void
on_change(struct worker *w, void *arg)
{
	listeners_follow(w);
}

/*
 * A socket in a SO_REUSEPORT group that nobody reads swallows datagrams: it
 * leaves the group, what it holds is handled, then it is closed.
 */
void
listeners_drain(struct worker *w)
{
	for (size_t i = 0; i < state.nadopted; i++) {
		struct adopted	*a = &state.adopted[i];

		if (a->fd < 0)
			continue;
		fdstore_remove(a->name);
		if (a->transport == TRANSPORT_UDP) {
			socket_leave_group(a->fd, a->addr.sa.sa_family);
			udp_drain(w->udp, a->fd, &a->addr);
		}
		close(a->fd);
		a->fd = -1;
	}
}

static void
change_tos(const struct listeners *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		for (unsigned j = 0; j < state.workers; j++)
			if (t->v[i]->fds[j] >= 0)
				socket_tos(t->v[i]->fds[j],
				    t->v[i]->addr.sa.sa_family, state.tos);
}

void
listeners_commit(struct worker *w, const struct settings *s)
{
	const struct listeners	*old = listeners_now();
	const struct listeners	*now;
	bool			 tos = s->tos != state.tos;

	state.tos = s->tos;
	(void)table_make(s);
	now = listeners_now();
	for (uint32_t i = 0; i < old->n; i++)
		if (table_find(now, old->v[i]->transport,
		    &old->v[i]->addr) == NULL)
			unstore(old->v[i]);
	if (tos)
		change_tos(now);
	for (unsigned i = 0; i < state.workers; i++)
		if (worker_run_on(w, i, on_change, NULL) < 0)
			log_problem("SIPDATA", "worker %u is too busy to be told "
			    "of new listeners: repeat the change", i);
}

uint64_t
listeners_dropped(void)
{
	const struct listeners	*now = listeners_now();
	uint32_t		 info[SK_MEMINFO_VARS];
	uint64_t		 sum = 0;

	for (uint32_t i = 0; i < now->n; i++)
		for (unsigned w = 0; w < WORKERS_MAX; w++) {
			socklen_t	size = sizeof(info);

			if (now->v[i]->transport == TRANSPORT_UDP && now->v[i]->fds[w] >= 0 &&
			    getsockopt(now->v[i]->fds[w], SOL_SOCKET, SO_MEMINFO, info,
			    &size) == 0 && size > SK_MEMINFO_DROPS * sizeof(info[0]))
				sum += info[SK_MEMINFO_DROPS];
		}
	return sum;
}
