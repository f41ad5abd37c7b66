/* trunk_test - what a request looks like at a gateway, and its response here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/stats.h"
#include "sipd/msg.h"
#include "sipd/trunk.h"

static struct sip_msg	m;
static char		out[8192];
static struct trunk_scratch scratch;

#define HEAD(from, to)	"INVITE sip:1@here SIP/2.0\r\n" \
	"Via: SIP/2.0/UDP h;branch=z9hG4bKa\r\nFrom: " from "\r\nTo: " to "\r\n" \
	"Call-ID: c\r\nCSeq: 7 INVITE\r\n"

static const char *
written(struct edits *e)
{
	struct text	t;

	text_init(&t, out, sizeof(out) - 1);
	assert_int_equal(edits_write(e, &t), 0);
	out[t.len] = '\0';
	return out;
}

static struct gateway *
gateway(void)
{
	return gateway_named(STR("tele"));
}

/* Rows 177 and 178, callers of a gateway's own choice, RFC 3323 and 3325. */
static const struct {
	const char	*request;
	bool		 substitute_from, substitute_to, trusted;
	const char	*caller_id, *account;
	const char	*wanted[3];	/* lines */
	const char	*not;
} dresses[] = {
	{ HEAD("\"A\" <sip:a@h>;tag=f", "<sip:9@h>") "\r\n", false, false, false, "", "a@h",
	  { "\r\nFrom: \"A\" <sip:a@h>;tag=f\r\n", "\r\nTo: <sip:9@h>\r\n" }, "P-Asserted" },
	{ HEAD("\"A\" <sip:a@h>;tag=f;x=1", "sip:9@h") "\r\n", true, true, false, "", "",
	  { "\r\nFrom: <sip:line7@tele>;tag=f;x=1\r\n", "\r\nTo: <sip:5@tele>\r\n" }, NULL },
	{ HEAD("<sip:a@h>;tag=f", "<sip:9@h>;tag=t") "\r\n", false, true, false, "+44 7", "",
	  { "\r\nFrom: <sip:+44%207@tele>;tag=f\r\n", "\r\nTo: <sip:5@tele>;tag=t\r\n" }, NULL },
	{ HEAD("<sip:a@h>;tag=f", "<sip:9@h>") "\r\n", true, false, false, "+447", "",
	  { "\r\nFrom: <sip:line7@tele>;tag=f\r\n" }, NULL },
	{ HEAD("<sip:a@h>;tag=f", "<sip:9@h>") "\r\n", false, false, false, "username", "",
	  { "\r\nFrom: <sip:line7@tele>;tag=f\r\n" }, NULL },
	{ HEAD("<sip:a@h>;tag=f", "<sip:9@h>") "\r\n", false, false, false, "anonymous", "",
	  { "\r\nFrom: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=f\r\n" }, NULL },
	{ HEAD("<sip:a@h>;tag=f", "<sip:9@h>") "Privacy: user;id\r\n\r\n", false, false, false,
	  "", "a@h", { "\r\nFrom: \"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=f\r\n" },
	  "P-Asserted" },
	{ HEAD("<sip:a@h>;tag=f", "<sip:9@h>") "Privacy: none\r\n\r\n", false, false, false, "",
	  "", { "\r\nFrom: <sip:a@h>;tag=f\r\n" }, NULL },
	/* Who is trusted is told, and told as well that it goes no further. */
	{ HEAD("<sip:a@h>;tag=f", "<sip:9@h>") "Privacy: id\r\n\r\n", false, false, true, "",
	  "a@h", { "\r\nFrom: <sip:a@h>;tag=f\r\n", "\r\nPrivacy: id\r\n",
	    "\r\nP-Asserted-Identity: <sip:a@h>\r\n" }, NULL },
	{ HEAD("<sip:a@h>;tag=f", "<sip:9@h>") "\r\n", true, false, true, "+447", "a@h",
	  { "\r\nP-Asserted-Identity: <sip:+447@tele>\r\n" }, NULL },
};

static void
test_dresses(void **state)
{
	for (size_t i = 0; i < sizeof(dresses) / sizeof(dresses[0]); i++) {
		struct gateway_facts	 f = {
			.substitute_from = dresses[i].substitute_from,
			.substitute_to = dresses[i].substitute_to,
			.trusted = dresses[i].trusted, .aor = "sip:line7@tele",
		};
		struct edits		 e;
		struct trunk		*t;

		assert_int_equal(sip_parse(&m, str_of(dresses[i].request)), 0);
		t = trunk_new(gateway(), &m);
		trunk_dress(t, &f, &m, STR("sip:5@tele:5070;transport=tcp"),
		    str_of(dresses[i].caller_id), str_of(dresses[i].account));
		edits_init(&e, &m);
		trunk_edit(t, &e, &scratch);
		written(&e);
		for (size_t k = 0; k < 3 && dresses[i].wanted[k] != NULL; k++)
			if (strstr(out, dresses[i].wanted[k]) == NULL)
				fail_msg("%zu: no %s in %s", i, dresses[i].wanted[k], out);
		if (dresses[i].not != NULL)
			assert_null(strstr(out, dresses[i].not));
		trunk_free(t);
	}
}

/* RFC 3261 section 22.2: the next CSeq goes there; here nobody sees it. */
static void
test_cseq_and_back(void **state)
{
	struct edits	 e;
	struct trunk	*t;
	char		 text[TRUNK_TEXT_MAX];

	assert_int_equal(sip_parse(&m, STR(HEAD("\"A\" <sip:a@h>;tag=f", "sip:9@h")
	    "RAck: 3 6 INVITE\r\nAuthorization: Digest x\r\n\r\n")), 0);
	t = trunk_new(gateway(), &m);
	t->from = strdup("<sip:line7@tele>");
	t->to = strdup("<sip:5@tele>");
	t->shift = t->invite_shift = 2;
	t->credential = strdup("Digest ours");
	t->proxy = true;
	edits_init(&e, &m);
	trunk_edit(t, &e, &scratch);
	written(&e);
	assert_non_null(strstr(out, "\r\nCSeq: 9 INVITE\r\n"));
	assert_non_null(strstr(out, "\r\nRAck: 3 8 INVITE\r\n"));
	assert_non_null(strstr(out, "\r\nProxy-Authorization: Digest ours\r\n"));

	assert_int_equal(sip_parse(&m, STR("SIP/2.0 180 Ringing\r\n"
	    "Via: SIP/2.0/UDP h;branch=z9hG4bKb\r\nFrom: <sip:line7@tele>;tag=f\r\n"
	    "To: <sip:5@tele>;tag=theirs\r\nCall-ID: c\r\nCSeq: 9 INVITE\r\n"
	    "Proxy-Authenticate: Digest y\r\n\r\n")), 0);
	edits_init(&e, &m);
	trunk_edit_back(t, &e, &scratch);
	assert_string_equal(written(&e), "SIP/2.0 180 Ringing\r\n"
	    "Via: SIP/2.0/UDP h;branch=z9hG4bKb\r\nFrom: \"A\" <sip:a@h>;tag=f\r\n"
	    "To: sip:9@h;tag=theirs\r\nCall-ID: c\r\nCSeq: 7 INVITE\r\n\r\n");

	/* What a restart knows of it. */
	assert_true(str_prefix(trunk_print(t, text), STR("tele\n")));
	trunk_free(t);
	assert_int_equal(sip_parse(&m, STR(HEAD("<sip:a@h>;tag=f", "sip:9@h") "\r\n")), 0);
	t = trunk_new(NULL, &m);
	assert_false(trunk_read(t, STR("tele\n2\nx")));
	assert_true(trunk_read(t, str_of(text)));
	assert_ptr_equal(t->gateway, gateway());
	assert_int_equal(t->shift, 2);
	assert_string_equal(t->from, "<sip:line7@tele>");
	assert_null(t->credential);
	trunk_free(t);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_dresses),
		cmocka_unit_test(test_cseq_and_back),
	};
	int			failed;

	stats_thread();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	gateways_close();
	return failed;
}
