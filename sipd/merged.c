/*
 * merged - which requests to us have come by another way before.
 *
 * register.c asks for each REGISTER that is to be judged. Transactions do not tell:
 * that of a REGISTER ends with its answer, as regd knows a repetition by itself.
 */
#include "sipd/merged.h"

#include <stdlib.h>

#include "common/daemon.h"
#include "common/map.h"
#include "sipd/core.h"

#define ENTRIES		4096
#define INPUT_MAX	(4 * ID_MAX + 32)

struct entry {
	uint64_t	request;	/* hash of what all copies have in common */
	txn_key		key;		/* of the first one; 0: none */
	struct mono	came;
};

struct merged {
	struct entry	entries[ENTRIES];
};

struct merged *
merged_new(void)
{
	return xcalloc(1, sizeof(struct merged));
}

void
merged_free(struct merged *g)
{
	free(g);
}

/*
 * The lowest Via, of who made the request; false when it is the only one, as then
 * nobody has forked it: the same with another branch is somebody else's copy (S04).
 */
static bool
maker(const struct sip_msg *m, struct via *out)
{
	struct values	it;
	struct str	v, last = STR_NONE;
	unsigned	n = 0;

	values_begin(&it, m, HDR_VIA);
	for (; values_next(&it, &v); n++)
		last = v;
	return n > 1 && via_parse(out, &last) == 0;
}

static uint64_t
request_hash(const struct sip_msg *m, const struct via *by)
{
	char		buf[INPUT_MAX];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	text_add(&t, by->sent_by);
	text_ch(&t, '\n');
	text_add(&t, by->branch);
	text_ch(&t, '\n');
	text_add(&t, m->call_id);
	text_ch(&t, '\n');
	text_add(&t, m->from_tag);
	text_ch(&t, '\n');
	text_u64(&t, m->cseq);
	return hash_str(text_str(&t));
}

bool
merged_came_before(struct merged *g, const struct sip_msg *m, txn_key key,
    struct mono now, int64_t within_ms)
{
	struct via	 by;
	uint64_t	 request;
	struct entry	*e;

	if (!maker(m, &by))
		return false;
	request = request_hash(m, &by);
	e = &g->entries[request % ENTRIES];
	if (e->key != 0 && e->request == request &&
	    mono_ms_between(e->came, now) < within_ms)
		return e->key != key;
	*e = (struct entry){ request, key, now };
	return false;
}
