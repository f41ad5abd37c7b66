#ifndef MEDIAD_SESSION_H
#define MEDIAD_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/map.h"
#include "common/mono.h"
#include "common/str.h"
#include "common/settings.h"
#include "mediad/ports.h"
#include "mediad/record.h"
#include "mediad/relay.h"
#include "mediad/sdp.h"
#include "mediad/sides.h"

/*
 * A session is one call's media: Call-ID and the caller's tag name it. It has the
 * caller's leg, whose ports all branches share, and a leg for each callee branch.
 * A leg has an end for each m= line that is relayed: a pair of ports that faces
 * that phone, at the one of our addresses that suits it (sides.h). The caller's end
 * i and end i of the selected callee leg relay to each other.
 *
 * Everything that must survive is in the records as well; what is here is made
 * from them again after a start (restore.c). One thread.
 */
struct sessions;
struct session;
struct leg;

struct end {
	struct leg	*leg;
	struct pair	*pair;
	struct end_rec	*rec;
	uint32_t	 index;		/* of rec */
	uint8_t		 stream;	/* index of the m= line */
	uint8_t		 direction;	/* enum sdp_direction, as signalled */
	bool		 is_rtp;
	bool		 secure;	/* SRTP */
	bool		 mux;		/* RTCP on the port of RTP (RFC 5761) */
	uint8_t		 codec;		/* enum codec */
	uint32_t	 clock;		/* Hz; 0: unknown */
	/* What an offer said, addresses in rec; it counts once the offer is answered. */
	bool		 open_hold;
	bool		 open_mux;
	uint8_t		 open_direction;
	struct pair	*loop, *open_loop; /* its media are at a port of ours: loop.c */
	struct pair	*open_pair;	/* the phone moves: its new ports; or NULL */
	struct flow	 flow[2];	/* RTP, RTCP */
};

struct leg {
	struct session	*session;
	struct leg	*next;
	struct leg_rec	*rec;
	uint32_t	 index;
	bool		 caller;
	uint8_t		 branch[16];	/* keyed hash */
	uint32_t	 exchange;	/* of the session, when last answered */
	struct addr	 source;	/* of its signalling; len 0: unknown */
	struct ports	*side;		/* our address that faces it; NULL: open */
	unsigned	 nends;
	struct end	**ends;		/* by m= line; NULL: not relayed */
};

/* For people. */
static inline const char *
leg_party(const struct leg *leg)
{
	return leg->caller ? "caller" : "callee";
}

struct session {
	struct session_rec *rec;
	const char	*ids;		/* in the records: Call-ID, NUL, tag */
	uint32_t	 index;
	uint64_t	 id;
	struct mono	 created, signalled;
	enum session_state state;
	uint64_t	 user;		/* hash of whose it is; 0: nobody's */
	bool		 one_way;	/* as last looked at */
	bool		 no_rtp, no_rtcp;	/* their time-outs were logged */
	uint32_t	 exchange;	/* counts offers */
	uint32_t	 offer_cseq;
	bool		 offer_by_caller;
	bool		 offer_open;
	struct leg	*caller;
	struct leg	*selected;	/* the callee leg that talks, or NULL */
	struct leg	*callees;
};

/* What the settings say; times in ms. */
struct session_limits {
	uint32_t	sessions, streams;
	uint32_t	user_sessions;	/* of one user; 0: no limit */
	int64_t		timeout, setup_timeout, hold_timeout, learn_window;
	int64_t		rtcp_timeout;	/* 0: RTCP alone keeps no session */
	int64_t		longest;	/* without new signalling; 0: no limit */
	int64_t		one_way;	/* 0: not looked for */
	uint8_t		dscp;
	bool		steer;		/* media-relay auto; for sessions_new() */
	bool		convert_hold;	/* to the style of RFC 3264 (row 72) */
	const struct set_nets *lan;	/* of the settings in force */
	const struct set_texts *codecs;	/* that may be offered; NULL or none: all */
};

/* A body to rewrite: MEDIA_REWRITE, with its addresses parsed. */
struct rewrite {
	struct str	call_id, caller_tag, branch;
	struct str	user;		/* whose call it is, for the limit; or "" */
	bool		from_caller;
	bool		answer;
	bool		final;
	uint32_t	cseq;
	struct addr	source;		/* the writer's signalling; len 0: unknown */
	struct addr	toward;		/* where the reader is; len 0: unknown */
	struct str	sdp;
	/* What only the ng protocol can ask for; 0 or empty: not asked for. */
	bool		last_talks;	/* who answers last is whom the caller hears */
	bool		origin;		/* our address in o=, too */
	bool		from_source;	/* media are where the signalling came from */
	struct addr	advertise;	/* instead of our address */
	uint8_t		family;		/* of our address for the reader; 0: any */
	struct str	proto;		/* what the m= lines are to be: "RTP/AVP" */
};

struct rewritten {
	int		code;		/* 200, 488, 500, 503 */
	const char	*reason;
	uint64_t	session;
	struct str	sdp;		/* until the next sessions_rewrite() */
};

/* A session was removed because nothing came; s lives until this returns. */
typedef void session_ended_fn(void *arg, const struct session *s,
	    const char *reason);

/*
 * Opens relay, records and ports; adopts what the store holds and restores its
 * sessions. NULL and errno on failure; *which (may be NULL) then is the range that
 * can't be had.
 */
struct sessions *sessions_new(struct loop *l, const struct set_media *media,
	    const struct session_limits *limits, session_ended_fn *ended,
	    void *arg, unsigned *which);
/* This process's view only: records and sockets stay in the store. */
void	sessions_free(struct sessions *ss);
void	sessions_limits(struct sessions *ss, const struct session_limits *l);
/* No new sessions from now on: 503. */
void	sessions_drain(struct sessions *ss);

/* The ports of ours that it has, those of the caller first: "30000 30004". */
void	sessions_ports(const struct sessions *ss, struct str call_id,
	    struct str caller_tag, struct text *out);
/* The session of this Call-ID and tag of the caller, or NULL. */
struct session *session_find(const struct sessions *ss, struct str call_id,
	    struct str caller_tag);
/* Has it a callee's leg of that name? */
bool	session_has_branch(const struct sessions *ss, const struct session *s,
	    struct str branch);

/* exchange.c: carries out one offer or answer. */
void	sessions_rewrite(struct sessions *ss, const struct rewrite *q,
	    struct mono now, struct rewritten *out);
/* An offer whose media go directly: with fewer codecs (row 163), else as it is. */
void	sessions_limit_codecs(struct sessions *ss, struct str offer,
	    struct rewritten *out);
/* The call goes on, as its signalling says. False: there is none of these ids. */
bool	sessions_refresh(struct sessions *ss, struct str call_id,
	    struct str caller_tag, struct mono now);
/* branch "": the whole session. False: there was none. */
bool	sessions_end(struct sessions *ss, struct str call_id,
	    struct str caller_tag, struct str branch);
/* Looks at a tenth of all: to be called every 100 ms. */
void	sessions_sweep(struct sessions *ss, struct mono now);

unsigned sessions_count(const struct sessions *ss);
unsigned sessions_restored(const struct sessions *ss);	/* at the start */
const struct sides *sessions_sides(const struct sessions *ss);
/* Relay addresses whose packets are steered (relay.h). */
unsigned sessions_steered(const struct sessions *ss);
/* Walks by index: the session at *cursor or after it, NULL at the end. */
const struct session *sessions_next(const struct sessions *ss, uint32_t *cursor);
struct str session_call_id(const struct session *s);
struct str session_caller_tag(const struct session *s);
/* The last packet of any stream; ns 0: none came. */
struct mono session_last_packet(const struct session *s);
/* oneway.c: does one side hear nothing? Then why says it in words. */
bool	session_one_way(const struct sessions *ss, const struct session *s,
	    struct mono now, struct text *why);

#endif
