#ifndef SIPCTL_ANONYMIZE_H
#define SIPCTL_ANONYMIZE_H

#include "sipctl/trace.h"

/*
 * A trace that may be given to strangers: users, names, numbers, hosts, addresses
 * and Call-IDs become others, the same everywhere in this trace. What helps to find
 * a fault stays: private addresses stay private, numbers keep their length, tags,
 * branches, User-Agent and codecs are as they were.
 *
 * Changes the records of t in place. Nobody can go back from a pseudonym: they are
 * counted up in the order of their appearance.
 */
void	anonymize(struct trace *t);

#endif
