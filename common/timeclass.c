/*
 * timeclass - hours and days, by the clock on the wall of a place.
 *
 * A change can come at midnight, at the hours that are written, or when the place
 * changes its clock. The next of these is looked at, until one makes a difference; the
 * answer is kept, as calls ask much more often than it changes. By the wall: an hour
 * that is there twice holds twice, one that is left out does not hold.
 */
#include "common/timeclass.h"

#include <errno.h>
#include <stdlib.h>

#include "common/scan.h"
#include "common/setting_types.h"
#include "common/zone.h"

#define DAY_S		86400
#define HORIZON_S	(8 * DAY_S)
#define CLASSES_MAX	200

struct span {
	uint8_t		 days;		/* bit 0: Monday */
	int32_t		 from, to;	/* seconds of the day; to may be before */
	int64_t		 first, last;	/* days since 1970 */
	struct zone	*zone;
};

struct timeclass {
	char		*name;
	struct span	 v[TIMECLASS_LINES_MAX];
	size_t		 n;
	/* What was answered last: good from since to until. */
	int64_t		 since, until;
	bool		 holds;
};

struct timeclasses {
	struct timeclass *v[CLASSES_MAX];
	size_t		  n;
};

/* ---- reading ---- */

static const char *const weekdays[] = { "mon", "tue", "wed", "thu", "fri", "sat",
    "sun", NULL };

static int
weekday_of(struct str s)
{
	for (int i = 0; weekdays[i] != NULL; i++)
		if (str_caseeq(s, str_of(weekdays[i])))
			return i;
	return -1;
}

/* "mon", "mon-fri", "sat-mon" */
static bool
days_part(struct str part, uint8_t *days)
{
	struct str	first;
	int		from, to;

	if (!str_cut(&part, '-', &first) || (from = weekday_of(first)) < 0)
		return false;
	to = part.s != NULL ? weekday_of(part) : from;
	if (to < 0)
		return false;
	for (int d = from; ; d = (d + 1) % 7) {
		*days |= (uint8_t)(1u << d);
		if (d == to)
			return true;
	}
}

static bool
days_parse(struct str text, struct span *s)
{
	struct str	part;
	uint8_t		days = 0;

	while (str_cut(&text, ',', &part))
		if (!days_part(part, &days))
			return false;
	s->days = days;
	return true;
}

static bool
clock_parse(struct str *in, int32_t *out)
{
	uint32_t	hour, minute;

	if (scan_u32(in, &hour) < 0 || !scan_ch(in, ':') ||
	    scan_u32(in, &minute) < 0 || hour > 24 || minute > 59 ||
	    (hour == 24 && minute > 0))
		return false;
	*out = (int32_t)(hour * 3600 + minute * 60);
	return true;
}

static bool
hours_parse(struct str in, struct span *s)
{
	int32_t	from, to;

	if (!clock_parse(&in, &from) || !scan_ch(&in, '-') ||
	    !clock_parse(&in, &to) || in.len > 0 || from == DAY_S || from == to)
		return false;
	s->from = from;
	s->to = to;
	return true;
}

static bool
date_parse(struct str *in, int64_t *out)
{
	static const uint8_t	lengths[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31,
				    30, 31 };
	uint32_t	y, m, d;

	if (scan_u32(in, &y) < 0 || !scan_ch(in, '-') || scan_u32(in, &m) < 0 ||
	    !scan_ch(in, '-') || scan_u32(in, &d) < 0 || y < 1970 || y > 9999 ||
	    m < 1 || m > 12 || d < 1 || d > lengths[m - 1])
		return false;
	*out = zone_days(y, m, d);
	return true;
}

/* "2026-12-24..2026-12-26", or one day */
static bool
dates_parse(struct str in, struct span *s)
{
	int64_t	first, last;

	if (!date_parse(&in, &first))
		return false;
	last = first;
	if (in.len > 0 && (!scan_ch(&in, '.') || !scan_ch(&in, '.') ||
	    !date_parse(&in, &last) || in.len > 0 || last < first))
		return false;
	s->first = first;
	s->last = last;
	return true;
}

/* A daemon that may not read the system's zones does not route either. */
static bool
zone_read(struct words *w, struct span *s)
{
	struct str	name;
	int		error;

	if (!words_want(w, "the name of a time zone", &name))
		return false;
	zone_free(s->zone);
	s->zone = NULL;
	error = zone_open(&s->zone, name);
	if (error == -EACCES)
		error = zone_open(&s->zone, STR("UTC"));
	if (error == 0)
		return true;
	words_complain(w, "there is no time zone \"%.*s\"; an example is "
	    "Europe/Berlin", STR_ARG(name));
	return false;
}

static bool
span_read(struct words *w, struct span *s)
{
	struct str	word;

	*s = (struct span){ .days = 0x7f, .to = DAY_S, .first = INT64_MIN,
	    .last = INT64_MAX };
	while (words_next(w, &word)) {
		if (str_caseeq(word, STR("zone"))) {
			if (!zone_read(w, s))
				return false;
		} else if (!days_parse(word, s) && !hours_parse(word, s) &&
		    !dates_parse(word, s)) {
			words_complain(w, "\"%.*s\" is no time; write mon-fri, "
			    "08:00-18:00, 2026-12-24..2026-12-26 or zone "
			    "Europe/Berlin", STR_ARG(word));
			return false;
		}
	}
	if (s->zone == NULL)
		(void)zone_open(&s->zone, STR("UTC"));
	return true;
}

static struct timeclass *
class_of(struct timeclasses *t, struct words *w)
{
	struct timeclass	*c;
	struct str		 name;

	if (!words_want(w, "the name of the class", &name))
		return NULL;
	if (!nets_is_name(name)) {
		words_complain(w, "bad name \"%.*s\"; it has letters, digits, \".\", "
		    "\"_\" and \"-\"", STR_ARG(name));
		return NULL;
	}
	if ((c = timeclass_find(t, name)) == NULL && t->n < CLASSES_MAX) {
		c = xcalloc(1, sizeof(*c));
		c->name = str_dup(name);
		t->v[t->n++] = c;
	}
	if (c == NULL || c->n == TIMECLASS_LINES_MAX) {
		words_complain(w, "there are at most %d classes of %d lines each",
		    CLASSES_MAX, TIMECLASS_LINES_MAX);
		return NULL;
	}
	return c;
}

struct timeclasses *
timeclasses_build(const struct settings *s, struct complaints *out)
{
	struct timeclasses	*t = xcalloc(1, sizeof(*t));
	struct timeclass	*c;
	struct span		 span;
	struct words		 w;
	bool			 fine = true;

	for (size_t i = 0; i < s->time_classes.n; i++) {
		words_init(&w, &s->time_classes.v[i], out);
		c = class_of(t, &w);
		if (c == NULL || !span_read(&w, &span)) {
			fine = false;
			if (c != NULL)
				zone_free(span.zone);
			continue;
		}
		c->v[c->n++] = span;
	}
	if (fine)
		return t;
	timeclasses_free(t);
	return NULL;
}

void
timeclasses_free(struct timeclasses *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->n; i++) {
		for (size_t k = 0; k < t->v[i]->n; k++)
			zone_free(t->v[i]->v[k].zone);
		free(t->v[i]->name);
		free(t->v[i]);
	}
	free(t);
}

struct timeclass *
timeclass_find(struct timeclasses *t, struct str name)
{
	for (size_t i = 0; i < t->n; i++)
		if (str_caseeq(str_of(t->v[i]->name), name))
			return t->v[i];
	return NULL;
}

const char *
timeclass_nearest(const struct timeclasses *t, struct str name)
{
	const char	*near = NULL;
	size_t		 best = 4, d;

	for (size_t i = 0; i < t->n; i++) {
		d = edit_distance(name, str_of(t->v[i]->name));
		if (d < best) {
			best = d;
			near = t->v[i]->name;
		}
	}
	return near;
}

/* ---- asking ---- */

static int64_t
day_of(int64_t local)
{
	return (local >= 0 ? local : local - DAY_S + 1) / DAY_S;
}

/* 1970-01-01 was a Thursday. */
static bool
day_is_in(const struct span *s, int64_t day)
{
	unsigned	weekday = (unsigned)(((day + 3) % 7 + 7) % 7);

	return day >= s->first && day <= s->last && (s->days >> weekday & 1);
}

static bool
span_holds(const struct span *s, int64_t t)
{
	int64_t	local = t + zone_offset(s->zone, t, NULL), day = day_of(local);
	int32_t	at = (int32_t)(local - day * DAY_S);

	if (s->from < s->to)
		return at >= s->from && at < s->to && day_is_in(s, day);
	/* Over midnight: the day is that of the beginning. */
	return (at >= s->from && day_is_in(s, day)) ||
	    (at < s->to && day_is_in(s, day - 1));
}

static bool
any_holds(const struct timeclass *c, int64_t t)
{
	for (size_t i = 0; i < c->n; i++)
		if (span_holds(&c->v[i], t))
			return true;
	return false;
}

/* The next time after t when s may change. */
static int64_t
span_next(const struct span *s, int64_t t)
{
	int64_t	change, next, offsets[2], day, at;
	int32_t	clocks[] = { 0, s->from, s->to };

	offsets[0] = zone_offset(s->zone, t, &change);
	offsets[1] = change != INT64_MAX ? zone_offset(s->zone, change, NULL) :
	    offsets[0];
	next = change;
	for (int o = 0; o < 2; o++) {
		day = day_of(t + offsets[o]);
		for (int d = 0; d < 2; d++)
			for (int k = 0; k < 3; k++) {
				at = (day + d) * DAY_S + clocks[k] - offsets[o];
				if (at > t && at < next)
					next = at;
			}
	}
	return next;
}

static int64_t
next_change(const struct timeclass *c, int64_t t, bool holds)
{
	int64_t	limit = t + HORIZON_S, next, at;

	while (t < limit) {
		next = limit;
		for (size_t i = 0; i < c->n; i++)
			if ((at = span_next(&c->v[i], t)) < next)
				next = at;
		t = next;
		if (any_holds(c, t) != holds)
			break;
	}
	return t;
}

bool
timeclass_holds(struct timeclass *c, int64_t t, int64_t *until)
{
	if (t < c->since || t >= c->until) {
		c->holds = any_holds(c, t);
		c->since = t;
		c->until = next_change(c, t, c->holds);
	}
	*until = c->until;
	return c->holds;
}
