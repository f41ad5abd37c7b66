/*
 * best - the best of the final responses to a forked request, and what the caller
 * gets of it (RFC 3261 section 16.7, steps 5 to 7).
 *
 * proxy.c hands over each final response that is not 2xx, and asks for the best
 * when the last leg is done.
 */
#include "sipd/best.h"

#include <stdlib.h>

#include "sipd/core.h"
#include "sipd/edit.h"
#include "sipd/proxy_parts.h"
#include "sipd/worker.h"

#define CHALLENGES_MAX	8192	/* octets of further challenges */

/*
 * Step 6: 6xx before all others, else the lowest class; of 4xx first what the
 * caller can do something about, last what says nothing of the callee: that there
 * was a loop, or no answer.
 */
static int
rank(uint16_t code)
{
	int	class = code >= 600 ? 0 : code / 100;

	switch (code) {
	case 401: case 407:
		return class * 4;
	case 415: case 420: case 484:
		return class * 4 + 1;
	case 408: case 430: case 440: case 482: case 483: case 503:
		return class * 4 + 3;
	default:
		return class * 4 + 2;
	}
}

static bool
is_challenge(uint16_t code)
{
	return code == 401 || code == 407;
}

static void
add_challenge(struct text *t, const struct sip_msg *m, enum header id)
{
	const struct sip_line	*l;

	for (l = sip_first(m, id); l != NULL; l = sip_next(m, l)) {
		text_add(t, header_name(id));
		text_ch(t, '\n');
		text_add(t, l->value);
		text_ch(t, '\0');	/* no value of a header has one */
	}
}

/*
 * Step 7: a challenge takes those of the others along. Kept as name, newline,
 * value, NUL; what would be too much is left out.
 */
static void
collect_challenges(struct proxy *p, struct str bytes)
{
	const struct sip_msg	*m = core_reparse(p->w, bytes, 0);
	struct text		 t;

	if (p->challenges == NULL)
		p->challenges = xcalloc(1, CHALLENGES_MAX);
	text_init(&t, p->challenges + p->challenges_len,
	    CHALLENGES_MAX - p->challenges_len);
	add_challenge(&t, m, HDR_WWW_AUTHENTICATE);
	add_challenge(&t, m, HDR_PROXY_AUTHENTICATE);
	if (!t.full)
		p->challenges_len += t.len;
}

void
best_keep(struct proxy *p, uint16_t code, struct str bytes)
{
	if (code == 0)			/* a redirection that was followed */
		return;
	if (is_challenge(code) && is_challenge(p->best_code) && bytes.len > 0)
		collect_challenges(p, bytes);
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
best_forget(struct proxy *p)
{
	p->best_code = 0;
	free(p->best);
	p->best = NULL;
	p->challenges_len = 0;
	proxy_record_best(p, STR_NONE);
}

/* The best response with the challenges of the others, in the worker's out. */
static struct str
with_challenges(struct proxy *p)
{
	struct str	best = str_make(p->best, p->best_len), name, value;
	struct str	rest = str_make(p->challenges, p->challenges_len);
	struct edits	e;
	struct text	t;

	if (rest.len == 0 || !is_challenge(p->best_code))
		return best;
	edits_init(&e, core_reparse(p->w, best, 0));
	while (rest.len > 0 && str_cut(&rest, '\0', &value) &&
	    str_cut(&value, '\n', &name))
		edit_add_header(&e, name, value);
	text_init(&t, p->w->out, MESSAGE_MAX);
	return edits_write(&e, &t) == 0 ? text_str(&t) : best;
}

/*
 * What is ours to answer: 503 becomes 500 (step 6), as only this way is closed;
 * 430 is for a proxy that can try another flow (RFC 5626 section 11.5).
 */
static uint16_t
ours_instead(const struct proxy *p)
{
	if (p->best_code == 0 || (p->best_code == 430 && !p->in_dialog &&
	    !p->to_flow))
		return 480;
	if (p->best == NULL)
		return p->best_code;
	return p->best_code == 503 ? 500 : 0;
}

void
best_send(struct proxy *p)
{
	uint16_t	code = p->best_code, ours = ours_instead(p);

	if (p->cancelled && code < 600 && (code != 487 || ours != 0))
		proxy_refuse(p, 487);	/* else the callee's goes up, in his dialog */
	else if (code == 408 && !proxy_is_invite(p)) {
		/* RFC 4320 section 4.2: it would only come too late. */
		proxy_finish(p, code);
		if (p->server != NULL)
			txn_abandon(p->server);
	} else if (ours != 0)
		proxy_refuse(p, ours);
	else if (p->server != NULL) {
		txn_reply(p->server, code, with_challenges(p));
		proxy_finish(p, code);
	}
}
