#ifndef MEDIAD_RECORD_H
#define MEDIAD_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/str.h"

/*
 * What must outlive the process: fixed records in one memfd, kept in the
 * descriptor store under the name "s". Three tables: sessions, legs (the caller
 * or one callee of a session), ends (what faces one phone for one m= line). The file
 * is sparse: its size is that of the largest house, its memory that of the busiest
 * hour.
 *
 * What must be whole in a record is its slot. It is written in the journal first,
 * one for all records: RECORD_IDLE() is a copy there, RECORD_FLIP() makes it count and
 * copies it over. So a kill at any instruction leaves either what was or what is; the
 * next process finishes the copy (RELIABILITY.md 4.3). A record whose owner is gone, or
 * is not the one it names, counts as free: that makes removal one single flip, of the
 * session.
 *
 * Counters lie outside the slots: single words, each whole by itself. One thread
 * writes all but the counters; those belong to the thread of the relay.
 */
#define RECORD_SESSIONS	200000
#define RECORD_LEGS	600000
#define RECORD_ENDS	131072
#define RECORD_IDS	508	/* octets of Call-ID, NUL and tag together */
#define RECORD_IDS_HERE	96	/* in the record itself: enough for nearly all */

/* An address as kept: family 0 is none; port in host order. */
struct record_addr {
	uint16_t	family;
	uint16_t	port;
	uint32_t	scope;
	uint8_t		host[16];
};
void	record_addr_set(struct record_addr *r, const struct addr *a);
struct addr record_addr_get(const struct record_addr *r);

enum session_state {
	SESSION_FREE,
	SESSION_SETUP,		/* offered, not yet answered with a 2xx */
	SESSION_ANSWERED,
};

struct session_slot {
	uint64_t	id;		/* never used again */
	int64_t		created_ns;	/* CLOCK_MONOTONIC */
	int64_t		signalled_ns;	/* last offer or answer */
	uint32_t	caller;		/* legs, by index */
	uint32_t	selected;	/* the callee leg that talks; own if none */
	uint32_t	exchange;	/* counts offers; see exchange.c */
	uint32_t	offer_cseq;	/* of the last offer */
	uint8_t		state;		/* enum session_state */
	bool		offer_by_caller;
	bool		offer_open;	/* not answered yet */
};
struct session_rec {
	uint16_t		call_id_len;
	uint16_t		tag_len;
	char			ids[RECORD_IDS_HERE];	/* see records_ids() */
	uint64_t		user;			/* keyed hash; 0: none */
	struct session_slot	slot;
};

struct leg_slot {
	uint64_t		session;	/* id; 0: free */
	uint32_t		session_index;
	uint32_t		exchange;	/* the last one it took part in */
	struct record_addr	source;		/* its signalling */
	uint8_t			branch[16];	/* keyed hash */
	bool			caller;
};
struct leg_rec {
	struct leg_slot	slot;
};

struct learn_slot {			/* see learn.h */
	struct record_addr	signalled;
	struct record_addr	friend;
	struct record_addr	source;
	int64_t			until_ns;
	uint8_t			state;
	uint8_t			rank;
	bool			mute;
};
struct end_slot {
	uint64_t		session;	/* id; 0: free */
	uint32_t		leg;		/* index */
	uint8_t			stream;		/* index of the m= line */
	uint8_t			direction;	/* enum sdp_direction */
	bool			is_rtp;
	bool			secure;		/* SRTP: its RTCP can't be read */
	bool			mux;		/* RTCP on the port of RTP */
	uint8_t			codec;		/* enum codec, of the first format */
	uint32_t		clock;		/* Hz of its time stamps; 0: unknown */
	struct record_addr	relay;		/* our address and even port */
	/* what an offer said, until it is answered */
	bool			open_hold;
	bool			open_mux;
	uint8_t			open_direction;
	struct record_addr	open_rtp;
	struct record_addr	open_rtcp;
	struct record_addr	open_relay;	/* where the end moves to; or none */
	struct record_addr	open_loop;	/* where its media are, of ours; or none */
	struct record_addr	loop;		/* the same, of what counts */
	struct learn_slot	learn[2];	/* RTP, RTCP */
};
/* What the phone's RTCP said, and when it passed here. */
struct report {
	int64_t		sent_ns;	/* CLOCK_MONOTONIC: its last sender report */
	uint32_t	sent_ntp;	/* middle of that report's NTP time */
	uint32_t	rtt_us;		/* between us and the phone; 0: not measured */
	uint32_t	ssrc;		/* of what it reports about */
	uint32_t	jitter;		/* in units of that stream's clock */
	int32_t		lost;		/* packets of it, since its begin */
	uint8_t		fraction;	/* lost lately, of 256 */
	bool		heard;		/* the last four are known */
};
/* Packets that came in from the phone; RFC 3550 A.1, A.3, A.8. */
struct flow_count {
	uint64_t	packets;
	uint64_t	octets;
	int64_t		last_ns;	/* CLOCK_MONOTONIC */
	uint64_t	lost_before;	/* of earlier sources */
	uint32_t	ssrc;
	uint32_t	base_seq;
	uint32_t	cycles;		/* shifted by 16 */
	uint32_t	received;	/* of this source */
	uint16_t	max_seq;
	bool		begun;
	bool		timed;		/* transit is valid */
	int32_t		transit;	/* of the last packet, in units of the clock */
	uint32_t	jitter;		/* in units of the clock, times 16 */
	struct report	report;		/* in that of RTP alone */
};
struct end_rec {
	struct end_slot		slot;
	struct flow_count	count[2];
};

struct records;

/*
 * Maps the memory, adopted from the store when its layout is ours; else it begins
 * empty. NULL and errno on failure.
 */
struct records *records_open(bool *adopted);
void	records_close(struct records *r);	/* the store keeps the memory */

/* An unused index, or UINT32_MAX when the table is full. */
uint32_t records_session_take(struct records *r);
uint32_t records_leg_take(struct records *r);
/* Clears the record; the index may be taken again. */
void	records_session_give(struct records *r, uint32_t i);
void	records_leg_give(struct records *r, uint32_t i);
uint32_t records_end_take(struct records *r);
void	records_end_give(struct records *r, uint32_t i);
/* After an adoption: those below the marks that are in use stay, see restore.c. */
uint32_t records_sessions_mark(const struct records *r);
uint32_t records_legs_mark(const struct records *r);
uint32_t records_ends_mark(const struct records *r);

struct session_rec *records_session(struct records *r, uint32_t i);
struct leg_rec *records_leg(struct records *r, uint32_t i);
struct end_rec *records_end(struct records *r, uint32_t i);
/*
 * Where Call-ID, NUL and tag of session i stand, len octets together (RECORD_IDS at
 * most): in the record, or in a table of those that are longer.
 */
char	*records_ids(struct records *r, uint32_t i, size_t len);
/* The keyed hash by which a leg remembers its branch. */
void	records_branch(const struct records *r, struct str branch,
	    uint8_t out[16]);

/* In the journal: a copy of a slot of that size, which must not exceed the largest. */
void	*record_begin(const void *slot, size_t size);
/* What stands in the journal is in the slot from here on. */
void	record_commit(void *slot, size_t size);

/* What is in force. */
#define RECORD_NOW(rec)		(&(rec)->slot)
/* The copy, filled with what is in force: change it, then flip, before the next one. */
#define RECORD_IDLE(rec)						\
	((__typeof__(&(rec)->slot))record_begin(&(rec)->slot, sizeof((rec)->slot)))
#define RECORD_FLIP(rec)	record_commit(&(rec)->slot, sizeof((rec)->slot))

#endif
