/*
 * trunk - the difference between a request of ours and the same at a gateway.
 *
 * targets.c dresses what goes there, forward.c writes it so and undresses responses.
 * Substitute To needs the Request-URI, Substitute From comes after it, the credential
 * covers both ((a.2) F): it is made last, by leg_gateway.c. RFC 3261 sections 8.1.3.5
 * and 22.2; RFC 3323 and 3325 for who calls.
 */
#include "sipd/trunk.h"

#include <stdlib.h>

#include "common/uri.h"
#include "sipd/msg.h"

#define ANONYMOUS	"\"Anonymous\" <sip:anonymous@anonymous.invalid>"

static void
set(char **field, struct str s)
{
	free(*field);
	*field = str_dup_or_null(s);
}

struct trunk *
trunk_new(struct gateway *g, const struct sip_msg *m)
{
	struct trunk	*t = xcalloc(1, sizeof(*t));

	t->gateway = g;
	t->here_from = str_dup(m->from.text);
	t->here_to = str_dup(m->to.text);
	t->here_cseq = m->cseq;
	return t;
}

void
trunk_free(struct trunk *t)
{
	if (t == NULL)
		return;
	if (t->channel)
		gateway_give(t->gateway);
	free(t->from);
	free(t->to);
	free(t->identity);
	free(t->codes);
	free(t->here_from);
	free(t->here_to);
	free(t->credential);
	free(t->nonce);
	free(t);
}

/* ---- what it looks like ---- */

bool
trunk_wants_privacy(const struct sip_msg *m)
{
	struct str	rest = sip_value(m, HDR_PRIVACY), word;

	while (str_cut(&rest, ';', &word))
		if (str_caseeq(str_trim(word), STR("id")) ||
		    str_caseeq(str_trim(word), STR("user")) ||
		    str_caseeq(str_trim(word), STR("header")))
			return true;
	return false;
}

/* <sip:user@host>; the host is that of a URI, without port and parameters. */
static struct str
name_addr(struct text *t, struct str user, bool escape, struct str of)
{
	struct uri	u;

	if (uri_parse(&u, of) < 0)
		return STR_NONE;
	text_add(t, u.scheme == URI_SIPS ? STR("<sips:") : STR("<sip:"));
	if (escape)
		uri_add_user(t, user);
	else
		text_add(t, user);
	if (user.len > 0)
		text_ch(t, '@');
	text_add(t, u.host);
	text_ch(t, '>');
	return t->full ? STR_NONE : text_str(t);
}

static struct str
bracketed(struct text *t, struct str uri)
{
	text_ch(t, '<');
	text_add(t, uri);
	text_ch(t, '>');
	return t->full ? STR_NONE : text_str(t);
}

/* Row 178: the Request-URI without port and parameters. */
static void
dress_to(struct trunk *t, struct str uri)
{
	char		buf[3000];
	struct text	text;
	struct uri	u;

	text_init(&text, buf, sizeof(buf));
	if (uri_parse(&u, uri) == 0)
		set(&t->to, name_addr(&text, u.user, false, uri));
}

/* Row 177, and what the gateway's lines "caller-id" say. */
static void
dress_from(struct trunk *t, const struct gateway_facts *f, struct str uri,
    struct str caller_id, bool hidden)
{
	char		buf[3000];
	struct text	text;
	struct str	aor = str_of(f->aor);

	text_init(&text, buf, sizeof(buf));
	if ((f->substitute_from || str_eq(caller_id, STR("username"))) && aor.len > 0)
		set(&t->from, bracketed(&text, aor));
	else if (str_eq(caller_id, STR("anonymous")) || hidden)
		set(&t->from, STR(ANONYMOUS));
	else if (caller_id.len > 0)
		set(&t->from, name_addr(&text, caller_id, true, uri));
}

static void
dress_identity(struct trunk *t, struct str uri, struct str caller_id, struct str account)
{
	char		buf[3000];
	struct text	text;

	text_init(&text, buf, sizeof(buf));
	if (caller_id.len > 0 && !str_eq(caller_id, STR("anonymous")) &&
	    !str_eq(caller_id, STR("username"))) {
		set(&t->identity, name_addr(&text, caller_id, true, uri));
	} else if (account.len > 0) {
		text_add(&text, STR("<sip:"));
		text_add(&text, account);
		text_ch(&text, '>');
		set(&t->identity, text.full ? STR_NONE : text_str(&text));
	}
}

void
trunk_dress(struct trunk *t, const struct gateway_facts *f, const struct sip_msg *m,
    struct str uri, struct str caller_id, struct str account)
{
	t->signs = f->authenticate != CALLS_AUTH_OFF;
	t->trusted = f->trusted;
	if (f->substitute_to)
		dress_to(t, uri);
	dress_from(t, f, uri, caller_id, !f->trusted && trunk_wants_privacy(m));
	if (f->trusted)
		dress_identity(t, uri, caller_id, account);
}

/* ---- in records ---- */

struct str
trunk_print(const struct trunk *t, char buf[TRUNK_TEXT_MAX])
{
	struct text	out;

	text_init(&out, buf, TRUNK_TEXT_MAX);
	text_printf(&out, "%.*s\n%u\n%s\n%s\n%s\n%s\n%u",
	    STR_ARG(t->gateway != NULL ? gateway_name(t->gateway) : STR_NONE), t->shift,
	    t->from != NULL ? t->from : "", t->to != NULL ? t->to : "",
	    t->identity != NULL ? t->identity : "", t->codes != NULL ? t->codes : "",
	    (unsigned)t->signs | (unsigned)t->trusted << 1 |
	    (unsigned)t->answered << 2);
	return out.full ? STR_NONE : text_str(&out);
}

bool
trunk_read(struct trunk *t, struct str text)
{
	struct str	name, shift, from, to, identity, codes;
	uint32_t	flags;

	if (!str_cut(&text, '\n', &name) || !str_cut(&text, '\n', &shift) ||
	    !str_cut(&text, '\n', &from) || !str_cut(&text, '\n', &to) ||
	    !str_cut(&text, '\n', &identity) || !str_cut(&text, '\n', &codes) ||
	    str_u32(shift, &t->shift) < 0 || str_u32(text, &flags) < 0)
		return false;
	t->gateway = gateway_named(name);
	set(&t->from, from);
	set(&t->to, to);
	set(&t->identity, identity);
	set(&t->codes, codes);
	t->signs = flags & 1;
	t->trusted = flags & 2;
	t->answered = flags & 4;
	return true;
}

/* ---- writing ---- */

/* What was written since begin, for an edit. */
static struct str
taken(struct edits *e, struct trunk_scratch *s, size_t begin)
{
	e->failed |= s->t.full;
	return str_make(s->t.s + begin, s->t.len - begin);
}

/* Another name-addr, the same parameters: the tag is among them. */
static void
replace_party(struct edits *e, struct trunk_scratch *s, const struct nameaddr *old,
    const char *with)
{
	size_t	begin = s->t.len;

	if (with == NULL)
		return;
	text_add(&s->t, str_of(with));
	if (old->params.len > 0) {
		text_ch(&s->t, ';');
		text_add(&s->t, old->params);
	}
	edit_replace(e, old->text, taken(e, s, begin));
}

static void
replace_cseq(struct edits *e, struct trunk_scratch *s, uint32_t number)
{
	const struct sip_line	*l = sip_first(e->m, HDR_CSEQ);
	size_t			 begin = s->t.len;

	if (l == NULL || number == e->m->cseq)
		return;
	text_u64(&s->t, number);
	text_ch(&s->t, ' ');
	text_add(&s->t, e->m->cseq_method);
	edit_replace(e, l->value, taken(e, s, begin));
}

/* RFC 3262 section 7.2: the PRACK names the INVITE by its CSeq. */
static void
shift_rack(struct edits *e, struct trunk_scratch *s, uint32_t shift)
{
	struct str	rest = sip_value(e->m, HDR_RACK), rseq, number;
	size_t		begin = s->t.len;
	uint32_t	cseq;

	if (shift == 0 || rest.len == 0 || !str_cut(&rest, ' ', &rseq))
		return;
	rest = str_trim(rest);
	if (!str_cut(&rest, ' ', &number) || str_u32(number, &cseq) < 0)
		return;
	text_add(&s->t, rseq);
	text_printf(&s->t, " %u %.*s", cseq + shift, STR_ARG(str_trim(rest)));
	edit_replace(e, sip_value(e->m, HDR_RACK), taken(e, s, begin));
}

void
trunk_edit(const struct trunk *t, struct edits *e, struct trunk_scratch *s)
{
	text_init(&s->t, s->buf, sizeof(s->buf));
	replace_party(e, s, &e->m->from, t->from);
	replace_party(e, s, &e->m->to, t->to);
	replace_cseq(e, s, e->m->cseq + t->shift);
	shift_rack(e, s, t->invite_shift);
	if (t->gateway == NULL)
		return;
	if (t->identity != NULL)
		edit_add_header(e, header_name(HDR_P_ASSERTED_IDENTITY),
		    str_of(t->identity));
	if (t->credential != NULL)
		edit_add_header(e, header_name(t->proxy ? HDR_PROXY_AUTHORIZATION :
		    HDR_AUTHORIZATION), str_of(t->credential));
}

/* A To that came without a tag gets that of the response. */
static void
restore_to(const struct trunk *t, struct edits *e, struct trunk_scratch *s)
{
	const struct sip_msg	*m = e->m;
	struct nameaddr		 here;
	size_t			 begin = s->t.len;

	text_add(&s->t, str_of(t->here_to));
	if (nameaddr_parse(&here, str_of(t->here_to)) == 0 && here.tag.len == 0 &&
	    m->to_tag.len > 0) {
		text_add(&s->t, STR(";tag="));
		text_add(&s->t, m->to_tag);
	}
	edit_replace(e, m->to.text, taken(e, s, begin));
}

void
trunk_edit_back(const struct trunk *t, struct edits *e, struct trunk_scratch *s)
{
	static const enum header	theirs[] = {	/* between us and it alone */
		HDR_WWW_AUTHENTICATE, HDR_PROXY_AUTHENTICATE,
		HDR_AUTHENTICATION_INFO, HDR_PROXY_AUTHENTICATION_INFO,
	};

	text_init(&s->t, s->buf, sizeof(s->buf));
	if (t->from != NULL)
		edit_replace(e, e->m->from.text, str_of(t->here_from));
	if (t->to != NULL)
		restore_to(t, e, s);
	replace_cseq(e, s, t->here_cseq);
	for (size_t i = 0; t->gateway != NULL && i < sizeof(theirs) / sizeof(theirs[0]); i++)
		edit_remove_header(e, theirs[i]);
}
