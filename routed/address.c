/*
 * address - what an address says, and the forms that mean the same.
 *
 * route.c takes it apart pass by pass; record.c rewrites it. What a name means here
 * is theirs to find out.
 */
#include "routed/address.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/scan.h"

static int
take(char dst[ADDRESS_MAX], struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.s[i] < ' ' || s.s[i] == 0x7f)
			return -EBADMSG;
	return str_copy(dst, ADDRESS_MAX, s) ? 0 : -ENAMETOOLONG;
}

static int
take_domain(struct address *a, struct str s)
{
	int	error;

	if (s.len > 1 && s.s[s.len - 1] == '.')
		s.len--;		/* the root, written out */
	error = take(a->domain, s);
	if (error == 0)
		str_lower(a->domain, s.len);
	return error;
}

/* ---- what the local part names ---- */

/* "@z:x@y" or "@z,@w:x": z, then the rest. */
static bool
unwrap_route(struct str in, struct str *local, struct str *domain)
{
	ptrdiff_t	end = 1;

	while ((size_t)end < in.len && in.s[end] != ':' && in.s[end] != ',')
		end++;
	if (in.len < 3 || (size_t)end >= in.len - 1 || end == 1)
		return false;
	*domain = str_make(in.s + 1, (size_t)end - 1);
	*local = str_make(in.s + end + 1, in.len - (size_t)end - 1);
	return true;
}

static bool
split_at(struct str in, ptrdiff_t at, struct str *before, struct str *after)
{
	if (at <= 0 || (size_t)at == in.len - 1)
		return false;
	*before = str_make(in.s, (size_t)at);
	*after = str_make(in.s + at + 1, in.len - (size_t)at - 1);
	return true;
}

/* The first form that there is, in this order. */
static bool
unwrap(struct str in, struct str *local, struct str *domain)
{
	if (in.len > 0 && in.s[0] == '@')
		return unwrap_route(in, local, domain);
	return split_at(in, str_rchr(in, '@'), local, domain) ||
	    split_at(in, str_rchr(in, '%'), local, domain) ||
	    split_at(in, str_chr(in, '!'), domain, local);
}

/* "y!w!x", what is left behind z, in the form of the others: "x%w%y". */
static void
add_bang(struct text *t, struct str bang)
{
	ptrdiff_t	last = str_rchr(bang, '!');

	text_add(t, str_make(bang.s + last + 1, bang.len - (size_t)(last + 1)));
	while (last > 0) {
		bang.len = (size_t)last;
		last = str_rchr(bang, '!');
		text_ch(t, '%');
		text_add(t, str_make(bang.s + last + 1,
		    bang.len - (size_t)(last + 1)));
	}
}

bool
address_unwrap(struct address *a)
{
	char		text[ADDRESS_MAX];
	struct str	local, domain;
	struct text	t;

	strlcpy(text, a->local, sizeof(text));
	if (!unwrap(str_of(text), &local, &domain) || take_domain(a, domain) < 0)
		return false;
	text_init(&t, a->local, sizeof(a->local));
	if (domain.s < local.s && text[0] != '@')
		add_bang(&t, local);
	else
		text_add(&t, local);
	a->port = 0;
	a->params[0] = '\0';
	return true;
}

/* ---- from texts ---- */

/* A name, or an IP address, with or without brackets. */
static bool
domain_written(struct str s)
{
	struct addr	literal;

	if (s.len > 2 && s.s[0] == '[')
		return s.s[s.len - 1] == ']' && addr_parse(&literal,
		    str_make(s.s + 1, s.len - 2), 0) == 0;
	for (size_t i = 0; i < s.len; i++)
		if (!scan_is(s.s[i], CHAR_HOST))
			return false;
	return s.len > 0;
}

/* "host:5061"; an IPv6 address has its colons in brackets. */
static int
domain_port(struct address *a, struct str s)
{
	ptrdiff_t	colon = str_rchr(s, ':');
	uint32_t	port;

	if (colon >= 0 && str_chr(s, ']') < colon) {
		if (str_u32(str_make(s.s + colon + 1, s.len - (size_t)colon - 1),
		    &port) < 0 || port == 0 || port > UINT16_MAX)
			return -EBADMSG;
		a->port = (uint16_t)port;
		s.len = (size_t)colon;
	}
	return domain_written(s) ? take_domain(a, s) : -EBADMSG;
}

/* "program{a,b}#" off the front. */
static int
parse_app(struct address *a, struct str *text, const char **why)
{
	ptrdiff_t	hash = str_chr(*text, '#'), open = str_chr(*text, '{');
	int		error;

	if (open >= 0) {
		ptrdiff_t	close = str_chr(*text, '}');

		*why = "an application looks like program{a,b}#local@domain";
		if (open == 0 || close < open || (size_t)close + 1 >= text->len ||
		    text->s[close + 1] != '#')
			return -EBADMSG;
		hash = close + 1;
	}
	/* Without a program "#name" is a user as any other, until it is routed. */
	if (hash <= 0 || (open < 0 && !scan_is(text->s[0], CHAR_ALPHA)))
		return 0;
	error = take(a->app, str_make(text->s, (size_t)hash));
	scan_skip(text, (size_t)hash + 1);
	return error;
}

static bool
has_scheme(struct str text)
{
	return str_caseprefix(text, STR("sip:")) ||
	    str_caseprefix(text, STR("sips:")) || str_caseprefix(text, STR("tel:"));
}

static int
parse_name(struct address *a, struct str text, const char **why)
{
	struct str	local = text, domain;
	ptrdiff_t	at = str_rchr(text, '@');
	int		error;

	*why = "an address looks like local@domain";
	if (at == 0 && text.len > 1 && text.s[0] == '@' &&
	    str_chr(text, ':') > 0) {
		error = take(a->local, text);
		return error == 0 && !address_unwrap(a) ? -EBADMSG : error;
	}
	if (text.len > 0 && text.s[0] == '@')
		at = str_chr(text, ':') > 0 ? -1 : at;
	if (at < 0) {
		error = take(a->local, text);
		if (error == 0)
			address_unwrap(a);
		return error;
	}
	if (!split_at(text, at, &local, &domain))
		return -EBADMSG;
	error = take(a->local, local);
	return error < 0 ? error : domain_port(a, domain);
}

int
address_parse(struct address *a, struct str text, const char **why)
{
	struct address	v = { .port = 0 };
	const char	*unused;
	struct uri	u;
	int		 error;

	if (why == NULL)
		why = &unused;
	text = str_trim(text);
	if (text.len > 1 && text.s[0] == '<' && text.s[text.len - 1] == '>')
		text = str_make(text.s + 1, text.len - 2);
	*why = "an address looks like local@domain";
	if (text.len == 0)
		return -EBADMSG;
	if (has_scheme(text)) {
		*why = "that is no URI";
		return uri_parse(&u, text) < 0 ? -EBADMSG : address_of_uri(a, &u);
	}
	error = parse_app(&v, &text, why);
	if (error == 0)
		error = parse_name(&v, text, why);
	if (error == -ENAMETOOLONG)
		*why = "it is too long";
	if (error < 0)
		return error;
	*a = v;
	return 0;
}

/* ---- from URIs ---- */

/* %HH becomes what it stands for; "%" without digits stays, as in "x%y". */
static int
unescape(char dst[ADDRESS_MAX], struct str s)
{
	struct text	t;

	text_init(&t, dst, ADDRESS_MAX);
	for (size_t i = 0; i < s.len; i++) {
		int	high = -1, low = -1;

		if (s.s[i] == '%' && i + 2 < s.len) {
			high = scan_hex(s.s[i + 1]);
			low = scan_hex(s.s[i + 2]);
		}
		if (high < 0 || low < 0) {
			text_ch(&t, s.s[i]);
			continue;
		}
		if ((high << 4 | low) < ' ' || (high << 4 | low) == 0x7f)
			return -EBADMSG;
		text_ch(&t, (char)(high << 4 | low));
		i += 2;
	}
	return t.full ? -ENAMETOOLONG : 0;
}

/* "+44-20.7123" without what only people read. */
static void
digits_only(char *s)
{
	char	*to = s;

	for (const char *p = s; *p != '\0'; p++)
		if (strchr("-.()", *p) == NULL)
			*to++ = *p;
	*to = '\0';
}

/* RFC 3966 section 5.1.5: a context is a domain, or the digits to put before. */
static int
of_tel(struct address *a, const struct uri *u)
{
	struct str	context;
	struct text	t;

	text_init(&t, a->local, sizeof(a->local));
	if (u->user.s[0] != '+' && uri_param(u, "phone-context", &context)) {
		if (context.len > 0 && context.s[0] == '+')
			text_add(&t, context);
		else if (take_domain(a, context) < 0)
			return -ENAMETOOLONG;
	}
	text_add(&t, u->user);
	if (t.full)
		return -ENAMETOOLONG;
	digits_only(a->local);
	return 0;
}

int
address_of_uri(struct address *a, const struct uri *u)
{
	int	error;

	*a = (struct address){ .port = u->port,
	    .secure = u->scheme == URI_SIPS };
	if (u->scheme == URI_TEL)
		return of_tel(a, u);
	if (u->scheme == URI_OTHER)
		return -EBADMSG;
	error = unescape(a->local, u->user);
	if (error == 0)
		error = take_domain(a, u->host);
	if (error == 0)
		error = take(a->params, u->params);
	return error;
}

/* ---- the domain ---- */

bool
address_bracket(struct address *a)
{
	struct addr	addr;
	char		text[ADDRESS_MAX];

	if (a->domain[0] == '[')
		return true;
	if (addr_parse(&addr, str_of(a->domain), 0) < 0)
		return false;
	strlcpy(text, a->domain, sizeof(text));
	return snprintf(a->domain, sizeof(a->domain), "[%s]", text) <
	    (int)sizeof(a->domain);
}

bool
address_cut(struct address *a, const char *suffix)
{
	size_t	len = strlen(a->domain), n = strlen(suffix);

	if (len <= n || !str_caseeq(str_make(a->domain + len - n, n),
	    str_of(suffix)))
		return false;
	a->domain[len - n] = '\0';
	return true;
}

void
address_cut_port(struct address *a)
{
	char		*dot = strrchr(a->domain, '.');
	uint32_t	 port;
	struct addr	 literal;

	if (dot == NULL || dot == a->domain || a->port != 0 ||
	    addr_parse(&literal, str_of(a->domain), 0) == 0 ||
	    str_u32(str_of(dot + 1), &port) < 0 || port == 0 || port > UINT16_MAX)
		return;
	a->port = (uint16_t)port;
	*dot = '\0';
}

/* ---- into texts ---- */

void
address_print(const struct address *a, struct text *out)
{
	if (a->app[0] != '\0') {
		text_add(out, str_of(a->app));
		text_ch(out, '#');
	}
	text_add(out, str_of(a->local));
	if (a->domain[0] == '\0')
		return;
	text_ch(out, '@');
	text_add(out, str_of(a->domain));
	if (a->port != 0)
		text_printf(out, ":%u", a->port);
}

struct str
address_host(const struct address *a)
{
	size_t	len = strlen(a->domain);

	if (a->domain[0] == '[' && strchr(a->domain, ':') == NULL && len > 2)
		return str_make(a->domain + 1, len - 2);
	return str_make(a->domain, len);
}

static void
add_host(const struct address *a, struct text *out)
{
	text_add(out, address_host(a));
	if (a->port != 0)
		text_printf(out, ":%u", a->port);
}

static void
add_tail(const struct address *a, struct text *out)
{
	if (a->params[0] != '\0') {
		text_ch(out, ';');
		text_add(out, str_of(a->params));
	}
	if (a->transport != TRANSPORT_NONE)
		text_printf(out, ";transport=%s", transport_name(a->transport));
}

void
address_uri(const struct address *a, struct text *out)
{
	text_add(out, a->secure ? STR("sips:") : STR("sip:"));
	if (a->local[0] != '\0') {
		uri_add_user(out, str_of(a->local));
		text_ch(out, '@');
	}
	add_host(a, out);
	add_tail(a, out);
}

void
address_hop(const struct address *a, struct text *out)
{
	text_add(out, a->secure ? STR("sips:") : STR("sip:"));
	add_host(a, out);
	add_tail(a, out);
}
