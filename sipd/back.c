/*
 * back - the second and third way of a response whose connection is gone.
 *
 * tcp.c calls it through the table of the upper half. All that it needs to know is
 * in the response: the Via on top is that of whom it is for, and says since the
 * request came where that came from.
 */
#include "sipd/back.h"

#include <errno.h>
#include <stdlib.h>

#include "common/id.h"
#include "common/log.h"
#include "common/stats.h"
#include "sipd/core.h"
#include "sipd/hostname.h"
#include "sipd/nexthop.h"
#include "sipd/record.h"
#include "sipd/way.h"
#include "sipd/wire.h"
#include "sipd/worker.h"

struct returning {
	struct hop	 to;		/* where it was lost */
	unsigned	 flags;
	struct worker	*w;
	struct nexthop	*next;		/* the name in its Via is looked up; or NULL */
	size_t		 len;
	char		 bytes[];
};

static void
returning_free(struct returning *r)
{
	nexthop_free(r->next);
	free(r);
}

static void
give_up(struct returning *r)
{
	char	buf[PEER_TEXT_MAX];

	stats->responses_lost++;
	log_rate(LOG_LOW, "SIP", "%s: no way back for a response",
	    log_str(hop_print_remote(&r->to, buf)));
	returning_free(r);
}

static void
send_to(struct returning *r, const struct hop *to, unsigned flags)
{
	if (wire_send(r->w, to, str_make(r->bytes, r->len), flags, 0) < 0) {
		give_up(r);
		return;
	}
	stats->responses_returned++;
	returning_free(r);
}

/*
 * Section 18.2.2: "the IP address in the received parameter, if present, using the
 * port in the sent-by value". A TLS server has to show whose sent-by it is.
 */
static bool
source_of(const struct via *v, struct hop *out)
{
	struct via	plain = *v;
	struct addr	literal;

	plain.maddr = STR_NONE;		/* it is for datagrams */
	*out = (struct hop){ .transport = v->transport };
	if (v->transport == TRANSPORT_TLS && addr_parse(&literal, v->host, 0) < 0)
		out->domain = hostname_keep(v->host);
	return hop_is_stream(out) && via_response_addr(&plain, &out->remote);
}

static void
on_target(void *arg)
{
	struct returning	*r = arg;
	struct hop		 to;
	int			 error = nexthop_next(r->next, &to);

	if (error == 0)
		send_to(r, &to, WIRE_MAY_CONNECT);
	else if (error != -EINPROGRESS)
		give_up(r);
}

/*
 * Whom a name in a Via leads to is the sender's word alone: an address that only the
 * house itself may be told about needs a request from such an address (S24).
 */
static void
look_up(struct returning *r, const struct via *v)
{
	const struct hop	from = { .transport = r->to.transport,
				    .remote = r->to.remote, .local = r->to.remote };
	struct way		way;

	if (way_of_via(&way, v) < 0 || !way_is_name(&way)) {
		give_up(r);
		return;
	}
	r->next = nexthop_new(r->w, &way, &from, on_target, r);
	on_target(r);		/* may be known */
}

static bool
within_bound(struct worker *w)
{
	struct core	*c = w->core;
	struct mono	 now = loop_now(w->loop);

	if (mono_ms_between(c->backs_since, now) >= 1000) {
		c->backs_since = now;
		c->backs = 0;
	}
	return c->backs++ < BACK_PER_S;
}

static void
on_turn(struct worker *w, void *arg)
{
	struct returning	*r = arg;
	struct sip_msg		*m = w->core->kept;
	struct hop		 source;

	/* What answers a bad request may be bad itself. */
	w->core->kept_serial = 0;
	if (sip_parse(m, str_make(r->bytes, r->len)) < 0 ||
	    m->via.transport != r->to.transport || !within_bound(w)) {
		give_up(r);
		return;
	}
	record_as(w, id_call(m->call_id), false);
	if ((r->flags & WIRE_MAY_CONNECT) != 0)
		look_up(r, &m->via);
	else if (source_of(&m->via, &source) &&
	    addr_eq_host(&source.remote, &r->to.remote))
		send_to(r, &source, WIRE_RESPONSE | WIRE_MAY_CONNECT);
	else
		give_up(r);
	record_end(w);
}

void
back_lost(struct worker *w, const struct hop *to, unsigned flags, struct str bytes)
{
	struct returning	*r = xcalloc(1, sizeof(*r) + bytes.len);

	r->to = *to;
	r->flags = flags;
	r->w = w;
	r->len = bytes.len;
	memcpy(r->bytes, bytes.s, bytes.len);
	if (worker_run_on(w, w->index, on_turn, r) < 0)
		give_up(r);
}
