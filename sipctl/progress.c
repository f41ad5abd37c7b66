/*
 * progress - one line about a job that takes its time.
 */
#include "sipctl/progress.h"

#include <stdio.h>
#include <unistd.h>

#define FIRST_MS	500
#define TERMINAL_MS	200
#define ELSEWHERE_MS	10000
#define BAR		26	/* characters */

void
progress_begin(struct progress *p, const char *what)
{
	p->what = what;
	p->begin = p->told = mono_now();
}

static void
draw_bar(struct text *t, double share, bool utf8)
{
	int	full = (int)(share * BAR + 0.5), i;

	for (i = 0; i < BAR; i++)
		if (utf8)
			text_add(t, i == full - 1 && full < BAR ? STR("╸") :
			    STR("━"));
		else
			text_ch(t, i < full ? '#' : '-');
	text_add(t, STR("  "));
}

void
progress_line(struct text *t, const char *what, uint64_t done, uint64_t total,
    double seconds, bool utf8, bool bar, const char *more)
{
	double	rate = seconds > 0 ? (double)done / seconds : 0, left;
	double	share = total > 0 && done < total ? (double)done / (double)total :
		    1;
	char	n[32], of[32], each[32];

	count_text((long long)done, n, sizeof(n));
	count_text((long long)total, of, sizeof(of));
	count_text((long long)(rate + 0.5), each, sizeof(each));
	text_printf(t, "%s  ", what);
	if (total == 0)
		text_printf(t, "%s  %s/s", n, each);
	else {
		if (bar)
			draw_bar(t, share, utf8);
		left = rate > 0 && done < total ?
		    (double)(total - done) / rate + 0.5 : 0;
		text_printf(t, "%.0f%%  %s/%s  %s/s  %d:%02d left", 100 * share, n,
		    of, each, (int)(left / 60), (int)left % 60);
	}
	if (more[0] != '\0')
		text_printf(t, "  %s", more);
}

void
progress_tell(struct progress *p, const struct ctl *c, uint64_t done,
    uint64_t total, const char *more)
{
	struct mono	now = mono_now();
	bool		tty = isatty(STDERR_FILENO);
	char		buf[512];
	struct text	t;

	if (c->quiet || mono_ms_between(p->begin, now) < FIRST_MS ||
	    mono_ms_between(p->told, now) < (tty ? TERMINAL_MS : ELSEWHERE_MS))
		return;
	p->told = now;
	text_init(&t, buf, sizeof(buf));
	progress_line(&t, p->what, done, total,
	    (double)mono_ms_between(p->begin, now) / 1000, c->out.utf8, tty, more);
	fprintf(stderr, tty ? "\r%.*s\033[K" : "%.*s\n", STR_ARG(text_str(&t)));
}

void
progress_end(const struct progress *p)
{
	if (p->told.ns != p->begin.ns && isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
}
