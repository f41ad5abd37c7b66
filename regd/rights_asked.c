/*
 * rights_asked - RIGHTS_PUT: groups of rights made, changed and removed.
 *
 * What is put is in force when it is durable, so that a store that cannot be
 * written leaves everything as it was.
 */
#include "regd/rights_asked.h"

#include <errno.h>
#include <stdlib.h>

#include "common/log.h"

/* A RIGHTS_PUT until it is durable. */
struct order {
	struct regd	*regd;
	struct bus_ticket ticket;
	bool		 remove;
	char		*name, *rights, *groups;
};

static struct msg_rights
as_message(const struct order *o)
{
	return (struct msg_rights){ .name = str_of(o->name),
	    .rights = str_of(o->rights), .groups = str_of(o->groups) };
}

static void
durable(void *arg, int error)
{
	struct order *o = arg;
	struct msg_rights m = as_message(o);

	if (error < 0)
		bus_refuse(o->ticket, -error, "cannot write the store: %s",
		    strerror(-error));
	else {
		if (o->remove)
			(void)rights_drop(o->regd->rights, m.name);
		else
			rights_set(o->regd->rights, &m);
		bus_done(o->ticket);
	}
	free(o->name);
	free(o->rights);
	free(o->groups);
	free(o);
}

static bool
check(struct regd *r, struct bus_ticket t, const struct msg_rights_put *m)
{
	struct msg_rights have, next = { .name = m->name, .rights = m->rights,
	    .groups = m->groups };
	char why[256];
	bool there = rights_find(r->rights, m->name, &have);

	if (m->remove && rights_named_by(r->rights, m->name).len > 0)
		bus_refuse(t, EINVAL, "group %s has it",
		    log_str(rights_named_by(r->rights, m->name)));
	else if (there && m->create)
		bus_refuse(t, EEXIST, "there is a group %s already",
		    log_str(m->name));
	else if (!there && !m->create)
		bus_refuse(t, ENOENT, "there is no group %s", log_str(m->name));
	else if (m->create && rights_count(r->rights) >= RIGHTS_MAX)
		bus_refuse(t, ENOSPC, "%d groups are there, which is the limit",
		    RIGHTS_MAX);
	else if (!m->remove && !rights_check(r->rights, &next, why, sizeof(why)))
		bus_refuse(t, EINVAL, "%s", why);
	else
		return true;
	return false;
}

static void
asked_rights_put(void *arg, struct bus_ticket t, const union msg *msg)
{
	const struct msg_rights_put *m = &msg->rights_put;
	struct store_item i = { .kind = STORE_RIGHTS, .key = m->name };
	struct regd *r = arg;
	struct order *o;
	struct msg_rights next;
	struct buf packed = { 0 };

	if (!check(r, t, m))
		return;
	if (m->dry_run) {
		bus_done(t);
		return;
	}
	o = xcalloc(1, sizeof(*o));
	*o = (struct order){ r, t, m->remove, str_dup(m->name),
	    str_dup(m->rights), str_dup(m->groups) };
	if (!m->remove) {
		next = as_message(o);
		msg_pack(&packed, MSG_RIGHTS, &next);
		i.value = str_make(packed.s, packed.len);
	}
	journal_item(r->journal, &i);
	buf_fini(&packed);
	journal_when_durable(r->journal, durable, o);
	log_major("REG", "group of rights %s %s by %s", log_str(m->name),
	    m->remove ? "removed" : "put", log_str(m->by));
}

bool
rights_load(struct regd *r, const struct store_item *i)
{
	static union msg m;
	struct unpack u;

	unpack_init(&u, i->value.s, i->value.len);
	if (msg_unpack(&u, &m) != MSG_RIGHTS)
		return false;
	rights_set(r->rights, &m.rights);
	return true;
}

const struct bus_handler rights_handlers[] = {
	{ MSG_RIGHTS_PUT, asked_rights_put },
	{ 0 }
};
