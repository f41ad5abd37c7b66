/*
 * where - where a request would be sent, for "sipctl route test".
 *
 * Worker 0 answers it: its name servers' answers, its black list.
 */
#include "sipd/where.h"

#include <errno.h>
#include <stdlib.h>

#include "common/daemon.h"
#include "common/uri.h"
#include "sipd/media_policy.h"
#include "sipd/nexthop.h"
#include "sipd/worker.h"

/* A question under way. */
struct looking {
	struct bus_ticket	 ticket;
	struct nexthop		*next;
	struct hop		 source;	/* remote.len 0: not known */
	struct str		 host;		/* of the URI, in text */
	uint32_t		 n;
	struct rec_place	 places[TARGETS_MAX];
	char			 peers[TARGETS_MAX][PEER_TEXT_MAX];
	char			 text[WAY_TEXT_MAX];
};

static void
add_place(struct looking *l, const struct hop *to)
{
	const struct settings	*s = settings_now();
	const struct party	 a = { .at = &l->source };
	const struct party	 b = { .at = to, .contact = l->host };
	struct rec_place	*p = &l->places[l->n];
	enum media_why		 why = MEDIA_UNKNOWN;

	p->peer = hop_print_remote(to, l->peers[l->n]);
	if (l->source.remote.len > 0) {
		p->relayed = media_wanted(s, &a, &b, &why);
		p->media = str_of(media_why_text(why));
	}
	l->n++;
}

static void
finish(struct looking *l, int error)
{
	const struct msg_where_is	m = {
		.places = { l->places, l->n }, .why = nexthop_words(error),
	};

	bus_answer(l->ticket, MSG_WHERE_IS, (void *)&m);
	nexthop_free(l->next);
	free(l);
}

static void
go_on(void *arg)
{
	struct looking	*l = arg;
	struct hop	 to;
	int		 error = -ENOENT;

	while (l->n < TARGETS_MAX && (error = nexthop_next(l->next, &to)) == 0)
		add_place(l, &to);
	if (error != -EINPROGRESS || l->n == TARGETS_MAX)
		finish(l, error);
}

static void
on_where(void *arg, struct bus_ticket t, const union msg *m)
{
	struct looking	*l;
	struct way	 way;
	struct hop	 to;
	struct uri	 u;

	if (hop_parse(&to, m->where.uri, STR_NONE) == 0)
		way = way_of_hop(&to);
	else if (uri_parse(&u, m->where.uri) < 0 || way_of_uri(&way, &u) < 0) {
		bus_refuse(t, EINVAL, "that is no address to send to");
		return;
	}
	l = xcalloc(1, sizeof(*l));
	l->ticket = t;
	if (hop_parse(&l->source, m->where.source, STR_NONE) < 0)
		l->source.remote.len = 0;
	if (!way_is_name(&way)) {
		add_place(l, &way.hop);
		finish(l, 0);
		return;
	}
	if (str_copy(l->text, sizeof(l->text), way.host))
		l->host = str_make(l->text, way.host.len);
	l->next = nexthop_new(worker_get(0), &way, NULL, go_on, l);
	go_on(l);
}

const struct bus_handler where_handlers[] = {
	{ MSG_WHERE, on_where, true },	/* changes nothing */
	{ 0 }
};
