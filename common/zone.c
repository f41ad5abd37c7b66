/*
 * zone - the times at which a place changes its clocks.
 *
 * A file has a table of changes and behind it a rule for the years after (RFC 8536
 * section 3.3). Of the rule, the form that zones use is understood: changes on the
 * n-th weekday of a month; with any other the last offset stays.
 */
#include "common/zone.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/conf.h"
#include "common/scan.h"

#define DIRECTORY	"/usr/share/zoneinfo"
#define FILE_MAX	65536
#define CHANGES_MAX	4096
#define DAY_S		86400

struct change {
	int64_t	at;
	int32_t	offset;			/* from then on */
};

/* The n-th weekday of a month, 5 the last, at a time of day. */
struct yearly {
	unsigned	month, nth, weekday;
	int32_t		at;
};

struct zone {
	int32_t		 first;		/* before the first change */
	struct change	*v;
	size_t		 n;
	bool		 has_rule;
	int32_t		 standard, summer;
	struct yearly	 begins, ends;	/* of summer */
};

/* ---- days ---- */

int64_t
zone_days(int64_t year, unsigned month, unsigned day)
{
	int64_t	y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400;
	int64_t	of_era = y - era * 400;
	int64_t	of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year -
	    719468;
}

static int64_t
year_of(int64_t t)
{
	int64_t	year = 1970 + t / (365 * DAY_S + DAY_S / 4);

	while (zone_days(year, 1, 1) * DAY_S > t)
		year--;
	while (zone_days(year + 1, 1, 1) * DAY_S <= t)
		year++;
	return year;
}

/* When a yearly change is, by a clock that is offset ahead. */
static int64_t
yearly_at(const struct yearly *y, int64_t year, int32_t offset)
{
	int64_t		first = zone_days(year, y->month, 1);
	int64_t		next = y->month == 12 ? zone_days(year + 1, 1, 1) :
			    zone_days(year, y->month + 1, 1);
	unsigned	weekday = (unsigned)(((first + 4) % 7 + 7) % 7);
	int64_t		day = first + (y->weekday + 7 - weekday) % 7 +
			    7 * ((int64_t)y->nth - 1);

	while (day >= next)
		day -= 7;
	return day * DAY_S + y->at - offset;
}

/* ---- the rule ---- */

/* "CET", "<+03>" */
static bool
rule_name(struct str *in)
{
	size_t	n = 0;

	if (scan_ch(in, '<')) {
		while (in->len > 0 && !scan_ch(in, '>'))
			scan_skip(in, 1);
		return true;
	}
	while (in->len > 0 && scan_is(in->s[0], CHAR_ALPHA)) {
		scan_skip(in, 1);
		n++;
	}
	return n >= 3;
}

/* "-1", "5:30", "+02:00:00": seconds. */
static bool
rule_time(struct str *in, int32_t *out)
{
	bool		minus = scan_ch(in, '-');
	uint32_t	part, unit = 3600;
	int32_t		sum = 0;

	if (!minus)
		scan_ch(in, '+');
	do {
		if (scan_u32(in, &part) < 0 || part > 167)
			return false;
		sum += (int32_t)(part * unit);
		unit /= 60;
	} while (unit > 0 && scan_ch(in, ':'));
	*out = minus ? -sum : sum;
	return true;
}

/* ",M3.5.0/2" */
static bool
rule_yearly(struct str *in, struct yearly *y)
{
	uint32_t	month, nth, weekday;

	if (!scan_ch(in, ',') || !scan_ch(in, 'M') || scan_u32(in, &month) < 0 ||
	    !scan_ch(in, '.') || scan_u32(in, &nth) < 0 || !scan_ch(in, '.') ||
	    scan_u32(in, &weekday) < 0 || month < 1 || month > 12 || nth < 1 ||
	    nth > 5 || weekday > 6)
		return false;
	*y = (struct yearly){ month, nth, weekday, 2 * 3600 };
	return !scan_ch(in, '/') || rule_time(in, &y->at);
}

/* "CET-1CEST,M3.5.0,M10.5.0/3"; what stands there is west of Greenwich. */
static void
rule_parse(struct zone *z, struct str in)
{
	int32_t	west;

	if (!rule_name(&in) || !rule_time(&in, &west))
		return;
	z->standard = z->summer = -west;
	if (in.len > 0) {
		if (!rule_name(&in))
			return;
		z->summer = z->standard + 3600;
		if (in.len > 0 && in.s[0] != ',') {
			if (!rule_time(&in, &west))
				return;
			z->summer = -west;
		}
		if (!rule_yearly(&in, &z->begins) || !rule_yearly(&in, &z->ends))
			return;
	}
	z->has_rule = in.len == 0;
}

/* ---- the table ---- */

static int64_t
number(const char *s, unsigned octets)
{
	uint64_t	v = (signed char)s[0] < 0 ? UINT64_MAX : 0;

	for (unsigned i = 0; i < octets; i++)
		v = v << 8 | (uint8_t)s[i];
	return (int64_t)v;
}

struct header {
	uint32_t	isutc, isstd, leap, time, type, chars;
};

/* Header and data: of version 1, which is skipped, or of the one that follows. */
static bool
header_parse(struct str *in, struct header *h)
{
	uint32_t	*v[] = { &h->isutc, &h->isstd, &h->leap, &h->time, &h->type,
			    &h->chars };

	if (in->len < 44 || memcmp(in->s, "TZif", 4) != 0 || in->s[4] < '2')
		return false;
	for (int i = 0; i < 6; i++) {
		*v[i] = (uint32_t)number(in->s + 20 + 4 * i, 4);
		if (*v[i] > CHANGES_MAX)
			return false;
	}
	scan_skip(in, 44);
	return true;
}

static size_t
body_size(const struct header *h, unsigned octets)
{
	return (size_t)h->time * (octets + 1) + h->type * 6 + h->chars +
	    (size_t)h->leap * (octets + 4) + h->isstd + h->isutc;
}

static bool
table_parse(struct zone *z, const struct header *h, struct str in)
{
	const char	*times = in.s, *kinds = times + 8 * (size_t)h->time;
	const char	*types = kinds + h->time;

	if (h->type == 0)
		return false;
	z->first = (int32_t)number(types, 4);
	z->v = h->time > 0 ? xcalloc(h->time, sizeof(*z->v)) : NULL;
	for (uint32_t i = 0; i < h->time; i++) {
		uint8_t	kind = (uint8_t)kinds[i];

		if (kind >= h->type)
			return false;
		z->v[z->n++] = (struct change){ number(times + 8 * (size_t)i, 8),
		    (int32_t)number(types + 6 * (size_t)kind, 4) };
		if (i > 0 && z->v[i].at <= z->v[i - 1].at)
			return false;
	}
	return true;
}

int
zone_parse(struct zone **out, struct str text)
{
	struct zone	*z = xcalloc(1, sizeof(*z));
	struct header	 h;
	struct str	 rule;
	size_t		 size;

	if (!header_parse(&text, &h) || (size = body_size(&h, 4)) > text.len)
		goto fail;
	scan_skip(&text, size);
	if (!header_parse(&text, &h) || (size = body_size(&h, 8)) > text.len ||
	    !table_parse(z, &h, text))
		goto fail;
	scan_skip(&text, size);
	if (scan_ch(&text, '\n') && str_cut(&text, '\n', &rule))
		rule_parse(z, rule);
	*out = z;
	return 0;
fail:
	zone_free(z);
	return -EBADMSG;
}

static bool
is_zone_name(struct str name)
{
	if (name.len == 0 || name.len > ZONE_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!scan_is(name.s[i], CHAR_HOST) && name.s[i] != '/' &&
		    name.s[i] != '+')
			return false;
	return scan_is(name.s[0], CHAR_ALPHA) && str_find(name, STR("..")) < 0;
}

int
zone_open(struct zone **out, struct str name)
{
	char	path[sizeof(DIRECTORY) + ZONE_NAME_MAX + 2], *text;
	size_t	len;
	int	error;

	if (str_eq(name, STR("UTC"))) {
		*out = xcalloc(1, sizeof(**out));
		return 0;
	}
	if (!is_zone_name(name))
		return -ENOENT;
	snprintf(path, sizeof(path), DIRECTORY "/%.*s", STR_ARG(name));
	error = file_read(path, FILE_MAX, &text, &len);
	if (error < 0)
		return error == -EACCES || error == -EPERM ? -EACCES :
		    error == -EISDIR ? -ENOENT : error;
	error = zone_parse(out, str_make(text, len));
	free(text);
	return error;
}

void
zone_free(struct zone *z)
{
	if (z == NULL)
		return;
	free(z->v);
	free(z);
}

/* ---- asking ---- */

/* The four changes of last year and this one, and those of the next. */
static int32_t
rule_offset(const struct zone *z, int64_t t, int64_t *next)
{
	int64_t	year = year_of(t), begins, ends, last = INT64_MIN;
	int32_t	offset = z->standard;

	*next = INT64_MAX;
	for (int64_t y = year - 1; y <= year + 1 && z->summer != z->standard; y++) {
		begins = yearly_at(&z->begins, y, z->standard);
		ends = yearly_at(&z->ends, y, z->summer);
		if (begins <= t && begins > last) {
			last = begins;
			offset = z->summer;
		}
		if (ends <= t && ends > last) {
			last = ends;
			offset = z->standard;
		}
		if (begins > t && begins < *next)
			*next = begins;
		if (ends > t && ends < *next)
			*next = ends;
	}
	return offset;
}

int32_t
zone_offset(const struct zone *z, int64_t t, int64_t *next)
{
	size_t	low = 0, high = z->n, mid;
	int64_t	ignored;

	if (next == NULL)
		next = &ignored;
	while (low < high) {			/* the first change after t */
		mid = (low + high) / 2;
		if (z->v[mid].at <= t)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == z->n && z->has_rule)
		return rule_offset(z, t, next);
	*next = low < z->n ? z->v[low].at : INT64_MAX;
	if (low == z->n && z->n == 0)
		return z->first;
	return low > 0 ? z->v[low - 1].offset : z->first;
}
