/*
 * log - one line a record, written with one write(2) to a file opened with
 * O_APPEND: lines of several threads and processes never mix, and a rotation
 * that copies and truncates works for a daemon that may open nothing any more.
 */
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/mono.h"
#include "common/stats.h"

#define LINE_MAX_OCTETS	4096	/* PIPE_BUF: whole on a pipe, too */
#define RATE_MAX	10	/* records a second and call site */
#define RAISED_MAX_S	1000	/* records a second of raised calls, all together */
#define STR_MAX		200
#define STR_BUFFERS	8

static struct {
	char		 name[32];
	char		*path;
	_Atomic int	 fd;
	_Atomic int	 level;
	bool		 all_to_stderr;
	bool		 journal;
} state = { .fd = -1, .level = LOG_PROBLEMS };

_Atomic int	log_most = LOG_PROBLEMS;

const char *const log_tags[] = {
	"SIPDATA", "SIP", "SIPS", "SIPC", "SIGNAL", "ROUTER", "REG", "AUTH", "NAT",
	"MEDIA", "GW", "DNS", "BUS", NULL
};
#define TAGS	(sizeof(log_tags) / sizeof(log_tags[0]) - 1)
static _Atomic int tag_levels[TAGS];	/* 0: state.level */

static const struct {
	const char	*name;
	int		 priority;	/* syslog's, for the journal */
} levels[] = {
	[LOG_FAILURE]	= { "failure", 2 },
	[LOG_MAJOR]	= { "major", 5 },
	[LOG_PROBLEMS]	= { "problems", 4 },
	[LOG_LOW]	= { "low-level", 6 },
	[LOG_ALL]	= { "all", 7 },
};

static int
file_open(const char *path)
{
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    0640);
}

void
log_open(const char *daemon, const char *file)
{
	int	fd;

	snprintf(state.name, sizeof(state.name), "%s", daemon);
	state.journal = getenv("JOURNAL_STREAM") != NULL;
	tzset();	/* reads a file, once: not from within the sandbox */
	free(state.path);
	state.path = file != NULL ? xstrdup(file) : NULL;
	fd = atomic_exchange(&state.fd, file != NULL ? file_open(file) : -1);
	if (fd != -1)
		close(fd);
	if (file != NULL && state.fd == -1)
		log_problem("LOG", "%s: cannot write %s: %s; only stderr is used",
		    state.name, file, strerror(errno));
}

/*
 * Takes the place of the old descriptor under the same number: another thread
 * may be writing to it just now.
 */
void
log_reopen(void)
{
	int	fd;

	if (state.path == NULL || (fd = file_open(state.path)) == -1)
		return;
	if (state.fd == -1) {
		state.fd = fd;
		return;
	}
	dup3(fd, state.fd, O_CLOEXEC);
	close(fd);
}

void
log_to_stderr(bool all)
{
	state.all_to_stderr = all;
}

static int
load(const _Atomic int *level)
{
	return atomic_load_explicit((_Atomic int *)(uintptr_t)level,
	    memory_order_relaxed);
}

static void
levels_changed(void)
{
	int	most = load(&state.level);

	for (size_t i = 0; i < TAGS; i++)
		if (load(&tag_levels[i]) > most)
			most = load(&tag_levels[i]);
	atomic_store_explicit(&log_most, most, memory_order_relaxed);
}

void
log_level_set(enum log_level level)
{
	atomic_store_explicit(&state.level, level, memory_order_relaxed);
	levels_changed();
}

void
log_tag_level_set(size_t i, unsigned level)
{
	atomic_store_explicit(&tag_levels[i], (int)level, memory_order_relaxed);
	levels_changed();
}

bool
log_level_parse(struct str name, enum log_level *out)
{
	for (int i = LOG_FAILURE; i <= LOG_ALL; i++)
		if (str_caseeq(name, str_of(levels[i].name)) ||
		    (name.len == 1 && name.s[0] == '0' + i)) {
			*out = (enum log_level)i;
			return true;
		}
	return false;
}

bool
log_wants_of(enum log_level level, const char *tag)
{
	int	own = 0;

	if (!log_wants(level))
		return false;
	for (size_t i = 0; i < TAGS && own == 0; i++)
		if (load(&tag_levels[i]) != 0 && strcmp(log_tags[i], tag) == 0)
			own = load(&tag_levels[i]);
	return (int)level <= (own != 0 ? own : load(&state.level));
}

static bool
plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f;
}

static void
add_octal(struct text *t, unsigned char c)
{
	char	esc[4] = { '\\', (char)('0' + (c >> 6)),
	    (char)('0' + (c >> 3 & 7)), (char)('0' + (c & 7)) };

	text_add(t, str_make(esc, sizeof(esc)));
}

/* What log_str() did stays as it is: only what must not get through changes. */
static void
add_escaped(struct text *t, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (plain((unsigned char)s.s[i]))
			text_ch(t, s.s[i]);
		else
			add_octal(t, (unsigned char)s.s[i]);
	}
}

static void
add_time(struct text *t)
{
	int64_t		now = wall_ms();
	time_t		s = now / 1000;
	struct tm	tm;

	gmtime_r(&s, &tm);
	text_printf(t, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    (int)(now % 1000));
}

static void
write_line(int fd, const char *line, size_t len)
{
	ssize_t	n;

	do
		n = write(fd, line, len);
	while (n == -1 && errno == EINTR);
}

static void
log_line(enum log_level level, const char *tag, uint64_t id, struct str text)
{
	char		 line[LINE_MAX_OCTETS], prefixed[LINE_MAX_OCTETS + 4];
	struct text	 t;
	int		 fd = state.fd, n;

	text_init(&t, line, sizeof(line) - 1);	/* room for the newline */
	add_time(&t);
	text_printf(&t, " %d %s", (int)level, tag);
	if (id != 0)
		text_printf(&t, "-%llx", (unsigned long long)id);
	text_ch(&t, ' ');
	add_escaped(&t, text);
	line[t.len++] = '\n';
	if (fd != -1)
		write_line(fd, line, t.len);
	if (level > LOG_PROBLEMS && !state.all_to_stderr)
		return;
	if (!state.journal) {
		write_line(STDERR_FILENO, line, t.len);
		return;
	}
	n = snprintf(prefixed, sizeof(prefixed), "<%d>%.*s",
	    levels[level].priority, (int)t.len, line);
	write_line(STDERR_FILENO, prefixed, (size_t)n < sizeof(prefixed) ?
	    (size_t)n : sizeof(prefixed) - 1);
}

static void
log_va(enum log_level level, const char *tag, uint64_t id, const char *fmt,
    va_list ap)
{
	char	text[LINE_MAX_OCTETS];
	int	saved = errno, n;

	n = vsnprintf(text, sizeof(text), fmt, ap);
	if (n < 0)
		n = 0;
	if ((size_t)n >= sizeof(text))
		n = sizeof(text) - 1;
	log_line(level, tag, id, str_make(text, (size_t)n));
	errno = saved;
}

/*
 * Threads race here; the worst that can happen is a line more or a count that
 * misses one.
 */
static bool
rate_ok(struct log_rate *r, enum log_level level, const char *tag, uint32_t max)
{
	int64_t		now = mono_now().ns / 1000000000;
	uint32_t	n;

	if (__atomic_exchange_n(&r->second, now, __ATOMIC_RELAXED) != now) {
		n = __atomic_exchange_n(&r->count, 1, __ATOMIC_RELAXED);
		if (n > max)
			log_at(level, tag, 0, "%u more records like the next "
			    "one were left out", n - max);
		return true;
	}
	if (__atomic_fetch_add(&r->count, 1, __ATOMIC_RELAXED) < max)
		return true;
	stats->log_suppressed++;
	return false;
}

bool
log_rate_ok(struct log_rate *r, enum log_level level, const char *tag)
{
	return rate_ok(r, level, tag, RATE_MAX);
}

void
log_at(enum log_level level, const char *tag, uint64_t id, const char *fmt, ...)
{
	static struct log_rate	raised;
	va_list			ap;

	/* Who is looked at in detail may be who floods us. */
	if (!log_wants_of(level, tag) && ((int)level > raised_level(id) ||
	    !rate_ok(&raised, LOG_PROBLEMS, "LOG", RAISED_MAX_S)))
		return;
	va_start(ap, fmt);
	log_va(level, tag, id, fmt, ap);
	va_end(ap);
}

const char *
log_str(struct str s)
{
	static _Thread_local char	buffers[STR_BUFFERS][STR_MAX * 4 + 8];
	static _Thread_local unsigned	next;
	char				*buf = buffers[next++ % STR_BUFFERS];
	bool				 cut = s.len > STR_MAX, quote;
	struct text			 t;

	if (cut)
		s.len = STR_MAX;
	quote = s.len == 0 || str_chr(s, ' ') >= 0 || str_chr(s, '"') >= 0;
	text_init(&t, buf, sizeof(buffers[0]));
	if (quote)
		text_ch(&t, '"');
	for (size_t i = 0; i < s.len; i++) {
		char c = s.s[i];

		if (!plain((unsigned char)c)) {
			add_octal(&t, (unsigned char)c);
			continue;
		}
		if (c == '\\' || c == '"')
			text_ch(&t, '\\');
		text_ch(&t, c);
	}
	if (quote)
		text_ch(&t, '"');
	if (cut)
		text_add(&t, STR("..."));
	return buf;
}

void
fatal(const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	log_va(LOG_FAILURE, "FATAL", 0, fmt, ap);
	va_end(ap);
	/* Not exit() beside running threads: its handlers free what they use. */
	if (gettid() != getpid())
		_exit(1);
	exit(1);
}
