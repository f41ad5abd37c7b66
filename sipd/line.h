#ifndef SIPD_LINE_H
#define SIPD_LINE_H

#include "sipd/msg.h"

/*
 * Reads the header line at *p with its folds (RFC 3261 section 7.3.1) and moves
 * *p behind it. out->next is not set.
 *
 * 0; 1 when it is folded or has blanks before its colon; -EBADMSG for a line without a proper name and colon or with a CR or LF
 * that is not part of CRLF: *p is behind it, *out undefined; -EAGAIN when the
 * line has no end: *p is end.
 */
int	line_read(const char **p, const char *end, struct sip_line *out);

/*
 * Makes a line for which line_read() said 1 one that every reader understands
 * alike, in its own octets, which must be writable: blanks before the colon come
 * behind it, and the CRLF of a fold becomes two blanks (S17). The slices of the
 * line, and what was parsed from them, stay where they are.
 */
void	line_straighten(const struct sip_line *l);

/* Writes "name: value" and CRLF. */
void	line_write(struct text *t, struct str name, struct str value);

/* Skips the empty lines before a message. */
struct str line_skip_blank(struct str in);

/*
 * Content-Length as its value says: digits only. More than fits is INT64_MAX.
 * 0 or -EBADMSG.
 */
int	line_length(struct str value, int64_t *out);

#endif
