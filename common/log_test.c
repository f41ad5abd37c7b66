/* log: one event, one line, no control octet (S47); a flood is counted (S48). */
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/stats.h"

static char	dir[] = "/tmp/log_test.XXXXXX";
static char	path[64], text[1 << 20];

/* What was written since the last call. */
static char *
written(void)
{
	int	fd = open(path, O_RDWR);
	ssize_t	n = read(fd, text, sizeof(text) - 1);

	assert_true(n >= 0);
	text[n] = '\0';
	assert_int_equal(ftruncate(fd, 0), 0);
	close(fd);
	return text;
}

static int
lines(const char *s)
{
	int	n = 0;

	while ((s = strchr(s, '\n')) != NULL)
		n++, s++;
	return n;
}

static int
set_up(void **state)
{
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.log", dir);
	log_open("test", path);
	return 0;
}

static int	terminal;

/* stderr has cmocka's words, too: ours go elsewhere while a test runs. */
static int
hush(void **state)
{
	int	null = open("/dev/null", O_WRONLY);

	terminal = dup(STDERR_FILENO);
	dup2(null, STDERR_FILENO);
	close(null);
	return 0;
}

static int
unhush(void **state)
{
	dup2(terminal, STDERR_FILENO);
	close(terminal);
	return 0;
}

static int
tear_down(void **state)
{
	log_open("test", NULL);
	unlink(path);
	rmdir(dir);
	return 0;
}

static void
test_line(void **state)
{
	const char	*s;
	int		 year, n = 0;

	log_level_set(LOG_PROBLEMS);
	errno = ENOENT;
	log_problem("GW", "gateway %s: %d", "x", 7);
	assert_int_equal(errno, ENOENT);
	s = written();
	assert_int_equal(sscanf(s, "%4d-%*2d-%*2dT%*2d:%*2d:%*2d.%*3dZ 3 GW%n",
	    &year, &n), 1);
	assert_true(year >= 2024);
	assert_string_equal(s + n, " gateway x: 7\n");
	log_at(LOG_MAJOR, "SIP", 0xab12, "hello");
	assert_non_null(strstr(written(), " 2 SIP-ab12 hello\n"));
	log_low("SIP", 1, "not wanted");
	log_all("SIP", 1, "not wanted");
	assert_string_equal(written(), "");
	log_level_set(LOG_ALL);
	log_low("SIP", 1, "wanted");
	log_all("SIP", 1, "wanted");
	assert_int_equal(lines(written()), 2);
	log_level_set(LOG_PROBLEMS);
}

/* Row 24: one says more than the others, one says less. */
static void
test_tags(void **state)
{
	size_t	sip = 0, sipc = 0;

	while (strcmp(log_tags[sip], "SIP") != 0)
		sip++;
	while (strcmp(log_tags[sipc], "SIPC") != 0)
		sipc++;
	log_level_set(LOG_PROBLEMS);
	log_tag_level_set(sipc, LOG_ALL);
	log_tag_level_set(sip, LOG_FAILURE);
	log_all("SIPC", 1, "wanted");
	log_all("SIPS", 1, "not wanted");
	log_rate(LOG_LOW, "SIPDATA", "not wanted");
	log_problem("SIP", "not wanted");
	log_problem("TEST", "wanted");
	assert_int_equal(lines(written()), 2);
	assert_true(log_wants(LOG_ALL) && log_wants_of(LOG_ALL, "SIPC"));
	assert_false(log_wants_of(LOG_LOW, "SIPS"));
	log_tag_level_set(sipc, 0);
	log_tag_level_set(sip, 0);
	log_all("SIPC", 1, "not wanted");
	log_problem("SIP", "wanted");
	assert_int_equal(lines(written()), 1);
	assert_false(log_wants(LOG_LOW));
}

static void
test_levels(void **state)
{
	static const struct {
		const char	*in;
		int		 level;		/* 0: unknown */
	} cases[] = {
		{ "failure", LOG_FAILURE }, { "Problems", LOG_PROBLEMS },
		{ "low-level", LOG_LOW }, { "all", LOG_ALL }, { "1", 1 },
		{ "5", 5 }, { "0", 0 }, { "6", 0 }, { "", 0 }, { "al", 0 },
		{ "33", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum log_level level = 0;

		assert_int_equal(log_level_parse(str_of(cases[i].in), &level),
		    cases[i].level != 0);
		assert_int_equal(level, cases[i].level);
	}
}

static void
test_escape(void **state)
{
	static const struct {
		struct str	 in;
		const char	*out;
	} cases[] = {
		{ STR("anna"), "anna" },
		{ STR("a b"), "\"a b\"" },
		{ STR(""), "\"\"" },
		{ STR_NONE, "\"\"" },
		{ STR("a\r\nb"), "a\\015\\012b" },
		{ STR("\x1b[2J"), "\\033[2J" },
		{ STR("\0\x7f\xff"), "\\000\\177\\377" },
		{ STR("%n%s"), "%n%s" },
		{ STR("a\"b\\c"), "\"a\\\"b\\\\c\"" },
		{ STR("<script>"), "<script>" },
	};
	char	big[300];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(log_str(cases[i].in), cases[i].out);
	memset(big, '\n', sizeof(big));
	assert_int_equal(strlen(log_str(str_make(big, 300))), 200 * 4 + 3);
	assert_string_equal(log_str(str_make(big, 200)) + 796, "\\012");
	/* Who forgets log_str() gets one line all the same. */
	log_problem("SIP", "user %s and %s", "a\nb\r\x1b", log_str(STR("c\nd")));
	assert_non_null(strstr(written(),
	    "user a\\012b\\015\\033 and c\\012d\n"));
	assert_int_equal(lines(text), 1);
	/* Longer than a line may be: cut, and still one line. */
	memset(text, 'x', 9000);
	text[9000] = '\0';
	log_problem("SIP", "%s", text);
	assert_int_equal(lines(written()), 1);
	assert_true(strlen(text) <= 4096);
}

static void
one_place(void)
{
	log_rate(LOG_PROBLEMS, "SIP", "a packet did it");
}

static void
test_rate(void **state)
{
	struct stats	before, after;
	int		n;

	stats_sum(&before);
	for (int i = 0; i < 1000; i++)
		one_place();
	stats_sum(&after);
	n = lines(written());
	/* Two seconds at most went by. */
	assert_true(n >= 10 && n <= 22);
	assert_in_range(after.log_suppressed - before.log_suppressed, 980, 990);

	struct log_rate r = { 0 };
	for (int i = 0; i < 15; i++)
		log_rate_ok(&r, LOG_PROBLEMS, "SIP");
	r.second--;		/* a second later */
	assert_true(log_rate_ok(&r, LOG_PROBLEMS, "SIP"));
	assert_non_null(strstr(written(), "5 more records like"));
}

static void *
chatter(void *arg)
{
	for (int i = 0; i < 500; i++)
		log_problem("SIP", "%s%s%s%s", (char *)arg, (char *)arg,
		    (char *)arg, (char *)arg);
	return NULL;
}

/* Of a raised call everything is written, whatever the level: up to a bound. */
static void
test_raised(void **state)
{
	struct raised	r = { .number = 1, .by = RAISED_USER, .level = LOG_ALL,
			    .until_ms = INT64_MAX, .value = "anna" };
	struct stats	before, after;
	int		n;

	log_level_set(LOG_PROBLEMS);
	(void)written();
	assert_int_equal(raised_put(&r, 1), 0);
	raised_look_aor(7, STR("anna@a.test"));
	stats_sum(&before);
	for (int i = 0; i < 5000; i++) {
		log_low("SIP", 7, "of the call");
		log_low("SIP", 8, "of another");
	}
	stats_sum(&after);
	n = lines(written());
	assert_in_range(n, 1000, 3010);
	assert_in_range(after.log_suppressed - before.log_suppressed, 2000, 4000);
	assert_true(raised_del(1, 2));
	(void)written();
	log_low("SIP", 7, "of the call");
	assert_int_equal(lines(written()), 0);
}

static void
test_threads(void **state)
{
	static char	letters[4][100];
	pthread_t	t[4];
	const char	*s;

	for (int i = 0; i < 4; i++) {
		memset(letters[i], 'a' + i, sizeof(letters[i]) - 1);
		assert_int_equal(pthread_create(&t[i], NULL, chatter,
		    letters[i]), 0);
	}
	for (int i = 0; i < 20; i++)
		log_reopen();
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	s = written();
	assert_int_equal(lines(s), 2000);
	for (; *s != '\0'; s = strchr(s, '\n') + 1) {
		const char *p = strstr(s, "SIP ") + 4;

		assert_int_equal(strspn(p, (char[]){ *p, '\0' }), 396);
		assert_int_equal(p[396], '\n');
	}
}

static void
test_reopen(void **state)
{
	char	old[80];

	snprintf(old, sizeof(old), "%s.1", path);
	log_problem("SIP", "before");
	assert_int_equal(rename(path, old), 0);
	log_reopen();
	log_problem("SIP", "after");
	assert_null(strstr(written(), "before"));
	assert_non_null(strstr(text, "after"));
	unlink(old);
}

static void
test_fatal(void **state)
{
	int	status;
	pid_t	pid = fork();

	if (pid == 0) {
		/* The leak checker has nothing to say about a child that dies. */
		log_problem("SIP", "x");
		fatal("no %s", "way");
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_non_null(strstr(written(), " 1 FATAL no way\n"));
}

#define TEST(fn)	cmocka_unit_test_setup_teardown(fn, hush, unhush)

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		TEST(test_line),
		TEST(test_tags),
		TEST(test_levels),
		TEST(test_escape),
		TEST(test_rate),
		TEST(test_raised),
		TEST(test_threads),
		TEST(test_reopen),
		TEST(test_fatal),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
