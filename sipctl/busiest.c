/*
 * busiest - counts of sources and users in the flight recorder.
 */
#include "sipctl/busiest.h"

#include <stdlib.h>

#include "common/map.h"
#include "common/mono.h"

#define SOURCES_MS	(BUSIEST_SOURCES_S * 1000)
#define USERS_MS	60000
#define NAMES_MAX	4096	/* counted; more are left out */

struct counting {
	struct map	*sources;
	int64_t		 now_ms;
};

static struct str
key_of(const void *p)
{
	return str_of(((const struct busy *)p)->name);
}

static void
count(struct map *m, struct str name)
{
	char		 buf[sizeof(((struct busy *)0)->name)];
	struct busy	*b;

	if (name.len >= sizeof(buf))
		name.len = sizeof(buf) - 1;
	str_copy(buf, sizeof(buf), name);
	if ((b = map_find(m, str_of(buf))) == NULL) {
		if (map_count(m) == NAMES_MAX)
			return;
		b = xcalloc(1, sizeof(*b));
		strcpy(b->name, buf);
		map_put(m, b);
	}
	b->n++;
}

static int
busier_first(const void *pa, const void *pb)
{
	const struct busy	*a = *(struct busy *const *)pa, *b = *(struct busy *const *)pb;

	return a->n != b->n ? (a->n < b->n ? 1 : -1) : strcmp(a->name, b->name);
}

/* The busiest of m into out; m is freed. */
static size_t
take_busiest(struct map *m, struct busy out[BUSIEST_MAX])
{
	size_t		  n = map_count(m), cursor = 0, i = 0;
	struct busy	**v = xcalloc(n + 1, sizeof(v[0])), *b;

	while ((b = map_next(m, &cursor)) != NULL)
		v[i++] = b;
	qsort(v, n, sizeof(v[0]), busier_first);
	for (i = 0; i < n; i++) {
		if (i < BUSIEST_MAX)
			out[i] = *v[i];
		free(v[i]);
	}
	free(v);
	map_free(m);
	return n < BUSIEST_MAX ? n : BUSIEST_MAX;
}

/* "udp:192.0.2.1" of "udp:192.0.2.1:5060". */
static void
count_source(void *arg, const struct trace_record *r)
{
	struct counting		*k = arg;
	struct record_message	 m;
	struct str		 text, peer;
	char			 buf[PEER_TEXT_MAX];

	if (r->c->kind != RECORD_IN || r->c->wall_ms < k->now_ms - SOURCES_MS ||
	    !record_read_message(r->c, &m, &text))
		return;
	peer = trace_peer(&m, true, buf);
	if (str_rchr(peer, ':') > 0)
		peer.len = (size_t)str_rchr(peer, ':');
	count(k->sources, peer);
}

static void
add_failure(struct busiest *out, const struct trace_call *k)
{
	char		 when[40];
	struct failure	*f;

	if (out->nfailures == BUSIEST_MAX)
		return;
	trace_time(k->began_ms, false, when);
	f = &out->failures[out->nfailures++];
	f->call = k->call;
	snprintf(f->text, sizeof(f->text), "%.8s %u %s  %s", when, k->code,
	    k->to != NULL ? k->to : "?", k->reason != NULL ? k->reason : "");
}

int
busiest_find(const struct ctl *c, struct busiest *out)
{
	struct counting		 k = { .sources = map_new(key_of), .now_ms = wall_ms() };
	struct map		*users = map_new(key_of);
	struct trace_calls	 t = { NULL };
	bool			 lost;
	int			 code = trace_each(c, count_source, &k, &lost);

	*out = (struct busiest){ .nsources = 0 };
	if (code == CTL_DONE)
		code = trace_calls(c, &t);
	for (size_t i = 0; i < t.n; i++) {
		const struct trace_call	*call = t.v[i];

		if (!trace_call_is_invite(call))
			continue;
		if (call->ended_ms >= k.now_ms - USERS_MS) {
			out->calls++;
			out->failed += trace_call_failed(call);
			if (call->from != NULL)
				count(users, str_of(call->from));
		}
		if (trace_call_failed(call))
			add_failure(out, call);
	}
	trace_calls_fini(&t);
	out->nsources = take_busiest(k.sources, out->sources);
	out->nusers = take_busiest(users, out->users);
	return code;
}
