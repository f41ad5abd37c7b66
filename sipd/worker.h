#ifndef SIPD_WORKER_H
#define SIPD_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bus.h"
#include "common/daemon.h"
#include "common/loop.h"
#include "sipd/hop.h"

/*
 * The worker threads. Each has a loop, a bus with its peers, a timer wheel and
 * the sockets of its own; a call lives in one of them, chosen by a keyed hash of
 * its Call-ID. Worker 0 is the main thread, on the loop and bus of the daemon:
 * control, feeds and accepted connections enter there.
 *
 * Everything in struct worker belongs to that worker's thread.
 */
#define WORKERS_MAX	64
#define MESSAGE_MAX	65536	/* octets of one SIP message on any transport */

struct wheel;
struct udp;
struct tcp;
struct pool;
struct failures;
struct core;
struct dns;
struct recorder;

/* Whose records a worker writes at the moment: see record.h. */
struct recording {
	uint64_t	call;		/* id_call(); 0: of none */
	bool		plain;		/* what is sent has nothing to mask */
};

struct worker {
	unsigned	 index;
	struct self	*self;		/* read only in all but worker 0 */
	struct loop	*loop;
	struct bus	*bus;
	struct bus_peer	*routed;
	struct bus_peer	*regd;		/* worker 0 follows its feed */
	struct bus_peer	*mediad;
	struct bus_peer	*gwregd;
	struct wheel	*wheel;
	struct udp	*udp;
	struct tcp	*tcp;
	struct pool	*pool;
	struct failures	*failures;
	struct core	*core;		/* the upper half's own */
	struct leases	*leases;	/* decision.c's */
	struct dns	*dns;
	uint64_t	 dns_generation;	/* of its settings */
	char		*out;		/* MESSAGE_MAX octets to build a message in */
	struct recorder	*recorder;	/* NULL: none */
	struct recording recording;
	struct loop_wake *wake;
	struct loop_turn *turn;
	uint64_t	 posted;	/* workers that have to be woken: bits */
	bool		 running;
};

/* One whole message; everything is valid until core_packet() returns. */
struct packet {
	struct str	bytes;
	struct hop	from;		/* local: where it came in */
	struct mono	arrived;
	/*
	 * The message is over "message-limit": only its head is here, to be
	 * answered 513. A connection it came on closes after the answer.
	 */
	bool		too_big;
};

/*
 * Opens and adopts: sockets of all listeners for all workers, connections that
 * were kept; still privileged. Number of workers from "processors". 0 or -errno
 * after logging why.
 */
int	workers_open(struct self *self);
/*
 * After privileges are given up: starts the threads, calls core_worker_start()
 * in each, and then reads the sockets. Returns when all run; -errno if one
 * could not start.
 */
int	workers_run(void);
/* Ends the threads and closes everything; copes with a half-made start. */
void	workers_stop(void);
/* A new configuration is in force: listeners that changed. Main thread. */
void	workers_commit(const struct settings *old);

unsigned workers_count(void);
struct worker *worker_get(unsigned index);
/* The worker that owns the call: always < workers_count(). */
unsigned worker_owner(struct str call_id);
/* This thread's worker, or NULL. */
struct worker *worker_self(void);

/*
 * fn(arg) soon in the thread of worker `index`, in the order posted from one
 * worker; on `from` itself at once at the turn's end. from is this thread's
 * worker. 0, or -ENOBUFS when that worker's queue is full: fn is not called.
 */
int	worker_run_on(struct worker *from, unsigned index,
	    void (*fn)(struct worker *w, void *arg), void *arg);

/* ---- for udp.c and tcp.c ---- */

struct buffer;

/* The worker that handles this message; w itself when no Call-ID is readable. */
unsigned worker_for(const struct worker *w, struct str bytes);
/*
 * Gives b, whose packet is filled in, to another worker: it comes back to the
 * pool by itself. False, and counted, when that one's queue is full.
 */
bool	worker_hand_over(struct worker *w, unsigned owner, struct buffer *b);
/* Handles what other workers handed to this one. */
void	worker_drain(struct worker *w);
/* Wakes those that got something since the last time. */
void	worker_wake(struct worker *w);

/* ---- what the upper half provides (core.c) ---- */

/* In the worker's thread, before its first packet. 0 or -errno. */
int	core_worker_start(struct worker *w);
/* Its sockets are open and the kept connections are back; no packet came yet. */
void	core_ready(struct worker *w);
/* In the worker's thread, after its last packet; copes with a failed start. */
void	core_worker_stop(struct worker *w);
/*
 * A message for this worker to handle (its Call-ID hashes here; one without a
 * readable Call-ID stays where it was received).
 */
void	core_packet(struct worker *w, const struct packet *p);
/*
 * What wire_send() was given token for did not leave. error is a negative
 * errno: -ENOTCONN no such connection, -ECONNREFUSED, -ETIMEDOUT (connect took
 * over 5 s), -ENETUNREACH, -EMSGSIZE, -EPIPE, -ENOBUFS ... Never from within
 * wire_send(); never for token 0.
 */
void	core_send_failed(struct worker *w, uint64_t token, int error);
/*
 * The network returned a datagram that was sent (ICMP): its first octets, as
 * many as came back, unverified. error as above.
 */
void	core_returned(struct worker *w, struct str bytes, int error);
/*
 * A connection is gone: on every worker, once each. A hint: under overload it
 * may be missing.
 */
void	core_flow_closed(struct worker *w, const struct hop *h);
/* At the end of each turn, before the output leaves. */
void	core_turn(struct worker *w);

/* The same as a table: what the workers call. A test puts its own in place. */
struct upper {
	int	(*start)(struct worker *w);
	void	(*ready)(struct worker *w);	/* may be NULL */
	void	(*stop)(struct worker *w);
	void	(*packet)(struct worker *w, const struct packet *p);
	void	(*send_failed)(struct worker *w, uint64_t token, int error);
	void	(*returned)(struct worker *w, struct str bytes, int error);
	void	(*flow_closed)(struct worker *w, const struct hop *h);
	void	(*response_lost)(struct worker *w, const struct hop *to,
		    unsigned flags, struct str bytes);	/* see back.h */
	void	(*turn)(struct worker *w);
};
extern const struct upper *upper;

#endif
