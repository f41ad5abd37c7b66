#ifndef SIPD_MSG_H
#define SIPD_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/str.h"
#include "common/uri.h"
#include "sipd/header.h"
#include "sipd/nameaddr.h"
#include "sipd/via.h"

/*
 * One parsed SIP message (RFC 3261 section 7): slices of the caller's bytes, no
 * copy, no allocation. The bytes must stay as they are while it is used. It is
 * big (some 16 KB): a worker keeps one as scratch; sip_parse() sets what it
 * needs and leaves the rest as it was.
 *
 * (The tag is sip_msg because union msg is the bus's.)
 */
#define SIP_LINES_MAX	256		/* header lines */
#define SIP_NO_LINE	UINT16_MAX
#define SIP_BODY_MAX	(64 * 1024)

struct sip_line {
	enum header	id;
	uint16_t	next;		/* next line of the same id; SIP_NO_LINE */
	struct str	name;		/* as written, no blanks */
	struct str	value;		/* no blanks around; may hold folds */
	struct str	text;		/* the whole, with every CRLF of it */
};

struct sip_msg {
	struct str	text;		/* from the first line to the body's end */
	struct str	first_line;	/* without CRLF */
	struct str	head;		/* up to and with the empty line */
	struct str	body;

	bool		request;
	enum method	method;		/* of a response: that of CSeq */
	struct str	method_text;
	struct str	uri;		/* Request-URI as written */
	struct uri	ruri;		/* the same parsed */
	uint16_t	code;		/* 100 to 699; 0 for a request */
	struct str	reason;

	/*
	 * What is wrong with a request that can still be answered: "Bad CSeq" is
	 * the reason phrase for bad_code (400, 416, 505, 513). NULL: all is well.
	 * Fields of bad or missing headers are empty.
	 */
	const char	*bad;
	uint16_t	bad_code;
	bool		truncated;	/* body shorter than Content-Length says */
	bool		loose;		/* some line_read() said 1: see sip_straighten() */

	struct via	via;		/* the top value */
	struct nameaddr	from, to;
	struct str	from_tag, to_tag;	/* empty: none */
	struct str	call_id;
	uint32_t	cseq;
	struct str	cseq_method;
	int		max_forwards;	/* 0..255; -1: no such header */
	int64_t		expires_s;	/* -1: no such header; bad: 3600 */
	int64_t		content_length;	/* -1: no such header */

	uint64_t	present;	/* a bit for each id there is a line of */
	unsigned	nlines;
	uint16_t	first[HDR_COUNT];	/* index into line[]; SIP_NO_LINE */
	uint16_t	last[HDR_COUNT];	/* valid where first[] is */
	struct sip_line	line[SIP_LINES_MAX];
};

/*
 * in is one datagram, or one message cut out of a stream by sip_frame(). Empty
 * lines before it are skipped. Without Content-Length the rest is the body,
 * with it what follows the body is left out (section 18.3).
 *
 * 0: look at m->bad. -EBADMSG: not SIP, or nothing that could be answered, or a
 * response that is bad in any way: drop it. -E2BIG: more than SIP_LINES_MAX
 * header lines; m->bad is set and what was indexed until then may be answered
 * if m->via.host is not empty.
 */
int	sip_parse(struct sip_msg *m, struct str in);

/*
 * Makes each loose line one that every reader understands alike (S17), in place:
 * the octets that m was parsed from must be writable. All slices stay valid.
 */
void	sip_straighten(struct sip_msg *m);

/* The first line of this header, or NULL; and the next of the same. */
static inline const struct sip_line *
sip_first(const struct sip_msg *m, enum header id)
{
	return m->first[id] != SIP_NO_LINE ? &m->line[m->first[id]] : NULL;
}

static inline const struct sip_line *
sip_next(const struct sip_msg *m, const struct sip_line *l)
{
	return l->next != SIP_NO_LINE ? &m->line[l->next] : NULL;
}

/* Value of the first line of this header; empty (NULL) if there is none. */
static inline struct str
sip_value(const struct sip_msg *m, enum header id)
{
	const struct sip_line *l = sip_first(m, id);

	return l != NULL ? l->value : STR_NONE;
}

/* Is the word (any case) in a list header such as Supported or Require? */
bool	sip_has_word(const struct sip_msg *m, enum header id, struct str word);

/*
 * The Call-ID alone, found without a full parse: what chooses the worker. It is
 * the same that sip_parse() finds. False if there is none.
 */
bool	sip_call_id(struct str in, struct str *out);

/*
 * Method and top branch of a request that may be cut short anywhere: of one
 * that we sent and that the network returned. False for what has none, and for a
 * response.
 */
bool	sip_top_branch(struct str in, struct str *method, struct str *branch);

/*
 * Cuts the first message off a stream (RFC 3261 section 18.3, RFC 5626 section
 * 4.4.1). Returns the octets to consume, 0 when more must be read first, or:
 *   -EMSGSIZE	head and body are, or will be, longer than limit, or the body
 *		longer than SIP_BODY_MAX;
 *   -EBADMSG	Content-Length is no number or its copies differ.
 * After an error the connection can only be closed; *msg is the head when it
 * was complete (sip_parse() then says what to answer), else empty.
 */
enum sip_frame_kind {
	SIP_FRAME_MESSAGE,	/* *msg: for sip_parse() */
	SIP_FRAME_PING,		/* CRLF CRLF: answer CRLF */
	SIP_FRAME_BLANK,	/* CRLF before a message, or a pong: nothing to do */
};
ssize_t	sip_frame(struct str in, size_t limit, enum sip_frame_kind *kind,
	    struct str *msg);

#endif
