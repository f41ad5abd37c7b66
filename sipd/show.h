#ifndef SIPD_SHOW_H
#define SIPD_SHOW_H

#include "common/show.h"

/* What sipd shows: "calls". */
extern const struct show_table sipd_tables[];

#endif
