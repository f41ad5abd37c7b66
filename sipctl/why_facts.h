#ifndef SIPCTL_WHY_FACTS_H
#define SIPCTL_WHY_FACTS_H

#include "common/addr.h"
#include "sipctl/ladder.h"

/* Questions that signatures of failed calls (why.c) ask a ladder. */

enum way { CAME, LEFT };
#define REQUEST		0, 0		/* the two codes of a request */
#define FINAL		200, 699

/* How many messages of this method (NULL: any) with a code from lo to hi. */
unsigned fact_count(const struct ladder *l, enum way way, const char *method, unsigned lo,
	    unsigned hi);
/* The last of them, or NULL. */
const struct ladder_row *fact_last(const struct ladder *l, enum way way, const char *method,
	    unsigned lo, unsigned hi);
const struct ladder_row *fact_first(const struct ladder *l, enum way way, const char *method,
	    unsigned lo, unsigned hi);
/* A decision, or a note beside a message, with these words; how often, too. */
const char *fact_note(const struct ladder *l, const char *words, unsigned *count);

/* As sip_header(), of its message. */
struct str fact_header(const struct ladder_row *r, const char *name, const char *compact);
/* The address of c= and the profile of the first m= line; STR_NONE: no SDP. */
struct str fact_sdp_address(const struct ladder_row *r);
struct str fact_sdp_profile(const struct ladder_row *r);
size_t	fact_size(const struct ladder_row *r);		/* octets */
/* The address of who sent or got it, without port; "" if unknown. */
struct str fact_remote(const struct ladder_row *r, char buf[ADDR_TEXT_MAX]);
bool	fact_is_udp(const struct ladder_row *r);

#endif
