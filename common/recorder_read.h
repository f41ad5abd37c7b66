#ifndef COMMON_RECORDER_READ_H
#define COMMON_RECORDER_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "common/recorder.h"

/*
 * Reading a ring of the flight recorder, whether its writer lives or not. The
 * file is only read, never mapped: its writer may cut it. Everything in it is
 * checked, as if a stranger had written it.
 */
struct recorder_reader;			/* opaque */

/* -EBADMSG: no ring of ours. -ESTALE: of another boot. 0 or -errno. */
int	recorder_reader_open(struct recorder_reader **out, const char *path);
/* The same from a descriptor, which is the reader's from here on. */
int	recorder_reader_take(struct recorder_reader **out, int fd);
void	recorder_reader_close(struct recorder_reader *d);	/* NULL is fine */

/*
 * The next record, oldest first, up to what was there at open; NULL at the end.
 * Borrowed until the next call. The payload has c->length octets and follows it.
 */
const struct record *recorder_next(struct recorder_reader *d);
/*
 * Its position in the ring, which names it. A copy that recorder_keep() made has
 * that of its original in c->before.
 */
uint64_t recorder_position(const struct recorder_reader *d, const struct record *c);
/* The writer was faster: records between two that were returned are missing. */
bool	recorder_lost(const struct recorder_reader *d);

/*
 * What a record holds; false when it is too short for its kind. text and slices
 * point into it, cut where they would reach outside.
 */
bool	record_read_message(const struct record *c, struct record_message *m, struct str *text);
struct str record_slice(struct str text, struct record_slice s);
bool	record_read_note(const struct record *c, char tag[9], struct str *text);

#endif
