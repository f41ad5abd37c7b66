/*
 * registration - what a REGISTER says, for regd: contacts, Path, and whether it
 * makes a flow.
 *
 * register.c calls it. RFC 3261 section 10.3 as far as the text goes, RFC 3327
 * section 5.3, RFC 5626 section 6. Who may have which binding is regd's to say.
 */
#include "sipd/registration.h"

#include <errno.h>

#include "common/daemon.h"
#include "sipd/contact.h"
#include "sipd/core.h"
#include "sipd/extension.h"
#include "sipd/reply.h"
#include "sipd/worker.h"

#define PATHS_TEXT_MAX	1900	/* octets of all; targets.c makes one Route of them */

#define REFUSE(c, why)	((struct answer){ .code = (c), .reason = STR(why) })

/* ---- contacts ---- */

/*
 * Nobody's phone (S11): ourselves, where a call would turn round for ever, and
 * addresses that only a request from there may name.
 */
static bool
is_forbidden(const struct inbound *in, const struct uri *u)
{
	struct addr	a;

	if (core_is_us(in, u))
		return true;
	return addr_parse(&a, u->host, u->port) == 0 &&
	    !addr_may_target(&a, &in->p->from.local);
}

/* What is taken away does no harm, whatever it names. */
static bool
is_removal(const struct rec_contact *c, const struct sip_msg *m)
{
	return c->expires_s == 0 || (c->expires_s < 0 && m->expires_s == 0);
}

static bool
read_contact(struct rec_contact *c, const struct inbound *in,
    const struct nameaddr *na, struct text *store, struct answer *no)
{
	int	error = contact_read(c, na, store);

	if (error == -EMSGSIZE || c->uri.len > URI_MAX ||
	    c->params.len > URI_MAX || c->instance.len > ID_MAX)
		*no = REFUSE(413, "Contact Too Long");
	else if (error < 0)
		*no = REFUSE(400, "Bad Contact");
	else if (!is_removal(c, in->m) && is_forbidden(in, &na->uri))
		*no = REFUSE(403, "Forbidden Contact");
	else
		return true;
	return false;
}

static bool
read_contacts(struct registration *r, const struct inbound *in,
    struct text *store, struct answer *no)
{
	struct values	 it;
	struct nameaddr	 na;
	uint32_t	 n = 0;
	int		 more;

	values_begin(&it, in->m, HDR_CONTACT);
	while ((more = nameaddr_next(&it, &na)) > 0) {
		if (na.star) {
			r->q.star = true;
			continue;
		}
		if (n == CONTACTS_MAX) {
			*no = REFUSE(400, "Too Many Contacts");
			return false;
		}
		r->contacts[n] = (struct rec_contact){ 0 };
		if (!read_contact(&r->contacts[n], in, &na, store, no))
			return false;
		n++;
	}
	r->q.contacts.v = r->contacts;
	r->q.contacts.n = n;
	*no = REFUSE(400, "Bad Contact");
	return more == 0;
}

/* ---- Path ---- */

static bool
read_paths(struct registration *r, const struct sip_msg *m, struct answer *no)
{
	struct values	it;
	struct nameaddr	na;
	struct str	v;
	uint32_t	n = 0;
	size_t		all = 0;

	values_begin(&it, m, HDR_PATH);
	while (values_next(&it, &v)) {
		all += v.len;
		if (n == PATHS_MAX || all > PATHS_TEXT_MAX ||
		    nameaddr_parse(&na, v) < 0 || na.star) {
			*no = REFUSE(400, "Bad Path");
			return false;
		}
		r->paths[n++].uri = v;
	}
	r->q.paths.v = r->paths;
	r->q.paths.n = n;
	if (n == 0 || settings_now()->path_unasked ||
	    extension_named(m, HDR_SUPPORTED, STR("path")))
		return true;
	*no = (struct answer){ .code = 420, .unsupported = STR("path") };
	return false;
}

/* ---- flows ---- */

static bool
is_first_hop(const struct sip_msg *m)
{
	struct values	it;
	struct str	v;
	unsigned	n = 0;

	values_begin(&it, m, HDR_VIA);
	while (n < 2 && values_next(&it, &v))
		n++;
	return n < 2;
}

/*
 * The proxy that the phone holds its flow to has put the first Path of all, which
 * later ones have pushed to the end; section 11.6 is about that one.
 */
static bool
edge_keeps_flows(const struct registration *r)
{
	struct nameaddr	na;
	struct str	v;

	return r->q.paths.n > 0 &&
	    nameaddr_parse(&na, r->paths[r->q.paths.n - 1].uri) == 0 &&
	    uri_param(&na.uri, "ob", &v);
}

static void
write_requires(struct text *t, void *arg)
{
	reply_header(t, STR("Require"), STR("outbound"));
}

/* RFC 5626 section 6, first and third paragraph. */
static bool
read_flow(struct registration *r, const struct sip_msg *m, struct answer *no)
{
	bool	kept = is_first_hop(m) || edge_keeps_flows(r);
	bool	asked = false;

	for (uint32_t i = 0; i < r->q.contacts.n; i++) {
		struct rec_contact *c = &r->contacts[i];

		if (c->instance.len == 0)
			c->reg_id = 0;
		asked |= c->reg_id != 0;
		if (!kept)
			c->reg_id = 0;
	}
	r->outbound = asked && kept;
	if (asked && !kept && extension_named(m, HDR_SUPPORTED, STR("outbound"))) {
		*no = (struct answer){ .code = 439 };
		return false;
	}
	if (!r->outbound && r->q.contacts.n > 0 && settings_now()->outbound_required) {
		*no = (struct answer){ .code = 421, .more = write_requires };
		return false;
	}
	return true;
}

/* ---- the whole ---- */

bool
registration_read(struct registration *r, const struct inbound *in,
    const struct admission *adm, struct answer *no)
{
	const struct sip_msg	*m = in->m;
	struct text		 store;

	text_init(&store, in->w->core->body, MESSAGE_MAX);
	r->q = (struct msg_registration){
		.call = in->call,
		.aor = core_aor(in, &m->to.uri, r->aor),
		.from = adm->from_aor,
		.uri = m->uri,
		.branch = m->via.branch,
		.call_id = m->call_id,
		.cseq = m->cseq,
		.source = hop_print_remote(&in->p->from, r->remote),
		.listener = hop_print_local(&in->p->from, r->local),
		.agent = core_agent(m),
		.expires_s = m->expires_s,
		.digests = { adm->digests, adm->ndigests },
		.trusted = !adm->needed,
	};
	if (m->to.uri.scheme == URI_OTHER) {
		*no = REFUSE(400, "Bad To");
		return false;
	}
	/* RFC 3261 section 10.3 step 5: a user who cannot be, with a NUL say. */
	if (r->q.aor.len == 0) {
		*no = REFUSE(404, "Not Found");
		return false;
	}
	return read_contacts(r, in, &store, no) && read_paths(r, m, no) &&
	    read_flow(r, m, no);
}
