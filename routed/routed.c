/*
 * routed - how the router begins and ends, and whom it follows.
 *
 * main.c hands these to daemon_main(). start() connects; run() opens the
 * directory as the daemon's own user and begins to answer.
 */
#include "routed/routed.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/sandbox.h"
#include "routed/rules.h"

/* ---- whom it follows ---- */

static void
accounts_feed_begin(void *arg)
{
	struct routed	*r = arg;

	accounts_begin(r->accounts);
}

static void
accounts_feed_record(void *arg, enum msg_type type, const union msg *m)
{
	struct routed	*r = arg;

	accounts_record(r->accounts, &m->account);
}

static void
accounts_feed_complete(void *arg)
{
	struct routed	*r = arg;

	accounts_complete(r->accounts);
	held_answer(r);
}

static const enum msg_type account_types[] = { MSG_ACCOUNT, MSG_NONE };
static const struct feed_follower accounts_feed = {
	.begin = accounts_feed_begin,
	.record = accounts_feed_record,
	.complete = accounts_feed_complete,
	.types = account_types,
};

static void
gateways_feed_begin(void *arg)
{
	struct routed	*r = arg;

	gateways_begin(r->gateways);
}

static void
gateways_feed_record(void *arg, enum msg_type type, const union msg *m)
{
	struct routed	*r = arg;

	gateways_record(r->gateways, &m->gateway);
}

static void
gateways_feed_complete(void *arg)
{
	struct routed	*r = arg;

	gateways_complete(r->gateways);
}

static const enum msg_type gateway_types[] = { MSG_GATEWAY, MSG_NONE };
static const struct feed_follower gateways_feed = {
	.begin = gateways_feed_begin,
	.record = gateways_feed_record,
	.complete = gateways_feed_complete,
	.types = gateway_types,
};

/* Decisions that went there, or to one of its groups. */
static void
gateway_changed(void *arg, struct str name)
{
	struct routed			*r = arg;
	const struct settings		*s = r->self->settings;
	const struct gateway_settings	*g;

	publish_forget_trunk(r, name);
	for (size_t i = 0; i < s->ngateways; i++) {
		g = &s->gateways[i];
		if (!str_caseeq(str_of(g->name), name))
			continue;
		for (size_t k = 0; k < g->groups.n; k++)
			publish_forget_trunk(r, str_of(g->groups.v[k]));
	}
}

/* ---- begin ---- */

static int
state_dir(struct self *self)
{
	char	path[4096];

	dirs_path(path, self->dirs.state, "routed");
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (geteuid() == 0 && chown(path, sandbox_uid(self->daemon),
	    sandbox_gid()) < 0)
		return -errno;
	return 0;
}

int
routed_start(struct self *self)
{
	struct routed	*r = xcalloc(1, sizeof(*r));
	char		 path[4200];
	int		 error;

	self->own = r;
	r->self = self;
	r->domains = domains_new();
	r->accounts = accounts_new(publish_forget, r);
	r->directory = directory_new(rules_free);
	routes_start(r);
	r->gateways = gateways_new(gateway_changed, r);
	r->names = names_new(self->loop, self->settings);
	domains_set(r->domains, self->settings, NULL, NULL);
	error = state_dir(self);
	if (error < 0) {
		log_at(LOG_FAILURE, "ROUTER", 0, "cannot make %s/routed: %s",
		    self->dirs.state, strerror(-error));
		return error;
	}
	r->feed = self->feed;
	r->regd = bus_peer_new(self->bus, "regd",
	    dirs_bus(path, &self->dirs, "regd"));
	r->gwregd = bus_peer_new(self->bus, "gwregd",
	    dirs_bus(path, &self->dirs, "gwregd"));
	return 0;
}

int
routed_run(struct self *self)
{
	struct routed	*r = self->own;
	char		 path[4096];
	int		 error;

	dirs_path(path, self->dirs.state, "routed/routed.db");
	error = directory_open(r->directory, self->loop, path);
	if (error < 0) {
		log_at(LOG_FAILURE, "ROUTER", 0, "cannot open %s: %s", path,
		    strerror(-error));
		return error;
	}
	bus_peer_follow(r->regd, &accounts_feed, r);
	bus_peer_follow(r->gwregd, &gateways_feed, r);
	bus_handlers_add(self->server, routed_handlers, r);
	bus_handlers_add(self->monitor, routed_handlers, r);
	feed_serve(r->feed, self->server, publish_walk, r);
	show_serve(self->server, routed_tables, r);
	show_serve(self->monitor, routed_tables, r);
	return 0;
}

/* ---- end ---- */

void
routed_stop(struct self *self)
{
	struct routed	*r = self->own;

	if (r == NULL)
		return;
	directory_free(r->directory);
	held_free(r);
	candidate_fini(&r->candidate);
	names_free(r->names);
	routes_wait(r);
	routes_fini(&r->routes);
	routes_fini(&r->next);
	accounts_free(r->accounts);
	gateways_free(r->gateways);
	domains_free(r->domains);
	free(r);
	self->own = NULL;
}

static bool
same_texts(const struct set_texts *a, const struct set_texts *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

/* What was decided by the old settings may be wrong by the new ones. */
void
routed_commit(struct self *self, const struct settings *old)
{
	struct routed	*r = self->own;
	struct mono	 begin = mono_now();

	domains_set(r->domains, self->settings, publish_domain, r);
	if (!same_texts(&old->domains, &self->settings->domains))
		publish_aliases(r);
	routes_commit(r);
	candidate_fini(&r->candidate);
	names_configure(r->names, self->settings);
	publish_forget(r, STR_NONE);
	r->commit_us = mono_us_between(begin, mono_now());
}

void
routed_status(struct self *self, struct status_is *out)
{
	struct routed	*r = self->own;

	status_figure(out, "accounts", accounts_count(r->accounts));
	status_figure(out, "aliases", directory_count(r->directory, ENTRY_ALIAS));
	status_figure(out, "forwarders",
	    directory_count(r->directory, ENTRY_FORWARDER));
	status_figure(out, "groups", directory_count(r->directory, ENTRY_GROUP));
	status_figure(out, "numbers", directory_count(r->directory, ENTRY_NUMBER));
	status_figure(out, "rules", directory_count(r->directory, ENTRY_RULES));
	status_figure(out, "records",
	    r->routes.records != NULL ? records_count(r->routes.records) : 0);
	status_figure(out, "domains", domains_count(r->domains));
	status_figure(out, "gateways", gateways_count(r->gateways));
	status_figure(out, "held", held_count(r));
	status_figure(out, "route_p50_us", (int64_t)(cost_below(&r->cost, 500) / 1000));
	status_figure(out, "route_p99_us", (int64_t)(cost_below(&r->cost, 990) / 1000));
	status_figure(out, "route_longest_us", (int64_t)(r->cost.longest_ns / 1000));
	status_figure(out, "commit_us", r->commit_us);
	if (!accounts_ready(r->accounts))
		status_warn(out, "sipctl status",
		    "routed has no accounts from regd yet");
	if (domains_count(r->domains) == 0)
		status_warn(out, "sipctl config set domain example.com",
		    "no domain is served");
}

unsigned
routed_busy(struct self *self)
{
	struct routed	*r = self->own;

	return directory_waiting(r->directory) + held_count(r);
}
