/*
 * nets_fuzz - lists of networks. The input is up to four lists, "a" to "d", with a
 * line of dashes between them, an entry a line; addresses and names are asked for.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/nets.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what)	do { if (!(what)) abort(); } while (0)

static struct set_nets	lists[4];

static struct set_nets *
find(void *arg, struct str name)
{
	return name.len == 1 && (name.s[0] | 0x20) >= 'a' &&
	    (name.s[0] | 0x20) <= 'd' ? &lists[(name.s[0] | 0x20) - 'a'] : NULL;
}

static void
check_spans(const struct net_spans *s)
{
	for (size_t i = 0; i < s->n; i++) {
		MUST(memcmp(s->v[i].first, s->v[i].last, 17) <= 0);
		MUST(i == 0 || memcmp(s->v[i - 1].last, s->v[i].first, 17) < 0);
	}
}

static void
ask(const struct set_nets *n)
{
	static const char *const	from[] = { "10.0.0.1", "192.0.2.7", "::1",
	    "2001:db8::1", "::ffff:10.0.0.1", "255.255.255.255" };
	struct addr			a;

	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
		MUST(addr_parse(&a, str_of(from[i]), 0) == 0);
		/* Who is in without a name is in by no better reason with one. */
		if (nets_have(n, &a) && !nets_want_name(n))
			MUST(nets_have_named(n, &a, STR("a.b")));
		nets_have_named(n, &a, STR("aaaaaaaaaaaaaaaaaaaaaaaab"));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char			*copy = malloc(size > 0 ? size : 1);
	const struct net_entry	*bad;
	const char		*why;
	struct str		 rest, line;
	unsigned		 at = 0;

	MUST(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	rest = str_make(copy, size);
	while (at < 4 && str_cut(&rest, '\n', &line))
		if (str_eq(line, STR("--")))
			at++;
		else if (at < 4)
			nets_add(&lists[at], line, &why);
	for (unsigned i = 0; i < 4; i++) {
		nets_resolve(&lists[i], find, NULL, &bad);
		check_spans(&lists[i].yes);
		check_spans(&lists[i].no);
	}
	for (unsigned i = 0; i < 4; i++)
		ask(&lists[i]);
	for (unsigned i = 0; i < 4; i++)
		nets_fini(&lists[i]);
	free(copy);
	return 0;
}
