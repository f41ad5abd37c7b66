/*
 * log_raise - log raise, raised, lower: more detail about somebody for a while.
 *
 * What is to last longer than the command stands in a file, too, for daemons that
 * begin meanwhile; "log -f" says it again and again instead (log.c).
 */
#include "sipctl/log_raise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/log.h"
#include "common/mono.h"
#include "common/raised_file.h"
#include "common/setting_types.h"
#include "sipctl/ask.h"
#include "sipctl/pause.h"

#define RAISE_MS	3000
#define FOR_MS		600000
#define FOR_MAX_MS	86400000
#define LOCK_TRIES	50
#define LOCK_MS		20

/* ---- what the line says ---- */

static const char *
of_kind(enum raised_by by, const struct line *l)
{
	static const char *const options[RAISED_KINDS] = {
		[RAISED_CALL] = "call-id", [RAISED_USER] = "user",
		[RAISED_GATEWAY] = "gw", [RAISED_ADDRESS] = "ip",
	};

	return line_option(l, options[by]);
}

bool
log_raise_of(const struct line *l, struct raised *r)
{
	static const enum raised_by order[] = {
		RAISED_CALL, RAISED_USER, RAISED_GATEWAY, RAISED_ADDRESS,
	};
	const char	*v = NULL;
	size_t		 i;

	for (i = 0; i < RAISED_KINDS && (v = of_kind(order[i], l)) == NULL; i++)
		;
	if (v == NULL || v[0] == '\0' || strpbrk(v, " \t\r\n") != NULL ||
	    !str_copy(r->value, sizeof(r->value), str_of(v)))
		return false;
	r->by = order[i];
	return true;
}

/* ---- the daemons ---- */

int
log_raise_tell(struct ctl *c, struct raised *r, int64_t ms, bool aloud)
{
	struct msg_raise	bodies[DAEMONS];
	struct question		q[DAEMONS] = { 0 };
	int			i, code = CTL_DONE, told = 0;

	if (ms > 0)
		r->until_ms = boot_ms() + ms;
	for (i = 0; i < DAEMONS; i++) {
		bodies[i] = (struct msg_raise){ .number = r->number, .by = (uint8_t)r->by,
		    .value = str_of(r->value), .level = ms > 0 ? r->level : 0,
		    .until_ms = r->until_ms, .who = str_of(c->user) };
		q[i] = (struct question){ .daemon = daemon_names[i], .type = MSG_RAISE,
		    .body = &bodies[i] };
	}
	ask_all(c, q, DAEMONS, RAISE_MS, false);
	for (i = 0; i < DAEMONS; i++) {
		told += q[i].error == 0;
		if (q[i].error < 0 && q[i].error != -ECONNREFUSED && code == CTL_DONE)
			code = aloud ? ask_failed(&q[i]) : CTL_NO;
	}
	if (code == CTL_DONE && told == 0 && ms > 0)
		code = aloud ? no(CTL_UNREACHABLE, "no daemon runs; next: sipctl up") :
		    CTL_UNREACHABLE;
	return code;
}

/* ---- the file ---- */

struct kept {
	struct raised	v[RAISED_MAX];
	int		n;
	int		lock;
};

/* Locked until kept_end(); the exit code after saying why not. */
static int
kept_begin(const struct ctl *c, struct kept *k)
{
	char	path[4096];
	int	tries = 0;

	k->lock = open(dirs_path(path, c->dirs.state, RAISED_FILE ".lock"),
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
	if (k->lock < 0)
		return no(errno == EACCES || errno == EPERM ? CTL_DENIED : CTL_NO,
		    "cannot write %s: %s", path, strerror(errno));
	while (flock(k->lock, LOCK_EX | LOCK_NB) < 0 && ++tries < LOCK_TRIES)
		pause_ms(LOCK_MS);
	if (tries < LOCK_TRIES && (k->n = raised_read(&c->dirs, k->v)) >= 0)
		return CTL_DONE;
	close(k->lock);
	return tries < LOCK_TRIES ? no(CTL_NO, "%s/" RAISED_FILE ": %s", c->dirs.state,
	    strerror(-k->n)) : no(CTL_CONFLICT, "somebody else does the same just now");
}

static int
kept_end(const struct ctl *c, struct kept *k, bool changed)
{
	int	error = changed ? raised_write(&c->dirs, k->v, (size_t)k->n) : 0;

	close(k->lock);
	return error == 0 ? CTL_DONE : no(CTL_NO, "%s/" RAISED_FILE ": %s", c->dirs.state,
	    strerror(-error));
}

static void
kept_remove(struct kept *k, uint64_t number)
{
	int	n = 0;

	for (int i = 0; i < k->n; i++)
		if (k->v[i].number != number)
			k->v[n++] = k->v[i];
	k->n = n;
}

/* ---- the commands ---- */

static bool
level_of(const struct line *l, struct raised *r)
{
	const char	*v = line_option(l, "level");
	enum log_level	 level = LOG_ALL;

	if (v != NULL && !log_level_parse(str_of(v), &level)) {
		say("--level is low-level or all, not \"%s\"", v);
		return false;
	}
	r->level = (uint8_t)level;
	return true;
}

COMMAND(cmd_log_raise)
{
	struct raised	r = { 0 };
	struct kept	k;
	const char	*time = line_option(l, "for");
	int64_t		 ms = FOR_MS;
	int		 code;

	if (!level_of(l, &r))
		return CTL_USAGE;
	if (!log_raise_of(l, &r))
		return no(CTL_USAGE, "of whom? --user, --ip, --gw or --call-id, up to %d "
		    "octets without blanks", RAISED_VALUE_MAX - 1);
	if (time != NULL && (duration_parse(str_of(time), &ms) < 0 || ms < 1000 ||
	    ms > FOR_MAX_MS))
		return no(CTL_USAGE, "--for wants a time from 1s to 1d, not \"%s\"", time);
	if ((code = kept_begin(c, &k)) != CTL_DONE)
		return code;
	for (int i = 0; i < k.n; i++)
		if (k.v[i].number > r.number)
			r.number = k.v[i].number;
	r.number++;
	str_copy(r.who, sizeof(r.who), str_of(c->user));
	code = log_raise_tell(c, &r, ms, true);
	if (code == CTL_DONE && k.n < RAISED_MAX)
		k.v[k.n++] = r;
	if (code != CTL_DONE)
		(void)log_raise_tell(c, &r, 0, false);
	if (kept_end(c, &k, code == CTL_DONE) != CTL_DONE && code == CTL_DONE)
		code = CTL_NO;
	if (code == CTL_DONE)
		done(c, "%llu: logged in detail for %lld s: %s %s",
		    (unsigned long long)r.number, (long long)ms / 1000,
		    raised_kinds[r.by], r.value);
	return code;
}

COMMAND(cmd_log_lower)
{
	struct raised	r = { 0 };
	struct kept	k;
	int		code, i;

	if (str_u64(str_of(l->args[0]), &r.number) < 0)
		return no(CTL_USAGE, "\"%s\" is no number; next: sipctl log raised",
		    l->args[0]);
	if ((code = kept_begin(c, &k)) != CTL_DONE)
		return code;
	for (i = 0; i < k.n && k.v[i].number != r.number; i++)
		;
	if (i == k.n) {
		(void)kept_end(c, &k, false);
		return no(CTL_NO, "nothing has number %s; next: sipctl log raised",
		    l->args[0]);
	}
	kept_remove(&k, r.number);
	if ((code = kept_end(c, &k, true)) == CTL_DONE)
		code = log_raise_tell(c, &r, 0, true);
	return code;
}

static const struct column columns[] = {
	{ "number", "#", COLUMN_NUMBER },
	{ "what", "WHAT", COLUMN_TEXT },
	{ "value", "VALUE", COLUMN_TEXT },
	{ "level", "LEVEL", COLUMN_NUMBER },
	{ "left_s", "LEFT", COLUMN_SECONDS },
	{ "who", "WHO", COLUMN_TEXT },
	{ NULL }
};

COMMAND(cmd_log_raised)
{
	return ask_table(c, "sipd", "raised", columns);
}
