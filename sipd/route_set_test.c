/* route_set_test - Route sets from an INVITE and its 2xx, and how they are kept. */
#define HOST	"127.0.79.1"
#define PHONES	"127.0.79.2"
#include "sipd/proxy_test.h"

#include "sipd/cookie.h"
#include "sipd/remotes.h"
#include "sipd/route_set.h"

static struct route_texts	buf;
static struct sip_msg		msg;
static char			text[8192];

#define HEAD	"Via: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: <sip:a@h>;tag=a\r\n" \
	"Call-ID: c\r\nCSeq: 1 INVITE\r\n"
#define INVITE	"INVITE sip:b@h SIP/2.0\r\nTo: <sip:b@h>\r\n" HEAD
#define ANSWER	"SIP/2.0 200 OK\r\nTo: <sip:b@h>;tag=b\r\n" HEAD

static const struct sip_msg *
parsed(const char *s)
{
	assert_int_equal(sip_parse(&msg, str_of(s)), 0);
	return &msg;
}

static void
same(struct str got, const char *expected)
{
	if (!str_eq(got, str_of(expected)))
		fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(got), expected);
}

/* RFC 3261 section 12.1.1: the order of the request; parameters and all. */
static const struct {
	const char	*headers, *contact, *route;
} invites[] = {
	{ "Contact: \"A\" <sip:a@10.0.0.1;ob>;expires=3\r\n", "sip:a@10.0.0.1;ob", "" },
	{ "Contact: sip:a@10.0.0.1;x=y\r\n", "sip:a@10.0.0.1", "" },
	{ "Contact: *\r\n", "", "" },
	{ "", "", "" },
	{ "Record-Route: <sip:p2;lr>, <sip:p1;lr>;q=1\r\nRecord-Route: <sip:p0>\r\n"
	  "Contact: <sip:a@h>\r\n", "sip:a@h", "<sip:p2;lr>, <sip:p1;lr>;q=1, <sip:p0>" },
};

static void
of_the_caller(void **state)
{
	for (size_t i = 0; i < sizeof(invites) / sizeof(invites[0]); i++) {
		struct remote	r = { .by_flow = true };

		snprintf(text, sizeof(text), INVITE "%s\r\n", invites[i].headers);
		route_set_caller(parsed(text), &buf, &r);
		same(r.contact, invites[i].contact);
		same(r.route, invites[i].route);
	}
}

/* A Record-Route of ours, from side 1 to side 2 of this dialog; call_id "": of another. */
static const char *
ours(unsigned from, unsigned to, const char *call_id, bool by_flow)
{
	static char	 value[4][COOKIE_TEXT_MAX + 64];
	static unsigned	 turn;
	char		 cookie[COOKIE_TEXT_MAX];
	char		*out = value[turn++ % 4];
	struct cookie	 c = { .caller_by_flow = by_flow, .callee_by_flow = true };

	c.caller = (struct hop){ TRANSPORT_UDP, house_addr(from == 1 ? ONE : TWO), { .len = 0 }, 0 };
	c.callee = (struct hop){ TRANSPORT_UDP, house_addr(to == 1 ? ONE : TWO), { .len = 0 }, 0 };
	snprintf(out, sizeof(value[0]), "<sip:us;lr;c=%.*s>",
	    (int)cookie_make(&c, str_of(call_id), STR("a"), cookie), cookie);
	return out;
}

static void
check_answer(const char *record_route, const char *route, bool caller_by_flow)
{
	struct hop	from = { TRANSPORT_UDP, house_addr(ONE), { .len = 0 }, 0 };
	struct hop	to = { TRANSPORT_UDP, house_addr(TWO), { .len = 0 }, 0 };
	struct remote	near = { .by_flow = false }, far;

	snprintf(text, sizeof(text), ANSWER "Contact: <sip:b@h>\r\n%s\r\n", record_route);
	route_set_callee(parsed(text), &from, &to, &buf, &near, &far);
	same(far.contact, "sip:b@h");
	same(far.route, route);
	assert_int_equal(near.by_flow, caller_by_flow);
	assert_true(far.by_flow);
}

/* Section 12.1.2: what is above ours, the last first. A spiral has others of ours. */
static void
of_the_callee(void **state)
{
	char		 rr[2048], route[1024];
	const char	*inner;

	snprintf(rr, sizeof(rr), "Record-Route: %s\r\n", ours(1, 2, "c", false));
	check_answer(rr, "", false);
	snprintf(rr, sizeof(rr), "Record-Route: <sip:p4;lr>,<sip:p3;lr>;x\r\n"
	    "Record-Route: %s, <sip:p1;lr>\r\n", ours(1, 2, "c", true));
	check_answer(rr, "<sip:p3;lr>;x, <sip:p4;lr>", true);
	/* twice: the sides differ (RFC 5658) */
	snprintf(rr, sizeof(rr), "Record-Route: <sip:p3;lr>, %s, %s\r\n",
	    ours(1, 2, "c", false), ours(1, 2, "c", false));
	check_answer(rr, "<sip:p3;lr>", false);
	/* a spiral: the other one leads from here to ourselves */
	inner = ours(2, 1, "c", true);
	snprintf(rr, sizeof(rr), "Record-Route: <sip:p3;lr>, %s, %s\r\n", inner,
	    ours(1, 2, "c", false));
	snprintf(route, sizeof(route), "%s, <sip:p3;lr>", inner);
	check_answer(rr, route, false);
	/* S14: of another dialog, or none at all: by the hops, as they are reached */
	snprintf(rr, sizeof(rr), "Record-Route: <sip:p3;lr>, %s\r\n",
	    ours(1, 2, "other", false));
	check_answer(rr, "", true);
	check_answer("", "", true);
	check_answer("Record-Route: <sip:p3;lr>\r\n", "", true);
}

/* ---- the table ---- */

static struct call *
call_of(const char *call_id)
{
	struct call_facts	 f = { .call_id = str_of(call_id), .caller_tag = STR("a"),
				    .callee_tag = STR("b") };
	struct call		*k;

	assert_int_equal(call_begin(calls_of(0), &f, &k), 0);
	return k;
}

static void
kept(void **state)
{
	struct call	*k = call_of("kept");
	struct remote	 r;

	assert_int_equal(remotes_open(), 0);
	assert_false(remotes_read(k, true, &r));
	remotes_put(k, &(struct remote){ STR("sip:a@1"), STR_NONE, true },
	    &(struct remote){ STR("sip:b@2"), STR("<sip:p;lr>, <sip:q>"), false });
	assert_true(remotes_read(k, true, &r));
	same(r.contact, "sip:a@1");
	same(r.route, "");
	assert_true(r.by_flow);
	assert_true(remotes_read(k, false, &r));
	same(r.contact, "sip:b@2");
	same(r.route, "<sip:p;lr>, <sip:q>");
	assert_false(r.by_flow);
	remotes_moved(k, true, STR("sip:a@3"));
	remotes_moved(k, false, STR_NONE);
	assert_true(remotes_read(k, true, &r));
	same(r.contact, "sip:a@3");
	assert_true(remotes_read(k, false, &r));
	same(r.contact, "sip:b@2");
	remotes_sent(k, true, 7);
	remotes_sent(k, true, 5);
	assert_int_equal(remotes_cseq(k, true), 7);
	assert_int_equal(remotes_cseq(k, false), 0);
	/* The next call in its place knows nothing of it. */
	call_end(calls_of(0), k);
	assert_ptr_equal(call_of("next"), k);
	assert_false(remotes_read(k, true, &r));
	assert_int_equal(remotes_cseq(k, true), 0);
	remotes_close();
}

/* The lengths at which the text moves to the other table, and where there is no room. */
static void
lengths(void **state)
{
	static const struct { size_t n; bool kept; } rows[] = {
		{ 0, true }, { 233, true }, { 234, true }, { 1000, true },
		{ REMOTES_TEXT_MAX - 3, true }, { REMOTES_TEXT_MAX - 2, false },
	};
	static char	 route[REMOTES_TEXT_MAX];
	struct remote	 none = { .by_flow = true }, r;
	struct stats	 before, after;

	memset(route, 'x', sizeof(route));
	assert_int_equal(remotes_open(), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct call	*k = call_of("lengths");

		stats_sum(&before);
		remotes_put(k, &none, &(struct remote){ .route = str_make(route, rows[i].n) });
		stats_sum(&after);
		assert_int_equal(after.remotes_too_long - before.remotes_too_long,
		    !rows[i].kept);
		assert_int_equal(remotes_read(k, false, &r), rows[i].kept);
		if (rows[i].kept)
			assert_int_equal(r.route.len, rows[i].n);
	}
	fdstore_remove("remote-targets");
	fdstore_remove("route-sets");
	remotes_close();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(of_the_caller, setup, teardown),
		cmocka_unit_test_setup_teardown(of_the_callee, setup, teardown),
		cmocka_unit_test_setup_teardown(kept, setup, teardown),
		cmocka_unit_test_setup_teardown(lengths, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
