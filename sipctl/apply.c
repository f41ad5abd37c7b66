/*
 * apply - puts a configuration in force: two phases over all daemons.
 *
 *   lock, write N.new  ->  PREPARE to all that live  ->  rename: committed
 *                                any "no": abort          COMMIT to all
 *
 * The rename commits; COMMIT only saves the daemons from looking. A daemon that
 * does not run has no vote and reads the generation when it starts; one that runs
 * and is silent for 3 s stops the whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mono.h"
#include "common/setting_types.h"
#include "sipctl/ask.h"
#include "sipctl/edition.h"

#define PREPARE_MS	10000	/* 16 MB of routes.conf are a second or two */
#define COMMIT_MS	3000
#define ABORT_MS	300	/* what was prepared is harmless */

/* One daemon's vote. */
struct vote {
	struct complaints *out;
	const char	*daemon;
	bool		 ok;
	bool		 restart;
};

bool
apply_options_read(const struct line *l, struct apply *a)
{
	const char	*confirm = line_option(l, "confirm");
	const char	*based_on = line_option(l, "based-on");

	memset(a, 0, sizeof(*a));
	a->dry_run = line_flag(l, "dry-run");
	a->why = line_option(l, "message");
	if (a->why == NULL)
		a->why = "";
	if (confirm != NULL && (duration_parse(str_of(confirm), &a->confirm_ms) < 0 ||
	    a->confirm_ms < 1000 || a->confirm_ms > 86400000)) {
		say("--confirm wants a time from 1s to 1d, not \"%s\"", confirm);
		return false;
	}
	if (based_on != NULL && (str_u64(str_of(based_on), &a->based_on) < 0 ||
	    a->based_on == 0)) {
		say("--based-on wants the number of a generation, not \"%s\"",
		    based_on);
		return false;
	}
	return true;
}

/* ---- one at a time ---- */

/* The descriptor that holds the lock, or the exit code as a negative number. */
static int
lock(const struct ctl *c)
{
	char	path[4096];
	int	fd;

	fd = open(dirs_path(path, c->dirs.state, "generations/lock"),
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
	if (fd == -1)
		return -no(errno == EACCES || errno == EPERM ? CTL_DENIED : CTL_NO,
		    "cannot write %s: %s", path, strerror(errno));
	(void)fchmod(fd, 0660);		/* the group may apply, too */
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		close(fd);
		return -no(CTL_CONFLICT, "somebody else is applying just now");
	}
	return fd;
}

/* What a killed apply left behind is removed first. */
static uint64_t
next_number(const struct ctl *c)
{
	generation_abort(&c->dirs, generation_last(&c->dirs));
	return generation_last(&c->dirs) + 1;
}

static int
write_generation(const struct ctl *c, const struct edition *next,
    struct generation *g)
{
	g->number = next_number(c);
	g->when_ms = wall_ms();
	str_copy(g->user, sizeof(g->user), str_of(c->user));
	return generation_write(&c->dirs, g, next->flat, next->len);
}

int
generation_put(const struct ctl *c, const struct edition *next,
    struct generation *g)
{
	int	e = write_generation(c, next, g);

	return e < 0 ? e : generation_commit(&c->dirs, g->number);
}

/* ---- the two phases ---- */

static void
prepared(void *arg, enum msg_type type, const union msg *m)
{
	struct vote			*v = arg;
	const struct rec_complaint	*one;
	char				 file[256];
	uint32_t			 i;

	if (type != MSG_PREPARED)
		return;
	v->ok = m->prepared.ok;
	v->restart = m->prepared.restart;
	for (i = 0; i < m->prepared.complaints.n; i++) {
		one = &m->prepared.complaints.v[i];
		if (!str_copy(file, sizeof(file), one->file))
			file[0] = '\0';
		complain(v->out, v->ok, file, one->line, one->column,
		    "%s: %.*s", v->daemon, STR_ARG(one->text));
	}
}

/* Asks all; *live: how many run. The exit code when one did not agree. */
static int
prepare(struct ctl *c, const struct edition *next, const struct generation *g,
    struct vote votes[DAEMONS], struct complaints *out, int *live)
{
	char			*rest = xcalloc(1, CONF_FLAT_MAX);
	struct text		 t;
	struct msg_prepare	body = { .generation = g->number,
				    .user = str_of(c->user), .confirm_until_ms =
				    g->confirm ? g->confirm_until_ms : 0 };
	struct msg_prepare	bodies[DAEMONS];
	struct question		q[DAEMONS] = { 0 };
	int			i, code = CTL_DONE;

	text_init(&t, rest, CONF_FLAT_MAX);
	conf_flatten(next->conf, false, &t);
	for (i = 0; i < DAEMONS; i++) {
		votes[i] = (struct vote){ .out = out, .daemon = daemon_names[i] };
		bodies[i] = body;
		/* The router reads what it needs where it was written. */
		if (strcmp(daemon_names[i], "routed") != 0)
			bodies[i].text = text_str(&t);
		q[i] = (struct question){ .daemon = daemon_names[i],
		    .type = MSG_PREPARE, .body = &bodies[i], .fn = prepared,
		    .arg = &votes[i] };
	}
	ask_all(c, q, DAEMONS, PREPARE_MS, false);
	free(rest);
	*live = 0;
	for (i = 0; i < DAEMONS; i++) {
		if (q[i].error == -ECONNREFUSED)
			continue;
		(*live)++;
		if (q[i].error < 0 && code == CTL_DONE)
			code = ask_failed(&q[i]);
		else if (q[i].error == 0 && !votes[i].ok)
			code = CTL_NO;
	}
	return code;
}

/*
 * Who has not prepared it, for it began anew since, and may not look on disk (mediad):
 * once more, both phases.
 */
static void
commit_again(struct ctl *c, const struct edition *next, const struct generation *g,
    struct question *failed)
{
	char			*rest = xcalloc(1, CONF_FLAT_MAX);
	struct text		 t;
	struct msg_prepare	 prepare;
	struct msg_commit	 body;
	struct question		 q;

	text_init(&t, rest, CONF_FLAT_MAX);
	conf_flatten(next->conf, false, &t);
	prepare = (struct msg_prepare){ .generation = g->number,
	    .user = str_of(c->user), .text = text_str(&t),
	    .confirm_until_ms = g->confirm ? g->confirm_until_ms : 0 };
	q = (struct question){ .daemon = failed->daemon, .type = MSG_PREPARE,
	    .body = &prepare };
	ask_all(c, &q, 1, PREPARE_MS, false);
	body = (struct msg_commit){ .generation = g->number,
	    .confirm_until_ms = prepare.confirm_until_ms };
	failed->body = &body;
	if (q.error == 0)
		ask_all(c, failed, 1, COMMIT_MS, false);
	free(rest);
}

/*
 * COMMIT or, with abort, "forget it" to everybody; next may be NULL. Returns how many
 * have it, or will.
 */
static int
commit(struct ctl *c, const struct edition *next, const struct generation *g, bool abort)
{
	struct msg_commit	body[DAEMONS];
	struct question		q[DAEMONS];
	int			i, n = 0;

	for (i = 0; i < DAEMONS; i++) {
		body[i] = (struct msg_commit){ .generation = g->number,
		    .abort = abort,
		    .confirm_until_ms = g->confirm ? g->confirm_until_ms : 0 };
		q[i] = (struct question){ .daemon = daemon_names[i],
		    .type = MSG_COMMIT, .body = &body[i] };
	}
	ask_all(c, q, DAEMONS, abort ? ABORT_MS : COMMIT_MS, false);
	for (i = 0; i < DAEMONS; i++) {
		if (!abort && next != NULL && q[i].refused && q[i].error == -ENOENT)
			commit_again(c, next, g, &q[i]);
		/* Who does not run begins with what is committed. */
		n += q[i].error == 0 || q[i].error == -ECONNREFUSED;
		if (!abort && q[i].error < 0 && q[i].error != -ECONNREFUSED)
			say("%s has not taken generation %llu yet; next: sipctl "
			    "status", daemon_names[i],
			    (unsigned long long)g->number);
	}
	return n;
}

static int
restarts(struct ctl *c, const struct vote votes[DAEMONS])
{
	int	i, code = CTL_DONE, one;

	for (i = 0; i < DAEMONS; i++) {
		if (!votes[i].ok || !votes[i].restart)
			continue;
		done(c, "%s restarts: a setting takes effect with its start",
		    votes[i].daemon);
		if ((one = restart_daemon(c, votes[i].daemon)) != CTL_DONE)
			code = one;
	}
	return code;
}

/* All would take it: that was all we wanted to know. */
static int
dry_end(struct ctl *c, const struct generation *g, const struct vote votes[DAEMONS],
    int live)
{
	generation_abort(&c->dirs, g->number);
	commit(c, NULL, g, true);
	for (int i = 0; i < DAEMONS; i++)
		if (votes[i].ok && votes[i].restart)
			done(c, "%s would restart: a setting takes effect with its "
			    "start", votes[i].daemon);
	done(c, "checked   %d of %d    prepared  %d of %d    Nothing was changed: "
	    "generation %llu stays in force.", live, DAEMONS, live, DAEMONS,
	    (unsigned long long)g->based_on);
	return CTL_DONE;
}

static int
two_phases(struct ctl *c, const struct edition *next, const struct apply *a,
    struct generation *g)
{
	struct complaints	out = { 0 };
	struct vote		votes[DAEMONS];
	struct mono		begin = mono_now();
	char			said[128];
	int			e, live, code;

	e = write_generation(c, next, g);
	if (e < 0)
		return no(e == -EEXIST ? CTL_CONFLICT : e == -EACCES ?
		    CTL_DENIED : CTL_NO, "cannot write generation %llu: %s",
		    (unsigned long long)g->number, strerror(-e));
	code = prepare(c, next, g, votes, &out, &live);
	if (code != CTL_DONE) {
		generation_abort(&c->dirs, g->number);
		conf_sources(next->conf, &out);
		snprintf(said, sizeof(said), "Nothing was changed: generation %llu "
		    "stays in force.", (unsigned long long)g->based_on);
		complaints_say(c, &out, said);
		commit(c, NULL, g, true);
		complaints_fini(&out);
		return code;
	}
	complaints_say(c, &out, NULL);
	complaints_fini(&out);
	if (a->dry_run)
		return dry_end(c, g, votes, live);
	if ((e = generation_commit(&c->dirs, g->number)) < 0) {
		commit(c, NULL, g, true);
		return no(CTL_NO, "cannot commit generation %llu: %s",
		    (unsigned long long)g->number, strerror(-e));
	}
	if (live == 0) {
		done(c, "generation %llu; no daemon runs, \"sipctl up\" starts them "
		    "with it", (unsigned long long)g->number);
		return CTL_DONE;
	}
	e = commit(c, next, g, false);
	done(c, "checked   %d of %d    prepared  %d of %d    generation %llu live "
	    "in %lld ms", live, DAEMONS, live, DAEMONS,
	    (unsigned long long)g->number,
	    (long long)mono_ms_between(begin, mono_now()));
	if (g->confirm)
		done(c, "reverts to %llu in %lld s unless you run: sipctl config "
		    "confirm", (unsigned long long)g->based_on,
		    (long long)a->confirm_ms / 1000);
	return e < DAEMONS ? CTL_UNREACHABLE : restarts(c, votes);
}

/* Nothing to change: whoever runs an older one is told to look. */
static int
catch_up(struct ctl *c, const struct edition *next, const struct generation *g, bool dry_run)
{
	struct generation	same = *g;

	done(c, "nothing to change: generation %llu is in force",
	    (unsigned long long)g->number);
	if (!dry_run)
		commit(c, next, &same, false);
	return CTL_DONE;
}

int
apply_retry(struct ctl *c, const char *daemon)
{
	struct edition		now;
	struct generation	g;
	struct msg_commit	body = { 0 };
	struct question		q = { .daemon = daemon, .type = MSG_COMMIT,
				    .body = &body };
	int			e, fd, code;

	if (!is_daemon(daemon))
		return no(CTL_USAGE, "there is no daemon \"%s\"; choose sipd, regd, "
		    "routed, mediad or gwregd", daemon);
	if ((fd = lock(c)) < 0)
		return -fd;
	if ((e = edition_in_force(&now, c, &g)) < 0) {
		close(fd);
		return no(e == -EACCES ? CTL_DENIED : CTL_NO, e == -ENOENT ?
		    "nothing is in force yet; next: sipctl config apply" :
		    "%s/generations: %s", c->dirs.state, strerror(-e));
	}
	body.generation = g.number;
	body.confirm_until_ms = g.confirm ? g.confirm_until_ms : 0;
	ask_all(c, &q, 1, COMMIT_MS, false);
	if (q.refused && q.error == -ENOENT)
		commit_again(c, &now, &g, &q);
	if ((code = ask_failed(&q)) == CTL_DONE)
		done(c, "%s runs generation %llu", daemon, (unsigned long long)g.number);
	edition_fini(&now);
	close(fd);
	return code;
}

int
apply_edition(struct ctl *c, const struct edition *next, const struct apply *a)
{
	struct edition		now;
	struct generation	in_force, g = { 0 };
	int			fd, code;

	if ((fd = lock(c)) < 0)
		return -fd;
	if (edition_in_force(&now, c, &in_force) == -EACCES) {
		close(fd);
		return no(CTL_DENIED, "%s/generations: permission denied",
		    c->dirs.state);
	}
	g.based_on = in_force.number;
	str_copy(g.why, sizeof(g.why), str_make(a->why, strnlen(a->why, 255)));
	if (a->confirm_ms > 0) {
		g.confirm = true;
		g.confirm_until_ms = boot_ms() + a->confirm_ms;
		str_copy(g.boot, sizeof(g.boot), str_of(boot_id()));
	}
	if (a->based_on != 0 && a->based_on != in_force.number)
		code = no(CTL_CONFLICT, "generation %llu is in force, not %llu: "
		    "somebody changed it since you looked; next: sipctl config "
		    "history", (unsigned long long)in_force.number,
		    (unsigned long long)a->based_on);
	else if (in_force.number != 0 && !a->anyway &&
	    edition_equal(&now, next))
		code = catch_up(c, next, &in_force, a->dry_run);
	else
		code = two_phases(c, next, a, &g);
	edition_fini(&now);
	close(fd);
	return code;
}
