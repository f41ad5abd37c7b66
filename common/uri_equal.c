/*
 * uri_equal - when two URIs are the same: RFC 3261 section 19.1.4, RFC 3966
 * section 4, RFC 5954 for IPv6 hosts.
 */
#include "common/uri.h"

#include "common/scan.h"

/* Longer lists of parameters are compared as text: each pair costs a walk. */
#define PAIRS_LEN_MAX	1024

/* Characters that mean the same with and without their escape. */
static bool
unreserved(unsigned char c)
{
	return scan_is((char)c, CHAR_DIGIT | CHAR_ALPHA) ||
	    (c != '\0' && strchr("-_.!~*'()", c) != NULL);
}

/*
 * The next octet for comparing: %HH as its octet when it is unreserved, else
 * marked as escaped, so that "%3B" is never ";".
 */
static unsigned
unit(struct str s, size_t *i, bool caseless)
{
	unsigned char	c = (unsigned char)s.s[*i];

	if (c == '%' && s.len - *i >= 3 && scan_hex(s.s[*i + 1]) >= 0 &&
	    scan_hex(s.s[*i + 2]) >= 0) {
		c = (unsigned char)(scan_hex(s.s[*i + 1]) << 4 |
		    scan_hex(s.s[*i + 2]));
		*i += 3;
		if (!unreserved(c))
			return 0x100u | c;
	} else {
		(*i)++;
	}
	return caseless ? scan_lower(c) : c;
}

static bool
same(struct str a, struct str b, bool caseless)
{
	size_t	i = 0, k = 0;

	while (i < a.len && k < b.len)
		if (unit(a, &i, caseless) != unit(b, &k, caseless))
			return false;
	return i == a.len && k == b.len;
}

static bool
host_equal(struct str a, struct str b)
{
	struct addr	x, y;

	if (str_caseeq(a, b))
		return true;
	return a.len > 0 && b.len > 0 && a.s[0] == '[' && b.s[0] == '[' &&
	    addr_parse(&x, a, 0) == 0 && addr_parse(&y, b, 0) == 0 &&
	    addr_eq_host(&x, &y);
}

/* Is the pair name=value in the list (separated by sep)? 1, 0 or -1: differs. */
static int
pair_in(struct str list, char sep, struct str name, struct str value,
    bool caseless)
{
	struct str	part, n;

	while (list.len > 0 && str_cut(&list, sep, &part)) {
		if (!str_cut(&part, '=', &n) || !same(n, name, true))
			continue;
		if (part.s == NULL)
			part = STR_NONE;
		return same(part, value, caseless) ? 1 : -1;
	}
	return 0;
}

/* Never equal to its absence, whatever its default. */
static bool
must_match(struct str name)
{
	static const struct str	names[] = { STR("user"), STR("ttl"),
	    STR("method"), STR("maddr"), STR("transport") };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (same(name, names[i], true))
			return true;
	return false;
}

/* Every pair of a against b; all: it must be there. */
static bool
pairs_agree(struct str a, struct str b, char sep, bool all, bool caseless)
{
	struct str	part, name;

	if (a.len > PAIRS_LEN_MAX || b.len > PAIRS_LEN_MAX)
		return str_eq(a, b);
	while (a.len > 0 && str_cut(&a, sep, &part)) {
		int	found;

		if (!str_cut(&part, '=', &name))
			continue;
		if (part.s == NULL)
			part = STR_NONE;
		found = pair_in(b, sep, name, part, caseless);
		if (found < 0 || (found == 0 && (all || must_match(name))))
			return false;
	}
	return true;
}

/* Numbers without their visual separators (RFC 3966 section 5.1.1). */
static bool
number_equal(struct str a, struct str b)
{
	size_t	i = 0, k = 0;

	for (;;) {
		while (i < a.len && strchr("-.()", a.s[i]) != NULL)
			i++;
		while (k < b.len && strchr("-.()", b.s[k]) != NULL)
			k++;
		if (i == a.len || k == b.len)
			return i == a.len && k == b.len;
		if (scan_lower((unsigned char)a.s[i++]) !=
		    scan_lower((unsigned char)b.s[k++]))
			return false;
	}
}

bool
uri_equal(const struct uri *a, const struct uri *b)
{
	if (a->scheme != b->scheme)
		return false;
	/* Also where a parameter is there twice with different values. */
	if (str_eq(a->text, b->text))
		return true;
	switch (a->scheme) {
	case URI_SIP:
	case URI_SIPS:
		return a->port == b->port && same(a->user, b->user, false) &&
		    same(a->password, b->password, false) &&
		    (a->user.len > 0) == (b->user.len > 0) &&
		    (a->password.s != NULL) == (b->password.s != NULL) &&
		    host_equal(a->host, b->host) &&
		    pairs_agree(a->params, b->params, ';', false, true) &&
		    pairs_agree(b->params, a->params, ';', false, true) &&
		    pairs_agree(a->headers, b->headers, '&', true, false) &&
		    pairs_agree(b->headers, a->headers, '&', true, false);
	case URI_TEL:
		return number_equal(a->user, b->user) &&
		    pairs_agree(a->params, b->params, ';', true, true) &&
		    pairs_agree(b->params, a->params, ';', true, true);
	default:
		return str_caseeq(a->scheme_text, b->scheme_text) &&
		    a->text.len == b->text.len &&
		    memcmp(a->text.s + a->scheme_text.len,
		    b->text.s + b->scheme_text.len,
		    a->text.len - a->scheme_text.len) == 0;
	}
}
