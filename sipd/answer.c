/*
 * answer - writes and sends the answers that sipd gives by itself.
 *
 * core.c, admission.c, register.c and proxy.c call it. RFC 3261 section 8.2.6.
 */
#include "sipd/answer.h"

#include "common/daemon.h"
#include "common/digest.h"
#include "common/log.h"
#include "common/scan.h"
#include "common/stats.h"
#include "common/user_settings.h"
#include "sipd/amplified.h"
#include "sipd/branch.h"
#include "sipd/core.h"
#include "sipd/reply.h"
#include "sipd/wire.h"
#include "sipd/worker.h"

#define SIP_PORT	5060

void
answer_back(const struct sip_msg *m, const struct hop *from, struct hop *out)
{
	*out = *from;
	if (hop_is_stream(from) || m->via.has_rport)
		return;		/* the same connection; the source port */
	addr_set_port(&out->remote, m->via.port != 0 ? m->via.port : SIP_PORT);
}

/*
 * One challenge per algorithm, the preferred first (RFC 8760 section 2.4). The
 * names are in the order of "digest-algorithms", those of qop of "digest-qop". MD5
 * is what a challenge without algorithm means (RFC 7616 section 3.3): what answers
 * a forged request has to be small (S33).
 */
static void
write_challenges(struct text *t, const struct answer *a)
{
	static const char *const names[] = { "", ", algorithm=SHA-256",
	    ", algorithm=SHA-512-256", ", algorithm=MD5-sess",
	    ", algorithm=SHA-256-sess", ", algorithm=SHA-512-256-sess" };
	static const char *const qops[] = { "auth", "auth-int", "auth,auth-int" };
	const struct settings	*set = settings_now();
	const struct set_words	*algorithms = settings_algorithms(set, a->realm);
	const char		*qop = qops[set->digest_qop.n > 1 ? 2 :
				    set->digest_qop.v[0]];
	char			 nonce[NONCE_TEXT_LEN], buf[1024];
	struct text		 v;
	struct str		 header = a->code == 401 ?
				    STR("WWW-Authenticate") : STR("Proxy-Authenticate");

	nonce_make(core_nonce_keys(), a->realm, wall_ms(), nonce);
	for (size_t i = 0; i < algorithms->n; i++) {
		text_init(&v, buf, sizeof(buf));
		text_printf(&v, "Digest realm=\"%.*s\", nonce=\"%.*s\"%s, "
		    "qop=\"%s\"%s", STR_ARG(a->realm), NONCE_TEXT_LEN, nonce,
		    names[algorithms->v[i]], qop,
		    a->stale ? ", stale=true" : "");
		reply_header(t, header, text_str(&v));
	}
}

static void
write_seconds(struct text *t, struct str name, uint32_t seconds)
{
	char		buf[16];
	struct text	v;

	if (seconds == 0)
		return;
	text_init(&v, buf, sizeof(buf));
	text_u64(&v, seconds);
	reply_header(t, name, text_str(&v));
}

/* What follows the head that repeats the request. */
static void
write_rest(struct text *t, const struct answer *a)
{
	if (a->realm.len > 0) {
		stats->challenged++;
		write_challenges(t, a);
	}
	write_seconds(t, STR("Retry-After"), a->retry_after_s);
	write_seconds(t, STR("Min-Expires"), a->min_expires_s);
	if (a->unsupported.len > 0)
		reply_header(t, STR("Unsupported"), a->unsupported);
	if (a->more != NULL)
		a->more(t, a->arg);
	reply_end(t, STR_NONE);
}

static struct str
reason_of(const struct answer *a)
{
	return a->reason.len > 0 && !scan_has_control(a->reason) ? a->reason :
	    reply_reason(a->code);
}

static void
write_head(struct text *t, const struct sip_msg *m, const struct addr *source,
    uint16_t code, struct str reason)
{
	char	tag[TOTAG_LEN];

	totag_make(m->call_id, m->from_tag, m->cseq, tag);
	reply_begin(t, m, code, reason,
	    code == 100 ? STR_NONE : str_make(tag, TOTAG_LEN), source);
}

/* t NULL: statelessly to back, whose request had so many octets. */
static void
send_text(struct worker *w, struct txn *t, const struct hop *back, uint16_t code,
    size_t asked, const struct text *out)
{
	if (out->full) {
		log_rate(LOG_PROBLEMS, "SIP", "an answer %u does not fit", code);
		if (t != NULL && code >= 200)	/* else it would wait for ever */
			txn_abandon(t);
	} else if (t != NULL)
		txn_reply(t, code, text_str(out));
	else if (amplified_may(back, asked, out->len,
	    settings_now()->amplified_max, loop_now(w->loop)))
		wire_send(w, back, text_str(out), WIRE_RESPONSE, 0);
}

void
answer_send(struct worker *w, struct txn *t, const struct sip_msg *m,
    const struct hop *back, const struct addr *source, const struct answer *a)
{
	struct text	out;

	text_init(&out, w->out, MESSAGE_MAX);
	write_head(&out, m, source, a->code, reason_of(a));
	write_rest(&out, a);
	send_text(w, t, back, a->code, m->text.len, &out);
}

void
answer_keep(struct text *t, const struct sip_msg *m, const struct addr *source)
{
	size_t		begin = t->len;
	const char	*end;

	write_head(t, m, source, 200, STR("OK"));
	end = memchr(t->s + begin, '\n', t->len - begin);
	if (t->full || end == NULL)
		return;
	t->len -= (size_t)(end + 1 - (t->s + begin));
	memmove(t->s + begin, end + 1, t->len - begin);
}

void
answer_send_kept(struct worker *w, struct txn *t, struct str kept,
    const struct answer *a)
{
	struct text	out;

	text_init(&out, w->out, MESSAGE_MAX);
	text_add(&out, STR("SIP/2.0 "));
	text_u64(&out, a->code);
	text_ch(&out, ' ');
	text_add(&out, reason_of(a));
	text_add(&out, STR("\r\n"));
	text_add(&out, kept);
	write_rest(&out, a);
	send_text(w, t, NULL, a->code, 0, &out);
}

void
answer_plain(const struct inbound *in, uint16_t code, struct str reason)
{
	struct answer	a = { .code = code, .reason = reason };

	if (in->m->method == METHOD_ACK)
		return;
	answer_send(in->w, NULL, in->m, &in->back, &in->p->from.remote, &a);
}
