/*
 * tls_set - what TLS is begun with: certificates, authorities, ticket keys, rules.
 *
 * The contexts of one configuration are a set with a reference count: a
 * connection (tls.c) holds the one it began with. OpenSSL counts the contexts in it
 * itself. RFC 5077 (tickets), 6066 section 3 (SNI), 5922, 5924.
 */
#include "sipd/tls_set.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/digest.h"
#include "common/keys.h"
#include "common/log.h"
#include "sipd/identity.h"

#define TICKET_NAME	16	/* octets that say which key sealed a ticket */
#define TICKET_LIFE_S	86400
#define STAYS		"; what was read at the start stays in force, and " \
			"\"sipctl restart sipd\" reads it once more"
#define DAYS_AHEAD	21	/* warned before a certificate ends */

static struct {
	pthread_mutex_t	 lock;
	struct tls_set	*now;
	struct keyring	 tickets;
	const struct dirs *dirs;
} state = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- tickets ---- */

/* A key of its own for each use, and a name that tells nothing about it. */
static void
ticket_key(unsigned which, const char *use, uint8_t *out, size_t n)
{
	hmac_sha256(state.tickets.key[which], KEY_LEN, str_of(use), out, n);
}

static int
ticket_prepare(EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, const unsigned char *iv,
    unsigned which, int encrypt)
{
	uint8_t		aes[32], key[32];
	OSSL_PARAM	params[3];
	int		ok;

	ticket_key(which, "ticket cipher", aes, sizeof(aes));
	ticket_key(which, "ticket mac", key, sizeof(key));
	params[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key,
	    sizeof(key));
	params[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
	    (char *)(uintptr_t)"SHA256", 0);
	params[2] = OSSL_PARAM_construct_end();
	ok = EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, aes, iv,
	    encrypt) == 1 && EVP_MAC_CTX_set_params(mac, params) == 1;
	explicit_bzero(aes, sizeof(aes));
	explicit_bzero(key, sizeof(key));
	return ok;
}

/*
 * The key is on disk, so that a ticket is good at the next process, too: after a
 * restart all phones come back at once, and a resumed handshake costs a tenth.
 */
static int
on_ticket(SSL *ssl, unsigned char name[TICKET_NAME],
    unsigned char iv[EVP_MAX_IV_LENGTH], EVP_CIPHER_CTX *cipher,
    EVP_MAC_CTX *mac, int encrypt)
{
	uint8_t	ours[TICKET_NAME];

	if (encrypt) {
		ticket_key(0, "ticket name", name, TICKET_NAME);
		if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1)
			return -1;
		return ticket_prepare(cipher, mac, iv, 0, 1) ? 1 : -1;
	}
	for (unsigned i = 0; i < 2; i++) {
		ticket_key(i, "ticket name", ours, TICKET_NAME);
		if (memcmp(ours, name, TICKET_NAME) != 0)
			continue;
		if (!ticket_prepare(cipher, mac, iv, i, 0))
			return -1;
		return i == 0 ? 1 : 2;		/* 2: give a new one */
	}
	return 0;
}

/* ---- contexts ---- */

static SSL_CTX *
context_new(const SSL_METHOD *method, const struct settings *s,
    const struct certs *certs)
{
	SSL_CTX	*ctx = SSL_CTX_new(method);

	if (ctx == NULL)
		fatal("out of memory");
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
	    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_cipher_list(ctx, s->tls_ciphers);
	if (certs->authorities != NULL)
		SSL_CTX_set1_cert_store(ctx, certs->authorities);
	/* What it is for is judged by tls_set_verify(): OpenSSL knows no SIP. */
	(void)X509_VERIFY_PARAM_set_purpose(SSL_CTX_get0_param(ctx),
	    X509_PURPOSE_ANY);
	return ctx;
}

int
tls_set_verify(int good, X509_STORE_CTX *store)
{
	const SSL		*ssl = X509_STORE_CTX_get_ex_data(store,
				    SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct tls_set	*set = SSL_get_app_data(ssl);

	if (good == 0 || X509_STORE_CTX_get_error_depth(store) > 0 ||
	    identity_usable(X509_STORE_CTX_get_current_cert(store), set->tls_usage))
		return good;
	X509_STORE_CTX_set_error(store, X509_V_ERR_INVALID_PURPOSE);
	return 0;
}

/* The names of our own authorities help a client to choose; the system's are many. */
static void
name_authorities(SSL_CTX *ctx, X509_STORE *store)
{
	STACK_OF(X509)	*all = X509_STORE_get1_all_certs(store);

	for (int i = 0; i < sk_X509_num(all); i++)
		SSL_CTX_add_client_CA(ctx, sk_X509_value(all, i));
	sk_X509_pop_free(all, X509_free);
}

/* The certificate for the name that was asked for, else the first (RFC 6066 3). */
static int
on_server_name(SSL *ssl, int *alert, void *arg)
{
	const struct tls_set	*set = SSL_get_app_data(ssl);
	const char		*name = SSL_get_servername(ssl,
				    TLSEXT_NAMETYPE_host_name);
	size_t			 i;

	if (name == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	i = certs_find(set->certs, str_of(name));
	if (i == set->certs->n || set->server[i] == NULL)
		return SSL_TLSEXT_ERR_NOACK;
	if (SSL_get_SSL_CTX(ssl) != set->server[i])
		SSL_set_SSL_CTX(ssl, set->server[i]);
	return SSL_TLSEXT_ERR_OK;
}

/*
 * A ticket is good only where the same is asked of clients: else who showed no
 * certificate before would not have to now.
 */
static void
bind_sessions(SSL_CTX *ctx, const struct settings *s)
{
	uint8_t	id[SSL_MAX_SID_CTX_LENGTH];
	char	buf[4200];
	int	n = snprintf(buf, sizeof(buf), "sip %u %s", s->tls_peer_usage,
		    s->tls_ca_file);

	hmac_sha256(state.tickets.key[0], KEY_LEN, str_make(buf, (size_t)n), id,
	    sizeof(id));
	(void)SSL_CTX_set_session_id_context(ctx, id, sizeof(id));
}

static SSL_CTX *
server_context(const struct settings *s, const struct certs *certs,
    const struct cert *c)
{
	SSL_CTX	*ctx;

	if (c->leaf == NULL)
		return NULL;
	ctx = context_new(TLS_server_method(), s, certs);
	if (SSL_CTX_use_certificate(ctx, c->leaf) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, c->key) != 1 ||
	    (c->chain != NULL && SSL_CTX_set1_chain(ctx, c->chain) != 1)) {
		log_problem("SIPDATA", "tls-certificate %s: %s", c->chain_file,
		    ERR_reason_error_string(ERR_peek_last_error()));
		ERR_clear_error();
		SSL_CTX_free(ctx);
		return NULL;
	}
	if (certs->authorities != NULL && s->tls_ca_file[0] != '\0')
		name_authorities(ctx, certs->authorities);
	bind_sessions(ctx, s);
	SSL_CTX_set_timeout(ctx, TICKET_LIFE_S);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket);
	SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name);
	return ctx;
}

/* With the default certificate, should the server ask who we are (RFC 5922 7.4). */
static SSL_CTX *
client_context(const struct settings *s, const struct certs *certs)
{
	SSL_CTX			*ctx = context_new(TLS_client_method(), s, certs);
	const struct cert	*c = certs->n > 0 ? &certs->v[0] : NULL;

	if (c != NULL && c->leaf != NULL) {
		(void)SSL_CTX_use_certificate(ctx, c->leaf);
		(void)SSL_CTX_use_PrivateKey(ctx, c->key);
		if (c->chain != NULL)
			(void)SSL_CTX_set1_chain(ctx, c->chain);
	}
	SSL_CTX_set_verify(ctx, s->tls_verify_server ? SSL_VERIFY_PEER :
	    SSL_VERIFY_NONE, s->tls_verify_server ? tls_set_verify : NULL);
	ERR_clear_error();
	return ctx;
}

/* Takes certs. */
static struct tls_set *
set_new(const struct settings *s, struct certs *certs)
{
	struct tls_set	*set = xcalloc(1, sizeof(*set));

	set->refs = 1;
	set->certs = certs;
	set->verify_server = s->tls_verify_server;
	set->tls_usage = s->tls_peer_usage == TLS_USAGE_TLS;
	set->server = xcalloc(certs->n + 1, sizeof(*set->server));
	for (size_t i = 0; i < certs->n; i++) {
		set->server[i] = server_context(s, certs, &certs->v[i]);
		if (set->first == NULL)
			set->first = set->server[i];
	}
	set->client = client_context(s, certs);
	return set;
}

static void
set_free(struct tls_set *set)
{
	for (size_t i = 0; i < set->certs->n; i++)
		SSL_CTX_free(set->server[i]);
	SSL_CTX_free(set->client);
	certs_free(set->certs);
	free(set->server);
	free(set);
}

/* ---- which set ---- */

struct tls_set *
tls_now(void)
{
	struct tls_set	*set;

	pthread_mutex_lock(&state.lock);
	if ((set = state.now) != NULL)
		set->refs++;
	pthread_mutex_unlock(&state.lock);
	return set;
}

void
tls_unref(struct tls_set *set)
{
	unsigned	left;

	if (set == NULL)
		return;
	pthread_mutex_lock(&state.lock);
	left = --set->refs;
	pthread_mutex_unlock(&state.lock);
	if (left == 0)
		set_free(set);
}

const struct certs *
tls_certs(const struct tls_set *set)
{
	return set->certs;
}

static void
swap(struct tls_set *set)
{
	struct tls_set	*old;

	pthread_mutex_lock(&state.lock);
	old = state.now;
	state.now = set;
	pthread_mutex_unlock(&state.lock);
	tls_unref(old);
}

static void
log_faults(const struct certs *c, const struct certs *old)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->v[i].why[0] != '\0')
			log_problem("SIPDATA", "tls-certificate: %s%s", c->v[i].why,
			    c->v[i].leaf == NULL ? ": it is not served" :
			    old == NULL ? "" : "; the one before stays in force");
	if (c->authorities_why[0] != '\0')
		log_problem("SIPDATA", "tls-ca-file: %s", c->authorities_why);
}

/* Nobody needs certificates, nor waits for them to be read, without TLS. */
static bool
wanted(const struct settings *s)
{
	for (size_t i = 0; i < s->listen.n; i++)
		if (s->listen.v[i].transport == TRANSPORT_TLS)
			return true;
	return false;
}

void
tls_reload(const struct settings *s)
{
	struct tls_set	*old;
	struct certs	*c;

	if (!wanted(s)) {
		swap(NULL);
		return;
	}
	old = tls_now();
	c = certs_load(s, state.dirs->etc, old != NULL ? old->certs : NULL);
	log_faults(c, old != NULL ? old->certs : NULL);
	tls_unref(old);
	swap(set_new(s, c));
}

int
tls_open(const struct settings *s, const struct dirs *d)
{
	char	path[4096];
	int	error;

	state.dirs = d;
	error = keys_load(&state.tickets, dirs_path(path, d->state, "keys"),
	    "tickets");
	if (error < 0) {
		log_at(LOG_FAILURE, "SIPDATA", 0, "the key of TLS tickets in %s: %s",
		    path, strerror(-error));
		return error;
	}
	/* Whatever it loads must be there before the sandbox closes. */
	(void)OPENSSL_init_ssl(0, NULL);
	tls_reload(s);
	return 0;
}

void
tls_close(void)
{
	swap(NULL);
	explicit_bzero(&state.tickets, sizeof(state.tickets));
}

static void
cert_status(const struct cert *c, struct status_is *out)
{
	int64_t	days = cert_days_left(c);
	char	why[CERT_WHY_MAX];

	if (c->why[0] != '\0')
		status_warn(out, "sipctl cert show", "tls-certificate: %s", c->why);
	else if (days < 0)
		status_warn(out, "sipctl cert show", "the certificate of %s has "
		    "expired", c->chain_file);
	else if (days < DAYS_AHEAD)
		status_warn(out, "sipctl cert show", "the certificate of %s ends in "
		    "%lld days", c->chain_file, (long long)days);
	else if (!certs_may_read(state.dirs->etc, c->chain_file, why) ||
	    !certs_may_read(state.dirs->etc, c->key_file, why))
		status_warn(out, "sipctl cert show", "a renewed tls-certificate will "
		    "not be seen: %s", why);
}

void
tls_status(struct status_is *out)
{
	struct tls_set	*set = tls_now();

	for (size_t i = 0; set != NULL && i < set->certs->n; i++)
		cert_status(&set->certs->v[i], out);
	if (set != NULL && set->certs->authorities_why[0] != '\0')
		status_warn(out, NULL, "tls-ca-file: %s", set->certs->authorities_why);
	tls_unref(set);
}

static bool
ciphers_good(const char *list)
{
	SSL_CTX	*ctx = SSL_CTX_new(TLS_method());
	bool	 good = ctx != NULL && SSL_CTX_set_cipher_list(ctx, list) == 1;

	SSL_CTX_free(ctx);
	ERR_clear_error();
	return good;
}

bool
tls_check(const struct settings *s, struct complaints *out)
{
	struct tls_set	*old = tls_now();
	struct certs	*c;
	size_t		 errors = out->errors;

	if (wanted(s)) {
		c = certs_load(s, state.dirs->etc, old != NULL ? old->certs : NULL);
		for (size_t i = 0; i < c->n; i++)
			if (c->v[i].why[0] != '\0')
				complain(out, c->v[i].unseen, "sip.conf", 0, 0,
				    "tls-certificate: %s%s", c->v[i].why,
				    c->v[i].unread ? STAYS : "");
		if (c->authorities_why[0] != '\0' && s->tls_ca_file[0] != '\0')
			complain(out, c->authorities_unseen, "sip.conf", 0, 0,
			    "tls-ca-file: %s%s", c->authorities_why,
			    c->authorities_unseen ? STAYS : "");
		certs_free(c);
	}
	if (!ciphers_good(s->tls_ciphers))
		complain(out, false, "sip.conf", 0, 0, "tls-ciphers: OpenSSL knows "
		    "none of \"%s\"", s->tls_ciphers);
	tls_unref(old);
	return out->errors == errors;
}
