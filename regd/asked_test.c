/*
 * asked_test - registrations and credentials over the bus (S04-S07, S10).
 */
#include "regd/house_test.h"

static void
test_register(void **state)
{
	struct phone p = anna();
	uint64_t version;

	user_put("anna@example.com", "secret", USER_ADD, false);
	assert_int_equal(h.a.m.users_put.done, 1);
	assert_int_equal(do_register(&p, 1, 600), 200);
	assert_int_equal(h.a.m.registered.bindings.n, 1);
	assert_true(str_eq(h.a.m.registered.bindings.v[0].uri, STR(CONTACT)));
	assert_true(h.a.m.registered.bindings.v[0].expires_ms > 590000 &&
	    h.a.m.registered.bindings.v[0].expires_ms <= 600000);
	version = h.a.m.registered.version;
	assert_int_equal(do_register(&p, 2, 600), 200);
	assert_true(h.a.m.registered.version > version);
	version = h.a.m.registered.version;

	down();			/* as a kill: only the disk is left */
	up();
	assert_int_equal(bindings_contacts(h.regd->bindings), 1);
	p = anna();
	assert_int_equal(do_register(&p, 2, 600), 500);	/* CSeq was kept */
	assert_int_equal(do_register(&p, 3, 600), 200);
	assert_true(h.a.m.registered.version > version);
	assert_int_equal(do_register(&p, 4, 0), 200);
	assert_int_equal(h.a.m.registered.bindings.n, 0);

	down();
	up();
	assert_int_equal(bindings_contacts(h.regd->bindings), 0);
}

static uint16_t
try_as(const char *service, const char *networks, uint32_t cseq)
{
	struct rec_user u = { .aor = STR("anna@example.com"),
	    .service = str_of(service), .networks = str_of(networks) };
	struct msg_user_put m = { .by = STR("tester"), .mode = USER_SET,
	    .users = { &u, 1 } };
	struct phone p = anna();

	ask(MSG_USER_PUT, &m);
	assert_int_equal(h.a.m.users_put.done, 1);
	return do_register(&p, cseq, 600);
}

/* Row 86: what may not register looks like a wrong password (S01). */
static void
test_service_and_networks(void **state)
{
	user_put("anna@example.com", "secret", USER_ADD, false);
	assert_int_equal(try_as("on", "192.0.2.0/24", 1), 200);
	assert_int_equal(try_as("", "198.51.100.0/24 203.0.113.7", 2), 401);
	assert_int_equal(try_as("", "", 3), 401);
	down();
	up();
	assert_int_equal(try_as("", "", 4), 401);
	assert_int_equal(try_as("", "any", 5), 200);
	assert_int_equal(bindings_contacts(h.regd->bindings), 1);
	assert_int_equal(try_as("off", "", 6), 401);
	assert_int_equal(bindings_contacts(h.regd->bindings), 0);
	assert_int_equal(try_as("on", "", 7), 200);
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
			fail_msg("row %zu: %u", i, h.a.m.registered.code);
		if (rows[i].code == 401) {
			assert_false(h.a.m.registered.stale);
			assert_true(str_eq(h.a.m.registered.reason,
			    STR("Unauthorized")));
		}
	}
}

/* What the settings offer is accepted, and nothing else (S08; rows 48, 50). */
static void
test_variants(void **state)
{
	static const struct {
		uint8_t		 offered;	/* index in digest-algorithms */
		bool		 auth_int, without_qop;
		const char	*user, *algorithm, *qop, *body;
		uint16_t	 code;
	} rows[] = {
		{ 0, 0, 0, "anna", "MD5", "auth", NULL, 200 },
		{ 0, 0, 0, "anna", "MD5-sess", "auth", NULL, 401 },
		{ 0, 0, 0, "anna", "SHA-256", "auth", NULL, 401 },
		{ 1, 0, 0, "anna", "SHA-256", "auth", NULL, 200 },
		{ 1, 0, 0, "anna", "MD5", "auth", NULL, 401 },
		{ 2, 0, 0, "anna", "SHA-512-256", "auth", NULL, 200 },
		{ 3, 0, 0, "anna", "MD5-sess", "auth", NULL, 200 },
		{ 3, 0, 0, "anna", "MD5", "auth", NULL, 401 },
		{ 4, 0, 0, "anna", "SHA-256-sess", "auth", NULL, 200 },
		{ 5, 0, 0, "anna@example.com", "SHA-512-256-sess", "auth",
		    NULL, 200 },
		{ 0, 1, 0, "anna", "MD5", "auth-int", "", 200 },
		{ 0, 1, 0, "anna", "MD5", "auth-int", "v=0", 200 },
		{ 0, 1, 0, "anna", "MD5", "auth", NULL, 200 },
		{ 4, 1, 0, "anna", "SHA-256-sess", "auth-int", "v=0", 200 },
		{ 0, 0, 0, "anna", "MD5", "auth-int", "v=0", 401 },
		{ 0, 0, 0, "anna", "MD5", "", NULL, 401 },
		{ 0, 0, 1, "anna", "MD5", "", NULL, 200 },
		{ 1, 0, 1, "anna", "SHA-256", "", NULL, 200 },
		{ 3, 0, 1, "anna", "MD5-sess", "", NULL, 401 },
	};
	struct phone p;

	user_put("anna@example.com", "secret", USER_ADD, false);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		settings.digest_algorithms =
		    (struct set_words){ { rows[i].offered }, 1 };
		settings.digest_qop = rows[i].auth_int ?
		    (struct set_words){ { QOP_AUTH, QOP_AUTH_INT }, 2 } :
		    (struct set_words){ { QOP_AUTH }, 1 };
		settings.digest_without_qop = rows[i].without_qop;
		p = anna();
		p.user = rows[i].user;
		p.algorithm = rows[i].algorithm;
		p.qop = rows[i].qop;
		p.body = rows[i].body;
		if (do_register(&p, (uint32_t)i + 1, 600) != rows[i].code)
			fail_msg("row %zu: %u", i, h.a.m.registered.code);
	}
}

/* Without a count a nonce serves once: what was captured is worth nothing. */
static void
test_nonce_without_qop(void **state)
{
	struct phone p = anna();

	settings.digest_without_qop = true;
	user_put("anna@example.com", "secret", USER_ADD, false);
	p.qop = "";
	assert_int_equal(do_register(&p, 1, 600), 200);
	assert_int_equal(do_register(&p, 2, 600), 401);
	assert_true(h.a.m.registered.stale);
}

/* Row 48: the phone wrote a host behind the name, but hashed the name alone. */
static void
test_loose_username(void **state)
{
	struct phone p = anna();
	struct rec_digest d;
	struct rec_contact c;
	struct msg_registration m;

	user_put("anna@example.com", "secret", USER_ADD, false);
	for (int loose = 0; loose < 2; loose++) {
		settings.loose_username = loose;
		d = phone_sign(&p, "sip:example.com");
		d.username = STR("anna@192.0.2.9");
		m = registration(&d, &c, 1);
		ask(MSG_REGISTER, &m);
		assert_int_equal(h.a.m.registered.code, loose ? 200 : 401);
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
		if (h.a.m.registered.code != 401)
			fail_msg("mutation %d: %u", i, h.a.m.registered.code);
		assert_int_equal(h.a.m.registered.bindings.n, 0);
	}
	/* Signed rightly, but for another request. */
	for (int i = 0; i < 3; i++) {
		struct phone q = anna();

		d = phone_sign(&q, (const char *const[]){ "sip:other.example",
		    "sip:bob@example.com", "example.com" }[i]);
		m = registration(&d, &c, 1);
		ask(MSG_REGISTER, &m);
		assert_int_equal(h.a.m.registered.code, 401);
	}
	/* None of them has burnt the honest one's count (S05). */
	m = registration(&good, &c, 1);
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.a.m.registered.code, 200);
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
	assert_int_equal(h.a.m.registered.code, 200);
}

static void
test_stale(void **state)
{
	struct phone p = anna();
	struct phone made_up = anna();

	user_put("anna@example.com", "secret", USER_ADD, false);
	phone_nonce(&p, "example.com", 301000);
	assert_int_equal(do_register(&p, 1, 600), 401);
	assert_true(h.a.m.registered.stale);
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
	assert_int_equal(h.a.m.registered.code, 200);
	version = h.a.m.registered.version;

	copy = m;
	ask(MSG_REGISTER, &copy);
	assert_int_equal(h.a.m.registered.code, 200);
	assert_int_equal(h.a.m.registered.version, version);

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
		if (h.a.m.registered.code != 401 || !h.a.m.registered.stale)
			fail_msg("replay %d: %u", i, h.a.m.registered.code);
	}
	/* Un-registered meanwhile: the repetition does not bring it back. */
	later = p;
	assert_int_equal(do_register(&later, 2, 0), 200);
	copy = m;
	ask(MSG_REGISTER, &copy);
	assert_int_equal(h.a.m.registered.code, 200);
	assert_int_equal(h.a.m.registered.bindings.n, 0);
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
	assert_int_equal(h.a.m.registered.code, 200);
	assert_int_equal(h.a.m.registered.bindings.n, 1);
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
	assert_int_equal(h.a.m.registered.code, 500);
	ask(MSG_REGISTER, &copy);
	assert_int_equal(h.a.m.registered.code, 500);
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
		assert_int_equal(h.a.m.registered.code, 403);
		assert_int_equal(h.a.m.registered.bindings.n, 0);
	}
	assert_int_equal(bindings_contacts(h.regd->bindings), 1);
	/* A domain that is not ours. */
	d = phone_sign(&bob, "sip:example.com");
	m = registration(&d, &c, 1);
	m.aor = STR("bob@elsewhere.example");
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.a.m.registered.code, 403);
	m = registration(NULL, &c, 1);
	m.aor = STR("bob@elsewhere.example");
	m.trusted = true;
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.a.m.registered.code, 404);
	m = registration(NULL, &c, 1);
	m.aor = STR("carl@example.com");
	m.trusted = true;
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.a.m.registered.code, 404);
	/* No credential at all. */
	m = registration(NULL, &c, 1);
	ask(MSG_REGISTER, &m);
	assert_int_equal(h.a.m.registered.code, 401);
	assert_false(h.a.m.registered.stale);
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
	assert_int_equal(h.a.m.judged.verdict, VERDICT_GOOD);
	assert_true(str_eq(h.a.m.judged.aor, STR("anna@example.com")));
	ask(MSG_CREDENTIAL, &copy);			/* repetition */
	assert_int_equal(h.a.m.judged.verdict, VERDICT_GOOD);
	copy.branch = STR("z9hG4bK2");
	ask(MSG_CREDENTIAL, &copy);			/* replay */
	assert_int_equal(h.a.m.judged.verdict, VERDICT_STALE);
	d = phone_sign(&p, "sip:bob@example.com");
	copy.method = STR("BYE");
	ask(MSG_CREDENTIAL, &copy);
	assert_int_equal(h.a.m.judged.verdict, VERDICT_BAD);
	m.aor = STR("bob@example.com");			/* From is bob's */
	ask(MSG_CREDENTIAL, &m);
	assert_int_equal(h.a.m.judged.verdict, VERDICT_FORBIDDEN);
	assert_int_equal(h.a.m.judged.aor.len, 0);
	d = phone_sign(&p, "sip:bob@example.com");
	m.aor = STR_NONE;				/* From is foreign */
	ask(MSG_CREDENTIAL, &m);
	assert_int_equal(h.a.m.judged.verdict, VERDICT_GOOD);
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_register),
		T(test_service_and_networks), T(test_forms),
		T(test_variants),
		T(test_nonce_without_qop),
		T(test_loose_username),
		T(test_mutations),
		T(test_two_digests),
		T(test_stale),
		T(test_replay),
		T(test_judged_but_not_settled),
		T(test_repeated_refusal),
		T(test_hijack),
		T(test_credential),
	};

	stats_thread();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
