/*
 * best - the best of the final responses to a forked request, and what the caller
 * gets of it (RFC 3261 section 16.7, steps 5 and 6).
 */
#include "sipd/best.h"

#include <stdlib.h>

#include "sipd/core.h"
#include "sipd/proxy_parts.h"
#include "sipd/ringing.h"
#include "sipd/worker.h"

/*
 * Section 16.7 step 6: 6xx before all others, else the lowest class; in it what
 * the caller can do something about.
 */
static int
rank(uint16_t code)
{
	switch (code) {
	case 401: case 407:
		return 10;
	case 415: case 420: case 484:
		return 11;
	default:
		break;
	}
	if (code >= 600)
		return 0;
	return code / 100 * 4 + (code == 408 || code == 503 ? 3 : 2);
}

void
best_keep(struct proxy *p, uint16_t code, struct str bytes)
{
	if (p->best_code != 0 && rank(code) >= rank(p->best_code))
		return;
	p->best_code = code;
	proxy_record_best(p, bytes);
	free(p->best);
	p->best = NULL;
	if (bytes.len == 0)
		return;
	p->best = xrealloc(NULL, 1, bytes.len);
	memcpy(p->best, bytes.s, bytes.len);
	p->best_len = bytes.len;
}

void
best_send(struct proxy *p)
{
	uint16_t	code = p->best_code;

	if (p->cancelled && code < 600)
		proxy_refuse(p, 487);
	else if (code == 408 && !proxy_is_invite(p)) {
		/* RFC 4320 section 4.2: it would only come too late. */
		proxy_finish(p, code);
		if (p->server != NULL)
			txn_abandon(p->server);
	} else if (p->best == NULL || code == 503)	/* step 6: 503 becomes 500 */
		proxy_refuse(p, p->best != NULL ? 500 : code != 0 ? code : 480);
	else if (p->server != NULL) {
		txn_reply(p->server, code, str_make(p->best, p->best_len));
		proxy_finish(p, code);
	}
}
