/*
 * ask - sipctl on the bus: a client that asks, waits and goes.
 *
 * The loop runs only here and only until the last answer. Before a question is
 * sent its socket is tried, so that a daemon that does not run is known at once
 * and not after a deadline.
 */
#include "sipctl/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/bus.h"
#include "common/id.h"
#include "common/loop.h"
#include "common/show.h"

struct ask {
	struct loop		*loop;
	struct bus_context	*context;
	struct bus		*bus;
	struct bus_peer		*peers[DAEMONS][2];	/* bus, monitor */
	unsigned		 open;
};

static struct ask *
ask_of(struct ctl *c)
{
	struct ask	*a = c->ask;

	if (a != NULL)
		return a;
	a = c->ask = xcalloc(1, sizeof(*a));
	a->loop = loop_new();
	a->context = bus_context_new();
	a->bus = bus_new(a->context, a->loop, id_u64());
	return a;
}

void
ask_free(struct ask *a)
{
	if (a == NULL)
		return;
	bus_free(a->bus);
	bus_context_free(a->context);
	loop_free(a->loop);
	free(a);
}

int
daemon_probe(const struct ctl *c, const char *daemon, bool monitor)
{
	struct sockaddr_un	sun = { .sun_family = AF_UNIX };
	char			path[4200];
	int			fd, e = 0;

	if (monitor)
		dirs_monitor(path, &c->dirs, daemon);
	else
		dirs_bus(path, &c->dirs, daemon);
	if (!str_copy(sun.sun_path, sizeof(sun.sun_path),
	    str_of(path + strlen("ipc://"))))
		return -ECONNREFUSED;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
		if (errno == EACCES || errno == EPERM)
			e = -EACCES;
		else if (errno != EAGAIN)
			e = -ECONNREFUSED;
	}
	close(fd);
	return e;
}

static struct bus_peer *
peer_of(struct ctl *c, const char *daemon, bool monitor)
{
	struct ask	*a = ask_of(c);
	char		 endpoint[4200];
	int		 i;

	for (i = 0; strcmp(daemon_names[i], daemon) != 0; i++)
		;
	if (a->peers[i][monitor] == NULL) {
		if (monitor)
			dirs_monitor(endpoint, &c->dirs, daemon);
		else
			dirs_bus(endpoint, &c->dirs, daemon);
		a->peers[i][monitor] = bus_peer_new(a->bus, daemon, endpoint);
	}
	return a->peers[i][monitor];
}

struct pending {
	struct ask	*ask;
	struct question	*q;
};

static void
answered(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct pending	*p = arg;
	struct question	*q = p->q;
	struct text	 t;

	p->ask->open--;
	if (p->ask->open == 0)
		loop_stop(p->ask->loop);
	q->error = error;
	if (m == NULL)
		return;
	text_init(&t, q->text, sizeof(q->text) - 1);
	if (type == MSG_REFUSED) {
		q->refused = true;
		if (error >= 0)
			q->error = m->refused.error > 0 ? -m->refused.error : -EIO;
		out_escape(&t, m->refused.text);
	} else if (type == MSG_DONE) {
		out_escape(&t, m->done.text);
	}
	q->text[t.len] = '\0';
	if (q->error == 0 && q->fn != NULL)
		q->fn(q->arg, type, m);
}

void
ask_all(struct ctl *c, struct question *q, size_t n, uint32_t ms, bool shows)
{
	struct ask	*a = ask_of(c);
	struct pending	*p = xcalloc(n + 1, sizeof(*p));
	bool		 monitor;
	size_t		 i;

	a->open = 0;
	for (i = 0; i < n; i++) {
		monitor = false;
		q[i].text[0] = '\0';
		q[i].refused = false;
		q[i].error = daemon_probe(c, q[i].daemon, false);
		if (q[i].error == -EACCES && shows) {
			monitor = true;
			q[i].error = daemon_probe(c, q[i].daemon, true);
		}
		if (q[i].error < 0)
			continue;
		p[i].ask = a;
		p[i].q = &q[i];
		a->open++;
		bus_ask(peer_of(c, q[i].daemon, monitor), q[i].type, q[i].body, ms,
		    answered, &p[i]);
	}
	if (a->open > 0)
		loop_run(a->loop);
	free(p);
}

/* The daemon said no. */
static int
refused(const struct question *q)
{
	const char	*why = q->text[0] != '\0' ? q->text : strerror(-q->error);

	switch (q->error) {
	case -EACCES:
	case -EPERM:
		return no(CTL_DENIED, "%s: %s", q->daemon, why);
	case -ENOSYS:
		return no(CTL_NO, "this %s cannot do that; is it of another version? "
		    "Next: sipctl status -o json", q->daemon);
	case -EAGAIN:
	case -EBUSY:
		return no(CTL_UNREACHABLE, "%s: %s; next: sipctl status", q->daemon,
		    why);
	default:
		return no(CTL_NO, "%s: %s", q->daemon, why);
	}
}

int
ask_failed(const struct question *q)
{
	if (q->error != 0 && q->refused)
		return refused(q);
	switch (q->error) {
	case 0:
		return CTL_DONE;
	case -ECONNREFUSED:
		return no(CTL_UNREACHABLE, "%s is not running; next: sipctl status",
		    q->daemon);
	case -ETIMEDOUT:
		return no(CTL_UNREACHABLE, "%s did not answer in time; next: "
		    "sipctl log --last 5m --daemon %s", q->daemon, q->daemon);
	case -EACCES:
		return no(CTL_DENIED, "%s: permission denied; changes are for root "
		    "and the group sip, looking for sip-monitor", q->daemon);
	default:
		return no(CTL_NO, "%s: %s", q->daemon, strerror(-q->error));
	}
}

int
ask_one(struct ctl *c, struct question *q, uint32_t ms, bool shows)
{
	ask_all(c, q, 1, ms, shows);
	return ask_failed(q);
}

/* ---- tables ---- */

struct table {
	json_t		*rows;
	uint64_t	 next;
};

static json_t *
list_value(struct str joined)
{
	json_t		*list = json_array(), *one;
	struct str	 element;

	while (joined.len > 0 && str_cut(&joined, '\n', &element)) {
		one = NULL;
		if (element.len > 0 && element.s[0] == '{')
			one = json_loadb(element.s, element.len, 0, NULL);
		json_array_append_new(list, one != NULL ? one : json_text(element));
	}
	return list;
}

static json_t *
cell_value(const struct rec_cell *cell)
{
	switch (cell->kind) {
	case CELL_NUMBER:
		return json_integer(cell->number);
	case CELL_BOOL:
		return json_boolean(cell->number != 0);
	case CELL_NULL:
		return json_null();
	case CELL_LIST:
		return list_value(cell->text);
	default:
		return json_text(cell->text);
	}
}

static void
take_rows(void *arg, enum msg_type type, const union msg *m)
{
	struct table		*t = arg;
	const struct rec_row	*row;
	json_t			*object;
	char			 key[64];
	uint32_t		 i, k;

	if (type != MSG_ROWS)
		return;
	t->next = m->rows.next;
	for (i = 0; i < m->rows.rows.n; i++) {
		row = &m->rows.rows.v[i];
		object = json_object();
		for (k = 0; k < row->cells.n; k++)
			if (str_copy(key, sizeof(key), row->cells.v[k].name))
				json_object_set_new(object, key,
				    cell_value(&row->cells.v[k]));
		json_array_append_new(t->rows, object);
	}
}

int
ask_show(struct ctl *c, const char *daemon, const char *what,
    const char *const *args, json_t **rows)
{
	struct rec_arg	list[16];
	struct msg_show	show = { .what = str_of(what) };
	struct table	table = { .rows = json_array() };
	struct question	q = { .daemon = daemon, .type = MSG_SHOW, .body = &show,
			    .fn = take_rows, .arg = &table };
	uint64_t	cursor;
	uint32_t	n = 0;
	int		code;

	while (args != NULL && args[n] != NULL && n < 16) {
		list[n].value = str_of(args[n]);
		n++;
	}
	show.args.v = list;
	show.args.n = n;
	do {
		cursor = show.cursor = table.next;
		table.next = 0;
		code = ask_one(c, &q, 5000, true);
	} while (code == CTL_DONE && table.next != 0 && table.next != cursor);
	if (code == CTL_DONE)
		*rows = table.rows;
	else
		json_decref(table.rows);
	return code;
}

int
ask_table(struct ctl *c, const char *daemon, const char *what,
    const struct column *columns)
{
	json_t	*rows;
	int	 code = ask_show(c, daemon, what, NULL, &rows);

	if (code != CTL_DONE)
		return code;
	out_rows(&c->out, rows, columns);
	json_decref(rows);
	return CTL_DONE;
}
