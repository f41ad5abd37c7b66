/*
 * call - a record of the call table.
 *
 * calls.c fills and ends it; what happens to a call changes it here. It is one word
 * that says which of two slots is valid, what never changes while it is used, and the
 * two slots: a reader in another thread copies and then looks whether the word is
 * still the same.
 */
#include "sipd/calls_own.h"

#include <errno.h>
#include <string.h>

#include "common/mono.h"
#include "common/stats.h"
#include "sipd/gateways.h"

#define COPY_TRIES	4

const struct call_slot *
call_slot(const struct call *k)
{
	uint64_t	word = atomic_load_explicit(
			    (_Atomic uint64_t *)(uintptr_t)&k->word,
			    memory_order_relaxed);

	return &k->slot[(word & WORD_SLOT) != 0];
}

/* A copy of the valid slot in the idle one, to be changed. */
static struct call_slot *
call_slot_begin(struct call *k)
{
	const struct call_slot	*now = call_slot(k);
	struct call_slot		*idle = &k->slot[now == &k->slot[0]];

	*idle = *now;
	return idle;
}

/* One store makes the idle slot the valid one. */
static void
call_slot_commit(struct call *k)
{
	uint64_t	word = atomic_load_explicit(&k->word,
			    memory_order_relaxed);

	atomic_store_explicit(&k->word, (word ^ WORD_SLOT) + WORD_STEP,
	    memory_order_release);
}

static uint8_t
keep(char *to, size_t max, struct str s)
{
	size_t	n = s.len < max ? s.len : max;

	if (n > 0)
		memcpy(to, s.s, n);
	return (uint8_t)n;
}

static void
read_slot(const struct call *k, const struct call_slot *s, struct call_facts *out)
{
	out->call_id = str_make(k->call_id, k->call_id_len);
	out->caller_tag = str_make(k->caller_tag, k->caller_tag_len);
	out->callee_tag = str_make(s->callee_tag, s->callee_tag_len);
	out->from = str_make(k->from, k->from_len);
	out->to = str_make(k->to, k->to_len);
	out->gateway = str_make(s->gateway, s->gateway_len);
	out->came_by = str_make(k->came_by, k->came_by_len);
	out->route = str_make(k->route, k->route_len);
	out->state = s->state;
	out->since_ms = s->since_ms;
	out->begun_ms = k->begun_ms;
	out->number = k->number;
	out->media = s->media;
	out->media_why = s->media_why;
	out->caller = s->caller;
	out->callee = s->callee;
	/* They are numbers of the process that wrote it. */
	out->caller.domain = out->callee.domain = 0;
	out->caller_cseq = s->caller_cseq;
	out->callee_cseq = s->callee_cseq;
}

void
call_read(const struct call *k, struct call_facts *out)
{
	read_slot(k, call_slot(k), out);
}

uint64_t
call_number(const struct call *k)
{
	return k->number;
}

void
call_fill(struct call *k, const struct call_facts *f)
{
	struct call_slot	*s = &k->slot[0];

	k->number = atomic_fetch_add(&call_table.table->head.last_number, 1) + 1;
	k->call_id_len = keep(k->call_id, sizeof(k->call_id), f->call_id);
	k->caller_tag_len = keep(k->caller_tag, sizeof(k->caller_tag),
	    f->caller_tag);
	k->from_len = keep(k->from, sizeof(k->from), f->from);
	k->to_len = keep(k->to, sizeof(k->to), f->to);
	k->came_by_len = keep(k->came_by, sizeof(k->came_by), f->came_by);
	k->route_len = keep(k->route, sizeof(k->route), f->route);
	s->gateway_len = keep(s->gateway, sizeof(s->gateway), f->gateway);
	k->heard = mono_now();
	k->session_end = (struct mono){ 0 };
	k->begun_ms = f->begun_ms != 0 ? f->begun_ms : wall_ms();
	s->caller = f->caller;
	s->callee = f->callee;
	s->since_ms = f->since_ms != 0 ? f->since_ms : wall_ms();
	s->caller_cseq = f->caller_cseq;
	s->callee_cseq = f->callee_cseq;
	s->state = f->callee_tag.len > 0 ? CALL_ESTABLISHED : CALL_EARLY;
	s->media = f->media;
	s->media_why = f->media_why;
	s->callee_tag_len = keep(s->callee_tag, sizeof(s->callee_tag),
	    f->callee_tag);
}

/* ---- changes ---- */

void
call_channels(const struct call *k, bool take)
{
	struct call_facts	 f;
	struct gateway		*g;

	call_read(k, &f);
	for (unsigned i = 0; f.state == CALL_ESTABLISHED && i < 2; i++) {
		if ((g = gateway_named(i == 0 ? f.gateway : f.came_by)) == NULL)
			continue;
		if (take)
			(void)gateway_take(g, true);
		else
			gateway_give(g);
	}
}

int
call_answered(struct call *k, const struct call_facts *f)
{
	struct call_slot	*s;

	if (f->callee_tag.len > CALL_TAG_MAX)
		return -EMSGSIZE;
	if (call_slot(k)->state == CALL_ESTABLISHED)
		return 0;
	s = call_slot_begin(k);
	s->state = CALL_ESTABLISHED;
	s->since_ms = wall_ms();
	s->callee_tag_len = keep(s->callee_tag, sizeof(s->callee_tag),
	    f->callee_tag);
	s->gateway_len = keep(s->gateway, sizeof(s->gateway), f->gateway);
	s->callee = f->callee;
	s->media = f->media;
	s->media_why = f->media_why;
	call_slot_commit(k);
	call_channels(k, true);
	stats->calls_begun++;
	return 0;
}

bool
call_cseq(struct call *k, bool from_caller, uint32_t cseq)
{
	const struct call_slot	*now = call_slot(k);
	struct call_slot		*s;

	if (cseq <= (from_caller ? now->caller_cseq : now->callee_cseq))
		return false;
	s = call_slot_begin(k);
	*(from_caller ? &s->caller_cseq : &s->callee_cseq) = cseq;
	call_slot_commit(k);
	return true;
}

void
call_moved(struct call *k, bool caller, const struct hop *where)
{
	const struct call_slot	*now = call_slot(k);
	struct call_slot		*s;

	if (hop_eq(caller ? &now->caller : &now->callee, where))
		return;
	s = call_slot_begin(k);
	*(caller ? &s->caller : &s->callee) = *where;
	call_slot_commit(k);
}

void
call_heard(struct call *k, struct mono now)
{
	k->heard = now;
}

struct mono
call_last_heard(const struct call *k)
{
	return k->heard;
}

void
call_session(struct call *k, struct mono end)
{
	k->session_end = end;
}

struct mono
call_session_end(const struct call *k)
{
	return k->session_end;
}

/* ---- for other threads ---- */

static struct str
copy_text(char **at, struct str s, size_t max)
{
	struct str	copy = { *at, s.len <= max ? s.len : max };

	memcpy(*at, s.s, copy.len);
	*at += copy.len;
	return copy;
}

static void
copy_facts(const struct call *k, uint64_t word, struct call_copy *out)
{
	struct call_facts	*f = &out->facts;
	char			*at = out->texts;

	read_slot(k, &k->slot[(word & WORD_SLOT) != 0], f);
	f->call_id = copy_text(&at, f->call_id, CALL_ID_MAX);
	f->caller_tag = copy_text(&at, f->caller_tag, CALL_TAG_MAX);
	f->callee_tag = copy_text(&at, f->callee_tag, CALL_TAG_MAX);
	f->from = copy_text(&at, f->from, CALL_AOR_MAX);
	f->to = copy_text(&at, f->to, CALL_AOR_MAX);
	f->gateway = copy_text(&at, f->gateway, CALL_GATEWAY_MAX);
	f->came_by = copy_text(&at, f->came_by, CALL_GATEWAY_MAX);
	f->route = copy_text(&at, f->route, CALL_ROUTE_MAX);
}

bool
call_copy(struct call *k, struct call_copy *out)
{
	uint64_t	word;

	for (int i = 0; i < COPY_TRIES; i++) {
		word = atomic_load_explicit(&k->word, memory_order_acquire);
		if ((word & WORD_USED) == 0)
			return false;
		copy_facts(k, word, out);
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&k->word, memory_order_relaxed) ==
		    word)
			return true;
	}
	return false;
}
