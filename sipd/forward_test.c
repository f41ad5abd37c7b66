/*
 * What a message becomes on its way on, octet by octet. "BRANCH" and "COOKIE" stand
 * for what is signed: they are looked at by themselves.
 */
#define HOST	"127.0.23.1"
#include "sipd/house_test.h"

#include "sipd/forward.h"

#define CALLER	"127.0.21.2:5070"
#define CALLEE	"127.0.21.3:5080"
#define OURS	"Via: SIP/2.0/UDP " HOST_PORT ";branch=BRANCH\r\n"
#define REST	"From: <sip:a@far.test>;tag=a\r\nTo: <sip:b@example.com>\r\n" \
	"Call-ID: one@h\r\nCSeq: 7 INVITE\r\n"

static struct worker	*w;
static struct sip_msg	 m;

static int
nothing_starts(struct worker *worker)
{
	return 0;
}

static void
nothing(struct worker *worker)
{
}

static void
no_packet(struct worker *worker, const struct packet *p)
{
}

static void
no_failure(struct worker *worker, uint64_t token, int error)
{
}

static void
nothing_returns(struct worker *worker, struct str bytes, int error)
{
}

static void
no_flow(struct worker *worker, const struct hop *h)
{
}

static void
no_response(struct worker *worker, const struct hop *h, unsigned flags,
    struct str bytes)
{
}

static const struct upper hooks = {
	.start = nothing_starts, .stop = nothing, .packet = no_packet,
	.send_failed = no_failure, .returned = nothing_returns,
	.flow_closed = no_flow, .response_lost = no_response, .turn = nothing,
};

static int
setup(void **state)
{
	upper = &hooks;
	house_open("");
	w = worker_get(0);
	return 0;
}

static int
teardown(void **state)
{
	house_close();
	return 0;
}

static struct hop
hop(enum transport t, const char *remote)
{
	return (struct hop){ t, house_addr(remote), house_addr(HOST_PORT) };
}

static void
parse(const char *text)
{
	assert_int_equal(sip_parse(&m, str_of(text)), 0);
	assert_null(m.bad);
}

/* The value after `before` up to one of the octets in end becomes name. */
static void
mask(char *text, const char *before, const char *end, const char *name)
{
	char	*p = text, *q;
	size_t	 n = strlen(name);

	while ((p = strstr(p, before)) != NULL) {
		p += strlen(before);
		q = p + strcspn(p, end);
		memmove(p + n, q, strlen(q) + 1);
		memcpy(p, name, n);
	}
}

static struct forward
plain(const struct hop *from, enum transport t)
{
	return (struct forward){ .m = &m, .from = from, .to = hop(t, CALLEE),
	    .uri = STR("sip:b@" CALLEE) };
}

/* text forwarded by f is want; the original's branches are not masked. */
static void
expect(const struct forward *f, const char *want)
{
	char		out[4096], branch[BRANCH_LEN];
	struct text	t;

	text_init(&t, out, sizeof(out) - 1024);
	assert_int_equal(forward_write(w, f, &t, branch), 0);
	mask(out, HOST_PORT ";branch=", "\r", "BRANCH");
	mask(out, ";lr;c=", ">", "COOKIE");
	assert_string_equal(out, want);
}

#define REQUEST(headers, body)						\
	"INVITE sip:b@example.com SIP/2.0\r\n" headers REST body
#define FORWARDED(headers, body)					\
	"INVITE sip:b@" CALLEE " SIP/2.0\r\n" headers REST body

static void
test_requests(void **state)
{
	static const struct {
		const char	*in, *out;
		unsigned	 pop;
		const char	*route;
		const char	*body;
	} table[] = {
	/* Via, the URI, Max-Forwards, Content-Length: nothing else. */
	{ REQUEST("Via: SIP/2.0/UDP 127.0.21.2:5070;branch=z9hG4bK1\r\n",
	    "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"),
	  FORWARDED(OURS "Via: SIP/2.0/UDP 127.0.21.2:5070;branch=z9hG4bK1\r\n",
	    "Max-Forwards: 69\r\nMax-Breadth: 60\r\nContent-Length: 0\r\n\r\n") },
	/* rport asked for: both, RFC 3581. */
	{ REQUEST("Via: SIP/2.0/UDP phone;rport;branch=z9hG4bK1\r\n",
	    "Max-Forwards: 1\r\nContent-Length: 0\r\n\r\n"),
	  FORWARDED(OURS "Via: SIP/2.0/UDP phone;rport=5070;branch=z9hG4bK1"
	    ";received=127.0.21.2\r\n",
	    "Max-Forwards: 0\r\nMax-Breadth: 60\r\nContent-Length: 0\r\n\r\n") },
	/* Too many hops to go are cut to 70; none said: 70. */
	{ REQUEST("Via: SIP/2.0/UDP 127.0.21.2;branch=z9hG4bK1\r\n",
	    "Max-Forwards: 255\r\nContent-Length: 0\r\n\r\n"),
	  FORWARDED(OURS "Via: SIP/2.0/UDP 127.0.21.2;branch=z9hG4bK1\r\n",
	    "Max-Forwards: 70\r\nMax-Breadth: 60\r\nContent-Length: 0\r\n\r\n") },
	/* Blanks, order, case, compact names, folds, unknown headers: as they are. */
	{ REQUEST("v:  SIP / 2.0/UDP 127.0.21.2 ;branch=z9hG4bK1, SIP/2.0/TCP x\r\n"
	    "x-ODD :\tone\r\n  two \r\nmax-forwards: 010\r\n",
	    "Subject:\r\nl: 0\r\n\r\n"),
	  FORWARDED(OURS "v:  SIP / 2.0/UDP 127.0.21.2 ;branch=z9hG4bK1, SIP/2.0/TCP x\r\n"
	    "x-ODD :\tone\r\n  two \r\nmax-forwards: 9\r\n",
	    "Subject:\r\nMax-Breadth: 60\r\nl: 0\r\n\r\n") },
	/* Routes of ours go, those of others stay. */
	{ REQUEST("Via: SIP/2.0/UDP 127.0.21.2;branch=z9hG4bK1\r\n"
	    "Route: <sip:h;lr>\r\nRoute: <sip:h;lr>, <sip:other;lr>\r\n",
	    "Max-Forwards: 9\r\nContent-Length: 0\r\n\r\n"),
	  FORWARDED(OURS "Via: SIP/2.0/UDP 127.0.21.2;branch=z9hG4bK1\r\n"
	    "Route: <sip:other;lr>\r\n",
	    "Max-Forwards: 8\r\nMax-Breadth: 60\r\nContent-Length: 0\r\n\r\n"), .pop = 2 },
	{ REQUEST("Via: SIP/2.0/UDP 127.0.21.2;branch=z9hG4bK1\r\n"
	    "Route: <sip:h;lr>\r\n",
	    "Max-Forwards: 9\r\nContent-Length: 0\r\n\r\n"),
	  FORWARDED(OURS "Via: SIP/2.0/UDP 127.0.21.2;branch=z9hG4bK1\r\n",
	    "Max-Forwards: 8\r\nMax-Breadth: 60\r\nContent-Length: 0\r\n\r\n"), .pop = 1 },
	/* Credentials that were for us, and those for others. */
	{ REQUEST("Via: SIP/2.0/UDP 127.0.21.2;branch=z9hG4bK1\r\n"
	    "Proxy-Authorization: Digest realm=\"Example.com\", a=1\r\nX: y\r\n"
	    "Proxy-Authorization: Digest realm=\"other.test\"\r\n"
	    "Authorization: Digest\r\nAuthorization: Basic QTpC\r\n"
	    "authorization: digest\r\n realm=example.com\r\n",
	    "Max-Forwards: 9\r\nContent-Length: 0\r\n\r\n"),
	  FORWARDED(OURS "Via: SIP/2.0/UDP 127.0.21.2;branch=z9hG4bK1\r\nX: y\r\n"
	    "Proxy-Authorization: Digest realm=\"other.test\"\r\n"
	    "Authorization: Digest\r\nAuthorization: Basic QTpC\r\n",
	    "Max-Forwards: 8\r\nMax-Breadth: 60\r\nContent-Length: 0\r\n\r\n") },
	/* Another body, and the body as it is, NUL-free or not. */
	{ REQUEST("Via: SIP/2.0/UDP 127.0.21.2;branch=z9hG4bK1\r\n",
	    "Max-Forwards: 9\r\nContent-Length: 3\r\n\r\nold"),
	  FORWARDED(OURS "Via: SIP/2.0/UDP 127.0.21.2;branch=z9hG4bK1\r\n",
	    "Max-Forwards: 8\r\nMax-Breadth: 60\r\nContent-Length: 5\r\n\r\nnewer"), .body = "newer" },
	{ REQUEST("Via: SIP/2.0/UDP 127.0.21.2;branch=z9hG4bK1\r\n",
	    "Max-Forwards: 9\r\nContent-Length: 3\r\n\r\nold"),
	  FORWARDED(OURS "Via: SIP/2.0/UDP 127.0.21.2;branch=z9hG4bK1\r\n",
	    "Max-Forwards: 8\r\nMax-Breadth: 60\r\nContent-Length: 3\r\n\r\nold") },
	};
	struct hop	from = hop(TRANSPORT_UDP, CALLER);
	struct forward	f;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		parse(table[i].in);
		f = plain(&from, TRANSPORT_UDP);
		f.pop_routes = table[i].pop;
		f.new_body = table[i].body != NULL;
		f.body = str_of(table[i].body);
		expect(&f, table[i].out);
	}
}

#define ONE_VIA	"Via: SIP/2.0/UDP 127.0.21.2;branch=z9hG4bK1\r\n"
#define END	"Max-Forwards: 9\r\nContent-Length: 0\r\n\r\n"
#define END_8	"Max-Forwards: 8\r\nMax-Breadth: 60\r\nContent-Length: 0\r\n\r\n"

/* RFC 5393 section 5.3.3: its share, at most 60, and no second header. */
static void
test_max_breadth(void **state)
{
	static const struct {
		const char	*came;
		unsigned	 share;
		const char	*goes;
	} table[] = {
		{ "", 0, "60" }, { "", 7, "7" }, { "Max-Breadth: 9\r\n", 0, "9" },
		{ "Max-Breadth: 9\r\n", 3, "3" }, { "max-breadth: 61\r\n", 0, "60" },
		{ "Max-Breadth: many\r\n", 0, "60" },
	};
	struct hop	from = hop(TRANSPORT_UDP, CALLER);
	struct forward	f;
	char		in[1024], out[2048], branch[BRANCH_LEN], *p;
	struct text	t;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		snprintf(in, sizeof(in), REQUEST(ONE_VIA "%s", END), table[i].came);
		parse(in);
		f = plain(&from, TRANSPORT_UDP);
		f.breadth = table[i].share;
		text_init(&t, out, sizeof(out));
		assert_int_equal(forward_write(w, &f, &t, branch), 0);
		assert_non_null(p = strcasestr(out, "\r\nMax-Breadth: "));
		p += sizeof("\r\nMax-Breadth: ") - 1;
		assert_int_equal(atoi(p), atoi(table[i].goes));
		assert_null(strcasestr(p, "\r\nMax-Breadth: "));
	}
}

/* Path of the contact is put first, before any Route that stays. */
static void
test_path(void **state)
{
	struct hop	from = hop(TRANSPORT_UDP, CALLER);
	struct forward	f;
	char		out[2048], branch[BRANCH_LEN];
	struct text	t;
	const char	*path, *stays;

	parse(REQUEST(ONE_VIA "Route: <sip:h;lr>, <sip:other;lr>\r\n", END));
	f = plain(&from, TRANSPORT_UDP);
	f.pop_routes = 1;
	f.route = STR("<sip:edge;lr>, <sip:edge2;lr>");
	text_init(&t, out, sizeof(out));
	assert_int_equal(forward_write(w, &f, &t, branch), 0);
	path = strstr(out, "Route: <sip:edge;lr>, <sip:edge2;lr>");
	stays = strstr(out, "<sip:other;lr>");
	assert_true(path != NULL && stays != NULL && path < stays);
	assert_null(strstr(out, "<sip:h;lr>"));
}

/* One Record-Route where both sides are alike, two where they differ. */
static void
test_record_route(void **state)
{
	struct hop	udp = hop(TRANSPORT_UDP, CALLER), tcp = hop(TRANSPORT_TCP, CALLER);
	struct cookie	c = { .caller = udp, .callee = hop(TRANSPORT_UDP, CALLEE) };
	struct forward	f;

	parse(REQUEST(ONE_VIA "Record-Route: <sip:before;lr>\r\n", END));
	f = plain(&udp, TRANSPORT_UDP);
	f.cookie = &c;
	expect(&f, FORWARDED(OURS ONE_VIA
	    "Record-Route: <sip:" HOST_PORT ";lr;c=COOKIE>\r\n"
	    "Record-Route: <sip:before;lr>\r\n", END_8));
	/* The caller's side below, the callee's on top (RFC 5658 section 6). */
	f = plain(&tcp, TRANSPORT_UDP);
	f.cookie = &c;
	expect(&f, FORWARDED(OURS ONE_VIA
	    "Record-Route: <sip:" HOST_PORT ";lr;c=COOKIE>\r\n"
	    "Record-Route: <sip:" HOST_PORT ";transport=tcp;lr;c=COOKIE>\r\n"
	    "Record-Route: <sip:before;lr>\r\n", END_8));
}

/* To a stream each message says where it ends. */
static void
test_content_length_is_added(void **state)
{
	struct hop	from = hop(TRANSPORT_UDP, CALLER);
	struct forward	f;
	char		out[2048], branch[BRANCH_LEN];
	struct text	t;

	parse(REQUEST(ONE_VIA, "\r\nbody"));
	f = plain(&from, TRANSPORT_TCP);
	text_init(&t, out, sizeof(out));
	assert_int_equal(forward_write(w, &f, &t, branch), 0);
	assert_non_null(strstr(out, "Via: SIP/2.0/TCP " HOST_PORT));
	assert_non_null(strstr(out, "\r\nContent-Length: 4\r\n"));
	assert_non_null(strstr(out, "\r\nMax-Forwards: 70\r\n"));
	assert_non_null(strstr(out, "\r\n\r\nbody"));
}

static void
branch_of(const char *via, const char *uri, const char *to, char out[BRANCH_LEN + 1])
{
	char		text[1024], buf[4096];
	struct hop	from = hop(TRANSPORT_UDP, CALLER);
	struct forward	f;
	struct text	t;

	snprintf(text, sizeof(text), REQUEST("Via: SIP/2.0/UDP %s\r\n", END), via);
	parse(text);
	f = plain(&from, TRANSPORT_UDP);
	f.uri = str_of(uri);
	f.to = hop(TRANSPORT_UDP, to);
	text_init(&t, buf, sizeof(buf));
	assert_int_equal(forward_write(w, &f, &t, out), 0);
	out[BRANCH_LEN] = '\0';
}

/* The same for a repetition, another for another target or request. */
static void
test_branches(void **state)
{
	static const char *const other[][3] = {
		{ "h;branch=z9hG4bK2", "sip:b@x", CALLEE },
		{ "g;branch=z9hG4bK1", "sip:b@x", CALLEE },
		{ "h;branch=z9hG4bK1", "sip:c@x", CALLEE },
		{ "h;branch=z9hG4bK1", "sip:b@x", "127.0.21.3:5081" },
	};
	char	a[BRANCH_LEN + 1], b[BRANCH_LEN + 1], uri[2000];

	branch_of("h;branch=z9hG4bK1", "sip:b@x", CALLEE, a);
	branch_of("h;branch=z9hG4bK1", "sip:b@x", CALLEE, b);
	assert_string_equal(a, b);
	for (size_t i = 0; i < 4; i++) {
		branch_of(other[i][0], other[i][1], other[i][2], b);
		assert_string_not_equal(a, b);
	}
	/* Two long URIs that differ only at the end. */
	memset(uri, 'a', sizeof(uri));
	memcpy(uri, "sip:", 4);
	uri[1800] = '\0';
	branch_of("h;branch=z9hG4bK1", uri, CALLEE, a);
	uri[1799] = 'b';
	branch_of("h;branch=z9hG4bK1", uri, CALLEE, b);
	assert_string_not_equal(a, b);
}

#define RESPONSE(headers, end) "SIP/2.0 200 Alles gut\r\n" headers REST end

static void
test_responses(void **state)
{
	static const struct {
		const char	*in, *body, *out;
	} table[] = {
	{ RESPONSE("Via: SIP/2.0/UDP " HOST_PORT ";branch=z9hG4bKours\r\n"
	    "Via: SIP/2.0/UDP phone;rport=1;received=192.0.2.1\r\n", "l: 0\r\n\r\n"),
	  NULL, RESPONSE("Via: SIP/2.0/UDP phone;rport=1;received=192.0.2.1\r\n",
	    "l: 0\r\n\r\n") },
	/* Both values in one line. */
	{ RESPONSE("v: SIP/2.0/UDP " HOST_PORT ";branch=z9hG4bKours , SIP/2.0/TCP b\r\n",
	    "X:  y \r\nContent-Length: 1\r\n\r\nz"), "body",
	  RESPONSE("v: SIP/2.0/TCP b\r\n", "X:  y \r\nContent-Length: 4\r\n\r\nbody") },
	};
	char		out[2048];
	struct text	t;
	struct str	body;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		parse(table[i].in);
		text_init(&t, out, sizeof(out));
		body = str_of(table[i].body);
		assert_int_equal(forward_response(&m, table[i].body != NULL ? &body :
		    NULL, NULL, &t), 0);
		assert_string_equal(out, table[i].out);
	}
}

/* The response proves by its branch that the request was ours (S23). */
static void
test_a_response_verifies(void **state)
{
	char			branch[BRANCH_LEN + 1], text[1024];
	struct branch_input	in;
	struct via		below;

	static const char *const	vias[] = {
		"h;branch=z9hG4bK1;received=127.0.21.2",	/* the good one */
		"h;branch=z9hG4bK2;received=127.0.21.2",
		"g;branch=z9hG4bK1;received=127.0.21.2",
		"h;branch=z9hG4bK1;received=127.0.21.9",	/* somebody else */
		"h;branch=z9hG4bK1;received=127.0.21.2;maddr=127.0.21.9",
		"h;branch=z9hG4bK1",
	};

	branch_of("h;branch=z9hG4bK1", "sip:b@x", CALLEE, branch);
	for (size_t i = 0; i < sizeof(vias) / sizeof(vias[0]); i++) {
		snprintf(text, sizeof(text), RESPONSE("Via: SIP/2.0/UDP " HOST_PORT
		    ";branch=%s\r\nVia: SIP/2.0/UDP %s\r\n", "l: 0\r\n\r\n"),
		    branch, vias[i]);
		parse(text);
		assert_true(forward_response_input(&m, &in, &below));
		if (branch_verify(&in, m.via.branch) != (i == 0))
			fail_msg("Via below: %s", vias[i]);
	}
	parse(RESPONSE("Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\n", "l: 0\r\n\r\n"));
	assert_false(forward_response_input(&m, &in, &below));
}

static void
test_where_may_be_sent(void **state)
{
	static const struct {
		const char	*local, *to;
		bool		 may;
	} table[] = {
		{ "192.0.2.1:5060", "192.0.2.7:5060", true },
		{ "192.0.2.1:5060", "10.0.0.7:5060", true },
		{ "192.0.2.1:5060", "127.0.0.1:5060", false },
		{ "192.0.2.1:5060", "169.254.1.1:5060", false },
		{ "192.0.2.1:5060", "224.0.1.75:5060", false },
		{ "192.0.2.1:5060", "255.255.255.255:5060", false },
		{ "192.0.2.1:5060", "0.0.0.0:5060", false },
		{ "127.0.0.1:5060", "127.0.0.2:5060", true },
		{ "127.0.0.1:5060", "224.0.1.75:5060", false },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct hop	from = hop(TRANSPORT_UDP, CALLER);
		struct hop	to = hop(TRANSPORT_UDP, table[i].to);

		from.local = house_addr(table[i].local);
		if (forward_allowed(&from, &to) != table[i].may)
			fail_msg("from %s to %s", table[i].local, table[i].to);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_requests), cmocka_unit_test(test_max_breadth),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_record_route),
		cmocka_unit_test(test_content_length_is_added),
		cmocka_unit_test(test_branches), cmocka_unit_test(test_responses),
		cmocka_unit_test(test_a_response_verifies),
		cmocka_unit_test(test_where_may_be_sent),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
