#ifndef GWREGD_GATEWAY_H
#define GWREGD_GATEWAY_H

#include "gwregd/gwregd.h"

/*
 * One gateway of the configuration: its registration with somebody else's
 * server (RFC 3261 section 10.2), sent through sipd by SEND questions. The
 * settings are borrowed: daemon.h keeps every set until the process ends.
 */
struct gateway;

/* Begins: from the small file of an earlier process, or anew. */
struct gateway *gateway_new(struct gwregd *g, const struct gateway_settings *set);
/* No sign-off; the small file stays. */
void	gateway_free(struct gateway *w);
struct str gateway_key(const void *object);	/* for the map */

/*
 * New settings (or the same with another password): what is registered under
 * the old ones is signed off first.
 */
void	gateway_configure(struct gateway *w, const struct gateway_settings *set);
/* Signs off and then is gone from g->gateways by itself. */
void	gateway_remove(struct gateway *w);
/* Signs off; gateway_settled() says when that is done. */
void	gateway_leave(struct gateway *w);
bool	gateway_settled(const struct gateway *w);

/* GATEWAY_DO; answers t now or when the attempt has ended. */
void	gateway_do(struct gateway *w, struct bus_ticket t, struct str action);

/* SIGN: the credential of a call's request. Answers t. */
void	gateway_sign(struct gateway *w, struct bus_ticket t,
	    const struct msg_sign *m);

/* For the feed, SHOW "gateways" and the warnings. */
void	gateway_publish(struct gateway *w);
bool	gateway_emit(struct gateway *w, struct feed *f);
void	gateway_show(struct gateway *w, struct show *s);
bool	gateway_in_trouble(const struct gateway *w);
void	gateway_warn(const struct gateway *w, struct status_is *out);
bool	gateway_registered(const struct gateway *w);
/* It has a user name, and nobody disabled it. */
bool	gateway_registers(const struct gateway *w);

#endif
