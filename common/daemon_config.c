/*
 * daemon_config - which settings are in force in this process.
 *
 * A change comes in two phases, with its text in the message, or, for the router,
 * which has the biggest part of it, on disk: PREPARE checks, COMMIT swaps. The rename of the generation's directory is what counts; COMMIT
 * only says that it happened. A generation with a deadline goes back by itself
 * when nobody confirms it: what it would go back to is kept in memory, for
 * mediad has no file system to read it from.
 *
 * Sets are never freed while the process lives: any thread may still look at the
 * one before (settings_now()).
 */
#include "common/daemon_parts.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/conf.h"
#include "common/generation.h"
#include "common/log.h"
#include "common/log_levels.h"

static struct {
	struct settings		**sets;		/* every one that was in force */
	size_t			 nsets;
	struct settings		*prepared;
	int64_t			 prepared_until_ms;	/* its deadline, if it is one */
	const struct settings	*fallback;	/* in force after the deadline */
	struct loop_timer	*deadline;
	int64_t			 until_ms;	/* CLOCK_BOOTTIME; 0: none */
} config;

static _Atomic(const struct settings *) in_force;

const struct settings *
settings_now(void)
{
	return atomic_load_explicit(&in_force, memory_order_acquire);
}

static void
keep(struct settings *s)
{
	config.sets = xrealloc(config.sets, config.nsets + 1,
	    sizeof(*config.sets));
	config.sets[config.nsets++] = s;
}

static struct settings *
build(const struct self *self, struct str text, uint64_t generation,
    struct complaints *c)
{
	struct conf	*conf = conf_unflatten(text, c);
	struct settings	*s = NULL;

	if (conf != NULL)
		s = settings_build(conf, c);
	conf_free(conf);
	if (s != NULL)
		s->generation = generation;
	if (s != NULL && !self->daemon->routes)
		settings_drop_routes(s);
	return s;
}

int
config_load(const struct self *self, uint64_t number, bool committed,
    struct settings **out, struct complaints *c)
{
	struct settings	*s;
	char		*text;
	uint64_t	 len;
	int		 error = (committed ? generation_read : generation_read_new)
			    (&self->dirs, number, &text, &len);

	if (error < 0)
		return error;
	s = build(self, str_make(text, len), number, c);
	free(text);
	if (s == NULL)
		return -EBADMSG;
	*out = s;
	return 0;
}

static const char *
first_error(const struct complaints *c, char *buf, size_t size)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct complaint *p = &c->v[i];

		if (p->warning)
			continue;
		snprintf(buf, size, "%s:%u:%u: %s", p->file, p->line,
		    p->column, p->text);
		return buf;
	}
	return "it does not parse";
}

/* ---- into force ---- */

/* Takes s, unless it is one of the sets already. */
static void
put_in_force(struct self *self, const struct settings *s)
{
	const struct settings	*old = self->settings;

	build_wait();		/* only when no COMMIT brought this: a deadline */
	self->settings = s;
	atomic_store_explicit(&in_force, s, memory_order_release);
	log_levels_set(s);
	if (old == NULL)
		return;
	log_major("CONFIG", "%s: generation %llu is in force (was %llu)",
	    self->daemon->name, (unsigned long long)s->generation,
	    (unsigned long long)old->generation);
	if (self->daemon->commit != NULL)
		self->daemon->commit(self, old);
}

static void
deadline_set(struct self *self, int64_t until_ms,
    const struct settings *fallback)
{
	int64_t	left = until_ms - boot_ms();

	config.until_ms = until_ms;
	config.fallback = fallback;
	if (until_ms == 0)
		loop_timer_stop(config.deadline);
	else	/* one more, so that it has passed when we look */
		loop_timer_start(config.deadline,
		    left > 0 ? (uint64_t)left + 1 : 1, 0);
}

/* Loads g, logs when that is not possible. */
static struct settings *
load_logged(struct self *self, const struct generation *g)
{
	struct complaints	 c = { 0 };
	struct settings		*s = NULL;
	char			 buf[512];
	int			 error;

	error = config_load(self, g->number, true, &s, &c);
	if (error == -EBADMSG)
		log_problem("CONFIG", "%s: generation %llu cannot be used: %s",
		    self->daemon->name, (unsigned long long)g->number,
		    first_error(&c, buf, sizeof(buf)));
	else if (error < 0)
		log_problem("CONFIG", "%s: generation %llu cannot be read: %s",
		    self->daemon->name, (unsigned long long)g->number,
		    strerror(-error));
	complaints_fini(&c);
	if (s != NULL)
		keep(s);
	return s;
}

/* Keeps in memory what the deadline of g would bring back. */
static void
deadline_of(struct self *self, const struct generation *g)
{
	struct generation	 below;
	const struct settings	*s = NULL;

	if (!g->confirm) {
		deadline_set(self, 0, NULL);
		return;
	}
	if (generation_fallback(&self->dirs, g->number, &below) == 0)
		s = load_logged(self, &below);
	deadline_set(self, g->confirm_until_ms, s);
}

/* What the disk says, or memory where we may not ask the disk. */
static void
deadline_passed(void *arg)
{
	struct self		*self = arg;
	const struct settings	*back = config.fallback;
	struct generation	 g;

	if (boot_ms() < config.until_ms) {	/* suspended, or early */
		deadline_set(self, config.until_ms, back);
		return;
	}
	if (generation_in_force(&self->dirs, &g) == 0) {
		if (g.number == self->settings->generation) {
			deadline_of(self, &g);		/* confirmed */
			return;
		}
		if (back == NULL || g.number != back->generation)
			back = load_logged(self, &g);
	}
	deadline_set(self, 0, NULL);
	if (back == NULL)
		return;
	log_problem("CONFIG", "%s: generation %llu was not confirmed in time",
	    self->daemon->name, (unsigned long long)self->settings->generation);
	put_in_force(self, back);
}

int
config_start(struct self *self)
{
	struct generation	 g;
	struct settings		*s;
	int			 error = generation_in_force(&self->dirs, &g);

	if (error < 0) {
		log_at(LOG_FAILURE, "CONFIG", 0, "%s: no configuration in force "
		    "under %s/generations (%s): run \"sipctl up\" or "
		    "\"sipctl config apply\"", self->daemon->name,
		    self->dirs.state, strerror(-error));
		return error;
	}
	config.deadline = loop_timer_new(self->loop, deadline_passed, self);
	if ((s = load_logged(self, &g)) == NULL)
		return -EBADMSG;
	put_in_force(self, s);
	deadline_of(self, &g);
	return 0;
}

void
config_reread(struct self *self)
{
	struct generation	 g;
	const struct settings	*s;
	int			 error = generation_in_force(&self->dirs, &g);

	if (error == -EPERM || error == -EACCES) {
		log_low("CONFIG", 0, "%s: only COMMIT brings a new generation",
		    self->daemon->name);
		return;
	}
	if (error < 0) {
		log_problem("CONFIG", "%s: cannot look for a new generation: %s",
		    self->daemon->name, strerror(-error));
		return;
	}
	if (g.number != self->settings->generation) {
		if ((s = load_logged(self, &g)) == NULL)
			return;
		put_in_force(self, s);
	}
	deadline_of(self, &g);
}

void
config_stop(struct self *self)
{
	settings_free(build_end());
	loop_timer_free(config.deadline);
	config.deadline = NULL;
	atomic_store(&in_force, NULL);
	self->settings = NULL;
	settings_free(config.prepared);
	config.prepared = NULL;
	for (size_t i = 0; i < config.nsets; i++)
		settings_free(config.sets[i]);
	free(config.sets);
	config.sets = NULL;
	config.nsets = 0;
}

/* ---- the two phases ---- */

static bool
concerns(const struct self *self, const struct settings *next)
{
	char		buf[256];
	struct text	t;
	struct str	rest, name;

	text_init(&t, buf, sizeof(buf));
	settings_restarts(self->settings, next, &t);
	for (rest = text_str(&t); str_cut(&rest, ' ', &name);) {
		if (name.len > 0 && name.s[name.len - 1] == ',')
			name.len--;
		if (str_eq(name, str_of(self->daemon->name)))
			return true;
	}
	return false;
}

/*
 * The asker has built the text itself and said what that warns of: of the daemon's
 * own (those from own on) it knows nothing, and of errors it wants only those.
 */
static void
answer_prepared(const struct self *self, struct bus_ticket t,
    const struct complaints *c, size_t own)
{
	struct rec_complaint	list[COMPLAINTS_MAX];
	struct msg_prepared	a = { .ok = config.prepared != NULL };
	uint32_t		n = 0;

	for (size_t i = a.ok ? own : 0; i < c->n && n < COMPLAINTS_MAX; i++)
		if (c->v[i].warning == a.ok)
			list[n++] = (struct rec_complaint){ str_of(c->v[i].file),
			    c->v[i].line, c->v[i].column, str_of(c->v[i].text) };
	a.restart = a.ok && concerns(self, config.prepared);
	a.complaints.v = list;
	a.complaints.n = n;
	bus_answer(t, MSG_PREPARED, &a);
}

/* What only the daemon knows; takes s. */
static struct settings *
judge(struct self *self, struct settings *s, struct complaints *c)
{
	if (s == NULL || self->daemon->prepare == NULL ||
	    self->daemon->prepare(self, s, c))
		return s;
	settings_free(s);
	return NULL;
}

/* Takes s: NULL, it is refused. */
static void
prepared(struct self *self, struct bus_ticket t, uint64_t generation,
    int64_t until_ms, struct str by, struct settings *s, const struct complaints *c, size_t own)
{
	settings_free(config.prepared);
	config.prepared = s;
	config.prepared_until_ms = until_ms;
	answer_prepared(self, t, c, own);
	log_low("CONFIG", 0, "%s: generation %llu, of %s, is %s",
	    self->daemon->name, (unsigned long long)generation, log_str(by),
	    s != NULL ? "prepared" : "refused");
}

struct settings *
config_build_new(struct self *self, uint64_t generation, struct complaints *c,
    size_t *own)
{
	struct settings	*s = NULL;
	int		 error = config_load(self, generation, false, &s, c);

	if (error < 0 && error != -EBADMSG)
		complain(c, false, "generations", 0, 0, "generation %llu cannot be "
		    "read: %s", (unsigned long long)generation, strerror(-error));
	*own = c->n;
	return judge(self, s, c);
}

static void
on_prepare(void *arg, struct bus_ticket t, const union msg *m)
{
	struct self		*self = arg;
	struct complaints	 c = { 0 };
	struct settings		*s;
	size_t			 own;

	if (self->daemon->routes && m->prepare.text.len == 0) {
		build_begin(self, t, m->prepare.generation,
		    m->prepare.confirm_until_ms, m->prepare.user, prepared);
		return;
	}
	s = build(self, m->prepare.text, m->prepare.generation, &c);
	own = c.n;
	s = judge(self, s, &c);
	prepared(self, t, m->prepare.generation, m->prepare.confirm_until_ms,
	    m->prepare.user, s, &c, own);
	complaints_fini(&c);
}

/* -ENOENT: neither prepared here nor in force on disk. */
static int
commit(struct self *self, uint64_t generation)
{
	const struct settings	*s = config.prepared;

	if (s != NULL && s->generation == generation) {
		keep(config.prepared);
		config.prepared = NULL;
		put_in_force(self, s);
		return 0;
	}
	if (self->settings->generation != generation)
		config_reread(self);
	return self->settings->generation == generation ? 0 : -ENOENT;
}

static void
on_commit(void *arg, struct bus_ticket t, const union msg *m)
{
	struct self		*self = arg;
	const struct settings	*old = self->settings;
	uint64_t		 number = m->commit.generation;

	if (m->commit.abort) {
		build_drop(number);
		if (config.prepared != NULL &&
		    config.prepared->generation == number) {
			settings_free(config.prepared);
			config.prepared = NULL;
		}
		bus_done(t);
		return;
	}
	if (commit(self, number) < 0) {
		bus_refuse(t, ENOENT, "generation %llu was not prepared here",
		    (unsigned long long)number);
		return;
	}
	/* A second COMMIT of the same one takes its deadline off. */
	if (m->commit.confirm_until_ms == 0 || self->settings != old)
		deadline_set(self, m->commit.confirm_until_ms,
		    m->commit.confirm_until_ms != 0 ? old : NULL);
	bus_done(t);
}

void
config_committed(struct self *self, uint64_t number)
{
	const struct settings	*old = self->settings;

	if (old->generation >= number || commit(self, number) < 0 ||
	    self->settings == old)
		return;
	log_problem("CONFIG", "%s: who applied generation %llu did not say so",
	    self->daemon->name, (unsigned long long)number);
	if (config.until_ms == 0 && config.prepared_until_ms != 0)
		deadline_set(self, config.prepared_until_ms, old);
}

void
config_confirmed(struct self *self, uint64_t number)
{
	struct generation	g;

	if (self->settings->generation != number || config.until_ms == 0)
		return;
	if (generation_in_force(&self->dirs, &g) == 0 && g.number == number)
		deadline_of(self, &g);
	else		/* we may not look: nobody else touches it */
		deadline_set(self, 0, NULL);
}

const struct bus_handler config_handlers[] = {
	{ MSG_PREPARE, on_prepare, false },
	{ MSG_COMMIT, on_commit, false },
	{ 0 }
};
