#ifndef REGD_GUESSES_H
#define REGD_GUESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/show.h"
#include "common/str.h"

/*
 * Wrong passwords by where they came from: each source has a budget a minute, and
 * half of it for any one user. Over it nothing from that source is judged; the
 * same user from elsewhere is not concerned. Times are CLOCK_BOOTTIME ms.
 */
struct guesses;

#define GUESSES_MAX	20000	/* sources, and users tried from one; the oldest go */

struct guesses *guesses_new(void);
void	guesses_free(struct guesses *g);	/* NULL is fine */

enum guess {
	GUESS_JUDGE,
	GUESS_SLOWLY,		/* judge; a bad one's answer may take its time */
	GUESS_MUTE,		/* neither judge nor answer */
};
/*
 * source: a flow "udp:192.0.2.1:5060"; IPv6 counts by its /64. budget: wrong ones a
 * minute, 0: no limit. at_home(): has the user a binding there? Then only his own
 * wrong passwords count; asked only once the source is over its budget.
 */
typedef bool guesses_home_fn(void *arg);
enum guess guesses_may(struct guesses *g, struct str source, struct str user,
	    uint32_t budget, int64_t now_ms, guesses_home_fn *at_home, void *arg);

/*
 * A credential was wrong; reason is static. How many of that source were since
 * guesses_good() or guesses_forgive().
 */
uint32_t guesses_wrong(struct guesses *g, struct str source, struct str user,
	    const char *reason, int64_t now_ms);

/* One from there was not judged (GUESS_MUTE): it counts like a wrong one there. */
uint32_t guesses_unjudged(struct guesses *g, struct str flow);
/* A credential from there was right. */
void	guesses_good(struct guesses *g, struct str flow);
/* The same by the source itself, as guesses_source() writes it. */
void	guesses_forgive(struct guesses *g, struct str source);

/* The last wrong one for that user, from anywhere. False: none is known. */
struct guess_last {
	const char	*reason;
	char		 source[64];
	int64_t		 last_ms;
};
bool	guesses_last(const struct guesses *g, struct str user, struct guess_last *out);

/* What else is to be said of that user's tries from there, "" for nothing. */
typedef struct str guesses_note_fn(void *arg, struct str source, struct str user,
	    bool muted, char buf[64]);
/* Rows of "failures", the latest first. */
uint64_t guesses_show(struct guesses *g, struct show *s, uint64_t cursor,
	    int64_t now_ms, guesses_note_fn *note, void *arg);
/* The host of a flow as it is counted: "192.0.2.1", "2001:db8:1:2::". */
struct str guesses_source(struct str flow, char buf[64]);

#endif
