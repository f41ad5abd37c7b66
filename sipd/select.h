#ifndef SIPD_SELECT_H
#define SIPD_SELECT_H

#include <stdbool.h>

#include "common/str.h"
#include "sipd/msg.h"

/*
 * Does a fixed contact of these parameters want such a request (row 103)?
 * "methods" lists what it gets; of "audio", "video" and "+sip.message" those that
 * are there say which INVITEs with SDP, and which MESSAGEs. Without any of a kind
 * that decides nothing.
 */
bool	select_fits(struct str params, enum method method, bool sdp);

#endif
