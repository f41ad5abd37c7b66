#ifndef SIPD_WAY_H
#define SIPD_WAY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/uri.h"
#include "sipd/hop.h"
#include "sipd/via.h"

/*
 * What a URI or Via says about where a message goes: an address, or a name that has
 * to be looked up (nexthop.h).
 */

/* The texts are slices of what it was made from. */
struct way {
	struct hop	hop;		/* where, when remote is known; else the name: */
	struct str	host;
	uint16_t	port;		/* 0: none written */
	enum transport	transport;	/* NONE: none written */
	bool		secure;		/* sips: TLS or nothing */
	/* For what has to be tried in any case, as requests within dialogs: */
	bool		insist;		/* black-listed targets, too, without others */
	struct hop	last;		/* when the name leads nowhere; or empty */
};

/* The port where none is written. */
uint16_t way_port(enum transport t);

/* 0; -EPROTONOSUPPORT: neither sip nor sips. */
int	way_of_uri(struct way *out, const struct uri *u);
/* The hop of a URI that names an address; -EHOSTUNREACH for a name. */
int	hop_of_uri(struct hop *out, const struct uri *u);
/* RFC 3263 section 5, after the connection or address of section 18.2.2 failed. */
int	way_of_via(struct way *out, const struct via *v);
/* A URI that leads the same way, of one that is a name. */
#define WAY_TEXT_MAX	320
struct str way_print(const struct way *y, char buf[WAY_TEXT_MAX]);
static inline struct way
way_of_hop(const struct hop *h)
{
	return (struct way){ .hop = *h, .transport = h->transport };
}
static inline bool
way_is_name(const struct way *y)
{
	return y->hop.remote.len == 0;
}

#endif
