/*
 * directory - the names that mean something else.
 *
 * The loop looks them up in memory; the thread below owns the database. A change
 * goes to the thread, comes back when it is on disk, and only then holds.
 */
#include "routed/directory.h"

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
	enum entry_kind		 kind;
	char			*name;
	char			*value;		/* "": removed */
	directory_done_fn	*done;
	void			*arg;
	int			 error;
};
STAILQ_HEAD(changes, change);

struct directory {
	struct table		 names;		/* all kinds but rules */
	struct table		 rules;		/* by scope */
	uint32_t		 counts[ENTRY_KINDS];
	void			(*free_meaning)(void *);
	struct loop_wake	*wake;		/* the writer has finished some */
	uint32_t		 waiting;	/* loop's count */
	/* the writer's */
	struct db		*db;
	struct db_stmt		*put, *del, *put_rules, *del_rules;
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
	"ALTER TABLE alias ADD COLUMN kind INTEGER NOT NULL DEFAULT 1",
	"ALTER TABLE alias RENAME TO entry",
	"CREATE TABLE rules (scope TEXT PRIMARY KEY, text TEXT NOT NULL) "
	    "WITHOUT ROWID",
	NULL
};

/* ---- in memory ---- */

static struct str
entry_key(const void *object)
{
	const struct entry	*o = object;

	return str_of(o->name);
}

/* Of the table's own; what hangs at it was freed before. */
static void
entry_free(void *object)
{
	struct entry	*o = object;

	free(o->name);
	free(o->value);
	free(o);
}

struct directory *
directory_new(void (*free_meaning)(void *))
{
	struct directory	*d = xcalloc(1, sizeof(*d));

	table_init(&d->names, entry_key);
	table_init(&d->rules, entry_key);
	d->free_meaning = free_meaning;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->more, NULL);
	STAILQ_INIT(&d->todo);
	STAILQ_INIT(&d->finished);
	return d;
}

static struct table *
table_of(struct directory *d, enum entry_kind kind)
{
	return kind == ENTRY_RULES ? &d->rules : &d->names;
}

static void
meaning_drop(struct directory *d, struct entry *o)
{
	if (o->meaning != NULL && d->free_meaning != NULL)
		d->free_meaning(o->meaning);
	o->meaning = NULL;
}

void
directory_apply(struct directory *d, enum entry_kind kind, struct str name,
    struct str value)
{
	struct table	*t = table_of(d, kind);
	struct entry	*o = table_find(t, name);

	if (o != NULL) {
		meaning_drop(d, o);
		d->counts[o->kind]--;
	}
	if (value.len == 0) {
		if (o == NULL)
			return;
		table_remove(t, name, o->place);
		entry_free(o);
		return;
	}
	if (o == NULL) {
		o = xcalloc(1, sizeof(*o));
		o->name = str_dup(name);
		o->place = table_put(t, o);
	}
	o->kind = kind;
	d->counts[kind]++;
	free(o->value);
	o->value = str_dup(value);
}

const struct entry *
directory_find(const struct directory *d, struct str name)
{
	return table_find(&d->names, name);
}

struct entry *
directory_rules(const struct directory *d, struct str scope)
{
	return table_find(&d->rules, scope);
}

uint32_t
directory_count(const struct directory *d, enum entry_kind kind)
{
	return d->counts[kind];
}

const struct entry *
directory_next(const struct directory *d, enum entry_kind kind, uint64_t *at)
{
	const struct table	*t = kind == ENTRY_RULES ? &d->rules : &d->names;
	const struct entry	*o;

	while ((o = table_next(t, at)) != NULL && o->kind != kind)
		++*at;
	return o;
}

uint32_t
directory_waiting(const struct directory *d)
{
	return d->waiting;
}

/* ---- the writer ---- */

static int
write_one(struct directory *d, const struct change *c)
{
	bool		 rules = c->kind == ENTRY_RULES, put = c->value[0] != '\0';
	struct db_stmt	*s = rules ? (put ? d->put_rules : d->del_rules) :
			    put ? d->put : d->del;

	db_bind_str(s, 1, str_of(c->name));
	if (put)
		db_bind_str(s, 2, str_of(c->value));
	if (put && !rules)
		db_bind_i64(s, 3, c->kind);
	return db_step(s);
}

/* All in one commit: they hold together or not at all. */
static void
write_all(struct directory *d, struct changes *list)
{
	struct change	*c;
	int		 error = db_begin(d->db);

	STAILQ_FOREACH(c, list, entry)
		if (error >= 0)
			error = write_one(d, c);
	if (error >= 0)
		error = db_commit(d->db);
	if (error < 0) {
		log_problem("ROUTER", "directory: cannot write the store: %s",
		    db_error(d->db));
		db_rollback(d->db);
	}
	STAILQ_FOREACH(c, list, entry)
		c->error = error < 0 ? error : 0;
}

static void *
writer(void *arg)
{
	struct directory	*d = arg;
	struct changes	 list = STAILQ_HEAD_INITIALIZER(list);

	pthread_mutex_lock(&d->lock);
	for (;;) {
		while (STAILQ_EMPTY(&d->todo) && !d->stop)
			pthread_cond_wait(&d->more, &d->lock);
		if (STAILQ_EMPTY(&d->todo))
			break;
		STAILQ_CONCAT(&list, &d->todo);
		pthread_mutex_unlock(&d->lock);
		write_all(d, &list);
		pthread_mutex_lock(&d->lock);
		STAILQ_CONCAT(&d->finished, &list);
		loop_wake_send(d->wake);
	}
	pthread_mutex_unlock(&d->lock);
	return NULL;
}

static void
change_free(struct change *c)
{
	free(c->name);
	free(c->value);
	free(c);
}

/* In the loop: what the writer has finished holds from now on. */
static void
finished(void *arg)
{
	struct directory	*d = arg;
	struct changes	 list = STAILQ_HEAD_INITIALIZER(list);
	struct change	*c;

	pthread_mutex_lock(&d->lock);
	STAILQ_CONCAT(&list, &d->finished);
	pthread_mutex_unlock(&d->lock);
	while ((c = STAILQ_FIRST(&list)) != NULL) {
		STAILQ_REMOVE_HEAD(&list, entry);
		d->waiting--;
		if (c->error == 0)
			directory_apply(d, c->kind, str_of(c->name),
			    str_of(c->value));
		c->done(c->arg, c->error, c->kind, str_of(c->name));
		change_free(c);
	}
}

int
directory_change(struct directory *d, enum entry_kind kind, struct str name,
    struct str value, directory_done_fn *done, void *arg)
{
	struct change	*c;

	if (d->waiting >= DIRECTORY_WAITING)
		return -EAGAIN;
	if (value.len > 0 && map_count(d->names.map) + map_count(d->rules.map) +
	    d->waiting >= DIRECTORY_MAX)
		return -ENOSPC;
	c = xcalloc(1, sizeof(*c));
	c->kind = kind;
	c->name = str_dup(name);
	c->value = str_dup(value);
	c->done = done;
	c->arg = arg;
	d->waiting++;
	pthread_mutex_lock(&d->lock);
	STAILQ_INSERT_TAIL(&d->todo, c, entry);
	pthread_cond_signal(&d->more);
	pthread_mutex_unlock(&d->lock);
	return 0;
}

/* ---- open and close ---- */

static int
load(struct directory *d)
{
	struct db_stmt	*s = db_prepare(d->db,
			    "SELECT kind, name, target FROM entry UNION ALL "
			    "SELECT 5, scope, text FROM rules");	/* ENTRY_RULES */
	int64_t		 kind;
	int		 r;

	while ((r = db_step(s)) > 0) {
		kind = db_i64(s, 0);
		if (kind > 0 && kind < ENTRY_KINDS)
			directory_apply(d, (enum entry_kind)kind, db_str(s, 1),
			    db_str(s, 2));
	}
	db_stmt_free(s);
	return r;
}

/* Signals are the main thread's. */
static int
writer_start(struct directory *d)
{
	sigset_t	all, old;
	int		error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&d->thread, NULL, writer, d);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	d->running = error == 0;
	return -error;
}

int
directory_open(struct directory *d, struct loop *l, const char *path)
{
	int	error;

	error = db_open(&d->db, path, schema);
	if (error < 0)
		return error;
	error = load(d);
	if (error < 0)
		return error;
	d->put = db_prepare(d->db, "INSERT INTO entry (name, target, kind) "
	    "VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET target = ?2, "
	    "kind = ?3");
	d->del = db_prepare(d->db, "DELETE FROM entry WHERE name = ?1");
	d->put_rules = db_prepare(d->db, "INSERT INTO rules (scope, text) "
	    "VALUES (?1, ?2) ON CONFLICT (scope) DO UPDATE SET text = ?2");
	d->del_rules = db_prepare(d->db, "DELETE FROM rules WHERE scope = ?1");
	d->wake = loop_wake_new(l, finished, d);
	return writer_start(d);
}

void
directory_free(struct directory *d)
{
	struct change	*c;
	uint64_t	 at = 0;

	if (d == NULL)
		return;
	if (d->running) {
		pthread_mutex_lock(&d->lock);
		d->stop = true;
		pthread_cond_signal(&d->more);
		pthread_mutex_unlock(&d->lock);
		pthread_join(d->thread, NULL);
	}
	while ((c = STAILQ_FIRST(&d->finished)) != NULL) {
		STAILQ_REMOVE_HEAD(&d->finished, entry);
		c->done(c->arg, c->error, c->kind, str_of(c->name));
		change_free(c);
	}
	loop_wake_free(d->wake);
	db_stmt_free(d->put);
	db_stmt_free(d->del);
	db_stmt_free(d->put_rules);
	db_stmt_free(d->del_rules);
	db_close(d->db);
	for (struct entry *o; (o = table_next(&d->rules, &at)) != NULL; at++)
		meaning_drop(d, o);
	table_fini(&d->names, entry_free);
	table_fini(&d->rules, entry_free);
	pthread_mutex_destroy(&d->lock);
	pthread_cond_destroy(&d->more);
	free(d);
}
