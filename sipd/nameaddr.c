/*
 * nameaddr - one value of From, To, Contact, Route and their like, and walking
 * the values of list headers: RFC 3261 sections 7.3.1, 20 and 25.1.
 */
#include "sipd/nameaddr.h"

#include <errno.h>
#include <string.h>

#include "common/scan.h"
#include "sipd/msg.h"

/* ---- parameters ---------------------------------------------------------- */

int
param_next(struct str *rest, struct str *name, struct str *value, bool *quoted,
    struct str *text)
{
	struct str	in = *rest, n, v = STR_NONE, t;
	bool		q = false;

	if (in.len == 0)
		return 0;
	scan_blanks(&in);
	t.s = in.s;
	if (scan_token(&in, &n) < 0)
		return -EBADMSG;
	t.len = n.len;
	if (scan_sep(&in, '=')) {
		if (in.len > 0 && in.s[0] == '"') {
			q = true;
			if (scan_quoted(&in, &v) < 0)
				return -EBADMSG;
		} else {
			v = scan_plain(&in);
			if (v.len == 0)
				return -EBADMSG;
		}
		t.len = (size_t)(in.s - t.s);
	}
	if (scan_sep(&in, ';')) {
		if (in.len == 0)	/* nothing behind the last one */
			return -EBADMSG;
	} else {
		scan_blanks(&in);
		if (in.len > 0)
			return -EBADMSG;
	}
	*rest = in;
	*name = n;
	*value = v;
	if (quoted != NULL)
		*quoted = q;
	if (text != NULL)
		*text = t;
	return 1;
}

bool
nameaddr_param(const struct nameaddr *a, struct str name, struct str *value)
{
	struct str	rest = a->params, n, v;

	while (param_next(&rest, &n, &v, NULL, NULL) > 0) {
		if (str_caseeq(n, name)) {
			*value = v;
			return true;
		}
	}
	return false;
}

/* ";a;b=c" or nothing up to the end of in. Finds the tag on its way. */
static int
params_parse(struct nameaddr *a, struct str in)
{
	struct str	rest, name, value;
	int		r;

	scan_blanks(&in);
	if (in.len == 0)
		return 0;
	if (!scan_sep(&in, ';') || in.len == 0)
		return -EBADMSG;
	a->params = rest = in;
	while ((r = param_next(&rest, &name, &value, NULL, NULL)) > 0)
		if (name.len == 3 && a->tag.s == NULL &&
		    str_caseeq(name, STR("tag")))
			a->tag = value;
	return r;
}

/* ---- one value ----------------------------------------------------------- */

/*
 * What stands before '<': a quoted string, or words. RFC 3261 wants tokens;
 * phones send names with other characters, which harm nobody.
 */
static int
display_parse(struct nameaddr *a, struct str *in)
{
	const char	*start = in->s;
	struct str	 quoted;
	size_t		 n = 0;

	if (in->len > 0 && in->s[0] == '"') {
		if (scan_quoted(in, &quoted) < 0)
			return -EBADMSG;
		a->display = str_make(start, quoted.len + 2);
		scan_blanks(in);
		return 0;
	}
	while (n < in->len && in->s[n] != '<') {
		if (in->s[n] == '"' || in->s[n] == ',' || in->s[n] == '>' ||
		    in->s[n] == '\0')
			return -EBADMSG;
		n++;
	}
	a->display = str_trim(str_make(start, n));
	scan_skip(in, n);
	return 0;
}

static int
brackets_parse(struct nameaddr *a, struct str in)
{
	ptrdiff_t	end;

	if (display_parse(a, &in) < 0 || !scan_ch(&in, '<'))
		return -EBADMSG;
	end = str_chr(in, '>');
	if (end < 0 || uri_parse(&a->uri, str_make(in.s, (size_t)end)) < 0)
		return -EBADMSG;
	a->brackets = true;
	scan_skip(&in, (size_t)end + 1);
	return params_parse(a, in);
}

/* Without brackets: all behind ';' belongs to the header. */
static int
plain_parse(struct nameaddr *a, struct str in)
{
	size_t	n = 0;

	while (n < in.len && in.s[n] != ';' && !scan_is(in.s[n], CHAR_BLANK)) {
		if (in.s[n] == ',' || in.s[n] == '?')
			return -EBADMSG;
		n++;
	}
	if (uri_parse(&a->uri, str_make(in.s, n)) < 0)
		return -EBADMSG;
	scan_skip(&in, n);
	return params_parse(a, in);
}

/* Does '<' come before anything that only parameters may hold? */
static bool
has_brackets(struct str in)
{
	for (size_t i = 0; i < in.len; i++) {
		if (in.s[i] == '<')
			return true;
		if (in.s[i] == ';' || (in.s[i] == '"' && i > 0))
			return false;
		if (in.s[i] == '"')
			return true;
	}
	return false;
}

int
nameaddr_parse(struct nameaddr *out, struct str in)
{
	struct nameaddr	a = { .text = str_trim(in) };
	int		error;

	if (a.text.len == 0)
		return -EBADMSG;
	if (str_eq(a.text, STR("*"))) {
		a.star = true;
		*out = a;
		return 0;
	}
	if (has_brackets(a.text))
		error = brackets_parse(&a, a.text);
	else
		error = plain_parse(&a, a.text);
	if (error < 0)
		return error;
	*out = a;
	return 0;
}

/* ---- lists --------------------------------------------------------------- */

bool
list_next(struct str *rest, struct str *value)
{
	bool	quoted = false, brackets = false;
	size_t	i;

	if (rest->s == NULL)
		return false;
	/* Most lists have one value, and no comma at all. */
	for (i = memchr(rest->s, ',', rest->len) == NULL ? rest->len : 0;
	    i < rest->len; i++) {
		char	c = rest->s[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"' && !brackets) {
			quoted = true;
		} else if (c == '<') {
			brackets = true;
		} else if (c == '>') {
			brackets = false;
		} else if (c == ',' && !brackets) {
			break;
		}
	}
	if (i >= rest->len) {
		*value = str_trim(*rest);
		*rest = STR_NONE;
		return true;
	}
	*value = str_trim(str_make(rest->s, i));
	scan_skip(rest, i + 1);
	return true;
}

void
values_begin(struct values *c, const struct sip_msg *m, enum header id)
{
	c->m = m;
	c->line = SIP_NO_LINE;
	c->next = m->first[id];
	c->rest = STR_NONE;
}

bool
values_next(struct values *c, struct str *value)
{
	const struct sip_line	*l;

	if (list_next(&c->rest, value))
		return true;
	if (c->next == SIP_NO_LINE)
		return false;
	c->line = c->next;
	l = &c->m->line[c->line];
	c->next = l->next;
	c->rest = l->value;
	if (c->rest.s == NULL)		/* an empty line is one empty value */
		c->rest.s = "";
	return list_next(&c->rest, value);
}

int
nameaddr_next(struct values *c, struct nameaddr *out)
{
	struct str	value;

	if (!values_next(c, &value))
		return 0;
	return nameaddr_parse(out, value) < 0 ? -EBADMSG : 1;
}

int
nameaddr_nth(const struct sip_msg *m, enum header id, unsigned n,
    struct nameaddr *out)
{
	struct values	it;
	struct str	skipped;

	values_begin(&it, m, id);
	while (n > 0 && values_next(&it, &skipped))
		n--;
	return nameaddr_next(&it, out);
}

/* ---- numbers ------------------------------------------------------------- */

int
q_parse(struct str in, uint16_t *q)
{
	unsigned	v, place = 100;

	if (in.len == 0 || in.len > 5 || (in.s[0] != '0' && in.s[0] != '1') ||
	    (in.len > 1 && in.s[1] != '.'))
		return -EBADMSG;
	v = (unsigned)(in.s[0] - '0') * 1000;
	for (size_t i = 2; i < in.len; i++, place /= 10) {
		if (!scan_is(in.s[i], CHAR_DIGIT))
			return -EBADMSG;
		v += (unsigned)(in.s[i] - '0') * place;
	}
	if (v > 1000)
		return -EBADMSG;
	*q = (uint16_t)v;
	return 0;
}

int
seconds_parse(struct str in, uint32_t *s)
{
	int	error = str_u32(in, s);

	if (error == -ERANGE) {
		*s = UINT32_MAX;
		return 0;
	}
	return error;
}
