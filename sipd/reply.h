#ifndef SIPD_REPLY_H
#define SIPD_REPLY_H

#include "common/addr.h"
#include "common/str.h"
#include "sipd/msg.h"

/*
 * Answers of our own to a request (RFC 3261 section 8.2.6): written into a
 * bounded text, in order: reply_begin(), any number of reply_header(),
 * reply_end(). Nothing is repeated but what the RFC asks for (S33). t->full
 * says that it did not fit.
 */

/*
 * Status line; all Via lines, the top value with received and rport of source
 * (NULL: as it is); From; To, with ;tag=to_tag if it has none and to_tag is not
 * empty; Call-ID; CSeq; Timestamp for a 100. Also for a request that is bad:
 * what is missing is left out, of what is there twice the first is taken.
 */
void	reply_begin(struct text *t, const struct sip_msg *m, unsigned code,
	    struct str reason, struct str to_tag, const struct addr *source);
/* value must hold no CR, LF or NUL, else the line is left out. */
void	reply_header(struct text *t, struct str name, struct str value);
/* Date (RFC 3261 section 20.17), of CLOCK_REALTIME milliseconds. */
void	reply_date(struct text *t, int64_t wall_ms);
/* All lines of this header of m, as they are (Record-Route of a 2xx, Path). */
void	reply_copy(struct text *t, const struct sip_msg *m, enum header id);
/* Content-Length, the empty line and the body. */
void	reply_end(struct text *t, struct str body);
/* The usual phrase: 404 to "Not Found"; of an unknown code that of its class. */
struct str reply_reason(unsigned code);

#endif
