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
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

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

/* Relative names are beside sip.conf. 0 or -ENAMETOOLONG. */
static int
path_of(char path[PATH_MAX], const char *etc, const char *name)
{
	int	n = name[0] == '/' ? snprintf(path, PATH_MAX, "%s", name) :
		    snprintf(path, PATH_MAX, "%s/%s", etc, name);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static bool
beneath(const char *path, const char *dir)
{
	size_t	n = strlen(dir);

	return strncmp(path, dir, n) == 0 && path[n] == '/';
}

/* A link beside sip.conf may lead elsewhere. What cannot be followed is as it reads. */
static bool
beside_conf(const char *path, const char *etc)
{
	char	real[PATH_MAX], home[PATH_MAX];

	if (realpath(path, real) != NULL && realpath(etc, home) != NULL)
		return beneath(real, home);
	return beneath(path, etc);
}

/* Landlock (common/sandbox.c) hides even what everybody may read elsewhere. */
static bool
refused(char why[CERT_WHY_MAX], const char *path, const char *etc, const char *name)
{
	if (beside_conf(path, etc))
		return fault(why, "%s: sipd may not read it: group sip must be allowed "
		    "to (chgrp sip, chmod g+r) and to enter its directory", name);
	return fault(why, "%s: a running sipd sees nothing outside of %s: put a copy "
	    "into its tls (group sip, mode 0640) and name that", name, etc);
}

static bool
unreadable(char why[CERT_WHY_MAX], const char *path, const char *etc,
    const char *name, int error)
{
	if (error == -EACCES || error == -EPERM)
		return refused(why, path, etc, name);
	return fault(why, "%s: %s", name, strerror(-error));
}

bool
certs_may_read(const char *etc, const char *name, char why[CERT_WHY_MAX])
{
	char	path[PATH_MAX];
	int	error, fd;

	if ((error = path_of(path, etc, name)) < 0)
		return unreadable(why, name, etc, name, error);
	/* Opened, not asked for: access(2) knows nothing of Landlock. */
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) == -1)
		return unreadable(why, path, etc, name, -errno);
	close(fd);
	return true;
}

/* state: of the file, also when it cannot be read; empty when not even that. */
static int
read_file(struct secret *out, struct stat *state, const char *etc, const char *name,
    char why[CERT_WHY_MAX])
{
	char	path[PATH_MAX];
	int	error = path_of(path, etc, name);

	if (error == 0 && stat(path, state) == -1)
		memset(state, 0, sizeof(*state));
	if (error == 0)
		error = file_read(path, FILE_MAX, &out->text, &out->len);
	if (error < 0)
		(void)unreadable(why, path, etc, name, error);
	return error;
}

static bool
same_state(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
	    a->st_size == b->st_size &&
	    a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	    a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
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

/*
 * Nobody lets us look again: what we have stays, and if the files are as they were
 * then, nothing is wrong.
 */
static void
cert_unread(struct cert *c, const struct cert *old, int error)
{
	bool	there = old != NULL && old->leaf != NULL;

	cert_keep(c, old);
	if (!there || (error != -EACCES && error != -EPERM))
		return;
	memcpy(c->digest, old->digest, sizeof(c->digest));
	if (same_state(&c->chain_state, &old->chain_state) &&
	    same_state(&c->key_state, &old->key_state)) {
		memcpy(c->why, old->why, sizeof(c->why));
		return;
	}
	c->unread = true;
	c->unseen = c->chain_state.st_ino == 0 || c->key_state.st_ino == 0;
	if (c->unseen) {
		c->chain_state = old->chain_state;
		c->key_state = old->key_state;
	}
}

static void
cert_load(struct cert *c, const struct cert_files *files, const char *etc,
    const struct cert *old)
{
	struct secret	chain = { NULL, 0 }, key = { NULL, 0 };
	int		error, e;

	c->chain_file = xstrdup(files->chain);
	c->key_file = xstrdup(files->key);
	error = read_file(&chain, &c->chain_state, etc, c->chain_file, c->why);
	e = read_file(&key, &c->key_state, etc, c->key_file,
	    error == 0 ? c->why : (char [CERT_WHY_MAX]){ "" });
	if (error == 0)
		error = e;
	if (error < 0) {
		cert_unread(c, old, error);
	} else {
		digest_of(&chain, &key, c->digest);
		judge(c, old, &chain, &key);
	}
	secret_fini(&chain);
	secret_fini(&key);
}

/* ---- who verifies peers ---- */

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
	char		 path[PATH_MAX] = "";
	bool		 same = old != NULL && strcmp(old->authorities_file, name) == 0;
	bool		 seen;
	X509_STORE	*store;

	c->authorities_file = xstrdup(name);
	keep_authorities(c, old);
	seen = path_of(path, etc, name) == 0 && stat(path, &c->authorities_stat) == 0;
	if (same && seen && old->authorities_why[0] == '\0' &&
	    same_state(&old->authorities_stat, &c->authorities_stat))
		return;
	if (!certs_may_read(etc, name, c->authorities_why)) {
		c->authorities_unseen = same && !seen && c->authorities != NULL;
		return;
	}
	store = X509_STORE_new();
	if (store != NULL && X509_STORE_load_file(store, path) == 1) {
		X509_STORE_free(c->authorities);
		c->authorities = store;
		return;
	}
	fault(c->authorities_why, "%s: no certificates of authorities can be read (%s)",
	    name, openssl_says());
	X509_STORE_free(store);
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
