/*
 * probe - whether a gateway lives.
 *
 * gateway_probe.c sends the OPTIONS and tells what came of them.
 */
#include "gwregd/probe.h"

bool
probe_result(struct probe *p, bool answered, uint32_t failures, uint32_t successes)
{
	enum probe_state before = p->state;

	if (answered) {
		p->failed = 0;
		if (++p->answered >= successes || p->state == PROBE_NONE)
			p->state = PROBE_UP;
	} else {
		p->answered = 0;
		if (++p->failed >= failures)
			p->state = PROBE_DOWN;
	}
	return p->state != before;
}

int64_t
probe_wait_ms(const struct probe *p, int64_t every_ms, uint32_t dice)
{
	bool doubt = p->state == PROBE_DOWN ? p->answered > 0 : p->failed > 0;
	int64_t wait = every_ms;

	if (doubt && wait > PROBE_AGAIN_MS)
		wait = PROBE_AGAIN_MS;
	return wait * (900 + (int64_t)dice * 200 / 999) / 1000;
}

bool
probe_code_lives(uint16_t code)
{
	switch (code) {
	case 408:
	case 500:
	case 502:
	case 503:
	case 504:
		return false;
	default:
		return true;
	}
}
