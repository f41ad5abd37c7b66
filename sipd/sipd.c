/*
 * sipd - start, stop and what the skeleton asks of this daemon.
 *
 * The wire half (worker.c and below) and the upper half (core.c and above) meet
 * here; the feeds of routed, mediad and gwregd enter here, on worker 0.
 */
#include "sipd/sipd.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/route.h"
#include "common/stats.h"
#include "sipd/calls.h"
#include "sipd/cdr.h"
#include "sipd/core.h"
#include "sipd/domains.h"
#include "sipd/ending.h"
#include "sipd/gateways.h"
#include "sipd/leases.h"
#include "sipd/listeners.h"
#include "sipd/pending.h"
#include "sipd/ping.h"
#include "sipd/record.h"
#include "sipd/remotes.h"
#include "sipd/replica.h"
#include "sipd/ringing.h"
#include "sipd/send.h"
#include "sipd/show.h"
#include "sipd/tls.h"
#include "sipd/trunks.h"
#include "sipd/where.h"
#include "sipd/worker.h"

const struct bus_handler sipd_handlers[] = {
	{ MSG_SEND, send_question, false },
	{ 0 }
};

/* What ended just before the last process did: its record is written. */
static void
forget_recorded(void)
{
	for (unsigned i = 0; i < workers_count(); i++) {
		struct calls		*c = calls_of(i);
		struct call_facts	 f;
		struct call		*k;
		uint32_t		 cursor = 0;

		while ((k = call_next(c, &cursor)) != NULL) {
			call_read(k, &f);
			if (f.state == CALL_ESTABLISHED && cdr_known(f.call_id, f.caller_tag,
			    f.callee_tag))
				call_end(c, k);
		}
	}
}

int
sipd_start(struct self *self)
{
	char	path[4096];
	int	error;

	error = core_keys(dirs_path(path, self->dirs.state, "keys"));
	if (error < 0) {
		log_at(LOG_FAILURE, "SIP", 0, "keys in %s: %s", path, strerror(-error));
		return error;
	}
	pending_init();
	if ((error = tls_open(self->settings, &self->dirs)) < 0)
		return error;
	domains_open(self->settings);
	gateways_open(self->settings);
	if ((error = workers_open(self)) < 0)
		return error;
	ping_open();
	record_open(self, workers_count());
	cdr_open(self);
	error = calls_open(self->settings->calls_max, workers_count());
	if (error < 0) {
		log_at(LOG_FAILURE, "SIP", 0, "the call table: %s", strerror(-error));
		return error;
	}
	forget_recorded();
	if ((error = trunks_open()) < 0) {
		log_at(LOG_FAILURE, "SIP", 0, "the table of calls through gateways: %s",
		    strerror(-error));
		return error;
	}
	if ((error = remotes_open()) < 0) {
		log_at(LOG_FAILURE, "SIP", 0, "the table of Route sets: %s",
		    strerror(-error));
		return error;
	}
	if ((error = ringing_open(workers_count())) < 0) {
		log_at(LOG_FAILURE, "SIP", 0, "the record of ringing calls: %s",
		    strerror(-error));
		return error;
	}
	show_serve(self->server, sipd_tables, NULL);
	show_serve(self->monitor, sipd_tables, NULL);
	bus_handlers_add(self->server, where_handlers, NULL);
	bus_handlers_add(self->server, ending_handlers, NULL);
	bus_handlers_add(self->monitor, where_handlers, NULL);
	return 0;
}

/* ---- feeds, on worker 0 ----------------------------------------------------- */

static void
routed_begin(void *arg)
{
	domains_begin();
}

static void
routed_record(void *arg, enum msg_type type, const union msg *m)
{
	struct worker	*w = arg;

	if (type == MSG_DOMAIN)
		domains_record(m->domain.name, m->domain.means,
		    m->domain.deleted, w->loop);
	if (type == MSG_FORGET) {
		leases_forget(m->forget.key);
		stats->forgets++;
	}
}

static void
routed_complete(void *arg)
{
	struct worker	*w = arg;

	domains_complete(w->loop);
	leases_forget(STR_NONE);	/* what was missed is not known */
}

static const struct feed_follower routed_follower = {
	.begin = routed_begin,
	.record = routed_record,
	.complete = routed_complete,
};

static void
media_record(void *arg, enum msg_type type, const union msg *m)
{
	(void)arg;
	if (type == MSG_MEDIA_ENDED)
		ending_by_silence(m->media_ended.call_id, m->media_ended.caller_tag);
}

static void
nothing(void *arg)
{
}

static const struct feed_follower media_follower = {
	.begin = nothing,
	.record = media_record,
	.complete = nothing,
};

static void
gateways_feed_begin(void *arg)
{
	gateways_begin();
}

static void
gateways_feed_record(void *arg, enum msg_type type, const union msg *m)
{
	if (type == MSG_GATEWAY)
		gateways_record(&m->gateway);
}

static void
gateways_feed_complete(void *arg)
{
	gateways_complete();
}

static const struct feed_follower gateways_follower = {
	.begin = gateways_feed_begin,
	.record = gateways_feed_record,
	.complete = gateways_feed_complete,
};

/* ---- running ------------------------------------------------------------------- */

int
sipd_run(struct self *self)
{
	struct worker	*w;
	int		 error;

	if ((error = workers_run()) < 0)
		return error;
	w = worker_get(0);
	bus_peer_follow(w->routed, &routed_follower, w);
	bus_peer_follow(w->mediad, &media_follower, w);
	bus_peer_follow(w->gwregd, &gateways_follower, w);
	return 0;
}

void
sipd_stop(struct self *self)
{
	workers_stop();
	ping_close();
	tls_close();
	ringing_close();
	record_close();
	cdr_close();
	remotes_close();
	trunks_close();
	calls_close();
	gateways_close();
	domains_close();
}

bool
sipd_prepare(struct self *self, const struct settings *next,
    struct complaints *out)
{
	return tls_check(next, out);
}

void
sipd_commit(struct self *self, const struct settings *old)
{
	domains_commit(self->settings, self->loop);
	gateways_commit(self->settings);
	tls_reload(self->settings);
	workers_commit(old);
}

/* Questions that wait for an answer, of all workers. */
static void
add_waiting(struct status_is *out)
{
	int64_t	routed = 0, regd = 0, mediad = 0, gwregd = 0;

	for (unsigned i = 0; i < workers_count(); i++) {
		const struct worker	*w = worker_get(i);

		routed += bus_peer_open(w->routed);
		regd += bus_peer_open(w->regd);
		mediad += bus_peer_open(w->mediad);
		gwregd += bus_peer_open(w->gwregd);
	}
	status_figure(out, "waiting_routed", routed);
	status_figure(out, "waiting_regd", regd);
	status_figure(out, "waiting_mediad", mediad);
	status_figure(out, "waiting_gwregd", gwregd);
}

void
sipd_status(struct self *self, struct status_is *out)
{
	add_waiting(out);
	status_figure(out, "udp_receive_dropped", (int64_t)listeners_dropped());
	status_figure(out, "calls", calls_count());
	status_figure(out, "aors", (int64_t)replica_aors());
	status_figure(out, "contacts", (int64_t)replica_contacts());
	status_figure(out, "workers", workers_count());
	tls_status(out);
	if (ending_closed())
		status_warn(out, "sipctl drain --undo", "sipd takes no new calls");
	if (!replica_synced())
		status_warn(out, "sipctl restart regd",
		    "sipd has no registrations from regd yet");
}

/*
 * What a drain waits for: requests under way. Calls go on without us, ringing ones
 * with the next process.
 */
unsigned
sipd_busy(struct self *self)
{
	struct stats	s;

	stats_sum(&s);
	return s.proxied > s.ringing ? (unsigned)(s.proxied - s.ringing) : 0;
}
