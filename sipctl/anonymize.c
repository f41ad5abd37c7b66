/*
 * anonymize - pseudonyms for who and where.
 *
 * A text is walked once. What looks like USER@HOST, like a host behind "sip:" or in
 * a Via, like an address or a long number is given its pseudonym; in headers that
 * name people, so is what stands in quotes; some headers lose their value. It need
 * not be valid SIP: notes of the recorder go through it as well.
 */
#include "sipctl/anonymize.h"

#include <stdlib.h>

#include "sipctl/pseudonym.h"

#define NUMBER_MIN	5	/* digits of what is taken for a telephone number */

/* ---- one text ---- */

/* What is written, and where slices of what was read are in it. */
struct rewriting {
	struct pseudonyms *a;
	struct str	 in;
	size_t		 at;		/* in in */
	char		*out;
	size_t		 n, size;
	struct record_slice *slices[5];	/* or NULL; moved as they are passed */
	struct record_slice moved[5];
	bool		 note;		/* no headers */
};

/* The cursor goes on to to; text is written for what it passes. */
static void
put(struct rewriting *w, size_t to, struct str text)
{
	if (w->n + text.len + 1 > w->size) {
		w->size = (w->n + text.len) * 2 + 256;
		w->out = xrealloc(w->out, w->size, 1);
	}
	for (size_t i = 0; i < 5; i++) {
		const struct record_slice	*s = w->slices[i];

		if (s == NULL || s->len == 0)
			continue;
		if (s->at >= w->at && s->at < to)
			w->moved[i].at = (uint16_t)w->n;
		if ((size_t)s->at + s->len > w->at && (size_t)s->at + s->len <= to)
			w->moved[i].len = (uint16_t)(w->n + text.len - w->moved[i].at);
	}
	if (text.len > 0)
		memcpy(w->out + w->n, text.s, text.len);
	w->n += text.len;
	w->at = to;
}

static void
put_for(struct rewriting *w, size_t len, enum pseudonym_kind kind)
{
	struct str	original = str_make(w->in.s + w->at, len);

	put(w, w->at + len, str_of(pseudonym(w->a, kind, original)));
}

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
is_digits(struct str s)
{
	size_t	i = s.len > 0 && s.s[0] == '+';

	for (; i < s.len; i++)
		if (s.s[i] < '0' || s.s[i] > '9')
			return false;
	return s.len > 0;
}

/* The run of octets of set, letters and digits from at on. */
static size_t
run(const struct rewriting *w, size_t at, const char *set)
{
	size_t	i = at;

	while (i < w->in.len && (is_alnum(w->in.s[i]) ||
	    (w->in.s[i] != '\0' && strchr(set, w->in.s[i]) != NULL)))
		i++;
	return i - at;
}

/* An address at the cursor? Its octets, also with brackets. */
static size_t
address_at(const struct rewriting *w, struct addr *out)
{
	const char	*s = w->in.s + w->at;
	size_t		 len, left = w->in.len - w->at;
	const char	*end;

	if (left == 0)
		return 0;
	if (s[0] == '[' && (end = memchr(s, ']', left < 48 ? left : 48)) != NULL &&
	    addr_parse(out, str_make(s, (size_t)(end - s) + 1), 0) == 0)
		return (size_t)(end - s) + 1;
	len = run(w, w->at, ".:");
	if (len > 2 && len < 48 && addr_parse(out, str_make(s, len), 0) == 0)
		return len;
	len = run(w, w->at, ".");
	while (len > 0 && s[len - 1] == '.')
		len--;
	return len > 6 && addr_parse(out, str_make(s, len), 0) == 0 ? len : 0;
}

static void
put_host(struct rewriting *w)
{
	struct addr	addr;
	size_t		len = address_at(w, &addr);

	if (len > 0 && w->in.s[w->at] == '[') {
		put(w, w->at, STR("["));
		put(w, w->at + len, str_of(pseudonym_address(w->a, &addr)));
		put(w, w->at, STR("]"));
	} else if (len > 0) {
		put(w, w->at + len, str_of(pseudonym_address(w->a, &addr)));
	} else if ((len = run(w, w->at, ".-")) > 0)
		put_for(w, len, HOST);
}

/* USER@HOST at the cursor. */
static bool
put_user_at_host(struct rewriting *w)
{
	size_t		len = run(w, w->at, ".+_~!*'%&=$-"), at = w->at + len;
	struct str	user = str_make(w->in.s + w->at, len);

	if (len == 0 || at >= w->in.len || w->in.s[at] != '@')
		return false;
	put_for(w, len, is_digits(user) ? NUMBER : USER);
	put(w, w->at + 1, STR("@"));
	put_host(w);
	return true;
}

static bool
starts(const struct rewriting *w, const char *word)
{
	return str_caseprefix(str_make(w->in.s + w->at, w->in.len - w->at), str_of(word));
}

/* "sip:" and the like: then a host, if no USER@. */
static bool
put_scheme(struct rewriting *w)
{
	static const char	*const schemes[] = { "sips:", "sip:", "tel:" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t	len = strlen(schemes[i]);

		if (!starts(w, schemes[i]))
			continue;
		put(w, w->at + len, str_make(w->in.s + w->at, len));
		if (schemes[i][0] == 't')
			put_for(w, run(w, w->at, "+-.()"), NUMBER);
		else if (!put_user_at_host(w))
			put_host(w);
		return true;
	}
	return false;
}

/* What names somebody wherever it stands. */
static bool
put_word(struct rewriting *w)
{
	struct addr	addr;
	size_t		len;

	if (w->at > 0 && is_alnum(w->in.s[w->at - 1]))
		return false;
	if (put_scheme(w) || put_user_at_host(w))
		return true;
	if ((len = address_at(w, &addr)) > 0) {
		put_host(w);
		return true;
	}
	len = run(w, w->at, "+");
	if (w->note && len >= NUMBER_MIN && (w->at == 0 || w->in.s[w->at - 1] != ':') &&
	    is_digits(str_make(w->in.s + w->at, len))) {
		put_for(w, len, NUMBER);
		return true;
	}
	len = run(w, w->at, ".-");		/* a host that is known from elsewhere */
	if (len > 0 && pseudonym_known(w->a, HOST, str_make(w->in.s + w->at, len))) {
		put_for(w, len, HOST);
		return true;
	}
	return false;
}

/* ---- headers ---- */

enum treatment { AS_IT_IS, NAMES_PEOPLE, VIA, ID, REMOVED };

static const struct {
	const char	*name;
	enum treatment	 how;
} headers[] = {
	{ "From", NAMES_PEOPLE }, { "f", NAMES_PEOPLE }, { "To", NAMES_PEOPLE },
	{ "t", NAMES_PEOPLE }, { "Contact", NAMES_PEOPLE }, { "m", NAMES_PEOPLE },
	{ "P-Asserted-Identity", NAMES_PEOPLE }, { "P-Preferred-Identity", NAMES_PEOPLE },
	{ "Remote-Party-ID", NAMES_PEOPLE }, { "Diversion", NAMES_PEOPLE },
	{ "Reply-To", NAMES_PEOPLE }, { "Refer-To", NAMES_PEOPLE },
	{ "Referred-By", NAMES_PEOPLE }, { "History-Info", NAMES_PEOPLE },
	{ "Authorization", NAMES_PEOPLE }, { "Proxy-Authorization", NAMES_PEOPLE },
	{ "WWW-Authenticate", VIA }, { "Proxy-Authenticate", VIA },
	{ "Via", VIA }, { "v", VIA }, { "Call-ID", ID }, { "i", ID },
	{ "Subject", REMOVED }, { "s", REMOVED }, { "Organization", REMOVED },
	{ "Call-Info", REMOVED }, { "Alert-Info", REMOVED }, { "Error-Info", REMOVED },
	{ "Identity", REMOVED }, { "Geolocation", REMOVED },
};

static enum treatment
treatment_of(struct str name)
{
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (str_caseeq(name, str_of(headers[i].name)))
			return headers[i].how;
	return AS_IT_IS;
}

/* Where the quote that begins at the cursor ends, at most end. */
static size_t
quote_end(const struct rewriting *w, size_t end)
{
	size_t	close = w->at + 1;

	while (close < end && w->in.s[close] != '"')
		close += w->in.s[close] == '\\' ? 2 : 1;
	return close < end ? close : end;
}

static void
put_words(struct rewriting *w, size_t end)
{
	while (w->at < end)
		if (!put_word(w))
			put(w, w->at + 1, str_make(w->in.s + w->at, 1));
}

/* What a quoted text is, by what stands before it; KINDS: neither name nor host. */
static enum pseudonym_kind
kind_of_quote(struct str before, bool names_people)
{
	static const struct {
		struct str		name;
		enum pseudonym_kind	kind;
	} params[] = { { STR("username="), USER }, { STR("realm="), HOST } };

	for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++) {
		struct str	n = params[i].name;

		if (before.len >= n.len && str_caseeq(str_make(before.s + before.len - n.len,
		    n.len), n))
			return params[i].kind;
	}
	return names_people && (before.len == 0 || before.s[before.len - 1] != '=') ?
	    NAME : PSEUDONYM_KINDS;
}

/* value: where the header's value began. */
static void
put_quote(struct rewriting *w, size_t value, size_t end, bool names_people)
{
	size_t			close = quote_end(w, end);
	enum pseudonym_kind	kind = kind_of_quote(str_make(w->in.s + value,
				    w->at - value), names_people);

	put(w, w->at + 1, STR("\""));
	if (kind == PSEUDONYM_KINDS)
		put_words(w, close);
	else if (close > w->at)
		put_for(w, close - w->at, kind);
	if (w->at < end)
		put(w, w->at + 1, STR("\""));
}

/* At the blank before a Via's sent-by: "SIP/2.0/UDP host:port;...". */
static bool
before_sent_by(const struct rewriting *w, size_t value, size_t end)
{
	const char	*begin = w->in.s + value;
	size_t		 n = w->at - value;

	return w->in.s[w->at] == ' ' && w->at + 1 < end && is_alnum(w->in.s[w->at + 1]) &&
	    memchr(begin, '/', n) != NULL && memchr(begin, ';', n) == NULL;
}

/* From the colon's right to the end of the line. */
static void
put_value(struct rewriting *w, size_t end, enum treatment how)
{
	size_t	value = w->at;

	while (w->at < end && w->in.s[w->at] == ' ')
		put(w, w->at + 1, STR(" "));
	if (how == REMOVED && w->at < end)
		put(w, end, STR("removed"));
	if (how == ID && w->at < end) {
		put_for(w, end - w->at, CALL_ID);
		return;
	}
	while (w->at < end)
		if (w->in.s[w->at] == '"' && how != AS_IT_IS)
			put_quote(w, value, end, how == NAMES_PEOPLE);
		else if (how == VIA && before_sent_by(w, value, end)) {
			put(w, w->at + 1, STR(" "));
			put_host(w);
		} else if (!put_word(w))
			put(w, w->at + 1, str_make(w->in.s + w->at, 1));
}

static void
put_line(struct rewriting *w, size_t end, bool body)
{
	size_t	name = run(w, w->at, "-.!%*_+`'~"), colon = w->at + name;

	if (body && starts(w, "o="))
		put(w, w->at + 2 + run(w, w->at + 2, "-.!%*_+`'~@"), STR("o=-"));
	if (!body && !w->note && name > 0 && colon < end && w->in.s[colon] == ':') {
		struct str	header = str_make(w->in.s + w->at, name);

		put(w, colon + 1, str_make(w->in.s + w->at, name + 1));
		put_value(w, end, treatment_of(header));
	} else
		put_value(w, end, AS_IT_IS);
	while (w->at < w->in.len && (w->at == end || w->in.s[w->at - 1] != '\n'))
		put(w, w->at + 1, str_make(w->in.s + w->at, 1));
}

static void
rewrite(struct rewriting *w)
{
	bool	body = false;

	while (w->at < w->in.len) {
		const char	*s = w->in.s + w->at;
		const char	*nl = memchr(s, '\n', w->in.len - w->at);
		size_t		 end = nl != NULL ? (size_t)(nl - w->in.s) : w->in.len;

		end -= end > w->at && w->in.s[end - 1] == '\r';
		body |= s[0] == '\r' || s[0] == '\n';
		put_line(w, end, body);
	}
}

/* ---- records ---- */

static void
rewrite_peer(struct pseudonyms *a, uint8_t octets[16], uint8_t family)
{
	struct addr	addr = { .len = 0 }, other;

	if (family == 4) {
		addr.in.sin_family = AF_INET;
		memcpy(&addr.in.sin_addr, octets, 4);
		addr.len = sizeof(addr.in);
	} else if (family == 6) {
		addr.in6.sin6_family = AF_INET6;
		memcpy(&addr.in6.sin6_addr, octets, 16);
		addr.len = sizeof(addr.in6);
	} else
		return;
	if (addr_parse(&other, str_of(pseudonym_address(a, &addr)), 0) == 0)
		memcpy(octets, addr_bytes(&other).s, addr_bytes(&other).len);
}

static void
replace(struct trace_record *r, const void *head, size_t head_len,
    const struct rewriting *w)
{
	struct record	*c = xcalloc(1, sizeof(*c) + head_len + w->n);

	*c = *r->c;
	c->length = (uint32_t)(head_len + w->n);
	memcpy((char *)(c + 1), head, head_len);
	if (w->n > 0)
		memcpy((char *)(c + 1) + head_len, w->out, w->n);
	free((void *)(uintptr_t)r->c);
	r->c = c;
}

static void
anonymize_message(struct pseudonyms *a, struct trace_record *r)
{
	struct record_message	m;
	struct rewriting	w = { .a = a };

	if (!record_read_message(r->c, &m, &w.in))
		return;
	w.slices[0] = &m.label;
	w.slices[1] = &m.method;
	w.slices[2] = &m.call_id;
	w.slices[3] = &m.from;
	w.slices[4] = &m.to;
	rewrite(&w);
	m.label = w.moved[0];
	m.method = w.moved[1];
	m.call_id = w.moved[2];
	m.from = w.moved[3];
	m.to = w.moved[4];
	rewrite_peer(a, m.remote, m.family);
	rewrite_peer(a, m.local, m.family);
	replace(r, &m, sizeof(m), &w);
	free(w.out);
}

static void
anonymize_note(struct pseudonyms *a, struct trace_record *r)
{
	struct record_note	n;
	struct rewriting	w = { .a = a, .note = true };
	char			tag[9];

	if (!record_read_note(r->c, tag, &w.in))
		return;
	memcpy(&n, r->c + 1, sizeof(n));
	rewrite(&w);
	replace(r, &n, sizeof(n), &w);
	free(w.out);
}

void
anonymize(struct trace *t, struct pseudonyms *a)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].c->kind == RECORD_IN || t->v[i].c->kind == RECORD_OUT)
			anonymize_message(a, &t->v[i]);
	/* Last: what hosts there are is known now. */
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].c->kind != RECORD_IN && t->v[i].c->kind != RECORD_OUT)
			anonymize_note(a, &t->v[i]);
}

char *
anonymize_text(struct str text, struct pseudonyms *a)
{
	struct rewriting	w = { .a = a, .note = true, .in = text };
	char			*out;

	rewrite(&w);
	out = str_dup(str_make(w.out, w.n));
	free(w.out);
	return out;
}
