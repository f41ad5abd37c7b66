#ifndef MEDIAD_NG_COOKIES_H
#define MEDIAD_NG_COOKIES_H

#include "common/addr.h"
#include "common/mono.h"
#include "common/str.h"

/*
 * The replies given lately, by asker and cookie: an ng request that is repeated
 * (its reply was lost) gets its reply again and changes nothing a second time. Bounded
 * in number, octets and age; the oldest leave first.
 */
#define NG_COOKIE_MAX		128		/* octets */
#define NG_COOKIES_KEPT		8192
#define NG_COOKIES_OCTETS	(16 * 1024 * 1024)
#define NG_COOKIES_AGE_MS	10000	/* Kamailio repeats for 5 s at most */

struct ng_cookies;

struct ng_cookies *ng_cookies_new(void);
void	ng_cookies_free(struct ng_cookies *c);	/* NULL is fine */
/* s NULL: none. Borrowed until the next ng_cookies_put(). */
struct str ng_cookies_find(struct ng_cookies *c, const struct addr *from,
	    struct str cookie, struct mono now);
/* Copies; there must be none yet. */
void	ng_cookies_put(struct ng_cookies *c, const struct addr *from,
	    struct str cookie, struct str reply, struct mono now);

#endif
