/*
 * daemon_status - what a daemon says of itself, and how it ends gracefully:
 * STATUS and DRAIN of every daemon.
 */
#include "common/daemon_parts.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/fdstore.h"
#include "common/log.h"
#include "common/stats.h"

#define FIGURES_MAX	512
#define WARNINGS_MAX	32
#define DRAIN_LOOK_MS	20
#define SAMPLE_MS	5000

struct status_is {
	struct rec_figure	figures[FIGURES_MAX];
	uint32_t		nfigures;
	struct rec_warning	warnings[WARNINGS_MAX];
	uint32_t		nwarnings;
	char			texts[WARNINGS_MAX][256];
	char			commands[WARNINGS_MAX][128];
};

static int	statm = -1;

static struct {
	struct loop_timer	*timer;
	struct mono		 until;
} drain;

/* ---- what happens in a second ---- */

/* What it is called, and the counters whose sum grows. */
static const struct rate {
	const char	*name;
	size_t		 counters[2];
} rates[] = {
	{ "messages_per_s", { offsetof(struct stats, requests),
	    offsetof(struct stats, responses) } },
	{ "registers_per_s", { offsetof(struct stats, registers) } },
	{ "routes_per_s", { offsetof(struct stats, routes) } },
};
#define RATES	(sizeof(rates) / sizeof(rates[0]))

/* Two samples: what is shown is of the last five to ten seconds. */
static struct sample {
	struct mono	at;
	uint64_t	sums[RATES];
} samples[2];
static struct loop_timer *sampling;

static void
sample_take(struct sample *out, struct mono now)
{
	struct stats	sum;

	stats_sum(&sum);
	out->at = now;
	for (size_t i = 0; i < RATES; i++) {
		out->sums[i] = 0;
		for (size_t k = 0; k < 2 && (k == 0 || rates[i].counters[k] != 0); k++)
			out->sums[i] += *(const uint64_t *)((const char *)&sum +
			    rates[i].counters[k]);
	}
}

static void
sample_look(void *arg)
{
	const struct self	*self = arg;

	samples[0] = samples[1];
	sample_take(&samples[1], loop_now(self->loop));
}

static void
add_rates(struct status_is *s, struct mono now)
{
	struct sample	is;
	int64_t		ms = mono_ms_between(samples[0].at, now);
	uint64_t	grown;

	sample_take(&is, now);
	for (size_t i = 0; i < RATES && ms > 0; i++) {
		grown = is.sums[i] - samples[0].sums[i];
		if (is.sums[i] != 0)
			status_figure(s, rates[i].name, (int64_t)((grown * 1000 +
			    (uint64_t)ms / 2) / (uint64_t)ms));
	}
}

/* ---- what a daemon says of itself ---- */

void
status_start(struct self *self)
{
	statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	sample_take(&samples[0], loop_now(self->loop));
	samples[1] = samples[0];
	sampling = loop_timer_new(self->loop, sample_look, self);
	loop_timer_start(sampling, SAMPLE_MS, SAMPLE_MS);
}

void
status_stop(struct self *self)
{
	loop_timer_free(drain.timer);
	loop_timer_free(sampling);
	drain.timer = sampling = NULL;
	if (statm != -1)
		close(statm);
	statm = -1;
}

void
status_figure(struct status_is *s, const char *name, int64_t value)
{
	uint32_t	i = 0;

	while (i < s->nfigures && !str_eq(s->figures[i].name, str_of(name)))
		i++;
	if (i == FIGURES_MAX)
		return;
	if (i == s->nfigures)
		s->nfigures++;
	s->figures[i] = (struct rec_figure){ str_of(name), value };
}

void
status_warn(struct status_is *s, const char *command, const char *fmt, ...)
{
	uint32_t	i = s->nwarnings;
	va_list		ap;

	if (i == WARNINGS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(s->texts[i], sizeof(s->texts[i]), fmt, ap);
	va_end(ap);
	snprintf(s->commands[i], sizeof(s->commands[i]), "%s",
	    command != NULL ? command : "");
	s->warnings[i] = (struct rec_warning){ str_of(s->texts[i]),
	    str_of(s->commands[i]) };
	s->nwarnings++;
}

/* What nothing happened to is left out: most counters are another daemon's. */
static void
add_counters(struct status_is *s)
{
	struct stats	sum;
	int64_t		v;

	stats_sum(&sum);
	for (const struct stats_info *i = stats_table; i->name != NULL; i++)
		if ((v = stats_value(&sum, i)) != 0 &&
		    s->nfigures < FIGURES_MAX)
			s->figures[s->nfigures++] = (struct rec_figure){
			    str_of(i->name), v };
}

static uint64_t
rss_bytes(void)
{
	char		text[128], *pages;
	ssize_t		n = pread(statm, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	strtoull(text, &pages, 10);	/* the first is the address space */
	return strtoull(pages, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t
cpu_us(void)
{
	struct rusage	r;

	getrusage(RUSAGE_SELF, &r);
	return (uint64_t)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1000000 +
	    (uint64_t)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

static void
on_status(void *arg, struct bus_ticket t, const union msg *m)
{
	static struct status_is	 s;	/* the main thread's; 40 kB */
	struct self		*self = arg;
	struct msg_status_is	 a = { 0 };

	s.nfigures = s.nwarnings = 0;
	add_counters(&s);
	add_rates(&s, loop_now(self->loop));
	if (self->daemon->status != NULL)
		self->daemon->status(self, &s);
	a.name = str_of(self->daemon->name);
	a.version = STR(VERSION);
	a.state = self->state == DAEMON_OK && s.nwarnings > 0 ? DAEMON_WARN :
	    self->state;
	if (self->state == DAEMON_DRAINING)
		a.reason = STR("draining");
	else if (s.nwarnings > 0)
		a.reason = s.warnings[0].text;
	a.generation = self->settings->generation;
	a.pid = (uint32_t)getpid();
	a.uptime_ms = (uint64_t)mono_ms_between(self->started,
	    loop_now(self->loop));
	a.cpu_us = cpu_us();
	a.rss_bytes = rss_bytes();
	a.epoch = self->epoch;
	a.figures.v = s.figures;
	a.figures.n = s.nfigures;
	a.warnings.v = s.warnings;
	a.warnings.n = s.nwarnings;
	bus_answer(t, MSG_STATUS_IS, &a);
}

/* ---- drain ---- */

static void
drain_look(void *arg)
{
	struct self	*self = arg;
	unsigned	 left;

	left = self->daemon->busy != NULL ? self->daemon->busy(self) : 0;
	if (left > 0 && mono_before(loop_now(self->loop), drain.until))
		return;
	if (left > 0)
		log_problem("DRAIN", "%s: ends with %u things unfinished",
		    self->daemon->name, left);
	loop_stop(self->loop);
}

static void
on_drain(void *arg, struct bus_ticket t, const union msg *m)
{
	struct self	*self = arg;
	struct msg_done	 done = { 0 };
	unsigned	 busy = self->daemon->busy != NULL ? self->daemon->busy(self) : 0;
	char		 text[64];

	drain.until = mono_add_ms(loop_now(self->loop), m->drain.limit_ms);
	snprintf(text, sizeof(text), "drained %u request%s", busy, busy == 1 ? "" : "s");
	done.text = str_of(text);
	bus_answer(t, MSG_DONE, &done);
	if (self->state == DAEMON_DRAINING)
		return;
	log_major("DRAIN", "%s: takes no new work, for %s", self->daemon->name,
	    log_str(m->drain.by));
	self->state = DAEMON_DRAINING;
	notify_status("draining");
	drain.timer = loop_timer_new(self->loop, drain_look, self);
	loop_timer_start(drain.timer, DRAIN_LOOK_MS, DRAIN_LOOK_MS);
}

const struct bus_handler status_handlers[] = {
	{ MSG_STATUS, on_status, true },
	{ MSG_DRAIN, on_drain, false },
	{ 0 }
};
