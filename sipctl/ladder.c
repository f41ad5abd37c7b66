/*
 * ladder - a trace as columns and rows: names for peers, labels for messages.
 *
 * trace_show.c makes one for each drawing. What a message is called was found out
 * by sipd when it recorded it; here is only what people want beside that.
 */
#include "sipctl/ladder.h"

#include <stdlib.h>

#include "common/uri.h"
#include "sipctl/sdp_words.h"
#include "sipctl/sip_text.h"

struct making {
	const struct trace *trace;
	struct ladder	*l;
	unsigned	 messages;
	struct ladder_row *asked;	/* the last request that came in */
	struct str	 gateway;	/* where routed sent the last request */
};

/* ---- columns ---- */

static struct str
user_of(struct str uri)
{
	struct uri	u;

	if (uri_parse(&u, uri) < 0)
		return uri;
	return u.user.len > 0 ? u.user : u.host;
}

/* "sip:bert@192.0.2.7" of "INVITE sip:bert@192.0.2.7 SIP/2.0". */
static struct str
request_uri(struct str text)
{
	struct str	line = STR_NONE, word = STR_NONE;

	str_cut(&text, '\r', &line);
	str_cut(&line, ' ', &word);
	str_cut(&line, ' ', &word);
	return word;
}

static void
name_peer(struct making *m, struct ladder_peer *p, const struct record *c,
    const struct record_message *r, struct str text)
{
	struct str	name = STR_NONE;

	if (c->kind == RECORD_OUT && c->code == 0)
		name = m->gateway.len > 0 ? m->gateway : user_of(request_uri(text));
	else if (c->code == 0)
		name = user_of(record_slice(text, r->from));
	if (name.len >= sizeof(p->name))
		name.len = sizeof(p->name) - 1;
	str_copy(p->name, sizeof(p->name), name.len > 0 ? name : STR("?"));
}

static unsigned
column_of(struct making *m, const struct record *c, const struct record_message *r,
    struct str text)
{
	struct ladder	*l = m->l;
	char		 buf[PEER_TEXT_MAX];
	struct str	 address = trace_peer(r, true, buf);
	unsigned	 i;

	for (i = 0; i < l->npeers; i++)
		if (i != LADDER_US && str_eq(str_of(l->peers[i].address), address))
			return i;
	i = l->peers[0].address[0] == '\0' ? 0 :
	    l->npeers == LADDER_PEERS_MAX ? LADDER_PEERS_MAX - 1 : l->npeers++;
	if (l->peers[i].address[0] == '\0') {
		str_copy(l->peers[i].address, sizeof(l->peers[i].address), address);
		name_peer(m, &l->peers[i], c, r, text);
	}
	return i;
}

/* ---- rows ---- */

/* The recorder says it of what came; of what left, CSeq does. */
static void
take_method(struct ladder_row *row, struct str recorded, struct str text)
{
	struct str	cseq = sip_header(text, "CSeq", NULL), number;

	if (recorded.len == 0 && str_cut(&cseq, ' ', &number))
		recorded = str_trim(cseq);
	str_copy(row->method, sizeof(row->method), recorded);
}

static struct ladder_row *
add_row(struct making *m, const struct trace_record *r)
{
	struct ladder_row	*row = &m->l->rows[m->l->n++];

	*row = (struct ladder_row){ .record = r, .from = LADDER_US, .to = LADDER_US };
	row->after_ns = r->c->mono_ns - m->trace->v[0].c->mono_ns;
	return row;
}

/* Its bytes crossed between the same two before: a retransmission. */
static const struct ladder_row *
earlier(const struct making *m, const struct ladder_row *row, struct str text)
{
	struct record_message	 head;
	struct str		 other;

	for (size_t i = m->l->n - 1; i-- > 0; ) {
		const struct ladder_row *k = &m->l->rows[i];

		if (k->message && k->from == row->from && k->to == row->to &&
		    k->record->c->code == row->record->c->code &&
		    record_read_message(k->record->c, &head, &other) &&
		    str_eq(other, text))
			return k;
	}
	return NULL;
}

static char *
note_of(const struct making *m, const struct ladder_row *row, struct str text)
{
	const struct ladder_row	*first = earlier(m, row, text);
	char			 buf[256];
	struct text		 t;

	text_init(&t, buf, sizeof(buf));
	if (first != NULL)
		text_printf(&t, "%u again", first->number);
	else
		sdp_words(sip_body(text), &t);
	return t.len > 0 ? xstrdup(buf) : NULL;
}

static void
take_message(struct making *m, const struct trace_record *r)
{
	struct ladder_row	*row;
	struct record_message	 head;
	struct str		 text, label;
	char			 buf[256];
	bool			 out = r->c->kind == RECORD_OUT, sdp;
	unsigned		 column;

	if (!record_read_message(r->c, &head, &text))
		return;
	column = column_of(m, r->c, &head, text);
	row = add_row(m, r);
	row->message = true;
	row->number = ++m->messages;
	row->code = r->c->code;
	take_method(row, record_slice(text, head.method), text);
	*(out ? &row->to : &row->from) = column;
	label = head.flags & RECORD_BAD ? STR("not a SIP message") :
	    record_slice(text, head.label);
	sdp = str_prefix(sip_body(text), STR("v=0"));
	snprintf(buf, sizeof(buf), "%.*s%s", STR_ARG(label), sdp ? " (SDP)" : "");
	row->label = xstrdup(buf);
	row->note = note_of(m, row, text);
	if (!out && r->c->code == 0)
		m->asked = row;
}

/* What we found out about a request's sender stands beside the request. */
static bool
beside(struct making *m, const char *tag, struct str text)
{
	char	buf[512];

	if (strcmp(tag, "AUTH") != 0 || m->asked == NULL)
		return false;
	snprintf(buf, sizeof(buf), "%s%s%.*s", m->asked->note != NULL ?
	    m->asked->note : "", m->asked->note != NULL ? "; " : "", STR_ARG(text));
	free(m->asked->note);
	m->asked->note = xstrdup(buf);
	return true;
}

static const char *
daemon_of(const char *tag)
{
	static const struct {
		const char	*tag, *daemon;
	} table[] = {
		{ "ROUTER", "routed" }, { "REG", "regd" }, { "AUTH", "regd" },
		{ "MEDIA", "mediad" }, { "GW", "gwregd" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(tag, table[i].tag) == 0)
			return table[i].daemon;
	return NULL;
}

static void
take_note(struct making *m, const struct trace_record *r)
{
	struct ladder_row	*row;
	struct str		 text, gateway;
	const char		*daemon;
	char			 tag[9], buf[1200];
	bool			 theirs;

	theirs = strcmp(r->daemon, "sipd") != 0;
	if (!record_read_note(r->c, tag, &text) || r->c->kind == RECORD_RESULT ||
	    (!theirs && beside(m, tag, text)))
		return;
	/* sipd's words for it stand beside the request. */
	if (theirs && strcmp(tag, "AUTH") == 0 && r->c->code == 200)
		return;
	if ((gateway = trace_gateway(tag, text)).len > 0)
		m->gateway = gateway;
	daemon = theirs ? r->daemon : daemon_of(tag);
	row = add_row(m, r);
	snprintf(buf, sizeof(buf), "%s%s%.*s", daemon != NULL ? daemon : "",
	    daemon != NULL ? ": " : "", STR_ARG(text));
	row->label = xstrdup(buf);
}

/* ---- the whole ---- */

static void
copy_party(char out[LADDER_NAME_MAX], struct str uri)
{
	char		buf[AOR_MAX];
	struct uri	u;
	struct str	aor = uri;

	if (uri_parse(&u, uri) == 0 && (aor = uri_aor(&u, buf)).len == 0)
		aor = uri;
	if (aor.len >= LADDER_NAME_MAX)
		aor.len = LADDER_NAME_MAX - 1;
	str_copy(out, LADDER_NAME_MAX, aor);
}

static void
take_title(struct ladder *l, const struct record *c)
{
	struct record_message	m;
	struct str		text, id;

	if (l->call_id[0] != '\0' || c->code != 0 || !record_read_message(c, &m, &text))
		return;
	copy_party(l->from, record_slice(text, m.from));
	copy_party(l->to, record_slice(text, m.to));
	id = record_slice(text, m.call_id);
	if (id.len >= sizeof(l->call_id))
		id.len = sizeof(l->call_id) - 1;
	str_copy(l->call_id, sizeof(l->call_id), id);
}

/* The last final response that left until a result was noted; a challenge is none. */
static void
take_result(struct ladder *l, const struct ladder_row *row, bool *decided)
{
	const struct record	*c = row->record->c;

	if (row->message && c->kind == RECORD_OUT && c->code >= 200 && !*decided) {
		str_copy(l->result, sizeof(l->result), str_trim(str_make(row->label,
		    strcspn(row->label, "("))));
		l->lasted_ns = row->after_ns;
	}
}

void
ladder_make(const struct trace *t, const char *us, struct ladder *out)
{
	struct making	m = { .trace = t, .l = out };
	bool		decided = false;

	*out = (struct ladder){ .npeers = 2 };
	str_copy(out->peers[LADDER_US].name, LADDER_NAME_MAX, str_of(us));
	str_copy(out->peers[LADDER_US].address, PEER_TEXT_MAX, STR("sipd"));
	out->rows = xcalloc(t->n + 1, sizeof(out->rows[0]));
	out->began_ms = t->n > 0 ? t->v[0].c->wall_ms : 0;
	for (size_t i = 0; i < t->n; i++) {
		const struct record	*c = t->v[i].c;
		size_t			 before = out->n;

		if (c->kind == RECORD_IN || c->kind == RECORD_OUT) {
			take_title(out, c);
			take_message(&m, &t->v[i]);
		} else
			take_note(&m, &t->v[i]);
		if (out->n > before)
			take_result(out, &out->rows[before], &decided);
		decided |= c->kind == RECORD_RESULT;
	}
	if (out->result[0] == '\0' && out->n > 0)
		out->lasted_ns = out->rows[out->n - 1].after_ns;
}

void
ladder_fini(struct ladder *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->rows[i].label);
		free(l->rows[i].note);
	}
	free(l->rows);
	*l = (struct ladder){ .n = 0 };
}

const struct ladder_row *
ladder_message(const struct ladder *l, unsigned number)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->rows[i].message && l->rows[i].number == number)
			return &l->rows[i];
	return NULL;
}

void
ladder_time(const struct ladder *l, const struct ladder_row *r, char buf[40])
{
	double	ms = (double)r->after_ns / 1e6;

	if (r == l->rows)
		trace_time(l->began_ms, false, buf);
	else if (ms < 10000)
		snprintf(buf, 40, "+%.0f ms", ms);
	else if (ms < 600000)
		snprintf(buf, 40, "+%.1f s", ms / 1000);
	else
		snprintf(buf, 40, "+%.0f min", ms / 60000);
}

void
ladder_title(const struct ladder *l, const char *arrow, struct text *t)
{
	text_printf(t, "%s %s %s    ", l->from, arrow, l->to);
	if (l->result[0] != '\0')
		text_printf(t, "%s after %.1f s", l->result, (double)l->lasted_ns / 1e9);
	else
		text_printf(t, "no final answer for %.1f s", (double)l->lasted_ns / 1e9);
	text_printf(t, "    Call-ID %s", l->call_id);
}
