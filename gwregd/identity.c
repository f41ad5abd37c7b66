/*
 * identity - the names and addresses of a registration (FEATURES.md rows 169 to
 * 175).
 */
#include "gwregd/identity.h"

#include <stdio.h>
#include <string.h>

#include "common/map.h"
#include "common/str.h"
#include "common/uri.h"

static bool
has_scheme(const char *s)
{
	return str_caseprefix(str_of(s), STR("sip:")) ||
	    str_caseprefix(str_of(s), STR("sips:"));
}

/*
 * Where calls from the gateway arrive, when the settings do not say: our first
 * socket of the transport by which we reach it, else our main domain.
 */
static void
contact_guess(const struct identity *id, const struct settings *s,
    struct text *t)
{
	enum transport wanted = TRANSPORT_UDP;
	struct uri via;
	char host[ADDR_TEXT_MAX];
	const struct listen *l;

	if (uri_parse(&via, str_of(id->next_hop)) == 0 &&
	    uri_transport(&via) != TRANSPORT_NONE)
		wanted = uri_transport(&via);
	for (size_t i = 0; i < s->listen.n; i++) {
		l = &s->listen.v[i];
		if (l->transport != wanted || addr_is_wildcard(&l->addr))
			continue;
		text_printf(t, "%.*s", STR_ARG(addr_print(&l->addr, host)));
		if (wanted != TRANSPORT_UDP)
			text_printf(t, ";transport=%s", transport_name(wanted));
		return;
	}
	text_add(t, str_of(s->domains.n > 0 ? s->domains.v[0] : "localhost"));
}

void
identity_make(struct identity *id, const struct gateway_settings *set,
    const struct settings *s)
{
	struct str user = str_of(set->username), rest;
	struct text t;

	(void)snprintf(id->aor, sizeof(id->aor), strchr(set->username, '@') ?
	    "sip:%s" : "sip:%s@%s", set->username, set->domain);
	(void)snprintf(id->uri, sizeof(id->uri), "sip:%s", set->domain);
	(void)snprintf(id->next_hop, sizeof(id->next_hop), "%s%s",
	    set->via[0] == '\0' || has_scheme(set->via) ? "" : "sip:",
	    set->via);
	rest = user;
	(void)str_cut(&rest, '@', &user);
	(void)snprintf(id->user, sizeof(id->user), "%.*s",
	    STR_ARG(set->auth_name[0] != '\0' ? str_of(set->auth_name) : user));
	text_init(&t, id->contact, sizeof(id->contact) - 1);
	if (set->contact[0] != '\0') {
		text_printf(&t, "%s%s", has_scheme(set->contact) ? "" : "sip:",
		    set->contact);
	} else {
		text_printf(&t, "sip:%.*s@", STR_ARG(user));
		contact_guess(id, s, &t);
	}
	id->contact[t.len] = '\0';
}

void
identity_print(const struct identity *id, char out[IDENTITY_PRINT])
{
	static const uint8_t key[16];
	char buf[IDENTITY_TEXT * 4 + 16];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	text_printf(&t, "%s\n%s\n%s\n%s", id->aor, id->contact, id->uri,
	    id->next_hop);
	(void)snprintf(out, IDENTITY_PRINT, "%016llx",
	    (unsigned long long)siphash64(key, text_str(&t)));
}

bool
identity_equal(const struct identity *a, const struct identity *b)
{
	return strcmp(a->aor, b->aor) == 0 && strcmp(a->uri, b->uri) == 0 &&
	    strcmp(a->contact, b->contact) == 0 &&
	    strcmp(a->next_hop, b->next_hop) == 0 &&
	    strcmp(a->user, b->user) == 0;
}
