/*
 * The flight recorder with a real wire: a call and what must be found of it. With
 * CALLS=N in the environment N calls, which test_27_recorder_cost.py counts the
 * instructions of, with OPTIONS=N so many of those; with RAISED=USER while those of that user are logged in detail.
 */
#define HOST	"127.0.22.1"
#include "sipd/house_test.h"

#include "common/id.h"
#include "common/recorder_read.h"
#include "common/route.h"
#include "sipd/txn.h"

#define CALLER	"127.0.22.2:25131"
#define CALLEE	"127.0.22.2:25132"
#define SDP	"v=0\r\no=- 1 1 IN IP4 127.0.22.2\r\ns=-\r\nc=IN IP4 127.0.22.2\r\n"	\
	"t=0 0\r\nm=audio 14000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\n"	\
	"a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"		\
	"a=fmtp:101 0-15\r\na=sendrecv\r\n"

static int	caller, callee;
static unsigned	number;		/* of the call */
static char	kept[8192];

static void
on_route(void *arg, struct bus_ticket t, const union msg *m)
{
	struct rec_target	to = { .kind = TARGET_URI,
				    .value = STR("sip:b@" CALLEE) };
	struct msg_routed	r = { .targets = { &to, 1 } };

	bus_answer(t, MSG_ROUTED, &r);
}

static const struct bus_handler routed[] = {
	{ MSG_ROUTE, on_route, false }, { 0 }
};

static int
setup(void **state)
{
	house_open("authenticate none\ntimer-t1 4s\nmedia-policy never\n"
	    "log-level problems\n");
	house_play("routed", routed);
	caller = phone(SOCK_DGRAM, CALLER);
	callee = phone(SOCK_DGRAM, CALLEE);
	return 0;
}

static int
teardown(void **state)
{
	close(caller);
	close(callee);
	house_close();
	return 0;
}

static void
request(const char *method, const char *to_tag, const char *more, const char *body)
{
	say(caller, "%s sip:b@%s SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP " CALLER ";branch=z9hG4bK%s%u;rport\r\n"
	    "From: \"Anna Berg\" <sip:a@far.test>;tag=from-%u\r\n"
	    "To: <sip:b@example.com>%s\r\nCall-ID: call-%u@" CALLER "\r\n"
	    "CSeq: 7 %s\r\nContact: <sip:a@" CALLER ">\r\nMax-Forwards: 70\r\n"
	    "User-Agent: a phone of some make 1.2.3\r\n%sContent-Length: %zu\r\n\r\n%s",
	    method, to_tag[0] != '\0' ? CALLEE : "example.com", method, number, number,
	    to_tag, number, method, more, strlen(body), body);
}

/* The callee's response to the request in kept: what it must repeat, as it came. */
static void
respond(const char *status, const char *body)
{
	char		head[4096] = "";
	const char	*line = strstr(kept, "\r\n") + 2, *end;
	struct text	t;

	text_init(&t, head, sizeof(head));
	for (; (end = strstr(line, "\r\n")) != NULL && end > line; line = end + 2)
		if (strncmp(line, "Via:", 4) == 0 || strncmp(line, "Record-Route:", 13) == 0 ||
		    strncmp(line, "From:", 5) == 0 || strncmp(line, "Call-ID:", 8) == 0 ||
		    strncmp(line, "CSeq:", 5) == 0)
			text_add(&t, str_make(line, (size_t)(end + 2 - line)));
	say(callee, "SIP/2.0 %s\r\n%sTo: <sip:b@example.com>;tag=to\r\n"
	    "Contact: <sip:b@" CALLEE ">\r\nContent-Length: %zu\r\n\r\n%s", status, head,
	    strlen(body), body);
}

/* From INVITE to BYE. */
static void
call(void)
{
	char	rr[1024], more[1100];

	number++;
	request("INVITE", "", "Content-Type: application/sdp\r\n", SDP);
	hear_this(caller, "SIP/2.0 100 ");
	strcpy(kept, hear_this(callee, "INVITE "));
	respond("180 Ringing", "");
	hear_this(caller, "SIP/2.0 180 ");
	respond("200 OK", SDP);
	header_of(hear_this(caller, "SIP/2.0 200 "), "Record-Route", rr, sizeof(rr));
	snprintf(more, sizeof(more), "Route: %s\r\n", rr);
	request("ACK", ";tag=to", more, "");
	hear_this(callee, "ACK ");
	request("BYE", ";tag=to", more, "");
	strcpy(kept, hear_this(callee, "BYE "));
	respond("200 OK", "");
	hear_this(caller, "SIP/2.0 200 ");
}

/* What a record says: "<INVITE", ">180 Ringing", "ROUTER". */
static void
describe(const struct record *c, struct text *t)
{
	struct record_message	m;
	struct str		text;
	char			tag[9];

	if ((c->kind == RECORD_IN || c->kind == RECORD_OUT) &&
	    record_read_message(c, &m, &text)) {
		text_ch(t, c->kind == RECORD_IN ? '<' : '>');
		text_add(t, record_slice(text, m.label));
	} else if (record_read_note(c, tag, &text))
		text_add(t, str_of(tag));
	text_ch(t, '\n');
}

static void
test_call(void **state)
{
	struct recorder_reader	*d;
	const struct record	*c;
	char			 path[4096], id[64], seen[4096];
	uint64_t		 key;
	struct text		 t;

	if (worker_get(0)->recorder == NULL)
		skip();
	call();
	text_init(&t, seen, sizeof(seen));
	snprintf(id, sizeof(id), "call-%u@" CALLER, number);
	key = id_call(str_of(id));
	dirs_path(path, house.dirs.run, "recorder/sipd.0");
	assert_int_equal(recorder_reader_open(&d, path), 0);
	while ((c = recorder_next(d)) != NULL)
		if (c->call == key)
			describe(c, &t);
		else		/* nothing goes without its call */
			assert_int_equal(c->kind, RECORD_START);
	recorder_reader_close(d);
	assert_string_equal(seen, "<INVITE\nROUTER\n>100 Trying\nSIGNAL\n>INVITE\n"
	    "<180 Ringing\n>180 Ringing\n<200 OK\n>200 OK\nSIGNAL\n<ACK\n>ACK\n"
	    "<BYE\n>BYE\n<200 OK\n>200 OK\n");
}

static void
options(void)
{
	number++;
	say(caller, "OPTIONS sip:example.com SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP " CALLER ";branch=z9hG4bKo%u;rport\r\n"
	    "From: <sip:a@example.com>;tag=from-%u\r\nTo: <sip:example.com>\r\n"
	    "Call-ID: options-%u@" CALLER "\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
	    "Content-Length: 0\r\n\r\n", number, number, number);
	hear_this(caller, "SIP/2.0 200 ");
}

static void
test_many(void **state)
{
	const char	*calls = getenv("CALLS"), *user = getenv("RAISED");
	struct raised	 r = { .number = 1, .level = LOG_ALL, .until_ms = INT64_MAX };

	if (user != NULL && str_copy(r.value, sizeof(r.value), str_of(user)) && r.value[0] != '\0')
		assert_int_equal(raised_put(&r, boot_ms()), 0);
	for (int i = calls != NULL ? atoi(calls) : 0; i > 0; i--)
		call();
	for (int i = getenv("OPTIONS") != NULL ? atoi(getenv("OPTIONS")) : 0; i > 0; i--)
		options();
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test_setup_teardown(test_call, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
