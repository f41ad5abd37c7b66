#ifndef COMMON_NOTES_H
#define COMMON_NOTES_H

#include <stddef.h>
#include <stdint.h>

#include "common/mono.h"
#include "common/str.h"

/*
 * What a daemon with one thread tells the flight recorder: what it decided, by the
 * key of the call. sipd has rings of its own (sipd/record.h), as it has threads and
 * messages. Never of a packet of media, and never a secret.
 *
 * The ring is run/recorder/NAME.0, a sixteenth of "recorder-size"; 0: there is none,
 * and noting costs nothing. Main thread only. A note of a raised call is logged.
 */
struct self;

/* While still privileged; what cannot be opened is logged. */
void	notes_open(struct self *self);
void	notes_close(void);

/*
 * A decision about a call: its text in parts, cut at 1024 octets. code: of SIP, or 0.
 * note_parts() wants a tag of eight octets, as RECORD_TAG() makes it.
 */
#define note(code, call, now, tag, ...)					\
	note_parts(code, call, now, tag "\0\0\0\0\0\0\0", (const struct str []){ __VA_ARGS__ }, \
	    sizeof((const struct str []){ __VA_ARGS__ }) / sizeof(struct str))
void	note_parts(uint16_t code, uint64_t call, struct mono now, const char *tag,
	    const struct str *parts, size_t n);

#endif
