#ifndef SIPD_TLS_SET_H
#define SIPD_TLS_SET_H

#include <openssl/ssl.h>

#include "sipd/tls.h"

/*
 * What tls.c and tls_set.c share: together they are the one door to OpenSSL's TLS.
 * Immutable but for refs.
 */
struct tls_set {
	unsigned	  refs;			/* under the lock */
	struct certs	 *certs;
	SSL_CTX		**server;		/* one for each; NULL: unusable */
	SSL_CTX		 *first;		/* of the default certificate */
	SSL_CTX		 *client;
	bool		  verify_server;
	bool		  tls_usage;		/* see identity_usable() */
};

/* OpenSSL's callback: the peer's certificate must be one for SIP, too. */
int	tls_set_verify(int good, X509_STORE_CTX *store);

#endif
