/*
 * record_log - what the flight recorder is told, in the log: of calls that are raised,
 * and of all with "log-level all".
 *
 * Whether a call is to be raised is found out here, from the parties of its requests
 * and the addresses of its peers.
 */
#include "sipd/msg.h"
#include "sipd/record.h"

/* Levels and tags of FEATURES.md row 184: packets are Low-Level. */
static bool
wanted(const struct worker *w, const char *tag)
{
	return raised_level(w->recording.call) >= LOG_LOW || log_wants_of(LOG_ALL, tag);
}

/* ---- messages ---- */

static void
look_user(uint64_t call, const struct uri *u)
{
	raised_look_user(call, u->user, u->host);
}

static void
look_message(uint64_t call, const struct sip_msg *m, const struct packet *p)
{
	if (raised_some_by(RAISED_ADDRESS))
		raised_look_address(call, &p->from.remote);
	if (!m->request)
		return;
	if (raised_some_by(RAISED_CALL))
		raised_look(call, RAISED_CALL, m->call_id);
	if (raised_some_by(RAISED_USER)) {
		look_user(call, &m->from.uri);
		look_user(call, &m->to.uri);
		look_user(call, &m->ruri);
	}
}

void
record_log_in(const struct worker *w, const struct sip_msg *m, const struct packet *p)
{
	uint64_t	call = w->recording.call;
	char		buf[PEER_TEXT_MAX];

	if (raised_some())
		look_message(call, m, p);
	if (!wanted(w, "SIPDATA"))
		return;
	if (m->request)
		log_at(LOG_LOW, "SIPDATA", call, "recv %.*s %.*s %s from=%s to=%s method=%.*s "
		    "call=%s", STR_ARG(hop_print_remote(&p->from, buf)),
		    STR_ARG(m->method_text), log_str(m->uri), log_str(m->from.uri.text),
		    log_str(m->to.uri.text), STR_ARG(m->method_text), log_str(m->call_id));
	else
		log_at(LOG_LOW, "SIPDATA", call, "recv %.*s %.*s method=%.*s status=%u call=%s",
		    STR_ARG(hop_print_remote(&p->from, buf)), STR_ARG(str_make(
		    m->first_line.s + 8, m->first_line.len - 8)), STR_ARG(m->cseq_method),
		    m->code, log_str(m->call_id));
}

void
record_log_out(const struct worker *w, const struct hop *to, struct str bytes, int error)
{
	uint64_t	call = w->recording.call;
	char		buf[PEER_TEXT_MAX];
	struct str	line = STR_NONE, rest = bytes, what;
	bool		response;

	if (raised_some_by(RAISED_ADDRESS))
		raised_look_address(call, &to->remote);
	response = str_prefix(bytes, STR("SIP/2.0 "));
	if (!wanted(w, response ? "SIP" : "SIPC"))
		return;
	str_cut(&rest, '\r', &line);
	what = line;
	if (response)
		what = str_make(line.s + 8, line.len - 8);
	else
		str_cut(&line, ' ', &what);
	log_at(LOG_LOW, response ? "SIP" : "SIPC", call, "%.*s %s %.*s%s%s", STR_ARG(what),
	    response ? "sent to" : "to", STR_ARG(hop_print_remote(to, buf)),
	    error < 0 ? ": " : "", error < 0 ? strerror(-error) : "");
}

/* ---- the rest ---- */

void
record_log_parts(const struct worker *w, enum record_kind kind, const char *tag,
    const struct str *parts, size_t n)
{
	char		buf[1024];
	struct text	t;

	if (!wanted(w, tag))
		return;
	text_init(&t, buf, sizeof(buf));
	for (size_t i = 0; i < n; i++)
		text_add(&t, parts[i]);
	log_at(kind == RECORD_TIMER ? LOG_ALL : LOG_LOW, tag, w->recording.call, "%.*s",
	    STR_ARG(text_str(&t)));
}

void
record_look_target(const struct worker *w, enum target_kind kind, struct str value)
{
	struct str	user;

	if (kind == TARGET_AOR)
		raised_look_aor(w->recording.call, value);
	else if (kind == TARGET_GATEWAY && str_cut(&value, '@', &user))
		raised_look(w->recording.call, RAISED_GATEWAY, value.s != NULL ? value : user);
}
