/*
 * gwregd - the gateways of the configuration, and who asks about them.
 *
 * main.c hands these to daemon_main(). A commit compares the blocks by name:
 * new ones begin, changed ones sign off and begin anew, missing ones sign off
 * and go. Everything about one gateway is gateway.c's.
 */
#include "gwregd/gwregd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mono.h"
#include "common/stats.h"
#include "gwregd/gateway.h"
#include "gwregd/keep.h"
#include "gwregd/secret.h"

#define LEAVE_MAX_MS	1000		/* for signing off at the end */
#define SLOT_MS		20		/* between beginnings: 1 000 in 20 s */
#define WARNED_MAX	5		/* by name, in the status */

uint64_t
gwregd_version(struct gwregd *g)
{
	uint64_t clock = (uint64_t)wall_ms() << 20;

	g->version = clock > g->version ? clock : g->version + 1;
	return g->version;
}

int64_t
gwregd_slot(struct gwregd *g)
{
	int64_t now_ms = boot_ms();

	g->slot_ms = g->slot_ms + SLOT_MS > now_ms ? g->slot_ms + SLOT_MS : now_ms;
	return g->slot_ms - now_ms;
}

/* ---- settings to gateways ---- */

static const struct gateway_settings *
settings_find(const struct settings *set, struct str name)
{
	for (size_t i = 0; i < set->ngateways; i++)
		if (str_eq(str_of(set->gateways[i].name), name))
			return &set->gateways[i];
	return NULL;
}

/* Gateways without a block. gateway_remove() may take them out of the map. */
static void
remove_missing(struct gwregd *g, const struct settings *set)
{
	size_t cursor = 0;
	struct gateway *w;

	while ((w = map_next(g->gateways, &cursor)) != NULL)
		if (settings_find(set, gateway_key(w)) == NULL)
			gateway_remove(w);
}

static void
apply(struct gwregd *g, const struct settings *set)
{
	const struct gateway_settings *s;
	struct gateway *w;

	remove_missing(g, set);
	for (size_t i = 0; i < set->ngateways; i++) {
		s = &set->gateways[i];
		w = map_find(g->gateways, str_of(s->name));
		if (w != NULL)
			gateway_configure(w, s);
		else
			map_put(g->gateways, gateway_new(g, s));
	}
}

/* Password files that everybody here can read: several gateways may have one. */
struct open_files {
	const char	*named[WARNED_MAX];
	unsigned	 n, more;
};

static void
look_whether_open(struct self *self, const struct gateway_settings *s,
    struct open_files *f, struct complaints *out)
{
	if (!secret_is_open(&self->dirs, s))
		return;
	for (unsigned i = 0; i < f->n; i++)
		if (strcmp(f->named[i], s->password_file) == 0)
			return;
	if (f->n == WARNED_MAX) {
		f->more++;
		return;
	}
	f->named[f->n++] = s->password_file;
	complain(out, true, "sip.conf", 0, 0, "gateway %s: everybody here can read the "
	    "password-file %s; chmod o-r it", s->name, s->password_file);
}

bool
gwregd_prepare(struct self *self, const struct settings *next,
    struct complaints *out)
{
	const struct gateway_settings *s;
	struct open_files open = { 0 };
	char *secret;
	int error;

	for (size_t i = 0; i < next->ngateways; i++) {
		s = &next->gateways[i];
		if (s->password_file[0] == '\0')
			continue;
		look_whether_open(self, s, &open, out);
		if ((error = secret_read(&self->dirs, s, &secret)) == 0) {
			secret_free(secret);
			continue;
		}
		complain(out, false, "sip.conf", 0, 0, "gateway %s: "
		    "password-file %s: %s", s->name, s->password_file,
		    error == -ENODATA ? "is empty" : strerror(-error));
	}
	if (open.more > 0)
		complain(out, true, "sip.conf", 0, 0, "the password-files of %u more "
		    "gateways, too", open.more);
	return out->errors == 0;
}

void
gwregd_commit(struct self *self, const struct settings *old)
{
	apply(self->own, self->settings);
}

/* ---- who asks ---- */

static void
asked_do(void *arg, struct bus_ticket t, const union msg *msg)
{
	struct gwregd *g = arg;
	const struct msg_gateway_do *m = &msg->gateway_do;
	struct gateway *w = map_find(g->gateways, m->name);

	if (w == NULL) {
		bus_refuse(t, ENOENT, "there is no gateway %s", log_str(m->name));
		return;
	}
	log_major("GW", "gateway %s: %s, by %s", log_str(m->name),
	    log_str(m->action), log_str(m->by));
	gateway_do(w, t, m->action);
}

static void
asked_sign(void *arg, struct bus_ticket t, const union msg *msg)
{
	struct gwregd *g = arg;
	struct gateway *w = map_find(g->gateways, msg->sign.gateway);

	if (w == NULL)
		bus_refuse(t, ENOENT, "there is no gateway %s",
		    log_str(msg->sign.gateway));
	else
		gateway_sign(w, t, &msg->sign);
}

static const struct bus_handler handlers[] = {
	{ MSG_SIGN, asked_sign },
	{ MSG_GATEWAY_DO, asked_do },
	{ 0 }
};

/* In the order of the configuration: the cursor is an index into it. */
static uint64_t
show_gateways(void *arg, struct show *s, uint64_t cursor)
{
	struct gwregd *g = arg;
	const struct settings *set = g->self->settings;
	struct gateway *w;
	const char *name;

	for (; cursor < set->ngateways; cursor++) {
		if (show_full(s))
			return cursor;
		name = set->gateways[cursor].name;
		if (show_arg(s, 0).len > 0 && !str_eq(show_arg(s, 0),
		    str_of(name)))
			continue;
		if ((w = map_find(g->gateways, str_of(name))) != NULL)
			gateway_show(w, s);
	}
	return 0;
}

static const struct show_table tables[] = {
	{ "gateways", show_gateways },
	{ 0 }
};

static uint64_t
walk(void *arg, uint64_t cursor, struct feed *f)
{
	struct gwregd *g = arg;
	const struct settings *set = g->self->settings;
	struct gateway *w;

	for (; cursor < set->ngateways; cursor++) {
		w = map_find(g->gateways, str_of(set->gateways[cursor].name));
		if (w != NULL && !gateway_emit(w, f))
			return cursor + 1;
	}
	return 0;
}

void
gwregd_status(struct self *self, struct status_is *out)
{
	struct gwregd *g = self->own;
	size_t cursor = 0;
	int64_t registering = 0;
	unsigned troubles = 0;
	struct gateway *w;

	while ((w = map_next(g->gateways, &cursor)) != NULL) {
		registering += gateway_registers(w);
		if (gateway_in_trouble(w) && troubles++ < WARNED_MAX)
			gateway_warn(w, out);
	}
	if (troubles > WARNED_MAX)
		status_warn(out, "sipctl gw", "%u more gateways cannot be used",
		    troubles - WARNED_MAX);
	status_figure(out, "gw_registering", registering);
	status_figure(out, "gateways", (int64_t)map_count(g->gateways));
}

/* ---- begin and end ---- */

int
gwregd_start(struct self *self)
{
	struct gwregd *g = xcalloc(1, sizeof(*g));
	char path[4200];

	self->own = g;
	g->self = self;
	g->gateways = map_new(gateway_key);
	dirs_path(g->dir, self->dirs.state, "gwregd");
	g->sipd = bus_peer_new(self->bus, "sipd",
	    dirs_bus(path, &self->dirs, "sipd"));
	return 0;
}

static bool
is_ours(void *arg, struct str file)
{
	return map_find(((struct gwregd *)arg)->gateways, file) != NULL;
}

int
gwregd_run(struct self *self)
{
	struct gwregd *g = self->own;
	unsigned gone;

	apply(g, self->settings);
	if ((gone = keep_clean(g->dir, is_ours, g)) > 0)
		log_major("GW", "%u files of gateways that were removed meanwhile are "
		    "gone; their registrations end by themselves", gone);
	bus_handlers_add(self->server, handlers, g);
	show_serve(self->server, tables, g);
	show_serve(self->monitor, tables, g);
	feed_serve(self->feed, self->server, walk, g);
	return 0;
}

/*
 * Signs off everywhere, if that is done in a second. Not before a restart, which is
 * what drains us: the next process goes on from the small files.
 */
static void
leave_all(struct gwregd *g)
{
	struct mono until = mono_add_ms(mono_now(), LEAVE_MAX_MS);
	size_t cursor;
	struct gateway *w;
	bool open = true;

	if (g->self->state == DAEMON_DRAINING)
		return;
	g->stopping = true;
	for (cursor = 0; (w = map_next(g->gateways, &cursor)) != NULL;)
		gateway_leave(w);
	while (open && mono_before(mono_now(), until)) {
		open = false;
		for (cursor = 0; (w = map_next(g->gateways, &cursor)) != NULL;)
			open |= !gateway_settled(w);
		if (open)
			loop_once(g->self->loop, 50);
	}
}

void
gwregd_stop(struct self *self)
{
	struct gwregd *g = self->own;
	struct gateway *w;
	size_t cursor = 0;

	if (g == NULL)
		return;
	leave_all(g);
	while ((w = map_next(g->gateways, &cursor)) != NULL)
		gateway_free(w);
	map_free(g->gateways);
	free(g);
	self->own = NULL;
}
