/*
 * auth_header - credentials and challenges: RFC 3261 sections 20.7 and 20.44,
 * RFC 7616, RFC 7235 section 2.1.
 */
#include "sipd/auth_header.h"

#include <errno.h>
#include <stddef.h>

#include "common/scan.h"
#include "sipd/msg.h"

static const struct {
	struct str	name;
	size_t		at;
} fields[] = {
#define F(name)	{ STR(#name), offsetof(struct auth, name) }
	F(username), F(realm), F(nonce), F(uri), F(response), F(algorithm),
	F(cnonce), F(nc), F(qop), F(opaque), F(domain),
#undef F
};
#define NFIELDS	(sizeof(fields) / sizeof(fields[0]))

static enum auth_scheme
scheme_id(struct str name)
{
	if (str_caseeq(name, STR("Digest")))
		return AUTH_DIGEST;
	if (str_caseeq(name, STR("Basic")))
		return AUTH_BASIC;
	if (str_caseeq(name, STR("NTLM")))
		return AUTH_NTLM;
	return AUTH_OTHER;
}

/* Without backslashes in's own bytes, else a copy in scratch. */
static int
unescape(struct str in, struct text *scratch, struct str *out)
{
	size_t	start = scratch->len;

	if (str_chr(in, '\\') < 0) {
		*out = in;
		return 0;
	}
	for (size_t i = 0; i < in.len; i++) {
		if (in.s[i] == '\\' && ++i == in.len)
			return -EBADMSG;
		text_ch(scratch, in.s[i]);
	}
	if (scratch->full)
		return -EMSGSIZE;
	*out = str_make(scratch->s + start, scratch->len - start);
	return 0;
}

/*
 * What stands behind '='. Unquoted it goes up to a blank or comma: some phones
 * leave the quotes of uri= out.
 */
static int
value_parse(struct str *in, struct text *scratch, struct str *out)
{
	struct str	raw;
	size_t		n = 0;
	int		error;

	if (in->len > 0 && in->s[0] == '"') {
		if (scan_quoted(in, &raw) < 0)
			return -EBADMSG;
		error = unescape(raw, scratch, out);
		if (error < 0)
			return error;
		return scan_has_control(*out) ? -EBADMSG : 0;
	}
	while (n < in->len && !scan_is(in->s[n], CHAR_BLANK) &&
	    in->s[n] != ',' && in->s[n] != '"' && in->s[n] > 0)
		n++;
	*out = str_make(in->s, n);
	scan_skip(in, n);
	return 0;
}

static int
param_set(struct auth *a, struct str name, struct str value)
{
	if (str_caseeq(name, STR("stale"))) {
		a->stale = str_caseeq(value, STR("true"));
		return 0;
	}
	for (size_t i = 0; i < NFIELDS; i++) {
		struct str	*field = (struct str *)((char *)a + fields[i].at);

		if (!str_caseeq(name, fields[i].name))
			continue;
		if (field->s != NULL)
			return -EBADMSG;
		*field = value;
		return 0;
	}
	return 0;
}

static int
params_parse(struct auth *a, struct str in, struct text *scratch)
{
	struct str	name, value;
	int		error;

	do {
		if (scan_token(&in, &name) < 0 || !scan_sep(&in, '='))
			return -EBADMSG;
		error = value_parse(&in, scratch, &value);
		if (error == 0)
			error = param_set(a, name, value);
		if (error < 0)
			return error;
	} while (scan_sep(&in, ','));
	scan_blanks(&in);
	return in.len == 0 ? 0 : -EBADMSG;
}

int
auth_parse(struct auth *out, struct str value, struct text *scratch)
{
	struct auth	a = { 0 };
	struct str	in = str_trim(value);
	int		error;

	if (in.len > AUTH_VALUE_MAX || scan_token(&in, &a.scheme_text) < 0)
		return -EBADMSG;
	if (in.len > 0 && !scan_is(in.s[0], CHAR_BLANK))
		return -EBADMSG;
	scan_blanks(&in);
	a.scheme = scheme_id(a.scheme_text);
	a.rest = in;
	if (a.scheme == AUTH_DIGEST) {
		error = params_parse(&a, in, scratch);
		if (error < 0)
			return error;
	}
	*out = a;
	return 0;
}

int
auth_next(struct auth *out, const struct sip_msg *m, enum header id,
    unsigned *line, struct text *scratch)
{
	const struct sip_line	*l = sip_first(m, id);

	for (unsigned i = 0; i < *line && l != NULL; i++)
		l = sip_next(m, l);
	for (; l != NULL; l = sip_next(m, l)) {
		size_t	used = scratch->len;

		(*line)++;
		if (auth_parse(out, l->value, scratch) == 0 &&
		    out->scheme == AUTH_DIGEST)
			return 1;
		scratch->len = used;
		scratch->full = false;
	}
	return 0;
}

void
auth_to_record(struct rec_digest *out, const struct auth *a)
{
	*out = (struct rec_digest){
		.username = a->username,
		.realm = a->realm,
		.nonce = a->nonce,
		.uri = a->uri,
		.response = a->response,
		.algorithm = a->algorithm,
		.cnonce = a->cnonce,
		.nc = a->nc,
		.qop = a->qop,
		.opaque = a->opaque,
	};
}
