/*
 * nets - lists of networks: addresses, ranges, other lists, names.
 *
 * What can be decided by address becomes two sorted arrays of ranges when the list
 * is resolved, so that a list costs a binary search however long it is. Only what
 * needs a name, and the lists that refer to such, are walked.
 */
#include "common/nets.h"

#include <errno.h>
#include <stdlib.h>

#include "common/scan.h"

enum { UNSEEN, UNDER_WAY, RESOLVED };

/* ---- addresses as keys ---- */

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool
key_of(uint8_t key[17], const struct addr *a)
{
	struct str	b = addr_bytes(a);

	if (b.len == 16 && memcmp(b.s, mapped, sizeof(mapped)) == 0)
		b = str_make(b.s + 12, 4);
	if (b.len != 4 && b.len != 16)
		return false;
	memset(key, 0, 17);
	key[0] = b.len == 4 ? 4 : 6;
	memcpy(key + 17 - b.len, b.s, b.len);
	return true;
}

/* The key before or after this one; family and all, so that it cannot wrap. */
static void
key_step(uint8_t key[17], int by)
{
	for (int i = 16; i >= 0; i--) {
		key[i] = (uint8_t)(key[i] + by);
		if (key[i] != (by > 0 ? 0 : 0xff))
			return;
	}
}

static int
key_cmp(const uint8_t a[17], const uint8_t b[17])
{
	return memcmp(a, b, 17);
}

/* ---- one entry ---- */

bool
nets_is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!scan_is(s.s[i], CHAR_HOST))
			return false;
	return s.len > 0 && s.len <= NETS_NAME_MAX;
}

static bool
is_template(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!scan_is(s.s[i], CHAR_HOST) && s.s[i] != '*')
			return false;
	return s.len > 0;
}

static bool
is_range(struct str text)
{
	return str_chr(text, '-') > 0;
}

static int
range_parse(struct net_span *out, struct str text, const char **why)
{
	struct str	first;
	struct addr	a, b;

	*why = "a range looks like 192.0.2.5-192.0.2.9";
	if (!str_cut(&text, '-', &first) ||
	    addr_parse(&a, str_trim(first), 0) < 0 ||
	    addr_parse(&b, str_trim(text), 0) < 0 ||
	    !key_of(out->first, &a) || !key_of(out->last, &b))
		return -EBADMSG;
	*why = "the range ends before it begins";
	if (out->first[0] != out->last[0] || key_cmp(out->first, out->last) > 0)
		return -EBADMSG;
	return 0;
}

static int
network_parse(struct net_span *out, struct str text, const char **why)
{
	struct net	n;
	unsigned	bits, size;

	*why = "write 10.0.0.0/8, 192.0.2.1, 192.0.2.5-192.0.2.9 or 2001:db8::/32, "
	    "host bits zero";
	if (net_parse(&n, text) < 0 || !key_of(out->first, &n.addr))
		return -EBADMSG;
	bits = n.bits;
	size = (unsigned)addr_bytes(&n.addr).len * 8;
	if (size == 128 && out->first[0] == 4) {	/* ::ffff:10.0.0.0/104 */
		if (bits < 96)
			return -EBADMSG;
		bits -= 96;
		size = 32;
	}
	memcpy(out->last, out->first, sizeof(out->last));
	for (unsigned i = bits; i < size; i++)
		out->last[17 - size / 8 + i / 8] |= (uint8_t)(0x80 >> i % 8);
	return 0;
}

/* What stands behind "!" and "#", "#@" is what remains in text. */
static int
entry_parse(struct net_entry *e, struct str text, const char **why)
{
	e->except = scan_ch(&text, '!');
	text = str_trim(text);
	if (!scan_ch(&text, '#')) {
		e->kind = NET_SPAN;
		return is_range(text) ? range_parse(&e->span, text, why) :
		    network_parse(&e->span, text, why);
	}
	e->kind = scan_ch(&text, '@') ? NET_NAME : NET_LIST;
	e->what = text;
	*why = e->kind == NET_NAME ? "a template looks like #@*.phones.example.com" :
	    "the name of a list has letters, digits, \".\", \"_\" and \"-\"";
	return (e->kind == NET_NAME ? is_template(text) : nets_is_name(text)) ?
	    0 : -EBADMSG;
}

int
nets_add(struct set_nets *n, struct str text, const char **why)
{
	struct net_entry	e = { .line = 0 };
	ptrdiff_t		comment = str_chr(text, ';');
	int			error;

	if (comment >= 0)
		text.len = (size_t)comment;
	text = str_trim(text);
	if (n->n == NETS_ENTRIES_MAX) {
		*why = "the list is too long";
		return -E2BIG;
	}
	*why = "an entry has at most 255 characters";
	if (text.len > NETS_TEXT_MAX || str_chr(text, '\0') >= 0)
		return -EBADMSG;
	e.text = str_dup(text);
	if ((error = entry_parse(&e, str_of(e.text), why)) < 0) {
		free(e.text);
		return error;
	}
	if ((n->n & (n->n - 1)) == 0)
		n->v = xrealloc(n->v, n->n == 0 ? 1 : n->n * 2, sizeof(*n->v));
	n->v[n->n++] = e;
	return 0;
}

/* ---- sets of ranges ---- */

static void
spans_add(struct net_spans *s, const struct net_span *one)
{
	if ((s->n & (s->n - 1)) == 0)
		s->v = xrealloc(s->v, s->n == 0 ? 1 : s->n * 2, sizeof(*s->v));
	s->v[s->n++] = *one;
}

static int
spans_cmp(const void *a, const void *b)
{
	return key_cmp(((const struct net_span *)a)->first,
	    ((const struct net_span *)b)->first);
}

/* Sorts; what overlaps or touches becomes one. */
static void
spans_merge(struct net_spans *s)
{
	size_t	n = 0;
	uint8_t	after[17];

	if (s->n == 0)
		return;
	qsort(s->v, s->n, sizeof(*s->v), spans_cmp);
	for (size_t i = 1; i < s->n; i++) {
		memcpy(after, s->v[n].last, sizeof(after));
		key_step(after, 1);
		if (key_cmp(s->v[i].first, after) > 0)
			s->v[++n] = s->v[i];
		else if (key_cmp(s->v[i].last, s->v[n].last) > 0)
			memcpy(s->v[n].last, s->v[i].last, sizeof(after));
	}
	s->n = n + 1;
}

/* Adds to out what is in yes and not in no; both merged. */
static void
spans_add_difference(struct net_spans *out, const struct net_spans *yes,
    const struct net_spans *no)
{
	struct net_span	left, part;
	size_t		k = 0;

	for (size_t i = 0; i < yes->n; i++) {
		left = yes->v[i];
		while (k < no->n && key_cmp(no->v[k].last, left.first) < 0)
			k++;
		for (size_t j = k; j < no->n &&
		    key_cmp(no->v[j].first, left.last) <= 0; j++) {
			part = left;
			memcpy(part.last, no->v[j].first, sizeof(part.last));
			key_step(part.last, -1);
			if (key_cmp(no->v[j].first, left.first) > 0)
				spans_add(out, &part);
			memcpy(left.first, no->v[j].last, sizeof(left.first));
			key_step(left.first, 1);
		}
		if (key_cmp(left.first, left.last) <= 0)
			spans_add(out, &left);
	}
}

static bool
spans_have(const struct net_spans *s, const uint8_t key[17])
{
	size_t	low = 0, high = s->n, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (key_cmp(s->v[mid].last, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->n && key_cmp(s->v[low].first, key) <= 0;
}

/* ---- resolving ---- */

/* References go as deep as there are lists, at most. */
int
nets_resolve(struct set_nets *n, nets_find_fn *find, void *arg,
    const struct net_entry **bad)
{
	struct set_nets	*other;
	int		 error = 0;

	if (n->state == RESOLVED)
		return 0;
	n->state = UNDER_WAY;
	n->lists = n->n > 0 ? xcalloc(n->n, sizeof(struct set_nets *)) : NULL;
	for (size_t i = 0; i < n->n && error == 0; i++) {
		const struct net_entry	*e = &n->v[i];

		if (e->kind == NET_SPAN)
			spans_add(e->except ? &n->no : &n->yes, &e->span);
		n->wants_name |= e->kind == NET_NAME;
		if (e->kind != NET_LIST)
			continue;
		*bad = e;
		other = find != NULL ? find(arg, e->what) : NULL;
		error = other == NULL ? -ENOENT : other->state == UNDER_WAY ?
		    -ELOOP : nets_resolve(other, find, arg, bad);
		if (error < 0)
			break;
		n->wants_name |= other->wants_name;
		if (other->wants_name)
			n->lists[i] = other;
		else
			spans_add_difference(e->except ? &n->no : &n->yes,
			    &other->yes, &other->no);
	}
	spans_merge(&n->yes);
	spans_merge(&n->no);
	n->state = RESOLVED;		/* after an error, too: it was told */
	return error;
}

int
nets_parse(struct set_nets *n, struct str text)
{
	const struct net_entry	*bad;
	struct set_nets		 made = { .n = 0 };
	const char		*why;
	struct str		 one;
	size_t			 i;

	while (text.len > 0) {
		for (i = 0; i < text.len && text.s[i] != ',' && text.s[i] != ' '; i++)
			;
		one = str_make(text.s, i);
		text = i < text.len ? str_make(text.s + i + 1, text.len - i - 1) :
		    STR_NONE;
		if (one.len > 0 && nets_add(&made, one, &why) < 0)
			goto fail;
	}
	if (nets_resolve(&made, NULL, NULL, &bad) < 0)
		goto fail;
	*n = made;
	return 0;
fail:
	nets_fini(&made);
	return -EBADMSG;
}

void
nets_fini(struct set_nets *n)
{
	for (size_t i = 0; i < n->n; i++)
		free(n->v[i].text);
	free(n->v);
	free(n->lists);
	free(n->yes.v);
	free(n->no.v);
	*n = (struct set_nets){ .n = 0 };
}

bool
nets_equal(const struct set_nets *a, const struct set_nets *b)
{
	return text_lists_equal(a->v, a->n, b->v, b->n, sizeof(a->v[0]));
}

/* ---- asking ---- */

/* "*" is any text; each star is tried again at most once a character. */
static bool
template_matches(struct str t, struct str name)
{
	size_t	i = 0, k = 0, star = SIZE_MAX, resume = 0;

	while (k < name.len) {
		if (i < t.len && t.s[i] == '*') {
			star = i++;
			resume = k;
		} else if (i < t.len && scan_lower((unsigned char)t.s[i]) ==
		    scan_lower((unsigned char)name.s[k])) {
			i++;
			k++;
		} else if (star != SIZE_MAX) {
			i = star + 1;
			k = ++resume;
		} else
			return false;
	}
	while (i < t.len && t.s[i] == '*')
		i++;
	return i == t.len;
}

static bool	have(const struct set_nets *n, const uint8_t key[17],
		    const struct addr *a, struct str name);

/* Does the entry, which wants a name, hold for this one? Unknown: in doubt, no. */
static bool
entry_holds(const struct set_nets *n, size_t i, const uint8_t key[17],
    const struct addr *a, struct str name)
{
	const struct net_entry	*e = &n->v[i];

	if (e->kind == NET_NAME)
		return name.len > 0 ? template_matches(e->what, name) : e->except;
	/* What an unknown name makes empty must not be empty behind "!". */
	if (e->except && name.len == 0)
		return true;
	return have(n->lists[i], key, a, name);
}

static bool
any_holds(const struct set_nets *n, bool except, const uint8_t key[17],
    const struct addr *a, struct str name)
{
	for (size_t i = 0; n->wants_name && i < n->n; i++)
		if (n->v[i].except == except &&
		    (n->v[i].kind == NET_NAME || n->lists[i] != NULL) &&
		    entry_holds(n, i, key, a, name))
			return true;
	return false;
}

static bool
have(const struct set_nets *n, const uint8_t key[17], const struct addr *a,
    struct str name)
{
	if (spans_have(&n->no, key) || any_holds(n, true, key, a, name))
		return false;
	return spans_have(&n->yes, key) || any_holds(n, false, key, a, name);
}

bool
nets_have_named(const struct set_nets *n, const struct addr *a, struct str name)
{
	uint8_t	key[17];

	return key_of(key, a) && have(n, key, a, name);
}

bool
nets_have(const struct set_nets *n, const struct addr *a)
{
	return nets_have_named(n, a, STR_NONE);
}

static bool
span_has(const struct net_span *s, const uint8_t key[17])
{
	return key_cmp(s->first, key) <= 0 && key_cmp(key, s->last) <= 0;
}

bool
nets_same(const struct set_nets *n, const struct addr *a, const struct addr *b)
{
	uint8_t	x[17], y[17];

	if (!key_of(x, a) || !key_of(y, b))
		return false;
	for (size_t i = 0; i < n->n; i++)
		if (n->v[i].kind == NET_SPAN && !n->v[i].except &&
		    span_has(&n->v[i].span, x) && span_has(&n->v[i].span, y))
			return true;
	return false;
}

bool
nets_want_name(const struct set_nets *n)
{
	return n->wants_name;
}
