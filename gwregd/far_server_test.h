#ifndef GWREGD_FAR_SERVER_TEST_H
#define GWREGD_FAR_SERVER_TEST_H

/*
 * The far server of gwregd's tests: it is sipd on the bus, and what it answers to a
 * REGISTER is a word of enum reply. far_test.h makes the house around it.
 */
#include "gwregd/gateway_internal.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/conf.h"
#include "common/digest.h"
#include "common/log.h"
#include "common/mono.h"
#include "common/self_test.h"
#include "common/stats.h"
#include "gwregd/keep.h"
#include "gwregd/secret.h"

static const struct daemon daemon_ = { .name = "gwregd", .index = 5 };

/* What the far server answers to the n-th REGISTER, by a word. */
enum reply {
	R_CHECK,		/* 200 if signed rightly, else a fresh challenge */
	R_CHECK_SAME,		/* the same with one nonce for ever */
	R_STALE,		/* challenge with stale=true, fresh nonce */
	R_SHA,			/* R_CHECK with SHA-256 and SHA-512-256 offered */
	R_2069,			/* R_CHECK without qop */
	R_SESS,			/* offers what we cannot */
	R_403,
	R_503,
	R_423,			/* unless 7200 s are asked for */
	R_OTHER_CONTACT,	/* 200, our contact written otherwise */
	R_NONE,			/* 200 without our contact: Expires 0 */
	R_MOVED,		/* 302 to moved.example, R_CHECK there */
	R_MOVED_FAR,		/* the same, with challenges for another realm there */
	R_IN_CIRCLES,		/* 301 for ever */
	R_REALM,		/* challenges for another realm, always */
};

static struct house {
	char		 dir[64];
	struct self	 self;
	struct bus	*far;		/* plays sipd */
	struct bus_server *server;
	struct bus_peer	*peer;		/* asks gwregd */
	struct settings	 settings;
	struct gateway_settings one;
	struct gwregd	*g;
	/* The far server. */
	enum reply	 reply;
	unsigned	 asked, ok, bad, unregistered;
	unsigned	 nonce;
	uint32_t	 last_cseq, last_expires;
	char		 call_id[64], branch[64], contact[200], next_hop[200];
	char		 from[200], uri[200], name[64];
	bool		 proxy, routes;	/* 407; 200 with Service-Route */
	unsigned	 moved;		/* redirects sent */
	unsigned	 options;	/* OPTIONS asked */
	uint16_t	 options_code;	/* 0: they are not answered */
	bool		 options_signed;
	struct answer	 a;		/* to our own last question */
} h;

/* ---- the far server ---- */

__attribute__((unused)) static bool
rightly_signed(const struct msg_send *m)
{
	const struct rec_digest *d;
	struct digest_hex ha1, response;
	struct digest_input in;
	char nonce[32];
	bool sess;
	enum digest_algorithm a;

	if (m->digests.n == 0)
		return false;
	d = &m->digests.v[0];
	snprintf(nonce, sizeof(nonce), "nonce-%u", h.nonce);
	str_copy(h.name, sizeof(h.name), d->username);
	a = digest_algorithm(d->algorithm, &sess);
	digest_ha1(a, d->username, STR("far"), STR("secret"), &ha1);
	in = (struct digest_input){
		.ha1 = str_make(ha1.s, ha1.len), .nonce = d->nonce,
		.nc = d->nc, .cnonce = d->cnonce, .qop = d->qop,
		.method = STR("REGISTER"), .uri = m->uri,
	};
	digest_response(a, &in, &response);
	return str_eq(d->nonce, str_of(nonce)) && str_eq(d->uri, m->uri) &&
	    str_eq(d->opaque, STR("op")) &&
	    digest_equal(str_make(response.s, response.len), d->response);
}

__attribute__((unused)) static void
answer(struct bus_ticket t, uint16_t code, const char *reason, int64_t expires_s,
    const struct rec_challenge *c, uint32_t n)
{
	struct msg_sent m = {
		.code = code, .reason = str_of(reason),
		.source = STR("udp:192.0.2.10:5060"), .expires_s = expires_s,
		.challenges = { c, n },
	};

	if (code == 423)
		m.min_expires_s = 7200;
	bus_answer(t, MSG_SENT, &m);
}

__attribute__((unused)) static void
challenge(struct bus_ticket t)
{
	static char nonce[32];
	struct rec_challenge c[3] = {
		{ .realm = STR("far"), .opaque = STR("op"),
		  .algorithm = STR("MD5"), .qop = STR("auth-int, auth") },
	};
	uint32_t n = 1;

	if (h.reply != R_CHECK_SAME)
		h.nonce++;
	snprintf(nonce, sizeof(nonce), "nonce-%u", h.nonce);
	c[1] = c[2] = c[0];
	if (h.reply == R_SHA) {
		c[0].algorithm = STR("SHA-512-256");
		c[1].algorithm = STR("SHA-256");
		n = 3;
	}
	if (h.reply == R_SESS) {
		c[0].algorithm = STR("MD5-sess");
		c[1].qop = STR("auth-int");
		n = 2;
	}
	if (h.reply == R_2069)
		c[0].qop = c[0].algorithm = STR_NONE;
	for (int i = 0; i < 3; i++) {
		if (h.reply == R_REALM || h.reply == R_MOVED_FAR)
			c[i].realm = STR("other");
		c[i].nonce = str_of(nonce);
		c[i].stale = h.reply == R_STALE;
		c[i].proxy = h.proxy;
	}
	h.bad++;
	answer(t, h.proxy ? 407 : 401, "Unauthorized", -1, c, n);
}

__attribute__((unused)) static void
accept_it(struct bus_ticket t, const struct msg_send *m)
{
	char other[220];
	struct rec_contact c = { .q = 1000, .expires_s = 50 };
	static const struct rec_path routes[] = {
		{ .uri = STR("<sip:edge.far.example;lr>") },
		{ .uri = STR("<sip:core.far.example;lr>") },
	};
	struct msg_sent s = { .code = 200, .reason = STR("OK"),
	    .source = STR("udp:192.0.2.10:5060"), .expires_s = -1 };

	h.ok++;
	h.unregistered += m->expires_s == 0;
	if (h.routes) {
		s.expires_s = m->expires_s;
		s.service_route.v = routes;
		s.service_route.n = 2;
		bus_answer(t, MSG_SENT, &s);
	} else if (h.reply == R_OTHER_CONTACT) {
		snprintf(other, sizeof(other), "SIP:%.*s",
		    (int)m->contact.len - 4, m->contact.s + 4);
		c.uri = str_of(other);
		s.contacts.v = &c;
		s.contacts.n = 1;
		bus_answer(t, MSG_SENT, &s);
	} else {
		answer(t, 200, "OK", h.reply == R_NONE ? 0 : m->expires_s, NULL,
		    0);
	}
}

__attribute__((unused)) static void
redirect(struct bus_ticket t, uint16_t code)
{
	static const struct rec_contact c[] = {
		{ .uri = STR("tel:+4930"), .q = 1000, .expires_s = -1 },
		{ .uri = STR("sip:worse.example"), .q = 100, .expires_s = -1 },
		{ .uri = STR("sip:moved.example:5070"), .q = 500, .expires_s = -1 },
	};
	struct msg_sent m = { .code = code, .reason = STR("Moved"), .expires_s = -1,
	    .source = STR("udp:192.0.2.10:5060"), .contacts = { c, 3 } };

	h.moved++;
	bus_answer(t, MSG_SENT, &m);
}

__attribute__((unused)) static void
on_send(void *arg, struct bus_ticket t, const union msg *msg)
{
	const struct msg_send *m = &msg->send;

	if (str_eq(m->method, STR("OPTIONS"))) {
		h.options++;
		h.options_signed |= m->digests.n > 0;
		if (h.options_code > 0)
			answer(t, h.options_code, "Whatever", -1, NULL, 0);
		else
			bus_refuse(t, ETIMEDOUT, "silence");
		return;
	}
	h.asked++;
	h.last_cseq = m->cseq;
	h.last_expires = (uint32_t)m->expires_s;
	str_copy(h.call_id, sizeof(h.call_id), m->call_id);
	str_copy(h.branch, sizeof(h.branch), m->branch);
	str_copy(h.contact, sizeof(h.contact), m->contact);
	str_copy(h.next_hop, sizeof(h.next_hop), m->next_hop);
	str_copy(h.from, sizeof(h.from), m->from);
	str_copy(h.uri, sizeof(h.uri), m->uri);
	switch (h.reply) {
	case R_403:
		answer(t, 403, "Forbidden", -1, NULL, 0);
		break;
	case R_503:
		answer(t, 503, "Service Unavailable", -1, NULL, 0);
		break;
	case R_423:
		if (m->expires_s < 7200)
			answer(t, 423, "Interval Too Brief", -1, NULL, 0);
		else
			accept_it(t, m);
		break;
	case R_MOVED:
	case R_MOVED_FAR:
		if (!str_eq(m->uri, STR("sip:moved.example:5070")))
			redirect(t, 302);
		else if (rightly_signed(m))
			accept_it(t, m);
		else
			challenge(t);
		break;
	case R_IN_CIRCLES:
		redirect(t, 301);
		break;
	case R_OTHER_CONTACT:
	case R_NONE:
		accept_it(t, m);
		break;
	default:
		if (rightly_signed(m))
			accept_it(t, m);
		else
			challenge(t);
	}
}

static const struct bus_handler far_handlers[] = {
	{ MSG_SEND, on_send },
	{ 0 }
};

#endif
