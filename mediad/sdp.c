/*
 * sdp - one SDP body, as far as a media relay must understand it.
 *
 * exchange.c parses what a phone wrote; sdp_write.c writes it again with the relay's
 * address and ports. Reading makes a list of edits over the original octets; what
 * is not named by an edit is copied. RFC 8866 for the grammar, 3605 for a=rtcp,
 * 3264 sections 5.1 and 8.4 for port 0 and hold.
 */
#include "mediad/sdp.h"

#include <errno.h>
#include <string.h>

#include "common/connection.h"
#include "mediad/codecs.h"

struct reader {
	struct sdp	*s;
	const char	*why;
	int		 error;
	unsigned	 nlines;
	bool		 is_rtcp[SDP_MEDIA_MAX];	/* a=rtcp was seen */
	uint16_t	 rtcp_port[SDP_MEDIA_MAX];
	bool		 own[SDP_MEDIA_MAX];		/* c= of its own */
	bool		 directed[SDP_MEDIA_MAX];	/* direction of its own */
	struct addr	 session;			/* session-level c= */
	bool		 session_hold;
	bool		 session_connected;
	enum sdp_direction session_direction;
};

static void
reader_fail(struct reader *r, int error, const char *why)
{
	if (r->error == 0) {
		r->error = error;
		r->why = why;
	}
}

static struct sdp_media *
reader_media(struct reader *r)
{
	return r->s->nmedia > 0 ? &r->s->media[r->s->nmedia - 1] : NULL;
}

static struct sdp_edit *
edit_add(struct reader *r, enum sdp_edit_kind kind, struct str where)
{
	struct sdp	*s = r->s;
	struct sdp_edit	*e;

	if (s->nedits == SDP_EDITS_MAX) {
		reader_fail(r, -E2BIG, "too many SDP lines to change");
		return NULL;
	}
	e = &s->edits[s->nedits++];
	*e = (struct sdp_edit){
		.at = where.s - s->body.s,
		.len = where.len,
		.kind = kind,
		.media = s->nmedia > 0 ? s->nmedia - 1 : 0,
	};
	return e;
}

/* Lines removed one after the other are one edit. */
static void
edit_remove(struct reader *r, struct str line)
{
	struct sdp	*s = r->s;
	struct sdp_edit	*last = s->nedits > 0 ? &s->edits[s->nedits - 1] : NULL;
	uint32_t	 at = line.s - s->body.s;

	if (last != NULL && last->kind == SDP_REMOVE && last->at + last->len == at)
		last->len += line.len;
	else
		edit_add(r, SDP_REMOVE, line);
}

struct str
sdp_word(struct str *rest)
{
	size_t		i = 0, from;
	struct str	w;

	if (rest->len == 0)
		return *rest;		/* of nothing, perhaps: no sums with NULL */
	while (i < rest->len && (rest->s[i] == ' ' || rest->s[i] == '\t'))
		i++;
	from = i;
	while (i < rest->len && rest->s[i] != ' ' && rest->s[i] != '\t')
		i++;
	w = str_make(rest->s + from, i - from);
	*rest = str_make(rest->s + i, rest->len - i);
	return w;
}

static void
line_connection(struct reader *r, struct str value)
{
	struct sdp_media *m = reader_media(r);
	struct addr	 a = { .len = 0 };
	bool		 known = connection_parse(&a, value);
	bool		 hold = known && addr_is_wildcard(&a);

	if (!known || hold)
		a.len = 0;
	edit_add(r, hold ? SDP_HOLD : SDP_CONNECTION, value);
	if (m == NULL) {
		r->session = a;
		r->session_hold = hold;
		r->session_connected = true;
	} else if (!r->own[r->s->nmedia - 1]) {
		r->own[r->s->nmedia - 1] = true;
		m->rtp = a;
		m->hold = hold;
		m->connected = true;
	}
}

/* "- 1 1 IN IP4 192.0.2.1": what follows the identity of the session. */
static void
line_origin(struct reader *r, struct str value)
{
	struct addr	a;

	for (unsigned i = 0; i < 3; i++)
		sdp_word(&value);
	value = str_trim(value);
	if (connection_parse(&a, value))
		edit_add(r, SDP_ORIGIN, value);
}

static bool
proto_is_datagrams(struct str proto)
{
	return str_caseprefix(proto, STR("RTP/")) ||
	    str_caseprefix(proto, STR("UDP")) ||
	    str_caseprefix(proto, STR("DTLS/"));
}

/* What the first format is when it needs no a=rtpmap. */
static void
format_known(struct sdp_media *m)
{
	struct str		formats = m->formats, first = sdp_word(&formats);
	struct codec_static	known;
	uint32_t		payload;

	if (!m->is_rtp || str_u32(first, &payload) < 0)
		return;
	known = codec_static(payload);
	m->clock = known.clock;
	m->codec = codec_find(known.name);
}

static void
line_media(struct reader *r, struct str value)
{
	struct sdp	*s = r->s;
	struct sdp_media *m;
	struct str	 port, number;

	if (s->nmedia == SDP_MEDIA_MAX) {
		reader_fail(r, -E2BIG, "too many media lines");
		return;
	}
	m = &s->media[s->nmedia++];
	*m = (struct sdp_media){ .nports = 1 };
	m->direction = r->session_direction;
	m->kind = sdp_word(&value);
	port = sdp_word(&value);
	m->proto = sdp_word(&value);
	m->formats = str_trim(value);
	edit_add(r, SDP_PORT, port);
	if (m->kind.len == 0 || m->proto.len == 0 || !str_cut(&port, '/', &number) ||
	    str_u32(number, &m->port) < 0 || m->port > 65535 ||
	    (port.s != NULL && (str_u32(port, &m->nports) < 0 || m->nports == 0)))
		reader_fail(r, -EBADMSG, "bad media line");
	m->datagrams = proto_is_datagrams(m->proto);
	m->is_rtp = str_find(m->proto, STR("RTP/")) >= 0;
	m->secure = str_find(m->proto, STR("SAVP")) >= 0;
	format_known(m);
}

/* RFC 8866 section 6.6: PT NAME/CLOCK[/CHANNELS]; the first format is what is sent. */
static void
attribute_rtpmap(struct reader *r, struct str value)
{
	struct sdp_media *m = reader_media(r);
	struct str	 formats, encoding, name, clock;

	if (m == NULL || !m->is_rtp)
		return;
	formats = m->formats;
	if (!str_eq(sdp_word(&value), sdp_word(&formats)))
		return;
	encoding = sdp_word(&value);
	if (!str_cut(&encoding, '/', &name) || !str_cut(&encoding, '/', &clock) ||
	    str_u32(clock, &m->clock) < 0)
		m->clock = 0;
	m->codec = codec_find(name);
}

/* RFC 3605: PORT [IN IP4 ADDRESS]. Without a port it can't be meant for us. */
static void
attribute_rtcp(struct reader *r, struct str value, struct str line)
{
	struct sdp_media *m = reader_media(r);
	struct sdp_edit	*e;
	struct str	 rest = value, number = sdp_word(&rest);
	struct addr	 a;
	uint32_t	 port;
	bool		 full = str_trim(rest).len > 0;

	if (m == NULL || str_u32(number, &port) < 0 || port > 65535 ||
	    r->is_rtcp[r->s->nmedia - 1]) {
		edit_remove(r, line);
		return;
	}
	r->is_rtcp[r->s->nmedia - 1] = true;
	e = edit_add(r, full ? SDP_RTCP_FULL : SDP_RTCP, value);
	if (e != NULL)
		e->same = port == m->port;
	r->rtcp_port[r->s->nmedia - 1] = port;
	if (full && connection_parse(&a, rest) && !addr_is_wildcard(&a))
		m->rtcp = a;
}

static bool
is_ice(struct str name)
{
	return str_caseeq(name, STR("candidate")) ||
	    str_caseprefix(name, STR("ice-")) ||
	    str_caseeq(name, STR("remote-candidates")) ||
	    str_caseeq(name, STR("end-of-candidates"));
}

static void
attribute_direction(struct reader *r, enum sdp_direction d, struct str name)
{
	struct sdp_media *m = reader_media(r);

	if (m == NULL) {
		r->session_direction = d;
		return;
	}
	m->direction = d;
	if (!r->directed[r->s->nmedia - 1])
		edit_add(r, SDP_DIRECTION, name);
	r->directed[r->s->nmedia - 1] = true;
}

/* Here what belongs to the last m= line ends: room for a direction it lacks. */
static void
section_end(struct reader *r, const char *at)
{
	struct sdp_media *m = reader_media(r);
	unsigned	 i = r->s->nmedia - 1;

	if (m != NULL && !r->directed[i] &&
	    (r->own[i] ? m->hold : r->session_hold))
		edit_add(r, SDP_NO_DIRECTION, str_make(at, 0));
}

static void
line_attribute(struct reader *r, struct str value, struct str line)
{
	static const struct { struct str name; enum sdp_direction d; } directions[] = {
		{ { "sendrecv", 8 }, SDP_SENDRECV },
		{ { "sendonly", 8 }, SDP_SENDONLY },
		{ { "recvonly", 8 }, SDP_RECVONLY },
		{ { "inactive", 8 }, SDP_INACTIVE },
	};
	struct sdp_media *m = reader_media(r);
	struct str	 name;
	size_t		 i;

	if (!str_cut(&value, ':', &name))
		return;
	name = str_trim(name);
	for (i = 0; i < sizeof(directions) / sizeof(directions[0]); i++)
		if (str_eq(name, directions[i].name))
			attribute_direction(r, directions[i].d, name);
	if (str_eq(name, STR("rtcp")))
		attribute_rtcp(r, value, line);
	else if (str_eq(name, STR("rtcp-mux")) && m != NULL)
		m->mux = true;
	else if (str_eq(name, STR("rtpmap")))
		attribute_rtpmap(r, value);
	else if (str_eq(name, STR("group")) && m == NULL)
		r->s->bundle |= str_caseprefix(value, STR("BUNDLE"));
	else if (is_ice(name))
		edit_remove(r, line);
}

/* line with its end; value without the two octets before and the end. */
static void
line_read(struct reader *r, struct str line, struct str value)
{
	if (++r->nlines > SDP_LINES_MAX) {
		reader_fail(r, -E2BIG, "too many SDP lines");
		return;
	}
	if (r->nlines == 1) {
		if (value.len < 2 || value.s[0] != 'v' || value.s[1] != '=')
			reader_fail(r, -EBADMSG, "not SDP: no v= line");
		return;
	}
	if (value.len < 2 || value.s[1] != '=')
		return;		/* not of the grammar, not our business */
	switch (value.s[0]) {
	case 'o':
		line_origin(r, str_make(value.s + 2, value.len - 2));
		break;
	case 'c':
		line_connection(r, str_make(value.s + 2, value.len - 2));
		break;
	case 'm':
		section_end(r, line.s);
		line_media(r, str_make(value.s + 2, value.len - 2));
		break;
	case 'a':
		line_attribute(r, str_make(value.s + 2, value.len - 2), line);
		break;
	}
}

/* What could only be known once all lines were read. */
static void
media_finish(struct reader *r, unsigned i)
{
	struct sdp_media *m = &r->s->media[i];

	if (!r->own[i]) {
		m->rtp = r->session;
		m->hold = r->session_hold;
		m->connected = r->session_connected;
	}
	if (m->port != 0 && m->datagrams && !m->connected)
		reader_fail(r, -EBADMSG, "no connection line");
	if (m->rtcp.len == 0)
		m->rtcp = m->rtp;
	addr_set_port(&m->rtcp, r->is_rtcp[i] ? r->rtcp_port[i] :
	    (uint16_t)(m->port + 1));
	addr_set_port(&m->rtp, (uint16_t)m->port);
}

bool
sdp_line(struct str *rest, struct str *line, struct str *value)
{
	const char	*end;

	if (rest->len == 0)
		return false;
	end = memchr(rest->s, '\n', rest->len);
	*line = str_make(rest->s, end != NULL ? (size_t)(end - rest->s) + 1 : rest->len);
	*rest = str_make(rest->s + line->len, rest->len - line->len);
	*value = *line;
	while (value->len > 0 && (value->s[value->len - 1] == '\n' ||
	    value->s[value->len - 1] == '\r'))
		value->len--;
	return true;
}

int
sdp_parse(struct sdp *s, struct str body, const char **why)
{
	struct reader	 r = { .s = s };
	struct str	 line, value, rest = body;
	unsigned	 i;

	s->body = body;
	s->bundle = false;
	s->nmedia = s->nedits = 0;
	if (body.len > SDP_BODY_MAX)
		reader_fail(&r, -E2BIG, "SDP too long");
	while (r.error == 0 && sdp_line(&rest, &line, &value))
		line_read(&r, line, value);
	section_end(&r, body.s + body.len);
	if (r.nlines == 0)
		reader_fail(&r, -EBADMSG, "not SDP: empty");
	for (i = 0; i < s->nmedia && r.error == 0; i++)
		media_finish(&r, i);
	*why = r.why;
	return r.error;
}
