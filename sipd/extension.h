#ifndef SIPD_EXTENSION_H
#define SIPD_EXTENSION_H

#include <stdbool.h>

#include "common/str.h"
#include "sipd/msg.h"

/* Option tags: what a request demands of us, and what we have. */

/* The value of Supported. */
struct str extensions_supported(void);

/*
 * Appends to out, as a value of Unsupported, those tags of Require or
 * Proxy-Require that we do not support (RFC 3261 sections 8.2.2.3 and 16.3 step
 * 5), as far as they fit. True if there are any.
 */
bool	extensions_missing(const struct sip_msg *m, enum header id,
	    struct text *out);

/* Is the tag among those of this header? */
bool	extension_named(const struct sip_msg *m, enum header id,
	    struct str wanted);

#endif
