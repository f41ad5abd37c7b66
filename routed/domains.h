#ifndef ROUTED_DOMAINS_H
#define ROUTED_DOMAINS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/settings.h"
#include "common/str.h"

/*
 * The domains that are served here, from the settings, and the addresses that
 * stand for the main one: our own.
 */
struct domains;

/* With the domains that were and are no longer, or are new. */
typedef void domains_changed_fn(void *arg, struct str name, uint64_t version,
	    bool deleted);

struct domains *domains_new(void);
void	domains_free(struct domains *d);	/* NULL is fine */
/* Takes over what s says; s must stay. changed may be NULL. */
void	domains_set(struct domains *d, const struct settings *s,
	    domains_changed_fn *changed, void *arg);
/* Any case. The name as kept, or the empty slice. */
struct str domains_find(const struct domains *d, struct str name);
struct str domains_main(const struct domains *d);	/* empty: none is served */
/*
 * Does host:port (port 0: none given) name one of our sockets? listener: where the
 * request came in, for sockets that are bound to every address; may be NULL.
 */
bool	domains_own_address(const struct domains *d, struct str host,
	    uint16_t port, const struct addr *listener);
uint32_t domains_count(const struct domains *d);
/* i from 0. */
struct str domains_name(const struct domains *d, uint32_t i, uint64_t *version);

#endif
