#ifndef SIPD_CERTS_H
#define SIPD_CERTS_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/settings.h"

/*
 * The certificates of "tls-certificate", read from their files and checked: the
 * chain parses and is in order, the key belongs to the leaf, its time is now.
 * Immutable once loaded; relative names are looked up beside sip.conf.
 */
#define CERT_WHY_MAX	512

struct cert {
	char		*chain_file;	/* as the setting has it */
	char		*key_file;
	uint8_t		 digest[32];	/* of both files */
	X509		*leaf;		/* NULL: there is none to show */
	STACK_OF(X509)	*chain;		/* above the leaf; may be NULL */
	EVP_PKEY	*key;
	struct stat	 chain_state;	/* how they were when they were read */
	struct stat	 key_state;
	char		 why[CERT_WHY_MAX];	/* what is wrong with the files; "" */
	bool		 unread;	/* only that we may not read them again */
	bool		 unseen;	/* nor see whether they have changed */
};

struct certs {
	size_t		 n;
	struct cert	*v;
	X509_STORE	*authorities;	/* who verifies peers; NULL: nobody */
	char		*authorities_file;	/* what they were read from, and */
	struct stat	 authorities_stat;	/* how it was then */
	char		 authorities_why[CERT_WHY_MAX];
	bool		 authorities_unseen;
};

/*
 * Reads all that s names. Where a file is wrong, why says so and the certificate
 * of old (may be NULL) for the same files stays in its place: nothing that served
 * is lost. Files that did not change since old are not judged again.
 */
struct certs *certs_load(const struct settings *s, const char *etc,
	    const struct certs *old);
void	certs_free(struct certs *c);		/* NULL is fine */

/*
 * May this process, as it is now, read that file of a setting? If not, why says
 * what to do: at start it was root, since then a user who sees little.
 */
bool	certs_may_read(const char *etc, const char *name, char why[CERT_WHY_MAX]);

/* The i-th is shown to clients that ask for name; n: none of them is. */
size_t	certs_find(const struct certs *c, struct str name);
/* Whole days until the end of the leaf; negative when it has passed. */
int64_t	cert_days_left(const struct cert *c);

#endif
