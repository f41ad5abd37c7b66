#ifndef SIPD_HANDOVER_H
#define SIPD_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A bounded queue from one thread to one other, without locks: one puts, one
 * takes. An item is a function and what it is called with.
 */
struct worker;

struct handover_item {
	void	(*fn)(struct worker *w, void *arg);
	void	*arg;
};

struct handover;		/* opaque */

/* At least that many items fit. */
struct handover *handover_new(uint32_t items);
void	handover_free(struct handover *h);	/* NULL is fine; items are let go */

/*
 * By the producer. False when fewer than spare items would still fit
 * afterwards: what can be lost leaves room for what should not be.
 */
bool	handover_put(struct handover *h, struct handover_item item,
	    uint32_t spare);
/* By the consumer. False when there is none. */
bool	handover_take(struct handover *h, struct handover_item *out);
/* By the consumer: how many there are to take. */
uint32_t handover_count(const struct handover *h);

#endif
