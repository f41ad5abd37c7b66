#ifndef SIPD_STAGES_H
#define SIPD_STAGES_H

#include <stdbool.h>

struct proxy;

/*
 * The later stages of a decision (FEATURES.md rows 93-100): targets that join those
 * that ring, or take their place, after a time, or when all of them have failed. A
 * stage begins at most once; after the final answer, or a CANCEL, none does.
 */

/* The first targets have begun: from now on the time of "after" counts. */
void	stages_begin(struct proxy *p);
/*
 * The same for a call of the last process, whose legs are there: the time counts from
 * when the first began. A stage that had begun finds its targets there.
 */
void	stages_taken(struct proxy *p);
/* Is there one that may still begin? */
bool	stages_pending(const struct proxy *p);
/*
 * Every target has failed, and p->best_code says how. True: a stage has begun because
 * of that, or has answered.
 */
bool	stages_failed(struct proxy *p);
/*
 * There was no target at all, for nothing is registered. True: a stage has added
 * some, which targets_begin() is to begin, or has answered.
 */
bool	stages_unregistered(struct proxy *p);

#endif
