#ifndef SIPD_ENDING_H
#define SIPD_ENDING_H

#include "common/bus.h"

/*
 * Calls that end because somebody else says so: mediad, whose session fell silent, or
 * the administrator. The worker that owns a call ends it; these may come anywhere.
 */

/* The media of a call are over (MEDIA_ENDED). */
void	ending_by_silence(struct str call_id, struct str caller_tag);

/*
 * Does the house take no new calls, because it will be ended when the others are over?
 * Any thread. A process that takes over does not know; sipctl says it again.
 */
bool	ending_closed(void);

/* CALL_END of sipctl: BYE to both sides; CALLS_CLOSE. */
extern const struct bus_handler ending_handlers[];

#endif
