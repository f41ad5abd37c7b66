/*
 * set - the contacts of one AOR in one block.
 *
 * register.c drafts changes, bindings.c keeps the blocks, publish.c and the
 * store send them. One allocation a REGISTER, and a contact that did not change
 * is copied with one memcpy(). packed.c packs and unpacks a contact.
 */
#include "regd/set.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "common/map.h"
#include "regd/packed.h"

struct set {
	uint32_t	size;		/* octets of the contacts */
	uint8_t		n;
	uint8_t		data[];		/* packed.h, one behind the other */
};

void
set_free(struct set *s)
{
	const uint8_t *at;

	if (s == NULL)
		return;
	at = s->data;
	for (uint32_t i = 0; i < s->n; i++)
		at = packed_drop(at);
	free(s);
}

uint32_t
set_count(const struct set *s)
{
	return s != NULL ? s->n : 0;
}

bool
set_next(const struct set *s, uint32_t *at, struct binding *out)
{
	const uint8_t *end;

	if (s == NULL || *at >= s->size)
		return false;
	end = packed_read(s->data + *at, out);
	*at = (uint32_t)(end - s->data);
	return true;
}

int64_t
set_expires(const struct set *s)
{
	struct binding b;
	int64_t first = INT64_MAX;

	for (uint32_t at = 0; set_next(s, &at, &b);)
		if (b.expires_ms < first)
			first = b.expires_ms;
	return first;
}

uint32_t
set_live(const struct set *s, int64_t now_ms)
{
	struct binding b;
	uint32_t n = 0;

	for (uint32_t at = 0; set_next(s, &at, &b);)
		n += b.expires_ms > now_ms;
	return n;
}

/*
 * Compared with one other only, that of the same contact: 64 bits are plenty, and who
 * finds two that agree gains nothing but an order of his own requests.
 */
uint64_t
call_key(struct str call_id)
{
	static const uint8_t key[16] = "registrations";

	return siphash64(key, call_id);
}

uint64_t
call_key_read(struct str call_id)
{
	uint64_t v;

	if (call_id.len != CALL_KEY_LEN || call_id.s[0] != '\0')
		return call_key(call_id);
	memcpy(&v, call_id.s + 1, sizeof(v));
	return le64toh(v);
}

/* ---- drafts ---- */

void
draft_from(struct draft *d, const struct set *s, int64_t now_ms)
{
	d->n = 0;
	for (uint32_t at = 0; d->n < SET_CONTACTS_MAX &&
	    set_next(s, &at, &d->v[d->n]);)
		d->n += d->v[d->n].expires_ms > now_ms;
}

void
draft_remove(struct draft *d, uint32_t i)
{
	for (; i + 1 < d->n; i++)
		d->v[i] = d->v[i + 1];
	d->n--;
}

uint32_t
draft_loose(const struct draft *d)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < d->n; i++)
		n += !d->v[i].fixed;
	return n;
}

/* Octets that it takes at most, 0 when a text is too long. */
static size_t
size_most(const struct binding *b)
{
	size_t n = PACKED_HEAD_MAX;

	if (b->kept.len > 0)
		return b->kept.len;
	for (int i = 0; i < B_TEXTS; i++) {
		if (b->text[i].len > UINT16_MAX)
			return 0;
		if (i < B_OWN)
			n += b->text[i].len;
	}
	return n;
}

int
set_build(struct set **out, const struct draft *d)
{
	static uint8_t scratch[SET_OCTETS_MAX];
	uint8_t *at = scratch;
	size_t size = 0, one;
	struct set *s;

	for (uint32_t i = 0; i < d->n; i++) {
		if ((one = size_most(&d->v[i])) == 0)
			return -EMSGSIZE;
		size += one;
	}
	if (size > SET_OCTETS_MAX)
		return -EMSGSIZE;
	if (d->n == 0) {
		*out = NULL;
		return 0;
	}
	for (uint32_t i = 0; i < d->n; i++)
		at = packed_write(at, &d->v[i]);
	size = (size_t)(at - scratch);
	s = xcalloc(1, sizeof(*s) + size);
	s->size = (uint32_t)size;
	s->n = (uint8_t)d->n;
	memcpy(s->data, scratch, size);
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
record_fill(struct rec_binding *r, struct rec_path *paths, char key[CALL_KEY_LEN],
    const struct binding *b, int64_t now_ms)
{
	uint64_t v = htole64(b->call_key);

	key[0] = '\0';
	memcpy(key + 1, &v, sizeof(v));
	r->uri = b->text[B_URI];
	r->params = b->text[B_PARAMS];
	r->q = b->q;
	r->expires_ms = b->fixed ? 0 : (uint64_t)(b->expires_ms - now_ms);
	r->fixed = b->fixed;
	r->instance = b->text[B_INSTANCE];
	r->reg_id = b->reg_id;
	r->received = b->text[B_RECEIVED];
	r->listener = b->text[B_LISTENER];
	r->agent = b->text[B_AGENT];
	r->call_id = str_make(key, b->fixed ? 0 : CALL_KEY_LEN);
	r->cseq = b->cseq;
	r->since_ms = b->since_ms;
	r->paths.v = paths;
	r->paths.n = paths_cut(b->text[B_PATHS], paths);
}

void
set_records(struct set_records *out, const struct set *s, int64_t now_ms)
{
	struct binding b;

	out->n = 0;
	for (uint32_t at = 0; out->n < SET_CONTACTS_MAX && set_next(s, &at, &b);) {
		if (b.expires_ms <= now_ms)
			continue;
		record_fill(&out->v[out->n], &out->paths[out->n * PATHS_MAX],
		    out->keys[out->n], &b, now_ms);
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
