/*
 * bindings - who is registered where.
 *
 * journal.c puts sets here once they are durable; regd.c turns the wheel. The
 * wheel has one slot for each quarter of a second of the next 68 minutes; what
 * expires later waits in the last slot and is put anew when that comes round. So
 * moving an expiry costs a few pointers, however many AORs there are.
 */
#include "regd/bindings.h"

#include <assert.h>
#include <stdlib.h>

#include "common/mono.h"
#include "common/stats.h"
#include "common/uri.h"

#define WHEEL_SLOTS	16384		/* a power of two */
#define WHEEL_MS	250

struct bindings {
	struct index	*index;
	bindings_fn	*expired;
	void		*arg;
	size_t		 registered;	/* AORs with contacts */
	size_t		 contacts;
	uint64_t	 version;
	uint64_t	*cell;
	int64_t		 turned;	/* the slot's time that was done last */
	uint32_t	 wheel[WHEEL_SLOTS];	/* the first AOR's number */
};

/* An AOR's back is the number of the one before it, or its slot of the wheel. */
#define BACK_SLOT	0x80000000u

static struct str
key(const void *object)
{
	return aor_text(object);
}

struct bindings *
bindings_new(bindings_fn *expired, void *arg)
{
	struct bindings *b = xcalloc(1, sizeof(*b));

	b->index = index_new(key);
	for (unsigned i = 0; i < WHEEL_SLOTS; i++)
		b->wheel[i] = AOR_NONE;
	b->expired = expired;
	b->arg = arg;
	b->turned = -1;
	return b;
}

void
bindings_free(struct bindings *b)
{
	struct aor *a;
	uint64_t cursor;

	if (b == NULL)
		return;
	for (cursor = 0; (a = bindings_next(b, &cursor)) != NULL; cursor++) {
		assert(!a->changing);
		set_free(a->set);
		free(a);
	}
	index_free(b->index);
	free(b);
}

struct aor *
bindings_find(const struct bindings *b, struct str aor)
{
	return index_find(b->index, aor);
}

struct aor *
bindings_at(const struct bindings *b, uint32_t number)
{
	return index_at(b->index, number);
}

struct aor *
bindings_get(struct bindings *b, struct str aor)
{
	struct aor *a = index_find(b->index, aor);

	if (a != NULL)
		return a;
	assert(aor.len < AOR_MAX && aor.len <= UINT8_MAX);
	a = xcalloc(1, sizeof(*a) + aor.len);
	a->len = (uint8_t)aor.len;
	if (aor.len > 0)
		memcpy(a->text, aor.s, aor.len);
	a->next = a->back = a->dirty_next = AOR_NONE;
	a->number = index_put(b->index, a);
	assert(a->number < BACK_SLOT);
	return a;
}

void
aor_change_begins(struct aor *a, const struct set *newest)
{
	struct pending *p;

	if (!a->changing) {
		p = xcalloc(1, sizeof(*p));
		p->present = a->set;
		a->pending = p;
		a->changing = true;
	}
	a->pending->newest = newest;
	a->pending->changes++;
}

void
aor_change_ends(struct aor *a)
{
	struct pending *p = a->pending;

	if (--p->changes > 0)
		return;
	a->changing = false;
	a->set = p->present;
	free(p);
}

/* ---- the wheel ---- */

static void
wheel_out(struct bindings *b, struct aor *a)
{
	if (a->back == AOR_NONE)
		return;
	if (a->back >= BACK_SLOT)
		b->wheel[a->back - BACK_SLOT] = a->next;
	else
		bindings_at(b, a->back)->next = a->next;
	if (a->next != AOR_NONE)
		bindings_at(b, a->next)->back = a->back;
	a->next = a->back = AOR_NONE;
}

/* Into the slot that is done when expires_ms is past, or the farthest one. */
static void
wheel_in(struct bindings *b, struct aor *a, int64_t expires_ms)
{
	int64_t slot = expires_ms / WHEEL_MS + 1;
	uint32_t at;

	if (slot <= b->turned)
		slot = b->turned + 1;
	if (slot >= b->turned + WHEEL_SLOTS)
		slot = b->turned + WHEEL_SLOTS - 1;
	at = (uint32_t)slot & (WHEEL_SLOTS - 1);
	a->next = b->wheel[at];
	a->back = BACK_SLOT + at;
	if (a->next != AOR_NONE)
		bindings_at(b, a->next)->back = a->number;
	b->wheel[at] = a->number;
}

static void
wheel_begin(struct bindings *b, int64_t now_ms)
{
	if (b->turned < 0)
		b->turned = now_ms / WHEEL_MS;
}

static void
count(struct bindings *b, const struct aor *a, int sign)
{
	b->registered += (size_t)((aor_set(a) != NULL) * sign);
	b->contacts += (size_t)((int)set_count(aor_set(a)) * sign);
	stats->aors = (int64_t)b->registered;
	stats->contacts = (int64_t)b->contacts;
}

void
bindings_set(struct bindings *b, struct aor *a, struct set *set,
    uint64_t version, int64_t now_ms)
{
	struct set **present = a->changing ? &a->pending->present : &a->set;

	wheel_begin(b, now_ms);
	wheel_out(b, a);
	count(b, a, -1);
	set_free(*present);
	*present = set;
	a->version = version;
	count(b, a, 1);
	if (set != NULL)
		wheel_in(b, a, set_expires(set));
}

void
bindings_forget(struct bindings *b, struct aor *a)
{
	if (a->changing || a->set != NULL || a->dirty || a->folding > 0)
		return;
	wheel_out(b, a);
	index_remove(b->index, a->number);
	free(a);
}

/* The contacts of a whose time is over go. */
static void
expire(struct bindings *b, struct aor *a, int64_t now_ms)
{
	const struct set *set = aor_set(a);
	uint32_t before = set_count(set);
	int64_t expires = set_expires(set);
	struct set *left = NULL;
	struct draft d;

	if (expires > now_ms) {
		wheel_in(b, a, expires);
		return;
	}
	if (a->changing) {		/* bindings_set() will follow */
		wheel_in(b, a, now_ms + WHEEL_MS);
		return;
	}
	draft_from(&d, set, now_ms);
	if (set_build(&left, &d) < 0)
		assert(!"a part of a set is never larger than the set");
	stats->expired += before - set_count(left);
	bindings_set(b, a, left, bindings_version(b), now_ms);
	b->expired(b->arg, a);
}

bool
bindings_expire(struct bindings *b, int64_t now_ms, unsigned max)
{
	int64_t now = now_ms / WHEEL_MS;
	struct aor *a;
	uint32_t *head;

	wheel_begin(b, now_ms);
	if (now - b->turned > WHEEL_SLOTS)	/* frozen: every slot once */
		b->turned = now - WHEEL_SLOTS;
	while (b->turned < now) {
		/* turned first, so that nothing is put back into this slot. */
		b->turned++;
		head = &b->wheel[b->turned & (WHEEL_SLOTS - 1)];
		while ((a = bindings_at(b, *head)) != NULL) {
			if (max-- == 0) {
				b->turned--;
				return true;
			}
			wheel_out(b, a);
			expire(b, a, now_ms);
		}
	}
	return false;
}

/* ---- versions ---- */

uint64_t
bindings_version(struct bindings *b)
{
	uint64_t clock = (uint64_t)wall_ms() << 20;

	b->version = clock > b->version ? clock : b->version + 1;
	if (b->cell != NULL)
		*b->cell = b->version;
	return b->version;
}

void
bindings_version_seen(struct bindings *b, uint64_t version)
{
	if (version > b->version)
		b->version = version;
}

void
bindings_version_cell(struct bindings *b, uint64_t *cell)
{
	bindings_version_seen(b, *cell);
	b->cell = cell;
}

/* ---- from the store ---- */

/* When this contact ends by our clock of this boot. */
static int64_t
loaded_expiry(const struct store_stamp *stamp, uint64_t left_ms,
    int64_t now_ms, int64_t wall_now_ms)
{
	int64_t left = left_ms < INT64_MAX / 4 ? (int64_t)left_ms : 0;

	if (stamp->boot[0] != '\0' && strcmp(stamp->boot, boot_id()) == 0)
		return stamp->boot_ms + left;
	return now_ms + (stamp->wall_ms + left - wall_now_ms);
}

static bool
draft_load(struct binding *d, const struct rec_binding *r,
    char *paths, size_t size)
{
	size_t at = 0;

	*d = (struct binding){
		.since_ms = r->since_ms, .cseq = r->cseq,
		.reg_id = r->reg_id, .q = r->q, .fixed = r->fixed,
		.call_key = call_key_read(r->call_id),
		.text = {
			[B_URI] = r->uri, [B_PARAMS] = r->params,
			[B_INSTANCE] = r->instance, [B_RECEIVED] = r->received,
			[B_LISTENER] = r->listener, [B_AGENT] = r->agent,
		},
	};
	for (uint32_t i = 0; i < r->paths.n && i < PATHS_MAX; i++) {
		if (at + r->paths.v[i].uri.len + 1 > size)
			return false;
		memcpy(paths + at, r->paths.v[i].uri.s, r->paths.v[i].uri.len);
		at += r->paths.v[i].uri.len;
		paths[at++] = '\0';
	}
	d->text[B_PATHS] = str_make(paths, at);
	return true;
}

static struct set *
set_load(const struct store_stamp *stamp, const struct msg_bindings *m,
    int64_t now_ms, int64_t wall_now_ms)
{
	static struct draft d;		/* start only, one thread */
	static char paths[SET_OCTETS_MAX];
	size_t used = 0;
	struct binding *to;
	struct set *s = NULL;
	int64_t expires;

	d.n = 0;
	for (uint32_t i = 0; i < m->bindings.n && d.n < SET_CONTACTS_MAX; i++) {
		expires = m->bindings.v[i].fixed ? INT64_MAX : loaded_expiry(
		    stamp, m->bindings.v[i].expires_ms, now_ms, wall_now_ms);
		if (expires <= now_ms)
			continue;
		to = &d.v[d.n];
		if (!draft_load(to, &m->bindings.v[i], paths + used,
		    sizeof(paths) - used))
			continue;
		used += to->text[B_PATHS].len;
		to->expires_ms = expires;
		d.n++;
	}
	return set_build(&s, &d) < 0 ? NULL : s;
}

struct aor *
bindings_load(struct bindings *b, const struct store_stamp *stamp,
    struct str packed, int64_t now_ms, int64_t wall_now_ms)
{
	static union msg m;
	struct unpack u;
	struct aor *a;

	unpack_init(&u, packed.s, packed.len);
	if (msg_unpack(&u, &m) != MSG_BINDINGS || m.bindings.aor.len == 0 ||
	    m.bindings.aor.len >= AOR_MAX)
		return NULL;
	bindings_version_seen(b, m.bindings.version);
	a = bindings_get(b, m.bindings.aor);
	if (m.bindings.version >= a->version)
		bindings_set(b, a, set_load(stamp, &m.bindings, now_ms,
		    wall_now_ms), m.bindings.version, now_ms);
	return a;
}

/* ---- figures and walks ---- */

size_t
bindings_count(const struct bindings *b)
{
	return b->registered;
}

size_t
bindings_contacts(const struct bindings *b)
{
	return b->contacts;
}

struct aor *
bindings_next(const struct bindings *b, uint64_t *cursor)
{
	return index_next(b->index, cursor);
}
