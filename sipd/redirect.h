#ifndef SIPD_REDIRECT_H
#define SIPD_REDIRECT_H

#include <stdbool.h>

#include "common/str.h"

struct leg;
struct sip_msg;

/*
 * Follows the 3xx response m (bytes: as it would go up), if "redirects" says so
 * and it names anybody new: g then stays open until routed has judged its
 * Contacts, and ends by itself. False: it is an answer like others.
 */
bool	redirect_follow(struct leg *g, const struct sip_msg *m, struct str bytes);

#endif
