/*
 * users - accounts added, changed and removed by the administrator.
 *
 * Every row of a USER_PUT is judged alone (user_row.c). Rows that are right are put
 * into memory at once, so that later rows of the same file are judged by them, and
 * taken back when the commit fails (journal.c) or when it was only a trial
 * (dry_run).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mono.h"
#include "common/stats.h"
#include "common/uri.h"
#include "regd/regd.h"
#include "regd/undo.h"
#include "regd/user_row.h"

#define JOB_COMPLAINTS	1000

/* One USER_PUT, until its rows are durable. */
struct job {
	struct regd	*regd;
	struct bus_ticket ticket;
	char		 by[64];
	uint32_t	 done, lasting;
	struct rec_complaint *complaints;	/* texts are ours */
	uint32_t	 ncomplaints;
};

static void
complain_row(struct job *job, const struct user_row *row)
{
	struct rec_complaint *c;

	if (job->ncomplaints == JOB_COMPLAINTS)
		return;
	if (job->complaints == NULL)
		job->complaints = xcalloc(JOB_COMPLAINTS,
		    sizeof(*job->complaints));
	c = &job->complaints[job->ncomplaints++];
	*c = (struct rec_complaint){
		.file = str_of(row->field), .line = row->user->row,
		.text = str_of(xstrdup(row->why)),
	};
}

static void
job_free(struct job *job)
{
	for (uint32_t i = 0; i < job->ncomplaints; i++)
		free((char *)(uintptr_t)job->complaints[i].text.s);
	free(job->complaints);
	free(job);
}

static void
row_put(struct job *job, struct user_row *row, bool dry_run,
    struct account ***undo)
{
	struct regd *r = job->regd;
	struct account *old;
	struct user_policy p;

	if (!dry_run && !undo_note(r, row->aor, row->import)) {
		row->account.import = 0;
		job->lasting++;
	}
	old = accounts_put(r->accounts, &row->account,
	    bindings_version(r->bindings));
	job->done++;
	if (dry_run) {
		*(*undo)++ = old;
		return;
	}
	journal_account(r->journal, row->aor,
	    accounts_find(r->accounts, row->aor), old);
	/* Without SIP service nobody stays registered. */
	account_policy(accounts_find(r->accounts, row->aor), r->self->settings,
	    &p);
	if (!p.v.service)
		asked_forget(r, row->aor);
	user_policy_fini(&p);
}

/* The trial is over: everything as it was, the last first. */
static void
undo_all(struct job *job, const struct msg_user_put *m, const bool *put,
    struct account **undo_end)
{
	struct regd *r = job->regd;
	char buf[AOR_MAX];
	struct str aor, domain = STR_NONE;

	if (r->self->settings->domains.n > 0)
		domain = str_of(r->self->settings->domains.v[0]);
	for (uint32_t i = m->users.n; i-- > 0;)
		if (put[i] && aor_parse(m->users.v[i].aor, domain, buf,
		    &aor) == 0)
			accounts_restore(r->accounts, aor, *--undo_end);
}

static void
answer(struct job *job)
{
	struct msg_users_put m = {
		.done = job->done, .lasting = job->lasting,
		.complaints = { job->complaints, job->ncomplaints },
	};

	bus_answer(job->ticket, MSG_USERS_PUT, &m);
}

static void
durable(void *arg, int error)
{
	struct job *job = arg;

	stats->accounts = (int64_t)accounts_count(job->regd->accounts);
	if (error < 0) {
		bus_refuse(job->ticket, -error, "cannot write the store: %s",
		    strerror(-error));
	} else {
		log_major("REG", "users: %u added or changed, %u refused, by %s",
		    job->done, job->ncomplaints, job->by);
		answer(job);
	}
	job_free(job);
}

/* In the frame itself, which lives on after us in whatever memory is freed (S52). */
static void
passwords_wipe(const struct msg_user_put *m)
{
	struct str p;

	for (uint32_t i = 0; i < m->users.n; i++) {
		p = m->users.v[i].password;
		if (p.len > 0)
			explicit_bzero((char *)(uintptr_t)p.s, p.len);
	}
}

static void
asked_user_put(void *arg, struct bus_ticket t, const union msg *msg)
{
	const struct msg_user_put *m = &msg->user_put;
	struct job *job;
	struct user_row row;
	struct account **undo, **at;
	bool *put;

	if (m->mode < USER_ADD || m->mode > USER_ADD_OR_SET) {
		bus_refuse(t, EINVAL, "no such mode");
		return;
	}
	job = xcalloc(1, sizeof(*job));
	job->regd = arg;
	job->ticket = t;
	str_copy(job->by, sizeof(job->by), str_of(log_str(m->by)));
	at = undo = xcalloc(m->users.n + 1, sizeof(*undo));
	put = xcalloc(m->users.n + 1, sizeof(*put));
	for (uint32_t i = 0; i < m->users.n; i++) {
		row.regd = job->regd;
		row.user = &m->users.v[i];
		row.import = m->import;
		put[i] = user_row_judge(&row, (enum user_mode)m->mode);
		if (put[i])
			row_put(job, &row, m->dry_run, &at);
		else
			complain_row(job, &row);
	}
	explicit_bzero(&row, sizeof(row));
	passwords_wipe(m);
	if (m->dry_run)
		undo_all(job, m, put, at);
	free(undo);
	free(put);
	if (m->dry_run || job->done == 0) {
		answer(job);
		job_free(job);
	} else {
		journal_when_durable(job->regd->journal, durable, job);
	}
}

/* ---- removal ---- */

struct removal {
	struct regd	*regd;
	struct bus_ticket ticket;
};

static void
removed(void *arg, int error)
{
	struct removal *d = arg;

	stats->accounts = (int64_t)accounts_count(d->regd->accounts);
	if (error < 0)
		bus_refuse(d->ticket, -error, "cannot write the store: %s",
		    strerror(-error));
	else
		bus_done(d->ticket);
	free(d);
}

/* The account goes, and with it its registrations: in one commit. */
static void
asked_user_del(void *arg, struct bus_ticket t, const union msg *msg)
{
	struct regd *r = arg;
	const struct msg_user_del *m = &msg->user_del;
	struct account *old;
	struct removal *d;

	if (accounts_find(r->accounts, m->aor) == NULL) {
		bus_refuse(t, ENOENT, "there is no account %s", log_str(m->aor));
		return;
	}
	if (m->dry_run) {
		bus_done(t);
		return;
	}
	old = accounts_take(r->accounts, m->aor);
	(void)undo_note(r, m->aor, 0);
	journal_account(r->journal, m->aor, NULL, old);
	asked_forget(r, m->aor);
	d = xcalloc(1, sizeof(*d));
	d->regd = r;
	d->ticket = t;
	journal_when_durable(r->journal, removed, d);
	log_major("REG", "%s removed by %s", log_str(m->aor), log_str(m->by));
}

const struct bus_handler users_handlers[] = {
	{ MSG_USER_PUT, asked_user_put },
	{ MSG_USER_DEL, asked_user_del },
	{ 0 }
};
