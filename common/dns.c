/*
 * dns - asks name servers. The only door to c-ares.
 *
 * c-ares sends, repeats and picks servers; what came back is read by
 * dns_answer.c and kept by dns_cache.c. A timer that runs only while questions are
 * out drives c-ares's time-outs.
 */
#include "common/dns.h"

#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>

#include "common/dns_cache.h"
#include "common/id.h"
#include "common/log.h"
#include "common/scan.h"
#include "common/settings.h"
#include "common/stats.h"

#define TICK_MS		100
#define TRIES		3
#define EDNS_OCTETS	1232	/* fits every path; more comes by TCP */
#define STALE_WAIT_MS	300	/* then old records do (RFC 8767 section 5) */
#define HOLD_STALE_MS	30000	/* old records do without asking again */
#define HOLD_FAILED_MS	2000	/* a failure does */
#define HOSTS_S		10	/* the file is looked at again */
#define SOCKETS_MAX	64

struct socket {
	struct dns	*dns;
	ares_channel	 channel;
	int		 fd;
	struct loop_io	*io;
};

struct dns {
	struct loop	*loop;
	struct loop_timer *timer;
	struct dns_cache *cache;
	ares_channel	 channel;	/* UDP; TCP for what is cut */
	ares_channel	 stream;	/* TCP only; NULL until it is needed */
	char		*servers;	/* comma-separated; "": the system's */
	int64_t		 timeout_ms;
	unsigned	 asking_max;
	unsigned	 asking;
	bool		 closing;	/* nothing more is asked */
	bool		 changing;	/* what was asked is asked again */
	struct socket	 sockets[SOCKETS_MAX];
	struct dns_answer answer;	/* scratch */
};

/* What c-ares gives back with an answer. */
struct question {
	struct dns	 *dns;
	struct dns_entry *entry;
};

/* ---- c-ares on our loop ---- */

static void
on_socket(void *arg, unsigned events)
{
	struct socket	*s = arg;
	bool		 in = (events & (LOOP_READ | LOOP_ERROR)) != 0;
	bool		 out = (events & (LOOP_WRITE | LOOP_ERROR)) != 0;

	ares_process_fd(s->channel, in ? s->fd : ARES_SOCKET_BAD,
	    out ? s->fd : ARES_SOCKET_BAD);
}

static struct socket *
socket_find(struct dns *d, int fd)
{
	for (unsigned i = 0; i < SOCKETS_MAX; i++)
		if (d->sockets[i].io != NULL && d->sockets[i].fd == fd)
			return &d->sockets[i];
	return NULL;
}

static struct socket *
socket_add(struct dns *d, ares_channel channel, int fd, unsigned events)
{
	struct socket	*s;

	for (unsigned i = 0; i < SOCKETS_MAX; i++) {
		s = &d->sockets[i];
		if (s->io != NULL)
			continue;
		*s = (struct socket){ d, channel, fd, NULL };
		s->io = loop_io_new(d->loop, fd, events, on_socket, s);
		return s;
	}
	return NULL;		/* it is looked at by the timer only */
}

/* Called by c-ares: before it closes the socket with nothing to wait for. */
static void
follow(struct dns *d, ares_channel channel, int fd, int in, int out)
{
	struct socket	*s = socket_find(d, fd);
	unsigned	 events = (in ? LOOP_READ : 0) | (out ? LOOP_WRITE : 0);

	if (s == NULL && events != 0)
		socket_add(d, channel, fd, events);
	else if (s != NULL && events != 0)
		loop_io_want(s->io, events);
	else if (s != NULL) {
		loop_io_free(s->io);
		s->io = NULL;
	}
}

static void
on_state(void *arg, ares_socket_t fd, int in, int out)
{
	struct dns	*d = arg;

	follow(d, d->channel, fd, in, out);
}

static void
on_stream_state(void *arg, ares_socket_t fd, int in, int out)
{
	struct dns	*d = arg;

	follow(d, d->stream, fd, in, out);
}

static ares_channel
channel_open(struct dns *d, int flags, ares_sock_state_cb state)
{
	ares_channel		channel = NULL;
	struct ares_options	o = {
		.flags = flags | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES |
		    ARES_FLAG_EDNS,
		.timeout = (int)d->timeout_ms,
		.tries = TRIES,
		.ednspsz = EDNS_OCTETS,
		.lookups = (char[]){ "b" },
		.sock_state_cb = state,
		.sock_state_cb_data = d,
	};
	int			status;

	status = ares_init_options(&channel, &o, ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS |
	    ARES_OPT_TRIES | ARES_OPT_EDNSPSZ | ARES_OPT_LOOKUPS |
	    ARES_OPT_SOCK_STATE_CB);
	if (status == ARES_SUCCESS && d->servers[0] != '\0')
		status = ares_set_servers_ports_csv(channel, d->servers);
	if (status == ARES_SUCCESS)
		return channel;
	log_problem("DNS", "names cannot be looked up: %s", ares_strerror(status));
	if (channel != NULL)
		ares_destroy(channel);
	return NULL;
}

/* ---- telling ---- */

/* The list is taken off first: who is told may ask for the same name again. */
static void
tell(struct dns_entry *e, int error, const struct dns_set *set)
{
	struct dns_asks	told = LIST_HEAD_INITIALIZER(told);
	struct dns_ask	*q;

	LIST_SWAP(&told, &e->waiting, dns_ask, entry);
	e->pinned = true;
	while ((q = LIST_FIRST(&told)) != NULL) {
		LIST_REMOVE(q, entry);
		q->waiting = false;
		q->fn(q->arg, error, set);
	}
	e->pinned = false;
}

static void
ended(struct dns *d, struct dns_entry *e)
{
	e->asking = false;
	d->asking--;
	if (d->asking == 0)
		loop_timer_stop(d->timer);
}

static void
failed(struct dns *d, struct dns_entry *e, int error)
{
	struct mono		 now = loop_now(d->loop);
	const struct dns_set	*old = d->closing ? NULL : dns_cache_stale(e, now);

	stats->dns_failed++;
	log_rate(LOG_LOW, "DNS", "%s: %s", log_str(dns_entry_name(e)),
	    strerror(-error));
	e->error = error;
	e->hold = mono_add_ms(now, old != NULL ? HOLD_STALE_MS : HOLD_FAILED_MS);
	if (old != NULL && !LIST_EMPTY(&e->waiting))
		stats->dns_stale++;
	tell(e, old != NULL ? 0 : error, old);
}

/* ---- asking ---- */

static void	send_question(struct dns *d, struct dns_entry *e);

static int
error_of(int status)
{
	switch (status) {
	case ARES_ETIMEOUT:
	case ARES_ECONNREFUSED:
		return -ETIMEDOUT;
	case ARES_ECANCELLED:
	case ARES_EDESTRUCTION:
		return -ECANCELED;
	default:
		return -EREMOTEIO;
	}
}

/* It came to our port with our id, but not for what we asked: perhaps forged. */
static void
doubt(struct dns *d, struct dns_entry *e)
{
	stats->dns_forged++;
	log_rate(LOG_PROBLEMS, "DNS", "an answer for %s is not to our question: "
	    "asked again over TCP", log_str(dns_entry_name(e)));
	e->by_stream = true;
	send_question(d, e);
}

static void
on_answer(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
	struct question		*q = arg;
	struct dns		*d = q->dns;
	struct dns_entry	*e = q->entry;
	int			 error;

	free(q);
	ended(d, e);
	if (d->changing && status == ARES_EDESTRUCTION)
		return;
	error = bytes == NULL || len <= 0 ? error_of(status) :
	    dns_answer_parse(&d->answer, str_make((const char *)bytes, (size_t)len),
	    e->type, str_of(e->sent), !e->by_stream);
	if (error == -EPERM && !e->by_stream && !d->closing) {
		doubt(d, e);
		return;
	}
	if (error < 0) {
		failed(d, e, error);
		return;
	}
	if (d->answer.left_out > 0) {
		stats->dns_left_out += d->answer.left_out;
		log_rate(LOG_PROBLEMS, "DNS", "%s has too many records: %u left out",
		    log_str(dns_entry_name(e)), d->answer.left_out);
	}
	dns_cache_put(d->cache, e, &d->answer, loop_now(d->loop));
	tell(e, 0, e->set);
}

/* RFC 5452 section 9.3 asks for all the randomness there is: a bit a letter. */
static void
mix_case(struct dns_entry *e)
{
	uint64_t	bits = id_u64();
	size_t		i, len = dns_entry_name(e).len;

	for (i = 0; i < len; i++) {
		e->sent[i] = e->key[1 + i];
		if (!e->by_stream && e->sent[i] >= 'a' && e->sent[i] <= 'z') {
			if (bits >> i % 64 & 1)
				e->sent[i] -= 'a' - 'A';
		}
	}
	e->sent[len] = '\0';
}

static void
send_question(struct dns *d, struct dns_entry *e)
{
	struct question	*q;
	ares_channel	 channel;

	if (e->by_stream && d->stream == NULL)
		d->stream = channel_open(d, ARES_FLAG_USEVC, on_stream_state);
	channel = e->by_stream ? d->stream : d->channel;
	if (channel == NULL) {
		failed(d, e, -EREMOTEIO);
		return;
	}
	if (d->asking++ == 0)
		loop_timer_start(d->timer, TICK_MS, TICK_MS);
	stats->dns_queries++;
	e->asking = true;
	mix_case(e);
	q = xcalloc(1, sizeof(*q));
	*q = (struct question){ d, e };
	ares_query(channel, e->sent, 1, (int)e->type, on_answer, q);
}

/* Those who have waited long enough get what was true a while ago. */
static void
tell_stale(struct dns *d)
{
	struct mono		 now = loop_now(d->loop);
	const struct dns_set	*old;
	struct dns_entry	*e, *next;

	for (e = dns_cache_next(d->cache, NULL); e != NULL; e = next) {
		next = dns_cache_next(d->cache, e);
		if (!e->asking || LIST_EMPTY(&e->waiting) ||
		    mono_ms_between(e->asked, now) < STALE_WAIT_MS ||
		    (old = dns_cache_stale(e, now)) == NULL)
			continue;
		stats->dns_stale++;
		e->hold = mono_add_ms(now, HOLD_STALE_MS);
		tell(e, 0, old);
		return;		/* the list may have changed: the others next time */
	}
}

static void
on_timer(void *arg)
{
	struct dns	*d = arg;

	if (d->channel != NULL)
		ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	if (d->stream != NULL)
		ares_process_fd(d->stream, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	tell_stale(d);
}

/* ---- /etc/hosts ---- */

static void
add_hosts(struct dns *d, struct str name, int family)
{
	struct dns_answer	*a = &d->answer;
	struct hostent		*h = NULL;
	struct addr		*to;

	if (d->channel == NULL ||
	    ares_gethostbyname_file(d->channel, name.s, family, &h) != ARES_SUCCESS)
		return;
	for (char **p = h->h_addr_list; *p != NULL && a->n < DNS_RECORDS_MAX; p++) {
		a->v[a->n] = (struct dns_record){ 0 };
		to = &a->v[a->n++].addr;
		to->sa.sa_family = (sa_family_t)family;
		to->len = family == AF_INET ? sizeof(to->in) : sizeof(to->in6);
		memcpy(family == AF_INET ? (void *)&to->in.sin_addr :
		    (void *)&to->in6.sin6_addr, *p, family == AF_INET ? 4 : 16);
	}
	ares_free_hostent(h);
}

/* From the file, when it has the name. DNS_HOSTS: then none is an answer, too. */
static bool
ask_hosts(struct dns *d, struct dns_entry *e)
{
	struct dns_answer	*a = &d->answer;

	if (e->type != DNS_HOSTS && e->type != DNS_A && e->type != DNS_AAAA)
		return false;
	a->ttl = HOSTS_S;
	a->alias = STR_NONE;
	a->n = a->left_out = 0;
	if (e->type != DNS_A)
		add_hosts(d, dns_entry_name(e), AF_INET6);
	if (e->type != DNS_AAAA)
		add_hosts(d, dns_entry_name(e), AF_INET);
	a->none = a->n == 0;
	if (a->none && e->type != DNS_HOSTS)
		return false;
	dns_cache_put(d->cache, e, a, loop_now(d->loop));
	return true;
}

/* ---- the door ---- */

/* In lower case and without the dot at its end; only what can be a name. */
static bool
name_of(struct str name, char buf[DNS_NAME_MAX + 1], struct str *out)
{
	if (name.len > 0 && name.s[name.len - 1] == '.')
		name.len--;
	if (name.len == 0 || name.len > DNS_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (!scan_is(name.s[i], CHAR_HOST))
			return false;
		buf[i] = (char)scan_lower((unsigned char)name.s[i]);
	}
	*out = str_make(buf, name.len);
	return true;
}

int
dns_ask(struct dns *d, struct dns_ask *q, enum dns_type type, struct str name,
    const struct dns_set **out)
{
	char			 buf[DNS_NAME_MAX + 1];
	struct mono		 now = loop_now(d->loop);
	struct dns_entry	*e;
	int			 error;

	if (d->closing)
		return -ECANCELED;
	if (!name_of(name, buf, &name))
		return -EINVAL;
	if ((e = dns_cache_entry(d->cache, type, name)) == NULL) {
		stats->dns_refused++;
		return -EBUSY;
	}
	if ((error = dns_cache_look(e, now, out)) != -EINPROGRESS)
		return error;
	if (!e->asking) {
		if (ask_hosts(d, e)) {
			*out = e->set;
			return 0;
		}
		if (d->asking >= d->asking_max) {
			stats->dns_refused++;
			return -EBUSY;
		}
		e->by_stream = false;
		e->asked = now;
		send_question(d, e);
		/* It may have failed at once. */
		if (!e->asking)
			return dns_cache_look(e, now, out);
	}
	q->waiting = true;
	LIST_INSERT_HEAD(&e->waiting, q, entry);
	return -EINPROGRESS;
}

void
dns_cancel(struct dns_ask *q)
{
	if (!q->waiting)
		return;
	LIST_REMOVE(q, entry);
	q->waiting = false;
}

/* ---- its life ---- */

static char *
servers_text(const struct dns_config *c)
{
	char		buf[1024];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	for (size_t i = 0; i < c->nservers; i++)
		text_printf(&t, "%s%s", i > 0 ? "," : "", c->servers[i]);
	return str_dup(text_str(&t));
}

static void
close_channels(struct dns *d)
{
	ares_channel	channel = d->channel, stream = d->stream;

	if (channel != NULL)
		ares_destroy(channel);
	if (stream != NULL)
		ares_destroy(stream);
	d->channel = d->stream = NULL;
}

/* What was out when the servers changed. */
static void
ask_again(struct dns *d)
{
	struct dns_entry	*e, *next;

	for (e = dns_cache_next(d->cache, NULL); e != NULL; e = next) {
		next = dns_cache_next(d->cache, e);
		if (!e->asking && !LIST_EMPTY(&e->waiting))
			send_question(d, e);
	}
}

void
dns_configure(struct dns *d, const struct dns_config *c)
{
	char	*servers = servers_text(c);

	d->asking_max = c->asking_max;
	if (d->servers != NULL && strcmp(servers, d->servers) == 0 &&
	    d->timeout_ms == c->timeout_ms) {
		free(servers);
		return;
	}
	d->changing = true;
	close_channels(d);
	d->changing = false;
	free(d->servers);
	d->servers = servers;
	d->timeout_ms = c->timeout_ms;
	d->channel = channel_open(d, 0, on_state);
	ask_again(d);
}

struct dns_config
dns_config_of(const struct settings *s)
{
	return (struct dns_config){
		.servers = (const char *const *)s->dns_servers.v,
		.nservers = s->dns_servers.n,
		.timeout_ms = s->dns_timeout,
		.asking_max = s->dns_questions_max,
	};
}

struct dns *
dns_new(struct loop *l, const struct dns_config *c)
{
	struct dns	*d = xcalloc(1, sizeof(*d));

	d->loop = l;
	d->timer = loop_timer_new(l, on_timer, d);
	d->cache = dns_cache_new();
	dns_configure(d, c);
	return d;
}

void
dns_free(struct dns *d)
{
	if (d == NULL)
		return;
	d->closing = true;
	close_channels(d);
	loop_timer_free(d->timer);
	dns_cache_free(d->cache);
	free(d->servers);
	free(d);
}
