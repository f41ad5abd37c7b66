#ifndef SIPD_CALLS_H
#define SIPD_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/mono.h"
#include "common/str.h"
#include "sipd/hop.h"

/*
 * The call table: fixed records in a memfd that outlives the process. A call
 * is reached by the worker that owns its Call-ID, which alone changes it; any
 * thread may read it with calls_next(). A record is never torn: what changes is
 * written into the idle one of two slots, and one store makes it the valid one.
 * An established call has a channel of each gateway that it names.
 */
#define CALL_ID_MAX	255
#define CALL_TAG_MAX	127
#define CALL_AOR_MAX	255
#define CALL_GATEWAY_MAX 63
#define CALL_ROUTE_MAX	95

enum call_state {
	CALL_FREE,
	CALL_EARLY,
	CALL_ESTABLISHED,
	CALL_ENDED,		/* only in what call_end() tells */
};

struct call;			/* a record: valid until call_end() */
struct calls;			/* the index of one worker */

/* What a record says, as slices into it or into the caller's texts. */
struct call_facts {
	struct str	call_id;
	struct str	caller_tag;
	struct str	callee_tag;	/* empty while early */
	struct str	from;		/* AOR or URI, for people */
	struct str	to;
	struct str	gateway;	/* that the callee was called through, or "" */
	struct str	came_by;	/* that the caller came from, or "" */
	struct str	route;		/* the steps that led there; cut */
	enum call_state	state;
	int64_t		since_ms;	/* wall clock: begun, or answered */
	int64_t		begun_ms;	/* the INVITE came */
	uint64_t	number;		/* for sipctl; never given twice */
	bool		media;		/* a session of mediad belongs to it */
	uint8_t		media_why;	/* enum media_why */
	struct hop	caller;		/* where requests to that side go */
	struct hop	callee;
	uint32_t	caller_cseq;	/* highest seen from that side */
	uint32_t	callee_cseq;
};

/*
 * Maps or adopts the table for at most max calls and files every record under
 * the worker that owns it now. Main thread, still privileged. 0 or -errno.
 */
int	calls_open(uint32_t max, unsigned workers);
void	calls_close(void);	/* the memory stays in the descriptor store */
/* The index of a worker: for that worker only. */
struct calls *calls_of(unsigned worker);
/* This worker stops: call_end() leaves the records to the next process. */
void	calls_seal(struct calls *c);
/*
 * Early calls of the last process: those that go on ringing are kept, and then all
 * the others end. What began in this process stays.
 */
void	call_keep(struct call *k);
void	calls_forget_early(struct calls *c);

/*
 * Records a call: state early, or established when callee_tag is set. The same
 * Call-ID and tags again give the same record. Texts over their bound: -EMSGSIZE
 * for Call-ID and tags, cut for the others. -ENOSPC: the table is full.
 */
int	call_begin(struct calls *c, const struct call_facts *f, struct call **out);
/*
 * Early becomes established: of f the callee, his tag, his gateway and the media
 * count. 0; -EMSGSIZE: as above, and it stays early.
 */
int	call_answered(struct call *k, const struct call_facts *f);
/*
 * The tags in either order; an early call is found by its caller tag alone.
 * *from_caller (may be NULL): tag1 is the caller's.
 */
struct call *call_find(struct calls *c, struct str call_id, struct str tag1,
	    struct str tag2, bool *from_caller);
/* A later CSeq is remembered: true; an earlier or equal one: false. */
bool	call_cseq(struct call *k, bool from_caller, uint32_t cseq);
/* A target refresh moved one side. */
void	call_moved(struct call *k, bool caller, const struct hop *where);
/* When something of its dialog was heard last. */
void	call_heard(struct call *k, struct mono now);
struct mono call_last_heard(const struct call *k);
/* When its session ends unless it is refreshed (RFC 4028); ns 0: it has no timer. */
void	call_session(struct call *k, struct mono end);
struct mono call_session_end(const struct call *k);
/* No other call of the table ever had it: what lies beside the table is found by it. */
uint64_t call_number(const struct call *k);
/* Its place in the table, below the largest that the settings allow (calls_room()). */
uint32_t call_index(const struct call *k);
uint32_t calls_room(void);
/* The slices point into the record: valid until it changes or ends. */
void	call_read(const struct call *k, struct call_facts *out);
/* After the 200 or 481 to BYE, never on the request (S21). k is gone. */
void	call_end(struct calls *c, struct call *k);
/* This worker's calls, for walks: *cursor starts at 0, NULL at the end. */
struct call *call_next(struct calls *c, uint32_t *cursor);

/* A consistent copy of a record, from any thread. */
struct call_copy {
	struct call_facts facts;	/* slices into texts */
	char		  texts[CALL_ID_MAX + 2 * CALL_TAG_MAX +
			    2 * CALL_AOR_MAX + 2 * CALL_GATEWAY_MAX +
			    CALL_ROUTE_MAX];
};
/* The next call from *cursor (0 at first) on; false at the end. */
bool	calls_next(uint64_t *cursor, struct call_copy *out);
uint32_t calls_count(void);

#endif
