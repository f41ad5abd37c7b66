#ifndef SIPD_PROXY_TEST_H
#define SIPD_PROXY_TEST_H

/*
 * For tests of the proxy: a house (house_test.h) with a caller and callees on
 * plain sockets; routed and mediad are played by the test, which answers when it
 * likes. Define HOST and PHONES, an address of its own each, before this. Included
 * once, by one test program.
 */
#include "sipd/house_test.h"

#include "common/route.h"
#include "sipd/txn.h"

#define CALLER	PHONES ":25131"
#define ONE	PHONES ":25132"
#define TWO	PHONES ":25133"
#define SDP	"v=0\r\n"

static int	caller, one, two;
static struct bus_ticket asked[8], wanted[8];	/* of routed, of mediad */
static char	sdp_of[8][64], leg_of[8][16], asked_uri[8][256];
static unsigned	nasked, nwanted, nended;

static inline void
on_route(void *arg, struct bus_ticket t, const union msg *m)
{
	assert_true(nasked < 8);
	str_copy(asked_uri[nasked], sizeof(asked_uri[0]), m->route.uri);
	asked[nasked++] = t;
}

static inline void
on_rewrite(void *arg, struct bus_ticket t, const union msg *m)
{
	assert_true(nwanted < 8);
	str_copy(sdp_of[nwanted], sizeof(sdp_of[0]), m->media_rewrite.sdp);
	str_copy(leg_of[nwanted], sizeof(leg_of[0]), m->media_rewrite.branch);
	wanted[nwanted++] = t;
}

static inline void
on_end(void *arg, struct bus_ticket t, const union msg *m)
{
	nended++;
	bus_done(t);
}

static const struct bus_handler routed[] = {
	{ MSG_ROUTE, on_route, false }, { 0 }
};
static const struct bus_handler mediad[] = {
	{ MSG_MEDIA_REWRITE, on_rewrite, false }, { MSG_MEDIA_END, on_end, false },
	{ 0 }
};

static unsigned	invite_number;		/* of the INVITE and what belongs to it */

static inline void
begin(const char *settings)
{
	char	all[1024];

	/* The routed of a test decides each time as it likes. */
	snprintf(all, sizeof(all), "leases off\n%s", settings);
	house_open(all);
	house_play("routed", routed);
	house_play("mediad", mediad);
	caller = phone(SOCK_DGRAM, CALLER);
	one = phone(SOCK_DGRAM, ONE);
	two = phone(SOCK_DGRAM, TWO);
	nasked = nwanted = nended = 0;
	invite_number = 7;
}

static inline int
setup(void **state)
{
	begin("authenticate none\ntimer-t1 50ms\nmedia-policy never\n");
	return 0;
}

/* The same, for phones that take their time, on machines that do. */
static inline int
setup_calm(void **state)
{
	begin("authenticate none\ntimer-b 64s\nmedia-policy never\n"
	    "redirects forward\n");
	return 0;
}

/* We stay in no dialog that can do without us. */
static inline int
setup_free(void **state)
{
	begin("authenticate none\ntimer-t1 50ms\nmedia-policy never\n"
	    "force-dialog-relaying off\n");
	return 0;
}

static inline int
setup_media(void **state)
{
	begin("authenticate none\ntimer-t1 50ms\nmedia-policy always\n");
	return 0;
}

static inline int
teardown(void **state)
{
	close(caller);
	close(one);
	close(two);
	house_close();
	return 0;
}

static inline void
decide_all(const struct rec_target *t, uint32_t n)
{
	struct msg_routed	r = { .targets = { t, n } };

	wait_for(nasked > 0);
	bus_answer(asked[--nasked], MSG_ROUTED, &r);
}

/* routed: to these two, the second may be NULL; or a refusal. */
static inline void
decide(uint16_t refusal, const char *a, const char *b)
{
	struct rec_target	t[2] = {
		{ .kind = TARGET_URI, .value = str_of(a) },
		{ .kind = TARGET_URI, .value = str_of(b) },
	};
	struct msg_routed	r = {
		.if_confirmed = refusal, .if_not = refusal,
		.targets = { t, (a != NULL) + (b != NULL) },
	};

	wait_for(nasked > 0);
	bus_answer(asked[--nasked], MSG_ROUTED, &r);
}

/* mediad's answer to question i: the same with "m" before. */
static inline void
rewrite(unsigned i)
{
	char	sdp[80];
	struct msg_media_rewritten r = { .code = 200 };

	snprintf(sdp, sizeof(sdp), "m%s", sdp_of[i]);
	r.sdp = str_of(sdp);
	bus_answer(wanted[i], MSG_MEDIA_REWRITTEN, &r);
}

static inline void
send_request(const char *method, const char *number, const char *more, const char *body)
{
	say(caller, "%s sip:b@example.com SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP " CALLER ";branch=z9hG4bKcaller;rport\r\n"
	    "From: <sip:a@far.test>;tag=a\r\nTo: <sip:b@example.com>\r\n"
	    "Call-ID: one@h\r\nCSeq: %s\r\nContact: <sip:a@" CALLER ">\r\n%s"
	    "Content-Length: %zu\r\n\r\n%s", method, number, more, strlen(body), body);
}

static inline void
send_with_cseq(const char *method, const char *more, const char *body)
{
	char	number[64];

	snprintf(number, sizeof(number), "%u %s", invite_number, method);
	send_request(method, number, more, body);
}

static inline void
invite(const char *body)
{
	send_with_cseq("INVITE",
	    body[0] != '\0' ? "Content-Type: application/sdp\r\n" : "", body);
}

static inline void
cancel(void)
{
	send_with_cseq("CANCEL", "", "");
}

static inline void
ack(void)
{
	send_with_cseq("ACK", "", "");
}

/* A response to a request as text: all its Vias, more headers, a body. */
static inline void
respond_with(int fd, const char *request, const char *status, const char *more,
    const char *body)
{
	char	vias[4096], number[64], rr[1024] = "";
	const char *p = strstr(request, "\r\nVia: "), *end;
	size_t	n = 0;

	for (; p != NULL; p = strncmp(end, "\r\nVia: ", 7) == 0 ? end : NULL) {
		end = strstr(p + 2, "\r\n");
		n += (size_t)snprintf(vias + n, sizeof(vias) - n, "%.*s\r\n",
		    (int)(end - p - 2), p + 2);
	}
	header_of(request, "CSeq", number, sizeof(number));
	if (strstr(request, "\r\nRecord-Route: ") != NULL)
		header_of(request, "Record-Route", rr, sizeof(rr));
	say(fd, "SIP/2.0 %s\r\n%s%s%s%sFrom: <sip:a@far.test>;tag=a\r\n"
	    "To: <sip:b@example.com>;tag=b\r\nCall-ID: one@h\r\nCSeq: %s\r\n"
	    "%s%sContent-Length: %zu\r\n\r\n%s", status, vias,
	    rr[0] != '\0' ? "Record-Route: " : "", rr, rr[0] != '\0' ? "\r\n" : "",
	    number, more, body[0] != '\0' ? "Content-Type: application/sdp\r\n" : "",
	    strlen(body), body);
}

static inline void
respond(int fd, const char *request, const char *status, const char *body)
{
	respond_with(fd, request, status, "Contact: <sip:b@" ONE ">\r\n", body);
}

/* The INVITE that arrives, kept. */
static inline char *
take_invite(int fd, char *buf)
{
	return strcpy(buf, hear_this(fd, "INVITE "));
}

/* Nothing is left of any request. */
static inline bool
idle(void)
{
	struct stats	s;

	stats_sum(&s);
	return s.proxied == 0 && txns_active(worker_get(0)->core->txns) == 0;
}

/* Requests that arrived. */
__attribute__((unused)) static char first[8192], second[8192];

#endif
