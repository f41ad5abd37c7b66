/*
 * certs - the certificates of "tls-certificate".
 *
 * tls.c loads a set at start and at every reload, and makes contexts of it. What
 * has no fault replaces what was there; what has one only explains itself.
 */
#include "sipd/certs.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/conf.h"
#include "sipd/identity.h"

#define FILE_MAX	(1024 * 1024)
#define SYSTEM_CA	"/etc/ssl/certs/ca-certificates.crt"

/* The text of a file that may hold a key: wiped when it is let go. */
struct secret {
	char	*text;
	size_t	 len;
};

static void
secret_fini(struct secret *s)
{
	if (s->text != NULL)
		explicit_bzero(s->text, s->len);
	free(s->text);
	*s = (struct secret){ NULL, 0 };
}

__attribute__((format(printf, 2, 3))) static bool
fault(char why[CERT_WHY_MAX], const char *fmt, ...)
{
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(why, CERT_WHY_MAX, fmt, ap);
	va_end(ap);
	ERR_clear_error();
	return false;
}

static const char *
openssl_says(void)
{
	unsigned long	 e = ERR_peek_last_error();
	const char	*s = ERR_GET_LIB(e) == ERR_LIB_SYS ? NULL :
			    ERR_reason_error_string(e);

	return s != NULL ? s : "not understood";
}

/* ---- files ---- */

static bool
read_file(struct secret *out, const char *etc, const char *name,
    char why[CERT_WHY_MAX])
{
	char	path[4096];
	int	n, error;

	n = name[0] == '/' ? snprintf(path, sizeof(path), "%s", name) :
	    snprintf(path, sizeof(path), "%s/%s", etc, name);
	error = n < 0 || (size_t)n >= sizeof(path) ? -ENAMETOOLONG :
	    file_read(path, FILE_MAX, &out->text, &out->len);
	if (error < 0)
		return fault(why, "%s: %s%s", name, strerror(-error),
		    error == -EACCES ? "; sipd reads it as its own user: group sip "
		    "must be allowed to, best in a directory beside sip.conf" : "");
	return true;
}

/* A key with a pass phrase: nobody is there to be asked. */
static int
no_phrase(char *buf, int size, int rwflag, void *arg)
{
	return -1;
}

static void
digest_of(const struct secret *a, const struct secret *b, uint8_t out[32])
{
	EVP_MD_CTX	*c = EVP_MD_CTX_new();

	if (c == NULL || EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1 ||
	    EVP_DigestUpdate(c, a->text, a->len) != 1 ||
	    EVP_DigestUpdate(c, b->text, b->len) != 1 ||
	    EVP_DigestFinal_ex(c, out, NULL) != 1)
		memset(out, 0, 32);
	EVP_MD_CTX_free(c);
}

/* ---- one certificate ---- */

static void
cert_clear(struct cert *c)
{
	X509_free(c->leaf);
	sk_X509_pop_free(c->chain, X509_free);
	EVP_PKEY_free(c->key);
	c->leaf = NULL;
	c->chain = NULL;
	c->key = NULL;
}

static bool
parse_chain(struct cert *c, const struct secret *text)
{
	BIO	*in = BIO_new_mem_buf(text->text, (int)text->len);
	X509	*x;

	c->leaf = PEM_read_bio_X509(in, NULL, no_phrase, NULL);
	c->chain = sk_X509_new_null();
	while (c->leaf != NULL &&
	    (x = PEM_read_bio_X509(in, NULL, no_phrase, NULL)) != NULL)
		sk_X509_push(c->chain, x);
	BIO_free(in);
	if (c->leaf == NULL)
		return fault(c->why, "%s holds no certificate in PEM (%s)",
		    c->chain_file, openssl_says());
	/* The end of the file is no fault; anything else in it is. */
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return fault(c->why, "%s: certificate %d cannot be read: %s",
		    c->chain_file, sk_X509_num(c->chain) + 2, openssl_says());
	ERR_clear_error();
	return true;
}

static bool
parse_key(struct cert *c, const struct secret *text)
{
	BIO	*in = BIO_new_mem_buf(text->text, (int)text->len);

	c->key = PEM_read_bio_PrivateKey(in, NULL, no_phrase, NULL);
	BIO_free(in);
	if (c->key == NULL)
		return fault(c->why, "%s holds no private key without pass phrase "
		    "in PEM (%s)", c->key_file, openssl_says());
	if (X509_check_private_key(c->leaf, c->key) != 1)
		return fault(c->why, "the key of %s does not belong to the "
		    "certificate of %s", c->key_file, c->chain_file);
	return true;
}

static bool
check_chain(struct cert *c)
{
	X509	*below = c->leaf, *x;

	for (int i = 0; i < sk_X509_num(c->chain); i++, below = x) {
		x = sk_X509_value(c->chain, i);
		if (X509_check_issued(x, below) != X509_V_OK)
			return fault(c->why, "%s: certificate %d did not issue the "
			    "one before it: the leaf comes first, then each one's "
			    "issuer", c->chain_file, i + 2);
	}
	return true;
}

static bool
check_time(struct cert *c)
{
	if (X509_cmp_current_time(X509_get0_notAfter(c->leaf)) <= 0)
		return fault(c->why, "%s: the certificate has expired",
		    c->chain_file);
	if (X509_cmp_current_time(X509_get0_notBefore(c->leaf)) > 0)
		return fault(c->why, "%s: the certificate is not valid yet",
		    c->chain_file);
	return true;
}

/* What old serves with stays: references, not copies. */
static void
cert_keep(struct cert *c, const struct cert *old)
{
	cert_clear(c);
	if (old == NULL || old->leaf == NULL)
		return;
	X509_up_ref(old->leaf);
	EVP_PKEY_up_ref(old->key);
	c->leaf = old->leaf;
	c->key = old->key;
	c->chain = old->chain != NULL ? X509_chain_up_ref(old->chain) : NULL;
}

/*
 * At start there is nothing to keep, and an expired certificate still serves
 * better than none: phones that do not look at the date go on.
 */
static void
judge(struct cert *c, const struct cert *old, const struct secret *chain,
    const struct secret *key)
{
	if (old != NULL && memcmp(old->digest, c->digest, sizeof(c->digest)) == 0) {
		memcpy(c->why, old->why, sizeof(c->why));
		cert_keep(c, old);
		return;
	}
	if (!parse_chain(c, chain) || !parse_key(c, key) || !check_chain(c) ||
	    (!check_time(c) && old != NULL && old->leaf != NULL))
		cert_keep(c, old);
}

static void
cert_load(struct cert *c, const struct cert_files *files, const char *etc,
    const struct cert *old)
{
	struct secret	chain = { NULL, 0 }, key = { NULL, 0 };

	c->chain_file = xstrdup(files->chain);
	c->key_file = xstrdup(files->key);
	if (!read_file(&chain, etc, c->chain_file, c->why) ||
	    !read_file(&key, etc, c->key_file, c->why)) {
		cert_keep(c, old);
	} else {
		digest_of(&chain, &key, c->digest);
		judge(c, old, &chain, &key);
	}
	secret_fini(&chain);
	secret_fini(&key);
}

/* ---- who verifies peers ---- */

static bool
same_state(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void
keep_authorities(struct certs *c, const struct certs *old)
{
	if (old == NULL || old->authorities == NULL)
		return;
	X509_STORE_up_ref(old->authorities);
	c->authorities = old->authorities;
}

/* The system's are some hundred: they are not read again unless they changed. */
static void
load_authorities(struct certs *c, const struct settings *s, const char *etc,
    const struct certs *old)
{
	const char	*name = s->tls_ca_file[0] != '\0' ? s->tls_ca_file : SYSTEM_CA;
	char		 path[4096];
	int		 n = snprintf(path, sizeof(path), "%s%s%s", name[0] == '/' ? "" :
			    etc, name[0] == '/' ? "" : "/", name);

	c->authorities_file = xstrdup(name);
	if (n < 0 || (size_t)n >= sizeof(path) ||
	    stat(path, &c->authorities_stat) == -1) {
		fault(c->authorities_why, "%s: %s", name, strerror(errno));
		keep_authorities(c, old);
		return;
	}
	if (old != NULL && strcmp(old->authorities_file, name) == 0 &&
	    old->authorities_why[0] == '\0' &&
	    same_state(&old->authorities_stat, &c->authorities_stat)) {
		keep_authorities(c, old);
		return;
	}
	c->authorities = X509_STORE_new();
	if (c->authorities != NULL && X509_STORE_load_file(c->authorities, path) == 1)
		return;
	fault(c->authorities_why, "%s: no certificates of authorities can be read (%s)",
	    name, openssl_says());
	X509_STORE_free(c->authorities);
	c->authorities = NULL;
	keep_authorities(c, old);
}

/* ---- the set ---- */

static const struct cert *
same_files(const struct certs *old, const struct cert_files *f)
{
	for (size_t i = 0; old != NULL && i < old->n; i++)
		if (strcmp(old->v[i].chain_file, f->chain) == 0 &&
		    strcmp(old->v[i].key_file, f->key) == 0)
			return &old->v[i];
	return NULL;
}

struct certs *
certs_load(const struct settings *s, const char *etc, const struct certs *old)
{
	struct certs	*c = xcalloc(1, sizeof(*c));

	c->n = s->tls_certs.n;
	c->v = xcalloc(c->n + 1, sizeof(*c->v));
	for (size_t i = 0; i < c->n; i++)
		cert_load(&c->v[i], &s->tls_certs.v[i], etc,
		    same_files(old, &s->tls_certs.v[i]));
	load_authorities(c, s, etc, old);
	return c;
}

void
certs_free(struct certs *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n; i++) {
		cert_clear(&c->v[i]);
		free(c->v[i].chain_file);
		free(c->v[i].key_file);
	}
	X509_STORE_free(c->authorities);
	free(c->authorities_file);
	free(c->v);
	free(c);
}

size_t
certs_find(const struct certs *c, struct str name)
{
	size_t	i;

	for (i = 0; i < c->n; i++)
		if (c->v[i].leaf != NULL && identity_serves(c->v[i].leaf, name))
			break;
	return i;
}

int64_t
cert_days_left(const struct cert *c)
{
	int	days = 0, seconds = 0;

	if (c->leaf == NULL || ASN1_TIME_diff(&days, &seconds, NULL,
	    X509_get0_notAfter(c->leaf)) != 1)
		return 0;
	return seconds < 0 && days == 0 ? -1 : days;
}
