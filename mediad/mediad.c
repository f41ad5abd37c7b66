/*
 * mediad - start, stop, settings and figures of the media proxy.
 *
 * The skeleton calls (daemon.h). Everything that lasts is in session.c.
 */
#include "mediad/mediad.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/id.h"
#include "common/log.h"
#include "common/notes.h"
#include "common/stats.h"

#define SWEEP_MS	100	/* sessions_sweep() looks at a tenth */

static struct session_limits
limits_of(const struct settings *s)
{
	return (struct session_limits){
		.sessions = s->media_sessions_max,
		.streams = s->media_streams_max,
		.user_sessions = s->media_user_max,
		.timeout = s->media_timeout,
		.rtcp_timeout = s->media_rtcp_timeout,
		.longest = s->media_longest,
		.one_way = s->media_one_way,
		.setup_timeout = s->media_setup_timeout,
		.hold_timeout = s->media_hold_timeout,
		.learn_window = s->media_learn,
		.dscp = s->media_tos,
		.steer = s->media_relay == RELAY_AUTO,
		.convert_hold = s->media_hold_style == HOLD_CONVERT,
		.lan = &s->lan_networks,
		.codecs = &s->media_codecs,
	};
}

static void
session_ended(void *arg, const struct session *s, const char *reason)
{
	struct mediad		*m = arg;
	struct msg_media_ended	 record = {
		.call_id = session_call_id(s),
		.caller_tag = session_caller_tag(s),
		.reason = str_of(reason),
	};

	log_low("MEDIA", id_call(record.call_id), "session removed: %s call=%s", reason,
	    log_str(record.call_id));
	note(0, id_call(record.call_id), loop_now(m->self->loop), "MEDIA",
	    STR("session removed: "), record.reason);
	feed_publish(m->self->feed, MSG_MEDIA_ENDED, &record);
}

static void
sweep(void *arg)
{
	struct mediad	*m = arg;

	if (m->self->state == DAEMON_DRAINING)
		sessions_drain(m->sessions);
	sessions_sweep(m->sessions, loop_now(m->self->loop));
}

/* The feed tells of ends only: a follower that comes later missed nothing. */
static uint64_t
feed_walk(void *arg, uint64_t cursor, struct feed *f)
{
	(void)arg, (void)cursor, (void)f;
	return 0;
}

static int
sessions_start(struct mediad *m)
{
	const struct settings	*set = m->self->settings;
	struct session_limits	 limits = limits_of(set);
	unsigned		 which = 0;

	learn_ranges(&set->nat_ranges);
	m->sessions = sessions_new(m->self->loop, &set->media, &limits,
	    session_ended, m, &which);
	if (m->sessions == NULL) {
		const struct media_range *r = &set->media.v[which];
		char			 text[ADDR_TEXT_MAX];
		int			 error = errno;

		log_at(LOG_FAILURE, "MEDIA", 0, "media %.*s:%u-%u: %s",
		    STR_ARG(addr_print_host(&r->addr, text)), r->port_min,
		    r->port_max, strerror(error));
		return -error;
	}
	if (sessions_restored(m->sessions) > 0)
		log_major("MEDIA", "%u media sessions go on",
		    sessions_restored(m->sessions));
	return 0;
}

int
mediad_start(struct self *self)
{
	struct mediad	*m = xcalloc(1, sizeof(*m));
	int		 error;

	self->own = m;
	m->self = self;
	error = sessions_start(m);
	if (error < 0)
		return error;
	m->ng = ng_new(m->sessions);
	m->ng_listen = ng_listen_open(self->loop, m->ng,
	    &self->settings->ng_listen);
	if (m->ng_listen == NULL)
		return -errno;
	feed_serve(self->feed, self->server, feed_walk, m);
	show_serve(self->server, mediad_tables, m);
	show_serve(self->monitor, mediad_tables, m);
	m->sweep = loop_timer_new(self->loop, sweep, m);
	loop_timer_start(m->sweep, SWEEP_MS, SWEEP_MS);
	return 0;
}

void
mediad_stop(struct self *self)
{
	struct mediad	*m = self->own;

	if (m == NULL)
		return;
	loop_timer_free(m->sweep);
	ng_listen_close(m->ng_listen);
	ng_free(m->ng);
	sessions_free(m->sessions);
	free(m);
	self->own = NULL;
}

bool
mediad_prepare(struct self *self, const struct settings *next,
    struct complaints *out)
{
	(void)self;
	return ng_listen_check(&next->ng_listen, out);
}

void
mediad_commit(struct self *self, const struct settings *old)
{
	struct mediad		*m = self->own;
	struct session_limits	 limits = limits_of(self->settings);

	(void)old;
	learn_ranges(&self->settings->nat_ranges);
	sessions_limits(m->sessions, &limits);
}

static void
side_status(const struct ports *p, struct status_is *out)
{
	char	text[ADDR_TEXT_MAX];

	if (ports_used(p) * 10 >= ports_limit(p) * 9)
		status_warn(out, "sipctl config set media ADDR:MIN-MAX",
		    "%u of %u media port pairs of %.*s are in use", ports_used(p),
		    ports_limit(p), STR_ARG(addr_print_host(ports_addr(p), text)));
}

void
mediad_status(struct self *self, struct status_is *out)
{
	struct mediad		*m = self->own;
	const struct sides	*all = sessions_sides(m->sessions);

	status_figure(out, "media_ports_limit", sides_limit(all));
	status_figure(out, "media_streams", stats->media_ports / 2);
	status_figure(out, "media_addresses_steered",
	    sessions_steered(m->sessions));
	status_figure(out, "media_sessions_restored",
	    sessions_restored(m->sessions));
	if (stats->media_one_way > 0)
		status_warn(out, "sipctl calls --one-way",
		    "%lld call%s sound in one direction only",
		    (long long)stats->media_one_way,
		    stats->media_one_way == 1 ? " has" : "s have");
	for (unsigned i = 0; i < sides_count(all); i++)
		side_status(sides_at(all, i), out);
}
