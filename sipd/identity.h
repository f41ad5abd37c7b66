#ifndef SIPD_IDENTITY_H
#define SIPD_IDENTITY_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/str.h"

/*
 * The domains that a certificate speaks for: RFC 5922 sections 7.1 and 7.2. That
 * the certificate itself is good (RFC 5280) is for the caller to know.
 */

/*
 * Does it have this domain as a SIP identity? Case does not count, and there are
 * no wildcards (7.2). An address literal is compared with the iPAddress names.
 */
bool	identity_has(const X509 *cert, struct str domain);
/*
 * Shall it be shown to who asks for this name (SNI)? Here the first label may be
 * a wildcard: that is for the client to judge.
 */
bool	identity_serves(const X509 *cert, struct str name);
/* Calls fn for every domain of which identity_has() would be true. */
void	identity_each(const X509 *cert, void (*fn)(void *arg, struct str domain),
	    void *arg);
/*
 * May it be used for SIP (RFC 5924 section 4)? One that lists no uses may, and one
 * that lists SIP's or any. tls: one for TLS servers or clients may, too.
 */
bool	identity_usable(const X509 *cert, bool tls);
/*
 * All its names, "sip:example.com example.com 192.0.2.1": subjectAltNames as they
 * stand, else the CN. Control octets are not let through.
 */
void	identity_print(const X509 *cert, struct text *out);

#endif
