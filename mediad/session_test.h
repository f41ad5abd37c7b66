#ifndef MEDIAD_SESSION_TEST_H
#define MEDIAD_SESSION_TEST_H

/*
 * What the tests of sessions share: a house with one relay address of each family, a
 * clock of the test's own, and bodies said by one phone or the other.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/stats.h"
#include "mediad/session.h"

#define RELAY	"127.0.17.1"
#define RELAY6	"::1"
#define CALLER	"127.0.17.2"
#define CALLEE	"127.0.17.3"
#define OTHER	"127.0.17.4"

struct house {
	struct loop	*loop;
	struct sessions	*ss;
	struct mono	 now;
	struct rewritten out;
	char		 sdp[4096];	/* what came back */
	unsigned	 ended;
	const char	*toward;	/* where the reader is; NULL: unknown */
	const char	*user;		/* whose call it is; NULL: nobody's */
	const char	*call_id;	/* NULL: "call-1" */
};

static const struct set_nets no_lan;
static const struct session_limits limits = {
	.lan = &no_lan,
	.sessions = 4, .streams = 3, .timeout = 60000, .setup_timeout = 300000,
	.hold_timeout = 3600000, .learn_window = 3000, .rtcp_timeout = 60000,
};

static inline void
on_ended(void *arg, const struct session *s, const char *reason)
{
	struct house	*h = arg;

	(void)s, (void)reason;
	h->ended++;
}

static inline bool
has_v6(void)
{
	struct addr	a;
	int		fd = socket(AF_INET6, SOCK_DGRAM, 0), e = -1;

	if (addr_parse(&a, STR(RELAY6), 0) == 0 && fd >= 0)
		e = bind(fd, &a.sa, a.len);
	close(fd);
	return e == 0;
}

/* With the first n of the two relay addresses. */
static inline void
house_open(struct house *h, size_t n)
{
	struct media_range v[2] = {
		{ .port_min = 22000, .port_max = 22199 },
		{ .port_min = 22000, .port_max = 22199 },
	};
	struct set_media media = { v, n };

	assert_int_equal(addr_parse(&v[0].addr, STR(RELAY), 0), 0);
	assert_int_equal(addr_parse(&v[1].addr, STR(RELAY6), 0), 0);
	v[0].told = v[0].addr;
	v[1].told = v[1].addr;
	h->ss = sessions_new(h->loop, &media, &limits, on_ended, h, NULL);
	assert_non_null(h->ss);
}

static inline int
setup(void **state)
{
	struct house	*h = calloc(1, sizeof(*h));

	stats_thread();
	h->loop = loop_new();
	h->now = mono_now();
	house_open(h, has_v6() ? 2 : 1);
	*state = h;
	return 0;
}

static inline int
teardown(void **state)
{
	struct house	*h = *state;

	sessions_free(h->ss);
	loop_free(h->loop);
	free(h);
	return 0;
}

enum { OFFER = 0, ANSWER = 1, FINAL = 2, BY_CALLEE = 4 };

/* One body; the code. cseq is the version. */
static inline int
say(struct house *h, const char *branch, int how, uint32_t cseq, const char *host,
    const char *media)
{
	const char	*ip = strchr(host, ':') != NULL ? "IP6" : "IP4";
	char		body[2048];
	struct rewrite	q = {
		.call_id = STR("call-1"), .caller_tag = STR("tag-a"),
		.branch = str_of(branch), .from_caller = !(how & BY_CALLEE),
		.answer = how & ANSWER, .final = how & FINAL, .cseq = cseq,
	};

	if (h->user != NULL)
		q.user = str_of(h->user);
	if (h->call_id != NULL)
		q.call_id = str_of(h->call_id);
	assert_int_equal(addr_parse(&q.source, str_of(host), 5060), 0);
	if (h->toward != NULL)
		assert_int_equal(addr_parse(&q.toward, str_of(h->toward), 5060), 0);
	snprintf(body, sizeof(body), "v=0\r\no=- 1 1 IN %s %s\r\ns=-\r\n"
	    "c=IN %s %s\r\nt=0 0\r\n%s", ip, host, ip, host, media);
	q.sdp = str_of(body);
	sessions_rewrite(h->ss, &q, h->now, &h->out);
	snprintf(h->sdp, sizeof(h->sdp), "%.*s", STR_ARG(h->out.sdp));
	return h->out.code;
}

/* The port of the n-th m= line of what came back. */
static inline unsigned
port(const struct house *h, unsigned n)
{
	const char	*p = h->sdp;

	for (unsigned i = 0; i <= n; i++) {
		p = strstr(p, "m=");
		assert_non_null(p);
		p = strchr(p, ' ');
	}
	return strtoul(p, NULL, 10);
}

static inline const struct session *
only(const struct house *h)
{
	uint32_t	at = 0;

	assert_int_equal(sessions_count(h->ss), 1);
	return sessions_next(h->ss, &at);
}

static inline unsigned
used(const struct house *h)
{
	return sides_used(sessions_sides(h->ss));
}

/* Where packets for that leg's stream go; "" nowhere. */
static inline const char *
target(const struct leg *leg, unsigned stream)
{
	static char		 buf[ADDR_TEXT_MAX + 1];
	char			 text[ADDR_TEXT_MAX];
	const struct addr	*a = learn_target(&leg->ends[stream]->flow[0].learn);

	snprintf(buf, sizeof(buf), "%.*s",
	    STR_ARG(a != NULL ? addr_print(a, text) : STR("")));
	return buf;
}

#define AUDIO(p)	"m=audio " #p " RTP/AVP 0\r\n"


#endif
