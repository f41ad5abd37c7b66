/* Units of merged.c: RFC 3261 section 8.2.2.2. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sipd/merged.h"

#define OURS	"Via: SIP/2.0/UDP p;branch=z9hG4bK%s\r\n"
#define PHONE	"Via: SIP/2.0/UDP phone;branch=z9hG4bK1\r\n"
#define SECOND	INT64_C(1000000000)

static struct sip_msg m;

static bool
came(struct merged *g, int64_t at_s, const char *branch, const char *below,
    const char *tag, const char *call_id, unsigned cseq)
{
	char	text[1024];
	int	n;

	n = snprintf(text, sizeof(text), "REGISTER sip:h SIP/2.0\r\n" OURS "%s"
	    "From: <sip:a@h>;tag=%s\r\nTo: <sip:a@h>\r\nCall-ID: %s\r\n"
	    "CSeq: %u REGISTER\r\nContent-Length: 0\r\n\r\n", branch, below, tag,
	    call_id, cseq);
	assert_int_equal(sip_parse(&m, str_make(text, (size_t)n)), 0);
	return merged_came_before(g, &m, txn_server_key(&m, m.method_text),
	    (struct mono){ at_s * SECOND }, 32000);
}

static void
test_what_is_merged(void **state)
{
	static const struct {
		int64_t		 at_s;
		const char	*branch, *below, *tag, *call_id;
		unsigned	 cseq;
		bool		 merged;
	} table[] = {
		{ 10, "b", PHONE, "t", "c", 1, true },
		{ 10, "a", PHONE, "t", "c", 1, false },		/* the same again */
		{ 41, "b", PHONE, "t", "c", 1, true },
		{ 43, "b", PHONE, "t", "c", 1, false },		/* 33 s later */
		{ 10, "b", PHONE, "t", "c", 2, false },
		{ 10, "b", PHONE, "u", "c", 1, false },
		{ 10, "b", PHONE, "t", "d", 1, false },
		/* S04: sent again by who has seen it, in a request of his own */
		{ 10, "b", "", "t", "c", 1, false },
		{ 10, "b", "Via: SIP/2.0/UDP phone;branch=z9hG4bK2\r\n", "t", "c", 1, false },
		{ 10, "b", "Via: SIP/2.0/UDP thief;branch=z9hG4bK1\r\n", "t", "c", 1, false },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct merged	*g = merged_new();

		assert_false(came(g, 10, "a", PHONE, "t", "c", 1));
		if (came(g, table[i].at_s, table[i].branch, table[i].below,
		    table[i].tag, table[i].call_id, table[i].cseq) != table[i].merged)
			fail_msg("row %zu", i);
		merged_free(g);
	}
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_what_is_merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
