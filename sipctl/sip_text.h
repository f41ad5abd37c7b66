#ifndef SIPCTL_SIP_TEXT_H
#define SIPCTL_SIP_TEXT_H

#include "common/str.h"

/*
 * Reading SIP text for display and for the self test: no grammar, nothing is judged.
 * Messages are understood in sipd.
 */

/* The value of a header by its full or compact name (NULL: none), or STR_NONE. */
struct str sip_header(struct str text, const char *name, const char *compact);
/* The next of several: text goes on behind it. False at the end of the headers. */
bool	sip_header_next(struct str *text, const char *name, const char *compact,
	    struct str *value);
/* name=value or name="value" of a challenge or a header's parameters. */
struct str sip_param(struct str value, const char *name);
/* What stands between "<" and ">", else up to ";" . */
struct str sip_uri(struct str value);
struct str sip_body(struct str text);

#endif
