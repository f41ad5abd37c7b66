/*
 * cdr - records of calls that are over.
 *
 * proxy.c writes those of refused calls, outcome.c and sipd.c those of calls that were
 * answered. A line is one write() to a file opened for appending, so that threads do
 * not mix, and so that the file may be copied and cut while it is written: it is
 * opened once, before the privileges are given up.
 */
#include "sipd/cdr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/log.h"
#include "common/map.h"
#include "common/mono.h"
#include "common/stats.h"
#include "sipd/worker.h"

#define FILE_NAME	"cdr.ndjson"
#define LINE_MAX_OCTETS	8192
#define TAIL		(1024 * 1024)	/* octets of the last process that are read */
#define ID_BEGIN	"{\"id\":\""
#define ID_DIGITS	16

static struct {
	_Atomic int	fd;
	uint64_t	*known;		/* ids, sorted */
	size_t		nknown;
} state = { .fd = -1 };

/* ---- ids ---- */

/* last: the callee's tag, or "#" and the CSeq. The key is no secret: nobody gains. */
static uint64_t
id_of(struct str call_id, struct str caller_tag, struct str last)
{
	static const uint8_t	key[16];
	char			buf[1024];
	struct text		t;

	text_init(&t, buf, sizeof(buf));
	text_add(&t, call_id);
	text_ch(&t, '\n');
	text_add(&t, caller_tag);
	text_ch(&t, '\n');
	text_add(&t, last);
	return siphash64(key, text_str(&t));
}

static int
compare(const void *pa, const void *pb)
{
	uint64_t	a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;

	return a < b ? -1 : a > b;
}

static bool
is_known(uint64_t id)
{
	return state.nknown > 0 && bsearch(&id, state.known, state.nknown, sizeof(id),
	    compare) != NULL;
}

bool
cdr_known(struct str call_id, struct str caller_tag, struct str callee_tag)
{
	return is_known(id_of(call_id, caller_tag, callee_tag));
}

static void
learn(struct str tail)
{
	struct str	line;

	while (str_cut(&tail, '\n', &line)) {
		char	digits[ID_DIGITS + 1];

		if (!str_prefix(line, STR(ID_BEGIN)) || line.len < sizeof(ID_BEGIN) + ID_DIGITS)
			continue;
		str_copy(digits, sizeof(digits), str_make(line.s + sizeof(ID_BEGIN) - 1,
		    ID_DIGITS));
		state.known[state.nknown++] = strtoull(digits, NULL, 16);
	}
	qsort(state.known, state.nknown, sizeof(state.known[0]), compare);
}

/* The ids in the end of the file, which is all that a kill can have left open. */
static void
learn_file(int fd)
{
	char	*tail = xcalloc(1, TAIL);
	off_t	 size = lseek(fd, 0, SEEK_END);
	ssize_t	 n = pread(fd, tail, TAIL, size > TAIL ? size - TAIL : 0);

	state.known = xcalloc(TAIL / (sizeof(ID_BEGIN) + ID_DIGITS), sizeof(uint64_t));
	if (n > 0)
		learn(str_make(tail, (size_t)n));
	free(tail);
}

/* ---- the file ---- */

void
cdr_open(struct self *self)
{
	char	path[4096];
	int	fd;

	dirs_path(path, self->dirs.log, FILE_NAME);
	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0) {
		log_problem("SIP", "%s: %s: no records of calls are written", path,
		    strerror(errno));
		return;
	}
	learn_file(fd);
	state.fd = fd;
}

void
cdr_close(void)
{
	int	fd = atomic_exchange(&state.fd, -1);

	if (fd != -1)
		close(fd);
	free(state.known);
	state.known = NULL;
	state.nknown = 0;
}

/* ---- a line ---- */

static void
add_key(struct text *t, struct str key)
{
	text_add(t, STR(",\""));
	text_add(t, key);
	text_add(t, STR("\":"));
}

/* What stands in a JSON string as it is. */
static bool
is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

static void
add_text(struct text *t, struct str key, struct str s)
{
	size_t	plain = 0;

	add_key(t, key);
	text_ch(t, '"');
	for (size_t i = 0; i < s.len; i++) {
		unsigned char	c = (unsigned char)s.s[i];

		if (is_plain(c))
			continue;
		text_add(t, str_make(s.s + plain, i - plain));
		plain = i + 1;
		if (c == '"' || c == '\\')
			text_printf(t, "\\%c", c);
		else
			text_printf(t, "\\u%04x", c);
	}
	text_add(t, str_make(s.s + plain, s.len - plain));
	text_ch(t, '"');
}

/* .007 */
static void
add_ms(struct text *t, uint64_t ms)
{
	text_ch(t, '.');
	text_ch(t, (char)('0' + ms / 100 % 10));
	text_ch(t, (char)('0' + ms / 10 % 10));
	text_ch(t, (char)('0' + ms % 10));
}

static void
add_time(struct text *t, struct str key, int64_t ms)
{
	static _Thread_local char	buf[32];	/* the last one's, to the second */
	static _Thread_local time_t	of;
	time_t				s = (time_t)(ms / 1000);
	struct tm			tm;

	add_key(t, key);
	if (ms <= 0 || (s != of && gmtime_r(&s, &tm) == NULL)) {
		text_add(t, STR("null"));
		return;
	}
	if (s != of) {
		strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%S", &tm);
		of = s;
	}
	text_ch(t, '"');
	text_add(t, str_of(buf));
	add_ms(t, (uint64_t)(ms % 1000));
	text_add(t, STR("Z\""));
}

static void
add_id(struct text *t, uint64_t id)
{
	text_add(t, STR(ID_BEGIN));
	for (int shift = 60; shift >= 0; shift -= 4)
		text_ch(t, "0123456789abcdef"[id >> shift & 15]);
	text_ch(t, '"');
}

static void
add_duration(struct text *t, int64_t ms)
{
	add_key(t, STR("duration_s"));
	if (ms < 0)		/* the clock was set back meanwhile */
		text_ch(t, '-');
	text_u64(t, (uint64_t)(ms < 0 ? -ms : ms) / 1000);
	add_ms(t, (uint64_t)(ms < 0 ? -ms : ms));
}

/* One a call: without printf() it takes a third of the time. */
static void
write_line(struct text *t, uint64_t id, const struct cdr *c, int64_t now)
{
	add_id(t, id);
	add_time(t, STR("begun"), c->begun_ms);
	add_time(t, STR("answered"), c->answered_ms);
	add_time(t, STR("ended"), now);
	add_duration(t, c->answered_ms == 0 ? 0 : now - c->answered_ms);
	add_text(t, STR("from"), c->from);
	add_text(t, STR("to"), c->to);
	add_key(t, STR("code"));
	text_u64(t, c->code);
	add_text(t, STR("reason"), c->reason);
	add_text(t, STR("ended_by"), str_of(c->ended_by));
	add_text(t, STR("gateway"), c->gateway);
	add_text(t, STR("from_gateway"), c->came_by);
	add_text(t, STR("route"), c->route);
	add_text(t, STR("media"), c->proxied ? STR("proxied") : STR("direct"));
	add_text(t, STR("call_id"), c->call_id);
	add_text(t, STR("caller_tag"), c->caller_tag);
	add_text(t, STR("callee_tag"), c->callee_tag);
	text_add(t, STR("}\n"));
}

void
cdr_write(const struct cdr *c)
{
	char		line[LINE_MAX_OCTETS], cseq[16];
	struct text	t;
	int		fd = state.fd;
	uint64_t	id;

	if (fd == -1 || !settings_now()->call_records)
		return;
	snprintf(cseq, sizeof(cseq), "#%u", c->cseq);
	id = id_of(c->call_id, c->caller_tag, c->callee_tag.len > 0 ? c->callee_tag :
	    str_of(cseq));
	if (is_known(id))
		return;
	text_init(&t, line, sizeof(line));
	write_line(&t, id, c, wall_ms());
	if (!t.full && write(fd, line, t.len) == (ssize_t)t.len) {
		stats->cdrs_written++;
		return;
	}
	stats->cdrs_lost++;
	log_rate(LOG_FAILURE, "SIP", "the record of call %s is lost: %s",
	    log_str(c->call_id), t.full ? "too long" : strerror(errno));
}
