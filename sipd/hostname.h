#ifndef SIPD_HOSTNAME_H
#define SIPD_HOSTNAME_H

#include <stdint.h>

#include "common/str.h"

/*
 * The domains by which next hops were found, numbered, so that a hop stays a plain
 * value: TLS compares the name with the server's certificate (RFC 5922 section 7.3).
 * Bounded: the one that was kept first is forgotten first, and then no number of
 * its time is good any more. Any thread.
 */
#define HOSTNAME_MAX	256

/* The number of a name, without regard to case; 0 for none and for one too long. */
uint32_t hostname_keep(struct str name);
/* Empty when the number is 0 or the name was forgotten. */
struct str hostname_read(uint32_t number, char buf[HOSTNAME_MAX]);

#endif
