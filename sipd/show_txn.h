#ifndef SIPD_SHOW_TXN_H
#define SIPD_SHOW_TXN_H

#include "common/show.h"

/*
 * The table "transactions" (FEATURES.md row 183): at most 256 rows, in which sipctl
 * puts its own order. Arguments: "server", "client" or ""; a Call-ID or ""; the
 * least age in milliseconds. Each worker adds its rows in turn, in its own thread.
 */
void	show_txn(void *arg, struct bus_ticket t, const struct msg_show *q);

#endif
