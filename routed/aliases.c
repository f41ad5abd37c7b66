/*
 * aliases - the addresses that mean another.
 *
 * The loop looks them up in memory; the thread below owns the database. A change
 * goes to the thread, comes back when it is on disk, and only then holds.
 */
#include "routed/aliases.h"

#include <sys/queue.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "common/db.h"
#include "common/log.h"
#include "routed/table.h"

struct change {
	STAILQ_ENTRY(change)	 entry;
	char			*name;
	char			*target;	/* "": removed */
	aliases_done_fn		*done;
	void			*arg;
	int			 error;
};
STAILQ_HEAD(changes, change);

struct aliases {
	struct table		 table;
	struct loop_wake	*wake;		/* the writer has finished some */
	uint32_t		 waiting;	/* loop's count */
	/* the writer's */
	struct db		*db;
	struct db_stmt		*put, *del;
	pthread_t		 thread;
	bool			 running;
	/* between the two */
	pthread_mutex_t		 lock;
	pthread_cond_t		 more;
	struct changes		 todo;
	struct changes		 finished;
	bool			 stop;
};

static const char *const schema[] = {
	"CREATE TABLE alias (name TEXT PRIMARY KEY, target TEXT NOT NULL) "
	    "WITHOUT ROWID",
	NULL
};

/* ---- in memory ---- */

static struct str
alias_key(const void *object)
{
	const struct alias	*o = object;

	return str_of(o->name);
}

static void
alias_free(void *object)
{
	struct alias	*o = object;

	free(o->name);
	free(o->target);
	free(o);
}

struct aliases *
aliases_new(void)
{
	struct aliases	*a = xcalloc(1, sizeof(*a));

	table_init(&a->table, alias_key);
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->more, NULL);
	STAILQ_INIT(&a->todo);
	STAILQ_INIT(&a->finished);
	return a;
}

void
aliases_apply(struct aliases *a, struct str name, struct str target)
{
	struct alias	*o = table_find(&a->table, name);

	if (target.len == 0) {
		if (o == NULL)
			return;
		table_remove(&a->table, name, o->place);
		alias_free(o);
		return;
	}
	if (o == NULL) {
		o = xcalloc(1, sizeof(*o));
		o->name = str_dup(name);
		o->place = table_put(&a->table, o);
	}
	free(o->target);
	o->target = str_dup(target);
}

const struct alias *
aliases_find(const struct aliases *a, struct str name)
{
	return table_find(&a->table, name);
}

uint32_t
aliases_count(const struct aliases *a)
{
	return map_count(a->table.map);
}

const struct alias *
aliases_next(const struct aliases *a, uint64_t *at)
{
	return table_next(&a->table, at);
}

uint32_t
aliases_waiting(const struct aliases *a)
{
	return a->waiting;
}

/* ---- the writer ---- */

static int
write_one(struct aliases *a, const struct change *c)
{
	struct db_stmt	*s = c->target[0] != '\0' ? a->put : a->del;

	db_bind_str(s, 1, str_of(c->name));
	if (s == a->put)
		db_bind_str(s, 2, str_of(c->target));
	return db_step(s);
}

/* All in one commit: they hold together or not at all. */
static void
write_all(struct aliases *a, struct changes *list)
{
	struct change	*c;
	int		 error = db_begin(a->db);

	STAILQ_FOREACH(c, list, entry)
		if (error >= 0)
			error = write_one(a, c);
	if (error >= 0)
		error = db_commit(a->db);
	if (error < 0) {
		log_problem("ROUTER", "aliases: cannot write the store: %s",
		    db_error(a->db));
		db_rollback(a->db);
	}
	STAILQ_FOREACH(c, list, entry)
		c->error = error < 0 ? error : 0;
}

static void *
writer(void *arg)
{
	struct aliases	*a = arg;
	struct changes	 list = STAILQ_HEAD_INITIALIZER(list);

	pthread_mutex_lock(&a->lock);
	for (;;) {
		while (STAILQ_EMPTY(&a->todo) && !a->stop)
			pthread_cond_wait(&a->more, &a->lock);
		if (STAILQ_EMPTY(&a->todo))
			break;
		STAILQ_CONCAT(&list, &a->todo);
		pthread_mutex_unlock(&a->lock);
		write_all(a, &list);
		pthread_mutex_lock(&a->lock);
		STAILQ_CONCAT(&a->finished, &list);
		loop_wake_send(a->wake);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

static void
change_free(struct change *c)
{
	free(c->name);
	free(c->target);
	free(c);
}

/* In the loop: what the writer has finished holds from now on. */
static void
finished(void *arg)
{
	struct aliases	*a = arg;
	struct changes	 list = STAILQ_HEAD_INITIALIZER(list);
	struct change	*c;

	pthread_mutex_lock(&a->lock);
	STAILQ_CONCAT(&list, &a->finished);
	pthread_mutex_unlock(&a->lock);
	while ((c = STAILQ_FIRST(&list)) != NULL) {
		STAILQ_REMOVE_HEAD(&list, entry);
		a->waiting--;
		if (c->error == 0)
			aliases_apply(a, str_of(c->name), str_of(c->target));
		c->done(c->arg, c->error, str_of(c->name));
		change_free(c);
	}
}

int
aliases_change(struct aliases *a, struct str name, struct str target,
    aliases_done_fn *done, void *arg)
{
	struct change	*c;

	if (a->waiting >= ALIASES_WAITING)
		return -EAGAIN;
	if (target.len > 0 && aliases_count(a) + a->waiting >= ALIASES_MAX)
		return -ENOSPC;
	c = xcalloc(1, sizeof(*c));
	c->name = str_dup(name);
	c->target = str_dup(target);
	c->done = done;
	c->arg = arg;
	a->waiting++;
	pthread_mutex_lock(&a->lock);
	STAILQ_INSERT_TAIL(&a->todo, c, entry);
	pthread_cond_signal(&a->more);
	pthread_mutex_unlock(&a->lock);
	return 0;
}

/* ---- open and close ---- */

static int
load(struct aliases *a)
{
	struct db_stmt	*s = db_prepare(a->db, "SELECT name, target FROM alias");
	int		 r;

	while ((r = db_step(s)) > 0)
		aliases_apply(a, db_str(s, 0), db_str(s, 1));
	db_stmt_free(s);
	return r;
}

/* Signals are the main thread's. */
static int
writer_start(struct aliases *a)
{
	sigset_t	all, old;
	int		error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&a->thread, NULL, writer, a);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	a->running = error == 0;
	return -error;
}

int
aliases_open(struct aliases *a, struct loop *l, const char *path)
{
	int	error;

	error = db_open(&a->db, path, schema);
	if (error < 0)
		return error;
	error = load(a);
	if (error < 0)
		return error;
	a->put = db_prepare(a->db, "INSERT INTO alias (name, target) "
	    "VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET target = ?2");
	a->del = db_prepare(a->db, "DELETE FROM alias WHERE name = ?1");
	a->wake = loop_wake_new(l, finished, a);
	return writer_start(a);
}

void
aliases_free(struct aliases *a)
{
	struct change	*c;

	if (a == NULL)
		return;
	if (a->running) {
		pthread_mutex_lock(&a->lock);
		a->stop = true;
		pthread_cond_signal(&a->more);
		pthread_mutex_unlock(&a->lock);
		pthread_join(a->thread, NULL);
	}
	while ((c = STAILQ_FIRST(&a->finished)) != NULL) {
		STAILQ_REMOVE_HEAD(&a->finished, entry);
		c->done(c->arg, c->error, str_of(c->name));
		change_free(c);
	}
	loop_wake_free(a->wake);
	db_stmt_free(a->put);
	db_stmt_free(a->del);
	db_close(a->db);
	table_fini(&a->table, alias_free);
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->more);
	free(a);
}
