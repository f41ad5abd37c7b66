/*
 * top - what happens now: rates, the busiest, the last failures; a frame a second.
 *
 * Rates are differences of the daemons' counters, parties come from the flight
 * recorder. On a terminal the alternate screen is used and given back; --batch prints
 * a line a second for scripts.
 */
#include "sipctl/top.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "sipctl/ask.h"
#include "sipctl/pause.h"

#define PAUSE_MS	1000

/* ---- figures ---- */

static void
take_sample(const struct overview *o, struct top_sample *s)
{
	const struct house_view	*h = &o->house;

	s->at = mono_now();
	s->counters[TOP_MESSAGES] = house_figure(h, "sipd", "requests") +
	    house_figure(h, "sipd", "responses");
	s->counters[TOP_CALLS] = house_figure(h, "sipd", "calls");
	s->counters[TOP_REGISTERS] = house_figure(h, "regd", "registers");
	s->counters[TOP_FAILED] = house_figure(h, "sipd", "timeouts") +
	    house_figure(h, "routed", "routes_refused");
	for (size_t i = 0; i < DAEMONS; i++)
		s->cpu_s[i] = h->daemons[i].cpu_s;
}

/* A daemon that began anew counts from nothing. */
static double
per_second(int64_t before, int64_t now, double seconds)
{
	return seconds > 0 && now > before ? (double)(now - before) / seconds : 0;
}

static void
update(struct top *t, const struct overview *o)
{
	struct top_sample	s;
	double		seconds;

	take_sample(o, &s);
	seconds = (double)(s.at.ns - t->last.at.ns) / 1e9;
	for (int i = 0; i < TOP_RATES; i++) {
		t->now[i] = i == TOP_CALLS ? (double)s.counters[TOP_CALLS] :
		    per_second(t->last.counters[i], s.counters[i], seconds);
		memmove(t->history[i], t->history[i] + 1, sizeof(double) * (TOP_HISTORY - 1));
		t->history[i][TOP_HISTORY - 1] = t->now[i];
	}
	for (size_t i = 0; i < DAEMONS; i++)
		t->cpu[i] = seconds > 0 && s.cpu_s[i] > t->last.cpu_s[i] ?
		    (s.cpu_s[i] - t->last.cpu_s[i]) / seconds : 0;
	t->last = s;
	t->drops = house_figure(&o->house, "sipd", "udp_receive_dropped");
	t->waiting = house_figure(&o->house, "sipd", "waiting_routed");
	t->p99_us = house_figure(&o->house, "routed", "route_p99_us");
}

/* ---- the lists ---- */

/* "udp:192.0.2.10 teleco1": a source that a gateway's server is. */
static void
name_gateways(struct ctl *c, struct busiest *b)
{
	json_t	*rows, *row;
	size_t	 i, k;

	if (daemon_probe(c, "gwregd", true) < 0 ||
	    ask_show(c, "gwregd", "gateways", NULL, &rows) != CTL_DONE)
		return;
	json_array_foreach(rows, i, row) {
		struct str	server = str_of(json_string_value(json_object_get(row, "server")));
		struct str	host = str_make(server.s, str_rchr(server, ':') > 0 ?
				    (size_t)str_rchr(server, ':') : 0);

		for (k = 0; k < b->nsources && host.len > 0; k++)
			if (str_eq(str_of(b->sources[k].name), host)) {
				strlcat(b->sources[k].name, " ", sizeof(b->sources[k].name));
				strlcat(b->sources[k].name, json_string_value(
				    json_object_get(row, "name")) ?: "",
				    sizeof(b->sources[k].name));
			}
	}
	json_decref(rows);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct busy *)a)->name, ((const struct busy *)b)->name);
}

static void
find_lists(struct top *t)
{
	struct busiest	*b = &t->busiest;

	if (busiest_find(t->c, b) != CTL_DONE)
		*b = (struct busiest){ .nsources = 0 };
	name_gateways(t->c, b);
	if (t->by_name) {
		qsort(b->sources, b->nsources, sizeof(b->sources[0]), by_name);
		qsort(b->users, b->nusers, sizeof(b->users[0]), by_name);
	}
	if (t->selected >= b->nfailures)
		t->selected = b->nfailures > 0 ? b->nfailures - 1 : 0;
}

/* ---- the terminal ---- */

static struct termios	before;

static void
terminal_take(void)
{
	struct termios	raw;

	tcgetattr(STDIN_FILENO, &before);
	raw = before;
	raw.c_lflag &= (tcflag_t)~(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	printf("\033[?1049h\033[?25l");
}

static void
terminal_give_back(void)
{
	printf("\033[?25h\033[?1049l");
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

/* The selected failure as a ladder, until a key is pressed. */
static void
trace_selected(struct top *t)
{
	struct line	l = { .nargs = 1 };
	char		id[17], key;

	if (t->selected >= t->busiest.nfailures)
		return;
	for (l.command = commands; strcmp(l.command->noun, "trace") != 0; l.command++)
		;
	snprintf(id, sizeof(id), "%08x", (unsigned)(t->busiest.failures[t->selected].call >> 32));
	l.args[0] = id;
	printf("\033[H\033[2J");
	cmd_trace(t->c, &l);
	printf("\n[any key] back\n");
	fflush(stdout);
	if (read(STDIN_FILENO, &key, 1) == 1)
		top_draw(t);
}

static void
on_key(struct top *t, char key)
{
	switch (key) {
	case 'p':
		t->paused = !t->paused;
		break;
	case 's':
		t->by_name = !t->by_name;
		find_lists(t);
		break;
	case 'j':
		t->selected += t->selected + 1 < t->busiest.nfailures;
		break;
	case 'k':
		t->selected -= t->selected > 0;
		break;
	case 't':
		trace_selected(t);
		return;
	default:
		return;
	}
	top_draw(t);
}

/* Waits a frame; false: the user has enough. */
static bool
wait_frame(struct top *t)
{
	struct pollfd	in = { .fd = STDIN_FILENO, .events = POLLIN };
	struct mono	begin = mono_now();
	int64_t		left;
	char		key;

	while (!interrupted() && (left = PAUSE_MS - mono_ms_between(begin, mono_now())) > 0) {
		if (poll(&in, 1, (int)left) <= 0)
			continue;
		if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q')
			return false;
		on_key(t, key);
	}
	return !interrupted();
}

static bool
look(struct top *t)
{
	struct overview	o;
	bool		up = false;

	overview_look(&o, t->c);
	for (size_t i = 0; i < DAEMONS; i++)
		up |= o.house.daemons[i].answered;
	update(t, &o);
	overview_fini(&o);
	return up;
}

static int
watch(struct top *t)
{
	bool	up = look(t);

	if (!up)
		return no(CTL_UNREACHABLE, "no daemon runs; \"sipctl up --detach --wait\"");
	terminal_take();
	do {
		if (!t->paused) {
			look(t);
			find_lists(t);
			top_draw(t);
		}
	} while (wait_frame(t));
	terminal_give_back();
	return CTL_DONE;
}

static int
batch(struct top *t, uint32_t lines)
{
	if (!look(t))
		return no(CTL_UNREACHABLE, "no daemon runs; \"sipctl up --detach --wait\"");
	for (uint32_t i = 0; i < lines && !interrupted(); i++) {
		pause_ms(PAUSE_MS);
		look(t);
		top_print_line(t);
	}
	return CTL_DONE;
}

COMMAND(cmd_top)
{
	struct top		 t = { .c = c };
	const char		*n = line_option(l, "lines");
	uint32_t		 lines = UINT32_MAX;

	if (n != NULL && str_u32(str_of(n), &lines) < 0)
		return no(CTL_USAGE, "--lines wants a number, not \"%s\"", n);
	interrupt_catch();
	if (line_flag(l, "batch") || !c->out.tty || !isatty(STDIN_FILENO))
		return batch(&t, lines);
	return watch(&t);
}
