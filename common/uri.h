#ifndef COMMON_URI_H
#define COMMON_URI_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/str.h"

/*
 * SIP, SIPS and tel URIs (RFC 3261 section 19 and 25.1, RFC 3966, RFC 5954),
 * as slices of the text they were parsed from. The one SIP grammar that all
 * daemons may speak.
 */
enum uri_scheme {
	URI_SIP,
	URI_SIPS,
	URI_TEL,
	URI_OTHER,		/* a legal URI of a scheme we do not know */
};

struct uri {
	enum uri_scheme	scheme;
	struct str	scheme_text;
	struct str	user;		/* as written, escapes kept; tel: the number */
	struct str	password;
	struct str	host;		/* with brackets when IPv6 */
	uint16_t	port;		/* 0: none written */
	struct str	params;		/* after the first ';', without it */
	struct str	headers;	/* after '?', without it */
	struct str	text;		/* the whole */
};

/* The whole slice must be one URI. 0 or -EBADMSG. */
int	uri_parse(struct uri *out, struct str in);
/* True if present; *value is empty when it has no '='. Case-insensitive. */
bool	uri_param(const struct uri *u, const char *name, struct str *value);
/* Of transport=; TRANSPORT_NONE when absent or unknown. */
enum transport uri_transport(const struct uri *u);
/* Appends what is meant as a user to a URI: escaped where it must be, but not "#". */
void	uri_add_user(struct text *out, struct str user);
/* RFC 3261 section 19.1.4. */
bool	uri_equal(const struct uri *a, const struct uri *b);

#define AOR_MAX	256
/*
 * The canonical AOR "user@domain": unescaped user, ASCII lower case, no port,
 * no parameters; "domain" alone when there is no user. Empty when u is not
 * sip, sips or tel, or too long; a tel number becomes "+number@telnum"... only
 * digits and a leading plus are kept of it.
 */
struct str uri_aor(const struct uri *u, char buf[AOR_MAX]);
/* user and domain of a canonical AOR. */
void	aor_split(struct str aor, struct str *user, struct str *domain);
/*
 * A canonical AOR from "anna@example.com", "sip:anna@example.com" or "anna"
 * with the default domain. 0 or -EBADMSG.
 */
int	aor_parse(struct str in, struct str default_domain, char buf[AOR_MAX],
	    struct str *out);

#endif
