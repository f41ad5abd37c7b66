/*
 * uri - SIP, SIPS and tel URIs and the addresses of record made from them.
 *
 * The one piece of SIP grammar that all daemons speak: RFC 3261 sections 19.1
 * and 25.1, RFC 3966, RFC 5954. Everything is a slice of the text; only the
 * canonical AOR is written anew. Comparing is uri_equal.c.
 */
#include "common/uri.h"

#include <errno.h>

#include "common/scan.h"

/* Of one class, one of extra, or %HH; nothing else, perhaps nothing at all. */
static bool
made_of(struct str in, unsigned class, const char *extra)
{
	for (size_t i = 0; i < in.len; i++) {
		char	c = in.s[i];

		if (scan_is(c, class))
			continue;
		if (c == '%') {
			if (in.len - i < 3 || !scan_is(in.s[i + 1], CHAR_HEX) ||
			    !scan_is(in.s[i + 2], CHAR_HEX))
				return false;
			i += 2;
			continue;
		}
		if (c == '\0' || strchr(extra, c) == NULL)
			return false;
	}
	return true;
}

static int
scheme_parse(struct uri *u, struct str *rest)
{
	size_t	n = 0;

	while (n < rest->len && (scan_is(rest->s[n], CHAR_ALPHA) || (n > 0 &&
	    (scan_is(rest->s[n], CHAR_DIGIT) || rest->s[n] == '+' ||
	    rest->s[n] == '-' || rest->s[n] == '.'))))
		n++;
	if (n == 0 || n == rest->len || rest->s[n] != ':')
		return -EBADMSG;
	u->scheme_text = str_make(rest->s, n);
	scan_skip(rest, n + 1);
	if (str_caseeq(u->scheme_text, STR("sip")))
		u->scheme = URI_SIP;
	else if (str_caseeq(u->scheme_text, STR("sips")))
		u->scheme = URI_SIPS;
	else if (str_caseeq(u->scheme_text, STR("tel")))
		u->scheme = URI_TEL;
	else
		u->scheme = URI_OTHER;
	return 0;
}

/* "user" or "user:password", all that stands before the at sign. */
static int
userinfo_parse(struct uri *u, struct str in)
{
	ptrdiff_t	colon = str_chr(in, ':');

	u->user = in;
	if (colon >= 0) {
		u->user.len = (size_t)colon;
		u->password = str_make(in.s + colon + 1,
		    in.len - (size_t)colon - 1);
		if (!made_of(u->password, CHAR_USER, ""))
			return -EBADMSG;
	}
	/* '#' has no place there, but telephones dial it. */
	if (u->user.len == 0 || !made_of(u->user, CHAR_USER, "#"))
		return -EBADMSG;
	return 0;
}

static int
host_parse(struct uri *u, struct str *rest)
{
	if (scan_host(rest, &u->host) < 0)
		return -EBADMSG;
	if (scan_ch(rest, ':')) {
		uint32_t	port;

		if (scan_u32(rest, &port) < 0 || port == 0 || port > UINT16_MAX)
			return -EBADMSG;
		u->port = (uint16_t)port;
	}
	return 0;
}

/* A list ";a;b=c", each with a name. */
static bool
params_good(struct str params)
{
	struct str	part, name;

	do {
		if (!str_cut(&params, ';', &part) ||
		    !made_of(part, CHAR_PARAM, "="))
			return false;
		if (!str_cut(&part, '=', &name) || name.len == 0)
			return false;
		if (part.s != NULL && str_chr(part, '=') >= 0)
			return false;
	} while (params.s != NULL);
	return true;
}

static bool
headers_good(struct str headers)
{
	struct str	part;

	do {
		if (!str_cut(&headers, '&', &part) ||
		    !made_of(part, CHAR_PARAM, "?=") || str_chr(part, '=') < 1)
			return false;
	} while (headers.s != NULL);
	return true;
}

/* What follows host or number: ";params" and "?headers". */
static int
tail_parse(struct uri *u, struct str rest)
{
	if (scan_ch(&rest, ';')) {
		ptrdiff_t	end = str_chr(rest, '?');

		u->params = rest;
		if (end >= 0)
			u->params.len = (size_t)end;
		if (!params_good(u->params))
			return -EBADMSG;
		scan_skip(&rest, u->params.len);
	}
	if (u->scheme != URI_TEL && scan_ch(&rest, '?')) {
		u->headers = rest;
		if (!headers_good(rest))
			return -EBADMSG;
		return 0;
	}
	return rest.len == 0 ? 0 : -EBADMSG;
}

static int
sip_parse(struct uri *u, struct str rest)
{
	ptrdiff_t	at = str_chr(rest, '@');

	if (at >= 0) {
		if (userinfo_parse(u, str_make(rest.s, (size_t)at)) < 0)
			return -EBADMSG;
		scan_skip(&rest, (size_t)at + 1);
	}
	if (host_parse(u, &rest) < 0)
		return -EBADMSG;
	return tail_parse(u, rest);
}

static int
tel_parse(struct uri *u, struct str rest)
{
	size_t	n = 0, digits = 0;

	if (rest.len > 0 && rest.s[0] == '+')
		n++;
	for (; n < rest.len && rest.s[n] != ';'; n++) {
		if (scan_is(rest.s[n], CHAR_HEX) || rest.s[n] == '*' ||
		    rest.s[n] == '#')
			digits++;
		else if (rest.s[n] == '\0' || strchr("-.()", rest.s[n]) == NULL)
			return -EBADMSG;
	}
	if (digits == 0)
		return -EBADMSG;
	u->user = str_make(rest.s, n);
	scan_skip(&rest, n);
	return tail_parse(u, rest);
}

/* Any other scheme: printable ASCII without the marks that end a URI. */
static int
other_parse(struct str rest)
{
	if (rest.len == 0)
		return -EBADMSG;
	for (size_t i = 0; i < rest.len; i++)
		if (rest.s[i] <= ' ' || rest.s[i] >= 0x7f || rest.s[i] == '<' ||
		    rest.s[i] == '>' || rest.s[i] == '"')
			return -EBADMSG;
	return 0;
}

int
uri_parse(struct uri *out, struct str in)
{
	struct uri	u = { .text = in };
	struct str	rest = in;
	int		error;

	if (scheme_parse(&u, &rest) < 0)
		return -EBADMSG;
	switch (u.scheme) {
	case URI_SIP:
	case URI_SIPS:
		error = sip_parse(&u, rest);
		break;
	case URI_TEL:
		error = tel_parse(&u, rest);
		break;
	default:
		error = other_parse(rest);
		break;
	}
	if (error < 0)
		return error;
	*out = u;
	return 0;
}

/* One octet of s from *i on, %HH taken as what it stands for. */
static unsigned char
octet(struct str s, size_t *i)
{
	if (s.s[*i] == '%' && s.len - *i >= 3) {
		int	high = scan_hex(s.s[*i + 1]), low = scan_hex(s.s[*i + 2]);

		if (high >= 0 && low >= 0) {
			*i += 3;
			return (unsigned char)(high << 4 | low);
		}
	}
	return (unsigned char)s.s[(*i)++];
}

/* The name may be written with escapes (RFC 4475 section 3.1.1.3). */
static bool
name_is(struct str written, struct str name)
{
	size_t	i = 0, k = 0;

	while (i < written.len && k < name.len)
		if (scan_lower(octet(written, &i)) !=
		    scan_lower((unsigned char)name.s[k++]))
			return false;
	return i == written.len && k == name.len;
}

bool
uri_param(const struct uri *u, const char *name, struct str *value)
{
	struct str	rest = u->params, part, written, wanted = str_of(name);

	if (rest.len == 0)
		return false;
	while (str_cut(&rest, ';', &part)) {
		if (!str_cut(&part, '=', &written))
			continue;
		if (!name_is(written, wanted))
			continue;
		*value = part.s != NULL ? part : STR_NONE;
		return true;
	}
	return false;
}

enum transport
uri_transport(const struct uri *u)
{
	struct str	value;

	if (!uri_param(u, "transport", &value))
		return TRANSPORT_NONE;
	return transport_parse(value);
}

/*
 * False for a control character: such a name is nobody's. A colon stays an escape:
 * "sip%3Abob@h" read again as "sip:bob@h" would be bob.
 */
static bool
add_user(struct text *t, struct str user)
{
	for (size_t i = 0; i < user.len; ) {
		unsigned char	c = octet(user, &i);

		if (c < ' ' || c == 0x7f)
			return false;
		if (c == ':')
			text_add(t, STR("%3a"));
		else
			text_ch(t, (char)scan_lower(c));
	}
	return true;
}

static void
add_number(struct text *t, struct str number)
{
	for (size_t i = 0; i < number.len; i++)
		if (scan_is(number.s[i], CHAR_DIGIT) ||
		    (i == 0 && number.s[i] == '+'))
			text_ch(t, number.s[i]);
	text_add(t, STR("@telnum"));
}

struct str
uri_aor(const struct uri *u, char buf[AOR_MAX])
{
	struct str	host = u->host;
	struct text	t;
	size_t		start;

	text_init(&t, buf, AOR_MAX);
	switch (u->scheme) {
	case URI_SIP:
	case URI_SIPS:
		if (u->user.len > 0) {
			if (!add_user(&t, u->user))
				return STR_NONE;
			text_ch(&t, '@');
		}
		if (host.len > 1 && host.s[host.len - 1] == '.')
			host.len--;	/* the root, written out */
		start = t.len;
		text_add(&t, host);
		if (!t.full)
			str_lower(buf + start, t.len - start);
		break;
	case URI_TEL:
		add_number(&t, u->user);
		break;
	default:
		return STR_NONE;
	}
	return t.full ? STR_NONE : text_str(&t);
}

void
aor_split(struct str aor, struct str *user, struct str *domain)
{
	ptrdiff_t	at = str_rchr(aor, '@');

	if (at < 0) {
		*user = STR_NONE;
		*domain = aor;
		return;
	}
	*user = str_make(aor.s, (size_t)at);
	*domain = str_make(aor.s + at + 1, aor.len - (size_t)at - 1);
}

static bool
has_scheme(struct str in)
{
	return str_caseprefix(in, STR("sip:")) ||
	    str_caseprefix(in, STR("sips:")) || str_caseprefix(in, STR("tel:"));
}

int
aor_parse(struct str in, struct str default_domain, char buf[AOR_MAX],
    struct str *out)
{
	char		whole[4 * AOR_MAX];	/* escapes are longer than the AOR */
	struct str	aor;
	struct text	t;
	struct uri	u;

	text_init(&t, whole, sizeof(whole));
	if (!has_scheme(in))
		text_add(&t, STR("sip:"));
	text_add(&t, in);
	if (!has_scheme(in) && str_chr(in, '@') < 0) {
		text_ch(&t, '@');
		text_add(&t, default_domain);
	}
	if (t.full || uri_parse(&u, text_str(&t)) < 0)
		return -EBADMSG;
	/* "a:b@h" is no password here, and the AOR "a" would be another's. */
	if (!has_scheme(in) && u.password.s != NULL)
		return -EBADMSG;
	aor = uri_aor(&u, buf);
	if (aor.len == 0)
		return -EBADMSG;
	*out = aor;
	return 0;
}

void
uri_add_user(struct text *out, struct str user)
{
	for (size_t i = 0; i < user.len; i++)
		if (scan_is(user.s[i], CHAR_USER) || user.s[i] == '#')
			text_ch(out, user.s[i]);
		else
			text_printf(out, "%%%02X", (unsigned char)user.s[i]);
}
