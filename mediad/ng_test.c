/* ng_test - calls as another SIP server has them relayed: messages and replies. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/stats.h"
#include "mediad/bencode.h"
#include "mediad/ng.h"
#include "mediad/ng_listen.h"

#define RELAY	"127.0.19.1"
#define CALLER	"127.0.19.2"
#define CALLEE	"127.0.19.3"

struct house {
	struct loop	*loop;
	struct sessions	*ss;
	struct ng	*ng;
	struct addr	 from;
	struct mono	 now;
	unsigned	 cookie;
	char		 reply[65536];		/* without the cookie */
};

static const struct set_nets no_lan;
static const struct session_limits limits = {
	.lan = &no_lan,
	.sessions = 2, .streams = 3, .timeout = 60000, .setup_timeout = 300000,
	.hold_timeout = 3600000, .learn_window = 3000,
};

static void
on_ended(void *arg, const struct session *s, const char *reason)
{
	(void)arg, (void)s, (void)reason;
}

static int
setup(void **state)
{
	struct house	*h = calloc(1, sizeof(*h));
	struct media_range range = { .port_min = 23000, .port_max = 23199 };
	struct set_media media = { &range, 1 };

	stats_thread();
	assert_int_equal(addr_parse(&range.addr, STR(RELAY), 0), 0);
	range.told = range.addr;
	assert_int_equal(addr_parse(&h->from, STR("127.0.19.9"), 5000), 0);
	h->loop = loop_new();
	h->ss = sessions_new(h->loop, &media, &limits, on_ended, h, NULL);
	h->now = mono_now();
	h->ng = ng_new(h->ss);
	*state = h;
	return h->ss == NULL;
}

static int
teardown(void **state)
{
	struct house	*h = *state;

	ng_free(h->ng);
	sessions_free(h->ss);
	loop_free(h->loop);
	free(h);
	return 0;
}

static const char *
say_raw(struct house *h, const char *message)
{
	struct str	reply = ng_answer(h->ng, &h->from, str_of(message), h->now);

	snprintf(h->reply, sizeof(h->reply), "%.*s", STR_ARG(reply));
	return h->reply;
}

/* Pairs of key and string up to NULL; a value that begins with '\1' is raw. */
static const char *
say(struct house *h, ...)
{
	char		 buf[8192];
	const char	*key, *value, *blank;
	struct text	 t;
	va_list		 ap;

	text_init(&t, buf, sizeof(buf));
	text_printf(&t, "c%u d", ++h->cookie);
	va_start(ap, h);
	while ((key = va_arg(ap, const char *)) != NULL) {
		value = va_arg(ap, const char *);
		bencode_string(&t, str_of(key));
		if (value[0] == '\1')
			text_add(&t, str_of(value + 1));
		else
			bencode_string(&t, str_of(value));
	}
	va_end(ap);
	text_ch(&t, 'e');
	assert_false(t.full);
	say_raw(h, buf);
	blank = strchr(h->reply, ' ');
	assert_non_null(blank);
	return blank + 1;
}

static bool
is_ok(const char *reply)
{
	return strstr(reply, "6:result2:ok") != NULL;
}

static const char *
body(const char *host, unsigned port, const char *proto)
{
	static char	buf[2][512];
	static unsigned	at;
	char		*b = buf[at++ % 2];

	snprintf(b, sizeof(buf[0]), "v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 "
	    "%s\r\nt=0 0\r\nm=audio %u %s 0\r\n", host, host, port, proto);
	return b;
}

#define OFFER(call, from, to, ...)						\
	"command", "offer", "call-id", (call), "from-tag", (from), "to-tag", (to), __VA_ARGS__, NULL
#define ANSWER(call, from, to, ...)						\
	"command", "answer", "call-id", (call), "from-tag", (from), "to-tag", (to), __VA_ARGS__, NULL

static unsigned
port(const char *reply)
{
	const char	*p = strstr(reply, "m=audio ");

	assert_non_null(p);
	return strtoul(p + 8, NULL, 10);
}

static unsigned
used(const struct house *h)
{
	return sides_used(sessions_sides(h->ss));
}

static const struct session *
only(const struct house *h)
{
	uint32_t	at = 0;

	assert_int_equal(sessions_count(h->ss), 1);
	return sessions_next(h->ss, &at);
}

/* Where packets for that leg go. */
static const char *
target(const struct leg *leg)
{
	static char		 buf[ADDR_TEXT_MAX + 1];
	char			 text[ADDR_TEXT_MAX];
	const struct addr	*a = learn_target(&leg->ends[0]->flow[0].learn);

	snprintf(buf, sizeof(buf), "%.*s",
	    STR_ARG(a != NULL ? addr_print(a, text) : STR("")));
	return buf;
}

static void
test_call(void **state)
{
	struct house	*h = *state;
	const char	*r;
	unsigned	 near, far;

	assert_string_equal(say(h, "command", "ping", NULL), "d6:result4:ponge");
	r = say(h, OFFER("1", "a", "", "sdp", body(CALLER, 4000, "RTP/AVP"),
	    "replace", "\1l6:origin18:session-connectione",
	    "received-from", "\1l3:IP4" "11:" CALLER "0:e"));
	assert_false(is_ok(r));		/* "11:" was one too many: no bencoding */
	r = say(h, OFFER("1", "a", "", "sdp", body(CALLER, 4000, "RTP/AVP"),
	    "replace", "\1l6:origin18:session-connectione",
	    "received-from", "\1l3:IP4" "10:" CALLER "e"));
	assert_true(is_ok(r));
	far = port(r);
	assert_non_null(strstr(r, "o=- 1 1 IN IP4 " RELAY "\r\n"));
	assert_non_null(strstr(r, "c=IN IP4 " RELAY "\r\n"));
	r = say(h, ANSWER("1", "a", "b", "sdp", body(CALLEE, 5000, "RTP/AVP")));
	assert_true(is_ok(r));
	near = port(r);
	assert_int_not_equal(near, far);
	assert_non_null(strstr(r, "o=- 1 1 IN IP4 " CALLEE "\r\n"));
	assert_string_equal(target(only(h)->caller), CALLER ":4000");
	assert_string_equal(target(only(h)->selected), CALLEE ":5000");

	/* The callee moves: from-tag is now its own, the branch another one. */
	r = say(h, OFFER("1", "b", "a", "via-branch", "z9",
	    "sdp", body(CALLEE, 5002, "RTP/AVP")));
	assert_int_equal(port(r), near);
	r = say(h, ANSWER("1", "b", "a", "via-branch", "z9",
	    "sdp", body(CALLER, 4002, "RTP/AVP")));
	assert_int_equal(port(r), far);
	assert_string_equal(target(only(h)->caller), CALLER ":4002");
	assert_string_equal(target(only(h)->selected), CALLEE ":5002");

	r = say(h, "command", "query", "call-id", "1", NULL);
	assert_non_null(strstr(r, "10:local porti"));
	r = say(h, "command", "list", NULL);
	assert_non_null(strstr(r, "5:callsl1:1e"));
	assert_true(is_ok(say(h, "command", "statistics", NULL)));
	r = say(h, "command", "delete", "call-id", "1", "from-tag", "b",
	    "to-tag", "a", NULL);
	assert_true(is_ok(r));
	assert_null(strstr(r, "warning"));
	assert_int_equal(used(h), 0);
	r = say(h, "command", "delete", "call-id", "1", "from-tag", "b", NULL);
	assert_true(is_ok(r) && strstr(r, "warning") != NULL);
}

/* Branches by Via: who answers last talks; both can be ended one by one. */
static void
test_fork(void **state)
{
	struct house	*h = *state;
	const char	*sdp = body(CALLER, 4000, "RTP/AVP");

	assert_true(is_ok(say(h, OFFER("1", "a", "", "via-branch", "x", "sdp", sdp))));
	assert_true(is_ok(say(h, OFFER("1", "a", "", "via-branch", "y", "sdp", sdp))));
	assert_int_equal(used(h), 3);
	assert_true(is_ok(say(h, ANSWER("1", "a", "b", "via-branch", "x",
	    "sdp", body(CALLEE, 5000, "RTP/AVP")))));
	assert_string_equal(target(only(h)->selected), CALLEE ":5000");
	assert_true(is_ok(say(h, ANSWER("1", "a", "c", "via-branch", "y",
	    "sdp", body(CALLEE, 6000, "RTP/AVP")))));
	assert_string_equal(target(only(h)->selected), CALLEE ":6000");
	say(h, "command", "delete", "call-id", "1", "from-tag", "a",
	    "via-branch", "x", NULL);
	assert_int_equal(used(h), 2);
	assert_string_equal(target(only(h)->selected), CALLEE ":6000");
	say(h, "command", "delete", "call-id", "1", NULL);
	assert_int_equal(used(h), 0);
}

static void
test_repeated(void **state)
{
	struct house	*h = *state;
	char		 message[2048], first[2048];
	const char	*sdp = body(CALLER, 4000, "RTP/AVP");
	uint64_t	 before = stats->ng_repeated;

	snprintf(message, sizeof(message), "same d7:call-id1:17:command5:offer"
	    "8:from-tag1:a3:sdp%zu:%se", strlen(sdp), sdp);
	snprintf(first, sizeof(first), "%s", say_raw(h, message));
	assert_true(is_ok(first));
	say(h, "command", "delete", "call-id", "1", "from-tag", "a", NULL);
	assert_string_equal(say_raw(h, message), first);
	assert_int_equal(stats->ng_repeated, before + 1);
	assert_int_equal(used(h), 0);

	/* Another asker's cookie is another one; an old one is forgotten. */
	addr_set_port(&h->from, 5001);
	say_raw(h, message);
	assert_int_equal(used(h), 2);
	say(h, "command", "delete", "call-id", "1", "from-tag", "a", NULL);
	h->now = mono_add_ms(h->now, 11000);
	say_raw(h, message);
	assert_int_equal(used(h), 2);
}

static void
test_refused(void **state)
{
	struct house	*h = *state;
	const char	*sdp = body(CALLER, 4000, "RTP/AVP");

	assert_non_null(strstr(say(h, "command", "fly", NULL), "6:result5:error"));
	assert_non_null(strstr(say(h, "command", "offer", "from-tag", "a", "sdp",
	    sdp, NULL), "No call-id"));
	assert_non_null(strstr(say(h, "command", "offer", "call-id", "1", "sdp",
	    sdp, NULL), "No from-tag"));
	assert_non_null(strstr(say(h, ANSWER("1", "a", "b", "sdp", sdp)),
	    "Unknown call-id"));
	assert_non_null(strstr(say(h, OFFER("1", "a", "", "sdp", sdp,
	    "transport-protocol", "RTP/SAVP")), "no bridge"));
	assert_non_null(strstr(say(h, OFFER("1", "a", "", "sdp", sdp,
	    "address family", "IP6")), "family"));
	assert_non_null(strstr(say(h, OFFER("1", "a", "", "sdp", "nothing")),
	    "not SDP"));
	assert_int_equal(used(h), 0);
	say(h, OFFER("1", "a", "", "sdp", sdp));
	say(h, OFFER("2", "a", "", "sdp", sdp));
	assert_non_null(strstr(say(h, OFFER("3", "a", "", "sdp", sdp)),
	    "6:result5:error"));
	assert_non_null(strstr(say(h, OFFER("3", "a", "", "sdp", sdp, "supports",
	    "\1l10:load limite")), "6:result10:load limit"));
	assert_string_equal(say_raw(h, "no-blank"), "");
	assert_string_equal(say_raw(h, " d7:command4:pinge"), "");
	assert_non_null(strstr(say_raw(h, "q i1e"), "6:result5:error"));
	assert_non_null(strstr(say_raw(h, "r d7:command4:pong"), "6:result5:error"));
}

static void
test_wishes(void **state)
{
	struct house	*h = *state;
	uint64_t	 before = stats->ng_ignored;
	const char	*r;

	r = say(h, OFFER("1", "a", "", "sdp", body("10.1.2.3", 4000, "RTP/AVP"),
	    "ICE", "remove", "rtcp-mux", "\1l5:offere", "media address", "192.0.2.7",
	    "flags", "\1l18:SIP-source-address13:trust-addresse",
	    "received-from", "\1l3:IP4" "10:" CALLER "e"));
	assert_true(is_ok(r));
	assert_non_null(strstr(r, "c=IN IP4 192.0.2.7\r\n"));
	assert_int_equal(stats->ng_ignored, before);
	r = say(h, ANSWER("1", "a", "b", "sdp", body(CALLEE, 5000, "RTP/AVP"),
	    "flags", "\1l12:loop-protect5:pizzae", "weather", "\1d3:sun2:ine"));
	assert_true(is_ok(r));
	assert_int_equal(stats->ng_ignored, before + 3);
	assert_string_equal(target(only(h)->caller), CALLER ":4000");
}

/* ---- TCP ---- */

static void
test_stream(void **state)
{
	static const char	two[] = "t1 d7:command4:pinget2 d7:command4:pinge";
	char			text[] = "tcp:127.0.19.1:22222", got[256];
	char			*list[] = { text };
	struct set_texts	sockets = { list, 1 };
	struct house		*h = *state;
	struct ng_listen	*l = ng_listen_open(h->loop, h->ng, &sockets);
	struct addr		 to;
	size_t			 len = 0, sent = 0;
	int			 fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_non_null(l);
	assert_int_equal(addr_parse(&to, STR(RELAY), 22222), 0);
	assert_int_equal(connect(fd, &to.sa, to.len), 0);
	/* Octet by octet: a message is whole when it is whole. */
	while (sent < sizeof(two) - 1) {
		assert_int_equal(send(fd, two + sent++, 1, 0), 1);
		loop_once(h->loop, 0);
	}
	for (int i = 0; i < 100 && len < 44; i++) {
		ssize_t	n;

		loop_once(h->loop, 20);
		n = recv(fd, got + len, sizeof(got) - 1 - len, MSG_DONTWAIT);
		len += n > 0 ? (size_t)n : 0;
	}
	got[len] = '\0';
	assert_string_equal(got, "t1 d6:result4:ponget2 d6:result4:ponge");
	/* What is no bencoding ends the connection. */
	assert_int_equal(send(fd, "t3 x", 4, 0), 4);
	for (int i = 0; i < 100 && recv(fd, got, 1, MSG_DONTWAIT) != 0; i++)
		loop_once(h->loop, 20);
	assert_int_equal(recv(fd, got, 1, MSG_DONTWAIT), 0);
	close(fd);
	ng_listen_close(l);
}

static void
test_sockets(void **state)
{
	static const struct { const char *text; bool good; size_t said; } cases[] = {
		{ "udp:127.0.0.1:2223", true, 0 }, { "tcp:[::1]:2223", true, 0 },
		{ "udp:192.0.2.1:2223", true, 1 },
		{ "udp:0.0.0.0:2223", false, 1 }, { "tls:127.0.0.1:2223", false, 1 },
		{ "127.0.0.1:2223", false, 1 }, { "udp:host:2223", false, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char			 text[64];
		char			*list[] = { text };
		struct set_texts	 sockets = { list, 1 };
		struct complaints	 out = { 0 };

		snprintf(text, sizeof(text), "%s", cases[i].text);
		assert_int_equal(ng_listen_check(&sockets, &out), cases[i].good);
		assert_int_equal(out.n, cases[i].said);
		complaints_fini(&out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_call, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fork, setup, teardown),
		cmocka_unit_test_setup_teardown(test_repeated, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wishes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream, setup, teardown),
		cmocka_unit_test(test_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
