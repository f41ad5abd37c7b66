/*
 * regd - how the registrar begins and ends.
 *
 * main.c hands these to daemon_main(). start() takes what needs privileges or
 * the descriptor store; run() opens the database as the daemon's own user,
 * loads it and starts the writer's thread.
 */
#include "regd/regd.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "common/fdstore.h"
#include "common/log.h"
#include "common/mono.h"
#include "common/stats.h"
#include "regd/banning.h"
#include "regd/credential.h"
#include "regd/publish.h"
#include "regd/rights_asked.h"
#include "regd/serving.h"
#include "regd/undo.h"

#define TICK_MS		250
#define EXPIRE_MAX	400		/* AORs a turn: some 1 ms */
#define MEMORY_SIZE	4096		/* a page: the last version */

static void
changed(void *arg, struct aor *a)
{
	publish_aor(arg, a);
}

static void
account_changed(void *arg, struct str aor, const struct account *now)
{
	publish_account(arg, aor, now);
}

/* The wheel took contacts away. On disk they expire by themselves. */
static void
expired(void *arg, struct aor *a)
{
	struct regd *r = arg;

	publish_aor(r, a);
	if (aor_set(a) == NULL)
		journal_dirty(r->journal, a);
}

static void
tick(void *arg)
{
	struct regd *r = arg;
	int64_t now_ms = boot_ms();
	bool more = bindings_expire(r->bindings, now_ms, EXPIRE_MAX);

	more |= banning_turn(r);
	more |= serving_turn(r);
	journal_tick(r->journal, now_ms);
	late_turn(r->late, now_ms);
	loop_timer_start(r->timer, more ? 1 : TICK_MS, 0);
}

/* ---- loading ---- */

struct loading {
	struct regd	*regd;
	int64_t		 boot_ms, wall_ms;
	uint64_t	 bad;
	uint64_t	 last_number, octets;
	struct aor	**unfolded;
	size_t		 n, size;
};

static void
load_item(void *arg, const struct store_item *i)
{
	struct loading *l = arg;

	switch (i->kind) {
	case STORE_BAN:
		l->bad += !banning_load(l->regd, i);
		break;
	case STORE_RIGHTS:
		l->bad += !rights_load(l->regd, i);
		break;
	case STORE_IMPORT:
	case STORE_BEFORE:
		l->bad += !undo_load(l->regd, i);
		break;
	default:
		l->bad++;
	}
}

static void
load_account(void *arg, const struct store_account *a)
{
	struct loading *l = arg;

	account_free(accounts_put(l->regd->accounts, a,
	    bindings_version(l->regd->bindings)));
}

static void
load_record(void *arg, const struct store_stamp *stamp, struct str packed,
    bool journal)
{
	struct loading *l = arg;
	struct aor *a;

	a = bindings_load(l->regd->bindings, stamp, packed, l->boot_ms,
	    l->wall_ms);
	if (a == NULL) {
		l->bad++;
		return;
	}
	if (!journal && aor_set(a) != NULL)
		return;
	if (l->n == l->size) {
		l->size = l->size == 0 ? 1024 : l->size * 2;
		l->unfolded = xrealloc(l->unfolded, l->size,
		    sizeof(*l->unfolded));
	}
	l->unfolded[l->n++] = a;
}

static void
load_journal(void *arg, uint64_t last_number, uint64_t octets)
{
	struct loading *l = arg;

	l->last_number = last_number;
	l->octets = octets;
}

static const struct store_loader loader = {
	.item = load_item,
	.account = load_account,
	.record = load_record,
	.journal = load_journal,
};

static int
load(struct regd *r, struct store *store, struct loading *l)
{
	struct mono from = mono_now();
	int error;

	*l = (struct loading){
		.regd = r, .boot_ms = boot_ms(), .wall_ms = wall_ms(),
	};
	if ((error = store_sqlite.load(store, &loader, l)) < 0) {
		log_at(LOG_FAILURE, "REG", 0, "cannot read %s/regd/regd.db: %s",
		    r->self->dirs.state, store_sqlite.error(store));
		return error;
	}
	if (l->bad > 0)
		log_problem("REG", "%llu records of the store are unreadable "
		    "and were left out", (unsigned long long)l->bad);
	/* Now: later malloc_trim() would keep the loop, too, from its memory. */
	malloc_trim(0);
	stats->accounts = (int64_t)accounts_count(r->accounts);
	log_major("REG", "loaded %zu accounts, %zu contacts of %zu users in "
	    "%lld ms", accounts_count(r->accounts),
	    bindings_contacts(r->bindings), bindings_count(r->bindings),
	    (long long)mono_ms_between(from, mono_now()));
	return 0;
}

/* ---- begin ---- */

/* Nonce counts and the last version live on in the descriptor store. */
static int
memory_open(struct regd *r)
{
	int adopted = 0;
	void *nc, *version;

	nc = fdstore_memory("nc", nc_size(NC_RECORDS), &adopted);
	if (nc != NULL)
		r->auth.nc = nc_open(nc, nc_size(NC_RECORDS), adopted != 0);
	version = fdstore_memory("version", MEMORY_SIZE, &adopted);
	if (version != NULL)
		bindings_version_cell(r->bindings, version);
	return nc != NULL && version != NULL ? 0 : -errno;
}

int
regd_start(struct self *self)
{
	struct regd *r = xcalloc(1, sizeof(*r));
	char keys[4096];
	int error;

	self->own = r;
	r->self = self;
	r->accounts = accounts_new();
	r->bindings = bindings_new(expired, r);
	r->auth.accounts = r->accounts;
	r->guesses = guesses_new();
	r->bans = bans_new();
	r->rights = rights_new();
	r->before = accounts_new();
	r->late = late_new();
	r->feed = self->feed;
	feed_bulk(r->feed, MSG_BINDINGS);
	dirs_path(keys, self->dirs.state, "keys");
	if ((error = keys_load(&r->auth.nonces, keys, "nonce")) < 0) {
		log_at(LOG_FAILURE, "REG", 0, "cannot read the key %s/nonce: %s",
		    keys, strerror(-error));
		return error;
	}
	if ((error = memory_open(r)) < 0)
		log_at(LOG_FAILURE, "REG", 0, "cannot make shared memory: %s",
		    strerror(-error));
	return error;
}

static int
store_begin(struct regd *r)
{
	const struct journal_owner owner = { changed, account_changed, r };
	struct loading l = { 0 };
	struct store *store;
	char path[4096];
	int error;

	dirs_path(path, r->self->dirs.state, "regd");
	if ((error = store_sqlite.open(&store, path)) < 0) {
		log_at(LOG_FAILURE, "REG", 0, "cannot open %s/regd.db: %s", path,
		    strerror(-error));
		return error;
	}
	if ((error = load(r, store, &l)) < 0) {
		store_sqlite.close(store);
		free(l.unfolded);
		return error;
	}
	r->journal = journal_new(r->self->loop, &store_sqlite, store,
	    r->bindings, r->accounts, &owner);
	journal_loaded(r->journal, l.last_number, l.octets);
	for (size_t i = 0; i < l.n; i++)
		journal_dirty(r->journal, l.unfolded[i]);
	free(l.unfolded);
	return 0;
}

int
regd_run(struct self *self)
{
	struct regd *r = self->own;
	int error;

	if ((error = store_begin(r)) < 0)
		return error;
	/* Only who has everything answers: nobody gets an early 404. */
	bus_handlers_add(self->server, asked_handlers, r);
	bus_handlers_add(self->server, users_handlers, r);
	bus_handlers_add(self->server, banning_handlers, r);
	bus_handlers_add(self->server, credential_handlers, r);
	bus_handlers_add(self->server, fixed_handlers, r);
	bus_handlers_add(self->server, rights_handlers, r);
	bus_handlers_add(self->server, undo_handlers, r);
	feed_serve(r->feed, self->server, publish_walk, r);
	show_serve(self->server, regd_tables, r);
	show_serve(self->server, regd_secret_tables, r);
	show_serve(self->monitor, regd_tables, r);
	serving_begin(r);	/* a configuration may have come while we were away */
	r->timer = loop_timer_new(self->loop, tick, r);
	loop_timer_start(r->timer, TICK_MS, 0);
	return 0;
}

void
regd_commit(struct self *self, const struct settings *old)
{
	serving_begin(self->own);
}

/* ---- end ---- */

void
regd_stop(struct self *self)
{
	struct regd *r = self->own;

	if (r == NULL)
		return;
	loop_timer_free(r->timer);
	journal_free(r->journal);
	late_free(r->late);
	guesses_free(r->guesses);
	bans_free(r->bans);
	rights_free(r->rights);
	accounts_free(r->before);
	nc_close(r->auth.nc);
	accounts_free(r->accounts);
	bindings_free(r->bindings);
	buf_fini(&r->scratch);
	buf_fini(&r->packed);
	explicit_bzero(&r->auth, sizeof(r->auth));
	free(r);
	self->own = NULL;
}

void
regd_status(struct self *self, struct status_is *out)
{
	struct regd *r = self->own;

	status_figure(out, "waiting", journal_waiting(r->journal));
	status_figure(out, "journal_octets",
	    (int64_t)journal_octets(r->journal));
	if (journal_trouble(r->journal) != NULL)
		status_warn(out, "sipctl log --last 10m",
		    "regd cannot write its store: %s",
		    journal_trouble(r->journal));
}

unsigned
regd_busy(struct self *self)
{
	struct regd *r = self->own;

	return journal_waiting(r->journal);
}
