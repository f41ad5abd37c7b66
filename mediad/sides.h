#ifndef MEDIAD_SIDES_H
#define MEDIAD_SIDES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/settings.h"
#include "mediad/ports.h"

/*
 * The addresses that media are relayed at: each a pool of ports, in the order of
 * the setting "media". Which one faces a phone is decided by the phone's family
 * first, then by where it is: in the LAN, outside, on this machine (FEATURES.md rows
 * 141, 153 and 154).
 */
#define SIDES_MAX	8

struct sides;

/* Binds nothing yet. */
struct sides *sides_new(const struct set_media *media);
void	sides_free(struct sides *all);
/* See ports.h; of all pools together. */
void	sides_adopt(struct sides *all);
void	sides_restored(struct sides *all);
/* 0, or -errno of the first that can't be used; *which (may be NULL) is its index. */
int	sides_prepare(struct sides *all, unsigned *which);

/*
 * The pool that faces this phone; phone len 0: the first. family AF_INET or
 * AF_INET6, or 0 for the phone's own. NULL: none of that family.
 */
struct ports *sides_for(const struct sides *all, int family,
	    const struct addr *phone, const struct set_nets *lan);
/* The pool of this very address that has the port in its range, or just the address. */
struct ports *sides_of(const struct sides *all, const struct addr *relay);
/* Ours at this address; NULL: it is not ours. */
struct pair *sides_pair(const struct sides *all, const struct addr *a);
bool	sides_own(const struct sides *all, const struct addr *a);

unsigned sides_count(const struct sides *all);
const struct ports *sides_at(const struct sides *all, unsigned i);
unsigned sides_used(const struct sides *all);	/* pairs */
unsigned sides_limit(const struct sides *all);

#endif
