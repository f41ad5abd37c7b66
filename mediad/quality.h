#ifndef MEDIAD_QUALITY_H
#define MEDIAD_QUALITY_H

#include <stdbool.h>

#include "mediad/codecs.h"
#include "mediad/session.h"

/*
 * How one direction of a stream sounds, estimated: what the phone that hears it reports,
 * else what arrives here from the one that speaks.
 */
struct quality {
	bool		known;		/* anything was heard */
	double		loss;		/* share of packets, 0 to 1 */
	double		jitter_ms;
	double		rtt_ms;		/* phone to phone and back; 0: not measured */
	double		mos;		/* 1.0 to 4.5 */
};
/* From this end's phone to the one at the other end. */
struct quality quality_of(const struct end *from);

/* What became of the sound of a call that ends, for the flight recorder. */
void	quality_note(const struct session *s);

/* The E-model (ITU-T G.107) with what is known here: delay, loss, codec. */
double	quality_mos(double loss, double one_way_ms, enum codec codec);

#endif
