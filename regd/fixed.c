/*
 * fixed - contacts as the administrator will have them: set for good (row 103),
 * removed, or gone with their account. As durable as a phone's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mono.h"
#include "common/uri.h"
#include "regd/regd.h"

#define PARAMS_MAX	2048

/* What REG_ADD and REG_DEL are answered with. */
static void
changed(void *arg, struct change *c, int error)
{
	if (error < 0)
		bus_refuse(c->ticket, -error, "cannot write the store: %s",
		    strerror(-error));
	else
		bus_done(c->ticket);
}

static void
forgotten(void *arg, struct change *c, int error)
{
}

void
asked_forget(struct regd *r, struct str aor)
{
	struct change c = { .done = forgotten };
	struct aor *a = bindings_find(r->bindings, aor);

	if (a != NULL && set_count(aor_newest(a)) > 0)
		(void)journal_change(r->journal, a, NULL, false, &c);
}

/* ---- REG_ADD ---- */

/* The place of a fixed contact with this URI, or d->n. */
static uint32_t
fixed_place(const struct draft *d, const struct uri *uri)
{
	struct uri have;
	uint32_t i;

	for (i = 0; i < d->n; i++)
		if (d->v[i].fixed &&
		    uri_parse(&have, d->v[i].text[B_URI]) == 0 &&
		    uri_equal(uri, &have))
			break;
	return i;
}

static const char *
add(struct regd *r, const struct msg_reg_add *m, struct set **out)
{
	const struct rec_contact *c = m->contacts.v;
	struct aor *a = bindings_find(r->bindings, m->aor);
	struct draft d;
	struct uri uri;
	uint32_t i;

	if (accounts_find(r->accounts, m->aor) == NULL)
		return "there is no such account";
	if (m->contacts.n != 1 || uri_parse(&uri, c->uri) < 0 || uri.host.len == 0)
		return "the contact is no URI like sip:anna@192.0.2.7";
	if (c->params.len > PARAMS_MAX)
		return "the parameters are too long";
	draft_from(&d, a != NULL ? aor_newest(a) : NULL, boot_ms());
	if ((i = fixed_place(&d, &uri)) == d.n) {
		if (d.n >= SET_CONTACTS_MAX)
			return "there are too many contacts";
		d.n++;
	}
	d.v[i] = (struct binding){
		.expires_ms = INT64_MAX, .since_ms = wall_ms(), .fixed = true,
		.q = c->q > 1000 ? 1000 : c->q,
		.text = { [B_URI] = c->uri, [B_PARAMS] = c->params },
	};
	return set_build(out, &d) < 0 ? "there are too many contacts" : NULL;
}

static void
asked_reg_add(void *arg, struct bus_ticket t, const union msg *msg)
{
	struct regd *r = arg;
	const struct msg_reg_add *m = &msg->reg_add;
	struct change c = { .done = changed, .ticket = t };
	struct set *set = NULL;
	const char *why = add(r, m, &set);

	if (why != NULL) {
		bus_refuse(t, EINVAL, "%s: %s", log_str(m->aor), why);
		return;
	}
	if (m->dry_run) {
		set_free(set);
		bus_done(t);
		return;
	}
	if (journal_change(r->journal, bindings_get(r->bindings, m->aor), set,
	    false, &c) < 0)
		bus_refuse(t, EBUSY, "too many changes wait for the disk");
	else
		log_major("REG", "%s: contact set by %s", log_str(m->aor),
		    log_str(m->by));
}

/* ---- REG_DEL ---- */

/* The newest set without the contact of this URI; false: there is none such. */
static bool
without(const struct set *s, struct str contact, struct set **out)
{
	struct uri wanted, have;
	struct draft d;

	if (uri_parse(&wanted, contact) < 0)
		return false;
	draft_from(&d, s, boot_ms());
	for (uint32_t i = 0; i < d.n; i++) {
		if (uri_parse(&have, d.v[i].text[B_URI]) < 0 ||
		    !uri_equal(&wanted, &have))
			continue;
		draft_remove(&d, i);
		return set_build(out, &d) == 0;
	}
	return false;
}

static void
asked_reg_del(void *arg, struct bus_ticket t, const union msg *msg)
{
	struct regd *r = arg;
	const struct msg_reg_del *m = &msg->reg_del;
	struct aor *a = bindings_find(r->bindings, m->aor);
	struct change c = { .done = changed, .ticket = t };
	struct set *left = NULL;

	if (a == NULL || set_live(aor_newest(a), boot_ms()) == 0) {
		bus_refuse(t, ENOENT, "%s is not registered", log_str(m->aor));
		return;
	}
	if (m->contact.len > 0 && !without(aor_newest(a), m->contact, &left)) {
		bus_refuse(t, ENOENT, "%s has no contact %s", log_str(m->aor),
		    log_str(m->contact));
		return;
	}
	if (m->dry_run) {
		set_free(left);
		bus_done(t);
		return;
	}
	if (journal_change(r->journal, a, left, false, &c) < 0)
		bus_refuse(t, EBUSY, "too many changes wait for the disk");
	else
		log_major("REG", "%s: registration removed by %s",
		    log_str(m->aor), log_str(m->by));
}

const struct bus_handler fixed_handlers[] = {
	{ MSG_REG_ADD, asked_reg_add },
	{ MSG_REG_DEL, asked_reg_del },
	{ 0 }
};
