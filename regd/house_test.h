#ifndef REGD_HOUSE_TEST_H
#define REGD_HOUSE_TEST_H

/*
 * A regd of the test's own: all of it but main(), on a bus in a directory of
 * its own, asked by ask(); and a phone that signs.
 */
#include "regd/regd.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/mono.h"
#include "common/self_test.h"
#include "common/stats.h"

static const struct daemon daemon_ = { .name = "regd", .index = 2 };
static char main_domain[] = "example.com", other_domain[] = "test.example";
static char *domains[] = { main_domain, other_domain };
static char no_rights[] = "";
static struct settings settings;

static struct house {
	char		 dir[64];
	struct self	 self;
	struct bus	*asker;
	struct bus_peer	*peer;
	struct regd	*regd;
	struct answer	 a;		/* the last one */
	/* The feed. */
	uint32_t	 records, completes;
	char		 fed[512];
} h;

/* ---- the house ---- */

static inline void
settings_reset(void)
{
	settings = (struct settings){
		.domains = { domains, 2 },
		.min_expires = 60000, .default_expires = 3600000,
		.max_expires = 86400000, .max_contacts = 10,
		.nonce_life = 300000,
		.digest_algorithms = { { DIGEST_MD5, DIGEST_SHA256 }, 2 },
		.digest_qop = { { QOP_AUTH }, 1 },
		.service = true, .pstn = true, .rights = no_rights,
	};
}

static inline void
up(void)
{
	char path[4200];

	self_begin(&h.self, &daemon_, &settings, h.dir);
	assert_int_equal(regd_start(&h.self), 0);
	assert_int_equal(regd_run(&h.self), 0);
	h.regd = h.self.own;
	h.asker = bus_new(h.self.context, h.self.loop, h.self.epoch + 1);
	h.peer = bus_peer_new(h.asker, "regd",
	    dirs_bus(path, &h.self.dirs, "regd"));
}

static inline void
down(void)
{
	regd_stop(&h.self);
	bus_free(h.asker);
	self_end(&h.self);
}

static inline int
setup(void **state)
{
	static const char *const names[] = { "run", "run/bus", "run/monitor", "state",
	    "state/regd", "state/keys", "etc", "log", NULL };

	memset(&h, 0, sizeof(h));
	settings_reset();
	snprintf(h.dir, sizeof(h.dir), "/tmp/regd-house-XXXXXX");
	self_dirs_make(h.dir, names);
	up();
	return 0;
}

static inline int
teardown(void **state)
{
	down();
	buf_fini(&h.a.packed);
	return self_dirs_remove(h.dir);
}

/* Asks, waits, and leaves the answer in h.a. */
static inline void
ask(enum msg_type type, void *question)
{
	answer_ask(&h.a, h.self.loop, h.peer, type, question);
}

/* ---- questions ---- */

static inline void
user_put(const char *aor, const char *password, uint8_t mode, bool dry_run)
{
	struct rec_user u = {
		.aor = str_of(aor), .password = str_of(password), .row = 3,
	};
	struct msg_user_put m = {
		.by = STR("tester"), .mode = mode, .dry_run = dry_run,
		.users = { &u, 1 },
	};

	ask(MSG_USER_PUT, &m);
	assert_int_equal(h.a.type, MSG_USERS_PUT);
}

/* A digest as an honest phone makes it. */
struct phone {
	const char	*user, *realm, *password;
	const char	*method;
	const char	*algorithm;
	const char	*qop;		/* NULL: auth; "": none, RFC 2069 */
	const char	*body;		/* of auth-int */
	uint32_t	 nc;
	char		 nonce[NONCE_TEXT_LEN];
	char		 ncs[9];
	struct digest_hex response, body_hash;
};

static inline void
phone_nonce(struct phone *p, const char *realm, int64_t ago_ms)
{
	nonce_make(&h.regd->auth.nonces, str_of(realm), wall_ms() - ago_ms,
	    p->nonce);
	p->nc = 0;
}

static inline struct rec_digest
phone_sign(struct phone *p, const char *uri)
{
	bool sess, old = p->qop != NULL && *p->qop == '\0';
	enum digest_algorithm a = digest_algorithm(str_of(p->algorithm), &sess);
	struct digest_hex ha1;
	struct digest_input in;
	struct str body = str_of(p->body != NULL ? p->body : "");

	snprintf(p->ncs, sizeof(p->ncs), "%08x", ++p->nc);
	digest_ha1(a, str_of(p->user), str_of(p->realm), str_of(p->password),
	    &ha1);
	if (sess)
		digest_ha1_sess(a, str_make(ha1.s, ha1.len),
		    str_make(p->nonce, sizeof(p->nonce)), STR("c0ffee"), &ha1);
	digest_hash(a, &body, 1, &p->body_hash);
	in = (struct digest_input){
		.ha1 = str_make(ha1.s, ha1.len),
		.nonce = str_make(p->nonce, sizeof(p->nonce)),
		.nc = old ? STR_NONE : str_make(p->ncs, 8),
		.cnonce = old ? STR_NONE : STR("c0ffee"),
		.qop = str_of(p->qop != NULL ? p->qop : "auth"),
		.method = str_of(p->method), .uri = str_of(uri),
		.body_hash = str_make(p->body_hash.s, p->body_hash.len),
	};
	digest_response(a, &in, &p->response);
	return (struct rec_digest){
		.username = str_of(p->user), .realm = str_of(p->realm),
		.nonce = in.nonce, .uri = in.uri,
		.response = str_make(p->response.s, p->response.len),
		.algorithm = str_of(p->algorithm), .cnonce = in.cnonce,
		.nc = in.nc, .qop = in.qop,
		.body_hash = str_caseeq(in.qop, STR("auth-int")) ?
		    in.body_hash : STR_NONE,
	};
}

static inline struct phone
anna(void)
{
	struct phone p = { "anna", "example.com", "secret", "REGISTER", "MD5" };

	phone_nonce(&p, "example.com", 0);
	return p;
}

#define CONTACT	"sip:anna@192.0.2.1:5060"

static inline struct msg_registration
registration(const struct rec_digest *d, struct rec_contact *c, uint32_t cseq)
{
	*c = (struct rec_contact){
		.uri = STR(CONTACT), .q = 1000, .expires_s = -1,
	};
	return (struct msg_registration){
		.aor = STR("anna@example.com"), .from = STR("anna@example.com"),
		.uri = STR("sip:example.com"), .branch = STR("z9hG4bK1"),
		.call_id = STR("call-1"), .cseq = cseq,
		.source = STR("udp:192.0.2.1:5060"),
		.listener = STR("udp:192.0.2.9:5060"), .agent = STR("unit"),
		.expires_s = 600, .digests = { d, d != NULL ? 1 : 0 },
		.contacts = { c, 1 },
	};
}

/* One REGISTER by p; returns the code. */
static inline uint16_t
do_register(struct phone *p, uint32_t cseq, int64_t expires_s)
{
	struct rec_digest d = phone_sign(p, "sip:example.com");
	struct rec_contact c;
	struct msg_registration m = registration(&d, &c, cseq);

	m.expires_s = expires_s;
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.a.type, MSG_REGISTERED);
	return h.a.m.registered.code;
}

#endif
