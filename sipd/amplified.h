#ifndef SIPD_AMPLIFIED_H
#define SIPD_AMPLIFIED_H

#include <stdbool.h>
#include <stddef.h>

#include "common/mono.h"
#include "sipd/hop.h"

/*
 * Answers that are much longer than their requests, to who has not proved that he
 * is where he says (S33): few a second to any one network, however many ask in its
 * name. A phone's requests are longer than that; this is about the shortest ones.
 */

/*
 * May an answer of so many octets to a request of asked leave to that peer now?
 * Counted and logged when not. For the thread that calls it: of max a second
 * ("amplified-answers-limit") each worker has its own.
 */
bool	amplified_may(const struct hop *to, size_t asked, size_t octets,
	    unsigned max, struct mono now);

#endif
