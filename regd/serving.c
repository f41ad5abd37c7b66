/*
 * serving - walks all registrations after the settings have changed.
 *
 * Only when some level switches the service off; the walk takes its time, since
 * nobody can register or sign in meanwhile.
 */
#include "regd/serving.h"

#include "common/log.h"

#define LOOK_MAX	500	/* AORs a turn */

static bool
some_off(const struct settings *s)
{
	for (size_t i = 0; i < s->nblocks; i++)
		if ((s->blocks[i].own.given & 1u << USER_SETTING_service) != 0 &&
		    !s->blocks[i].own.service)
			return true;
	return !s->service;
}

void
serving_begin(struct regd *r)
{
	r->serving_at = 0;
	r->serving = some_off(r->self->settings);
}

static bool
is_off(struct regd *r, const struct aor *a)
{
	const struct account *c = accounts_find(r->accounts, aor_text(a));
	struct user_policy p;
	bool off;

	if (c == NULL)
		return false;
	account_policy(c, r->self->settings, &p);
	off = !p.v.service;
	user_policy_fini(&p);
	return off;
}

bool
serving_turn(struct regd *r)
{
	struct aor *a;

	for (int i = 0; r->serving && i < LOOK_MAX; i++, r->serving_at++) {
		if ((a = bindings_next(r->bindings, &r->serving_at)) == NULL) {
			r->serving = false;
			break;
		}
		if (set_count(aor_newest(a)) == 0 || !is_off(r, a))
			continue;
		log_low("REG", 0, "%s: no SIP service any more", log_str(aor_text(a)));
		asked_forget(r, aor_text(a));
	}
	return r->serving;
}
