/*
 * leg - the caller's or one callee's side of a session, and who talks to whom.
 *
 * exchange.c asks for legs and selects one, session.c and restore.c make and
 * remove them with their session.
 */
#include <stdlib.h>
#include <string.h>

#include "mediad/session_own.h"

void
leg_save(struct leg *leg)
{
	struct leg_slot	*o = RECORD_IDLE(leg->rec);

	o->session = leg->session->id;
	o->session_index = leg->session->index;
	o->exchange = leg->exchange;
	record_addr_set(&o->source, &leg->source);
	memcpy(o->branch, leg->branch, sizeof(o->branch));
	o->caller = leg->caller;
	RECORD_FLIP(leg->rec);
}

void
leg_attach(struct session *s, struct leg *leg)
{
	leg->session = s;
	if (leg->caller) {
		s->caller = leg;
		return;
	}
	leg->next = s->callees;
	s->callees = leg;
}

struct leg *
leg_new(struct sessions *ss, struct session *s, bool caller,
    const uint8_t branch[16])
{
	uint32_t	 index = records_leg_take(ss->records), n = 0;
	struct leg	*leg;

	for (leg = s->callees; leg != NULL; leg = leg->next)
		n++;
	if (index == UINT32_MAX)
		return NULL;
	if (n >= SESSION_LEGS) {
		records_leg_give(ss->records, index);
		return NULL;
	}
	leg = xcalloc(1, sizeof(*leg));
	leg->index = index;
	leg->rec = records_leg(ss->records, index);
	leg->caller = caller;
	if (!caller)
		memcpy(leg->branch, branch, sizeof(leg->branch));
	leg_attach(s, leg);
	leg_save(leg);
	return leg;
}

struct leg *
leg_find(const struct session *s, const uint8_t branch[16])
{
	for (struct leg *leg = s->callees; leg != NULL; leg = leg->next)
		if (memcmp(leg->branch, branch, sizeof(leg->branch)) == 0)
			return leg;
	return NULL;
}

static void
leg_unlist(struct leg *leg)
{
	struct session	*s = leg->session;
	struct leg	**at = &s->callees;

	if (s->caller == leg)
		s->caller = NULL;
	if (s->selected == leg)
		s->selected = NULL;
	while (*at != NULL && *at != leg)
		at = &(*at)->next;
	if (*at == leg)
		*at = leg->next;
}

void
leg_free(struct sessions *ss, struct leg *leg)
{
	records_leg_give(ss->records, leg->index);
	for (unsigned i = 0; i < leg->nends; i++)
		if (leg->ends[i] != NULL)
			end_free(ss, leg->ends[i]);
	leg_unlist(leg);
	free(leg->ends);
	free(leg);
}

void
leg_forget(struct sessions *ss, struct leg *leg)
{
	for (unsigned i = 0; i < leg->nends; i++)
		if (leg->ends[i] != NULL)
			end_detach(ss, leg->ends[i]);
	leg_unlist(leg);
	free(leg->ends);
	free(leg);
}

static void
ends_link(struct leg *a, struct leg *b)
{
	for (unsigned i = 0; i < a->nends; i++) {
		struct end	*x = a->ends[i], *y = end_find(b, i);

		for (int k = 0; x != NULL && y != NULL && k < 2; k++)
			flow_link(&x->flow[k], &y->flow[k]);
	}
}

void
leg_select(struct session *s, struct leg *leg)
{
	struct leg	*old = s->selected;

	if (old != NULL && old != leg)
		for (unsigned i = 0; i < old->nends; i++)
			for (int k = 0; old->ends[i] != NULL && k < 2; k++)
				flow_unlink(&old->ends[i]->flow[k]);
	s->selected = leg;
	if (s->caller != NULL)
		ends_link(s->caller, leg);
}
