/* learn_test - who is believed, in which order, and that nobody moves it later. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mediad/learn.h"

#define WINDOW	3000

static struct addr
at(const char *text)
{
	struct addr	a = { .len = 0 };

	if (text[0] != '\0' && addr_parse_port(&a, str_of(text)) < 0)
		fail_msg("%s", text);
	return a;
}

static struct mono
ms(int64_t t)
{
	return (struct mono){ t * 1000000 };
}

static struct learn
signalled(const char *where, const char *friend)
{
	struct learn	l = { 0 };
	struct addr	s = at(where), f = at(friend);

	addr_set_port(&f, 0);
	learn_signal(&l, &s, &f, ms(0), WINDOW);
	return l;
}

#define PUBLIC	"192.0.2.1:4000"
#define PRIVATE	"10.0.0.5:4000"
#define NATHOST	"198.51.100.7:5060"
#define BAD	"203.0.113.66:7000"

/* One packet after the other: v passes or drops; then where the answer goes. */
struct step {
	int		 t;
	const char	*from;
	bool		 pass;
	const char	*target;	/* after it; "" none */
};

static void
run(struct learn *l, const struct step *s)
{
	char	buf[ADDR_TEXT_MAX];

	for (; s->from != NULL; s++) {
		struct addr		 from = at(s->from), want = at(s->target);
		enum learn_verdict	 v = learn_packet(l, &from, ms(s->t));
		const struct addr	*to = learn_target(l);

		if ((v != LEARN_DROP) != s->pass)
			fail_msg("at %d from %s: %d", s->t, s->from, v);
		if ((to == NULL) != (want.len == 0) ||
		    (to != NULL && !addr_eq(to, &want)))
			fail_msg("at %d from %s: goes to %.*s", s->t, s->from,
			    STR_ARG(to != NULL ? addr_print(to, buf) : STR("none")));
	}
}

#define RUN(name, where, friend, ...)					\
	static void							\
	name(void **state)						\
	{								\
		struct learn l = signalled(where, friend);		\
		run(&l, (const struct step[]){ __VA_ARGS__, { 0 } });	\
	}

/* The signalled address is locked with its first packet, for good. */
RUN(test_exact, PUBLIC, PUBLIC,
    { 10, BAD, false, PUBLIC },
    { 20, PUBLIC, true, PUBLIC },
    { 30, "192.0.2.1:4444", false, PUBLIC },
    { 40, BAD, false, PUBLIC },
    { 9000, "192.0.2.1:4444", false, PUBLIC },
    { 9010, PUBLIC, true, PUBLIC })

/* S37: a stranger gets nothing where the address is known, however long. */
RUN(test_stranger_known, PUBLIC, PUBLIC,
    { 1, BAD, false, PUBLIC }, { 2, BAD, false, PUBLIC },
    { 3, BAD, false, PUBLIC }, { 4, BAD, false, PUBLIC },
    { 5, BAD, false, PUBLIC }, { 6, BAD, false, PUBLIC },
    { 7, BAD, false, PUBLIC }, { 4000, BAD, false, PUBLIC })

/* The same host from another port: taken, and the signalled port displaces it. */
RUN(test_other_port, PUBLIC, PUBLIC,
    { 1, "192.0.2.1:5555", true, "192.0.2.1:5555" },
    { 2, PUBLIC, true, PUBLIC },
    { 3, "192.0.2.1:5555", false, PUBLIC })

/* Behind a NAT: the host of the signalling, at once. */
RUN(test_nat, PRIVATE, NATHOST,
    { 1, "198.51.100.7:61000", true, "198.51.100.7:61000" },
    { 2, "198.51.100.7:61000", true, "198.51.100.7:61000" },
    { 3, BAD, false, "198.51.100.7:61000" },
    { 4000, "198.51.100.7:61000", true, "198.51.100.7:61000" },
    { 4010, BAD, false, "198.51.100.7:61000" },
    { 4020, "198.51.100.7:61001", false, "198.51.100.7:61000" })

/* Nobody is heard in the window but the right host, however steady. */
RUN(test_stranger_nat, PRIVATE, NATHOST,
    { 1, BAD, false, PRIVATE }, { 2, BAD, false, PRIVATE },
    { 3, BAD, false, PRIVATE }, { 4, BAD, false, PRIVATE },
    { 5, BAD, false, PRIVATE }, { 6, BAD, false, PRIVATE },
    { 7, "198.51.100.7:61000", true, "198.51.100.7:61000" },
    { 8, BAD, false, "198.51.100.7:61000" })
/* Then who was steady; and the right host displaces even that one, for good. */
RUN(test_stranger_steady, PRIVATE, NATHOST,
    { 1, BAD, false, PRIVATE }, { 2, BAD, false, PRIVATE },
    { 3, BAD, false, PRIVATE }, { 4, BAD, false, PRIVATE },
    { 5, BAD, false, PRIVATE },
    { 4000, "203.0.113.9:9", false, PRIVATE },
    { 4000, BAD, true, BAD }, { 4001, BAD, true, BAD },
    { 9000, "198.51.100.7:61000", true, "198.51.100.7:61000" },
    { 9001, BAD, false, "198.51.100.7:61000" })
RUN(test_stranger_late, PRIVATE, NATHOST,
    { 2999, BAD, false, PRIVATE }, { 3000, BAD, false, PRIVATE },
    { 3001, BAD, false, PRIVATE }, { 3002, BAD, false, PRIVATE },
    { 3003, BAD, false, PRIVATE }, { 3004, BAD, false, PRIVATE },
    { 3005, BAD, false, PRIVATE },
    { 3006, "198.51.100.7:61000", true, "198.51.100.7:61000" })
/* One stray packet does not keep out the phone that goes on. */
RUN(test_stray, PRIVATE, NATHOST,
    { 1, BAD, false, PRIVATE },
    { 2, "203.0.113.9:9", false, PRIVATE }, { 3, "203.0.113.9:9", false, PRIVATE },
    { 4, "203.0.113.9:9", false, PRIVATE }, { 5, "203.0.113.9:9", false, PRIVATE },
    { 6, "203.0.113.9:9", false, PRIVATE }, { 7, BAD, false, PRIVATE },
    { 8, "203.0.113.9:9", false, PRIVATE },
    { 3000, "203.0.113.9:9", true, "203.0.113.9:9" })
/* A forbidden address was signalled: only the signalling's host is heard. */
RUN(test_mute_until_friend, "", NATHOST,
    { 1, BAD, false, "" }, { 2, BAD, false, "" }, { 3, BAD, false, "" },
    { 4, BAD, false, "" }, { 5, BAD, false, "" }, { 6, BAD, false, "" },
    { 7, "198.51.100.7:61000", true, "198.51.100.7:61000" })

static void
test_again(void **state)
{
	struct learn	l = signalled(PRIVATE, NATHOST);
	struct addr	same = at(PRIVATE), friend = at("198.51.100.7:0");
	struct addr	moved = at("10.0.0.6:4000");

	run(&l, (const struct step[]){
	    { 1, "198.51.100.7:61000", true, "198.51.100.7:61000" },
	    { 4000, "198.51.100.7:61000", true, "198.51.100.7:61000" }, { 0 } });
	assert_int_equal(l.state, LEARN_LOCKED);
	/* A refresh: others on that host must outlast the one that is known. */
	learn_signal(&l, &same, &friend, ms(10000), WINDOW);
	run(&l, (const struct step[]){
	    { 10001, "198.51.100.7:61009", false, "198.51.100.7:61000" },
	    { 10002, BAD, false, "198.51.100.7:61000" },
	    { 10003, "198.51.100.7:61000", true, "198.51.100.7:61000" },
	    { 14000, "198.51.100.7:61000", true, "198.51.100.7:61000" },
	    { 14001, "198.51.100.7:61009", false, "198.51.100.7:61000" }, { 0 } });
	/* The NAT forgot: five packets and the old one silent. */
	learn_signal(&l, &same, &friend, ms(20000), WINDOW);
	run(&l, (const struct step[]){
	    { 20001, "198.51.100.7:62000", false, "198.51.100.7:61000" },
	    { 20002, "198.51.100.7:62000", false, "198.51.100.7:61000" },
	    { 20003, "198.51.100.7:62000", false, "198.51.100.7:61000" },
	    { 20004, "198.51.100.7:62000", false, "198.51.100.7:61000" },
	    { 20005, "198.51.100.7:62000", true, "198.51.100.7:62000" }, { 0 } });
	/* Another address: anew. */
	learn_signal(&l, &moved, &friend, ms(30000), WINDOW);
	assert_int_equal(l.state, LEARN_OPEN);
	run(&l, (const struct step[]){
	    { 30001, "198.51.100.7:62001", true, "198.51.100.7:62001" }, { 0 } });
}

/* Once a stranger is known, a refresh lets no other stranger in. */
static void
test_strangers_again(void **state)
{
	struct learn	l = signalled(PRIVATE, NATHOST);
	struct addr	same = at(PRIVATE), friend = at("198.51.100.7:0");
	const char	*first = "203.0.113.9:9";

	for (int i = 1; i <= 6; i++) {
		struct addr	from = at(first);

		learn_packet(&l, &from, ms(i == 6 ? WINDOW : i));
	}
	assert_int_equal(l.state, LEARN_LOCKED);
	learn_signal(&l, &same, &friend, ms(10000), WINDOW);
	run(&l, (const struct step[]){
	    { 10001, BAD, false, first }, { 10002, BAD, false, first },
	    { 10003, BAD, false, first }, { 10004, BAD, false, first },
	    { 10005, BAD, false, first }, { 10006, BAD, false, first },
	    { 10007, first, true, first }, { 0 } });
}

/* Row 152: signalling from one address of a NAT, media from another. */
static void
test_ranges(void **state)
{
	struct set_nets	ranges = { .n = 0 };
	struct learn	l = signalled(PRIVATE, NATHOST);

	assert_int_equal(nets_parse(&ranges, STR("198.51.100.0/29")), 0);
	learn_ranges(&ranges);
	run(&l, (const struct step[]){
	    { 1, "198.51.100.8:61000", false, PRIVATE },
	    { 2, "198.51.100.6:61000", true, "198.51.100.6:61000" }, { 0 } });
	learn_ranges(NULL);
	nets_fini(&ranges);
}

static void
test_hold(void **state)
{
	struct learn	l = signalled(PUBLIC, PUBLIC);

	l.mute = true;
	assert_null(learn_target(&l));
	run(&l, (const struct step[]){ { 1, PUBLIC, true, "" }, { 0 } });
	l.mute = false;
	assert_non_null(learn_target(&l));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_stranger_known),
		cmocka_unit_test(test_other_port),
		cmocka_unit_test(test_nat),
		cmocka_unit_test(test_stranger_nat),
		cmocka_unit_test(test_stranger_steady),
		cmocka_unit_test(test_stranger_late),
		cmocka_unit_test(test_stray),
		cmocka_unit_test(test_mute_until_friend),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_strangers_again),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
