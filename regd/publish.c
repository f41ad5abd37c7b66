/*
 * publish - tells sipd and routed what regd knows.
 *
 * journal.c and the wheel call publish_aor() with every change; the bus calls
 * publish_walk() for snapshots. Both walks go by numbers that do not change, so
 * a part that comes late misses nothing.
 */
#include "regd/publish.h"

#define PACKED_MS	10	/* what is left of an expiry is still true then */
#define IN_BINDINGS	(1ull << 40)	/* the cursor's second part */
#define IN_BANS		(2ull << 40)	/* and its third */

struct str
publish_packed(struct regd *r, const struct aor *a, uint32_t *n)
{
	int64_t	now_ms = boot_ms();

	if (r->packed_aor != a || r->packed_version != a->version ||
	    now_ms - r->packed_ms > PACKED_MS) {
		set_records(&r->records, aor_set(a), now_ms);
		buf_clear(&r->packed);
		for (uint32_t i = 0; i < r->records.n; i++)
			rec_pack_binding(&r->packed, &r->records.v[i]);
		r->npacked = r->records.n;
		r->packed_aor = a;
		r->packed_version = a->version;
		r->packed_ms = now_ms;
	}
	*n = r->npacked;
	return str_make(r->packed.s, r->packed.len);
}

static void
bindings_fill(struct regd *r, struct msg_bindings *m, const struct aor *a)
{
	*m = (struct msg_bindings){ .aor = aor_text(a), .version = a->version };
	m->bindings.packed = publish_packed(r, a, &m->bindings.n);
}

void
publish_aor(struct regd *r, const struct aor *a)
{
	struct msg_bindings m;

	if (r->feed == NULL)
		return;
	bindings_fill(r, &m, a);
	feed_publish(r->feed, MSG_BINDINGS, &m);
}

static struct msg_account
account_message(const struct account *c)
{
	return (struct msg_account){
		.aor = account_aor(c), .version = account_version(c),
		.name = account_name(c), .number = account_number(c),
	};
}

void
publish_account(struct regd *r, struct str aor, const struct account *now)
{
	struct msg_account m = { .aor = aor, .deleted = true };

	if (now != NULL)
		m = account_message(now);
	else
		m.version = bindings_version(r->bindings);
	if (r->feed != NULL)
		feed_publish(r->feed, MSG_ACCOUNT, &m);
}

static bool
walk_ban(struct regd *r, uint64_t at, uint64_t *cursor, struct feed *f, bool *fits)
{
	struct msg_ban m;

	if (!bans_next(r->bans, &at, &m))
		return false;
	*fits = feed_emit(f, MSG_BAN, &m);
	*cursor = (at + 1) | IN_BANS;
	return true;
}

/* The next record from cursor on; false at the end. */
static bool
walk_one(struct regd *r, uint64_t *cursor, struct feed *f, bool *fits)
{
	struct msg_bindings b;
	struct msg_account m;
	struct account *c;
	struct aor *a;
	uint64_t at = *cursor & ~(IN_BINDINGS | IN_BANS);

	if ((*cursor & IN_BANS) != 0)
		return walk_ban(r, at, cursor, f, fits);
	if ((*cursor & IN_BINDINGS) == 0) {
		if ((c = accounts_next(r->accounts, &at)) == NULL) {
			*cursor = IN_BINDINGS;
			return true;
		}
		m = account_message(c);
		*fits = feed_emit(f, MSG_ACCOUNT, &m);
		*cursor = at + 1;
		return true;
	}
	while ((a = bindings_next(r->bindings, &at)) != NULL && aor_set(a) == NULL)
		at++;
	if (a == NULL) {
		*cursor = IN_BANS;
		return true;
	}
	bindings_fill(r, &b, a);
	*fits = feed_emit(f, MSG_BINDINGS, &b);
	*cursor = (at + 1) | IN_BINDINGS;
	return true;
}

uint64_t
publish_walk(void *arg, uint64_t cursor, struct feed *f)
{
	struct regd *r = arg;
	bool fits = true;

	while (fits)
		if (!walk_one(r, &cursor, f, &fits))
			return 0;
	return cursor;
}
