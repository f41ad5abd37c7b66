/*
 * store_test - what every driver of the store must keep, kill -9 included
 * (K2, DESIGN.md part 5).
 */
#include "regd/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/db.h"
#include "common/id.h"
#include "common/messages.h"
#include "common/mono.h"
#include "common/stats.h"

static const struct store_driver *driver = &store_sqlite;
static char dir[64];

static int
setup(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/regd-store-XXXXXX");
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* ---- what is found ---- */

#define USERS		64

struct found {
	uint32_t	items, accounts;
	char		item[128];		/* the last one */
	char		account[512];
	char		ha1[32];
	uint64_t	version[USERS];		/* newest of uN@x */
	bool		there[USERS];		/* with a contact */
	uint32_t	table, journal;
	struct store_stamp stamp;
	uint64_t	number, octets;
};

static void
on_item(void *arg, const struct store_item *i)
{
	struct found *f = arg;

	f->items++;
	snprintf(f->item, sizeof(f->item), "%d %.*s %.*s", (int)i->kind,
	    STR_ARG(i->key), STR_ARG(i->value));
}

static void
on_account(void *arg, const struct store_account *a)
{
	struct found *f = arg;

	f->accounts++;
	snprintf(f->account, sizeof(f->account), "%.*s %.*s %.*s %.*s %.*s%s",
	    STR_ARG(a->aor), STR_ARG(a->name), STR_ARG(a->number),
	    STR_ARG(a->realm), STR_ARG(a->settings),
	    a->import == 7 ? " import" : "");
	if (a->ha1[DIGEST_SHA512_256][HA1_USER].len == sizeof(f->ha1))
		memcpy(f->ha1, a->ha1[DIGEST_SHA512_256][HA1_USER].s,
		    sizeof(f->ha1));
}

static void
on_record(void *arg, const struct store_stamp *stamp, struct str packed,
    bool journal)
{
	struct found *f = arg;
	struct unpack u;
	static union msg m;
	uint32_t n;

	unpack_init(&u, packed.s, packed.len);
	assert_int_equal(msg_unpack(&u, &m), MSG_BINDINGS);
	assert_true(unpack_at_end(&u));
	assert_int_equal(sscanf(m.bindings.aor.s, "u%u@", &n), 1);
	assert_true(n < USERS);
	if (journal)
		f->journal++;
	else
		f->table++;
	f->stamp = *stamp;
	if (m.bindings.version < f->version[n])
		return;
	f->version[n] = m.bindings.version;
	f->there[n] = m.bindings.bindings.n > 0;
}

static void
on_journal(void *arg, uint64_t last, uint64_t octets)
{
	struct found *f = arg;

	f->number = last;
	f->octets = octets;
}

static const struct store_loader loader = {
	.item = on_item, .account = on_account, .record = on_record, .journal = on_journal,
};

static struct store *
open_store(void)
{
	struct store *s;

	assert_int_equal(driver->open(&s, dir), 0);
	return s;
}

static struct found
find(struct store *s)
{
	struct found f;

	memset(&f, 0, sizeof(f));
	assert_int_equal(driver->load(s, &loader, &f), 0);
	return f;
}

/* ---- what is written ---- */

static void
record(struct buf *b, uint32_t user, uint64_t version, bool there)
{
	char aor[32];
	struct rec_binding r = {
		.uri = STR("sip:anna@192.0.2.1"), .expires_ms = 60000,
		.call_id = STR("a-call-id"), .cseq = 1,
	};
	struct msg_bindings m = {
		.version = version, .bindings = { &r, there ? 1 : 0 },
	};

	snprintf(aor, sizeof(aor), "u%u@x", user);
	m.aor = str_of(aor);
	msg_pack(b, MSG_BINDINGS, &m);
}

static struct store_stamp
stamp(void)
{
	struct store_stamp s = { .boot_ms = 12345, .wall_ms = 1700000000000 };

	snprintf(s.boot, sizeof(s.boot), "a-boot");
	return s;
}

static int
commit(struct store *s, uint64_t number, struct buf *b)
{
	struct store_batch batch = {
		.number = number, .stamp = stamp(),
		.changes = str_make(b->s, b->len),
	};
	int error = driver->commit(s, &batch);

	buf_clear(b);
	return error;
}

/* A file of version 1 is brought up to date; what it holds stays. */
static void
test_upgrade(void **state)
{
	static const char *const first[] = {
		"CREATE TABLE accounts ("
		" aor TEXT PRIMARY KEY, name TEXT NOT NULL, number TEXT NOT NULL,"
		" realm TEXT NOT NULL,"
		" md5_user BLOB NOT NULL, md5_full BLOB NOT NULL,"
		" sha256_user BLOB NOT NULL, sha256_full BLOB NOT NULL,"
		" sha512_256_user BLOB NOT NULL, sha512_256_full BLOB NOT NULL"
		") WITHOUT ROWID;"
		"CREATE TABLE bindings ("
		" aor TEXT PRIMARY KEY, boot TEXT NOT NULL, boot_ms INTEGER NOT NULL,"
		" wall_ms INTEGER NOT NULL, record BLOB NOT NULL);"
		"CREATE TABLE journal ("
		" number INTEGER PRIMARY KEY, boot TEXT NOT NULL,"
		" boot_ms INTEGER NOT NULL, wall_ms INTEGER NOT NULL,"
		" batch BLOB NOT NULL);"
		"INSERT INTO accounts VALUES ('anna@x', 'Anna', '7', 'x',"
		" x'', x'', x'', x'', x'', x'');", NULL
	};
	char path[128];
	struct store *s;
	struct db *db;
	struct found f;

	if (driver != &store_sqlite)
		skip();
	snprintf(path, sizeof(path), "%s/regd.db", dir);
	assert_int_equal(db_open(&db, path, first), 0);
	db_close(db);
	s = open_store();
	f = find(s);
	assert_int_equal(f.accounts, 1);
	assert_string_equal(f.account, "anna@x Anna 7 x ");
	driver->close(s);
}

static void
test_accounts(void **state)
{
	static const char octets[] = "0123456789abcdef\0\1\2\3\4\5\6\7"
	    "89abcdef";
	struct store_account a[2] = {
		{ .aor = STR("anna@x"), .name = STR("Anna 'B\" Berg"),
		  .number = STR("+15551230101"), .realm = STR("x"),
		  .settings = STR("pstn off"), .import = 7 },
		{ .aor = STR("bob@x"), .realm = STR("x") },
	};
	struct store_batch b = { .accounts = a, .naccounts = 2 };
	struct store *s = open_store();
	struct found f;

	a[0].ha1[DIGEST_SHA512_256][HA1_USER] = str_make(octets, 32);
	assert_int_equal(driver->commit(s, &b), 0);
	driver->close(s);
	s = open_store();
	assert_int_equal(find(s).accounts, 2);
	a[0].name = STR("Anna");
	a[1].remove = true;
	assert_int_equal(driver->commit(s, &b), 0);
	driver->close(s);
	s = open_store();
	f = find(s);
	assert_int_equal(f.accounts, 1);
	assert_string_equal(f.account, "anna@x Anna +15551230101 x "
	    "pstn off import");
	assert_memory_equal(f.ha1, octets, 32);
	driver->close(s);
}

/* By kind and key; empty is removed; together with the rest of the batch or not at all. */
static void
test_items(void **state)
{
	struct store_item i[] = {
		{ STORE_BAN, STR("192.0.2.1"), STR("one") },
		{ STORE_BAN, STR("192.0.2.1"), STR("two; DROP TABLE items") },
		{ STORE_BAN, STR("10.0.0.0/8"), STR("three") },
		{ STORE_BAN, STR("10.0.0.0/8"), STR_NONE },
		{ STORE_BAN, STR("never there"), STR_NONE },
	};
	struct store_batch b = { .items = i, .nitems = 5 };
	struct store *s = open_store();
	struct found f;

	assert_int_equal(driver->commit(s, &b), 0);
	driver->close(s);
	s = open_store();
	f = find(s);
	assert_int_equal(f.items, 1);
	assert_string_equal(f.item, "1 192.0.2.1 two; DROP TABLE items");
	i[0].value = STR_NONE;
	b.nitems = 1;
	assert_int_equal(driver->commit(s, &b), 0);
	assert_int_equal(find(s).items, 0);
	driver->close(s);
}

static void
test_journal_and_fold(void **state)
{
	struct store *s = open_store();
	struct store_fold fold = { .stamp = stamp(), .last = true };
	struct store_record r[2];
	struct buf b = { 0 }, packed = { 0 };
	struct found f;

	record(&b, 1, 10, true);
	record(&b, 2, 11, true);
	assert_int_equal(commit(s, 7, &b), 0);
	record(&b, 2, 12, false);
	record(&b, 3, 13, true);
	assert_int_equal(commit(s, 8, &b), 0);
	driver->close(s);

	s = open_store();
	f = find(s);
	assert_int_equal(f.journal, 4);
	assert_int_equal(f.table, 0);
	assert_int_equal(f.number, 8);
	assert_true(f.octets > 100);
	assert_string_equal(f.stamp.boot, "a-boot");
	assert_int_equal(f.stamp.boot_ms, 12345);
	assert_int_equal(f.stamp.wall_ms, 1700000000000);
	assert_true(f.there[1] && !f.there[2] && f.there[3]);

	/* The first batch's AORs are folded; the second batch stays. */
	record(&packed, 1, 10, true);
	r[0] = (struct store_record){ STR("u1@x"),
	    str_make(packed.s, packed.len) };
	r[1] = (struct store_record){ STR("u2@x"), STR_NONE };
	fold.records = r;
	fold.n = 2;
	fold.through = 7;
	assert_int_equal(driver->fold(s, &fold), 0);
	driver->close(s);
	s = open_store();
	f = find(s);
	assert_int_equal(f.table, 1);
	assert_int_equal(f.journal, 2);
	assert_true(f.there[1] && !f.there[2] && f.there[3]);

	/* A record that becomes empty leaves the table. */
	r[0].packed = STR_NONE;
	fold.n = 1;
	fold.last = false;
	fold.through = 8;
	assert_int_equal(driver->fold(s, &fold), 0);
	f = find(s);
	assert_int_equal(f.table, 0);
	assert_int_equal(f.journal, 2);		/* not last: nothing is cut */
	fold.last = true;
	assert_int_equal(driver->fold(s, &fold), 0);
	assert_int_equal(find(s).journal, 0);
	driver->close(s);
	buf_fini(&b);
	buf_fini(&packed);
}

/* The disk is full: an error, nothing changed, and well again afterwards. */
static void
test_full_disk(void **state)
{
	struct store *s = open_store();
	struct rlimit old, tight = { 200 * 1024, RLIM_INFINITY };
	struct buf b = { 0 };
	uint64_t number = 0;
	struct found f;
	int error;

	record(&b, 1, 1, true);
	assert_int_equal(commit(s, ++number, &b), 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	do {
		for (int i = 0; i < 500; i++)
			record(&b, 2, number + 1, true);
		error = commit(s, ++number, &b);
	} while (error == 0 && number < 1000);
	assert_true(error < 0);
	assert_true(strlen(driver->error(s)) > 0);
	record(&b, 3, 5, true);
	(void)commit(s, number + 1, &b);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);

	f = find(s);
	assert_int_equal(f.version[2], number - 1);
	record(&b, 4, 5, true);
	assert_int_equal(commit(s, number + 2, &b), 0);
	driver->close(s);
	s = open_store();
	f = find(s);
	assert_true(f.there[1] && f.there[4]);
	assert_int_equal(f.version[2], number - 1);
	driver->close(s);
	buf_fini(&b);
}

static void
test_unusable(void **state)
{
	struct store *s;
	char path[128];
	int fd;

	assert_true(driver->open(&s, "/nonexistent/directory") < 0);
	snprintf(path, sizeof(path), "%s/regd.db", dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	assert_int_equal(write(fd, "this is no database at all.......", 32), 32);
	close(fd);
	assert_int_equal(driver->open(&s, dir), -EBADMSG);
}

/* ---- kill -9 ---- */

struct ack {
	uint64_t	number;
	uint8_t		there[USERS];
};

/* Registers and un-registers at random, folds now and then, reports each 0. */
static void
child(int out, uint64_t number, unsigned seed)
{
	struct store *s = open_store();
	struct found f = find(s);
	struct ack ack = { 0 };
	struct buf b = { 0 };
	struct store_fold fold = { .stamp = stamp(), .last = true };
	struct store_record r[USERS];
	struct buf packed[USERS];
	char aors[USERS][16];

	memset(packed, 0, sizeof(packed));
	for (int i = 0; i < USERS; i++)
		ack.there[i] = f.there[i];
	for (;;) {
		ack.number = ++number;
		for (int i = 0; i < 10; i++) {
			uint32_t user = (uint32_t)rand_r(&seed) % USERS;

			ack.there[user] = rand_r(&seed) % 2 == 0;
			record(&b, user, number, ack.there[user]);
		}
		if (commit(s, number, &b) != 0)
			_exit(1);
		if (write(out, &ack, sizeof(ack)) != sizeof(ack))
			_exit(0);
		if (number % 7 != 0)
			continue;
		for (int i = 0; i < USERS; i++) {
			snprintf(aors[i], sizeof(aors[i]), "u%d@x", i);
			buf_clear(&packed[i]);
			if (ack.there[i])
				record(&packed[i], (uint32_t)i, number, true);
			r[i] = (struct store_record){ str_of(aors[i]),
			    str_make(packed[i].s, packed[i].len) };
		}
		fold.records = r;
		fold.n = USERS;
		fold.through = number;
		if (driver->fold(s, &fold) != 0)
			_exit(1);
	}
}

/*
 * Every acknowledged change is there after a kill at any moment. One that was
 * not acknowledged may be there, whole: then the found number is one more.
 */
static void
test_kill(void **state)
{
	struct ack last = { 0 }, ack;
	struct found f;
	struct store *s;
	unsigned seed = (unsigned)id_u64();
	int pipes[2], status;
	uint64_t acks;
	pid_t pid;

	for (unsigned round = 0; round < 25; round++) {
		assert_int_equal(pipe(pipes), 0);
		assert_true((pid = fork()) >= 0);
		if (pid == 0) {
			close(pipes[0]);
			child(pipes[1], last.number + 1, seed + round);
		}
		close(pipes[1]);
		/* So many acknowledged, then a moment into the next. */
		acks = 1 + (uint64_t)rand_r(&seed) % 20;
		while (acks-- > 0)
			assert_int_equal(read(pipes[0], &last, sizeof(last)),
			    sizeof(last));
		for (volatile int i = rand_r(&seed) % 300000; i > 0; i--)
			;
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		while (read(pipes[0], &ack, sizeof(ack)) == sizeof(ack))
			last = ack;
		close(pipes[0]);

		s = open_store();
		f = find(s);
		driver->close(s);
		for (int i = 0; i < USERS; i++) {
			if (f.version[i] > last.number)
				continue;	/* the unacknowledged one */
			if (f.there[i] != (last.there[i] != 0))
				fail_msg("seed %u round %u: u%d is %s", seed,
				    round, i, f.there[i] ? "back" : "lost");
		}
		/* Goes on from what is there. */
		last.number++;
	}
}

int
main(void)
{
#define T(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(test_accounts),
		T(test_items),
		T(test_upgrade),
		T(test_journal_and_fold),
		T(test_full_disk),
		T(test_unusable),
		T(test_kill),
	};

	stats_thread();
	return cmocka_run_group_tests_name(driver->name, tests, NULL, NULL);
}
