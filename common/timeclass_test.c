/*
 * Time zones against the C library's, time classes at the edges: midnight, weekends,
 * the hours that a clock leaves out and has twice.
 */
#include "common/timeclass.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "common/conf.h"
#include "common/zone.h"

/* "2026-03-29 01:00" UTC */
static int64_t
at(const char *text)
{
	int	y, m, d, h, min;

	assert_int_equal(sscanf(text, "%d-%d-%d %d:%d", &y, &m, &d, &h, &min), 5);
	return zone_days(y, (unsigned)m, (unsigned)d) * 86400 + h * 3600 + min * 60;
}

/* A file without a table, only with a rule. */
static struct zone *
zone_by_rule(const char *rule)
{
	char		buf[512];
	struct zone	*z;
	size_t		n = 0;

	for (int version = 0; version < 2; version++) {
		memset(buf + n, 0, 44 + 6 + 4);
		memcpy(buf + n, "TZif2", 5);
		buf[n + 39] = 1;		/* types */
		buf[n + 43] = 4;		/* characters */
		n += 44 + 6 + 4;
	}
	n += (size_t)snprintf(buf + n, sizeof(buf) - n, "\n%s\n", rule);
	assert_int_equal(zone_parse(&z, str_make(buf, n)), 0);
	return z;
}

static void
test_rules(void **state)
{
	static const struct {
		const char	*rule, *at, *next;	/* next "": never */
		int		 offset;
	} cases[] = {
		{ "CET-1CEST,M3.5.0,M10.5.0/3", "2050-03-27 00:59", "2050-03-27 01:00", 3600 },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", "2050-03-27 01:00", "2050-10-30 01:00", 7200 },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", "2050-12-31 23:59", "2051-03-26 01:00", 3600 },
		{ "EST5EDT,M3.2.0,M11.1.0", "2050-07-01 00:00", "2050-11-06 06:00", -14400 },
		/* The southern summer goes over the new year. */
		{ "AEST-10AEDT,M10.1.0,M4.1.0/3", "2050-01-01 00:00", "2050-04-02 16:00", 39600 },
		{ "<+0545>-5:45", "2050-01-01 00:00", "", 20700 },
		{ "UTC0", "2050-01-01 00:00", "", 0 },
		/* Not understood: the last offset stays. */
		{ "CET-1CEST,J60,J300", "2050-07-01 00:00", "", 0 },
		{ "", "2050-07-01 00:00", "", 0 }, { "CET", "2050-07-01 00:00", "", 0 },
	};
	int64_t	next;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct zone	*z = zone_by_rule(cases[i].rule);
		int		 offset = zone_offset(z, at(cases[i].at), &next);

		if (offset != cases[i].offset ||
		    next != (cases[i].next[0] != '\0' ? at(cases[i].next) : INT64_MAX))
			fail_msg("%s at %s: %d, %lld", cases[i].rule, cases[i].at, offset,
			    (long long)next);
		zone_free(z);
	}
}

/* The C library knows better: a hundred years of some places, hour by hour at random. */
static void
test_system_zones(void **state)
{
	static const char *const	names[] = { "Europe/Berlin", "America/New_York",
	    "Australia/Lord_Howe", "Asia/Kathmandu", "America/Sao_Paulo" };
	struct zone	*z;
	struct tm	 tm;
	unsigned	 seed = 1;
	time_t		 t;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (zone_open(&z, str_of(names[i])) < 0)
			skip();
		setenv("TZ", names[i], 1);
		tzset();
		for (int n = 0; n < 20000; n++) {
			t = (time_t)((uint32_t)rand_r(&seed) % 900000 * 3600ll +
			    rand_r(&seed) % 3600);
			localtime_r(&t, &tm);
			if (tm.tm_gmtoff != zone_offset(z, t, NULL))
				fail_msg("%s at %lld", names[i], (long long)t);
		}
		zone_free(z);
	}
	setenv("TZ", "UTC", 1);
	tzset();
	assert_int_equal(zone_open(&z, STR("Europe/Berlln")), -ENOENT);
	assert_int_equal(zone_open(&z, STR("../../../etc/passwd")), -ENOENT);
	assert_int_equal(zone_open(&z, STR("Europe")), -ENOENT);
	assert_int_equal(zone_open(&z, STR("")), -ENOENT);
}

static void
test_bad_files(void **state)
{
	static char	 buf[4096];
	struct zone	*z;
	unsigned	 seed = 3;

	assert_int_equal(zone_parse(&z, STR("TZif2")), -EBADMSG);
	for (int n = 0; n < 20000; n++) {
		memset(buf, 0, sizeof(buf));
		for (int k = 0; k < 200; k++)
			buf[rand_r(&seed) % 400] = (char)(rand_r(&seed) % 6);
		memcpy(buf, "TZif2", 5);
		if (zone_parse(&z, str_make(buf, (size_t)rand_r(&seed) %
		    sizeof(buf))) == 0)
			zone_free(z);
	}
}

static struct timeclasses *
build(const char *lines, struct settings *s, struct conf **c)
{
	char			text[1024];
	struct complaints	out = { 0 };
	struct timeclasses	*t;

	snprintf(text, sizeof(text), "domain a.b\nlisten udp:127.0.0.1:5060\n%s", lines);
	*c = conf_parse("sip.conf", str_of(text), &out);
	assert_non_null(*c);
	*s = (struct settings){ .generation = 0 };
	for (size_t i = 2; i < (*c)->nnodes; i++) {
		struct set_line	*l;

		s->time_classes.v = xrealloc(s->time_classes.v, i, sizeof(*l));
		l = &s->time_classes.v[s->time_classes.n++];
		*l = (struct set_line){ .line = (*c)->nodes[i].line };
		l->v = xcalloc((*c)->nodes[i].nvalues, sizeof(*l->v));
		for (; l->n < (*c)->nodes[i].nvalues; l->n++)
			l->v[l->n] = (struct set_word_at){ (*c)->nodes[i].values[l->n].text };
	}
	t = timeclasses_build(s, &out);
	if (t == NULL)
		fail_msg("%s", out.v[0].text);
	return t;
}

static void
finish(struct timeclasses *t, struct settings *s, struct conf *c)
{
	timeclasses_free(t);
	for (size_t i = 0; i < s->time_classes.n; i++)
		free(s->time_classes.v[i].v);
	free(s->time_classes.v);
	conf_free(c);
}

static void
test_classes(void **state)
{
#define OFFICE	"time-class x mon-fri 08:00-18:00"
#define BERLIN	" zone Europe/Berlin"
	static const struct {
		const char	*lines, *at;
		bool		 holds;
		const char	*until;
	} cases[] = {
		/* 2026-03-27 is a Friday. */
		{ OFFICE, "2026-03-27 08:00", true, "2026-03-27 18:00" },
		{ OFFICE, "2026-03-27 07:59", false, "2026-03-27 08:00" },
		{ OFFICE, "2026-03-27 18:00", false, "2026-03-30 08:00" },
		{ OFFICE "\ntime-class X sat 10:00-12:00", "2026-03-27 18:00", false,
		    "2026-03-28 10:00" },
		{ OFFICE "\ntime-class x fri 18:00-19:00", "2026-03-27 17:00", true,
		    "2026-03-27 19:00" },
		{ "time-class x", "2026-03-27 18:00", true, "2026-04-04 18:00" },
		{ "time-class x sat-sun", "2026-03-27 18:00", false, "2026-03-28 00:00" },
		{ "time-class x sat,wed-thu", "2026-03-28 18:00", true, "2026-03-29 00:00" },
		{ "time-class x sun-mon", "2026-03-30 18:00", true, "2026-03-31 00:00" },
		/* Over midnight: the night that begins on a Friday. */
		{ "time-class x fri 22:00-06:00", "2026-03-28 05:00", true, "2026-03-28 06:00" },
		{ "time-class x fri 22:00-06:00", "2026-03-29 05:00", false, "2026-04-03 22:00" },
		{ "time-class x 00:00-24:00", "2026-03-28 05:00", true, "2026-04-05 05:00" },
		{ "time-class x 2026-12-24..2026-12-26", "2026-12-23 23:00", false,
		    "2026-12-24 00:00" },
		{ "time-class x 2026-12-24..2026-12-26", "2026-12-26 23:00", true,
		    "2026-12-27 00:00" },
		{ "time-class x 2026-12-24 12:00-14:00", "2026-12-24 15:00", false,
		    "2027-01-01 15:00" },
		/* Clocks go on at 01:00 UTC on 2026-03-29, back on 2026-10-25. */
		{ OFFICE BERLIN, "2026-03-27 17:00", false, "2026-03-30 06:00" },
		{ OFFICE BERLIN, "2026-10-23 16:00", false, "2026-10-26 07:00" },
		{ "time-class x 02:30-04:00" BERLIN, "2026-03-29 00:50", false,
		    "2026-03-29 01:00" },		/* 02:30 is left out: from 03:00 */
		{ "time-class x 02:30-04:00" BERLIN, "2026-03-29 01:00", true,
		    "2026-03-29 02:00" },
		{ "time-class x 02:10-02:50" BERLIN, "2026-03-29 00:50", false,
		    "2026-03-30 00:10" },		/* not at all on that day */
		{ "time-class x 02:10-02:50" BERLIN, "2026-10-25 00:00", false,
		    "2026-10-25 00:10" },		/* twice: first by summer time */
		{ "time-class x 02:10-02:50" BERLIN, "2026-10-25 00:50", false,
		    "2026-10-25 01:10" },
		{ "time-class x 02:10-02:50" BERLIN, "2026-10-25 01:10", true,
		    "2026-10-25 01:50" },
		{ "time-class x 02:30-04:00" BERLIN, "2026-10-25 00:30", true,
		    "2026-10-25 01:00" },		/* back to 02:00 */
		{ "time-class x 01:00-05:00" BERLIN, "2026-10-24 23:00", true,
		    "2026-10-25 04:00" },		/* five hours long */
		{ "time-class x sun" BERLIN, "2026-03-29 12:00", true, "2026-03-29 22:00" },
	};
	struct settings	s;
	struct conf	*c;
	struct zone	*berlin;
	int64_t		until, again;

	if (zone_open(&berlin, STR("Europe/Berlin")) < 0)
		skip();
	zone_free(berlin);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct timeclasses	*t = build(cases[i].lines, &s, &c);
		struct timeclass	*x = timeclass_find(t, STR("x"));

		if (timeclass_holds(x, at(cases[i].at), &until) != cases[i].holds ||
		    until != at(cases[i].until))
			fail_msg("%s at %s: until %lld, %lld too late", cases[i].lines,
			    cases[i].at, (long long)until,
			    (long long)(until - at(cases[i].until)));
		/* What is remembered is the same, up to the edge. */
		assert_int_equal(timeclass_holds(x, until - 1, &again), cases[i].holds);
		assert_int_equal(again, until);
		finish(t, &s, c);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_system_zones),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
