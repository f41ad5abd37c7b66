/*
 * msg - parses one SIP message: first line, header lines and body.
 *
 * One pass over the bytes; what sipd always needs is read at once by
 * msg_fields.c. Carries out RFC 3261 sections 7 and 18.3; what is answered and
 * what is dropped follows RFC 4475. Streams are cut by frame.c.
 */
#include "sipd/msg.h"

#include <errno.h>
#include <string.h>

#include "common/scan.h"
#include "sipd/line.h"
#include "sipd/msg_fields.h"

static void
reset(struct sip_msg *m)
{
	m->request = false;
	m->method = METHOD_OTHER;
	m->method_text = m->uri = m->reason = m->body = m->head = STR_NONE;
	m->ruri = (struct uri){ 0 };
	m->code = 0;
	m->bad = NULL;
	m->bad_code = 0;
	m->truncated = false;
	m->loose = false;
	m->nlines = 0;
	m->present = 0;
	memset(m->first, 0xff, sizeof(m->first));
	msg_fields_reset(m);
}

/* The first complaint is the one that is answered. */
void
msg_bad(struct sip_msg *m, uint16_t code, const char *what)
{
	if (m->bad == NULL) {
		m->bad = what;
		m->bad_code = code;
	}
}

/* ---- first line ---------------------------------------------------------- */

static void
request_uri_parse(struct sip_msg *m)
{
	if (uri_parse(&m->ruri, m->uri) < 0)
		msg_bad(m, 400, "Bad Request-URI");
	else if (m->ruri.headers.s != NULL)
		msg_bad(m, 400, "Headers in Request-URI");
	else if (m->ruri.scheme == URI_OTHER)
		msg_bad(m, 416, "Unsupported URI Scheme");
}

/* "INVITE sip:anna@example.com SIP/2.0" */
static int
request_line_parse(struct sip_msg *m)
{
	struct str	line = str_trim(m->first_line), version;
	ptrdiff_t	space = str_rchr(line, ' ');

	if (space < 0)
		return -EBADMSG;
	version = str_make(line.s + space + 1, line.len - (size_t)space - 1);
	if (!str_caseprefix(version, STR("SIP/")))
		return -EBADMSG;
	line.len = (size_t)space;
	if (scan_token(&line, &m->method_text) < 0 || !scan_ch(&line, ' '))
		return -EBADMSG;
	m->request = true;
	m->method = method_id(m->method_text);
	m->uri = str_trim(line);
	if (!str_caseeq(version, STR("SIP/2.0")))
		msg_bad(m, 505, "Version Not Supported");
	/* One blank each, none at the ends (RFC 4475 sections 3.1.2.9 to 11). */
	if (m->uri.len != line.len ||
	    m->first_line.len != (size_t)(version.s + version.len -
	    m->first_line.s) || m->method_text.s != m->first_line.s)
		msg_bad(m, 400, "Bad Request-Line");
	request_uri_parse(m);
	return 0;
}

/* "SIP/2.0 200 OK"; the phrase may be empty, even without its blank. */
static int
status_line_parse(struct sip_msg *m)
{
	struct str	line = m->first_line;
	uint32_t	code;

	scan_skip(&line, sizeof("SIP/2.0 ") - 1);
	if (line.len < 3 || (line.len > 3 && line.s[3] != ' ') ||
	    str_u32(str_make(line.s, 3), &code) < 0 || code < 100 || code > 699)
		return -EBADMSG;
	m->code = (uint16_t)code;
	scan_skip(&line, line.len > 3 ? 4 : 3);
	m->reason = line;
	return 0;
}

/* Finds the first line in in; the rest is what follows. */
static int
first_line_parse(struct sip_msg *m, struct str in, const char **rest)
{
	const char	*lf;

	if (in.len == 0)
		return -EBADMSG;
	lf = memchr(in.s, '\n', in.len);
	if (lf == NULL || lf == in.s || lf[-1] != '\r')
		return -EBADMSG;
	m->first_line = str_make(in.s, (size_t)(lf - in.s) - 1);
	if (scan_has_control(m->first_line))
		return -EBADMSG;
	*rest = lf + 1;
	if (str_caseprefix(m->first_line, STR("SIP/2.0 ")))
		return status_line_parse(m);
	return request_line_parse(m);
}

/* ---- header lines -------------------------------------------------------- */

_Static_assert(HDR_COUNT <= 64, "a set of headers is a word");

static void
line_index(struct sip_msg *m, enum header id)
{
	uint16_t	i = (uint16_t)m->nlines++;

	m->line[i].next = SIP_NO_LINE;
	if (m->first[id] == SIP_NO_LINE)
		m->first[id] = i;
	else
		m->line[m->last[id]].next = i;
	m->last[id] = i;
	m->present |= UINT64_C(1) << id;
}

/* From *p to the empty line and past it. 0 or -E2BIG. */
static int
lines_parse(struct sip_msg *m, const char **p, const char *end)
{
	int	r;

	while (end - *p < 2 || (*p)[0] != '\r' || (*p)[1] != '\n') {
		if (*p == end) {
			msg_bad(m, 400, "Missing Empty Line");
			return 0;
		}
		if (m->nlines == SIP_LINES_MAX) {
			msg_bad(m, 513, "Too Many Headers");
			return -E2BIG;
		}
		if ((r = line_read(p, end, &m->line[m->nlines])) >= 0) {
			m->loose |= r > 0;
			line_index(m, m->line[m->nlines].id);
		} else
			msg_bad(m, 400, "Bad Header Line");
	}
	*p += 2;
	return 0;
}

/* NUL is legal nowhere but behind a backslash (RFC 4475 section 3.1.1.2). */
static void
check_nul(struct sip_msg *m)
{
	const char	*p = m->head.s, *end = p + m->head.len;

	while ((p = memchr(p, '\0', (size_t)(end - p))) != NULL) {
		if (p[-1] != '\\') {
			msg_bad(m, 400, "NUL in Header");
			return;
		}
		p++;
	}
}

/* ---- the whole ----------------------------------------------------------- */

/* Cuts the body to what Content-Length says. */
static void
body_set(struct sip_msg *m, struct str rest)
{
	if (m->content_length >= 0) {
		if ((uint64_t)m->content_length > rest.len) {
			m->truncated = true;
			msg_bad(m, 400, "Body Shorter than Content-Length");
		} else {
			rest.len = (size_t)m->content_length;
		}
	}
	m->body = rest;
	m->text = str_make(m->head.s, m->head.len + rest.len);
}

int
sip_parse(struct sip_msg *m, struct str in)
{
	const char	*p, *end;
	int		 error;

	reset(m);
	in = line_skip_blank(in);
	if (first_line_parse(m, in, &p) < 0)
		return -EBADMSG;
	end = in.s + in.len;
	error = lines_parse(m, &p, end);
	m->head = str_make(in.s, (size_t)(p - in.s));
	check_nul(m);
	if (msg_fields_parse(m) < 0)
		return -EBADMSG;
	if (error == 0)
		body_set(m, str_make(p, (size_t)(end - p)));
	else
		m->text = m->head;
	if (!m->request && m->bad != NULL)
		return -EBADMSG;
	return error;
}

void
sip_straighten(struct sip_msg *m)
{
	if (!m->loose)
		return;
	for (unsigned i = 0; i < m->nlines; i++)
		line_straighten(&m->line[i]);
	m->loose = false;
}

bool
sip_has_word(const struct sip_msg *m, enum header id, struct str word)
{
	struct values	c;
	struct str	v;

	values_begin(&c, m, id);
	while (values_next(&c, &v))
		if (str_caseeq(v, word))
			return true;
	return false;
}
