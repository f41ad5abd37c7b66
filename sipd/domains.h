#ifndef SIPD_DOMAINS_H
#define SIPD_DOMAINS_H

#include <stdbool.h>

#include "common/bus.h"
#include "common/loop.h"
#include "common/settings.h"
#include "common/str.h"

/*
 * Which domains are ours: what admission asks for every From. Starts from
 * sip.conf, then follows routed's feed (DOMAIN records). Worker 0 changes it,
 * all workers read it without a lock.
 */
void	domains_open(const struct settings *s);
void	domains_close(void);
/* A new configuration is in force. Worker 0. */
void	domains_commit(const struct settings *s, struct loop *l);
/*
 * A DOMAIN record, and the two ends of a snapshot. means: the domain whose alias it
 * is, or empty. Worker 0.
 */
void	domains_begin(void);
void	domains_record(struct str name, struct str means, bool deleted,
	    struct loop *l);
void	domains_complete(struct loop *l);

/* A name, any case. */
bool	domain_is_local(struct str host);
/* The domain that is meant by an alias of it; else host. Borrowed for this turn. */
struct str domain_canonical(struct str host);
/* The main domain: the realm when nothing better is known. */
struct str domain_main(void);

#endif
