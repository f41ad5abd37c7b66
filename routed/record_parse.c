/*
 * record_parse - one line of routes.conf, read with all that is wrong with it.
 *
 * record.c says what the record does; pattern.c knows the wildcards.
 */
#include <errno.h>

#include "common/scan.h"
#include "common/setting_types.h"
#include "routed/pattern.h"
#include "routed/record.h"

/* ---- prefixes ---- */

static const struct {
	const char	*word;
	uint8_t		 class;
	bool		 no_relay, relay;
} prefixes[] = {
	{ "NoRelay", 0, true, false },
	{ "N", 0, true, false },
	{ "Relay", 0, false, true },
	{ "R", 0, false, true },
	{ "Signal", RECORD_SIGNAL, false, false },
	{ "S", RECORD_SIGNAL, false, false },
	{ "Access", RECORD_ACCESS, false, false },
	{ "A", RECORD_ACCESS, false, false },
	{ "Mail", RECORD_MAIL, false, false },
	{ "M", RECORD_MAIL, false, false },
};
#define NPREFIXES	(sizeof(prefixes) / sizeof(prefixes[0]))

static bool
unknown_prefix(struct str word, const struct place *p)
{
	const char	*near = NULL;
	size_t		 best = 3, d;

	for (size_t i = 0; i < NPREFIXES; i++) {
		d = strlen(prefixes[i].word) < 2 ? SIZE_MAX :
		    edit_distance(word, str_of(prefixes[i].word));
		if (d < best) {
			best = d;
			near = prefixes[i].word;
		}
	}
	if (near != NULL)
		place_complain(p, word.s, "unknown prefix \"%.*s:\"; did you mean "
		    "\"%s:\"?", STR_ARG(word), near);
	else
		place_complain(p, word.s, "unknown prefix \"%.*s:\"; there are "
		    "NoRelay:, Relay:, Signal: (S:), Access: and Mail:",
		    STR_ARG(word));
	return false;
}

static bool
prefix(struct record *r, struct str word, const struct place *p)
{
	size_t	i = 0;

	while (i < NPREFIXES && !str_caseeq(word, str_of(prefixes[i].word)))
		i++;
	if (i == NPREFIXES)
		return unknown_prefix(word, p);
	if ((prefixes[i].class & r->classes) != 0 ||
	    (prefixes[i].no_relay && r->no_relay) ||
	    (prefixes[i].relay && r->relay)) {
		place_complain(p, word.s, "\"%.*s:\" stands here twice",
		    STR_ARG(word));
		return false;
	}
	r->classes |= prefixes[i].class;
	r->no_relay |= prefixes[i].no_relay;
	r->relay |= prefixes[i].relay;
	if (r->relay && r->no_relay) {
		place_complain(p, word.s, "Relay: and NoRelay: exclude each other");
		return false;
	}
	return true;
}

static bool
parse_prefixes(struct record *r, struct str *left, const struct place *p)
{
	ptrdiff_t	colon;
	struct str	word;
	bool		good = true;

	while ((colon = str_chr(*left, ':')) >= 0) {
		word = str_trim(str_make(left->s, (size_t)colon));
		if (str_chr(word, '<') >= 0 || str_chr(word, '[') >= 0)
			break;
		if (word.len == 0) {
			place_complain(p, left->s, "a prefix is missing before "
			    "\":\"");
			good = false;
		} else
			good &= prefix(r, word, p);
		*left = str_trim(str_make(left->s + colon + 1,
		    left->len - (size_t)colon - 1));
	}
	if (r->classes == 0)
		r->classes = RECORD_ALL;
	return good;
}

/* ---- pattern ---- */

/* Letters, digits and what domains of ours may have; wildcards beside them. */
static bool
domain_good(struct str text, bool pattern, const struct place *p)
{
	struct addr	literal;

	if (text.len == 0) {
		place_complain(p, text.s, "a domain is missing");
		return false;
	}
	if (text.s[0] == '[') {
		if (text.s[text.len - 1] == ']' &&
		    addr_parse(&literal, str_make(text.s + 1, text.len - 2), 0) == 0)
			return true;
		place_complain(p, text.s, "\"%.*s\" is no IP address",
		    STR_ARG(text));
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		char	c = text.s[i];

		if (scan_is(c, CHAR_HOST) || c == '*' ||
		    (pattern && (c == '(' || c == ')')))
			continue;
		place_complain(p, text.s + i, c == ' ' || c == '\t' ?
		    "a blank in a domain" : c == '@' ? "a second \"@\"" :
		    c == '>' || c == '<' ? "an address pattern stands between "
		    "\"<\" and \">\"" :
		    "\"%c\" has no place in a domain", c);
		return false;
	}
	if (str_find(text, STR("..")) >= 0 || text.s[0] == '.') {
		place_complain(p, text.s, "a label of the domain is empty");
		return false;
	}
	return true;
}

/* An IPv4 address gets its brackets: as addresses are when records are tried. */
static struct str
bracketed(struct str domain, char buf[ADDRESS_MAX])
{
	struct address	a = { .port = 0 };

	if (!str_copy(a.domain, sizeof(a.domain), domain) || !address_bracket(&a))
		return domain;
	strlcpy(buf, a.domain, ADDRESS_MAX);
	return str_of(buf);
}

static bool
parse_domain(struct record *r, struct str text, struct str main, unsigned *stars,
    const struct place *p)
{
	char		buf[ADDRESS_MAX];
	struct place	same = *p;

	if (!domain_good(text, true, p))
		return false;
	if (main.len > 0 && str_caseeq(text, main))
		text.len = 0;
	if (text.len > 1 && text.s[text.len - 1] == '.')
		text.len--;
	text = bracketed(text, buf);
	if (text.s == buf)	/* no wildcards, so nothing to complain of there */
		same.line = text;
	return pattern_parse(&r->domain, text, stars, &same);
}

static bool
parse_local(struct record *r, struct str text, unsigned *stars,
    const struct place *p)
{
	for (size_t i = 0; i < text.len; i++)
		if (strchr("<> \t@", text.s[i]) != NULL) {
			place_complain(p, text.s + i, text.s[i] == '@' ?
			    "a second \"@\"" : "\"%c\" has no place in an address; "
			    "write it without", text.s[i]);
			return false;
		}
	if (text.len == 0) {
		place_complain(p, text.s, "there is nothing before \"@\"; \"*\" "
		    "stands for everybody");
		return false;
	}
	return pattern_parse(&r->local, text, stars, p);
}

static bool
parse_pattern(struct record *r, struct str text, struct str main, unsigned *stars,
    const struct place *p)
{
	bool		open = text.s[0] == '<', close;
	ptrdiff_t	at;
	unsigned	none = 0;

	close = text.s[text.len - 1] == '>';
	r->pattern_at = (uint16_t)(text.s - p->line.s + 1);
	if (open != close) {
		place_complain(p, open ? text.s + text.len - 1 : text.s, open ?
		    "\">\" is missing after the address" :
		    "\"<\" is missing before the address");
		return false;
	}
	if (!open) {
		r->whole_domain = true;
		pattern_parse(&r->local, STR("*"), &none, p);
		return parse_domain(r, text, main, stars, p);
	}
	text = str_trim(str_make(text.s + 1, text.len - 2));
	if (text.len == 0) {
		place_complain(p, text.s, "there is no address between \"<\" and "
		    "\">\"");
		return false;
	}
	at = str_rchr(text, '@');
	if (at < 0) {
		pattern_parse(&r->domain, STR(""), stars, p);
		return parse_local(r, text, stars, p);
	}
	return parse_local(r, str_make(text.s, (size_t)at), stars, p) &
	    parse_domain(r, str_make(text.s + at + 1, text.len - (size_t)at - 1),
	    main, stars, p);
}

/* ---- target ---- */

/* "program{a,b}#" off the front. */
static bool
parse_app(struct record *r, struct str *text, unsigned stars, unsigned *used,
    const struct place *p)
{
	ptrdiff_t	open = str_chr(*text, '{'), close = str_chr(*text, '}');
	ptrdiff_t	hash = str_chr(*text, '#');

	if (open < 0 && close >= 0) {
		place_complain(p, text->s + close, "\"}\" without \"{\"");
		return false;
	}
	if (open >= 0 && close < open) {
		place_complain(p, text->s + open, "\"{\" without \"}\"; an "
		    "application looks like program{a,b}#local@domain");
		return false;
	}
	if (open >= 0) {
		hash = close + 1;
		if ((size_t)hash >= text->len || text->s[hash] != '#') {
			place_complain(p, text->s + close, "\"#\" is missing after "
			    "\"}\": program{a,b}#local@domain");
			return false;
		}
	}
	if (open == 0) {
		place_complain(p, text->s, "the program's name is missing");
		return false;
	}
	if (hash <= 0 || (open < 0 && !scan_is(text->s[0], CHAR_ALPHA)))
		return part_parse(&r->to_app, STR(""), stars, used, p);
	if (!part_parse(&r->to_app, str_make(text->s, (size_t)hash), stars, used, p))
		return false;
	scan_skip(text, (size_t)hash + 1);
	return true;
}

/* ":5061" off the end of a domain. */
static bool
parse_port(struct record *r, struct str *domain, const struct place *p)
{
	ptrdiff_t	colon = str_rchr(*domain, ':');
	struct str	digits;
	uint32_t	port;

	if (colon < 0 || str_chr(*domain, ']') > colon)
		return true;
	digits = str_make(domain->s + colon + 1, domain->len - (size_t)colon - 1);
	if (str_u32(digits, &port) < 0 || port == 0 || port > UINT16_MAX) {
		place_complain(p, domain->s + colon, "a port is 1 to 65535");
		return false;
	}
	r->to_port = (uint16_t)port;
	domain->len = (size_t)colon;
	return true;
}

static bool
parse_to_domain(struct record *r, struct str text, unsigned stars, unsigned *used,
    const struct place *p)
{
	ptrdiff_t	dot;
	struct str	last;
	char		buf[ADDRESS_MAX];

	if (!parse_port(r, &text, p) || !domain_good(text, false, p))
		return false;
	dot = str_rchr(text, '.');
	last = str_make(text.s + dot + 1, text.len - (size_t)(dot + 1));
	if (dot > 0 && last.len > 3 && !str_caseeq(last, STR("sipgw")) &&
	    edit_distance(last, STR("sipgw")) <= 2) {
		place_complain(p, last.s, "\".%.*s\" leads nowhere; did you mean "
		    "\".sipgw\"?", STR_ARG(last));
		return false;
	}
	return part_parse(&r->to_domain, bracketed(text, buf), stars, used, p);
}

static bool
parse_to_local(struct record *r, struct str text, unsigned stars, unsigned *used,
    const struct place *p)
{
	for (size_t i = 0; i < text.len; i++)
		if (strchr("<> \t()", text.s[i]) != NULL) {
			place_complain(p, text.s + i, text.s[i] == '(' ?
			    "a count stands in a pattern only; here \"*\" is enough" :
			    text.s[i] == ' ' || text.s[i] == '\t' ?
			    "a blank in an address; a comment begins with \";\"" :
			    "\"%c\" has no place in a target: local@domain",
			    text.s[i]);
			return false;
		}
	return part_parse(&r->to_local, text, stars, used, p);
}

static bool
parse_target(struct record *r, struct str text, unsigned stars,
    const struct place *p)
{
	ptrdiff_t	at;
	unsigned	used = 0;

	r->target_at = (uint16_t)(text.s - p->line.s + 1);
	if (!parse_app(r, &text, stars, &used, p))
		return false;
	at = str_rchr(text, '@');
	if (at == 0 || (text.len == 0 && r->to_app.n > 0)) {
		place_complain(p, text.s, "there is nothing before \"@\"");
		return false;
	}
	if (at > 0)
		return parse_to_local(r, str_make(text.s, (size_t)at), stars, &used, p) &&
		    parse_to_domain(r, str_make(text.s + at + 1,
		    text.len - (size_t)at - 1), stars, &used, p);
	if (r->whole_domain && r->to_app.v[0].len == 0)
		return parse_to_domain(r, text, stars, &used, p);
	return parse_to_local(r, text, stars, &used, p);
}

/* ---- one line ---- */

static struct str
without_comment(struct str line)
{
	ptrdiff_t	at = str_chr(line, ';');

	if (at >= 0)
		line.len = (size_t)at;
	return str_trim(line);
}

static bool
readable(struct str text, const struct place *p)
{
	if (text.len > RECORD_LINE_MAX) {
		place_complain(p, text.s, "a record has at most %d characters",
		    RECORD_LINE_MAX);
		return false;
	}
	for (size_t i = 0; i < text.len; i++)
		if (((unsigned char)text.s[i] < ' ' && text.s[i] != '\t') ||
		    text.s[i] == 0x7f) {
			place_complain(p, text.s + i, "a control character");
			return false;
		}
	return true;
}

/* "*@old" of "<*@old>": itself, so that it would match for ever. */
static bool
leads_on(const struct record *r, struct str left, struct str right,
    const struct place *p)
{
	if (left.len > 1 && left.s[0] == '<')
		left = str_make(left.s + 1, left.len - 2);
	if (!str_caseeq(left, right))
		return true;
	place_complain(p, right.s, "it leads back to itself");
	return false;
}

int
record_parse(struct record *out, const char *file, uint32_t number,
    struct str line, struct str main, struct arena *memory,
    struct complaints *complaints)
{
	const struct place	 p = { file, number, line, complaints, memory };
	struct record		 r = { .line = number };
	struct str		 text = without_comment(line), left, right;
	ptrdiff_t		 equal;
	unsigned		 stars = 0;
	bool			 good;

	if (text.len == 0)
		return 0;
	if (!readable(text, &p))
		return -EBADMSG;
	equal = str_chr(text, '=');
	if (equal < 0) {
		place_complain(&p, text.s, "a record is \"pattern = target\": there "
		    "is no \"=\"");
		return -EBADMSG;
	}
	left = str_trim(str_make(text.s, (size_t)equal));
	right = str_trim(str_make(text.s + equal + 1, text.len - (size_t)equal - 1));
	good = parse_prefixes(&r, &left, &p);
	if (left.len == 0) {
		place_complain(&p, text.s + equal, "there is no pattern before \"=\"");
		good = false;
	} else
		good &= parse_pattern(&r, left, main, &stars, &p);
	if (right.len == 0) {
		place_complain(&p, text.s + equal, "there is no target after \"=\"");
		return -EBADMSG;
	}
	/* Of a bad pattern the wildcards are not known. */
	good = good && parse_target(&r, right, stars, &p) &&
	    leads_on(&r, left, right, &p);
	if (!good)
		return -EBADMSG;
	r.text = memcpy(arena_take(memory, text.len + 1), text.s, text.len);
	*out = r;
	return 1;
}
