/*
 * why_facts - what a ladder says to a question.
 */
#include "sipctl/why_facts.h"

#include "sipctl/sip_text.h"


static bool
fits(const struct ladder_row *r, enum way way, const char *method, unsigned lo, unsigned hi)
{
	return r->message && (r->to == LADDER_US) == (way == CAME) && r->code >= lo &&
	    r->code <= hi && (method == NULL || strcmp(r->method, method) == 0);
}

unsigned
fact_count(const struct ladder *l, enum way way, const char *method, unsigned lo,
    unsigned hi)
{
	unsigned	n = 0;

	for (size_t i = 0; i < l->n; i++)
		n += fits(&l->rows[i], way, method, lo, hi);
	return n;
}

const struct ladder_row *
fact_last(const struct ladder *l, enum way way, const char *method, unsigned lo, unsigned hi)
{
	for (size_t i = l->n; i-- > 0; )
		if (fits(&l->rows[i], way, method, lo, hi))
			return &l->rows[i];
	return NULL;
}

const struct ladder_row *
fact_first(const struct ladder *l, enum way way, const char *method, unsigned lo,
    unsigned hi)
{
	for (size_t i = 0; i < l->n; i++)
		if (fits(&l->rows[i], way, method, lo, hi))
			return &l->rows[i];
	return NULL;
}

const char *
fact_note(const struct ladder *l, const char *words, unsigned *count)
{
	const char	*found = NULL;
	unsigned	 n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const char	*text = l->rows[i].message ? l->rows[i].note : l->rows[i].label;

		if (text != NULL && strstr(text, words) != NULL) {
			found = text;
			n++;
		}
	}
	if (count != NULL)
		*count = n;
	return found;
}

/* ---- one message ---- */

static struct str
text_of(const struct ladder_row *r)
{
	struct record_message	m;
	struct str		text;

	return record_read_message(r->record->c, &m, &text) ? text : STR_NONE;
}

struct str
fact_header(const struct ladder_row *r, const char *name, const char *compact)
{
	return sip_header(text_of(r), name, compact);
}

/* Behind begin, of the first line of the body that has it. */
static struct str
body_line(const struct ladder_row *r, struct str begin)
{
	struct str	text = text_of(r), line;
	bool		body = false;

	while (str_cut(&text, '\n', &line)) {
		line = str_trim(line);
		body |= line.len == 0;
		if (body && str_prefix(line, begin))
			return str_make(line.s + begin.len, line.len - begin.len);
	}
	return STR_NONE;
}

struct str
fact_sdp_address(const struct ladder_row *r)
{
	struct str	line = body_line(r, STR("c=IN IP")), family;

	return line.s != NULL && str_cut(&line, ' ', &family) ? line : STR_NONE;
}

struct str
fact_sdp_profile(const struct ladder_row *r)
{
	struct str	line = body_line(r, STR("m=")), kind, port, profile;

	if (line.s == NULL || !str_cut(&line, ' ', &kind) || !str_cut(&line, ' ', &port) ||
	    !str_cut(&line, ' ', &profile))
		return STR_NONE;
	return profile;
}

size_t
fact_size(const struct ladder_row *r)
{
	return text_of(r).len;
}

struct str
fact_remote(const struct ladder_row *r, char buf[ADDR_TEXT_MAX])
{
	struct record_message	m;
	struct str		text;
	struct addr		addr;
	char			peer[PEER_TEXT_MAX];
	struct str		rest, transport;

	if (!record_read_message(r->record->c, &m, &text))
		return STR("");
	rest = trace_peer(&m, true, peer);
	if (!str_cut(&rest, ':', &transport) || rest.s == NULL ||
	    addr_parse_port(&addr, rest) < 0)
		return STR("");
	return addr_print_host(&addr, buf);
}

bool
fact_is_udp(const struct ladder_row *r)
{
	struct record_message	m;
	struct str		text;

	return record_read_message(r->record->c, &m, &text) && m.transport == TRANSPORT_UDP;
}
