#ifndef SIPD_NEXTHOP_H
#define SIPD_NEXTHOP_H

#include <stdbool.h>
#include <stdint.h>

#include "sipd/hop.h"
#include "sipd/way.h"
#include "sipd/worker.h"

/*
 * Where a message goes: RFC 3263 section 4 for requests, section 5 for responses,
 * RFC 7984 for both families of addresses. A way (way.h) that names a host is looked
 * up, and yields one target after the other, each found when it is needed.
 *
 * Bounds of one message (S25): 10 targets, 32 questions, 5 aliases, and 3 s
 * ("dns-lookup-limit") of waiting for name servers.
 */
#define TARGETS_MAX	10
#define QUESTIONS_MAX	32
#define ALIASES_MAX	5

/* The ordered targets of one name; belongs to one worker. */
struct nexthop;

/* There is news: ask nexthop_next() again. Never from within. */
typedef void nexthop_fn(void *arg);

/*
 * Copies way, which is a name, and from: what may be sent to because of what came
 * in there (NULL: it did not come in). Nothing is asked yet.
 */
struct nexthop *nexthop_new(struct worker *w, const struct way *way,
	    const struct hop *from, nexthop_fn *fn, void *arg);
void	nexthop_free(struct nexthop *n);	/* NULL is fine; fn is not called */

/*
 * The next target: 0 and *out; -EINPROGRESS: fn will tell. There is none, or no
 * other: -ENOENT no such name; -EACCES only forbidden addresses; -EHOSTDOWN only
 * black-listed ones; -EAFNOSUPPORT only transports or families we do not speak;
 * -ETIMEDOUT, -EREMOTEIO ... the name servers failed.
 */
int	nexthop_next(struct nexthop *n, struct hop *out);
/* This one was tried before, by another process: it does not come again. */
void	nexthop_skip(struct nexthop *n, const struct hop *tried);
/* Another target may follow. */
bool	nexthop_more(const struct nexthop *n);
/* What a request is answered whose way ended with this error. */
uint16_t nexthop_code(int error);
/* The same for people: "no such name". */
struct str nexthop_words(int error);

/* A worker's resolver as the settings want it: at its start, and each turn. */
void	nexthop_start(struct worker *w);
void	nexthop_turn(struct worker *w);

#endif
