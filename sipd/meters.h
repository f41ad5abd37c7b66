#ifndef SIPD_METERS_H
#define SIPD_METERS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/show.h"
#include "sipd/header.h"

/*
 * What stats.def has no room for: messages by method, transport and code, and how long
 * things took. Each worker adds to its own; show_meters() sums. "sipctl metrics" makes
 * families of them.
 */
struct worker;
struct hop;
struct txn;

enum meter_way { METER_IN, METER_OUT, METER_WAYS };
/* RFC 6076 sections 4.1, 4.3 and 4.5 where they are named. */
enum meter_clock {
	METER_SERVER,		/* a request came in: until its final response */
	METER_CLIENT,		/* a request went out: until its final response */
	METER_REGISTRATION,	/* registration request delay: REGISTER until 200 */
	METER_REQUEST_DELAY,	/* session request delay: INVITE until it rings, or 200 */
	METER_SETUP,		/* INVITE until 200 */
	METER_CLOCKS
};

/* In the worker's thread, before its first message, and after its last. */
void	meters_start(struct worker *w);
void	meters_stop(struct worker *w);

/* code 0: a request. */
void	meter_message(struct worker *w, enum meter_way way, enum transport by,
	    enum method method, uint16_t code);
/* The same of one that leaves, read from its text. */
void	meter_out(struct worker *w, enum transport by, struct str bytes);
void	meter_time(struct worker *w, enum meter_clock clock, int64_t ms);

/*
 * The table "meters": of a count "what", its labels and "n"; of a clock "what", "n" of
 * those up to "le_ms" (null: all) and, with the last, "sum_ms".
 */
uint64_t show_meters(void *arg, struct show *s, uint64_t cursor);

#endif
