/*
 * top - what happens now: rates, the busiest, the last failures; a frame a second.
 *
 * Rates are differences of the daemons' counters, parties come from the flight
 * recorder. On a terminal the alternate screen is used and given back; --batch prints
 * a line a second for scripts.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "common/mono.h"
#include "sipctl/busiest.h"
#include "sipctl/overview.h"

#define HISTORY		8	/* samples of a curve */
#define PAUSE_MS	1000
#define ROWS		5	/* of each list */

enum rate { MESSAGES, CALLS, REGISTERS, FAILED, RATES };

struct sample {
	struct mono	at;
	int64_t		counters[RATES];
	double		cpu_s[DAEMONS];
};
struct top {
	struct ctl	*c;
	struct sample	 last;
	double		 now[RATES];
	double		 history[RATES][HISTORY];
	double		 cpu[DAEMONS];	/* shares of one CPU */
	size_t		 frames;
	bool		 paused;
};

/* ---- figures ---- */

static void
take_sample(const struct overview *o, struct sample *s)
{
	const struct house_view	*h = &o->house;

	s->at = mono_now();
	s->counters[MESSAGES] = house_figure(h, "sipd", "requests") +
	    house_figure(h, "sipd", "responses");
	s->counters[CALLS] = house_figure(h, "sipd", "calls");
	s->counters[REGISTERS] = house_figure(h, "regd", "registers");
	s->counters[FAILED] = house_figure(h, "sipd", "timeouts") +
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
	struct sample	s;
	double		seconds;

	take_sample(o, &s);
	seconds = (double)(s.at.ns - t->last.at.ns) / 1e9;
	for (int i = 0; i < RATES; i++) {
		t->now[i] = i == CALLS ? (double)s.counters[CALLS] :
		    per_second(t->last.counters[i], s.counters[i], seconds);
		memmove(t->history[i], t->history[i] + 1, sizeof(double) * (HISTORY - 1));
		t->history[i][HISTORY - 1] = t->now[i];
	}
	for (size_t i = 0; i < DAEMONS; i++)
		t->cpu[i] = seconds > 0 && s.cpu_s[i] > t->last.cpu_s[i] ?
		    (s.cpu_s[i] - t->last.cpu_s[i]) / seconds : 0;
	t->last = s;
	t->frames++;
}

/* ---- drawing ---- */

static void
print_curve(const struct top *t, enum rate r)
{
	static const char	*const bars[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	double			 max = 1;

	for (int i = 0; i < HISTORY; i++)
		if (t->history[r][i] > max)
			max = t->history[r][i];
	for (int i = 0; i < HISTORY; i++)
		if (t->c->out.utf8)
			fputs(bars[(int)(t->history[r][i] / max * 7)], stdout);
		else
			putchar(" .:-=+*#"[(int)(t->history[r][i] / max * 7)]);
}

static void
print_head(const struct top *t)
{
	static const struct {
		const char	*name;
		enum rate	 rate;
	} curves[] = { { "msg/s", MESSAGES }, { "calls", CALLS }, { "REGISTER/s", REGISTERS } };
	char			 when[40], number[32];

	trace_time(wall_ms(), false, when);
	when[8] = '\0';
	printf("%s", when);
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		count_text((long long)(t->now[curves[i].rate] + 0.5), number, sizeof(number));
		printf("   %s %s ", curves[i].name, number);
		print_curve(t, curves[i].rate);
	}
	printf("   failed/s %.1f\n ", t->now[FAILED]);
	for (size_t i = 0; i < DAEMONS; i++)
		printf(" %s %.0f%%", daemon_names[overview_order[i]],
		    t->cpu[overview_order[i]] * 100);
	printf("\n\n");
}

static void
print_name(const char *s, int width)
{
	char		buf[256];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	out_escape(&t, str_make(s, strnlen(s, 60)));
	printf(" %-*.*s", width, width, buf);
}

static void
print_lists(const struct top *t)
{
	struct busiest	b;

	if (busiest_find(t->c, &b) != CTL_DONE)
		return;
	printf("%-34s %7s   %-34s %7s\n", " BUSIEST SOURCES", "MSG", " BUSIEST USERS", "CALLS");
	for (size_t i = 0; i < ROWS && (i < b.nsources || i < b.nusers); i++) {
		print_name(i < b.nsources ? b.sources[i].name : "", 33);
		printf(i < b.nsources ? " %7u  " : " %7.0u  ", i < b.nsources ? b.sources[i].n : 0);
		print_name(i < b.nusers ? b.users[i].name : "", 33);
		if (i < b.nusers)
			printf(" %7u", b.users[i].n);
		printf("\n");
	}
	printf("\n LAST FAILURES\n");
	for (size_t i = 0; i < ROWS && i < b.nfailures; i++) {
		print_name(b.failures[i].name, 76);
		printf("\n");
	}
}

static void
draw(const struct top *t)
{
	printf("\033[H\033[2J");
	print_head(t);
	print_lists(t);
	printf("\n[p]%s [q]uit\n", t->paused ? " goes on" : "ause");
	fflush(stdout);
}

static void
print_line(const struct top *t)
{
	char	when[40];

	trace_time(wall_ms(), true, when);
	printf("%s msg/s=%.0f calls=%.0f register/s=%.0f failed/s=%.1f", when, t->now[MESSAGES],
	    t->now[CALLS], t->now[REGISTERS], t->now[FAILED]);
	for (size_t i = 0; i < DAEMONS; i++)
		printf(" %s=%.2f", daemon_names[overview_order[i]], t->cpu[overview_order[i]]);
	printf("\n");
	fflush(stdout);
}

/* ---- the terminal ---- */

static struct termios	before;
static volatile sig_atomic_t interrupted;

static void
on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

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

/* Waits a frame; false: the user has enough. */
static bool
wait_frame(struct top *t)
{
	struct pollfd	in = { .fd = STDIN_FILENO, .events = POLLIN };
	struct mono	begin = mono_now();
	int64_t		left;
	char		key;

	while (!interrupted && (left = PAUSE_MS - mono_ms_between(begin, mono_now())) > 0) {
		if (poll(&in, 1, (int)left) <= 0)
			continue;
		if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q')
			return false;
		if (key == 'p') {
			t->paused = !t->paused;
			draw(t);
		}
	}
	return !interrupted;
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
			draw(t);
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
	for (uint32_t i = 0; i < lines && !interrupted; i++) {
		struct pollfd	none = { .fd = -1 };

		poll(&none, 1, PAUSE_MS);
		look(t);
		print_line(t);
	}
	return CTL_DONE;
}

COMMAND(cmd_top)
{
	struct top		 t = { .c = c };
	struct sigaction	 stop = { .sa_handler = on_signal };
	const char		*n = line_option(l, "lines");
	uint32_t		 lines = UINT32_MAX;

	if (n != NULL && str_u32(str_of(n), &lines) < 0)
		return no(CTL_USAGE, "--lines wants a number, not \"%s\"", n);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	if (line_flag(l, "batch") || !c->out.tty || !isatty(STDIN_FILENO))
		return batch(&t, lines);
	return watch(&t);
}
