/*
 * msg_fields - the header fields that every message must have or sipd always
 * looks at: RFC 3261 sections 8.1.1, 8.2, 16.3 and 20.
 */
#include "sipd/msg_fields.h"

#include <errno.h>

#include "common/scan.h"
#include "sipd/line.h"

#define MALFORMED_EXPIRES_S	3600	/* RFC 3261 sections 20.10 and 20.19 */

void
msg_fields_reset(struct sip_msg *m)
{
	m->via = (struct via){ 0 };
	m->from = m->to = (struct nameaddr){ 0 };
	m->from_tag = m->to_tag = m->call_id = m->cseq_method = STR_NONE;
	m->cseq = 0;
	m->max_forwards = -1;
	m->expires_s = -1;
	m->content_length = -1;
}

/* The only line of a header that may be there once. */
static const struct sip_line *
single(struct sip_msg *m, enum header id, const char *missing, const char *twice)
{
	const struct sip_line	*l = sip_first(m, id);

	if (l == NULL) {
		if (missing != NULL)
			msg_bad(m, 400, missing);
	} else if (l->next != SIP_NO_LINE) {
		msg_bad(m, 400, twice);
	}
	return l;
}

static int
via_field(struct sip_msg *m)
{
	struct str	rest = sip_value(m, HDR_VIA);

	if (rest.s == NULL)
		return -EBADMSG;
	if (via_parse(&m->via, &rest) < 0)
		msg_bad(m, 400, "Bad Via");
	return 0;
}

static void
from_field(struct sip_msg *m)
{
	const struct sip_line	*l = single(m, HDR_FROM, "Missing From", "Two From");

	if (l == NULL)
		return;
	if (nameaddr_parse(&m->from, l->value) < 0 || m->from.star)
		msg_bad(m, 400, "Bad From");
	m->from_tag = m->from.tag;
}

static void
to_field(struct sip_msg *m)
{
	const struct sip_line	*l = single(m, HDR_TO, "Missing To", "Two To");

	if (l == NULL)
		return;
	if (nameaddr_parse(&m->to, l->value) < 0 || m->to.star)
		msg_bad(m, 400, "Bad To");
	m->to_tag = m->to.tag;
}

static void
call_id_field(struct sip_msg *m)
{
	const struct sip_line	*l = single(m, HDR_CALL_ID, "Missing Call-ID",
	    "Two Call-ID");

	if (l == NULL)
		return;
	for (size_t i = 0; i < l->value.len; i++) {
		if (l->value.s[i] <= ' ' || l->value.s[i] >= 0x7f) {
			msg_bad(m, 400, "Bad Call-ID");
			return;
		}
	}
	if (l->value.len == 0)
		msg_bad(m, 400, "Bad Call-ID");
	m->call_id = l->value;
}

/* Section 8.1.1.5: less than 2^31. */
static int
cseq_parse(struct sip_msg *m, struct str in)
{
	uint32_t	number;
	struct str	method;

	if (scan_u32(&in, &number) < 0 || number > INT32_MAX || in.len == 0 ||
	    !scan_is(in.s[0], CHAR_BLANK))
		return -EBADMSG;
	scan_blanks(&in);
	if (scan_token(&in, &method) < 0 || in.len > 0)
		return -EBADMSG;
	m->cseq = number;
	m->cseq_method = method;
	return 0;
}

static void
cseq_field(struct sip_msg *m)
{
	const struct sip_line	*l = single(m, HDR_CSEQ, "Missing CSeq", "Two CSeq");

	if (l == NULL)
		return;
	if (cseq_parse(m, l->value) < 0)
		msg_bad(m, 400, "Bad CSeq");
	else if (!m->request)
		m->method = method_id(m->cseq_method);
	else if (!str_eq(m->cseq_method, m->method_text))
		msg_bad(m, 400, "CSeq Method Does Not Match");
}

static void
max_forwards_field(struct sip_msg *m)
{
	const struct sip_line	*l = single(m, HDR_MAX_FORWARDS, NULL,
	    "Two Max-Forwards");
	uint32_t		 n;

	if (l == NULL)
		return;
	if (str_u32(l->value, &n) < 0 || n > 255)
		msg_bad(m, 400, "Bad Max-Forwards");
	else
		m->max_forwards = (int)n;
}

static void
expires_field(struct sip_msg *m)
{
	const struct sip_line	*l = sip_first(m, HDR_EXPIRES);
	uint32_t		 s;

	if (l == NULL)
		return;
	m->expires_s = seconds_parse(l->value, &s) == 0 ? s : MALFORMED_EXPIRES_S;
}

/* All copies must say the same (S29). */
static void
content_length_field(struct sip_msg *m)
{
	const struct sip_line	*l = sip_first(m, HDR_CONTENT_LENGTH);
	int64_t			 n;

	for (; l != NULL; l = sip_next(m, l)) {
		if (line_length(l->value, &n) < 0 ||
		    (m->content_length >= 0 && n != m->content_length)) {
			msg_bad(m, 400, "Bad Content-Length");
			m->content_length = -1;
			return;
		}
		m->content_length = n;
	}
}

int
msg_fields_parse(struct sip_msg *m)
{
	if (via_field(m) < 0)
		return -EBADMSG;
	from_field(m);
	to_field(m);
	call_id_field(m);
	cseq_field(m);
	max_forwards_field(m);
	expires_field(m);
	content_length_field(m);
	return 0;
}
