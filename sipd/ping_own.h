#ifndef SIPD_PING_OWN_H
#define SIPD_PING_OWN_H

#include "sipd/ping.h"
#include "sipd/wheel.h"

/* What ping.c, ping_nat.c and ping_send.c share. All under ping.c's lock. */

/* One address from which contacts are seen. */
struct nat {
	struct addr	 host;		/* port 0 */
	unsigned	 contacts;
	unsigned	 moved;
	int64_t		 interval_ms;	/* 0: that of the settings */
	struct pinged	*first;
	struct pinged	*trial;		/* pinged less often, to see; or NULL */
	struct mono	 since;		/* the last change of interval or trial */
	unsigned	 patience;	/* doubled by every trial that failed */
};

struct pinged {
	struct pinged	*next;		/* behind the same NAT */
	struct nat	*nat;
	struct worker	*w;		/* that pings it */
	struct hop	 flow;
	char		*uri;
	uint32_t	 round;		/* of its worker, when last seen */
	struct wheel_timer timer;
	struct mono	 sent;
	uint64_t	 token;		/* of the ping that is out; 0: none */
	int64_t		 rtt_us;	/* -1: not measured */
	unsigned	 missed;
	bool		 answers;	/* it did, once */
	bool		 dead;
};

/* ping_nat.c */
void	nats_open(void);
void	nats_close(void);
/* Enters e into the NAT that it is seen from, and leaves it. */
void	nat_join(struct pinged *e, struct mono now);
void	nat_leave(struct pinged *e);
/* e was pinged: time for a longer interval? */
void	nat_pinged(struct pinged *e, struct mono now);
/* Until the next ping of e. */
int64_t	nat_interval(const struct pinged *e);
const struct nat *nats_next(size_t *cursor);

/* ping_send.c: one ping; true: an answer is to come, with e->token. */
bool	ping_send(struct pinged *e);
/* Our OPTIONS have this Call-ID, a worker's own. */
struct str ping_call_id(const struct worker *w);
void	ping_call_ids(void);		/* makes them */
/* The token of a STUN answer; 0: it is none of ours. */
uint64_t ping_stun_token(struct str bytes);

#endif
