#ifndef MEDIAD_SESSION_OWN_H
#define MEDIAD_SESSION_OWN_H

#include "mediad/session.h"

/*
 * What session.c, leg.c, end.c, exchange.c, timeout.c and restore.c share: making,
 * saving and removing the parts of a session. Nobody else includes this.
 */
#define SESSION_LEGS	32	/* callee branches of one call */

struct sessions {
	struct relay		*relay;
	struct records		*records;
	struct sides		*sides;
	struct map		*by_ids;
	struct map		*by_user;	/* users.c's */
	struct session		**by_index;	/* up to nindex */
	uint32_t		 nindex;
	uint32_t		 sweep_at;
	bool			 draining;
	unsigned		 restored;
	unsigned		 steered;	/* relay addresses */
	struct session_limits	 limits;
	session_ended_fn	*ended;
	void			*arg;
	struct sdp		 sdp;		/* of the body at hand */
	char			 limited[SDP_BODY_MAX];	/* with fewer codecs */
	char			 out[SDP_BODY_MAX + 64 * SDP_EDITS_MAX];
};

/* NULL: the ids are too long, or the table is full. */
struct session *session_new(struct sessions *ss, struct str call_id,
	    struct str caller_tag, uint64_t user, struct mono now);
void	session_free(struct sessions *ss, struct session *s);
void	session_save(struct session *s);
/* Enters an existing one into the tables. */
void	session_enter(struct sessions *ss, struct session *s);

struct leg *leg_new(struct sessions *ss, struct session *s, bool caller,
	    const uint8_t branch[16]);
struct leg *leg_find(const struct session *s, const uint8_t branch[16]);
void	leg_attach(struct session *s, struct leg *leg);
void	leg_free(struct sessions *ss, struct leg *leg);
/* Its part of this process only: the records stay. */
void	leg_forget(struct sessions *ss, struct leg *leg);
void	leg_save(struct leg *leg);
/* Only this leg is left to talk to the caller; ends are linked anew. */
void	leg_select(struct session *s, struct leg *leg);

/* At the leg's side. NULL: no port is left. */
struct end *end_new(struct sessions *ss, struct leg *leg, unsigned stream);
struct end *end_find(const struct leg *leg, unsigned stream);
/* Gives pair and record to an end and enters it into its leg. */
struct end *end_attach(struct sessions *ss, struct leg *leg, unsigned stream,
	    struct pair *pair, uint32_t index);
/*
 * The phone moves to this side of ours: ports for it there, which count from
 * end_move() on. Back where it was: none. False: no port is left.
 */
bool	end_open_side(struct end *e, struct ports *side);
void	end_move(struct sessions *ss, struct end *e);
int	end_start(struct sessions *ss, struct end *e, bool adopted);
void	end_free(struct sessions *ss, struct end *e);
/* Out of the relay and of its leg, freed; port and record stay as they are. */
void	end_detach(struct sessions *ss, struct end *e);
/* Nothing comes from or goes to another flow any more. */
void	flow_unlink(struct flow *f);
/* They relay to each other, and to nobody else. */
void	flow_link(struct flow *a, struct flow *b);
/* loop.c: media that come back to us need not leave us. */
void	session_join(struct session *s);
void	end_save(struct end *e);
/* Where the phone wants its media, as an open offer or its answer has it. */
void	end_open_at(struct end *e, const struct addr *rtp, const struct addr *rtcp);

/* oneway.c: tells once when it begins and ends. */
void	session_look_one_way(struct sessions *ss, struct session *s, struct mono now);

/*
 * users.c: how many sessions each user has. The key of a user is 0 for "" and the same
 * in the next process.
 */
void	users_open(struct sessions *ss);
void	users_close(struct sessions *ss);
uint64_t user_key(const struct sessions *ss, struct str user);
unsigned user_sessions(const struct sessions *ss, uint64_t user);
void	user_count(struct sessions *ss, uint64_t user, int by);

/* restore.c: sessions of an earlier process. */
void	sessions_restore(struct sessions *ss);

#endif
