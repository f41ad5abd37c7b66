#ifndef COMMON_BUS_H
#define COMMON_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/loop.h"
#include "common/messages.h"

/*
 * The bus: questions and answers (DEALER to ROUTER) and feeds (XPUB to SUB)
 * between the daemons, over ipc:// sockets in run/bus and run/monitor. bus.c is
 * the only file that includes zmq.h.
 *
 * A frame is one ZeroMQ message: a msgpack stream of the sender's epoch (u64)
 * and then any number of messages, each in a bin. What is queued during a turn
 * of the loop leaves in one frame per peer at the turn's end: at once while the
 * peer is quiet, after a window that grows to 1 ms under load. A bad frame is
 * counted, logged (rate-limited) and dropped whole from its first bad octet; the
 * peer stays connected (one over FRAME_MAX is cut off by ZeroMQ, and comes back).
 *
 * Nobody waits: every question has a deadline after which its callback is
 * called with -ETIMEDOUT. Questions are repeated when the peer's epoch changes
 * (it was restarted), so handlers must be idempotent. One bus per thread, on
 * that thread's loop.
 */
struct bus_context;		/* one per process: the ZeroMQ context */
struct bus;
struct bus_server;
struct bus_peer;
struct feed;

struct bus_context *bus_context_new(void);
void	bus_context_free(struct bus_context *c);

/* epoch: of this process, new at every start (see daemon.h). */
struct bus *bus_new(struct bus_context *c, struct loop *l, uint64_t epoch);
/*
 * Also its servers, peers and feeds; callbacks of open questions are not called.
 * Not from within a handler. All buses of a context before the context.
 */
void	bus_free(struct bus *b);

/* ---- being asked ---- */

/*
 * Who asked: a value that may be copied and kept; answering after the asker
 * has gone does nothing.
 */
struct bus_ticket {
	struct bus_server	*server;
	uint32_t		 peer;		/* slot in the server's table */
	uint32_t		 generation;
	uint64_t		 id;
	uint64_t		 call;
	struct mono		 deadline;
};

typedef void bus_handler_fn(void *arg, struct bus_ticket t, const union msg *m);

struct bus_handler {
	enum msg_type	 type;
	bus_handler_fn	*fn;		/* answers t now or later, or never */
	bool		 shows_only;	/* also allowed on the monitor endpoint */
};

/*
 * Binds "ipc://DIR/NAME". handlers ends with { 0 }; several tables may be
 * added. A type without handler is answered REFUSED ENOSYS; a handler without
 * shows_only on a monitor server is answered REFUSED EACCES. 0 or -errno.
 */
int	bus_serve(struct bus *b, const char *endpoint, bool monitor,
	    struct bus_server **out);
void	bus_handlers_add(struct bus_server *s, const struct bus_handler *table,
	    void *arg);

/* Sets the first field (id) of *answer itself. Never fails. */
void	bus_answer(struct bus_ticket t, enum msg_type type, void *answer);
void	bus_refuse(struct bus_ticket t, int error, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
void	bus_done(struct bus_ticket t);

/* ---- asking ---- */

/*
 * error is 0 and m the answer, or a negative errno and m NULL (-ETIMEDOUT: no
 * answer before the deadline; -EBADMSG) or, for REFUSED, m->refused. Called
 * exactly once, never from within bus_ask().
 */
typedef void bus_answer_fn(void *arg, int error, enum msg_type type,
	    const union msg *m);

/*
 * Connects (and reconnects for ever) to "ipc://DIR/NAME", and for heartbeats to the
 * feed at the same endpoint with ".feed" appended. Lives as long as its bus. What
 * is asked while nobody is there is sent as soon as somebody is.
 */
struct bus_peer *bus_peer_new(struct bus *b, const char *name,
	    const char *endpoint);
/*
 * question's id and deadline are filled in: id here, deadline_ms as given.
 * Returns the id, for bus_forget(). Bounded: at most 65536 open questions a
 * peer, beyond that the callback comes with -ENOBUFS at the turn's end.
 */
uint64_t bus_ask(struct bus_peer *p, enum msg_type type, void *question,
	    uint32_t deadline_ms, bus_answer_fn *fn, void *arg);
/* The callback of this question will not be called. */
void	bus_forget(struct bus_peer *p, uint64_t id);
/*
 * Every open question of p has its callback now, with -ECANCELED: for whoever
 * goes away and wants back what the questions hold.
 */
void	bus_cancel(struct bus_peer *p);
/* False after 300 ms without heartbeat or answer. */
bool	bus_peer_alive(const struct bus_peer *p);
uint64_t bus_peer_epoch(const struct bus_peer *p);	/* 0: never seen */
uint32_t bus_peer_open(const struct bus_peer *p);	/* open questions */

/* ---- feeds ---- */

/*
 * A feed is the stream of changes of one daemon's state. Records are whole and
 * carry a version: newer wins, so the parts of a snapshot may come mixed with
 * changes. The publisher's heartbeat (every 100 ms, and at once when somebody
 * subscribes) carries epoch and last number.
 */
typedef uint64_t feed_walk_fn(void *arg, uint64_t cursor, struct feed *f);

/*
 * Binds endpoint ("ipc://DIR/NAME.feed"). Every daemon that serves has one, if
 * only for the heartbeat. 0 or -errno.
 */
int	feed_new(struct bus *b, const char *endpoint, struct feed **out);
/*
 * Serves SNAPSHOT questions on s from this feed; not called before there is a state
 * to show (followers try again). walk emits records from cursor on (0: the first)
 * with feed_emit() until that returns false, and returns the cursor of the next
 * record, or 0 when it has emitted the last. Between two parts anything may change:
 * what changes is published, so a walk must only not miss what stays.
 */
void	feed_serve(struct feed *f, struct bus_server *s, feed_walk_fn *walk,
	    void *arg);
/* False: this record was taken, but the part is full. */
bool	feed_emit(struct feed *f, enum msg_type type, const void *record);
/*
 * Changes of this type go by a stream of their own: followers that do not take it
 * (bulk below) are not even sent what there is most of.
 */
void	feed_bulk(struct feed *f, enum msg_type type);
/* The first change leaves at the turn's end, more are gathered for 5 ms. */
void	feed_publish(struct feed *f, enum msg_type type, const void *record);
uint32_t feed_followers(const struct feed *f);

struct feed_follower {
	/* A new epoch or a gap: a snapshot begins; keep what you have. */
	void	(*begin)(void *arg);
	/* A whole record, from the snapshot or a change. */
	void	(*record)(void *arg, enum msg_type type, const union msg *m);
	/* The snapshot is in: what was not seen since begin() is gone. */
	void	(*complete)(void *arg);
	/* Only these types, ended by MSG_NONE; NULL: all. Others cost little. */
	const enum msg_type *types;
	bool	bulk;			/* and what the peer calls feed_bulk() */
	/*
	 * True: this record, which begins with (key, version), brings nothing new
	 * and need not be unpacked. NULL: not asked. Only with types whose records
	 * all begin so.
	 */
	bool	(*knows)(void *arg, struct str key, uint64_t version);
};

/*
 * Follows the feed of p, once. Every bus_peer has its heartbeat from there; only
 * with a follower are the records taken. begin may come again before complete.
 */
void	bus_peer_follow(struct bus_peer *p, const struct feed_follower *f,
	    void *arg);
/* A snapshot of the present epoch is in. */
bool	bus_peer_synced(const struct bus_peer *p);

/* Frames, messages, what went wrong, of this bus alone; stats count those of all. */
struct bus_figures {
	uint64_t	frames_in, frames_out, messages_in, messages_out;
	uint64_t	bad_frames, repeated, timed_out;
	uint64_t	undelivered;	/* frames: a mark reached, nobody there */
	uint64_t	late;		/* answers past their deadline */
	uint64_t	gaps;		/* feeds that had to be read anew */
};
void	bus_figures(const struct bus *b, struct bus_figures *out);

#endif
