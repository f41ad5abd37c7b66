/*
 * record - what sipd tells the flight recorder.
 *
 * core.c tells of messages in, wire.c of messages out, proxy.c, leg.c, txn.c and
 * register.c of what was decided. A message is one copy of its bytes, with the
 * places of what a reader asks for: SIP text is known in sipd only.
 */
#include "sipd/record.h"

#include "common/log.h"
#include "common/sandbox.h"
#include "common/stats.h"
#include "sipd/mask.h"
#include "sipd/msg.h"

#define BAD_MAX		1024	/* octets kept of what is no SIP */
#define KEPT_SHARE	8	/* an eighth of the memory is for failed calls */

static struct {
	struct recorder	*rings[WORKERS_MAX];
	struct recorder	*kept[WORKERS_MAX];
} state;

/* ---- the rings ---- */

static struct recorder *
ring_open(struct self *self, const char *path, uint64_t size)
{
	struct recorder	*r;
	int		 error = recorder_open(&r, path, size,
			    sandbox_uid(self->daemon), sandbox_gid());

	if (error == 0)
		return r;
	log_problem("SIP", "%s: no flight recorder: %s", path, strerror(-error));
	return NULL;
}

void
record_open(struct self *self, unsigned workers)
{
	uint64_t	share = self->settings->recorder_size / workers;
	char		path[4096];

	if (share == 0)
		return;
	for (unsigned i = 0; i < workers; i++) {
		dirs_path(path, self->dirs.run, "recorder/%s.%u",
		    self->daemon->name, i);
		state.rings[i] = ring_open(self, path, share - share / KEPT_SHARE);
		dirs_path(path, self->dirs.run, "recorder/%s.%u.kept",
		    self->daemon->name, i);
		state.kept[i] = ring_open(self, path, share / KEPT_SHARE);
		recorder_note_start(state.rings[i], self->daemon->name);
	}
}

void
record_close(void)
{
	for (unsigned i = 0; i < WORKERS_MAX; i++) {
		recorder_close(state.rings[i]);
		recorder_close(state.kept[i]);
		state.rings[i] = state.kept[i] = NULL;
	}
}

struct recorder *
record_ring(unsigned worker)
{
	return state.rings[worker];
}

/* ---- messages ---- */

static const struct record_message	no_peers;

/* Its peers; the rest is the caller's to fill in. */
static void
write_peers(struct record_message *r, const struct hop *h, const struct addr *local)
{
	*r = no_peers;	/* a copy: clearing it is a call */
	r->transport = (uint8_t)h->transport;
	if (h->remote.sa.sa_family == AF_INET) {
		r->family = 4;
		memcpy(r->remote, &h->remote.in.sin_addr, 4);
		if (local->len > 0)
			memcpy(r->local, &local->in.sin_addr, 4);
	} else if (h->remote.sa.sa_family == AF_INET6) {
		r->family = 6;
		memcpy(r->remote, &h->remote.in6.sin6_addr, 16);
		if (local->len > 0)
			memcpy(r->local, &local->in6.sin6_addr, 16);
	}
	if (r->family == 0)
		return;
	/* At the same place in both families. */
	r->remote_port = ntohs(h->remote.in.sin_port);
	r->local_port = local->len > 0 ? ntohs(local->in.sin_port) : 0;
}

/* Of a message: neither place nor length can be more than it is long. */
static inline struct record_slice
slice(struct str text, struct str part)
{
	_Static_assert(MESSAGE_MAX <= UINT16_MAX + 1, "a place fits");
	return (struct record_slice){ (uint16_t)(part.s - text.s), (uint16_t)part.len };
}

#define VERSION_LEN	(sizeof("SIP/2.0 ") - 1)

/* The code and reason of a response, the method of a request; bytes are ours. */
static struct str
label_of(struct str bytes, bool request)
{
	const char	*begin = bytes.s + (request ? 0 : VERSION_LEN);
	const char	*end = memchr(begin, request ? ' ' : '\r',
			    bytes.len - (size_t)(begin - bytes.s));

	return str_make(begin, end != NULL ? (size_t)(end - begin) : 0);
}

/* In the ring, where the text will follow it; until finish(). NULL: no recorder. */
static inline struct record_message *
begin(struct worker *w, enum record_kind kind, uint16_t code, const struct hop *h,
    const struct addr *local, size_t length)
{
	struct record_message	*r;

	r = recorder_begin(w->recorder, kind, code, w->recording.call,
	    loop_now(w->loop), sizeof(*r) + length);
	if (r != NULL)
		write_peers(r, h, local);
	return r;
}

static inline void
finish(struct worker *w, struct record_message *r, struct str text, bool plain)
{
	char	*p = (char *)(r + 1);

	if (plain)
		memcpy(p, text.s, text.len);
	else
		mask_copy(p, text);
	recorder_commit(w->recorder);
}

void
record_in(struct worker *w, uint64_t call, const struct sip_msg *m,
    const struct packet *p)
{
	struct record_message	*r;

	record_as(w, call, w->recorder != NULL && mask_needless(m));
	if (record_logs_some())
		record_log_in(w, m, p);
	r = begin(w, RECORD_IN, m->code, &p->from, &p->from.local, m->text.len);
	if (r == NULL)
		return;
	r->flags = m->body.len > 0 ? RECORD_HAS_BODY : 0;
	r->label = slice(m->text, m->request ? m->method_text :
	    str_make(m->first_line.s + VERSION_LEN, m->first_line.len - VERSION_LEN));
	r->method = slice(m->text, m->request ? m->method_text : m->cseq_method);
	r->call_id = slice(m->text, m->call_id);
	r->from = slice(m->text, m->from.uri.text);
	r->to = slice(m->text, m->to.uri.text);
	finish(w, r, m->text, w->recording.plain);
}

void
record_bad(struct worker *w, const struct packet *p)
{
	struct record_message	*r;
	struct str		 text = p->bytes;

	if (w->recorder == NULL)
		return;
	record_end(w);
	if (text.len > BAD_MAX)
		text.len = BAD_MAX;
	r = begin(w, RECORD_IN, 0, &p->from, &p->from.local, text.len);
	if (r == NULL)
		return;
	r->flags = RECORD_BAD | (text.len < p->bytes.len ? RECORD_CUT : 0);
	finish(w, r, text, false);
}

/* Our own requests: what nobody has parsed. We wrote it: names are in full. */
static struct str
own_header(struct str text, struct str name)
{
	ptrdiff_t	at = str_find(text, name);
	struct str	value, line;

	if (at < 0)
		return STR_NONE;
	value = str_make(text.s + at + name.len, text.len - (size_t)at - name.len);
	return str_cut(&value, '\r', &line) ? line : STR_NONE;
}

static void
write_own(struct record_message *r, struct str text)
{
	r->call_id = slice(text, own_header(text, STR("\r\nCall-ID: ")));
	r->from = slice(text, own_header(text, STR("\r\nFrom: ")));
	r->to = slice(text, own_header(text, STR("\r\nTo: ")));
}

/* Ours: three digits. */
static uint16_t
code_of(struct str label)
{
	return label.len < 3 ? 0 : (uint16_t)((label.s[0] - '0') * 100 +
	    (label.s[1] - '0') * 10 + label.s[2] - '0');
}

/* Seldom: what it needs is not to be saved each time. */
static __attribute__((noinline, cold)) void
not_sent(struct worker *w, int error)
{
	record_note(w, RECORD_FAILURE, (uint16_t)-error, "SIPDATA", STR("not sent: "),
	    str_of(strerror(-error)));
}

void
record_out(struct worker *w, const struct hop *to, const struct addr *local,
    struct str bytes, int error)
{
	struct record_message	*r;
	struct str		 label;
	bool			 request, first;

	if (record_logs(w) || raised_some_by(RAISED_ADDRESS))
		record_log_out(w, to, bytes, error);
	if (w->recorder == NULL)
		return;
	request = bytes.len < VERSION_LEN || memcmp(bytes.s, "SIP/2.0 ", VERSION_LEN) != 0;
	label = label_of(bytes, request);
	first = request && !recorder_knows(w->recorder, w->recording.call);
	r = begin(w, RECORD_OUT, request ? 0 : code_of(label), to, local, bytes.len);
	if (r == NULL)
		return;
	r->label = slice(bytes, label);
	if (request)
		r->method = r->label;
	if (first)
		write_own(r, bytes);
	finish(w, r, bytes, w->recording.plain);
	if (error < 0)
		not_sent(w, error);
}

/* ---- the rest ---- */

void
record_parts(struct worker *w, enum record_kind kind, uint16_t code, const char *tag,
    const struct str *parts, size_t n)
{
	if (record_logs(w))
		record_log_parts(w, kind, tag, parts, n);
	recorder_note(w->recorder, kind, code, w->recording.call, loop_now(w->loop),
	    tag, parts, n);
}

/* A challenge is no failure, and who hangs up while it rings meant to. */
static bool
failed(uint16_t code)
{
	return code >= 400 && code != 401 && code != 407 && code != 487;
}

void
record_result(struct worker *w, uint16_t code, struct str method)
{
	if (w->recorder == NULL && !record_logs_some())
		return;
	record_note(w, RECORD_RESULT, code, "SIGNAL", method);
	if (failed(code) && str_eq(method, STR("INVITE")))
		recorder_keep(w->recorder, state.kept[w->index], w->recording.call);
}
