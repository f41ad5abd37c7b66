/*
 * users - accounts added, changed and removed by the administrator.
 *
 * Every row of a USER_PUT is judged alone; what is wrong with it is said in
 * words that name the row. Rows that are right are put into memory at once, so
 * that later rows of the same file are judged by them, and taken back when the
 * commit fails (journal.c) or when it was only a trial (dry_run). A password is
 * hashed here and kept nowhere.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/mono.h"
#include "common/stats.h"
#include "common/uri.h"
#include "regd/regd.h"

#define NAME_MAX_	255
#define PASSWORD_MAX	255
#define NETWORKS_MAX	256
#define JOB_COMPLAINTS	1000

/* One USER_PUT, until its rows are durable. */
struct job {
	struct regd	*regd;
	struct bus_ticket ticket;
	char		 by[64];
	uint32_t	 done;
	struct rec_complaint *complaints;	/* texts are ours */
	uint32_t	 ncomplaints;
};

/* One row being judged. */
struct row {
	const struct rec_user *user;
	char		 aor_buf[AOR_MAX];
	char		 networks[NETWORKS_MAX];
	struct str	 aor;
	struct store_account account;
	char		 octets[DIGEST_ALGORITHMS][HA1_FORMS][DIGEST_HEX_MAX / 2];
};

static void complain_row(struct job *job, const struct rec_user *u,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void
complain_row(struct job *job, const struct rec_user *u, const char *fmt, ...)
{
	char text[512];
	struct rec_complaint *c;
	va_list ap;

	if (job->ncomplaints == JOB_COMPLAINTS)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (job->complaints == NULL)
		job->complaints = xcalloc(JOB_COMPLAINTS,
		    sizeof(*job->complaints));
	c = &job->complaints[job->ncomplaints++];
	*c = (struct rec_complaint){
		.line = u->row, .text = str_of(xstrdup(text)),
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

/* ---- what a row must look like ---- */

static bool
printable(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((uint8_t)s.s[i] < ' ' || s.s[i] == 0x7f)
			return false;
	return true;
}

static bool
user_name_ok(struct str user)
{
	for (size_t i = 0; i < user.len; i++)
		if ((uint8_t)user.s[i] <= ' ' || user.s[i] == 0x7f ||
		    strchr(":@\"<>\\", user.s[i]) != NULL)
			return false;
	return user.len > 0;
}

static bool
address_check(struct job *job, struct row *row)
{
	const struct settings *set = job->regd->self->settings;
	const struct rec_user *u = row->user;
	struct str user, domain, main_domain = STR_NONE;

	if (set->domains.n > 0)
		main_domain = str_of(set->domains.v[0]);
	if (aor_parse(u->aor, main_domain, row->aor_buf, &row->aor) < 0) {
		complain_row(job, u, "bad address \"%s\"; it looks like "
		    "anna@example.com", log_str(u->aor));
		return false;
	}
	aor_split(row->aor, &user, &domain);
	if (!user_name_ok(user)) {
		complain_row(job, u, "bad user name in \"%s\"", log_str(u->aor));
		return false;
	}
	if (!domain_served(set, domain)) {
		complain_row(job, u, "\"%s\": domain not served%s%.*s",
		    log_str(u->aor), main_domain.len > 0 ?
		    "; the main domain is " : "; no domain is",
		    STR_ARG(main_domain));
		return false;
	}
	return true;
}

static bool
mode_check(struct job *job, const struct row *row, enum user_mode mode,
    const struct account *have)
{
	if (mode == USER_ADD && have != NULL)
		complain_row(job, row->user, "%.*s exists already",
		    STR_ARG(row->aor));
	else if (mode == USER_SET && have == NULL)
		complain_row(job, row->user, "there is no account %.*s",
		    STR_ARG(row->aor));
	else
		return true;
	return false;
}

/* E.164 with a plus, or an extension of digits. */
static bool
number_check(struct job *job, const struct row *row)
{
	struct str n = row->user->number, digits = n;
	const struct account *other;
	size_t least = 1;

	if (n.len == 0)
		return true;
	if (n.s[0] == '+') {
		digits = str_make(n.s + 1, n.len - 1);
		least = 8;
	}
	for (size_t i = 0; i < digits.len; i++)
		if (digits.s[i] < '0' || digits.s[i] > '9') {
			complain_row(job, row->user, "number \"%s\": only "
			    "digits, with a leading + for E.164", log_str(n));
			return false;
		}
	if (digits.len < least || digits.len > 15) {
		complain_row(job, row->user, "number \"%s\": too %s, %s",
		    log_str(n), digits.len < least ? "short" : "long",
		    least == 8 ? "E.164 needs 8 to 15 digits here" :
		    "at most 15 digits");
		return false;
	}
	other = accounts_find_number(job->regd->accounts, n);
	if (other != NULL && !str_eq(account_aor(other), row->aor)) {
		complain_row(job, row->user, "number %s belongs to %.*s",
		    log_str(n), STR_ARG(account_aor(other)));
		return false;
	}
	return true;
}

/* ---- service and networks ---- */

static bool
service_take(struct job *job, struct row *row)
{
	struct str v = row->user->service;

	if (v.len > 0 && !str_eq(v, STR("on")) && !str_eq(v, STR("off"))) {
		complain_row(job, row->user, "%.*s: service is on or off",
		    STR_ARG(row->aor));
		return false;
	}
	if (v.len > 0)
		row->account.off = str_eq(v, STR("off"));
	return true;
}

/* Blanks or commas between; kept with one blank. "any" is what an empty list means. */
static bool
networks_take(struct job *job, struct row *row)
{
	struct str rest = row->user->networks, one;
	struct text t;
	struct net net;
	size_t i;

	if (rest.len == 0)
		return true;
	text_init(&t, row->networks, sizeof(row->networks));
	while (!str_eq(row->user->networks, STR("any")) && rest.len > 0) {
		for (i = 0; i < rest.len && rest.s[i] != ' ' && rest.s[i] != ','; i++)
			;
		one = str_make(rest.s, i);
		rest = str_make(rest.s + i, rest.len - i);
		if (rest.len > 0)
			rest = str_make(rest.s + 1, rest.len - 1);
		if (one.len == 0)
			continue;
		if (net_parse(&net, one) < 0) {
			complain_row(job, row->user, "%.*s: \"%s\" is not a "
			    "network like 10.0.0.0/8", STR_ARG(row->aor),
			    log_str(one));
			return false;
		}
		if (t.len > 0)
			text_ch(&t, ' ');
		text_add(&t, one);
	}
	if (t.full) {
		complain_row(job, row->user, "%.*s: networks over %d octets",
		    STR_ARG(row->aor), NETWORKS_MAX - 1);
		return false;
	}
	row->account.networks = text_str(&t);
	return true;
}

/* ---- credentials ---- */

/* hex becomes the row's HA1; false when it is no hex of the right length. */
static bool
ha1_set(struct row *row, enum digest_algorithm a, enum ha1_form form,
    struct str hex)
{
	char *to = row->octets[a][form];

	if (hex.len != digest_hex_len(a) || !ha1_from_hex(hex, to))
		return false;
	row->account.ha1[a][form] = str_make(to, hex.len / 2);
	return true;
}

static void
password_hash(struct row *row)
{
	struct str user, domain;
	struct digest_hex h;

	aor_split(row->aor, &user, &domain);
	for (int a = 0; a < DIGEST_ALGORITHMS; a++)
		for (int form = 0; form < HA1_FORMS; form++) {
			digest_ha1((enum digest_algorithm)a,
			    form == HA1_USER ? user : row->aor,
			    row->account.realm, row->user->password, &h);
			(void)ha1_set(row, (enum digest_algorithm)a,
			    (enum ha1_form)form, str_make(h.s, h.len));
		}
	explicit_bzero(&h, sizeof(h));
}

/* A digest given in hex: of the plain user name. */
static bool
ha1_take(struct job *job, struct row *row, enum digest_algorithm a,
    const char *name, struct str given)
{
	if (given.len == 0 || ha1_set(row, a, HA1_USER, given))
		return true;
	complain_row(job, row->user, "%.*s: %s needs %zu hex digits",
	    STR_ARG(row->aor), name, digest_hex_len(a));
	return false;
}

static bool
credential_check(struct job *job, struct row *row, const struct account *have)
{
	const struct rec_user *u = row->user;

	if (u->password.len == 0 && u->ha1_md5.len == 0 &&
	    u->ha1_sha256.len == 0) {
		if (have != NULL)
			return true;
		complain_row(job, u, "%.*s: no password", STR_ARG(row->aor));
		return false;
	}
	if (u->password.len > PASSWORD_MAX) {
		complain_row(job, u, "%.*s: password over %d octets",
		    STR_ARG(row->aor), PASSWORD_MAX);
		return false;
	}
	/* A new credential takes the place of all the old ones. */
	memset(row->account.ha1, 0, sizeof(row->account.ha1));
	if (u->password.len > 0) {
		password_hash(row);
		return true;
	}
	return ha1_take(job, row, DIGEST_MD5, "ha1_md5", u->ha1_md5) &&
	    ha1_take(job, row, DIGEST_SHA256, "ha1_sha256", u->ha1_sha256);
}

/* ---- one row, all rows ---- */

/* Fills row->account: what is there already, changed as the row says. */
static bool
row_judge(struct job *job, struct row *row, enum user_mode mode)
{
	const struct rec_user *u = row->user;
	const struct account *have;
	struct str user, domain;

	if (!address_check(job, row))
		return false;
	have = accounts_find(job->regd->accounts, row->aor);
	if (!mode_check(job, row, mode, have) || !number_check(job, row))
		return false;
	if (u->name.len > NAME_MAX_ || !printable(u->name)) {
		complain_row(job, u, "%.*s: bad name", STR_ARG(row->aor));
		return false;
	}
	aor_split(row->aor, &user, &domain);
	row->account = (struct store_account){ .aor = row->aor,
	    .realm = domain };
	if (have != NULL)
		account_row(have, &row->account);
	if (u->name.len > 0)
		row->account.name = u->name;
	if (u->number.len > 0)
		row->account.number = u->number;
	return service_take(job, row) && networks_take(job, row) &&
	    credential_check(job, row, have);
}

static void
contacts_removed(void *arg, struct change *c, int error)
{
}

/* Without SIP service nobody stays registered. */
static void
contacts_remove(struct regd *r, struct str aor)
{
	struct change c = { .done = contacts_removed };
	struct aor *a = bindings_find(r->bindings, aor);

	if (a != NULL && set_count(aor_newest(a)) > 0)
		(void)asked_remove_all(r, a, &c);
}

static void
row_put(struct job *job, const struct row *row, bool dry_run,
    struct account ***undo)
{
	struct regd *r = job->regd;
	struct account *old;

	old = accounts_put(r->accounts, &row->account,
	    bindings_version(r->bindings));
	if (dry_run)
		*(*undo)++ = old;
	else {
		journal_account(r->journal, row->aor,
		    accounts_find(r->accounts, row->aor), old);
		if (row->account.off)
			contacts_remove(r, row->aor);
	}
	job->done++;
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
		.done = job->done,
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
	struct row row;
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
		row.user = &m->users.v[i];
		put[i] = row_judge(job, &row, (enum user_mode)m->mode);
		if (put[i])
			row_put(job, &row, m->dry_run, &at);
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
	struct account *old = accounts_take(r->accounts, m->aor);
	struct removal *d;

	if (old == NULL) {
		bus_refuse(t, ENOENT, "there is no account %s", log_str(m->aor));
		return;
	}
	journal_account(r->journal, m->aor, NULL, old);
	contacts_remove(r, m->aor);
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
