/*
 * frame - what is found in bytes before they are parsed: the Call-ID that
 * chooses the worker, the branch of what comes back, and where a message on a
 * stream ends.
 *
 * Carries out RFC 3261 section 18.3 and RFC 5626 section 4.4.1. A stream whose
 * Content-Length is in doubt is over: guessing would run a request that was
 * hidden in a body (S29).
 */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/scan.h"
#include "sipd/line.h"
#include "sipd/msg.h"

static const char *
next_line(const char *p, const char *end)
{
	const char	*lf = memchr(p, '\n', (size_t)(end - p));

	return lf != NULL ? lf + 1 : end;
}

bool
sip_call_id(struct str in, struct str *out)
{
	const char	*p, *end;
	struct sip_line	 l;

	in = line_skip_blank(in);
	if (in.len == 0)
		return false;
	end = in.s + in.len;
	for (p = next_line(in.s, end); p < end && *p != '\r'; ) {
		char	c = *p | 0x20;

		if (c != 'c' && c != 'i') {
			p = next_line(p, end);
			continue;
		}
		if (line_read(&p, end, &l) < 0 || l.id != HDR_CALL_ID)
			continue;
		*out = l.value;
		return l.value.len > 0;
	}
	return false;
}

bool
sip_top_branch(struct str in, struct str *method, struct str *branch)
{
	struct str	 line = in;
	const char	*p, *end = in.s + in.len;
	struct sip_line	 l;
	struct via	 via;

	if (scan_token(&line, method) < 0 || !scan_ch(&line, ' '))
		return false;
	for (p = next_line(in.s, end); p < end && *p != '\r';) {
		if (line_read(&p, end, &l) < 0 || l.id != HDR_VIA)
			continue;
		if (via_parse(&via, &l.value) < 0)
			return false;
		*branch = via.branch;
		return branch->len > 0;
	}
	return false;
}

/* Content-Length of a whole head: 0 when there is none. */
static int
head_length(struct str head, int64_t *out)
{
	const char	*p = memchr(head.s, '\n', head.len), *end;
	int64_t		 found = -1, n;
	struct sip_line	 l;

	if (p == NULL)
		return -EBADMSG;
	end = head.s + head.len;
	for (p++; end - p > 2; ) {
		if (line_read(&p, end, &l) < 0)
			return -EBADMSG;
		if (l.id != HDR_CONTENT_LENGTH)
			continue;
		if (line_length(l.value, &n) < 0 || (found >= 0 && n != found))
			return -EBADMSG;
		found = n;
	}
	*out = found < 0 ? 0 : found;
	return 0;
}

/* False: its first line names another protocol, HTTP say. */
static bool
names_sip(struct str head)
{
	const char	*lf = memchr(head.s, '\n', head.len);
	size_t		 n = lf != NULL ? (size_t)(lf - head.s) : head.len;

	for (size_t i = 0; i + 4 <= n; i++)
		if (strncasecmp(head.s + i, "SIP/", 4) == 0)
			return true;
	return false;
}

/* Empty lines: a ping is two in one go, whatever else is noise. */
static ssize_t
blank_frame(struct str in, enum sip_frame_kind *kind)
{
	if (in.len >= 4 && memcmp(in.s, "\r\n\r\n", 4) == 0) {
		*kind = SIP_FRAME_PING;
		return 4;
	}
	if (in.len < 2 || (in.s[1] == '\n' && (in.len == 2 ||
	    (in.len == 3 && in.s[2] == '\r'))))
		return 0;		/* perhaps half a ping */
	if (in.s[1] != '\n')
		return -EBADMSG;
	*kind = SIP_FRAME_BLANK;
	return 2;
}

ssize_t
sip_frame(struct str in, size_t limit, enum sip_frame_kind *kind,
    struct str *msg)
{
	const char	*end;
	struct str	 head;
	int64_t		 length;

	*msg = STR_NONE;
	if (in.len == 0)
		return 0;
	if (in.s[0] == '\r')
		return blank_frame(in, kind);
	if (!scan_is(in.s[0], CHAR_TOKEN))
		return -EBADMSG;
	end = memmem(in.s, in.len < limit ? in.len : limit, "\r\n\r\n", 4);
	if (end == NULL)
		return in.len < limit ? 0 : -EMSGSIZE;
	head = str_make(in.s, (size_t)(end - in.s) + 4);
	if (!names_sip(head))
		return -EBADMSG;
	if (head_length(head, &length) < 0) {
		*msg = head;
		return -EBADMSG;
	}
	if (length > SIP_BODY_MAX || head.len + (uint64_t)length > limit) {
		*msg = head;
		return -EMSGSIZE;
	}
	if (in.len < head.len + (uint64_t)length)
		return 0;
	*kind = SIP_FRAME_MESSAGE;
	*msg = str_make(in.s, head.len + (size_t)length);
	return (ssize_t)msg->len;
}
