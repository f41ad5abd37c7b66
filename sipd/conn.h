#ifndef SIPD_CONN_H
#define SIPD_CONN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "sipd/hop.h"
#include "sipd/wheel.h"
#include "sipd/worker.h"

/*
 * One connection, TCP or TLS: reads whole messages, queues what cannot leave at
 * once, watches its times. tcp.c keeps the table of them; nobody else includes this.
 */
#define CONN_QUEUE_MAX	(256 * 1024)	/* octets that wait to be written */
#define CONNECT_MS	5000
#define LINGER_MS	1000	/* for the answer to what cannot be framed */

enum conn_state {
	CONN_CONNECTING = 1,
	CONN_HANDSHAKE,		/* of TLS */
	CONN_OPEN,
	CONN_LINGER,		/* reads no more; closes when its time is over */
	CONN_BROKEN,		/* goes at the turn's end */
};

/* Octets on their way out. */
struct conn_out {
	STAILQ_ENTRY(conn_out)	 entry;
	uint64_t		 token;
	unsigned		 of;	/* the worker that sent it */
	unsigned		 flags;	/* of wire_send(); 0 for the rest of a message */
	size_t			 len, sent;
	char			 bytes[];
};

#define CONN_ASKED	16	/* requests remembered of one connection */

/* A request that left whole: it may still be lost with the connection. */
struct conn_asked {
	uint64_t	token;
	unsigned	of;
};

/* Octets of begin to end that were taken and are no whole message yet. */
struct conn_in {
	char			*s;
	size_t			 begin, end, size;
	bool			 over;	/* nothing follows */
	int			 error;	/* why: 0 or -errno */
};

struct tls;

struct conn {
	struct worker		*worker;
	struct hop		 hop;
	struct hop_key		 peer;	/* transport and remote end */
	struct conn		*twin;	/* the next to the same remote end */
	LIST_ENTRY(conn)	 entry;	/* all, or those that broke */
	TAILQ_ENTRY(conn)	 waiting;	/* for its turn: conn_ready.c */
	unsigned		 turn;	/* the class it waits in; 0: it does not */
	enum conn_state		 state;
	int			 fd;
	struct tls		*tls;	/* NULL: plain TCP */
	struct conn_in		 in;	/* of TLS, or held */
	unsigned		 listener;	/* by which tally.h counts it */
	int			 slot;	/* stored as f<slot>; -1: not */
	int			 error;	/* why it broke: 0 or -errno */
	int			 lowat;	/* octets the kernel waits for */
	bool			 ours;	/* we opened it */
	bool			 stands;	/* there are aliases of it */
	bool			 heard;	/* a whole message has come */
	bool			 busy;	/* it had more than its share last time */
	bool			 deep;	/* its first message is a long one */
	bool			 held;	/* TCP: octets were taken out of the kernel */
	struct loop_io		*io;
	struct wheel_timer	 timer;
	struct wheel_timer	 pause;
	struct mono		 since;	/* when its state began */
	struct mono		 active;	/* last message or keep-alive */
	struct mono		 partial;	/* a message began; 0: none */
	struct mono		 stalled;	/* writing waits; 0: not */
	struct conn_asked	 asked[CONN_ASKED];	/* the last ones */
	unsigned		 nasked;	/* ever */
	STAILQ_HEAD(, conn_out)	 out;
	size_t			 queued;
};

/* Takes fd and tls over. The caller has counted it (tally.h). */
struct conn *conn_new(struct worker *w, const struct hop *h, int fd,
	    enum conn_state state, struct tls *tls);
/* Told to nobody; the descriptor is closed. */
void	conn_free(struct conn *c);

/* 0, or -errno: the queue is full, or it just broke. */
int	conn_send(struct conn *c, struct str bytes, unsigned flags, unsigned of,
	    uint64_t token);
/* No further event; tcp.c is told (tcp_broken()). Any number of times. */
void	conn_break(struct conn *c, int error);
/* Every message that waits has failed. */
void	conn_fail_queue(struct conn *c);
/* It is its turn (conn_ready.c). It may break. */
void	conn_serve(struct conn *c);

/* ---- between conn.c and conn_read.c ---- */

/*
 * Reads and handles what is there: a bounded number of messages. True when there
 * is more.
 */
bool	conn_read(struct conn *c);
/* Its pause is over: a wheel timer's. */
void	conn_pause_over(void *arg);
/* What the loop shall tell about has changed. */
void	conn_want(struct conn *c);
/* Its deadline may have changed. */
void	conn_watch(struct conn *c);

/* ---- tcp.c, for conn.c ---- */

struct buffer;

void	tcp_broken(struct conn *c);
/* Its local end is known, or its time ran: should it be in the store? */
void	tcp_keep(struct conn *c);
/* The buffer this worker reads its connections into. */
struct buffer *tcp_buffer(struct worker *w);
/* It shall be served when it is its turn. */
void	tcp_ready(struct conn *c);

#endif
