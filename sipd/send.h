#ifndef SIPD_SEND_H
#define SIPD_SEND_H

#include "common/bus.h"

/*
 * SEND: a request outside any dialog that another daemon wants sent; its final
 * response is the answer. Enters at worker 0, runs at the worker that owns its
 * Call-ID. The asker chose Call-ID, CSeq and branch, so that a repetition
 * meets the transaction of the first.
 */
void	send_question(void *arg, struct bus_ticket t, const union msg *m);

#endif
