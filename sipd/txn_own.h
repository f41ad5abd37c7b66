#ifndef SIPD_TXN_OWN_H
#define SIPD_TXN_OWN_H

#include "sipd/txn.h"
#include "sipd/worker.h"

/*
 * The inside of the transactions, shared by txn.c (their life), txn_run.c (the
 * machine) and txn_key.c. Nobody else includes it.
 */
#define T1_FACTOR	64

struct txn {
	txn_key		 key;		/* the maps' key: 8 octets */
	struct txns	*x;
	uint8_t		 kind;
	uint8_t		 state;
	bool		 active;	/* counts against the limit */
	bool		 brief;		/* no timer J */
	bool		 never_repeat;
	bool		 ours;		/* server: nobody waits for its answer */
	uint8_t		 repeats;	/* of a request, begun so far */
	uint16_t	 code;		/* of the last response */
	struct mono	 began;
	struct recording recording;	/* whose bytes are, to the recorder */
	int		 error;		/* of a send that failed at once */
	unsigned	 flags;		/* of wire_send() */
	uint32_t	 interval_ms;	/* of the running retransmission timer */
	uint32_t	 len;
	char		*bytes;		/* kept, to be sent again; or NULL */
	const struct txn_user *user;	/* NULL: forgotten */
	void		*arg;
	struct hop	 hop;
	struct wheel_timer retransmit;
	struct wheel_timer timeout;
};

struct txns {
	struct worker	*w;
	struct map	*maps[2];	/* [true]: servers */
	struct slab	*slab;
	uint32_t	 active[2];
};

/* What travels with an event. */
struct occasion {
	struct str		 bytes;	/* to send */
	const struct sip_msg	*msg;	/* response */
	const struct packet	*packet;
	int			 error;
};

static inline bool
txn_is_server(const struct txn *t)
{
	return t->kind == TXN_INVITE_SERVER || t->kind == TXN_SERVER;
}

/* ---- txn.c ---- */

void	txn_free(struct txn *t);

/* ---- txn_run.c ---- */

/* The only function that changes the state; the last thing it does may be to free t. */
void	txn_event(struct txn *t, enum txn_event ev, const struct occasion *o);
/* The timers' functions. */
void	txn_on_retransmit(void *arg);
void	txn_on_timeout(void *arg);
void	txn_timers(struct txn *t, uint32_t actions);
/* In case it has to be sent again. */
void	txn_keep(struct txn *t, struct str bytes);

#endif
