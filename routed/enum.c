/*
 * enum - numbers in DNS.
 *
 * The records of a name are looked at in order and preference; the first that is
 * about SIP and whose expression matches gives the address. A rule without flags
 * leads to the records of another name; if nothing comes of those, the next rule
 * of the first name is looked at, as long as there are questions left (names.h).
 */
#include "routed/enum.h"

#include <errno.h>

#include "common/log.h"
#include "common/regexp.h"
#include "common/scan.h"
#include "common/stats.h"
#include "common/uri.h"

/* One number under way. */
struct search {
	struct lookup	*lookup;
	struct str	 number;
	struct text	 out;
	struct trace	*trace;
};

/* ---- rules ---- */

/* Cuts the part before the next delimiter that has no backslash before it. */
static bool
cut_part(struct str *rest, char delimiter, struct str *part)
{
	for (size_t i = 0; i < rest->len; i++) {
		if (rest->s[i] == '\\')
			i++;
		else if (rest->s[i] == delimiter) {
			*part = str_make(rest->s, i);
			*rest = str_make(rest->s + i + 1, rest->len - i - 1);
			return true;
		}
	}
	return false;
}

/* The delimiter's backslash goes; those before digits and backslashes stay. */
static void
unescape(struct text *out, struct str in, char delimiter)
{
	for (size_t i = 0; i < in.len; i++) {
		if (in.s[i] == '\\' && i + 1 < in.len) {
			if (in.s[i + 1] != delimiter)
				text_ch(out, '\\');
			i++;
		}
		text_ch(out, in.s[i]);
	}
}

int
enum_apply(struct str rule, struct str number, struct text *out)
{
	struct str	 ere, by, groups[REGEXP_GROUPS];
	char		 buf[DNS_REGEXP_MAX + 1], delimiter;
	struct text	 t;
	struct regexp	*r;
	const char	*why;
	size_t		 at;
	bool		 any_case;
	int		 error;

	if (rule.len == 0)
		return -EBADMSG;
	delimiter = rule.s[0];
	scan_skip(&rule, 1);
	if (scan_is(delimiter, CHAR_DIGIT | CHAR_ALPHA) || delimiter == '\\' ||
	    !cut_part(&rule, delimiter, &ere) || !cut_part(&rule, delimiter, &by))
		return -EBADMSG;
	any_case = str_caseeq(rule, STR("i"));
	if (rule.len > 0 && !any_case)
		return -EBADMSG;
	text_init(&t, buf, sizeof(buf));
	unescape(&t, by, delimiter);
	if (t.full || regexp_new(&r, ere, any_case, &why, &at) < 0)
		return -EBADMSG;
	error = regexp_match(r, number, groups);
	if (error == 0 && regexp_expand(out, text_str(&t), '\\', groups) < 0)
		error = -EBADMSG;
	regexp_free(r);
	return error == 0 && out->full ? -E2BIG : error;
}

/* ---- services ---- */

/* RFC 6116 section 3.4.3: E2U, then +type:subtype...; before that, type+E2U. */
bool
enum_is_sip(struct str service)
{
	struct str	part, type;
	bool		e2u = false, sip = false;

	while (str_cut(&service, '+', &part)) {
		type = part;
		str_cut(&part, ':', &type);
		e2u |= str_caseeq(type, STR("E2U"));
		sip |= str_caseeq(type, STR("sip"));
	}
	return e2u && sip;
}

/* ---- records ---- */

static int	look(struct search *s, struct str name, unsigned step);

/* What makes an address of ours of it: it came from strangers. */
static bool
is_address(struct str text)
{
	struct uri	u;

	return !scan_has_control(text) && uri_parse(&u, text) == 0 &&
	    (u.scheme == URI_SIP || u.scheme == URI_SIPS) && u.host.len > 0;
}

static int
terminal(struct search *s, const struct dns_record *r)
{
	int	error;

	s->out.len = 0;
	s->out.full = false;
	error = enum_apply(r->regexp, s->number, &s->out);
	if (error == 0 && !is_address(text_str(&s->out)))
		error = -EBADMSG;
	if (error == 0)
		trace_step(s->trace, "enum", true, "%.*s -> %s", STR_ARG(r->service),
		    log_str(text_str(&s->out)));
	else if (error != -ENOENT) {
		stats->enum_bad++;
		trace_step(s->trace, "enum", false, "rule %s: %s",
		    log_str(r->regexp), error == -ELOOP ? "it takes too many steps" :
		    error == -E2BIG ? "what it makes is too long" :
		    "it is malformed, or makes no SIP address");
	}
	return error;
}

/* A rule that leads to another name: by its replacement, or by its expression. */
static int
further(struct search *s, const struct dns_record *r, unsigned step)
{
	char		buf[DNS_NAME_MAX + 1];
	struct text	t;

	if (r->name.len > 0 && r->regexp.len == 0)
		return look(s, r->name, step + 1);
	text_init(&t, buf, sizeof(buf));
	if (r->name.len > 0 || enum_apply(r->regexp, s->number, &t) < 0 ||
	    t.len == 0) {
		stats->enum_bad++;
		return -ENOENT;
	}
	return look(s, text_str(&t), step + 1);
}

static int
try_record(struct search *s, const struct dns_record *r, unsigned step)
{
	if (str_caseeq(r->flags, STR("u")))
		return enum_is_sip(r->service) ? terminal(s, r) : -ENOENT;
	if (r->flags.len == 0 && (r->service.len == 0 || enum_is_sip(r->service)))
		return further(s, r, step);
	return -ENOENT;
}

static int
look(struct search *s, struct str name, unsigned step)
{
	const struct dns_set	*set;
	int			 error, worst = -ENOENT;

	if (step > ENUM_STEPS_MAX) {
		stats->enum_bad++;
		trace_step(s->trace, "enum", false, "more than %d rules that lead to "
		    "others", ENUM_STEPS_MAX);
		return -ENOENT;
	}
	error = lookup_ask(s->lookup, DNS_NAPTR, name, &set);
	if (error < 0)
		return error;
	for (unsigned i = 0; i < set->n; i++) {
		error = try_record(s, &set->v[i], step);
		/* In order: one that is not known yet could come before. */
		if (error == 0 || error == -EINPROGRESS)
			return error;
		if (error == -ETIMEDOUT || error == -EREMOTEIO)
			worst = error;
	}
	return worst;
}

/* "+4420" below "e164.arpa" is "0.2.4.4.e164.arpa". */
static bool
name_of(struct str number, struct str root, char buf[DNS_NAME_MAX + 1],
    struct str *name)
{
	struct text	t;

	if (number.len < 2 || number.len > ENUM_DIGITS_MAX + 1 || number.s[0] != '+')
		return false;
	text_init(&t, buf, DNS_NAME_MAX + 1);
	for (size_t i = number.len - 1; i > 0; i--) {
		if (!scan_is(number.s[i], CHAR_DIGIT))
			return false;
		text_ch(&t, number.s[i]);
		text_ch(&t, '.');
	}
	text_add(&t, root);
	*name = text_str(&t);
	return !t.full;
}

static const char *
reason(int error)
{
	return error == -ENOENT ? "no SIP address" :
	    error == -ETIMEDOUT ? "no name server answers" :
	    error == -ELOOP ? "too many names to be looked up" :
	    "the name servers fail";
}

int
enum_find(struct lookup *l, const struct set_texts *roots, struct str number,
    char buf[ENUM_URI_MAX], struct str *uri, struct trace *t)
{
	struct search	s = { .lookup = l, .number = number, .trace = t };
	char		name_buf[DNS_NAME_MAX + 1];
	struct str	name;
	int		error, worst = -ENOENT;

	text_init(&s.out, buf, ENUM_URI_MAX);
	for (size_t i = 0; i < roots->n; i++) {
		if (!name_of(number, str_of(roots->v[i]), name_buf, &name))
			continue;
		error = look(&s, name, 0);
		if (error == -EINPROGRESS)
			return error;
		if (error == 0) {
			*uri = text_str(&s.out);
			return 0;
		}
		trace_step(t, "enum", false, "%.*s: %s", STR_ARG(name),
		    reason(error));
		if (error != -ENOENT)
			worst = error;
	}
	return worst;
}
