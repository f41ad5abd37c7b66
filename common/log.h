#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/raised.h"
#include "common/str.h"

/*
 * One line a record: "TIME LEVEL TAG-id text key=value ...". The levels are the
 * administrator's (FEATURES.md row 184):
 *   Failure   ends the process        Major  the operator's diary
 *   Problems  wants somebody to act   Low    and All are for us
 * Records go to log/NAME.log; Failure to Problems also to stderr with a "<n>"
 * prefix for the journal. Any thread may log. No control octet gets through:
 * every argument from the wire is passed with log_str(), and the whole line is
 * escaped once more (S47).
 */
enum log_level {
	LOG_FAILURE = 1,
	LOG_MAJOR,
	LOG_PROBLEMS,
	LOG_LOW,
	LOG_ALL,
};

/* file may be NULL: stderr only. "<n>" only where stderr is the journal. */
void	log_open(const char *daemon, const char *file);
/* After a rotation; keeps the old descriptor when the new one is refused. */
void	log_reopen(void);
/* Everything that is logged goes to stderr, too (daemons with -f). */
void	log_to_stderr(bool all);
void	log_level_set(enum log_level level);
/*
 * The components that may have a level of their own (row 24), ended by NULL; i is an
 * index, level 0: that of all.
 */
extern const char *const log_tags[];
void	log_tag_level_set(size_t i, unsigned level);
bool	log_level_parse(struct str name, enum log_level *out);	/* "problems" or "3" */
/* For callers that would compute something only to log it. */
extern _Atomic int log_most;		/* the highest level of any component */
static inline bool
log_wants(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&log_most, memory_order_relaxed);
}
bool	log_wants_of(enum log_level level, const char *tag);

/* The same of a record of one call, which may be raised. */
static inline bool
log_wants_for(enum log_level level, const char *tag, uint64_t call)
{
	return log_wants_of(level, tag) || (int)level <= raised_level(call);
}

/* tag: "SIP", "REG" ...; id: of the call or another object, 0 for none. */
void	log_at(enum log_level level, const char *tag, uint64_t id,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#define log_major(tag, ...)	log_at(LOG_MAJOR, tag, 0, __VA_ARGS__)
#define log_problem(tag, ...)	log_at(LOG_PROBLEMS, tag, 0, __VA_ARGS__)
#define log_low(tag, id, ...)					\
	do { if (log_wants_for(LOG_LOW, tag, id)) log_at(LOG_LOW, tag, id, __VA_ARGS__); } while (0)
#define log_all(tag, id, ...)					\
	do { if (log_wants_for(LOG_ALL, tag, id)) log_at(LOG_ALL, tag, id, __VA_ARGS__); } while (0)

/*
 * At most ten records a second per call site, then one with the count of what
 * was left out (S48): for warnings that a packet can cause.
 */
#define log_rate(level, tag, ...)						\
	do {									\
		static struct log_rate rate_;					\
		if (log_wants_of(level, tag) && log_rate_ok(&rate_, level, tag))	\
			log_at(level, tag, 0, __VA_ARGS__);			\
	} while (0)
struct log_rate {
	int64_t		second;
	uint32_t	count;
};
bool	log_rate_ok(struct log_rate *r, enum log_level level, const char *tag);

/*
 * Wire text for a log line: vis(3)-escaped, quoted when it has blanks, cut at
 * 200 octets. One of eight thread-local buffers: use it at once.
 */
const char *log_str(struct str s);

/* Start-up and broken invariants only: logs Failure, exits 1. */
_Noreturn void fatal(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
