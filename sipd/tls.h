#ifndef SIPD_TLS_H
#define SIPD_TLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/daemon.h"
#include "common/settings.h"
#include "common/str.h"
#include "sipd/certs.h"

/*
 * TLS 1.2 and newer over the sockets of conn.c, by OpenSSL. What a connection was
 * begun with (certificates, authorities, rules) is its own until it ends: a
 * reload makes a new set and leaves the old one to those that use it.
 */
struct tls;

/*
 * Main thread, still privileged: loads libraries, the ticket key and the
 * certificates. A certificate that cannot be used is logged and ends nothing.
 * 0 or -errno after logging why.
 */
int	tls_open(const struct settings *s, const struct dirs *d);
void	tls_close(void);	/* when no connection is left */

/*
 * Would s be in order? Complains about each file that is wrong, and which is not
 * in force already as it is. Changes nothing.
 */
bool	tls_check(const struct settings *s, struct complaints *out);
/*
 * New connections use what the files of s hold now; what is wrong with them is
 * logged, and what was in force in their place stays. Any number of times.
 */
void	tls_reload(const struct settings *s);

/* What is in force, for "cert show" and warnings; give it back. Any thread. */
struct tls_set;
struct tls_set *tls_now(void);
void	tls_unref(struct tls_set *set);
const struct certs *tls_certs(const struct tls_set *set);
/* What an administrator has to see about them. */
void	tls_status(struct status_is *out);

/* ---- one connection; the thread that owns it ---- */

/*
 * Over the connected, non-blocking fd, which stays the caller's. NULL: there is
 * no certificate to show. verify: a TLS_VERIFY_ word, of the listener.
 */
struct tls *tls_accept(int fd, unsigned verify);
/*
 * domain: what the next hop was found by, or its address: the server's certificate
 * has to name it (RFC 5922 section 7.3).
 */
struct tls *tls_connect(int fd, struct str domain);
/* Says good-bye when the socket takes it; NULL is fine. */
void	tls_free(struct tls *t);

/* 0: done. -EAGAIN: when tls_wants() is there. Else it failed; see tls_why(). */
int	tls_handshake(struct tls *t);
/* Octets; 0: the peer has ended; -EAGAIN; or another -errno. */
ssize_t	tls_read(struct tls *t, char *buf, size_t size);
/*
 * Octets taken, maybe 0. What was not taken is offered again, the same octets
 * first, from anywhere in memory. -errno when it broke.
 */
ssize_t	tls_write(struct tls *t, const char *s, size_t len);
/* LOOP_READ or LOOP_WRITE: what the last call waits for. */
unsigned tls_wants(const struct tls *t);
/* Why the handshake failed, for the log; borrowed until the next call. */
const char *tls_why(const struct tls *t);
/*
 * What an error of tls_handshake() means of the other side, for people who see the error
 * alone; NULL: it is none of TLS.
 */
const char *tls_error_text(int error);

/* The peer showed a certificate, and it was verified. */
bool	tls_peer_verified(const struct tls *t);
/* fn for each domain that it then speaks for. */
void	tls_peer_each(const struct tls *t, void (*fn)(void *arg, struct str domain),
	    void *arg);
/* It speaks for this one (RFC 5922). */
bool	tls_peer_is(const struct tls *t, struct str domain);

#endif
