#ifndef SIPCTL_ANONYMIZE_H
#define SIPCTL_ANONYMIZE_H

#include "sipctl/pseudonym.h"
#include "sipctl/trace.h"

/*
 * A trace that may be given to strangers: users, names, numbers, hosts, addresses
 * and Call-IDs become others, the same everywhere in this trace. What helps to find
 * a fault stays: private addresses stay private, numbers keep their length, tags,
 * branches, User-Agent and codecs are as they were.
 *
 * Nobody can go back from a pseudonym: they are counted up in the order of their
 * appearance. Who uses the same table for several texts gets the same ones in all.
 */

/* Changes the records of t in place. */
void	anonymize(struct trace *t, struct pseudonyms *a);
/* Any other text, a log's or a configuration's; malloc'd. Best after the trace. */
char	*anonymize_text(struct str text, struct pseudonyms *a);

#endif
