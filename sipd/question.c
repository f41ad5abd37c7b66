/*
 * question - a request as routed is asked about it.
 *
 * decision.c asks, and adds whose credential it shows.
 */
#include "sipd/question.h"

#include "common/route.h"
#include "sipd/core.h"
#include "sipd/media.h"
#include "sipd/proxy_parts.h"

/*
 * Of the body by what it is called: a call that will be heard or seen, or text. What
 * SDP says is mediad's to read.
 */
static uint8_t
media_kind(const struct sip_msg *m)
{
	if (m->method == METHOD_MESSAGE)
		return MEDIA_KIND_IM;
	return m->method == METHOD_INVITE && media_has_sdp(m) ? MEDIA_KIND_AV :
	    MEDIA_KIND_UNKNOWN;
}

static struct str
payload_of(const struct sip_msg *m)
{
	struct str	type = sip_value(m, HDR_CONTENT_TYPE), main;

	if (m->body.len == 0 || !str_cut(&type, ';', &main))
		return STR_NONE;
	main = str_trim(main);
	return main.len <= AGENT_MAX ? main : STR_NONE;
}

static struct str
name_of(const struct sip_msg *m)
{
	struct str	name = m->from.display;

	if (name.len > 1 && name.s[0] == '"')
		name = str_make(name.s + 1, name.len - 2);
	return name.len <= AGENT_MAX ? name : str_make(name.s, AGENT_MAX);
}

struct msg_route
question_of(struct proxy *p, const struct sip_msg *m, char remote[PEER_TEXT_MAX],
    char local[PEER_TEXT_MAX])
{
	struct nameaddr		next;
	struct msg_route	q = {
		.call = p->call,
		.method = m->method_text,
		.uri = m->uri,
		.from = m->from.uri.text,
		.to = m->to.uri.text,
		.source = hop_print_remote(&p->from, remote),
		.listener = hop_print_local(&p->from, local),
		.media = media_kind(m),
		.from_name = name_of(m),
		.payload = payload_of(m),
	};

	/* RFC 3261 section 16.6, step 7. An emergency call goes by its number alone. */
	p->led = !p->urgent &&
	    nameaddr_nth(m, HDR_ROUTE, p->pop_routes, &next) > 0;
	if (p->led)
		q.uri = next.uri.text;
	return q;
}
