/*
 * domains - the set of our own domains, read by all workers.
 *
 * The set is an immutable sorted list behind one pointer. A change builds a
 * new one; the old one is let go a while later, when no worker can still be in
 * the turn in which it read the pointer.
 */
#include "sipd/domains.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/daemon.h"

#define RETIRE_MS	10000	/* far longer than any turn */
#define NAME_MAX_	255

struct set {
	size_t	 n;
	struct set *next;	/* retired before this one */
	char	*names[];
};

static _Atomic(struct set *)	 current;
static struct set		*configured;	/* from sip.conf, worker 0 */
static struct set		*learnt;	/* from routed, worker 0 */
static struct set		*arriving;	/* during a snapshot */
static struct set		*retired;
static struct loop_timer	*retiring;

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
set_free(struct set *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++)
		free(s->names[i]);
	free(s);
}

static struct set *
set_with(struct set *s, struct str name)
{
	size_t	n = s != NULL ? s->n : 0;

	if (name.len == 0 || name.len > NAME_MAX_)
		return s;
	for (size_t i = 0; i < n; i++)
		if (str_caseeq(str_of(s->names[i]), name))
			return s;
	s = xrealloc(s, 1, sizeof(*s) + (n + 1) * sizeof(s->names[0]));
	s->names[n] = str_dup(name);
	str_lower(s->names[n], name.len);
	s->n = n + 1;
	return s;
}

static struct set *
set_without(struct set *s, struct str name)
{
	for (size_t i = 0; s != NULL && i < s->n; i++)
		if (str_caseeq(str_of(s->names[i]), name)) {
			free(s->names[i]);
			s->names[i] = s->names[--s->n];
			break;
		}
	return s;
}

static void
retire(void *arg)
{
	struct set	*s;

	while ((s = retired) != NULL) {
		retired = s->next;
		set_free(s);
	}
}

/* The union of what is configured and what was learnt. */
static void
publish(struct loop *l)
{
	struct set	*s = xcalloc(1, sizeof(*s)), *old;
	const struct set *from[] = { configured, learnt };

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; from[k] != NULL && i < from[k]->n; i++)
			s = set_with(s, str_of(from[k]->names[i]));
	qsort(s->names, s->n, sizeof(s->names[0]), by_name);
	s->next = NULL;
	old = atomic_exchange(&current, s);
	if (old == NULL)
		return;
	old->next = retired;
	retired = old;
	if (l == NULL)
		return;
	if (retiring == NULL)
		retiring = loop_timer_new(l, retire, NULL);
	if (!loop_timer_active(retiring))
		loop_timer_start(retiring, RETIRE_MS, 0);
}

static void
configure(const struct settings *s)
{
	set_free(configured);
	configured = NULL;
	for (size_t i = 0; i < s->domains.n; i++)
		configured = set_with(configured, str_of(s->domains.v[i]));
}

void
domains_open(const struct settings *s)
{
	configure(s);
	publish(NULL);
}

void
domains_close(void)
{
	loop_timer_free(retiring);
	retiring = NULL;
	retire(NULL);
	set_free(atomic_exchange(&current, NULL));
	set_free(configured);
	set_free(learnt);
	set_free(arriving);
	configured = learnt = arriving = NULL;
}

void
domains_commit(const struct settings *s, struct loop *l)
{
	configure(s);
	publish(l);
}

void
domains_begin(void)
{
	set_free(arriving);
	arriving = xcalloc(1, sizeof(*arriving));
}

void
domains_record(struct str name, bool deleted, struct loop *l)
{
	if (arriving != NULL)
		arriving = deleted ? set_without(arriving, name) :
		    set_with(arriving, name);
	learnt = deleted ? set_without(learnt, name) : set_with(learnt, name);
	publish(l);
}

void
domains_complete(struct loop *l)
{
	set_free(learnt);
	learnt = arriving;
	arriving = NULL;
	publish(l);
}

bool
domain_is_local(struct str host)
{
	const struct set	*s = atomic_load(&current);
	char			 name[NAME_MAX_ + 1];
	char			*key = name;

	if (s == NULL || !str_copy(name, sizeof(name), host))
		return false;
	str_lower(name, host.len);
	return s->n > 0 && bsearch(&key, s->names, s->n, sizeof(s->names[0]),
	    by_name) != NULL;
}

struct str
domain_main(void)
{
	const struct settings	*set = settings_now();

	return set->domains.n > 0 ? str_of(set->domains.v[0]) : STR("localhost");
}
