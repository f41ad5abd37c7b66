/*
 * house - the state of all daemons at one moment: for status, up and restart.
 */
#include "sipctl/house.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/daemon.h"
#include "sipctl/ask.h"

static const char *const states[] = {
	[DAEMON_OK] = "ok", [DAEMON_STARTING] = "starting",
	[DAEMON_WARN] = "warn", [DAEMON_DRAINING] = "draining",
};

static void
copy(char *dst, size_t size, struct str s)
{
	struct text	t;

	text_init(&t, dst, size - 1);
	out_escape(&t, s);
	dst[t.len] = '\0';
}

static void
take_status(void *arg, enum msg_type type, const union msg *m)
{
	struct daemon_view		*d = arg;
	const struct msg_status_is	*s = &m->status_is;
	char				 name[64];
	uint32_t			 i;

	if (type != MSG_STATUS_IS)
		return;
	d->answered = true;
	snprintf(d->state, sizeof(d->state), "%s", s->state <
	    sizeof(states) / sizeof(states[0]) ? states[s->state] : "?");
	copy(d->reason, sizeof(d->reason), s->reason);
	d->generation = s->generation;
	d->pid = s->pid;
	d->uptime_s = (double)s->uptime_ms / 1000;
	d->cpu_s = (double)s->cpu_us / 1000000;
	d->rss_bytes = s->rss_bytes;
	for (i = 0; i < s->figures.n; i++)
		if (str_copy(name, sizeof(name), s->figures.v[i].name))
			json_object_set_new(d->figures, name,
			    json_integer(s->figures.v[i].value));
	for (i = 0; i < s->warnings.n; i++)
		json_array_append_new(d->warnings, json_pack("{s:o,s:o}", "text",
		    json_text(s->warnings.v[i].text), "command",
		    json_text(s->warnings.v[i].command)));
}

/* A line of run/keeper.status: "NAME PID STATE RESTARTS SINCE-MS LAST-END". */
static void
keeper_line(struct daemon_view *d, struct str line)
{
	struct str	field[6] = { STR_NONE };
	uint32_t	n = 0;
	int		i;

	for (i = 0; i < 6 && str_cut(&line, ' ', &field[i]); i++)
		;
	if (i < 6 || !str_eq(field[0], str_of(d->name)))
		return;
	str_u32(field[3], &n);
	d->restarts = n;
	if (str_eq(field[2], STR("waiting")))
		snprintf(d->reason, sizeof(d->reason), "it ended (%.*s), the keeper "
		    "starts it again", STR_ARG(field[5]));
	else if (!str_eq(field[5], STR("-")))
		snprintf(d->reason, sizeof(d->reason), "it ended (%.*s)",
		    STR_ARG(field[5]));
}

/* What the keeper says of one that does not answer. */
static void
keeper_says(const struct ctl *c, struct daemon_view *d)
{
	char		 path[4096], *text;
	struct str	 rest, line;
	size_t		 len;

	if (file_read(dirs_path(path, c->dirs.run, "keeper.status"), 65536, &text,
	    &len) < 0)
		return;
	rest = str_make(text, len);
	while (str_cut(&rest, '\n', &line))
		keeper_line(d, line);
	free(text);
}

/* The last line of its log that says why it failed. */
static void
log_says(const struct ctl *c, struct daemon_view *d)
{
	char		 path[4096], *text;
	struct str	 rest, line, time, level, found = STR_NONE;
	size_t		 len;

	if (file_read(dirs_path(path, c->dirs.log, "%s.log", d->name),
	    64 << 20, &text, &len) < 0)
		return;
	rest = str_make(text + (len > 16384 ? len - 16384 : 0),
	    len > 16384 ? 16384 : len);
	while (str_cut(&rest, '\n', &line)) {
		if (!str_cut(&line, ' ', &time) || !str_cut(&line, ' ', &level) ||
		    line.len == 0)
			continue;
		if (str_eq(level, STR("1")))
			found = line;
		else if (str_eq(level, STR("2")))
			found = STR_NONE;	/* it started, or so */
	}
	if (found.len > 0)
		copy(d->reason, sizeof(d->reason), found);
	free(text);
}

static void
explain(const struct ctl *c, struct daemon_view *d, int error)
{
	d->alive = pid_of(c, d->name) > 0;
	d->pid = (uint32_t)pid_of(c, d->name);
	if (error == -EACCES) {
		snprintf(d->state, sizeof(d->state), "unknown");
		snprintf(d->reason, sizeof(d->reason), "permission denied");
	} else if (d->alive) {
		keeper_says(c, d);	/* how often it was started */
		snprintf(d->state, sizeof(d->state), error == -ETIMEDOUT ?
		    "silent" : "starting");
		snprintf(d->reason, sizeof(d->reason), error == -ETIMEDOUT ?
		    "it does not answer" : "it is starting");
	} else {
		snprintf(d->state, sizeof(d->state), "down");
		snprintf(d->reason, sizeof(d->reason), "it is not running");
		keeper_says(c, d);
		log_says(c, d);
	}
}

void
house_look(struct ctl *c, struct house_view *h, uint32_t ms)
{
	struct msg_status	body[DAEMONS] = { 0 };
	struct question		q[DAEMONS];
	int			i;

	memset(h, 0, sizeof(*h));
	for (i = 0; i < DAEMONS; i++) {
		h->daemons[i].name = daemon_names[i];
		h->daemons[i].figures = json_object();
		h->daemons[i].warnings = json_array();
		q[i] = (struct question){ .daemon = daemon_names[i],
		    .type = MSG_STATUS, .body = &body[i], .fn = take_status,
		    .arg = &h->daemons[i] };
	}
	ask_all(c, q, DAEMONS, ms, true);
	for (i = 0; i < DAEMONS; i++) {
		if (h->daemons[i].answered)
			h->daemons[i].alive = true;
		else
			explain(c, &h->daemons[i], q[i].error);
	}
}

void
house_fini(struct house_view *h)
{
	int	i;

	for (i = 0; i < DAEMONS; i++) {
		json_decref(h->daemons[i].figures);
		json_decref(h->daemons[i].warnings);
	}
}

bool
daemon_ready(const struct daemon_view *d)
{
	return strcmp(d->state, "ok") == 0 || strcmp(d->state, "warn") == 0;
}

int64_t
house_figure(const struct house_view *h, const char *daemon, const char *name)
{
	int	i;

	for (i = 0; i < DAEMONS; i++)
		if (strcmp(h->daemons[i].name, daemon) == 0)
			return json_integer_value(json_object_get(
			    h->daemons[i].figures, name));
	return 0;
}

bool
house_lives(const struct ctl *c)
{
	int	i;

	if (pid_of(c, "keeper") > 0)
		return true;
	for (i = 0; i < DAEMONS; i++)
		if (pid_of(c, daemon_names[i]) > 0 ||
		    daemon_probe(c, daemon_names[i], false) == 0)
			return true;
	return false;
}
