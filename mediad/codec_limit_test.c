/* codec_limit_test - what of an offer is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mediad/codec_limit.h"

#define HEAD	"v=0\r\nc=IN IP4 192.0.2.1\r\n"

static void
test_offers(void **state)
{
	static const struct {
		const char	*in, *want;
		unsigned	 removed;
	} cases[] = {
		/* one of two static types, and what is beside */
		{ HEAD "m=audio 4 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\n"
		  "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n",
		  HEAD "m=audio 4 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
		  "a=fmtp:101 0-15\r\na=ptime:20\r\n", 1 },
		/* by its a=rtpmap, in any case of letters; LF stays */
		{ "v=0\nm=audio 4 RTP/SAVP 96 97\na=rtpmap:96 OPUS/48000/2\na=rtpmap:97 iLBC/8000\n"
		  "a=fmtp:97 mode=20\n",
		  "v=0\nm=audio 4 RTP/SAVP 96\na=rtpmap:96 OPUS/48000/2\n", 1 },
		/* never empty: nothing allowed is there */
		{ HEAD "m=audio 4 RTP/AVP 0 18 101\r\na=rtpmap:101 telephone-event/8000\r\n",
		  HEAD "m=audio 4 RTP/AVP 0 18 101\r\na=rtpmap:101 telephone-event/8000\r\n", 0 },
		/* each line for itself; retransmissions go with what they repeat */
		{ HEAD "m=audio 4 RTP/AVP 8\r\nm=video 6 RTP/AVPF 96 97 98 99\r\n"
		  "a=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
		  "a=rtpmap:98 H264/90000\r\na=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=98;rtx-time=9\r\n"
		  "a=rtcp-fb:96 nack\r\na=rtcp-fb:98 nack\r\na=rtcp-fb:* ccm fir\r\n",
		  HEAD "m=audio 4 RTP/AVP 8\r\nm=video 6 RTP/AVPF 98 99\r\n"
		  "a=rtpmap:98 H264/90000\r\na=rtpmap:99 rtx/90000\r\na=fmtp:99 apt=98;rtx-time=9\r\n"
		  "a=rtcp-fb:98 nack\r\na=rtcp-fb:* ccm fir\r\n", 2 },
		/* a dynamic type that nothing explains */
		{ HEAD "m=audio 4 RTP/AVP 8 120\r\n", HEAD "m=audio 4 RTP/AVP 8\r\n", 1 },
		/* no RTP: none of our business */
		{ HEAD "m=image 4 udptl t38\r\nm=message 5 TCP/MSRP *\r\n",
		  HEAD "m=image 4 udptl t38\r\nm=message 5 TCP/MSRP *\r\n", 0 },
		/* damaged */
		{ HEAD "m=audio\r\nm=\r\nm=audio 4 RTP/AVP 999 -1 8 0 x\r\na=rtpmap:\r\na=fmtp:8 apt=\r\n",
		  HEAD "m=audio\r\nm=\r\nm=audio 4 RTP/AVP 999 -1 8 x\r\na=rtpmap:\r\na=fmtp:8 apt=\r\n", 1 },
		{ "", "", 0 },
	};
	static char	 pcma[] = "pcma", opus[] = "opus", h264[] = "h264";
	static char	*names[] = { pcma, opus, h264 };
	struct set_texts allowed = { names, 3 };
	char		buf[4096];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct text	t;

		text_init(&t, buf, sizeof(buf) - 1);
		assert_int_equal(codec_limit(str_of(cases[i].in), &allowed, &t),
		    cases[i].removed);
		buf[t.len] = '\0';
		assert_string_equal(buf, cases[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_offers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
