/*
 * asked_test - regd as a whole, asked over a bus of its own: registrations,
 * credentials (S01, S04-S07, S10), users, tables, the full disk (F10).
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
#include "common/stats.h"

static const struct daemon daemon_ = { .name = "regd", .index = 2 };
static char main_domain[] = "example.com", other_domain[] = "test.example";
static char *domains[] = { main_domain, other_domain };
static struct settings settings;

static struct house {
	char		 dir[64];
	struct self	 self;
	struct bus_context *context;
	struct bus	*asker;
	struct bus_peer	*peer;
	struct regd	*regd;
	/* The last answer, copied out of its frame. */
	bool		 answered;
	int		 error;
	enum msg_type	 type;
	struct buf	 packed;
	union msg	 m;
	/* The feed. */
	uint32_t	 records, completes;
	char		 fed[512];
} h;

/* ---- the house ---- */

static void
settings_reset(void)
{
	settings = (struct settings){
		.domains = { domains, 2 },
		.min_expires = 60000, .default_expires = 3600000,
		.max_expires = 86400000, .max_contacts = 10,
		.nonce_life = 300000,
		.digest_algorithms = { { DIGEST_MD5, DIGEST_SHA256 }, 2 },
	};
}

static void
up(void)
{
	char path[4200];

	memset(&h.self, 0, sizeof(h.self));
	h.self.daemon = &daemon_;
	h.self.settings = &settings;
	h.self.epoch = (uint64_t)mono_now().ns;
	assert_int_equal(dirs_find(&h.self.dirs, h.dir), 0);
	h.self.loop = loop_new();
	h.context = h.self.context = bus_context_new();
	h.self.bus = bus_new(h.context, h.self.loop, h.self.epoch);
	assert_int_equal(bus_serve(h.self.bus, dirs_bus(path, &h.self.dirs,
	    "regd"), false, &h.self.server), 0);
	assert_int_equal(bus_serve(h.self.bus, dirs_monitor(path, &h.self.dirs,
	    "regd"), true, &h.self.monitor), 0);
	assert_int_equal(feed_new(h.self.bus, dirs_feed(path, &h.self.dirs,
	    "regd"), &h.self.feed), 0);
	assert_int_equal(regd_start(&h.self), 0);
	assert_int_equal(regd_run(&h.self), 0);
	h.regd = h.self.own;
	h.asker = bus_new(h.context, h.self.loop, h.self.epoch + 1);
	h.peer = bus_peer_new(h.asker, "regd",
	    dirs_bus(path, &h.self.dirs, "regd"));
}

static void
down(void)
{
	regd_stop(&h.self);
	bus_free(h.asker);
	bus_free(h.self.bus);
	bus_context_free(h.context);
	loop_free(h.self.loop);
}

static int
setup(void **state)
{
	char path[128];

	memset(&h, 0, sizeof(h));
	settings_reset();
	snprintf(h.dir, sizeof(h.dir), "/tmp/regd-house-XXXXXX");
	assert_non_null(mkdtemp(h.dir));
	for (const char *const *d = (const char *const[]){ "run", "run/bus",
	    "run/monitor", "state", "state/regd", "state/keys", "etc", "log", NULL }; *d;
	    d++) {
		snprintf(path, sizeof(path), "%s/%s", h.dir, *d);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	up();
	return 0;
}

static int
teardown(void **state)
{
	char command[128];

	down();
	buf_fini(&h.packed);
	snprintf(command, sizeof(command), "rm -rf %s", h.dir);
	return system(command);
}

static void
on_answer(void *arg, int error, enum msg_type type, const union msg *m)
{
	h.answered = true;
	h.error = error;
	h.type = type;
	buf_clear(&h.packed);
	if (m != NULL)
		msg_pack(&h.packed, type, m);
}

/* Asks, waits, and leaves the answer in h.m. */
static void
ask(enum msg_type type, void *question)
{
	struct unpack u;

	h.answered = false;
	bus_ask(h.peer, type, question, 5000, on_answer, NULL);
	while (!h.answered)
		loop_once(h.self.loop, 100);
	memset(&h.m, 0, sizeof(h.m));
	if (h.error == 0 || h.type == MSG_REFUSED) {
		unpack_init(&u, h.packed.s, h.packed.len);
		assert_true(msg_unpack(&u, &h.m) > 0);
	}
}

/* ---- questions ---- */

static void
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
	assert_int_equal(h.type, MSG_USERS_PUT);
}

/* A digest as an honest phone makes it. */
struct phone {
	const char	*user, *realm, *password;
	const char	*method;
	const char	*algorithm;
	uint32_t	 nc;
	char		 nonce[NONCE_TEXT_LEN];
	char		 ncs[9];
	struct digest_hex response;
};

static void
phone_nonce(struct phone *p, const char *realm, int64_t ago_ms)
{
	nonce_make(&h.regd->auth.nonces, str_of(realm), wall_ms() - ago_ms,
	    p->nonce);
	p->nc = 0;
}

static struct rec_digest
phone_sign(struct phone *p, const char *uri)
{
	bool sess;
	enum digest_algorithm a = digest_algorithm(str_of(p->algorithm), &sess);
	struct digest_hex ha1;
	struct digest_input in;

	snprintf(p->ncs, sizeof(p->ncs), "%08x", ++p->nc);
	digest_ha1(a, str_of(p->user), str_of(p->realm), str_of(p->password),
	    &ha1);
	in = (struct digest_input){
		.ha1 = str_make(ha1.s, ha1.len),
		.nonce = str_make(p->nonce, sizeof(p->nonce)),
		.nc = str_make(p->ncs, 8), .cnonce = STR("c0ffee"),
		.qop = STR("auth"), .method = str_of(p->method),
		.uri = str_of(uri),
	};
	digest_response(a, &in, &p->response);
	return (struct rec_digest){
		.username = str_of(p->user), .realm = str_of(p->realm),
		.nonce = in.nonce, .uri = in.uri,
		.response = str_make(p->response.s, p->response.len),
		.algorithm = str_of(p->algorithm), .cnonce = in.cnonce,
		.nc = in.nc, .qop = in.qop,
	};
}

static struct phone
anna(void)
{
	struct phone p = { "anna", "example.com", "secret", "REGISTER", "MD5" };

	phone_nonce(&p, "example.com", 0);
	return p;
}

#define CONTACT	"sip:anna@192.0.2.1:5060"

static struct msg_registration
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
static uint16_t
do_register(struct phone *p, uint32_t cseq, int64_t expires_s)
{
	struct rec_digest d = phone_sign(p, "sip:example.com");
	struct rec_contact c;
	struct msg_registration m = registration(&d, &c, cseq);

	m.expires_s = expires_s;
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.type, MSG_REGISTERED);
	return h.m.registered.code;
}

/* ---- tests ---- */

static void
test_register(void **state)
{
	struct phone p = anna();
	uint64_t version;

	user_put("anna@example.com", "secret", USER_ADD, false);
	assert_int_equal(h.m.users_put.done, 1);
	assert_int_equal(do_register(&p, 1, 600), 200);
	assert_int_equal(h.m.registered.bindings.n, 1);
	assert_true(str_eq(h.m.registered.bindings.v[0].uri, STR(CONTACT)));
	assert_true(h.m.registered.bindings.v[0].expires_ms > 590000 &&
	    h.m.registered.bindings.v[0].expires_ms <= 600000);
	version = h.m.registered.version;
	assert_int_equal(do_register(&p, 2, 600), 200);
	assert_true(h.m.registered.version > version);
	version = h.m.registered.version;

	down();			/* as a kill: only the disk is left */
	up();
	assert_int_equal(bindings_contacts(h.regd->bindings), 1);
	p = anna();
	assert_int_equal(do_register(&p, 2, 600), 500);	/* CSeq was kept */
	assert_int_equal(do_register(&p, 3, 600), 200);
	assert_true(h.m.registered.version > version);
	assert_int_equal(do_register(&p, 4, 0), 200);
	assert_int_equal(h.m.registered.bindings.n, 0);

	down();
	up();
	assert_int_equal(bindings_contacts(h.regd->bindings), 0);
}

/* From the row where algorithm, user name's form and password vary. */
static void
test_forms(void **state)
{
	static const struct {
		const char *user, *password, *algorithm;
		uint16_t code;
	} rows[] = {
		{ "anna", "secret", "MD5", 200 },
		{ "anna", "secret", "", 200 },
		{ "anna", "secret", "md5", 200 },
		{ "anna", "secret", "SHA-256", 200 },
		{ "anna", "secret", "SHA-512-256", 401 },	/* not offered */
		{ "anna@example.com", "secret", "MD5", 200 },
		{ "anna@example.com", "secret", "SHA-256", 200 },
		{ "anna@test.example", "secret", "MD5", 401 },
		{ "anna", "Secret", "MD5", 401 },
		{ "anna", "", "MD5", 401 },
		{ "nobody", "secret", "MD5", 401 },
		{ "ANNA", "secret", "MD5", 401 },	/* hashed as written */
		{ "", "secret", "MD5", 401 },
	};
	struct phone p;

	user_put("anna@example.com", "secret", USER_ADD, false);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		p = anna();
		p.user = rows[i].user;
		p.password = rows[i].password;
		p.algorithm = rows[i].algorithm;
		if (do_register(&p, (uint32_t)i + 1, 600) != rows[i].code)
			fail_msg("row %zu: %u", i, h.m.registered.code);
		if (rows[i].code == 401) {
			assert_false(h.m.registered.stale);
			assert_true(str_eq(h.m.registered.reason,
			    STR("Unauthorized")));
		}
	}
}

/* Every field of a good digest, changed (S07); each is refused. */
static void
test_mutations(void **state)
{
	struct phone p = anna();
	struct rec_digest good, d;
	struct rec_contact c;
	struct msg_registration m;
	char nul[33];

	user_put("anna@example.com", "secret", USER_ADD, false);
	good = phone_sign(&p, "sip:example.com");
	memcpy(nul, p.response.s, 32);
	nul[31] = '\0';
	for (int i = 0;; i++) {
		d = good;
		switch (i) {
		case 0: d.username = STR("bob"); break;
		case 1: d.username = STR_NONE; break;
		case 2: d.realm = STR("test.example"); break;
		case 3: d.realm = STR_NONE; break;
		case 4: d.uri = STR("sip:other.example"); break;
		case 5: d.uri = STR("sip:bob@example.com"); break;
		case 6: d.uri = STR_NONE; break;
		case 7: d.qop = STR_NONE; break;
		case 8: d.qop = STR("auth-int"); break;
		case 9: d.nc = STR("00000002"); break;
		case 10: d.nc = STR("1"); break;
		case 11: d.nc = STR("00000000"); break;
		case 12: d.nc = STR("0000000g"); break;
		case 13: d.nc = STR_NONE; break;
		case 14: d.cnonce = STR("c0ffef"); break;
		case 15: d.cnonce = STR_NONE; break;
		case 16: d.response.len = 31; break;
		case 17: d.response.len = 0; break;
		case 18: d.response = str_make(nul, 32); break;
		case 19: d.algorithm = STR("SHA-256"); break;
		case 20: d.algorithm = STR("MD5-sess"); break;
		case 21: d.algorithm = STR("ROT13"); break;
		case 22: d.nonce = STR("0123456789abcdef0123456789abcdef");
			break;
		case 23: d.nonce = STR_NONE; break;
		case 24: d.uri = STR("sip:example.com;x"); break;
		case 25: d.username = STR("anna@example.com"); break;
		case 26: d.response = STR("6629fae49393a05397450978507c4ef1");
			break;
		default: i = -1;
		}
		if (i < 0)
			break;
		m = registration(&d, &c, 1);
		ask(MSG_REGISTER, &m);
		if (h.m.registered.code != 401)
			fail_msg("mutation %d: %u", i, h.m.registered.code);
		assert_int_equal(h.m.registered.bindings.n, 0);
	}
	/* None of them has burnt the honest one's count (S05). */
	m = registration(&good, &c, 1);
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.m.registered.code, 200);
}

/* Two digests: the good one counts, wherever it stands. */
static void
test_two_digests(void **state)
{
	struct phone p = anna();
	struct rec_digest d[2];
	struct rec_contact c;
	struct msg_registration m;

	user_put("anna@example.com", "secret", USER_ADD, false);
	d[1] = phone_sign(&p, "sip:example.com");
	d[0] = d[1];
	d[0].realm = STR("elsewhere");
	m = registration(d, &c, 1);
	m.digests.n = 2;
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.m.registered.code, 200);
}

static void
test_stale(void **state)
{
	struct phone p = anna();
	struct phone made_up = anna();

	user_put("anna@example.com", "secret", USER_ADD, false);
	phone_nonce(&p, "example.com", 301000);
	assert_int_equal(do_register(&p, 1, 600), 401);
	assert_true(h.m.registered.stale);
	phone_nonce(&p, "example.com", -301000);	/* from the future */
	assert_int_equal(do_register(&p, 1, 600), 401);
	phone_nonce(&p, "test.example", 0);		/* another realm's */
	assert_int_equal(do_register(&p, 1, 600), 401);
	made_up.nonce[7] ^= 1;
	assert_int_equal(do_register(&made_up, 1, 600), 401);
	phone_nonce(&p, "example.com", 299000);
	assert_int_equal(do_register(&p, 1, 600), 200);
}

/*
 * A captured REGISTER (S04): the same again gets its answer again and changes
 * nothing; with anything changed it is stale.
 */
static void
test_replay(void **state)
{
	struct phone p = anna(), later;
	struct rec_digest d;
	struct rec_contact c;
	struct msg_registration m, copy;
	uint64_t version;

	user_put("anna@example.com", "secret", USER_ADD, false);
	d = phone_sign(&p, "sip:example.com");
	m = registration(&d, &c, 1);
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.m.registered.code, 200);
	version = h.m.registered.version;

	copy = m;
	ask(MSG_REGISTER, &copy);
	assert_int_equal(h.m.registered.code, 200);
	assert_int_equal(h.m.registered.version, version);

	for (int i = 0; i < 5; i++) {
		struct rec_contact other = c;

		copy = m;
		switch (i) {
		case 0: copy.branch = STR("z9hG4bK2"); break;
		case 1: copy.source = STR("udp:192.0.2.66:5060"); break;
		case 2: other.uri = STR("sip:eve@192.0.2.66");
			copy.contacts.v = &other; break;
		case 3: copy.call_id = STR("call-2"); break;
		case 4: copy.cseq = 2; break;
		}
		ask(MSG_REGISTER, &copy);
		if (h.m.registered.code != 401 || !h.m.registered.stale)
			fail_msg("replay %d: %u", i, h.m.registered.code);
	}
	/* Un-registered meanwhile: the repetition does not bring it back. */
	later = p;
	assert_int_equal(do_register(&later, 2, 0), 200);
	copy = m;
	ask(MSG_REGISTER, &copy);
	assert_int_equal(h.m.registered.code, 200);
	assert_int_equal(h.m.registered.bindings.n, 0);
	assert_int_equal(bindings_contacts(h.regd->bindings), 0);
}

/*
 * Judged good, but killed before the commit: the repetition is applied, though
 * its nonce count was used.
 */
static void
test_judged_but_not_settled(void **state)
{
	struct phone p = anna();
	struct rec_digest d;
	struct rec_contact c;
	struct msg_registration m, same;
	struct auth_result r;
	struct buf b = { 0 };

	user_put("anna@example.com", "secret", USER_ADD, false);
	d = phone_sign(&p, "sip:example.com");
	m = same = registration(&d, &c, 1);
	same.call = 0;
	msg_pack(&b, MSG_REGISTER, &same);
	auth_judge(&h.regd->auth, &settings, &(struct auth_question){
		.method = STR("REGISTER"), .uri = m.uri,
		.digests = &d, .ndigests = 1,
		.fingerprint = nc_fingerprint(h.regd->auth.nc,
		    str_make(b.s, b.len)),
		.wall_ms = wall_ms(), .boot_ms = boot_ms(),
	}, &r);
	buf_fini(&b);
	assert_int_equal(r.verdict, VERDICT_GOOD);
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.m.registered.code, 200);
	assert_int_equal(h.m.registered.bindings.n, 1);
}

/* A refusal is repeated as it was, and not applied the second time. */
static void
test_repeated_refusal(void **state)
{
	struct phone p = anna();
	struct rec_digest d;
	struct rec_contact c;
	struct msg_registration m, copy;

	user_put("anna@example.com", "secret", USER_ADD, false);
	assert_int_equal(do_register(&p, 5, 600), 200);
	d = phone_sign(&p, "sip:example.com");
	m = copy = registration(&d, &c, 5);
	m.branch = copy.branch = STR("z9hG4bKother");
	m.expires_s = copy.expires_s = 0;
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.m.registered.code, 500);
	ask(MSG_REGISTER, &copy);
	assert_int_equal(h.m.registered.code, 500);
	assert_int_equal(bindings_contacts(h.regd->bindings), 1);
}

/* S10: what is another's cannot be changed. */
static void
test_hijack(void **state)
{
	struct phone p = anna(), bob = anna();
	struct rec_digest d;
	struct rec_contact c;
	struct msg_registration m;

	user_put("anna@example.com", "secret", USER_ADD, false);
	user_put("bob@example.com", "secret", USER_ADD, false);
	assert_int_equal(do_register(&p, 1, 600), 200);
	bob.user = "bob";
	for (int i = 0; i < 3; i++) {
		d = phone_sign(&bob, "sip:example.com");
		m = registration(&d, &c, 10 + (uint32_t)i);
		m.star = i == 1;
		m.contacts.n = i == 1 ? 0 : 1;
		m.expires_s = i == 0 ? 600 : 0;
		ask(MSG_REGISTER, &m);
		assert_int_equal(h.m.registered.code, 403);
		assert_int_equal(h.m.registered.bindings.n, 0);
	}
	assert_int_equal(bindings_contacts(h.regd->bindings), 1);
	/* A domain that is not ours. */
	d = phone_sign(&bob, "sip:example.com");
	m = registration(&d, &c, 1);
	m.aor = STR("bob@elsewhere.example");
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.m.registered.code, 403);
	m = registration(NULL, &c, 1);
	m.aor = STR("bob@elsewhere.example");
	m.trusted = true;
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.m.registered.code, 404);
	m = registration(NULL, &c, 1);
	m.aor = STR("carl@example.com");
	m.trusted = true;
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.m.registered.code, 404);
	/* No credential at all. */
	m = registration(NULL, &c, 1);
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.m.registered.code, 401);
	assert_false(h.m.registered.stale);
}

static void
test_credential(void **state)
{
	struct phone p = anna();
	struct rec_digest d;
	struct msg_credential m, copy;

	user_put("anna@example.com", "secret", USER_ADD, false);
	p.method = "INVITE";
	d = phone_sign(&p, "sip:bob@example.com");
	m = copy = (struct msg_credential){
		.method = STR("INVITE"),
		/* The phone differs from its request line in the port. */
		.uri = STR("sip:bob@example.com:5060;transport=udp"),
		.aor = STR("anna@example.com"), .branch = STR("z9hG4bK1"),
		.call_id = STR("c"), .cseq = 1,
		.source = STR("udp:192.0.2.1:5060"), .digests = { &d, 1 },
	};
	ask(MSG_CREDENTIAL, &m);
	assert_int_equal(h.m.judged.verdict, VERDICT_GOOD);
	assert_true(str_eq(h.m.judged.aor, STR("anna@example.com")));
	ask(MSG_CREDENTIAL, &copy);			/* repetition */
	assert_int_equal(h.m.judged.verdict, VERDICT_GOOD);
	copy.branch = STR("z9hG4bK2");
	ask(MSG_CREDENTIAL, &copy);			/* replay */
	assert_int_equal(h.m.judged.verdict, VERDICT_STALE);
	d = phone_sign(&p, "sip:bob@example.com");
	copy.method = STR("BYE");
	ask(MSG_CREDENTIAL, &copy);
	assert_int_equal(h.m.judged.verdict, VERDICT_BAD);
	m.aor = STR("bob@example.com");			/* From is bob's */
	ask(MSG_CREDENTIAL, &m);
	assert_int_equal(h.m.judged.verdict, VERDICT_BAD);
	assert_int_equal(h.m.judged.aor.len, 0);
	d = phone_sign(&p, "sip:bob@example.com");
	m.aor = STR_NONE;				/* From is foreign */
	ask(MSG_CREDENTIAL, &m);
	assert_int_equal(h.m.judged.verdict, VERDICT_GOOD);
}

static void
test_users(void **state)
{
	static const struct {
		struct rec_user user;
		uint8_t mode;
		const char *complaint;		/* NULL: done */
	} rows[] = {
		{ { .aor = STR("anna@example.com") }, USER_ADD, "no password" },
		{ { .aor = STR("anna@example.com"), .password = STR("s") },
		  USER_SET, "there is no account anna@example.com" },
		{ { .aor = STR("Anna@Example.COM"), .password = STR("secret"),
		    .name = STR("Anna"), .number = STR("+15551230101") },
		  USER_ADD, NULL },
		{ { .aor = STR("anna@example.com"), .password = STR("s") },
		  USER_ADD, "exists already" },
		{ { .aor = STR("bob"), .password = STR("s") }, USER_ADD, NULL },
		{ { .aor = STR("bob@exmaple.com"), .password = STR("s") },
		  USER_ADD, "domain not served" },
		{ { .aor = STR("@example.com"), .password = STR("s") },
		  USER_ADD, "bad" },
		{ { .aor = STR("b%3ab@example.com"), .password = STR("s") },
		  USER_ADD, "bad" },
		{ { .aor = STR("carl@example.com"), .password = STR("s"),
		    .number = STR("+1555123") }, USER_ADD, "too short" },
		{ { .aor = STR("carl@example.com"), .password = STR("s"),
		    .number = STR("12a") }, USER_ADD, "only digits" },
		{ { .aor = STR("carl@example.com"), .password = STR("s"),
		    .number = STR("+15551230101") }, USER_ADD,
		  "belongs to anna@example.com" },
		{ { .aor = STR("carl@example.com"),
		    .ha1_md5 = STR("0123") }, USER_ADD, "32 hex digits" },
		{ { .aor = STR("carl@example.com"), .ha1_md5 =
		    STR("0123456789abcdef0123456789abcdeg") }, USER_ADD,
		  "32 hex digits" },
		{ { .aor = STR("carl@example.com"), .name = STR("a\nb"),
		    .password = STR("s") }, USER_ADD, "bad name" },
		/* printf carl:example.com:secret | md5sum */
		{ { .aor = STR("carl@example.com"), .ha1_md5 =
		    STR("979a9ea9e6ad37d0cba09c5e71b099a7") }, USER_ADD_OR_SET,
		  NULL },
		{ { .aor = STR("anna@example.com"), .name = STR("A. B.") },
		  USER_ADD_OR_SET, NULL },
	};
	struct phone p = anna();
	struct account *c;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rec_user u = rows[i].user;
		struct msg_user_put m = {
			.by = STR("t"), .mode = rows[i].mode, .users = { &u, 1 },
		};

		u.row = (uint32_t)i;
		ask(MSG_USER_PUT, &m);
		assert_int_equal(h.type, MSG_USERS_PUT);
		if (h.m.users_put.done != (rows[i].complaint == NULL))
			fail_msg("row %zu: %u done", i, h.m.users_put.done);
		if (rows[i].complaint == NULL)
			continue;
		assert_int_equal(h.m.users_put.complaints.n, 1);
		assert_int_equal(h.m.users_put.complaints.v[0].line, i);
		if (str_find(h.m.users_put.complaints.v[0].text,
		    str_of(rows[i].complaint)) < 0)
			fail_msg("row %zu: %.*s", i,
			    STR_ARG(h.m.users_put.complaints.v[0].text));
	}
	/* The change of name kept number and password. */
	down();
	up();
	assert_int_equal(accounts_count(h.regd->accounts), 3);
	c = accounts_find_number(h.regd->accounts, STR("+15551230101"));
	assert_non_null(c);
	assert_true(str_eq(account_name(c), STR("A. B.")));
	p = anna();
	assert_int_equal(do_register(&p, 1, 600), 200);
	/* HA1 alone is enough. */
	p = anna();
	p.user = "carl";
	assert_int_equal(do_register(&p, 1, 600), 403);	/* good, but anna's */
}

static void
test_dry_run_and_del(void **state)
{
	struct rec_user two[2] = {
		{ .aor = STR("anna@example.com"), .password = STR("secret") },
		{ .aor = STR("anna@example.com"), .password = STR("secret") },
	};
	struct msg_user_put m = {
		.mode = USER_ADD, .dry_run = true, .users = { two, 2 },
	};
	struct msg_user_del del = { .aor = STR("anna@example.com") };
	struct phone p = anna();

	ask(MSG_USER_PUT, &m);
	assert_int_equal(h.m.users_put.done, 1);
	assert_int_equal(h.m.users_put.complaints.n, 1);
	assert_int_equal(accounts_count(h.regd->accounts), 0);
	user_put("anna@example.com", "secret", USER_ADD, false);
	assert_int_equal(do_register(&p, 1, 600), 200);
	m.mode = USER_ADD_OR_SET;
	two[0].password = STR("changed");
	ask(MSG_USER_PUT, &m);
	assert_int_equal(h.m.users_put.done, 2);
	assert_int_equal(do_register(&p, 2, 600), 200);	/* nothing changed */

	ask(MSG_USER_DEL, &del);
	assert_int_equal(h.type, MSG_DONE);
	assert_int_equal(bindings_contacts(h.regd->bindings), 0);
	ask(MSG_USER_DEL, &del);
	assert_int_equal(h.m.refused.error, ENOENT);
	p = anna();
	assert_int_equal(do_register(&p, 3, 600), 401);
	down();
	up();
	assert_int_equal(accounts_count(h.regd->accounts), 0);
	assert_int_equal(bindings_contacts(h.regd->bindings), 0);
}

static void
test_reg_del_and_show(void **state)
{
	struct phone p = anna();
	struct msg_show show = { .what = STR("bindings") };
	struct msg_reg_del del = {
		.aor = STR("anna@example.com"), .contact = STR("sip:x@y"),
	};
	const struct rec_cell *cell;

	user_put("anna@example.com", "secret", USER_ADD, false);
	assert_int_equal(do_register(&p, 1, 600), 200);
	ask(MSG_SHOW, &show);
	assert_int_equal(h.type, MSG_ROWS);
	assert_int_equal(h.m.rows.rows.n, 1);
	cell = h.m.rows.rows.v[0].cells.v;
	assert_true(str_eq(cell[1].name, STR("contact")));
	assert_true(str_eq(cell[1].text, STR(CONTACT)));
	assert_true(str_eq(cell[2].text, STR("192.0.2.1:5060")));
	assert_true(str_eq(cell[3].text, STR("udp")));
	show.what = STR("users");
	ask(MSG_SHOW, &show);
	assert_int_equal(h.m.rows.rows.n, 1);

	ask(MSG_REG_DEL, &del);
	assert_int_equal(h.m.refused.error, ENOENT);
	del.contact = STR("sip:anna@192.0.2.1:5060");
	ask(MSG_REG_DEL, &del);
	assert_int_equal(h.type, MSG_DONE);
	assert_int_equal(bindings_contacts(h.regd->bindings), 0);
	del.contact = STR_NONE;
	ask(MSG_REG_DEL, &del);
	assert_int_equal(h.m.refused.error, ENOENT);
	/* The phone's next REGISTER comes with the next CSeq. */
	assert_int_equal(do_register(&p, 2, 600), 200);
	ask(MSG_REG_DEL, &del);
	assert_int_equal(h.type, MSG_DONE);
}

/* ---- the feed ---- */

static void
fed_begin(void *arg)
{
}

static void
fed_record(void *arg, enum msg_type type, const union msg *m)
{
	h.records++;
	if (type == MSG_BINDINGS)
		snprintf(h.fed, sizeof(h.fed), "%.*s %u",
		    STR_ARG(m->bindings.aor), m->bindings.bindings.n);
	else
		snprintf(h.fed, sizeof(h.fed), "%.*s", STR_ARG(m->account.aor));
}

static void
fed_complete(void *arg)
{
	h.completes++;
}

static void
test_feed(void **state)
{
	static const struct feed_follower follower = {
		fed_begin, fed_record, fed_complete
	};
	struct phone p = anna();

	user_put("anna@example.com", "secret", USER_ADD, false);
	assert_int_equal(do_register(&p, 1, 600), 200);
	bus_peer_follow(h.peer, &follower, NULL);
	while (h.completes == 0)
		loop_once(h.self.loop, 100);
	assert_int_equal(h.records, 2);
	assert_string_equal(h.fed, "anna@example.com 1");
	assert_int_equal(do_register(&p, 2, 0), 200);
	while (h.records < 3)
		loop_once(h.self.loop, 100);
	assert_string_equal(h.fed, "anna@example.com 0");
}

/* ---- the disk ---- */

/* F10: 503, never a false 200; nothing has changed; well again at once. */
static void
test_full_disk(void **state)
{
	struct phone p = anna(), q;
	struct rlimit old, tight = { 4096, 0 };
	struct rec_digest d;
	struct rec_contact c;
	struct msg_registration m, copy;

	user_put("anna@example.com", "secret", USER_ADD, false);
	assert_int_equal(do_register(&p, 1, 600), 200);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);

	assert_int_equal(do_register(&p, 2, 0), 503);
	assert_int_equal(bindings_contacts(h.regd->bindings), 1);
	d = phone_sign(&p, "sip:example.com");
	m = copy = registration(&d, &c, 3);
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.m.registered.code, 503);
	{
		struct rec_user u = { .aor = STR("bob@example.com"),
		    .password = STR("s") };
		struct msg_user_put put = { .mode = USER_ADD,
		    .users = { &u, 1 } };

		ask(MSG_USER_PUT, &put);
		assert_int_equal(h.type, MSG_REFUSED);
		assert_int_equal(accounts_count(h.regd->accounts), 1);
	}
	assert_non_null(journal_trouble(h.regd->journal));
	/* A query still works. */
	q = anna();
	d = phone_sign(&q, "sip:example.com");
	m = registration(&d, &c, 1);
	m.contacts.n = 0;
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.m.registered.code, 200);
	assert_int_equal(h.m.registered.bindings.n, 1);

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	/* The same question again: what was not done is done now. */
	d = phone_sign(&p, "sip:example.com");
	p.nc--;
	snprintf(p.ncs, sizeof(p.ncs), "%08x", p.nc);
	p.nc--;
	d = phone_sign(&p, "sip:example.com");
	c.expires_s = -1;
	ask(MSG_REGISTER, &copy);
	assert_int_equal(h.m.registered.code, 200);
	assert_null(journal_trouble(h.regd->journal));
	down();
	up();
	assert_int_equal(bindings_contacts(h.regd->bindings), 1);
	assert_int_equal(accounts_count(h.regd->accounts), 1);
}

static void
test_relaxed(void **state)
{
	struct phone p = anna();

	user_put("anna@example.com", "secret", USER_ADD, false);
	settings.register_durability = DURABILITY_RELAXED;
	assert_int_equal(do_register(&p, 1, 600), 200);
	assert_int_equal(h.m.registered.bindings.n, 1);
	while (journal_waiting(h.regd->journal) > 0 ||
	    journal_octets(h.regd->journal) == 0)
		loop_once(h.self.loop, 100);
	down();
	up();
	assert_int_equal(bindings_contacts(h.regd->bindings), 1);
}

/* ---- many at once, and the time after ---- */

static uint32_t many_done, many_ok;

static void
on_many(void *arg, int error, enum msg_type type, const union msg *m)
{
	many_done++;
	many_ok += error == 0 && type == MSG_REGISTERED &&
	    m->registered.code == 200;
}

/* In few commits; folded when it is quiet; loaded from the table. */
static void
test_many(void **state)
{
	struct rec_contact c;
	struct msg_registration m;
	struct stats before, after;
	char aor[200][32];
	struct rec_user u[200];
	struct msg_user_put put = { .mode = USER_ADD, .users = { u, 200 } };
	uint64_t cursor;
	struct aor *a;

	memset(u, 0, sizeof(u));
	for (int i = 0; i < 200; i++) {
		snprintf(aor[i], sizeof(aor[i]), "u%03d@example.com", i);
		u[i].aor = str_of(aor[i]);
		u[i].password = STR("p");
	}
	ask(MSG_USER_PUT, &put);
	assert_int_equal(h.m.users_put.done, 200);
	stats_sum(&before);
	many_done = many_ok = 0;
	for (int i = 0; i < 200; i++) {
		m = registration(NULL, &c, 1);
		m.aor = str_of(aor[i]);
		m.trusted = true;
		bus_ask(h.peer, MSG_REGISTER, &m, 5000, on_many, NULL);
		if (i % 2 == 0) {		/* and away again, in order */
			m.cseq = 2;
			m.expires_s = 0;
			bus_ask(h.peer, MSG_REGISTER, &m, 5000, on_many, NULL);
		}
	}
	while (many_done < 300)
		loop_once(h.self.loop, 100);
	assert_int_equal(many_ok, 300);
	assert_int_equal(bindings_contacts(h.regd->bindings), 100);
	stats_sum(&after);
	assert_int_equal(after.commit_rows - before.commit_rows, 300);
	assert_true(after.commits - before.commits < 100);

	while (journal_octets(h.regd->journal) > 0)
		loop_once(h.self.loop, 100);
	/* Those without contact were forgotten with the folding. */
	cursor = 0;
	for (uint32_t n = 0; (a = bindings_next(h.regd->bindings, &cursor)) !=
	    NULL; cursor++, n++) {
		assert_non_null(a->set);
		assert_true(n < 100);
	}
	down();
	up();
	assert_int_equal(bindings_contacts(h.regd->bindings), 100);
	assert_int_equal(journal_octets(h.regd->journal), 0);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_register),
		T(test_forms),
		T(test_mutations),
		T(test_two_digests),
		T(test_stale),
		T(test_replay),
		T(test_judged_but_not_settled),
		T(test_repeated_refusal),
		T(test_hijack),
		T(test_credential),
		T(test_users),
		T(test_dry_run_and_del),
		T(test_reg_del_and_show),
		T(test_feed),
		T(test_full_disk),
		T(test_relaxed),
		T(test_many),
	};

	stats_thread();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
