/*
 * journal - from a change in memory to a durable one.
 *
 * asked.c and users.c bring changes, writer.c writes them. Two batches
 * (batch.c) take turns: one gathers while the other is written. The loop never waits.
 *
 * In quiet moments, or when the journal has grown large, it has fold.c's parts
 * written instead; batches that wait go first until folding is overdue.
 */
#include "regd/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mono.h"
#include "common/stats.h"
#include "regd/batch.h"
#include "regd/fold.h"

#define GATHER_OCTETS	(64u << 20)
#define GATHER_CHANGES	65536
#define FOLD_QUIET_MS	1000
#define FOLD_OCTETS	(32u << 20)	/* folding is overdue */

/*
 * Under load commits begin at least so far apart, unless many changes wait
 * already: each costs the same few wake-ups and one write, whether it holds
 * one change or a hundred. A change that comes alone never waits for this.
 */
#define PACE_US		4000
#define PACE_CHANGES	32

struct journal {
	struct writer		*writer;
	struct bindings		*bindings;
	struct accounts		*accounts;
	struct journal_owner	 owner;
	struct loop		*loop;
	struct loop_turn	*turn;
	struct loop_tick	*pace;
	bool			 paces;		/* the tick is set */
	struct mono		 began;		/* the last commit */
	struct batch		 batches[2];
	struct batch		*gathers, *flies;	/* flies: NULL when not */
	bool			 lands;		/* flies is durable, not yet in force */
	bool			 landed;	/* a part of it, in this turn */
	struct writer_job	 job;
	struct store_account	*rows;		/* of the job */
	struct change		*spare;
	struct set_records	 scratch;
	uint64_t		 number;
	uint64_t		 octets;
	int64_t			 quiet_since;
	struct fold		 fold;
	bool			 part_next;	/* after a batch, when overdue */
	char			 trouble[200];
	bool			 troubled;
};

void
journal_dirty(struct journal *j, struct aor *a)
{
	fold_dirty(&j->fold, a);
}

static struct change *
change_new(struct journal *j)
{
	struct change *c = j->spare;

	if (c == NULL)
		return xcalloc(1, sizeof(*c));
	j->spare = c->next;
	return c;
}

static void
change_free(struct journal *j, struct change *c)
{
	c->next = j->spare;
	j->spare = c;
}

/* ---- in force, or not ---- */

static void
put_in_force(struct journal *j, struct aor *a, struct set *set,
    uint64_t version, int64_t now_ms)
{
	bindings_set(j->bindings, a, set, version, now_ms);
	journal_dirty(j, a);
	j->owner.changed(j->owner.arg, a);
}

/* As many as one turn may have. */
static void
changes_in_force(struct journal *j, struct batch *b)
{
	int64_t now_ms = boot_ms();
	struct change *c;

	for (int i = 0; i < JOURNAL_TURN && (c = b->first) != NULL; i++) {
		b->first = c->next;
		aor_change_ends(c->aor);
		put_in_force(j, c->aor, c->set, c->version, now_ms);
		c->set = NULL;
		c->done(j->owner.arg, c, 0);
		change_free(j, c);
	}
}

static void
changes_failed(struct journal *j, struct batch *b, int error)
{
	struct change *c, *next;

	for (c = b->first; c != NULL; c = next) {
		next = c->next;
		aor_change_ends(c->aor);
		set_free(c->set);
		c->set = NULL;
		c->done(j->owner.arg, c, error);
		bindings_forget(j->bindings, c->aor);
		change_free(j, c);
	}
}

static void
accounts_in_force(struct journal *j, struct batch *b)
{
	struct account_change *a;

	for (size_t i = 0; i < b->naccounts; i++) {
		a = &b->accounts[i];
		j->owner.account(j->owner.arg, str_of(a->aor), a->now);
		account_free(a->old);
		free(a->aor);
	}
}

static void
accounts_failed(struct journal *j, struct batch *b)
{
	struct account_change *a;

	for (size_t i = b->naccounts; i-- > 0;) {
		a = &b->accounts[i];
		accounts_restore(j->accounts, str_of(a->aor), a->old);
		free(a->aor);
	}
}

static void
batch_fail(struct journal *j, struct batch *b, int error)
{
	stats->commit_failed++;
	accounts_failed(j, b);
	changes_failed(j, b, error);
	batch_tell(b, error);
	batch_clear(b);
}

/* ---- to the writer and back ---- */

static void
rows_free(struct journal *j)
{
	free(j->rows);
	j->rows = NULL;
}

static void
commit_start(struct journal *j)
{
	struct batch *b = j->gathers;

	j->flies = b;
	j->gathers = b == &j->batches[0] ? &j->batches[1] : &j->batches[0];
	j->rows = batch_rows(b);
	j->job.folds = false;
	j->job.batch = (struct store_batch){
		.number = ++j->number,
		.changes = str_make(b->packed.s, b->packed.len),
		.accounts = j->rows,
		.naccounts = b->naccounts,
		.items = b->items,
		.nitems = b->nitems,
	};
	store_stamp_now(&j->job.batch.stamp);
	j->began = loop_now(j->loop);
	writer_start(j->writer, &j->job);
}

/* Too soon after the last one? Then the tick is set for when it is not. */
static bool
commit_paced(struct journal *j)
{
	int64_t us = mono_us_between(j->began, loop_now(j->loop));

	if (us >= PACE_US || j->gathers->npacked >= PACE_CHANGES)
		return false;
	if (!j->paces)
		loop_tick_start(j->pace, (uint32_t)(PACE_US - us));
	j->paces = true;
	return true;
}

static void
trouble_note(struct journal *j, const char *what)
{
	if (!j->troubled)
		log_problem("REG", "store: %s failed: %s (%s)", what,
		    j->job.text, strerror(-j->job.error));
	j->troubled = true;
	(void)snprintf(j->trouble, sizeof(j->trouble), "%s", j->job.text);
}

static void
trouble_over(struct journal *j)
{
	if (j->troubled)
		log_problem("REG", "store: well again");
	j->troubled = false;
}

/* A part of what is durable; the last one ends the batch. */
static void
land(struct journal *j)
{
	struct batch *b = j->flies;

	changes_in_force(j, b);
	if (b->first != NULL)
		return;
	batch_tell(b, 0);
	batch_clear(b);
	j->flies = NULL;
	j->lands = false;
}

static void
commit_done(struct journal *j)
{
	struct batch *b = j->flies;
	int error = j->job.error;

	j->flies = NULL;
	rows_free(j);
	if (error < 0) {
		trouble_note(j, "a commit");
		/* What gathered meanwhile may build upon what failed. */
		batch_fail(j, j->gathers, error);
		batch_fail(j, b, error);
		return;
	}
	trouble_over(j);
	stats->commits++;
	stats->commit_rows += b->npacked;
	j->octets += b->packed.len;
	accounts_in_force(j, b);
	j->flies = b;
	j->lands = true;
	land(j);
	j->landed = true;
}

/* ---- folding ---- */

static bool
fold_overdue(const struct journal *j)
{
	return j->octets > FOLD_OCTETS;
}

static void
fold_start(struct journal *j)
{
	j->job.folds = true;
	fold_part(&j->fold, boot_ms(), &j->job.fold);
	writer_start(j->writer, &j->job);
}

static void
job_done(void *arg, struct writer_job *job)
{
	struct journal *j = arg;

	j->quiet_since = boot_ms();
	if (job->folds) {
		if (job->error < 0)
			trouble_note(j, "folding");
		else
			trouble_over(j);
		j->octets -= fold_part_done(&j->fold, job->error, job->fold.last,
		    j->quiet_since);
		j->part_next = false;
	} else {
		commit_done(j);
		j->part_next = fold_overdue(j);
	}
}

/* The end of a turn: the next job, if the writer is free. */
static void
turn_end(void *arg)
{
	struct journal *j = arg;

	if (writer_busy(j->writer))
		return;
	if (j->lands) {
		if (!j->landed)
			land(j);
		j->landed = false;
		loop_turn_again(j->loop);	/* the answers leave in the next turn */
		return;
	}
	if (j->part_next && !j->fold.runs && boot_ms() >= j->fold.not_before)
		fold_begin(&j->fold, j->number, j->octets);
	if (j->fold.runs && (j->part_next || batch_empty(j->gathers)))
		fold_start(j);
	else if (!batch_empty(j->gathers) && !commit_paced(j))
		commit_start(j);
}

static void
pace_over(void *arg)
{
	struct journal *j = arg;

	j->paces = false;		/* the end of this turn goes on */
}

void
journal_tick(struct journal *j, int64_t now_ms)
{
	bool quiet = batch_empty(j->gathers) &&
	    now_ms - j->quiet_since >= FOLD_QUIET_MS;

	/* Until a batch is in force its AORs are not dirty yet. */
	if (writer_busy(j->writer) || j->lands || j->fold.runs ||
	    now_ms < j->fold.not_before)
		return;
	if (fold_overdue(j) ||
	    (quiet && (j->octets > 0 || fold_wanted(&j->fold))))
		fold_begin(&j->fold, j->number, j->octets);
}

/* ---- what comes in ---- */

int
journal_change(struct journal *j, struct aor *a, struct set *set,
    bool relaxed, const struct change *from)
{
	struct batch *b = j->gathers;
	int64_t now_ms = boot_ms();
	struct change *c;

	if (b->packed.len > GATHER_OCTETS || b->nchanges >= GATHER_CHANGES) {
		set_free(set);
		bindings_forget(j->bindings, a);
		return -ENOBUFS;
	}
	c = change_new(j);
	*c = *from;
	c->next = NULL;
	c->aor = a;
	c->set = set;
	c->version = bindings_version(j->bindings);
	set_pack(&b->packed, &j->scratch, aor_text(a), set, c->version, now_ms);
	b->npacked++;
	if (relaxed && !a->changing) {
		c->set = NULL;
		put_in_force(j, a, set, c->version, now_ms);
		c->done(j->owner.arg, c, 0);
		change_free(j, c);
		return 0;
	}
	aor_change_begins(a, set);
	*b->last = c;
	b->last = &c->next;
	b->nchanges++;
	return 0;
}

void
journal_account(struct journal *j, struct str aor, const struct account *now,
    struct account *old)
{
	batch_account(j->gathers, aor, now, old);
}

void
journal_item(struct journal *j, const struct store_item *i)
{
	batch_item(j->gathers, i);
}

void
journal_when_durable(struct journal *j, journal_fn *fn, void *arg)
{
	batch_waiter(j->gathers, fn, arg);
}

/* ---- beginning and end ---- */

struct journal *
journal_new(struct loop *l, const struct store_driver *driver,
    struct store *store, struct bindings *b, struct accounts *a,
    const struct journal_owner *owner)
{
	struct journal *j = xcalloc(1, sizeof(*j));

	j->bindings = b;
	j->accounts = a;
	j->owner = *owner;
	batch_clear(&j->batches[0]);
	batch_clear(&j->batches[1]);
	j->gathers = &j->batches[0];
	fold_init(&j->fold, b);
	j->writer = writer_new(l, driver, store, job_done, j);
	j->loop = l;
	j->turn = loop_turn_new(l, turn_end, j);
	j->pace = loop_tick_new(l, pace_over, j);
	return j;
}

void
journal_free(struct journal *j)
{
	struct change *c;

	if (j == NULL)
		return;
	loop_turn_free(j->turn);
	loop_tick_free(j->pace);
	writer_free(j->writer);
	rows_free(j);
	batch_fini(&j->batches[0]);
	batch_fini(&j->batches[1]);
	while ((c = j->spare) != NULL) {
		j->spare = c->next;
		free(c);
	}
	fold_fini(&j->fold);
	free(j);
}

void
journal_loaded(struct journal *j, uint64_t last_number, uint64_t octets)
{
	j->number = last_number;
	j->octets = octets;
}

uint32_t
journal_waiting(const struct journal *j)
{
	return j->gathers->nchanges + (uint32_t)j->gathers->naccounts +
	    (j->flies != NULL ? j->flies->nchanges +
	    (uint32_t)j->flies->naccounts : 0);
}

const char *
journal_trouble(const struct journal *j)
{
	return j->troubled ? j->trouble : NULL;
}

uint64_t
journal_octets(const struct journal *j)
{
	return j->octets;
}
