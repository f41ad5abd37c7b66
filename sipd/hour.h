#ifndef SIPD_HOUR_H
#define SIPD_HOUR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * How many of something went well in the last hour: twelve pieces of five minutes, the
 * youngest of which is not over. For several threads; of two that begin a piece at once
 * one may lose its first count. Zeroed it is empty.
 */
#define HOUR_PIECES	12
#define HOUR_PIECE_S	300

struct hour {
	struct hour_piece {
		_Atomic uint32_t number;	/* which five minutes, since 1970 */
		_Atomic uint32_t all, bad;
	} pieces[HOUR_PIECES];
};

void	hour_add(struct hour *h, bool good, int64_t now_s);
void	hour_sum(const struct hour *h, int64_t now_s, uint64_t *all, uint64_t *bad);

#endif
