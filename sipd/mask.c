/*
 * mask - what the flight recorder must not see of a message.
 *
 * record.c copies messages through it. It looks at lines, not at the grammar, so
 * that nothing badly written gets past it: rather a word too many is hidden.
 */
#include "sipd/mask.h"

#include "common/scan.h"
#include "sipd/msg.h"

struct masks {
	struct str	 text;
	struct mask	*v;
	size_t		 n;
};

static void
add(struct masks *k, struct str part)
{
	size_t	at = (size_t)(part.s - k->text.s);

	if (part.len == 0)
		return;
	if (k->n == MASKS_MAX)
		k->v[k->n - 1].len = k->text.len - k->v[k->n - 1].at;
	else
		k->v[k->n++] = (struct mask){ at, part.len };
}

/* ---- URIs ---- */

static bool
ends_uri(char c)
{
	return scan_is(c, CHAR_BLANK) || c == '<' || c == '>' || c == '"' || c == '\'';
}

/* Is the colon at s[i] that of "sip:" or "sips:"? */
static bool
is_scheme(const char *s, size_t i)
{
	return (i >= 3 && str_caseeq(str_make(s + i - 3, 3), STR("sip"))) ||
	    (i >= 4 && str_caseeq(str_make(s + i - 4, 4), STR("sips")));
}

/*
 * What stands between the colon behind the user and the '@' at s[at], if it is in
 * a URI at all: looked for backwards. *from: nothing before it.
 */
static struct str
password_before(const char *s, size_t from, size_t at)
{
	size_t	first = at;

	for (size_t i = at; i-- > from && !ends_uri(s[i]); ) {
		if (s[i] != ':')
			continue;
		if (is_scheme(s, i))
			return first < at ? str_make(s + first + 1, at - first - 1) :
			    STR_NONE;
		first = i;
	}
	return STR_NONE;
}

/* One is the scheme's: what has no other holds no password. */
static bool
two_colons(const char *s, size_t n)
{
	const char	*first = memchr(s, ':', n);

	return first != NULL &&
	    memchr(first + 1, ':', n - (size_t)(first + 1 - s)) != NULL;
}

/* The next password in text from *from on; empty: there is none. */
static struct str
next_password(struct str text, size_t *from)
{
	const char	*at;
	struct str	 found;
	size_t		 i;

	while (*from < text.len &&
	    (at = memchr(text.s + *from, '@', text.len - *from)) != NULL) {
		i = (size_t)(at - text.s);
		found = two_colons(text.s + *from, i - *from) ?
		    password_before(text.s, *from, i) : STR_NONE;
		*from = i + 1;
		if (found.len > 0)
			return found;
	}
	return STR_NONE;
}

static void
mask_uris(struct masks *k, struct str line)
{
	struct str	password;
	size_t		from = 0;

	while ((password = next_password(line, &from)).len > 0)
		add(k, password);
}

/* ---- credentials ---- */

/* A quoted string or what goes up to a comma; taken off *in, with its quotes. */
static struct str
take_value(struct str *in)
{
	struct str	v = *in;
	size_t		n = 0;
	bool		quoted = in->len > 0 && in->s[0] == '"';

	if (quoted)
		for (n = 1; n < in->len && in->s[n] != '"'; n++)
			n += in->s[n] == '\\' && n + 1 < in->len;
	else
		while (n < in->len && in->s[n] != ',')
			n++;
	v.len = n;
	if (quoted && n < in->len)
		v.len = ++n;
	scan_skip(in, n);
	return v;
}

static struct str
without_quotes(struct str v)
{
	if (v.len > 0 && v.s[0] == '"')
		scan_skip(&v, 1);
	if (v.len > 0 && v.s[v.len - 1] == '"')
		v.len--;
	return v;
}

/* name=value, name=value ...: those that prove that a password is known. */
static void
mask_digest(struct masks *k, struct str in)
{
	struct str	name, value;

	while (in.len > 0) {
		scan_blanks(&in);
		if (in.len == 0)
			break;
		name = scan_while(&in, CHAR_TOKEN);
		scan_blanks(&in);
		if (!scan_ch(&in, '=')) {
			take_value(&in);
			scan_ch(&in, ',');
			continue;
		}
		scan_blanks(&in);
		value = take_value(&in);
		if (str_caseeq(name, STR("response")) ||
		    str_caseeq(name, STR("rspauth")))
			add(k, without_quotes(str_trim(value)));
		while (in.len > 0 && !scan_ch(&in, ','))
			scan_skip(&in, 1);
	}
}

static void
mask_credentials(struct masks *k, struct str value)
{
	struct str	scheme;

	scan_blanks(&value);
	scheme = scan_while(&value, CHAR_TOKEN);
	if (str_caseeq(scheme, STR("Digest")))
		mask_digest(k, value);
	else
		add(k, str_trim(value));
}

/* ---- the head ---- */

/* One header, folds included. */
static void
mask_header(struct masks *k, struct str header)
{
	struct str	value = header, name;

	if (!str_cut(&value, ':', &name) || value.s == NULL)
		return;
	name = str_trim(name);
	if (str_caseeq(name, STR("Authorization")) ||
	    str_caseeq(name, STR("Proxy-Authorization")))
		mask_credentials(k, value);
	else if (str_caseeq(name, STR("Authentication-Info")) ||
	    str_caseeq(name, STR("Proxy-Authentication-Info")))
		mask_digest(k, value);
	else
		mask_uris(k, header);
}

static struct str
take_line(struct str *rest)
{
	struct str	 line = *rest;
	const char	*end = rest->len > 0 ? memchr(rest->s, '\n', rest->len) : NULL;

	if (end != NULL)
		line.len = (size_t)(end + 1 - rest->s);
	scan_skip(rest, line.len);
	return line;
}

static bool
is_empty(struct str line)
{
	return str_trim(line).len == 0;
}

/* Up to the empty line; returns what follows it. */
static struct str
mask_head(struct masks *k, struct str text)
{
	struct str	line = take_line(&text), more;

	mask_uris(k, line);
	while (text.len > 0) {
		line = take_line(&text);
		if (is_empty(line))
			break;
		while (text.len > 0 && (text.s[0] == ' ' || text.s[0] == '\t')) {
			more = take_line(&text);
			line.len += more.len;
		}
		mask_header(k, line);
	}
	return text;
}

/* ---- the body ---- */

static const struct {
	struct str	begin;
	char		after;	/* all from the last of it on; 0: from begin on */
} secrets[] = {
	{ STR("a=crypto"), ' ' },	/* the tag and the suite stay */
	{ STR("a=key-mgmt"), ' ' },
	{ STR("a=ice-pwd"), ':' },
	{ STR("k="), 0 },
};

static bool
is_secret(struct str line, size_t *which)
{
	char	type = line.len > 2 && line.s[1] == '=' ? line.s[0] | 0x20 : 0;

	if (type != 'k' && (type != 'a' || strchr("ckiCKI", line.s[2]) == NULL))
		return false;
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (str_caseprefix(line, secrets[i].begin)) {
			*which = i;
			return true;
		}
	return false;
}

static void
mask_body(struct masks *k, struct str text)
{
	struct str	line, part;
	ptrdiff_t	at;
	size_t		which;

	while (text.len > 0) {
		line = str_trim(take_line(&text));
		if (!is_secret(line, &which))
			continue;
		part = line;
		at = (ptrdiff_t)secrets[which].begin.len;
		if (which == 0 && (at = str_find(line, STR("inline:"))) >= 0)
			at += (ptrdiff_t)sizeof("inline:") - 1;
		else if (secrets[which].after != 0)
			at = str_chr(line, secrets[which].after) + 1;
		scan_skip(&part, (size_t)at);
		add(k, part);
	}
}

typedef uint8_t octets __attribute__((vector_size(16)));

static octets
secret_letters(octets v)
{
	v |= 0x20;
	return (octets)((v == 'k') | (v == 'w') | (v == 'y'));
}

/* Each of secrets[] has one of these letters, most bodies have none: sixteen at once. */
static bool
may_hold_secret(struct str text)
{
	octets		found = { 0 }, v;
	uint64_t	half[2];

	for (; text.len >= sizeof(v); scan_skip(&text, sizeof(v))) {
		memcpy(&v, text.s, sizeof(v));
		found |= secret_letters(v);
	}
	v = (octets){ 0 };
	memcpy(&v, text.s, text.len);
	found |= secret_letters(v);
	memcpy(half, &found, sizeof(half));
	return (half[0] | half[1]) != 0;
}

/* As is_secret(), but only where a line begins like one: bodies are many. */
static bool
body_needless(struct str text)
{
	const char	*p = text.s, *end = text.s + text.len;
	size_t		 which;

	if (text.len == 0 || !may_hold_secret(text))
		return true;
	while (p != NULL && p < end) {
		if (end - p > 2 && p[1] == '=' && is_secret(str_make(p,
		    (size_t)(end - p)), &which))
			return false;
		if ((p = memchr(p, '\n', (size_t)(end - p))) != NULL)
			p++;
	}
	return true;
}

/* ---- the whole ---- */

#define BIT(id)	(UINT64_C(1) << HDR_##id)

/* Read by the parser, or without any URI. */
static const uint64_t	harmless = BIT(VIA) | BIT(FROM) | BIT(TO) | BIT(CALL_ID) |
	BIT(CSEQ) | BIT(MAX_FORWARDS) | BIT(CONTENT_LENGTH) | BIT(CONTENT_TYPE) |
	BIT(ALLOW) | BIT(SUPPORTED) | BIT(USER_AGENT) | BIT(SERVER) | BIT(EXPIRES) |
	BIT(ACCEPT) | BIT(REQUIRE) | BIT(SESSION_EXPIRES) | BIT(MIN_SE);
static const uint64_t	credentials = BIT(AUTHORIZATION) | BIT(PROXY_AUTHORIZATION) |
	BIT(AUTHENTICATION_INFO) | BIT(PROXY_AUTHENTICATION_INFO);

/*
 * Two colons and an '@' behind them: most values have not so many. The first one
 * is near the begin, that of the scheme.
 */
static bool
without_password(struct str value)
{
	const char	*at = value.len > 0 ? memrchr(value.s, '@', value.len) : NULL;
	size_t		 from = 0, n, i = 0;

	if (at == NULL)
		return true;
	n = (size_t)(at - value.s);
	/* Most: "<sip:user@...", and no other address behind it. */
	if (n > 5 && memcmp(value.s, "<sip:", 5) == 0) {
		for (i = 5; i < n && value.s[i] != ':' && value.s[i] != '@'; i++)
			;
		if (i == n)
			return true;
		i = 0;
	}
	while (i < n && value.s[i] != ':')
		i++;
	return i >= n || memchr(value.s + i + 1, ':', n - i - 1) == NULL ||
	    next_password(value, &from).len == 0;
}

bool
mask_needless(const struct sip_msg *m)
{
	uint64_t	asked = m->present & ~harmless;

	if (m->bad != NULL || (asked & credentials) ||
	    m->from.uri.password.len > 0 || m->to.uri.password.len > 0 ||
	    m->ruri.password.len > 0)
		return false;
	for (; asked != 0; asked &= asked - 1) {
		const struct sip_line *l = sip_first(m,
		    (enum header)__builtin_ctzll(asked));

		for (; l != NULL; l = sip_next(m, l))
			if (!without_password(l->value))
				return false;
	}
	return body_needless(m->body);
}

size_t
mask_find(struct str text, struct mask out[MASKS_MAX])
{
	struct masks	k = { text, out, 0 };

	mask_body(&k, mask_head(&k, text));
	return k.n;
}

void
mask_copy(char *to, struct str text)
{
	struct mask	v[MASKS_MAX];
	size_t		n = mask_find(text, v), at = 0;

	for (size_t i = 0; i < n; i++) {
		memcpy(to + at, text.s + at, v[i].at - at);
		memset(to + v[i].at, '*', v[i].len);
		at = v[i].at + v[i].len;
	}
	memcpy(to + at, text.s + at, text.len - at);
}
