/*
 * span - from when to when: --last, -S and -U of every command that looks back.
 */
#include "sipctl/span.h"

#include <string.h>
#include <time.h>

#include "common/mono.h"
#include "common/setting_types.h"
#include "sipctl/sipctl.h"

#define DAY_MS	86400000LL

/* ---- moments ---- */

/* ".250" of a second: records have them, spans do not care. */
static const char *
skip_fraction(const char *s)
{
	return *s == '.' ? s + 1 + strspn(s + 1, "0123456789") : s;
}

/* "", "Z", "+01:00": what is to be subtracted. */
static bool
offset_parse(const char *s, int64_t *ms)
{
	struct tm	tm = { 0 };
	const char	*end;

	*ms = 0;
	if (*s == '\0' || strcmp(s, "Z") == 0)
		return true;
	if ((*s != '+' && *s != '-') || (end = strptime(s + 1, "%H:%M", &tm)) == NULL ||
	    *end != '\0')
		return false;
	*ms = (*s == '-' ? -1 : 1) * (tm.tm_hour * 60 + tm.tm_min) * 60000LL;
	return true;
}

static bool
date_parse(const char *text, int64_t *ms)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
	    "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d" };
	int64_t	offset_ms;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm	 tm = { 0 };
		const char	*end = strptime(text, forms[i], &tm);

		if (end == NULL || !offset_parse(skip_fraction(end), &offset_ms))
			continue;
		*ms = (int64_t)timegm(&tm) * 1000 - offset_ms;
		return true;
	}
	return false;
}

/* "14:00": today, or yesterday when that is still to come. */
static bool
clock_parse(const char *text, int64_t now_ms, int64_t *ms)
{
	static const char *const forms[] = { "%H:%M:%S", "%H:%M" };
	int64_t	at;

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct tm	 tm = { 0 };
		const char	*end = strptime(text, forms[i], &tm);

		if (end == NULL || *end != '\0')
			continue;
		at = now_ms - now_ms % DAY_MS +
		    ((tm.tm_hour * 60 + tm.tm_min) * 60 + tm.tm_sec) * 1000LL;
		*ms = at > now_ms ? at - DAY_MS : at;
		return true;
	}
	return false;
}

/* "10 min ago": a number, a unit as people write it or as settings have it. */
static bool
ago_parse(const char *text, int64_t now_ms, int64_t *ms)
{
	static const struct {
		const char	*word;
		int64_t		 ms;
	} units[] = {
		{ "s", 1000 }, { "sec", 1000 }, { "second", 1000 }, { "m", 60000 },
		{ "min", 60000 }, { "minute", 60000 }, { "h", 3600000 },
		{ "hour", 3600000 }, { "d", DAY_MS }, { "day", DAY_MS },
	};
	struct str	rest = str_of(text), number, unit;
	uint64_t	n;
	size_t		len = strspn(text, "0123456789");

	if (rest.len < 4 || strcmp(text + rest.len - 4, " ago") != 0)
		return false;
	number = str_make(text, len);
	unit = str_trim(str_make(text + len, rest.len - 4 - len));
	if (unit.len > 3 && unit.s[unit.len - 1] == 's')	/* "minutes" */
		unit.len--;
	if (str_u64(number, &n) < 0 || n > 100000000)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (str_eq(unit, str_of(units[i].word))) {
			*ms = now_ms - (int64_t)n * units[i].ms;
			return true;
		}
	return false;
}

bool
when_parse(const char *text, int64_t now_ms, int64_t *ms)
{
	int64_t	midnight_ms = now_ms - now_ms % DAY_MS;

	if (strcmp(text, "now") == 0)
		*ms = now_ms;
	else if (strcmp(text, "today") == 0)
		*ms = midnight_ms;
	else if (strcmp(text, "yesterday") == 0)
		*ms = midnight_ms - DAY_MS;
	else
		return date_parse(text, ms) || clock_parse(text, now_ms, ms) ||
		    ago_parse(text, now_ms, ms);
	return true;
}

/* ---- the line's options ---- */

static bool
moment(const struct line *l, const char *name, int64_t *ms)
{
	const char	*typed = line_option(l, name);

	if (typed == NULL || when_parse(typed, wall_ms(), ms))
		return true;
	say("--%s wants a time like 14:00, \"10 min ago\" or 2026-11-28T14:00:00Z, "
	    "not \"%s\"", name, typed);
	return false;
}

bool
span_read(const struct line *l, struct span *s)
{
	const char	*last = line_option(l, "last");
	int64_t		 ms;

	*s = (struct span){ 0, INT64_MAX };
	if (!moment(l, "since", &s->since_ms) || !moment(l, "until", &s->until_ms))
		return false;
	if (last == NULL)
		return true;
	if (duration_parse(str_of(last), &ms) < 0) {
		say("--last wants a time like 15m, not \"%s\"", last);
		return false;
	}
	if (wall_ms() - ms > s->since_ms)
		s->since_ms = wall_ms() - ms;
	return true;
}

bool
span_has(const struct span *s, int64_t ms)
{
	return ms >= s->since_ms && ms <= s->until_ms;
}
