#include "common/dns_cache.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "common/stats.h"

static struct dns_cache	*cache;

static int
setup(void **state)
{
	cache = dns_cache_new();
	return 0;
}

static int
teardown(void **state)
{
	dns_cache_free(cache);
	return 0;
}

static struct mono
at_ms(int64_t ms)
{
	return mono_add_ms((struct mono){ 1 }, ms);
}

/* One SRV record, or none at all, for that many seconds. */
static void
put(struct dns_entry *e, const char *name, uint32_t ttl)
{
	char			text[64];
	struct dns_answer	a = { .ttl = ttl, .none = name == NULL };

	if (name != NULL) {
		snprintf(text, sizeof(text), "%s", name);
		a.n = 1;
		a.v[0] = (struct dns_record){ .name = str_of(text), .port = 5070 };
	}
	dns_cache_put(cache, e, &a, at_ms(0));
	memset(text, 'x', sizeof(text));	/* it keeps a copy */
}

/* Good for its time, then only when nobody answers, and after a day not at all. */
static void
ages(void **state)
{
	struct dns_entry	*e = dns_cache_entry(cache, DNS_SRV, STR("a.test"));
	const struct dns_set	*set = NULL;

	assert_int_equal(dns_cache_look(e, at_ms(0), &set), -EINPROGRESS);
	put(e, "one.a.test", 10);
	assert_int_equal(dns_cache_look(e, at_ms(9999), &set), 0);
	assert_true(set->n == 1 && set->v[0].port == 5070 && !set->none);
	assert_true(str_eq(set->v[0].name, STR("one.a.test")));
	assert_int_equal(dns_cache_look(e, at_ms(10000), &set), -EINPROGRESS);
	e->hold = at_ms(40000);		/* no server answered */
	e->error = -ETIMEDOUT;
	assert_int_equal(dns_cache_look(e, at_ms(20000), &set), 0);
	assert_int_equal(set->n, 1);
	assert_int_equal(dns_cache_look(e, at_ms(40000), &set), -EINPROGRESS);
	assert_non_null(dns_cache_stale(e, at_ms(10000 + DNS_STALE_MS - 1)));
	assert_null(dns_cache_stale(e, at_ms(10000 + DNS_STALE_MS)));
	e->hold = at_ms(20000 + DNS_STALE_MS);
	assert_int_equal(dns_cache_look(e, at_ms(10000 + DNS_STALE_MS), &set),
	    -ETIMEDOUT);
	put(e, NULL, 1);		/* an answer ends the hold */
	assert_int_equal(dns_cache_look(e, at_ms(0), &set), 0);
	assert_true(set->none && set->n == 0);
}

/* The question is type and name. */
static void
finds(void **state)
{
	struct dns_entry	*e = dns_cache_entry(cache, DNS_A, STR("a.test"));

	assert_ptr_equal(dns_cache_entry(cache, DNS_A, STR("a.test")), e);
	assert_ptr_not_equal(dns_cache_entry(cache, DNS_AAAA, STR("a.test")), e);
	assert_ptr_not_equal(dns_cache_entry(cache, DNS_A, STR("a.tes")), e);
	assert_true(str_eq(dns_entry_name(e), STR("a.test")));
}

static struct dns_entry *
numbered(unsigned i)
{
	char	name[32];

	snprintf(name, sizeof(name), "%u.test", i);
	return dns_cache_entry(cache, DNS_A, str_of(name));
}

/* The least used goes; not one that somebody waits for, not even for a new one. */
static void
bounds(void **state)
{
	uint64_t		 evicted = stats->dns_evicted;
	struct dns_entry	*first = numbered(0), *e;

	for (unsigned i = 1; i < DNS_ENTRIES_MAX; i++)
		put(numbered(i), "x", 60);
	put(first, "kept", 60);
	assert_ptr_equal(numbered(0), first);	/* used: not the oldest any more */
	assert_non_null(numbered(DNS_ENTRIES_MAX));
	assert_int_equal(stats->dns_evicted, evicted + 1);
	assert_ptr_equal(numbered(0), first);
	assert_non_null(first->set);
	assert_null(numbered(1)->set);		/* it went, and is a new one */
	for (e = dns_cache_next(cache, NULL); e != NULL; e = dns_cache_next(cache, e))
		e->asking = true;
	assert_null(numbered(DNS_ENTRIES_MAX + 1));
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = { T(ages), T(finds), T(bounds) };
#undef T

	stats_thread();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
