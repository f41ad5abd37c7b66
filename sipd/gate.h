#ifndef SIPD_GATE_H
#define SIPD_GATE_H

#include <stdbool.h>

#include "sipd/inbound.h"

/* False: the settings do not let this request in; it was answered (405, 422). */
bool	gate_passes(const struct inbound *in);

#endif
