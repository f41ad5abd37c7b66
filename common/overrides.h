#ifndef COMMON_OVERRIDES_H
#define COMMON_OVERRIDES_H

#include "common/settings.h"

/*
 * Where requests to a domain go, whatever DNS says (FEATURES.md row 138):
 *
 *   dns-override DOMAIN HOST[:PORT] [udp|tcp|tls] [priority N] [weight N]
 *
 * HOST is an address or a name; without a port the URI's, or the transport's; without
 * a transport the URI's, or UDP. The lower priority first, weights within one
 * (RFC 2782).
 */
#define OVERRIDES_MAX	16	/* of one domain */

struct override {
	struct str	domain;		/* slices of the settings' lines */
	struct str	host;
	uint16_t	port;		/* 0: none written */
	enum transport	transport;	/* NONE: none written */
	uint16_t	priority;	/* 10 */
	uint16_t	weight;		/* 0 */
};

/* One line; false after complaining. */
bool	override_read(const struct set_line *line, struct override *out,
	    struct complaints *to);
/*
 * Those of a domain that can be used, by priority: at most OVERRIDES_MAX. want: the
 * transport that was asked for, or NONE; secure: TLS alone.
 */
unsigned overrides_find(const struct settings *s, struct str domain,
	    enum transport want, bool secure, struct override *out);
bool	overrides_have(const struct settings *s, struct str domain);
/* All of them: as settings_check(). */
void	overrides_check(const struct settings *s, struct complaints *out);

#endif
