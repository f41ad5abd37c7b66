#ifndef COMMON_BUS_INTERNAL_H
#define COMMON_BUS_INTERNAL_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "common/bus.h"
#include "common/pack.h"

/*
 * What the files of the bus share: bus.c keeps the sockets, the frames on their way
 * out and the turn; bus_server.c is asked, bus_peer.c asks, feed.c publishes,
 * bus_follow.c follows. Nobody else includes this.
 */

/* In a question's deadline_ms: its call is raised (raised.h) where it comes from. */
#define BUS_RAISED	(1u << 31)

/* ---- sockets: bus.c, the only file that includes zmq.h ---- */

enum bus_sock_kind {
	BUS_DEALER,
	BUS_ROUTER,
	BUS_XPUB,
	BUS_SUB,
};

/* id: who sent it, for a ROUTER. Both live until it returns. */
typedef void bus_in_fn(void *arg, struct str id, struct str frame);

struct bus_sock {
	TAILQ_ENTRY(bus_sock)	 entry;
	struct bus		*bus;
	void			*zmq;
	struct loop_io		*io;
	enum bus_sock_kind	 kind;
	bool			 dirty;		/* may have something to read */
	bool			 blocked;	/* wants to know when it can send */
	bus_in_fn		*in;
	loop_fn			*writable;
	void			*arg;
};

/* Binds a ROUTER or XPUB, connects a DEALER or SUB. 0 or -errno. */
int	bus_sock_open(struct bus_sock *s, struct bus *b, enum bus_sock_kind kind,
	    const char *endpoint);
void	bus_sock_close(struct bus_sock *s);
void	bus_sock_subscribe(struct bus_sock *s, uint8_t topic, bool on);
/*
 * 0; -EAGAIN: no room, or nobody connected (writable is called when that changes);
 * -EHOSTUNREACH: no peer has that id.
 */
int	bus_sock_send(struct bus_sock *s, struct str id, struct str frame);

/* ---- frames on their way out ---- */

/*
 * Messages for one peer, gathered into a frame. open writes a new frame's head,
 * send sends what is in buf, whatever becomes of it.
 */
struct bus_out {
	TAILQ_ENTRY(bus_out)	 entry;
	struct bus		*bus;
	struct buf		 buf;
	size_t			 head;		/* octets of buf before the messages */
	uint32_t		 n;		/* messages in buf */
	uint32_t		 window_us;
	uint32_t		 fixed_us;	/* not adaptive: at most one in this time */
	uint16_t		 streak;	/* quick frames, one after another */
	uint16_t		 penalty;	/* for a window that gathered nothing */
	struct mono		 last;		/* when one was sent */
	struct mono		 due;
	void			(*open)(struct bus_out *);
	void			(*send)(struct bus_out *);
	void			*arg;
};

void	bus_out_init(struct bus_out *o, struct bus *b);
void	bus_out_fini(struct bus_out *o);
/* Adds a message; -EMSGSIZE: it fits into no frame, and is not added. */
int	bus_out_add(struct bus_out *o, enum msg_type type, const void *msg);
int	bus_out_add_packed(struct bus_out *o, struct str packed);
/* Sends what is there: at once, or at the turn's end whatever the window. */
void	bus_out_flush(struct bus_out *o);
void	bus_out_soon(struct bus_out *o);
/* Chooses the window after a frame of n messages, dt_us after the one before. */
void	bus_out_adapt(struct bus_out *o, int64_t dt_us);

/* ---- the bus ---- */

#define BUS_TICK_MS	100	/* heartbeats, ages, idle askers */
#define BUS_DEAD_TICKS	3
#define FEED_HEARTBEAT	'H'	/* topics: the first octet of a feed's frame, */
#define FEED_RECORDS	'R'	/* a small msgpack integer itself: */
#define FEED_BULK	'B'	/* see bus.h, feed_bulk() */
#define FEED_STREAMS	2	/* of records: those two */

TAILQ_HEAD(bus_socks, bus_sock);
TAILQ_HEAD(bus_outs, bus_out);
TAILQ_HEAD(bus_servers, bus_server);
TAILQ_HEAD(bus_peers, bus_peer);
TAILQ_HEAD(feeds, feed);

struct map;
struct question;

/* A question that could not even be asked: its callback comes at the turn's end. */
struct bus_failed {
	uint64_t	 id;
	int		 error;
	bus_answer_fn	*fn;
	void		*arg;
};

struct bus {
	struct bus_context	*context;
	struct loop		*loop;
	struct loop_turn	*turn;
	struct loop_tick	*window;	/* the earliest frame that waits */
	struct mono		 window_at;	/* 0: not armed */
	struct loop_timer	*tick;		/* every BUS_TICK_MS */
	struct loop_timer	*deadline;	/* the earliest question */
	struct mono		 deadline_at;	/* 0: not armed */
	uint64_t		 epoch;
	struct bus_figures	 figures;
	struct bus_socks	 socks;
	struct bus_outs		 outs;		/* that hold messages */
	struct bus_servers	 servers;
	struct bus_peers	 peers;
	struct feeds		 feeds;
	struct question		**heap;		/* open questions by deadline */
	uint32_t		 nheap, heap_size;
	struct bus_failed	*failed;
	uint32_t		 nfailed, failed_size;
	bool			 handled;	/* in the turn hook: a frame came */
};

/* Counts a bad frame, and says so at most ten times a second. */
void	bus_bad_frame(struct bus *b, const char *who, const char *what);
/* A frame's head: the sender's epoch; -EBADMSG. */
void	bus_epoch_open(struct bus_out *o);
/* The next message of a frame: 1, 0 at its end, -EBADMSG. */
int	bus_frame_next(struct unpack *frame, struct str *packed);

/* An asker, as its routing id. Slots are used again, each time a generation on. */
struct bus_asker {
	struct bus_out		 out;
	struct bus_server	*server;
	char			*id;		/* NULL: free */
	size_t			 id_len;
	uint32_t		 slot;
	uint32_t		 generation;
	uint32_t		 open;		/* questions not answered yet */
	struct mono		 seen;
};

struct bus_server {
	TAILQ_ENTRY(bus_server)	 entry;
	struct bus		*bus;
	bool			 monitor;
	struct bus_sock		 sock;
	struct {
		bus_handler_fn	*fn;
		void		*arg;
		bool		 shows_only;
	}			 handlers[MSG_TYPE_MAX];
	struct map		*by_id;
	struct bus_asker	**askers;
	uint32_t		 naskers;
	unsigned		 ticks;
	void			*extra;
	loop_fn			*extra_free;
};

void	bus_server_free(struct bus_server *s);
void	bus_server_tick(struct bus_server *s);
/*
 * One pointer that show.c keeps with a server; free frees it with the server.
 */
void	**bus_server_extra(struct bus_server *s, loop_fn *free);

void	bus_peer_free(struct bus_peer *p);
void	bus_peer_tick(struct bus_peer *p);
void	bus_peers_fail(struct bus *b);		/* the callbacks of b->failed */
void	bus_peers_deadline(struct bus *b);
/* A frame of p's with this epoch came. */
void	bus_peer_seen(struct bus_peer *p, uint64_t epoch);

/* The records of one topic, numbered by themselves. */
struct feed_stream {
	struct feed		*feed;
	uint8_t			 topic;
	struct bus_out		 out;
	uint64_t		 next;		/* number of the next change */
	uint32_t		 followers;
};

struct feed {
	TAILQ_ENTRY(feed)	 entry;
	struct bus		*bus;
	struct bus_sock		 sock;
	struct feed_stream	 streams[FEED_STREAMS];
	enum msg_type		 bulk;		/* goes by the second one */
	uint32_t		 listeners;	/* to heartbeats */
	feed_walk_fn		*walk;
	void			*arg;
	struct buf		 part;		/* of a snapshot: packed records */
	size_t			*ends;		/* where each ends */
	uint32_t		 nends;
};

void	feed_free(struct feed *f);
void	feed_tick(struct feed *f);

/* ---- following: bus_follow.c ---- */

enum follow_state {
	FOLLOW_NOT,		/* heartbeats only */
	FOLLOW_WAITS,		/* for a frame that proves the subscription */
	FOLLOW_ASKS,		/* the snapshot is on its way */
	FOLLOW_SYNCED,
};

struct follow {
	enum follow_state	 state;
	const struct feed_follower *f;
	void			*arg;
	uint64_t		 next[FEED_STREAMS];	/* number of the next change; */
						/* 0: no frame has come yet */
	uint64_t		 question;	/* open SNAPSHOT, or 0 */
};

struct bus_peer {
	TAILQ_ENTRY(bus_peer)	 entry;
	struct bus		*bus;
	char			*name;
	struct bus_sock		 dealer;
	struct bus_sock		 sub;
	struct bus_out		 out;
	struct question		**chunks;	/* questions, 1024 a chunk */
	uint32_t		 nchunks;
	struct question		*unused;
	uint32_t		 open;
	uint32_t		 frame;		/* number of the frame in out */
	bool			 unsent;	/* some questions wait for the peer */
	uint64_t		 epoch;
	uint64_t		 former;	/* the epoch before: late frames */
	unsigned		 age;		/* ticks without a frame */
	unsigned		 doubt;		/* ticks until doubtful ones are repeated */
	uint32_t		 doubtful;	/* frames before this one */
	struct follow		 follow;
};

/* A frame of p's feed; a new epoch of p. */
void	bus_follow_in(void *arg, struct str id, struct str frame);
void	bus_follow_epoch(struct bus_peer *p);

#endif
