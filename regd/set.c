/*
 * set - the contacts of one AOR in one block.
 *
 * register.c drafts changes, bindings.c keeps the blocks, publish.c and the
 * store send them. One allocation a REGISTER, and a contact that did not change
 * is copied with one memcpy().
 */
#include "regd/set.h"

#include <errno.h>
#include <stdlib.h>

struct str
binding_text(const struct binding *b, enum binding_text which)
{
	size_t at = 0;

	for (int i = 0; i < (int)which; i++)
		at += b->len[i];
	return str_make(b->text + at, b->len[which]);
}

const struct binding *
set_first(const struct set *s)
{
	return s != NULL && s->n > 0 ? (const struct binding *)s->data : NULL;
}

const struct binding *
set_after(const struct set *s, const struct binding *b)
{
	const char *next = (const char *)b + b->size;

	return next < (const char *)s->data + s->size ?
	    (const struct binding *)next : NULL;
}

int64_t
set_expires(const struct set *s)
{
	const struct binding *b;
	int64_t first = INT64_MAX;

	for (b = set_first(s); b != NULL; b = set_after(s, b))
		if (b->expires_ms < first)
			first = b->expires_ms;
	return first;
}

uint32_t
set_live(const struct set *s, int64_t now_ms)
{
	const struct binding *b;
	uint32_t n = 0;

	for (b = set_first(s); b != NULL; b = set_after(s, b))
		n += b->expires_ms > now_ms;
	return n;
}

/* ---- drafts ---- */

void
draft_from(struct draft *d, const struct set *s, int64_t now_ms)
{
	const struct binding *b;

	d->n = 0;
	for (b = set_first(s); b != NULL; b = set_after(s, b))
		if (b->expires_ms > now_ms && d->n < SET_CONTACTS_MAX)
			d->v[d->n++].kept = b;
}

void
draft_remove(struct draft *d, uint32_t i)
{
	for (; i + 1 < d->n; i++)
		d->v[i] = d->v[i + 1];
	d->n--;
}

bool
draft_fixed(const struct draft_binding *b)
{
	return b->kept != NULL ? b->kept->fixed : b->fixed;
}

uint32_t
draft_loose(const struct draft *d)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < d->n; i++)
		n += !draft_fixed(&d->v[i]);
	return n;
}

struct str
draft_text(const struct draft_binding *b, enum binding_text which)
{
	return b->kept != NULL ? binding_text(b->kept, which) : b->text[which];
}

/* Octets of one binding, 0 when a text is too long. */
static size_t
binding_size(const struct draft_binding *b)
{
	size_t n = sizeof(struct binding);

	if (b->kept != NULL)
		return b->kept->size;
	for (int i = 0; i < B_TEXTS; i++) {
		if (b->text[i].len > UINT16_MAX)
			return 0;
		n += b->text[i].len;
	}
	return (n + 7) & ~(size_t)7;
}

static void
binding_write(struct binding *to, const struct draft_binding *b, size_t size)
{
	size_t at = 0;

	if (b->kept != NULL) {
		memcpy(to, b->kept, size);
		return;
	}
	to->expires_ms = b->expires_ms;
	to->since_ms = b->since_ms;
	to->cseq = b->cseq;
	to->reg_id = b->reg_id;
	to->size = (uint32_t)size;
	to->q = b->q;
	to->fixed = b->fixed;
	for (int i = 0; i < B_TEXTS; i++) {
		to->len[i] = (uint16_t)b->text[i].len;
		if (b->text[i].len > 0)
			memcpy(to->text + at, b->text[i].s, b->text[i].len);
		at += b->text[i].len;
	}
}

int
set_build(struct set **out, const struct draft *d)
{
	size_t size = 0, one, at = 0;
	struct set *s;

	for (uint32_t i = 0; i < d->n; i++) {
		if ((one = binding_size(&d->v[i])) == 0)
			return -EMSGSIZE;
		size += one;
	}
	if (size > SET_OCTETS_MAX)
		return -EMSGSIZE;
	if (d->n == 0) {
		*out = NULL;
		return 0;
	}
	s = xcalloc(1, sizeof(*s) + size);
	s->size = (uint32_t)size;
	s->n = d->n;
	for (uint32_t i = 0; i < d->n; i++) {
		one = binding_size(&d->v[i]);
		binding_write((struct binding *)((char *)s->data + at),
		    &d->v[i], one);
		at += one;
	}
	*out = s;
	return 0;
}

/* ---- as a message ---- */

static uint32_t
paths_cut(struct str joined, struct rec_path *out)
{
	uint32_t n = 0;
	struct str one;

	while (n < PATHS_MAX && joined.len > 0 && str_cut(&joined, '\0', &one))
		if (one.len > 0)
			out[n++].uri = one;
	return n;
}

static void
record_fill(struct rec_binding *r, struct rec_path *paths,
    const struct binding *b, int64_t now_ms)
{
	const char *s = b->text;
	struct str text[B_TEXTS];

	for (int i = 0; i < B_TEXTS; i++) {
		text[i] = str_make(s, b->len[i]);
		s += b->len[i];
	}
	r->uri = text[B_URI];
	r->params = text[B_PARAMS];
	r->q = b->q;
	r->expires_ms = b->fixed ? 0 : (uint64_t)(b->expires_ms - now_ms);
	r->fixed = b->fixed;
	r->instance = text[B_INSTANCE];
	r->reg_id = b->reg_id;
	r->received = text[B_RECEIVED];
	r->listener = text[B_LISTENER];
	r->agent = text[B_AGENT];
	r->call_id = text[B_CALL_ID];
	r->cseq = b->cseq;
	r->since_ms = b->since_ms;
	r->paths.v = paths;
	r->paths.n = paths_cut(text[B_PATHS], paths);
}

void
set_records(struct set_records *out, const struct set *s, int64_t now_ms)
{
	const struct binding *b;

	out->n = 0;
	for (b = set_first(s); b != NULL; b = set_after(s, b)) {
		if (b->expires_ms <= now_ms || out->n == SET_CONTACTS_MAX)
			continue;
		record_fill(&out->v[out->n], &out->paths[out->n * PATHS_MAX], b,
		    now_ms);
		out->n++;
	}
}

void
set_pack(struct buf *to, struct set_records *scratch, struct str aor,
    const struct set *s, uint64_t version, int64_t now_ms)
{
	struct msg_bindings m = { .aor = aor, .version = version };

	set_records(scratch, s, now_ms);
	m.bindings.v = scratch->v;
	m.bindings.n = scratch->n;
	msg_pack(to, MSG_BINDINGS, &m);
}
