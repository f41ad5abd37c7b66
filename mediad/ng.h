#ifndef MEDIAD_NG_H
#define MEDIAD_NG_H

#include "common/addr.h"
#include "common/mono.h"
#include "common/str.h"
#include "mediad/session.h"

/*
 * The front for other SIP servers: rtpengine's ng protocol. A message is a cookie, a
 * blank and a bencoded dictionary; so is its reply, with the same cookie. Sessions,
 * ports, limits and records are those of sipd's questions.
 *
 * The protocol has no authentication: who reaches the socket may open and end
 * sessions. It belongs on loopback or on a network of its own.
 */
#define NG_MESSAGE_MAX	98304	/* octets: an SDP body and what is around it */

struct ng;

/* ss must live as long as the front. */
struct ng *ng_new(struct sessions *ss);
void	ng_free(struct ng *n);	/* NULL is fine */

/*
 * Carries out one message, or repeats the reply that it got before. The reply is
 * borrowed until the next call; empty: none, because there is no cookie.
 */
struct str ng_answer(struct ng *n, const struct addr *from, struct str message,
	    struct mono now);

/* ng_show.c: figures as ng clients want them, into a dictionary that is open. */
void	ng_show_session(struct text *t, const struct session *s,
	    struct str callee_tag, struct mono now);
void	ng_show_list(struct text *t, const struct sessions *ss, int64_t limit);
void	ng_show_statistics(struct text *t, const struct sessions *ss);

#endif
