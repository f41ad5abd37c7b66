#ifndef MEDIAD_EXCHANGE_OWN_H
#define MEDIAD_EXCHANGE_OWN_H

#include "mediad/session_own.h"

/* What exchange.c and exchange_legs.c share. Nobody else includes this. */
/* What the exchange at hand is about. */
struct exchange {
	struct sessions		*ss;
	const struct rewrite	*q;
	struct session		*s;
	bool			 is_new;	/* the session is */
	struct leg		*writer, *reader;
	struct leg		*callee;	/* the one of the two */
	struct ports		*writer_side;	/* where the writer is now */
	struct mono		 now;
};

/* The answer is no; 503 is counted and logged. */
void	exchange_refuse(struct rewritten *out, int code, const char *reason);

bool	exchange_legs(struct exchange *x, struct rewritten *out);
bool	exchange_sides(struct exchange *x);
bool	exchange_reserve(struct exchange *x);
/* A line that is relayed: switched on, over UDP, one port. */
bool	exchange_relays(const struct sdp_media *m);

#endif
