#ifndef GWREGD_PROBE_H
#define GWREGD_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/route.h"

/*
 * Whether a gateway lives, as its answers to OPTIONS say: thresholds, and when it is
 * asked again. It knows neither SIP nor the clock.
 *
 * So many failed probes in a row and it is down, so many answered ones and it is up
 * again. What speaks against the state is looked into at once: after PROBE_AGAIN_MS,
 * not after the whole period.
 */
#define PROBE_AGAIN_MS	2000

struct probe {
	enum probe_state state;
	uint32_t	 failed;	/* in a row */
	uint32_t	 answered;	/* in a row */
};

/* True when the state has changed. */
bool	probe_result(struct probe *p, bool answered, uint32_t failures,
	    uint32_t successes);
/* Milliseconds until the next one; dice: 0..999, spreads a tenth to either side. */
int64_t	probe_wait_ms(const struct probe *p, int64_t every_ms, uint32_t dice);
/*
 * Does a final response to OPTIONS say that it lives? Nearly all do, also 401, 404 or
 * 501: only those that stand for a server out of order do not.
 */
bool	probe_code_lives(uint16_t code);

#endif
