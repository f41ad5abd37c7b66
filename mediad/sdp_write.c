/*
 * sdp_write - the body again, with the relay's address and ports where its edits are.
 *
 * exchange.c calls it; sdp.c made the edits.
 */
#include <errno.h>

#include "mediad/sdp.h"

/* Bundled lines that named one port get one (RFC 9143 section 7.3). */
static unsigned
media_leader(const struct sdp *s, unsigned i)
{
	unsigned	j;

	if (!s->bundle || s->media[i].port == 0 || !s->media[i].datagrams)
		return i;
	for (j = 0; j < i; j++)
		if (s->media[j].datagrams &&
		    s->media[j].port == s->media[i].port &&
		    s->media[j].hold == s->media[i].hold &&
		    addr_eq_host(&s->media[j].rtp, &s->media[i].rtp))
			return j;
	return i;
}

static void
write_connection(const struct sdp_relay *r, struct text *out)
{
	char	host[ADDR_TEXT_MAX];

	text_add(out, r->addr.sa.sa_family == AF_INET6 ? STR("IN IP6 ") : STR("IN IP4 "));
	text_add(out, addr_print_host(&r->addr, host));
}

/* "IN IP6 ..." for a reader of IPv6, and so on? */
static bool
is_of_family(struct str connection, const struct sdp_relay *r)
{
	return (str_find(connection, STR(":")) >= 0) ==
	    (r->addr.sa.sa_family == AF_INET6);
}

/*
 * The session's name stays as it was written, unless the reader is of the other
 * family: Debian's baresip (1.0.0) takes the family of o= for that of the offer.
 */
static void
write_origin(const struct sdp_relay *r, struct str was, struct text *out)
{
	if (r->origin || !is_of_family(was, r))
		write_connection(r, out);
	else
		text_add(out, was);
}

/* The unspecified address of the reader's family, as it was where that is the same. */
static void
write_hold(const struct sdp_relay *r, struct str was, struct text *out)
{
	if (r->convert_hold)
		write_connection(r, out);
	else if (is_of_family(was, r))
		text_add(out, was);
	else
		text_add(out, r->addr.sa.sa_family == AF_INET6 ?
		    STR("IN IP6 ::") : STR("IN IP4 0.0.0.0"));
}

/* RFC 3264 section 8.4 for a line that is held by its address. */
static struct str
held_direction(const struct sdp_media *m)
{
	return m->direction == SDP_RECVONLY || m->direction == SDP_INACTIVE ?
	    STR("inactive") : STR("sendonly");
}

static void
write_direction(const struct sdp *s, const struct sdp_relay *r,
    const struct sdp_edit *e, struct text *out)
{
	const struct sdp_media	*m = &s->media[e->media];
	struct str		 eol = str_find(s->body, STR("\r\n")) >= 0 ?
	    STR("\r\n") : STR("\n");
	bool			 begun = e->at > 0 && s->body.s[e->at - 1] == '\n';

	if (!r->convert_hold || !m->hold) {
		text_add(out, str_make(s->body.s + e->at, e->len));
		return;
	}
	if (e->kind == SDP_DIRECTION) {
		text_add(out, held_direction(m));
		return;
	}
	if (!begun)
		text_add(out, eol);
	text_add(out, STR("a="));
	text_add(out, held_direction(m));
	if (begun)
		text_add(out, eol);
}

static void
write_edit(const struct sdp *s, const struct sdp_relay *r,
    const struct sdp_edit *e, struct text *out)
{
	uint16_t	port = 0;

	if (s->nmedia > 0)
		port = r->port[media_leader(s, e->media)];
	switch ((enum sdp_edit_kind)e->kind) {
	case SDP_ORIGIN:
		write_origin(r, str_make(s->body.s + e->at, e->len), out);
		break;
	case SDP_CONNECTION:
		write_connection(r, out);
		break;
	case SDP_HOLD:
		write_hold(r, str_make(s->body.s + e->at, e->len), out);
		break;
	case SDP_DIRECTION:
	case SDP_NO_DIRECTION:
		write_direction(s, r, e, out);
		break;
	case SDP_PORT:
		text_u64(out, port);
		break;
	case SDP_RTCP:
	case SDP_RTCP_FULL:
		text_u64(out, port == 0 || e->same ? port : port + 1);
		if (e->kind == SDP_RTCP_FULL) {
			text_ch(out, ' ');
			write_connection(r, out);
		}
		break;
	case SDP_REMOVE:
		break;
	}
}

int
sdp_write(const struct sdp *s, const struct sdp_relay *r, struct text *out)
{
	size_t		at = 0;
	unsigned	i;

	for (i = 0; i < s->nedits; i++) {
		const struct sdp_edit	*e = &s->edits[i];

		text_add(out, str_make(s->body.s + at, e->at - at));
		write_edit(s, r, e, out);
		at = e->at + e->len;
	}
	text_add(out, str_make(s->body.s + at, s->body.len - at));
	return out->full ? -EMSGSIZE : 0;
}
