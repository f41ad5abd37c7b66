/*
 * gateway_sign - the credentials of calls through a gateway (FEATURES.md row 176, (a.2)
 * F).
 *
 * sipd asks before it sends an INVITE, and once more when the gateway challenges it.
 * Calls share the nonce of the last REGISTER and its count until the gateway asks
 * them for another one. A challenge is answered for the realm that the gateway was
 * configured for, and for no other (S09): sipd asks only about what came from where
 * the call was sent.
 */
#include "gwregd/gateway_internal.h"

#include <errno.h>
#include <string.h>

#include "common/log.h"
#include "common/stats.h"

#define REALM_RATE	"gateway %s: a challenge for realm \"%s\" is not answered: " \
			"\"realm\" in its settings says which"

/*
 * Without a setting it is what the gateway asked for first: those who come later, with
 * a call on its way back, may be anybody.
 */
static bool
realm_fits(const struct gateway *w, struct str realm)
{
	struct str wanted = str_of(w->set->realm);

	if (wanted.len == 0)
		wanted = str_of(w->keep.realm);
	if (wanted.len == 0)
		wanted = str_of(w->keep.sign.realm);
	if (wanted.len == 0)
		wanted = str_of(w->calls.realm);
	return wanted.len == 0 || str_eq(wanted, realm);
}

/* The nonce that was asked for last. */
static struct sign *
sign_known(struct gateway *w)
{
	if (w->calls.valid)
		return &w->calls;
	return w->keep.sign.valid ? &w->keep.sign : NULL;
}

static void
answer(struct gateway *w, struct bus_ticket t, const struct msg_sign *m,
    struct sign *s, bool proxy)
{
	struct signature texts;
	struct rec_digest digest;

	sign_make(s, str_of(w->id.user), str_of(w->secret), m->method, m->uri,
	    &texts, &digest);
	if (s == &w->keep.sign && s->nc % KEEP_NC_STEP == 0)
		gateway_save(w);
	stats->gw_signed++;
	bus_answer(t, MSG_SIGNED, &(struct msg_signature){ .proxy = proxy,
	    .digests = { &digest, 1 } });
}

static void
refuse(struct gateway *w, struct bus_ticket t, const char *why)
{
	stats->gw_unsigned++;
	bus_refuse(t, EACCES, "%s", why);
}

/* The challenges for a realm of ours, at the head of out. */
static uint32_t
ours(struct gateway *w, const struct msg_sign *m, struct rec_challenge *out,
    uint32_t max)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->challenges.n && n < max; i++) {
		if (realm_fits(w, m->challenges.v[i].realm)) {
			out[n++] = m->challenges.v[i];
			continue;
		}
		stats->gw_realms_refused++;
		log_rate(LOG_PROBLEMS, "GW", REALM_RATE, w->name,
		    log_str(m->challenges.v[i].realm));
	}
	return n;
}

/* Answered once: the same nonce again, not called stale, means a wrong password. */
static void
challenged(struct gateway *w, struct bus_ticket t, const struct msg_sign *m)
{
	struct rec_challenge v[SIGN_CHALLENGES_MAX];
	uint32_t n = ours(w, m, v, SIGN_CHALLENGES_MAX);
	struct sign *s = &w->calls;
	bool stale;

	if (n == 0) {
		refuse(w, t, "it asks for a realm that it was not configured for");
		return;
	}
	if (w->keep.sign.valid && str_eq(v[0].nonce, str_of(w->keep.sign.nonce)))
		s = &w->keep.sign;
	if (sign_take(s, v, n, &stale) < 0)
		refuse(w, t, "it wants an authentication that is not known");
	else if (str_eq(str_of(s->nonce), m->nonce) && !stale)
		refuse(w, t, "wrong user name or password");
	else
		answer(w, t, m, s, s->proxy);
}

void
gateway_sign(struct gateway *w, struct bus_ticket t, const struct msg_sign *m)
{
	struct sign *s = sign_known(w);

	if (w->set->calls_authenticate == CALLS_AUTH_OFF) {
		refuse(w, t, "calls-authenticate is off");
		return;
	}
	if (w->secret == NULL)
		gateway_secret_renew(w, w->set);
	if (w->secret == NULL)
		refuse(w, t, "it has no password");
	else if (m->challenges.n > 0)
		challenged(w, t, m);
	else if (s != NULL)
		answer(w, t, m, s,
		    w->set->calls_authenticate == CALLS_AUTH_PROXY);
	else
		bus_answer(t, MSG_SIGNED, &(struct msg_signature){ 0 });
}
