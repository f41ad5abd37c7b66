#ifndef SIPD_FAILURES_H
#define SIPD_FAILURES_H

#include <stdbool.h>
#include <stdint.h>

#include "sipd/worker.h"

/*
 * What could not be sent: told to the upper half at the turn's end, never from
 * within wire_send().
 */
struct failures;

struct failures *failures_new(void);
void	failures_free(struct failures *f);	/* NULL is fine */

/* For a message of this worker's. Token 0: nobody wants to know. */
void	failures_add(struct worker *w, uint64_t token, int error);
/* For a message that worker `of` sent through this one. */
void	failures_tell(struct worker *w, unsigned of, uint64_t token, int error);
/* Calls core_send_failed(); false when there was nothing to tell. */
bool	failures_run(struct worker *w);

#endif
