/*
 * meters - messages by method, transport and code, and how long things took.
 *
 * A set is large and mostly untouched, so that what nobody sends costs no memory.
 * Readers sum without a lock, as with stats.
 */
#include "sipd/meters.h"

#include <stdlib.h>
#include <string.h>

#include "sipd/core.h"
#include "sipd/worker.h"

#define CODE_MIN	100
#define CODES		600
#define BUCKETS		(sizeof(bounds_ms) / sizeof(bounds_ms[0]) + 1)

static const int64_t bounds_ms[] = { 1, 5, 10, 50, 100, 250, 500, 1000, 2500, 5000, 10000,
    30000, 60000 };

struct meters {
	uint64_t	requests[METER_WAYS][METHOD_COUNT][TRANSPORT_TLS + 1];
	uint64_t	responses[METER_WAYS][METHOD_COUNT][CODES];
	struct {
		uint64_t	n[BUCKETS];
		uint64_t	sum_ms;
	}		clocks[METER_CLOCKS];
};

static struct meters *meters[WORKERS_MAX];

void
meters_start(struct worker *w)
{
	meters[w->index] = xcalloc(1, sizeof(struct meters));
}

/* Who reads does so on the main thread, which outlives the others. */
void
meters_stop(struct worker *w)
{
	free(meters[w->index]);
	meters[w->index] = NULL;
}

void
meter_message(struct worker *w, enum meter_way way, enum transport by, enum method method,
    uint16_t code)
{
	struct meters	*m = meters[w->index];

	if (m == NULL)
		return;
	if (code == 0)
		m->requests[way][method][by]++;
	else if (code >= CODE_MIN && code < CODE_MIN + CODES)
		m->responses[way][method][code - CODE_MIN]++;
}

/* What stands in CSeq behind the number. Of every response: a look at two letters first. */
static enum method
cseq_method(struct str bytes)
{
	struct str	line, number;

	while (str_cut(&bytes, '\n', &line) && line.len > 1)
		if ((line.s[0] | 0x20) == 'c' && (line.s[1] | 0x20) == 's' &&
		    str_caseprefix(line, STR("CSeq:"))) {
			line = str_trim(str_make(line.s + 5, line.len - 5));
			str_cut(&line, ' ', &number);
			return method_id(str_trim(line));
		}
	return METHOD_OTHER;
}

void
meter_out(struct worker *w, enum transport by, struct str bytes)
{
	ptrdiff_t	blank;
	uint32_t	code;

	if (!str_prefix(bytes, STR("SIP/2.0 "))) {
		blank = str_chr(str_make(bytes.s, bytes.len < METHOD_MAX ? bytes.len :
		    METHOD_MAX), ' ');
		meter_message(w, METER_OUT, by, method_id(str_make(bytes.s,
		    blank > 0 ? (size_t)blank : 0)), 0);
	} else if (bytes.len > 11 && str_u32(str_make(bytes.s + 8, 3), &code) == 0)
		meter_message(w, METER_OUT, by, cseq_method(bytes), (uint16_t)code);
}

void
meter_time(struct worker *w, enum meter_clock clock, int64_t ms)
{
	struct meters	*m = meters[w->index];
	unsigned	 i = 0;

	if (m == NULL || ms < 0)
		return;
	while (i < BUCKETS - 1 && ms > bounds_ms[i])
		i++;
	m->clocks[clock].n[i]++;
	m->clocks[clock].sum_ms += (uint64_t)ms;
}

/* ---- showing ---------------------------------------------------------------------- */

/* Of all workers: the cell that lies where this one of the first does. */
#define SUM(field)	sum_at(offsetof(struct meters, field))

static uint64_t
sum_at(size_t offset)
{
	uint64_t	sum = 0;

	for (unsigned i = 0; i < WORKERS_MAX; i++)
		if (meters[i] != NULL)
			sum += *(const uint64_t *)((const char *)meters[i] + offset);
	return sum;
}

static struct str
method_label(unsigned m)
{
	struct str	name = method_name((enum method)m);

	return name.len > 0 ? name : STR("other");
}

static void
count_row(struct show *s, const char *what, unsigned way, unsigned method, uint64_t n)
{
	show_row(s);
	show_text(s, "what", str_of(what));
	show_text(s, "dir", way == METER_IN ? STR("in") : STR("out"));
	show_text(s, "method", method_label(method));
	show_number(s, "n", (int64_t)n);
}

static void
show_requests(struct show *s, unsigned way, unsigned method)
{
	for (unsigned by = TRANSPORT_UDP; by <= TRANSPORT_TLS; by++) {
		uint64_t	n = SUM(requests[way][method][by]);

		if (n == 0)
			continue;
		count_row(s, "requests", way, method, n);
		show_text(s, "transport", str_of(transport_name((enum transport)by)));
	}
}

static void
show_responses(struct show *s, unsigned way, unsigned method)
{
	for (unsigned i = 0; i < CODES; i++) {
		uint64_t	n = SUM(responses[way][method][i]);

		if (n == 0)
			continue;
		count_row(s, "responses", way, method, n);
		show_number(s, "code", CODE_MIN + i);
	}
}

static void
show_clock(struct show *s, unsigned clock)
{
	static const char	*const names[METER_CLOCKS] = { "server", "client",
	    "registration", "request_delay", "setup" };
	uint64_t		 n = 0;

	for (unsigned i = 0; i < BUCKETS; i++) {
		n += SUM(clocks[clock].n[i]);
		show_row(s);
		show_text(s, "what", str_of(names[clock]));
		if (i < BUCKETS - 1)
			show_number(s, "le_ms", bounds_ms[i]);
		else {
			show_null(s, "le_ms");
			show_number(s, "sum_ms", (int64_t)SUM(clocks[clock].sum_ms));
		}
		show_number(s, "n", (int64_t)n);
	}
}

/* A step of the cursor is a method one way, or a clock: its rows come together. */
uint64_t
show_meters(void *arg, struct show *s, uint64_t cursor)
{
	(void)arg;
	for (; cursor < METER_WAYS * METHOD_COUNT && !show_full(s); cursor++) {
		show_requests(s, (unsigned)cursor / METHOD_COUNT, cursor % METHOD_COUNT);
		show_responses(s, (unsigned)cursor / METHOD_COUNT, cursor % METHOD_COUNT);
	}
	for (; cursor < METER_WAYS * METHOD_COUNT + METER_CLOCKS && !show_full(s); cursor++)
		show_clock(s, (unsigned)(cursor - METER_WAYS * METHOD_COUNT));
	return cursor < METER_WAYS * METHOD_COUNT + METER_CLOCKS ? cursor : 0;
}
