/*
 * spiral - loops, spirals and Max-Breadth: RFC 5393, and RFC 3261 sections 16.3
 * (step 4) and 16.6 (step 8).
 *
 * core.c looks for loops, forward.c marks what goes on, targets.c shares the
 * breadth out.
 */
#include "sipd/spiral.h"

#include "common/map.h"

#define INPUT_MAX	4096

/* A long one by its hash, so that what follows is never cut off. */
static void
add(struct text *t, struct str s)
{
	uint64_t	h;

	if (s.len <= 512)
		text_add(t, s);
	else {
		h = hash_str(s);
		text_add(t, str_make((const char *)&h, sizeof(h)));
	}
	text_ch(t, '\n');
}

/*
 * All that the way of a request is decided by: Request-URI, Route, From and To.
 * The method is not among it (section 4.2.1); Proxy-Require neither, as nothing
 * with it goes on.
 */
static struct str
input_of(const struct sip_msg *m, char buf[INPUT_MAX])
{
	const struct sip_line	*l;
	struct text		 t;

	text_init(&t, buf, INPUT_MAX);
	add(&t, m->uri);
	add(&t, m->call_id);
	add(&t, m->from_tag);
	add(&t, m->to_tag);
	text_u64(&t, m->cseq);
	add(&t, m->from.uri.text);
	add(&t, m->to.uri.text);
	for (l = sip_first(m, HDR_ROUTE); l != NULL; l = sip_next(m, l))
		add(&t, l->value);
	return text_str(&t);
}

void
spiral_mark(const struct sip_msg *m, char out[BRANCH_MARK_LEN])
{
	char	buf[INPUT_MAX];

	branch_mark(input_of(m, buf), out);
}

bool
spiral_is_loop(const struct sip_msg *m)
{
	char		buf[INPUT_MAX];
	struct str	input = STR_NONE, v, branch = m->via.branch;
	struct values	it;
	struct via	via;

	values_begin(&it, m, HDR_VIA);
	values_next(&it, &v);			/* m->via */
	for (;;) {
		if (branch.len == BRANCH_LEN) {	/* the common request has none */
			if (input.len == 0)
				input = input_of(m, buf);
			if (branch_has_mark(branch, input))
				return true;
		}
		if (!values_next(&it, &v))
			return false;
		branch = via_parse(&via, &v) == 0 ? via.branch : STR_NONE;
	}
}

unsigned
spiral_breadth(const struct sip_msg *m)
{
	uint32_t	n;

	if (str_u32(sip_value(m, HDR_MAX_BREADTH), &n) < 0 || n > BREADTH_MAX)
		return BREADTH_MAX;
	return n;
}
