/*
 * fold - writes what changed to the store's table, so that the journal can go.
 *
 * journal.c says when, and hands the parts to the writer.
 */
#include "regd/fold.h"

#define RETRY_MS	2000

/* ---- the dirty lists ---- */

static void
dirty_add(struct fold *f, struct dirty *d, struct aor *a)
{
	a->dirty = true;
	a->dirty_next = AOR_NONE;
	if (d->first == AOR_NONE)
		d->first = a->number;
	else
		bindings_at(f->bindings, d->last)->dirty_next = a->number;
	d->last = a->number;
}

static struct aor *
dirty_take(struct fold *f, struct dirty *d)
{
	struct aor *a = bindings_at(f->bindings, d->first);

	if (a == NULL)
		return NULL;
	d->first = a->dirty_next;
	a->dirty = false;
	return a;
}

/* from's AORs go behind to's; from is empty then. */
static void
dirty_move(struct fold *f, struct dirty *to, struct dirty *from)
{
	if (from->first == AOR_NONE)
		return;
	if (to->first == AOR_NONE)
		to->first = from->first;
	else
		bindings_at(f->bindings, to->last)->dirty_next = from->first;
	to->last = from->last;
	from->first = AOR_NONE;
}

void
fold_dirty(struct fold *f, struct aor *a)
{
	if (!a->dirty)
		dirty_add(f, &f->dirty, a);
}

bool
fold_wanted(const struct fold *f)
{
	return f->dirty.first != AOR_NONE;
}

void
fold_init(struct fold *f, struct bindings *b)
{
	f->bindings = b;
	f->dirty.first = f->rest.first = AOR_NONE;
}

void
fold_fini(struct fold *f)
{
	buf_fini(&f->packed);
}

/* ---- folding ---- */

void
fold_begin(struct fold *f, uint64_t last_commit, uint64_t octets)
{
	f->runs = true;
	f->through = last_commit;
	f->octets = octets;
	dirty_move(f, &f->rest, &f->dirty);
}

void
fold_part(struct fold *f, int64_t boot_ms, struct store_fold *out)
{
	size_t from[FOLD_PART + 1];
	struct aor *a;
	uint32_t n = 0;

	buf_clear(&f->packed);
	while (n < FOLD_PART && (a = dirty_take(f, &f->rest)) != NULL) {
		from[n] = f->packed.len;
		if (set_live(aor_set(a), boot_ms) > 0)
			set_pack(&f->packed, &f->scratch, aor_text(a), aor_set(a),
			    a->version, boot_ms);
		a->folding++;
		f->part[n++] = a;
	}
	from[n] = f->packed.len;
	for (uint32_t i = 0; i < n; i++)
		f->records[i] = (struct store_record){
			.aor = aor_text(f->part[i]),
			.packed = str_make(f->packed.s + from[i],
			    from[i + 1] - from[i]),
		};
	f->n = n;
	*out = (struct store_fold){
		.records = f->records, .n = n,
		.last = f->rest.first == AOR_NONE, .through = f->through,
	};
	store_stamp_now(&out->stamp);
}

uint64_t
fold_part_done(struct fold *f, int error, bool last, int64_t boot_ms)
{
	struct aor *a;

	for (uint32_t i = 0; i < f->n; i++) {
		a = f->part[i];
		a->folding--;
		if (error < 0)
			fold_dirty(f, a);
		else
			bindings_forget(f->bindings, a);
	}
	f->n = 0;
	if (error < 0) {
		dirty_move(f, &f->dirty, &f->rest);
		f->runs = false;
		f->not_before = boot_ms + RETRY_MS;
	} else if (last) {
		f->runs = false;
		return f->octets;
	}
	return 0;
}
