/*
 * tls - TLS over the connections of conn.c. What one is begun with is a set of
 * contexts (tls_set.c), which it holds until it ends. RFC 5246, 8446, 5922.
 */
#include "sipd/tls.h"

#include <openssl/err.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/loop.h"
#include "sipd/identity.h"
#include "sipd/tls_set.h"

struct tls {
	SSL		*ssl;
	struct tls_set	*set;
	char		*domain;	/* whom we called, or NULL */
	bool		 ours;
	unsigned	 wants;
	char		 why[160];
};

static struct tls *
begin(int fd, SSL_CTX *ctx, struct tls_set *set)
{
	struct tls	*t = xcalloc(1, sizeof(*t));

	t->set = set;
	t->ssl = SSL_new(ctx);
	if (t->ssl == NULL || SSL_set_fd(t->ssl, fd) != 1)
		fatal("out of memory");
	SSL_set_app_data(t->ssl, set);
	return t;
}

struct tls *
tls_accept(int fd, unsigned verify)
{
	static const int modes[] = {
		[TLS_VERIFY_OFF] = SSL_VERIFY_NONE,
		[TLS_VERIFY_OPTIONAL] = SSL_VERIFY_PEER,
		[TLS_VERIFY_REQUIRED] = SSL_VERIFY_PEER |
		    SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
	};
	struct tls_set	*set = tls_now();
	struct tls	*t;

	if (set == NULL || set->first == NULL) {
		tls_unref(set);
		return NULL;
	}
	t = begin(fd, set->first, set);
	SSL_set_verify(t->ssl, modes[verify], modes[verify] != SSL_VERIFY_NONE ?
	    tls_set_verify : NULL);
	SSL_set_accept_state(t->ssl);
	return t;
}

struct tls *
tls_connect(int fd, struct str domain)
{
	struct tls_set	*set = tls_now();
	struct tls	*t;
	struct addr	 literal;

	if (set == NULL)
		return NULL;
	t = begin(fd, set->client, set);
	t->ours = true;
	t->domain = str_dup(domain);
	if (domain.len > 0 && addr_parse(&literal, domain, 0) < 0)
		(void)SSL_set_tlsext_host_name(t->ssl, t->domain);
	SSL_set_connect_state(t->ssl);
	return t;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	if (SSL_is_init_finished(t->ssl))
		(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
	SSL_free(t->ssl);
	tls_unref(t->set);
	free(t->domain);
	free(t);
}

/*
 * What does not hold of a certificate, as an errno: an error goes from worker to worker,
 * where no text would.
 */
static const struct {
	long	verify;
	int	error;
} faults[] = {
	{ X509_V_ERR_CERT_HAS_EXPIRED, -EKEYEXPIRED },
	{ X509_V_ERR_CERT_REVOKED, -EKEYREVOKED },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, -ENOKEY },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, -ENOKEY },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, -ENOKEY },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, -ENOKEY },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, -ENOKEY },
};

static int
error_of(long verify)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (faults[i].verify == verify)
			return faults[i].error;
	return -EPROTO;
}

const char *
tls_error_text(int error)
{
	switch (error) {
	case -EKEYEXPIRED:
		return "TLS failed: its certificate has expired";
	case -EKEYREVOKED:
		return "TLS failed: its certificate was revoked";
	case -EKEYREJECTED:
		return "TLS failed: its certificate is for another name";
	case -ENOKEY:
		return "TLS failed: none of tls-ca-file has signed its certificate";
	case -EPROTO:
		return "TLS failed, see sipctl log";
	default:
		return NULL;
	}
}

/* What a call that returned r <= 0 means: 0 the end, -EAGAIN, or an error. */
static int
outcome(struct tls *t, int r)
{
	long		 verify;
	unsigned long	 e;

	switch (SSL_get_error(t->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		t->wants = LOOP_READ;
		return -EAGAIN;
	case SSL_ERROR_WANT_WRITE:
		t->wants = LOOP_WRITE;
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		snprintf(t->why, sizeof(t->why), "%s", errno != 0 ?
		    strerror(errno) : "the peer closed it");
		return errno != 0 && errno != EAGAIN ? -errno : -ECONNRESET;
	default:
		break;
	}
	e = ERR_peek_last_error();
	verify = SSL_get_verify_mode(t->ssl) != SSL_VERIFY_NONE ?
	    SSL_get_verify_result(t->ssl) : X509_V_OK;
	snprintf(t->why, sizeof(t->why), "%s", verify != X509_V_OK ?
	    X509_verify_cert_error_string(verify) :
	    ERR_reason_error_string(e) != NULL ? ERR_reason_error_string(e) :
	    "it broke off");
	return error_of(verify);
}

/* RFC 5922 section 7.3: not authenticated for the domain, not used. */
static int
check_server(struct tls *t)
{
	if (!t->ours || !t->set->verify_server || tls_peer_is(t,
	    str_of(t->domain)))
		return 0;
	snprintf(t->why, sizeof(t->why), "its certificate does not name %.100s",
	    t->domain);
	return -EKEYREJECTED;
}

int
tls_handshake(struct tls *t)
{
	int	r;

	ERR_clear_error();
	errno = 0;
	r = SSL_do_handshake(t->ssl);
	if (r == 1)
		return check_server(t);
	r = outcome(t, r);
	return r == 0 ? -ECONNRESET : r;
}

ssize_t
tls_read(struct tls *t, char *buf, size_t size)
{
	int	n;

	ERR_clear_error();
	errno = 0;
	n = SSL_read(t->ssl, buf, size < INT32_MAX ? (int)size : INT32_MAX);
	t->wants = 0;
	return n > 0 ? n : outcome(t, n);
}

ssize_t
tls_write(struct tls *t, const char *s, size_t len)
{
	int	n, r;

	ERR_clear_error();
	errno = 0;
	n = SSL_write(t->ssl, s, len < INT32_MAX ? (int)len : INT32_MAX);
	t->wants = 0;
	if (n > 0)
		return n;
	r = outcome(t, n);
	return r == -EAGAIN ? 0 : r == 0 ? -EPIPE : r;
}

unsigned
tls_wants(const struct tls *t)
{
	return t->wants;
}

const char *
tls_why(const struct tls *t)
{
	return t->why;
}

bool
tls_peer_verified(const struct tls *t)
{
	return SSL_get0_peer_certificate(t->ssl) != NULL &&
	    SSL_get_verify_mode(t->ssl) != SSL_VERIFY_NONE &&
	    SSL_get_verify_result(t->ssl) == X509_V_OK;
}

bool
tls_peer_is(const struct tls *t, struct str domain)
{
	return domain.len > 0 && tls_peer_verified(t) &&
	    identity_has(SSL_get0_peer_certificate(t->ssl), domain);
}

void
tls_peer_each(const struct tls *t, void (*fn)(void *arg, struct str domain), void *arg)
{
	if (tls_peer_verified(t))
		identity_each(SSL_get0_peer_certificate(t->ssl), fn, arg);
}
