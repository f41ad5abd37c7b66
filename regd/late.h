#ifndef REGD_LATE_H
#define REGD_LATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bus.h"

/* Answers to wrong passwords that take their time (S03). Times: CLOCK_BOOTTIME ms. */
struct late;

#define LATE_MS		1000
#define LATE_MAX	10000	/* held back at a time; beyond it they go at once */

struct late *late_new(void);
void	late_free(struct late *l);		/* unsent; NULL is fine */

/* Answers t like this, MSG_REGISTERED or MSG_JUDGED, a second later. */
void	late_put(struct late *l, struct bus_ticket t, enum msg_type type,
	    int64_t now_ms);
/* Sends what is due. */
void	late_turn(struct late *l, int64_t now_ms);

#endif
