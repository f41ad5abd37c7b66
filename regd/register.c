/*
 * register - what a REGISTER may change, and what is answered.
 *
 * asked.c calls register_judge() once the credential is good and the AOR is the
 * sender's own. Works on a draft of the AOR's contacts; the draft becomes a set
 * only when every contact of the request was accepted.
 */
#include "regd/register.h"

#include <errno.h>

#include "common/uri.h"

#define HOUR_S		3600
#define TRUSTED_AGAIN_MS 32000	/* a trusted request carries no fingerprint */

#define URI_MAX		2048
#define PARAMS_MAX	2048
#define INSTANCE_MAX	512
#define AGENT_MAX	128	/* cut, not refused */
#define CALL_ID_MAX	1024
#define PATHS_OCTETS	4096

/* A request being judged. */
struct work {
	const struct msg_registration *m;
	const struct user_settings *set;	/* what is in force for it */
	int64_t			 boot_ms, wall_ms;
	bool			 again;
	struct draft		*draft;
	uint64_t		 call_key;
	struct str		 paths;		/* joined as a set keeps them */
};

struct refusal {
	uint16_t	 code;		/* 0: none */
	const char	*reason;
};
#define NONE		((struct refusal){ 0, NULL })
#define REFUSE(c, why)	((struct refusal){ (c), (why) })

/*
 * May this request change b? Within a Call-ID only with a higher CSeq. What
 * the request itself has written (nothing is kept) it may write again.
 */
static bool
order_ok(const struct work *w, const struct binding *b)
{
	if (b->kept.len == 0 || w->m->cseq > b->cseq || b->call_key != w->call_key)
		return true;
	if (w->m->cseq < b->cseq)
		return false;
	return w->again || (w->m->trusted &&
	    w->wall_ms - b->since_ms < TRUSTED_AGAIN_MS &&
	    str_eq(b->text[B_RECEIVED], w->m->source));
}

/* ---- Contact: * ---- */

static struct refusal
star(struct work *w)
{
	if (w->m->contacts.n > 0)
		return REFUSE(400, "Contact * stands alone");
	if (w->m->expires_s != 0)
		return REFUSE(400, "Contact * needs Expires 0");
	for (uint32_t i = 0; i < w->draft->n; i++)
		if (!order_ok(w, &w->draft->v[i]))
			return REFUSE(500, "CSeq out of order");
	for (uint32_t i = w->draft->n; i-- > 0;)
		if (!w->draft->v[i].fixed)
			draft_remove(w->draft, i);
	return NONE;
}

/* ---- one contact ---- */

/* Seconds that are granted; 0: remove. Negative: too brief. */
static int64_t
expiry(const struct work *w, const struct rec_contact *c)
{
	int64_t s = c->expires_s >= 0 ? c->expires_s : w->m->expires_s;

	if (s < 0)
		s = w->set->default_expires / 1000;
	if (s > 0 && s < HOUR_S && s * 1000 < w->set->min_expires)
		return -1;
	if (s > w->set->max_expires / 1000)
		s = w->set->max_expires / 1000;
	return s;
}

static bool
same_uri(struct str a, const struct uri *parsed_a, struct str b)
{
	struct uri parsed_b;

	return str_eq(a, b) ||
	    (uri_parse(&parsed_b, b) == 0 && uri_equal(parsed_a, &parsed_b));
}

/*
 * Is b the same device's? Instance and reg-id decide when both have an
 * instance: two phones in two homes may well have the same private address.
 * Else the URI does.
 */
static bool
same_contact(const struct binding *b, const struct rec_contact *c,
    const struct uri *uri)
{
	struct str instance = b->text[B_INSTANCE];

	if (b->fixed)
		return false;
	if (instance.len > 0 && c->instance.len > 0)
		return str_eq(instance, c->instance) &&
		    b->reg_id == c->reg_id;
	return same_uri(c->uri, uri, b->text[B_URI]);
}

/* Its place in d, or d->n. Nearly always it is there with the very same text. */
static uint32_t
contact_place(const struct draft *d, const struct rec_contact *c,
    const struct uri *uri)
{
	for (uint32_t i = 0; i < d->n; i++)
		if (str_eq(d->v[i].text[B_URI], c->uri) &&
		    same_contact(&d->v[i], c, uri))
			return i;
	for (uint32_t i = 0; i < d->n; i++)
		if (same_contact(&d->v[i], c, uri))
			return i;
	return d->n;
}

static struct refusal
texts_check(const struct rec_contact *c, struct uri *uri)
{
	if (c->uri.len == 0 || c->uri.len > URI_MAX ||
	    uri_parse(uri, c->uri) < 0)
		return REFUSE(400, "bad Contact");
	if (c->params.len > PARAMS_MAX || c->instance.len > INSTANCE_MAX)
		return REFUSE(400, "Contact too long");
	return NONE;
}

static void
contact_write(const struct work *w, struct binding *b,
    const struct rec_contact *c, int64_t expires_s)
{
	struct str agent = w->m->agent;

	if (agent.len > AGENT_MAX)
		agent.len = AGENT_MAX;
	*b = (struct binding){
		.expires_ms = w->boot_ms + expires_s * 1000,
		.since_ms = w->wall_ms,
		.call_key = w->call_key,
		.cseq = w->m->cseq,
		.reg_id = c->reg_id,
		.q = c->q > 1000 ? 1000 : c->q,
		.text = {
			[B_URI] = c->uri, [B_PARAMS] = c->params,
			[B_INSTANCE] = c->instance,
			[B_RECEIVED] = w->m->source,
			[B_LISTENER] = w->m->listener, [B_AGENT] = agent,
			[B_PATHS] = w->paths,
		},
	};
}

static struct refusal
contact(struct work *w, const struct rec_contact *c, struct outcome *out)
{
	struct draft *d = w->draft;
	struct refusal no;
	struct uri uri;
	int64_t expires_s;
	uint32_t i;

	if ((no = texts_check(c, &uri)).code != 0)
		return no;
	if ((expires_s = expiry(w, c)) < 0) {
		out->min_expires_s =
		    (uint32_t)((w->set->min_expires + 999) / 1000);
		return REFUSE(423, "Interval Too Brief");
	}
	i = contact_place(d, c, &uri);
	if (i < d->n && !order_ok(w, &d->v[i]))
		return REFUSE(500, "CSeq out of order");
	if (expires_s == 0) {
		if (i < d->n)
			draft_remove(d, i);
		return NONE;
	}
	if (i == d->n) {
		if (draft_loose(d) >= w->set->max_contacts ||
		    d->n >= SET_CONTACTS_MAX)
			return REFUSE(403, "Too Many Contacts");
		d->n++;
	}
	contact_write(w, &d->v[i], c, expires_s);
	return NONE;
}

/* ---- the whole ---- */

/* Path as a set keeps it, each value ended by NUL. */
static struct refusal
paths_join(struct work *w, char *buf, size_t size)
{
	struct text t;

	if (w->m->paths.n > PATHS_MAX)
		return REFUSE(400, "too many Path values");
	text_init(&t, buf, size);
	for (uint32_t i = 0; i < w->m->paths.n; i++) {
		if (str_chr(w->m->paths.v[i].uri, '\0') >= 0)
			return REFUSE(400, "bad Path");
		text_add(&t, w->m->paths.v[i].uri);
		text_ch(&t, '\0');
	}
	if (t.full)
		return REFUSE(400, "Path too long");
	w->paths = text_str(&t);
	return NONE;
}

/*
 * RFC 5626 section 6: a flow is one contact's. Beside it others may only go; what
 * would stay with it could not all have come by this flow.
 */
static bool
flow_alone(const struct work *w)
{
	const struct rec_contact *c;
	uint32_t staying = 0;
	bool flow = false;

	for (uint32_t i = 0; i < w->m->contacts.n; i++) {
		c = &w->m->contacts.v[i];
		if (expiry(w, c) == 0)
			continue;
		staying++;
		flow |= c->reg_id != 0;
	}
	return !flow || staying == 1;
}

static struct refusal
judge(struct work *w, char *paths, size_t size, struct outcome *out)
{
	struct refusal no;

	if (w->m->call_id.len == 0 || w->m->call_id.len > CALL_ID_MAX)
		return REFUSE(400, "bad Call-ID");
	w->call_key = call_key(w->m->call_id);
	if ((no = paths_join(w, paths, size)).code != 0)
		return no;
	if (w->m->star)
		return star(w);
	if (!flow_alone(w))
		return REFUSE(400, "one contact a flow");
	for (uint32_t i = 0; i < w->m->contacts.n; i++)
		if ((no = contact(w, &w->m->contacts.v[i], out)).code != 0)
			return no;
	return NONE;
}

void
register_judge(const struct set *now, const struct msg_registration *m,
    const struct user_settings *set, int64_t boot_ms, int64_t wall_ms, bool again,
    struct outcome *out)
{
	char paths[PATHS_OCTETS];
	struct draft draft;
	struct work w = {
		.m = m, .set = set, .boot_ms = boot_ms, .wall_ms = wall_ms,
		.again = again, .draft = &draft,
	};
	struct refusal no;

	*out = (struct outcome){ .code = 200, .reason = "OK" };
	if (!m->star && m->contacts.n == 0)
		return;
	draft_from(&draft, now, boot_ms);
	no = judge(&w, paths, sizeof(paths), out);
	if (no.code == 0 && set_build(&out->set, &draft) < 0)
		no = REFUSE(403, "Contacts Too Long");
	if (no.code != 0) {
		out->code = no.code;
		out->reason = no.reason;
		return;
	}
	out->changed = set_count(now) > 0 || out->set != NULL;
}
