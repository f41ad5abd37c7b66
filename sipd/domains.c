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
	size_t	 n, size;
	struct set *next;	/* of those let go together */
	char	**names;	/* lower case, sorted, each once */
	char	**means;	/* of those that are aliases; else NULL */
};

static _Atomic(struct set *)	 current;
static struct set		*configured;	/* from sip.conf, worker 0 */
static struct set		*learnt;	/* from routed, worker 0 */
static struct set		*arriving;	/* during a snapshot */
static struct set		*retired;	/* since the timer fired last */
static struct set		*older;		/* before that: free when it fires */
static struct loop_timer	*retiring;

static void
set_free(struct set *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++) {
		free(s->names[i]);
		free(s->means[i]);
	}
	free(s->names);
	free(s->means);
	free(s);
}

static void
sets_free(struct set **list)
{
	struct set	*s;

	while ((s = *list) != NULL) {
		*list = s->next;
		set_free(s);
	}
}

/* Where name (lower case) is, or would be. */
static size_t
set_place(const struct set *s, const char *name, bool *found)
{
	size_t	low = 0, high = s->n, mid;
	int	c;

	*found = false;
	while (low < high) {
		mid = low + (high - low) / 2;
		if ((c = strcmp(name, s->names[mid])) == 0) {
			*found = true;
			return mid;
		}
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static bool
lower(char buf[NAME_MAX_ + 1], struct str name)
{
	if (name.len == 0 || !str_copy(buf, NAME_MAX_ + 1, name))
		return false;
	str_lower(buf, name.len);
	return true;
}

static void
set_add(struct set *s, struct str name, struct str means)
{
	char	key[NAME_MAX_ + 1];
	size_t	at;
	bool	found;

	if (!lower(key, name))
		return;
	at = set_place(s, key, &found);
	if (found) {
		free(s->means[at]);
		s->means[at] = str_dup_or_null(means);
		return;
	}
	if (s->n == s->size) {
		s->size = s->size > 0 ? 2 * s->size : 8;
		s->names = xrealloc(s->names, s->size, sizeof(*s->names));
		s->means = xrealloc(s->means, s->size, sizeof(*s->means));
	}
	memmove(s->names + at + 1, s->names + at, (s->n - at) * sizeof(*s->names));
	memmove(s->means + at + 1, s->means + at, (s->n - at) * sizeof(*s->means));
	s->names[at] = xstrdup(key);
	s->means[at] = str_dup_or_null(means);
	s->n++;
}

static void
set_remove(struct set *s, struct str name)
{
	char	key[NAME_MAX_ + 1];
	size_t	at;
	bool	found;

	if (!lower(key, name))
		return;
	at = set_place(s, key, &found);
	if (!found)
		return;
	free(s->names[at]);
	free(s->means[at]);
	s->n--;
	memmove(s->names + at, s->names + at + 1, (s->n - at) * sizeof(*s->names));
	memmove(s->means + at, s->means + at + 1, (s->n - at) * sizeof(*s->means));
}

static struct set *
set_new(void)
{
	return xcalloc(1, sizeof(struct set));
}

/*
 * What was let go before this firing has had a whole period; what was let go in
 * it waits for the next.
 */
static void
retire(void *arg)
{
	sets_free(&older);
	older = retired;
	retired = NULL;
	if (older != NULL)
		loop_timer_start(retiring, RETIRE_MS, 0);
}

/* The union of what is configured and what was learnt. */
static void
publish(struct loop *l)
{
	struct set		*s = set_new(), *old;
	const struct set	*from[] = { configured, learnt };

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; from[k] != NULL && i < from[k]->n; i++)
			set_add(s, str_of(from[k]->names[i]),
			    str_of(from[k]->means[i]));
	if ((old = atomic_exchange(&current, s)) == NULL)
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
	configured = set_new();
	for (size_t i = 0; i < s->domains.n; i++)
		set_add(configured, str_of(s->domains.v[i]), STR_NONE);
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
	sets_free(&older);
	sets_free(&retired);
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
	arriving = set_new();
}

/*
 * During a snapshot what is new is shown when all is there: publishing costs as
 * much as the set is long.
 */
void
domains_record(struct str name, struct str means, bool deleted, struct loop *l)
{
	struct set	*s = arriving;

	if (s == NULL && (s = learnt) == NULL)
		s = learnt = set_new();
	if (deleted)
		set_remove(s, name);
	else
		set_add(s, name, means);
	if (s == learnt)
		publish(l);
}

void
domains_complete(struct loop *l)
{
	if (arriving == NULL)
		return;
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
	bool			 found;

	if (s == NULL || !lower(name, host))
		return false;
	set_place(s, name, &found);
	return found;
}

struct str
domain_canonical(struct str host)
{
	const struct set	*s = atomic_load(&current);
	char			 name[NAME_MAX_ + 1];
	size_t			 at;
	bool			 found;

	if (s == NULL || !lower(name, host))
		return host;
	at = set_place(s, name, &found);
	return found && s->means[at] != NULL ? str_of(s->means[at]) : host;
}

struct str
domain_main(void)
{
	const struct settings	*set = settings_now();

	return set->domains.n > 0 ? str_of(set->domains.v[0]) : STR("localhost");
}
