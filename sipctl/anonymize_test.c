/* anonymize_test - what strangers may see, and that the rest is as it was. */
#include "sipctl/anonymize.h"
#include "sipctl/ladder.h"
#include "sipctl/trace_test.h"

static void
hide(struct trace *t)
{
	struct pseudonyms	*a = pseudonyms_new();

	anonymize(t, a);
	pseudonyms_free(a);
}

/* The text of a record, to be freed. */
static char *
text_of(const struct trace *t, size_t i)
{
	struct record_message	m;
	struct str		text;
	char			tag[9];

	if (t->v[i].c->kind == RECORD_IN || t->v[i].c->kind == RECORD_OUT)
		assert_true(record_read_message(t->v[i].c, &m, &text));
	else
		assert_true(record_read_note(t->v[i].c, tag, &text));
	return str_dup(text);
}

static void
test_one_text(void **state)
{
	static const struct {
		const char	*in, *out;
	} table[] = {
		{ "INVITE sip:bert@acme.example:5070;a=b SIP/2.0\r\n",
		    "INVITE sip:user1@host1.example:5070;a=b SIP/2.0\r\n" },
		{ "X\r\nTo: \"Bert \\\"B\\\" Maier\" <tel:+49301234567;x=y>;tag=1\r\n",
		    "X\r\nTo: \"Name 1\" <tel:+00000000001;x=y>;tag=1\r\n" },
		{ "X\r\nVia: SIP/2.0/UDP pc.acme.example;received=10.1.4.20;branch=z9hG4bK.a\r\n",
		    "X\r\nVia: SIP/2.0/UDP host1.example;received=10.0.0.2;branch=z9hG4bK.a\r\n" },
		{ "X\r\nContact: <sip:[2001:db8:7::1]:5061>, <sip:a@198.51.100.7>\r\n",
		    "X\r\nContact: <sip:[2001:db8::1]:5061>, <sip:user1@192.0.2.2>\r\n" },
		{ "X\r\nAuthorization: Digest username=\"anna\", realm=\"acme.example\", nonce=\"a.b\"\r\n",
		    "X\r\nAuthorization: Digest username=\"user1\", realm=\"host1.example\", nonce=\"a.b\"\r\n" },
		{ "X\r\nSubject: my money\r\nUser-Agent: baresip v1.0.0\r\nCSeq: 12345 INVITE\r\n",
		    "X\r\nSubject: removed\r\nUser-Agent: baresip v1.0.0\r\nCSeq: 12345 INVITE\r\n" },
		{ "X\r\nCall-ID: secret@acme.example\r\n", "X\r\nCall-ID: call1\r\n" },
		{ "X\r\n\r\nv=0\r\no=anna 1 1 IN IP4 10.1.4.20\r\nm=audio 40000 RTP/AVP 0\r\n",
		    "X\r\n\r\nv=0\r\no=- 1 1 IN IP4 10.0.0.2\r\nm=audio 40000 RTP/AVP 0\r\n" },
		{ "X\r\nFrom: \"unclosed\r\nTo: <sip:", "X\r\nFrom: \"Name 1\r\nTo: <sip:" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct trace	 t = { NULL };
		char		*s;

		trace_message(&t, false, "198.18.0.1:5060", 0, table[i].in);
		hide(&t);
		s = text_of(&t, 0);
		assert_string_equal(s, table[i].out);
		free(s);
		trace_fini(&t);
	}
}

/* Nobody of a whole call is in it, and its ladder is the same but for names. */
static void
test_call(void **state)
{
	static const char	*const secrets[] = { "anna", "bert", "Berg", "acme", "10.1.4.20",
				    "442071234567", "db8:2::5", "money", "192.0.2.1" };
	struct trace		 t;
	struct ladder		 l;

	trace_refused_call(&t);
	hide(&t);
	for (size_t i = 0; i < t.n; i++) {
		char	*s = text_of(&t, i);

		for (size_t k = 0; k < sizeof(secrets) / sizeof(secrets[0]); k++)
			if (strstr(s, secrets[k]) != NULL)
				fail_msg("%s is in: %s", secrets[k], s);
		free(s);
	}
	ladder_make(&t, "server", &l);
	assert_int_equal(l.npeers, 3);
	assert_string_equal(l.result, "488 Not Acceptable Here");
	assert_string_equal(l.rows[0].label, "INVITE (SDP)");
	assert_string_equal(l.call_id, "call1");
	assert_string_equal(l.peers[0].address, "udp:10.0.0.2:5062");
	assert_non_null(strstr(l.rows[0].note, "signed in as user"));
	ladder_fini(&l);
	trace_fini(&t);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_one_text), cmocka_unit_test(test_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
