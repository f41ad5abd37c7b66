#ifndef SIPD_MSG_FIELDS_H
#define SIPD_MSG_FIELDS_H

#include "sipd/msg.h"

/* What sip_parse() reads of every message; between msg.c and msg_fields.c. */

void	msg_fields_reset(struct sip_msg *m);
/*
 * Reads Via, From, To, Call-ID, CSeq, Max-Forwards, Expires and Content-Length
 * of indexed lines; complaints go to m->bad. -EBADMSG when there is no Via:
 * nobody to answer to.
 */
int	msg_fields_parse(struct sip_msg *m);
/* Notes what is wrong unless something was already. */
void	msg_bad(struct sip_msg *m, uint16_t code, const char *what);

#endif
