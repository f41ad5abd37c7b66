/* trace_calls_test - calls whose records lie in several rings. */
#include <sys/stat.h>
#include <unistd.h>

#include "common/recorder.h"
#include "sipctl/trace_test.h"

static void
put(struct recorder *r, const char *method, int ms)
{
	struct record_message	m = { .transport = TRANSPORT_UDP };
	char			text[256];
	char			*p;

	snprintf(text, sizeof(text), "%s sip:b@h SIP/2.0\r\nFrom: <sip:a@h>;tag=1\r\n"
	    "To: <sip:b@h>\r\nCall-ID: 1@h\r\n\r\n", method);
	m.method = m.label = (struct record_slice){ 0, (uint16_t)strlen(method) };
	m.call_id = slice_of(text, "Call-ID: ", false);
	m.from = slice_of(text, "From: ", true);
	m.to = slice_of(text, "To: ", true);
	p = recorder_begin(r, RECORD_IN, 0, 7, (struct mono){ (5000 + ms) * 1000000ll },
	    sizeof(m) + strlen(text));
	assert_non_null(p);
	memcpy(p, &m, sizeof(m));
	memcpy(p + sizeof(m), text, strlen(text));
	recorder_commit(r);
}

/* An ACK that came after a kill lies in the ring that is read first: INVITE it is. */
static void
test_first_by_time(void **state)
{
	struct ctl		 c = { .quiet = true };
	struct recorder		*rings[2];
	struct trace_calls	 t;
	char			 run[] = "/tmp/trace_calls_test.XXXXXX", path[4096];

	assert_non_null(mkdtemp(run));
	snprintf(c.dirs.run, sizeof(c.dirs.run), "%s", run);
	assert_int_equal(mkdir(dirs_path(path, run, "recorder"), 0700), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(recorder_open(&rings[i], dirs_path(path, run,
		    "recorder/sipd.%d", i), RECORDER_MIN, getuid(), getgid()), 0);
	put(rings[0], "INVITE", 0);
	put(rings[1], "ACK", 20);
	assert_int_equal(trace_calls(&c, &t), CTL_DONE);
	assert_int_equal(t.n, 1);
	assert_string_equal(t.v[0]->method, "INVITE");
	assert_true(trace_call_is_invite(t.v[0]));
	trace_calls_fini(&t);
	for (int i = 0; i < 2; i++) {
		recorder_close(rings[i]);
		unlink(dirs_path(path, run, "recorder/sipd.%d", i));
	}
	rmdir(dirs_path(path, run, "recorder"));
	rmdir(run);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = { cmocka_unit_test(test_first_by_time) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
