/*
 * restart - one daemon ends and its next process takes over; what it kept lies in
 * the descriptor store and on disk. Whoever keeps it (keeper or systemd) starts it
 * again.
 */
#include "common/mono.h"
#include "sipctl/ask.h"
#include "sipctl/edition.h"
#include "sipctl/house.h"
#include "sipctl/pause.h"

#define DRAIN_MS	10000
#define READY_MS	20000
#define LOOK_MS		5

/* What one process of the daemon said of itself. */
struct look {
	bool		answered;
	uint32_t	pid;
	uint64_t	generation;
};

static void
take_status(void *arg, enum msg_type type, const union msg *m)
{
	struct look	*k = arg;

	if (type != MSG_STATUS_IS)
		return;
	k->answered = true;
	k->pid = m->status_is.pid;
	k->generation = m->status_is.generation;
}

/* Asks name; the exit code, said only when loud. */
static int
look(struct ctl *c, const char *name, struct look *k, uint32_t ms, bool loud)
{
	struct msg_status	body = { 0 };
	struct question		q = { .daemon = name, .type = MSG_STATUS,
				    .body = &body, .fn = take_status, .arg = k };

	*k = (struct look){ 0 };
	ask_all(c, &q, 1, ms, true);
	return loud ? ask_failed(&q) : q.error;
}

/* What sipd asked and waited for meanwhile, and what it gave up. */
struct held {
	int64_t	repeated, timed_out;
};

static struct held
held_now(struct ctl *c)
{
	struct house_view	h;
	struct held		now;

	house_look(c, &h, 1000);
	now = (struct held){ house_figure(&h, "sipd", "bus_repeated"),
	    house_figure(&h, "sipd", "bus_timed_out") };
	house_fini(&h);
	return now;
}

/* "sipd held 45 requests meanwhile, lost 0" */
static void
say_held(struct ctl *c, const char *name, struct held before)
{
	struct held	now;

	if (strcmp(name, "sipd") == 0)
		return;			/* it is another process, which counts anew */
	now = held_now(c);
	done(c, "sipd held %lld request%s meanwhile, lost %lld",
	    (long long)(now.repeated - before.repeated),
	    now.repeated - before.repeated == 1 ? "" : "s",
	    (long long)(now.timed_out - before.timed_out));
}

/* Waits for the process pid to go, then for the next one to answer. */
static int
wait_next(struct ctl *c, const char *name, uint32_t pid, struct mono begin,
    int64_t *gone_ms, struct look *k)
{
	struct mono	until = mono_add_ms(mono_now(), DRAIN_MS + READY_MS);

	*gone_ms = -1;
	while (mono_before(mono_now(), until)) {
		if (*gone_ms < 0 && pid_of(c, name) != (int)pid)
			*gone_ms = mono_ms_between(begin, mono_now());
		if (*gone_ms >= 0) {
			look(c, name, k, 500, false);
			if (k->answered && k->pid != pid)
				return CTL_DONE;
		}
		pause_ms(LOOK_MS);
	}
	if (*gone_ms < 0)
		return no(CTL_NO, "%s (pid %u) does not end; next: sipctl log "
		    "--last 1m --daemon %s", name, pid, name);
	return no(CTL_NO, "%s ended, and nobody started it again within %d s; next: "
	    "sipctl status", name, READY_MS / 1000);
}

int
restart_daemon(struct ctl *c, const char *name)
{
	struct msg_drain	body = { .by = str_of(c->user),
				    .limit_ms = DRAIN_MS };
	struct question		q = { .daemon = name, .type = MSG_DRAIN,
				    .body = &body };
	struct look		k;
	struct held		before;
	struct mono		begin;
	int64_t			gone_ms;
	int			code;
	uint32_t		pid;

	if ((code = look(c, name, &k, 3000, true)) != CTL_DONE)
		return code;
	if (pid_of(c, "keeper") == 0 && !run_by_systemd(c))
		return no(CTL_NO, "nobody would start %s again: the keeper does not "
		    "run; next: sipctl up --detach", name);
	pid = k.pid;
	before = held_now(c);
	begin = mono_now();
	if ((code = ask_one(c, &q, 3000, false)) != CTL_DONE)
		return code;
	code = wait_next(c, name, pid, begin, &gone_ms, &k);
	if (code != CTL_DONE)
		return code;
	done(c, "%s  %s in %lld ms, stopped, ready in %lld ms (generation %llu)", name,
	    q.text[0] != '\0' ? q.text : "drained", (long long)gone_ms,
	    (long long)mono_ms_between(begin, mono_now()),
	    (unsigned long long)k.generation);
	say_held(c, name, before);
	return CTL_DONE;
}

COMMAND(cmd_restart)
{
	const char	*name = l->args[0];

	if (!is_daemon(name))
		return no(CTL_USAGE, "there is no daemon \"%s\"; choose sipd, regd, "
		    "routed, mediad or gwregd", name);
	return restart_daemon(c, name);
}
