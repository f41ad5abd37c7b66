/*
 * selfsigned - a first certificate, made on the spot.
 *
 * init.c calls it when a house is to listen for TLS: everything works at once, and
 * a real certificate takes its place later (tls-certificate). The key never
 * leaves this process but into its file.
 */
#include "sipctl/selfsigned.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/str.h"

#define LIFE_S		(365 * 86400L)
#define SKEW_S		3600		/* clocks of phones are slow */

static bool
add_extension(X509 *x, int nid, const char *value)
{
	X509V3_CTX	 c;
	X509_EXTENSION	*e;
	bool		 good;

	X509V3_set_ctx_nodb(&c);
	X509V3_set_ctx(&c, x, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &c, nid, value);
	good = e != NULL && X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	return good;
}

static bool
set_serial(X509 *x)
{
	uint64_t	n;

	return RAND_bytes((unsigned char *)&n, sizeof(n)) == 1 &&
	    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), n >> 1 | 1) == 1;
}

static bool
fill(X509 *x, EVP_PKEY *key, const char *domain)
{
	X509_NAME	*name = X509_get_subject_name(x);
	char		 names[600];

	/* A literal address is an iPAddress; the URI serves both. */
	snprintf(names, sizeof(names), "URI:sip:%s,%s:%s", domain,
	    strspn(domain, "0123456789.") == strlen(domain) ||
	    strchr(domain, ':') != NULL ? "IP" : "DNS", domain);
	return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
	    X509_gmtime_adj(X509_getm_notBefore(x), -SKEW_S) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(x), LIFE_S) != NULL &&
	    /* a CN has 64 octets at most: a longer domain is in the names only */
	    (strlen(domain) > 64 || X509_NAME_add_entry_by_txt(name, "CN",
	    MBSTRING_UTF8, (const unsigned char *)domain, -1, -1, 0) == 1) &&
	    X509_set_issuer_name(x, name) == 1 && X509_set_pubkey(x, key) == 1 &&
	    add_extension(x, NID_subject_alt_name, names) &&
	    add_extension(x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	    X509_sign(x, key, EVP_sha256()) > 0;
}

/* A file that nobody else can read, before anything is in it. */
static FILE *
create(const char *path, mode_t mode, gid_t gid)
{
	FILE	*f = NULL;
	int	 e, fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return NULL;
	if ((geteuid() != 0 || fchown(fd, 0, gid) == 0) && fchmod(fd, mode) == 0)
		f = fdopen(fd, "w");
	if (f == NULL) {
		e = errno;
		close(fd);
		unlink(path);
		errno = e;
	}
	return f;
}

static int
finish(FILE *f, bool good)
{
	int	error = good ? 0 : -EIO;

	if (error == 0 && (fflush(f) != 0 || fsync(fileno(f)) == -1))
		error = -errno;
	if (fclose(f) != 0 && error == 0)
		error = -errno;
	return error;
}

static int
write_files(X509 *x, EVP_PKEY *key, const char *chain_path, const char *key_path,
    gid_t gid)
{
	FILE	*f = create(key_path, 0640, gid);
	int	 error;

	if (f == NULL)
		return -errno;
	error = finish(f, PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1);
	if (error == 0 && (f = create(chain_path, 0644, gid)) == NULL)
		error = -errno;
	else if (error == 0)
		error = finish(f, PEM_write_X509(f, x) == 1);
	if (error < 0)
		unlink(key_path);
	return error;
}

int
selfsigned_make(const char *domain, const char *chain_path, const char *key_path,
    gid_t gid)
{
	EVP_PKEY	*key = EVP_EC_gen("P-256");
	X509		*x = X509_new();
	int		 error = -EIO;

	if (key != NULL && x != NULL && fill(x, key, domain))
		error = write_files(x, key, chain_path, key_path, gid);
	X509_free(x);
	EVP_PKEY_free(key);
	return error;
}
