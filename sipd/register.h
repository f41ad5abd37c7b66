#ifndef SIPD_REGISTER_H
#define SIPD_REGISTER_H

#include "sipd/admission.h"
#include "sipd/inbound.h"

/*
 * REGISTER for one of our domains: reads what regd must know out of the
 * message, asks it once, and writes the answer. The bindings of the answer are
 * in the replica before the 200 leaves, so that an INVITE that follows finds
 * them.
 */
void	register_begin(const struct inbound *in, const struct admission *a);

#endif
