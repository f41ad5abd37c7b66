/* sdp_test - what is read of a body, what is changed in it, and nothing else. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mediad/sdp.h"

#define HEAD	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
#define CONN	"c=IN IP4 192.0.2.1\r\n"
#define TIME	"t=0 0\r\n"

static struct sdp	sdp;
static char		out[SDP_BODY_MAX + 64 * SDP_EDITS_MAX];

/* The relay 198.51.100.9 with the ports 30000, 30002 ... */
static struct sdp_relay
relay_all(void)
{
	struct sdp_relay r = { .addr.len = 0 };

	assert_int_equal(addr_parse(&r.addr, STR("198.51.100.9"), 0), 0);
	for (unsigned i = 0; i < SDP_MEDIA_MAX; i++)
		r.port[i] = 30000 + 2 * i;
	return r;
}

static const char *
rewrite(struct str body, const struct sdp_relay *r)
{
	struct text	t;
	const char	*why;

	assert_int_equal(sdp_parse(&sdp, body, &why), 0);
	text_init(&t, out, sizeof(out) - 1);
	assert_int_equal(sdp_write(&sdp, r, &t), 0);
	out[t.len] = '\0';
	return out;
}

static void
test_rewrite(void **state)
{
	static const struct {
		const char	*in, *want;
	} cases[] = {
		{ HEAD CONN TIME "m=audio 4000 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\n",
		  HEAD "c=IN IP4 198.51.100.9\r\n" TIME
		  "m=audio 30000 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\n" },
		/* LF alone stays LF; no end at the end stays so */
		{ "v=0\nc=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0",
		  "v=0\nc=IN IP4 198.51.100.9\nm=audio 30000 RTP/AVP 0" },
		/* two lines, one with its own address */
		{ HEAD CONN TIME "m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 97\r\n"
		  "c=IN IP4 192.0.2.2/127\r\n",
		  HEAD "c=IN IP4 198.51.100.9\r\n" TIME "m=audio 30000 RTP/AVP 0\r\n"
		  "m=video 30002 RTP/AVP 97\r\nc=IN IP4 198.51.100.9\r\n" },
		/* RFC 3605 */
		{ HEAD CONN "m=audio 4000 RTP/AVP 0\r\na=rtcp:4077\r\n",
		  HEAD "c=IN IP4 198.51.100.9\r\nm=audio 30000 RTP/AVP 0\r\na=rtcp:30001\r\n" },
		{ HEAD CONN "m=audio 4000 RTP/AVP 0\r\na=rtcp:4077 IN IP4 192.0.2.8\r\n",
		  HEAD "c=IN IP4 198.51.100.9\r\nm=audio 30000 RTP/AVP 0\r\n"
		  "a=rtcp:30001 IN IP4 198.51.100.9\r\n" },
		{ HEAD CONN "m=audio 4000 RTP/AVP 0\r\na=rtcp-mux\r\na=rtcp:4000\r\n",
		  HEAD "c=IN IP4 198.51.100.9\r\nm=audio 30000 RTP/AVP 0\r\na=rtcp-mux\r\n"
		  "a=rtcp:30000\r\n" },
		/* without a port it would lead past us */
		{ HEAD CONN "m=audio 4000 RTP/AVP 0\r\na=rtcp:x\r\na=ptime:20\r\n",
		  HEAD "c=IN IP4 198.51.100.9\r\nm=audio 30000 RTP/AVP 0\r\na=ptime:20\r\n" },
		/* hold in the style of RFC 2543 stays a hold */
		{ HEAD "c=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 0\r\n",
		  HEAD "c=IN IP4 0.0.0.0\r\nm=audio 30000 RTP/AVP 0\r\n" },
		/* ... in the reader's family */
		{ HEAD "c=IN IP6 ::\r\nm=audio 4000 RTP/AVP 0\r\n",
		  HEAD "c=IN IP4 0.0.0.0\r\nm=audio 30000 RTP/AVP 0\r\n" },
		/* the reader's family, in o= too */
		{ "v=0\r\no=- 1 1 IN IP6 2001:db8::1\r\ns=-\r\n" CONN,
		  "v=0\r\no=- 1 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\n" },
		/* a name, another family */
		{ HEAD "c=IN IP4 phone.example.com\r\nm=audio 4000 RTP/AVP 0\r\n",
		  HEAD "c=IN IP4 198.51.100.9\r\nm=audio 30000 RTP/AVP 0\r\n" },
		{ HEAD "c=IN IP6 2001:db8::1\r\nm=audio 4000 RTP/AVP 0\r\n",
		  HEAD "c=IN IP4 198.51.100.9\r\nm=audio 30000 RTP/AVP 0\r\n" },
		/* ICE finds no way around */
		{ HEAD CONN "a=ice-lite\r\nm=audio 4000 RTP/AVP 0\r\na=ice-ufrag:F7gI\r\n"
		  "a=ice-pwd:x9cml/YzichV2+XlhiMu8g\r\na=sendrecv\r\n"
		  "a=candidate:0 1 UDP 2113667327 203.0.113.1 54400 typ host\r\n"
		  "a=candidate:1 2 UDP 2113667326 203.0.113.1 54401 typ host\r\n"
		  "a=end-of-candidates\r\n",
		  HEAD "c=IN IP4 198.51.100.9\r\nm=audio 30000 RTP/AVP 0\r\na=sendrecv\r\n" },
		/* bundled on one port: one port */
		{ HEAD CONN "a=group:BUNDLE a b\r\nm=audio 4000 RTP/AVP 0\r\na=mid:a\r\n"
		  "m=video 4000 RTP/AVP 97\r\na=mid:b\r\n",
		  HEAD "c=IN IP4 198.51.100.9\r\na=group:BUNDLE a b\r\n"
		  "m=audio 30000 RTP/AVP 0\r\na=mid:a\r\n"
		  "m=video 30000 RTP/AVP 97\r\na=mid:b\r\n" },
		/* what nobody understands stays */
		{ "v=0\r\nrubbish\r\n\r\nx=y\r\na=\r\na=goo:\x01\xff\r\n" CONN
		  "m=audio  4000  RTP/AVP  0 \r\na=foo\r\n",
		  "v=0\r\nrubbish\r\n\r\nx=y\r\na=\r\na=goo:\x01\xff\r\n"
		  "c=IN IP4 198.51.100.9\r\nm=audio  30000  RTP/AVP  0 \r\na=foo\r\n" },
	};
	struct sdp_relay r = relay_all();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(rewrite(str_of(cases[i].in), &r), cases[i].want);
}

/* Row 72: hold by the address becomes hold by the direction. */
static void
test_hold_converted(void **state)
{
	static const struct {
		const char	*in, *want;
	} cases[] = {
#define OURS	"c=IN IP4 198.51.100.9\r\n"
#define HELD	"c=IN IP4 0.0.0.0\r\n"
		{ HEAD HELD "m=audio 4000 RTP/AVP 0\r\n",
		  HEAD OURS "m=audio 30000 RTP/AVP 0\r\na=sendonly\r\n" },
		{ HEAD HELD "m=audio 4000 RTP/AVP 0\r\na=sendrecv\r\na=ptime:20\r\n",
		  HEAD OURS "m=audio 30000 RTP/AVP 0\r\na=sendonly\r\na=ptime:20\r\n" },
		{ HEAD HELD "m=audio 4000 RTP/AVP 0\r\na=recvonly\r\n",
		  HEAD OURS "m=audio 30000 RTP/AVP 0\r\na=inactive\r\n" },
		/* one line of two */
		{ HEAD CONN "m=audio 4000 RTP/AVP 0\r\n" HELD "m=video 4002 RTP/AVP 97\r\n",
		  HEAD OURS "m=audio 30000 RTP/AVP 0\r\n" OURS "a=sendonly\r\n"
		  "m=video 30002 RTP/AVP 97\r\n" },
		/* a direction for all lines is overruled by the line's own */
		{ HEAD HELD "a=sendrecv\r\nm=audio 4000 RTP/AVP 0",
		  HEAD OURS "a=sendrecv\r\nm=audio 30000 RTP/AVP 0\r\na=sendonly" },
		/* not held: untouched */
		{ HEAD CONN "m=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n",
		  HEAD OURS "m=audio 30000 RTP/AVP 0\r\na=sendrecv\r\n" },
	};
	struct sdp_relay r = relay_all();

	r.convert_hold = true;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(rewrite(str_of(cases[i].in), &r), cases[i].want);
}

static void
test_refused_lines(void **state)
{
	struct sdp_relay r = relay_all();

	r.port[1] = 0;
	assert_string_equal(rewrite(STR(HEAD CONN "m=audio 4000 RTP/AVP 0\r\n"
	    "m=video 4002/2 RTP/AVP 97\r\na=rtcp:4005\r\n"), &r),
	    HEAD "c=IN IP4 198.51.100.9\r\nm=audio 30000 RTP/AVP 0\r\n"
	    "m=video 0 RTP/AVP 97\r\na=rtcp:0\r\n");
	/* found by fuzzing: what is not relayed has no part in a bundle */
	assert_string_equal(rewrite(STR(HEAD CONN "a=group:BUNDLE a b\r\n"
	    "m=audio 4000 RTP/AVP 0\r\nm=x 4000 TCP/BFCP *\r\n"), &r),
	    HEAD "c=IN IP4 198.51.100.9\r\na=group:BUNDLE a b\r\n"
	    "m=audio 30000 RTP/AVP 0\r\nm=x 0 TCP/BFCP *\r\n");
}

static void
test_parse_errors(void **state)
{
	static const struct {
		const char	*in;
		int		 error;
	} cases[] = {
		{ "", -EBADMSG },
		{ "\r\n", -EBADMSG },
		{ "m=audio 4000 RTP/AVP 0\r\n", -EBADMSG },
		{ HEAD, 0 },
		{ HEAD "m=audio 4000 RTP/AVP 0\r\n", -EBADMSG },	/* no c= */
		{ HEAD "m=audio 0 RTP/AVP 0\r\n", 0 },
		{ HEAD CONN "m=audio 65535 RTP/AVP 0\r\n", 0 },
		{ HEAD CONN "m=audio 65536 RTP/AVP 0\r\n", -EBADMSG },
		{ HEAD CONN "m=audio -1 RTP/AVP 0\r\n", -EBADMSG },
		{ HEAD CONN "m=audio 4294967297 RTP/AVP 0\r\n", -EBADMSG },
		{ HEAD CONN "m=audio x RTP/AVP 0\r\n", -EBADMSG },
		{ HEAD CONN "m=audio 4000/0 RTP/AVP 0\r\n", -EBADMSG },
		{ HEAD CONN "m=audio 4000/ RTP/AVP 0\r\n", -EBADMSG },
		{ HEAD CONN "m=audio 4000\r\n", -EBADMSG },
		{ HEAD CONN "m=\r\n", -EBADMSG },
	};
	const char	*why;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int	error = sdp_parse(&sdp, str_of(cases[i].in), &why);

		if (error != cases[i].error)
			fail_msg("case %zu: %d", i, error);
		assert_int_equal(error < 0, why != NULL);
	}
}

/* S45: repeats beyond any use are refused, not stored. */
static void
test_bounds(void **state)
{
	static const struct {
		const char	*line;
		unsigned	 fits, refused;
	} cases[] = {
		{ "m=audio 4000 RTP/AVP 0\r\n", SDP_MEDIA_MAX, SDP_MEDIA_MAX + 1 },
		{ "b=AS:64\r\n", SDP_LINES_MAX - 8, SDP_LINES_MAX },
		{ "a=candidate:0 1 UDP 1 203.0.113.1 54400 typ host\r\n", 1000, 1990 },
		{ "c=IN IP4 192.0.2.1\r\n", SDP_EDITS_MAX - 8, SDP_EDITS_MAX },
	};
	static char	body[4 * SDP_BODY_MAX];
	const char	*why;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int big = 0; big < 2; big++) {
			unsigned	n = big ? cases[i].refused : cases[i].fits;
			struct text	t;
			int		error;

			text_init(&t, body, sizeof(body));
			text_add(&t, STR(HEAD CONN));
			while (n-- > 0)
				text_add(&t, str_of(cases[i].line));
			error = sdp_parse(&sdp, text_str(&t), &why);
			if (error != (big ? -E2BIG : 0))
				fail_msg("%s: %d", cases[i].line, error);
		}
	}
}

static void
test_details(void **state)
{
	const char	*why;
	char		 buf[ADDR_TEXT_MAX];
	struct sdp_media *m = sdp.media;

	assert_int_equal(sdp_parse(&sdp, STR(HEAD CONN "a=recvonly\r\n"
	    "m=audio 4000 RTP/SAVP 0\r\na=sendonly\r\na=rtcp:5000 IN IP4 192.0.2.3\r\n"
	    "m=video 4002 UDP/TLS/RTP/SAVPF 97\r\na=rtcp-mux\r\n"
	    "m=image 4004 udptl t38\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\n"
	    "m=application 9 TCP/MSRP *\r\n"), &why), 0);
	assert_int_equal(sdp.nmedia, 4);
	assert_int_equal(m[0].direction, SDP_SENDONLY);
	assert_int_equal(m[1].direction, SDP_RECVONLY);
	assert_int_equal(m[2].direction, SDP_INACTIVE);
	assert_true(m[0].is_rtp && m[1].is_rtp && !m[2].is_rtp);
	assert_true(m[0].datagrams && m[1].datagrams && m[2].datagrams &&
	    !m[3].datagrams);
	assert_true(m[1].mux && !m[0].mux);
	assert_true(m[2].hold && !m[1].hold);
	assert_true(str_eq(addr_print(&m[0].rtp, buf), STR("192.0.2.1:4000")));
	assert_true(str_eq(addr_print(&m[0].rtcp, buf), STR("192.0.2.3:5000")));
	assert_true(str_eq(addr_print(&m[1].rtcp, buf), STR("192.0.2.1:4003")));
	assert_int_equal(m[2].rtp.len, 0);
}

/* ---- the corpus of sdp-transform ---- */

/* The body without what may differ: c= values, ports, a=rtcp, lines of ICE. */
static size_t
skeleton(char *to, const char *from, size_t len)
{
	static const char *const gone[] = { "a=candidate:", "a=ice-",
	    "a=remote-candidates:", "a=end-of-candidates", NULL };
	size_t	n = 0, at = 0;

	while (at < len) {
		const char	*end = memchr(from + at, '\n', len - at);
		size_t		 line = end != NULL ? (size_t)(end - from) + 1 - at : len - at;
		size_t		 skip = 0, keep = 0;
		int		 k;

		for (k = 0; gone[k] != NULL; k++)
			if (line >= strlen(gone[k]) &&
			    memcmp(from + at, gone[k], strlen(gone[k])) == 0)
				break;
		if (memcmp(from + at, "c=", 2) == 0) {
			keep = 2;
			skip = strcspn(from + at, "\r\n");
		} else if (line > 7 && memcmp(from + at, "a=rtcp:", 7) == 0) {
			keep = 7;
			skip = strcspn(from + at, "\r\n");
		} else if (memcmp(from + at, "m=", 2) == 0) {
			keep = strcspn(from + at, " ") + 1;
			skip = keep + strcspn(from + at + keep, " ");
		}
		if (gone[k] == NULL) {
			memcpy(to + n, from + at, keep);
			n += keep;
			memcpy(to + n, from + at + skip, line - skip);
			n += line - skip;
		}
		at += line;
	}
	return n;
}

static void
corpus_file(const char *path)
{
	static char	 text[SDP_BODY_MAX], a[SDP_BODY_MAX], b[2 * SDP_BODY_MAX];
	FILE		*f = fopen(path, "r");
	struct sdp_relay r = relay_all();
	size_t		 len, n;
	unsigned	 nmedia;
	const char	*why;

	assert_non_null(f);
	len = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[len] = '\0';
	if (sdp_parse(&sdp, str_make(text, len), &why) < 0)
		fail_msg("%s: %s", path, why);
	nmedia = sdp.nmedia;
	for (unsigned i = 0; i < nmedia; i++)
		if (sdp.media[i].port == 0)
			r.port[i] = 0;
	rewrite(str_make(text, len), &r);
	n = skeleton(a, text, len);
	assert_int_equal(n, skeleton(b, out, strlen(out)));
	assert_memory_equal(a, b, n);
	/* and what was written is SDP with the same lines */
	assert_int_equal(sdp_parse(&sdp, str_of(out), &why), 0);
	assert_int_equal(sdp.nmedia, nmedia);
}

static void
test_corpus(void **state)
{
	const char	*corpus = getenv("CORPUS");
	char		 dir[1024], path[2048];
	struct dirent	*e;
	unsigned	 n = 0;
	DIR		*d;

	snprintf(dir, sizeof(dir), "%s/sdp-transform",
	    corpus != NULL ? corpus : "../shared/corpus");
	d = opendir(dir);
	if (d == NULL) {
		print_message("SKIPPED: no bodies at %s\n", dir);
		skip();
	}
	while ((e = readdir(d)) != NULL) {
		size_t	len = strlen(e->d_name);

		if (len < 4 || strcmp(e->d_name + len - 4, ".sdp") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		corpus_file(path);
		n++;
	}
	closedir(d);
	assert_true(n >= 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rewrite),
		cmocka_unit_test(test_hold_converted),
		cmocka_unit_test(test_refused_lines),
		cmocka_unit_test(test_parse_errors),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_corpus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
