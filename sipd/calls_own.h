#ifndef SIPD_CALLS_OWN_H
#define SIPD_CALLS_OWN_H

#include <pthread.h>
#include <stdatomic.h>

#include "sipd/calls.h"
#include "sipd/worker.h"

/*
 * The inside of the call table, shared by call.c (one record), calls.c (the index
 * of each worker) and calls_memory.c (the memfd, and its start). Nobody else
 * includes it.
 */
#define CALLS_CAPACITY	4000000	/* the setting's upper bound */
#define CALL_NONE	UINT32_MAX

/* The word: bit 0 used, bit 1 which slot, the rest counts its changes. */
#define WORD_USED	UINT64_C(1)
#define WORD_SLOT	UINT64_C(2)
#define WORD_STEP	UINT64_C(4)

struct call_slot {
	struct hop	caller, callee;
	int64_t		since_ms;
	uint32_t	caller_cseq, callee_cseq;
	uint8_t		state;
	uint8_t		media;
	uint8_t		media_why;
	uint8_t		callee_tag_len, gateway_len;
	char		callee_tag[CALL_TAG_MAX];
	char		gateway[CALL_GATEWAY_MAX];
};

struct call {
	_Atomic uint64_t	word;
	uint64_t		number;
	int64_t			begun_ms;
	/* The owner's alone, and of this boot: CLOCK_MONOTONIC; 0: no such end. */
	struct mono		heard, session_end;
	uint8_t			call_id_len, caller_tag_len;
	uint8_t			from_len, to_len, came_by_len, route_len;
	char			call_id[CALL_ID_MAX];
	char			caller_tag[CALL_TAG_MAX];
	char			from[CALL_AOR_MAX];
	char			to[CALL_AOR_MAX];
	char			came_by[CALL_GATEWAY_MAX];
	char			route[CALL_ROUTE_MAX];
	struct call_slot		slot[2];
};

struct calls_head {
	uint64_t		magic;
	uint32_t		layout;
	uint32_t		record_size;
	_Atomic uint64_t	last_number;
	_Atomic uint32_t	high;		/* records ever used */
};

struct calls_memory {
	_Alignas(4096) struct calls_head head;
	_Alignas(4096) struct call records[];
};

/* What this process knows about a record. */
struct call_node {
	uint32_t	next;		/* of the bucket's chain */
	uint32_t	hash;
	uint8_t		owner;
	bool		kept;		/* begun or kept by this process */
};

struct calls {
	unsigned	 worker;
	uint32_t	*buckets;
	uint32_t	 size;		/* a power of two */
	uint32_t	 n;
	bool		 sealed;
};

struct call_table {
	struct calls_memory *table;
	size_t		 size;
	struct call_node *nodes;
	uint32_t	*free;		/* a stack */
	uint32_t	 nfree;
	uint32_t	 max;
	_Atomic uint32_t count;
	pthread_mutex_t	 lock;		/* for free, nfree and head.high */
	struct calls	 of[WORKERS_MAX];
	unsigned	 workers;
};
extern struct call_table call_table;	/* calls.c */

/* ---- call.c: a record ---- */

/* The slot that is valid. */
const struct call_slot *call_slot(const struct call *k);
void	call_fill(struct call *k, const struct call_facts *f);
/* For another thread than its owner's. False: free, or it changed each time we looked. */
bool	call_copy(struct call *k, struct call_copy *out);
/* Those that an established call takes, or gives back. */
void	call_channels(const struct call *k, bool take);

/* ---- calls.c: the index ---- */

void	calls_buckets(struct calls *c, uint32_t size);
void	calls_file(struct calls *c, uint32_t i);

#endif
