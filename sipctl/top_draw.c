/*
 * top_draw - a frame of top: curves, daemons, the busiest, the last failures.
 */
#include <stdio.h>
#include <unistd.h>

#include "sipctl/top.h"

#define NAME_WIDTH	24	/* of a source or user */
#define FAILURE_WIDTH	60

static void
print_curve(const struct top *t, enum top_rate r)
{
	static const char	*const bars[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	double			 max = 1;

	for (int i = 0; i < TOP_HISTORY; i++)
		if (t->history[r][i] > max)
			max = t->history[r][i];
	for (int i = 0; i < TOP_HISTORY; i++)
		if (t->c->out.utf8)
			fputs(bars[(int)(t->history[r][i] / max * 7)], stdout);
		else
			putchar(" .:-=+*#"[(int)(t->history[r][i] / max * 7)]);
}

/* Of the calls of the last minute. */
static double
failed_percent(const struct top *t)
{
	return t->busiest.calls > 0 ? 100.0 * t->busiest.failed / t->busiest.calls : 0;
}

static void
print_rates(const struct top *t)
{
	static const struct {
		const char	*name;
		enum top_rate	 rate;
	} curves[] = { { "msg/s", TOP_MESSAGES }, { "calls", TOP_CALLS },
	    { "REGISTER/s", TOP_REGISTERS } };
	char			 host[256] = "localhost", when[40], number[32];

	gethostname(host, sizeof(host) - 1);
	trace_time(wall_ms(), false, when);
	printf("%s   %.8s", host, when);
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		count_text((long long)(t->now[curves[i].rate] + 0.5), number, sizeof(number));
		printf("   %s %s ", curves[i].name, number);
		print_curve(t, curves[i].rate);
	}
	printf("   failed %.1f%%\n", failed_percent(t));
}

static void
print_daemons(const struct top *t)
{
	for (size_t i = 0; i < DAEMONS; i++)
		printf("  %s %.0f%%", daemon_names[overview_order[i]],
		    t->cpu[overview_order[i]] * 100);
	printf("   UDP drops %lld   queue sipd%srouted %lld   p99 %.1f ms\n\n",
	    (long long)t->drops, t->c->out.utf8 ? "→" : "->", (long long)t->waiting,
	    (double)t->p99_us / 1000);
}

/* Escaped; what is longer than width ends with a mark. */
static void
print_name(const struct top *t, const char *s, int width)
{
	char		buf[512];
	struct text	x;

	text_init(&x, buf, sizeof(buf));
	out_escape(&x, str_of(s));
	if (x.len > (size_t)width)
		printf("%.*s%s", width - 1, buf, t->c->out.utf8 ? "…" : ">");
	else
		printf("%-*s", width, buf);
}

/* A name and its count, or blanks of that width. */
static void
print_busy(const struct top *t, const struct busy *b, double per)
{
	print_name(t, b != NULL ? b->name : "", NAME_WIDTH);
	if (b == NULL)
		printf(" %6s  ", "");
	else
		printf(" %6.0f  ", b->n / per);
}

static void
print_lists(const struct top *t)
{
	const struct busiest	*b = &t->busiest;

	printf("%-*s %6s   %-*s %6s   LAST FAILURES\n", NAME_WIDTH, "BUSIEST SOURCES", "msg/s",
	    NAME_WIDTH, "BUSIEST USERS", "calls");
	for (size_t i = 0; i < TOP_ROWS && (i < b->nsources || i < b->nusers ||
	    i < b->nfailures); i++) {
		putchar(' ');
		print_busy(t, i < b->nsources ? &b->sources[i] : NULL, BUSIEST_SOURCES_S);
		print_busy(t, i < b->nusers ? &b->users[i] : NULL, 1);
		if (i < b->nfailures) {
			putchar(i == t->selected ? '>' : ' ');
			print_name(t, b->failures[i].text, FAILURE_WIDTH);
		}
		putchar('\n');
	}
}

void
top_draw(const struct top *t)
{
	printf("\033[H\033[2J");
	print_rates(t);
	print_daemons(t);
	print_lists(t);
	printf("\n[s]ort %s   [p]%s   [j] [k] [t]race selected   [q]uit\n",
	    t->by_name ? "by count" : "by name", t->paused ? " goes on" : "ause");
	fflush(stdout);
}

void
top_print_line(const struct top *t)
{
	char	when[40];

	trace_time(wall_ms(), true, when);
	printf("%s msg/s=%.0f calls=%.0f register/s=%.0f failed/s=%.1f drops=%lld waiting=%lld",
	    when, t->now[TOP_MESSAGES], t->now[TOP_CALLS], t->now[TOP_REGISTERS],
	    t->now[TOP_FAILED], (long long)t->drops, (long long)t->waiting);
	for (size_t i = 0; i < DAEMONS; i++)
		printf(" %s=%.2f", daemon_names[overview_order[i]], t->cpu[overview_order[i]]);
	printf("\n");
	fflush(stdout);
}
