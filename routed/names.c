/*
 * names - the resolver of the router, and what each decision has asked it.
 *
 * A decision under way is a list of questions with their answers. They are copied:
 * the cache may have lost a record, or its life of no second be over, before the
 * decision has come back for it.
 */
#include "routed/names.h"

#include <errno.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/stats.h"

#define ALIASES_MAX	5	/* followed for one question (S25) */
#define POINTERS_MAX	3	/* names of one address that are looked at */

struct question {
	struct lookup	*lookup;
	struct dns_ask	 ask;
	enum dns_type	 type;
	char		 name[DNS_NAME_MAX + 1];	/* asked by the decision */
	char		 alias[DNS_NAME_MAX + 1];	/* asked by now */
	unsigned	 aliases;
	bool		 done;
	int		 error;
	struct dns_set	*set;		/* ours */
};

struct names {
	struct loop	*loop;
	struct dns	*dns;
	int64_t		 limit_ms;
};

struct lookup {
	struct names	 *names;
	struct loop_timer *timer;	/* NULL until it waits */
	lookup_fn	 *fn;
	void		 *arg;
	bool		  over;		/* the time is: nothing is waited for */
	bool		  limited;
	int64_t		  valid_ms;
	unsigned	  n;
	struct question	 *v[LOOKUP_QUESTIONS_MAX];
};

/* ---- answers ---- */

static void
take(struct question *q, int error, const struct dns_set *set)
{
	struct lookup	*l = q->lookup;
	int64_t		 ms = LOOKUP_FAILED_MS;

	q->done = true;
	q->error = error;
	if (error == 0) {
		q->set = dns_set_copy(set);
		ms = mono_ms_between(loop_now(l->names->loop), set->expires);
	}
	if (ms < l->valid_ms)
		l->valid_ms = ms > 0 ? ms : 0;
}

/* Asks for q->alias, and for what that stands for. */
static int
put(struct question *q)
{
	const struct dns_set	*set = NULL;
	int			 error;

	for (;;) {
		error = dns_ask(q->lookup->names->dns, &q->ask, q->type,
		    str_of(q->alias), &set);
		if (error == -EINPROGRESS && !q->lookup->over)
			return error;
		if (error == -EINPROGRESS) {
			dns_cancel(&q->ask);
			error = -ETIMEDOUT;
		}
		if (error < 0 || set->alias.len == 0)
			break;
		if (++q->aliases > ALIASES_MAX ||
		    !str_copy(q->alias, sizeof(q->alias), set->alias)) {
			error = -ELOOP;
			break;
		}
	}
	take(q, error, set);
	return error;
}

static void
on_answer(void *arg, int error, const struct dns_set *set)
{
	struct question	*q = arg;
	struct lookup	*l = q->lookup;

	if (error == 0 && set->alias.len > 0) {
		if (++q->aliases <= ALIASES_MAX &&
		    str_copy(q->alias, sizeof(q->alias), set->alias)) {
			if (put(q) == -EINPROGRESS)
				return;
		} else
			take(q, -ELOOP, NULL);
	} else
		take(q, error, set);
	if (l->fn != NULL)
		l->fn(l->arg);		/* may free l */
}

static void
on_timer(void *arg)
{
	struct lookup	*l = arg;

	l->over = true;
	stats->lookups_slow++;
	log_rate(LOG_PROBLEMS, "ROUTER", "%s: no name server answered in time",
	    l->n > 0 ? log_str(str_of(l->v[l->n - 1]->alias)) : "");
	for (unsigned i = 0; i < l->n; i++)
		if (!l->v[i]->done) {
			dns_cancel(&l->v[i]->ask);
			take(l->v[i], -ETIMEDOUT, NULL);
		}
	if (l->fn != NULL)
		l->fn(l->arg);		/* may free l */
}

/* ---- a decision's questions ---- */

struct lookup *
lookup_new(struct names *n)
{
	struct lookup	*l = xcalloc(1, sizeof(*l));

	l->names = n;
	l->valid_ms = INT64_MAX;
	return l;
}

void
lookup_free(struct lookup *l)
{
	if (l == NULL)
		return;
	for (unsigned i = 0; i < l->n; i++) {
		dns_cancel(&l->v[i]->ask);
		free(l->v[i]->set);
		free(l->v[i]);
	}
	if (l->timer != NULL)
		loop_timer_free(l->timer);
	free(l);
}

void
lookup_wait(struct lookup *l, lookup_fn *fn, void *arg)
{
	l->fn = fn;
	l->arg = arg;
	if (l->timer != NULL || l->over)
		return;
	l->timer = loop_timer_new(l->names->loop, on_timer, l);
	loop_timer_start(l->timer, (uint64_t)l->names->limit_ms, 0);
}

static struct question *
question_find(const struct lookup *l, enum dns_type type, struct str name)
{
	for (unsigned i = 0; i < l->n; i++)
		if (l->v[i]->type == type &&
		    str_caseeq(str_of(l->v[i]->name), name))
			return l->v[i];
	return NULL;
}

static int
too_many(struct lookup *l)
{
	if (!l->limited) {
		l->limited = true;
		stats->lookups_limited++;
		log_rate(LOG_PROBLEMS, "ROUTER", "%s: more than %d names would have "
		    "to be looked up for one decision",
		    log_str(str_of(l->v[0]->name)), LOOKUP_QUESTIONS_MAX);
	}
	return -ELOOP;
}

int
lookup_ask(struct lookup *l, enum dns_type type, struct str name,
    const struct dns_set **out)
{
	struct question	*q = question_find(l, type, name);

	if (q == NULL) {
		if (l->n == LOOKUP_QUESTIONS_MAX)
			return too_many(l);
		q = xcalloc(1, sizeof(*q));
		if (!str_copy(q->name, sizeof(q->name), name)) {
			free(q);
			return -EINVAL;
		}
		str_copy(q->alias, sizeof(q->alias), name);
		q->lookup = l;
		q->type = type;
		q->ask.fn = on_answer;
		q->ask.arg = q;
		l->v[l->n++] = q;
		put(q);
	}
	if (!q->done)
		return -EINPROGRESS;
	*out = q->set;
	return q->error;
}

int64_t
lookup_valid_ms(const struct lookup *l)
{
	return l->valid_ms;
}

bool
lookup_pending(const struct lookup *l)
{
	for (unsigned i = 0; i < l->n; i++)
		if (!l->v[i]->done)
			return true;
	return false;
}

/* ---- names of addresses ---- */

static struct str
reverse_name(const struct addr *a, char buf[DNS_NAME_MAX + 1])
{
	static const char	digits[] = "0123456789abcdef";
	struct str		b = addr_bytes(a);
	struct text		t;

	text_init(&t, buf, DNS_NAME_MAX + 1);
	for (size_t i = b.len; i > 0; i--) {
		uint8_t	octet = (uint8_t)b.s[i - 1];

		if (b.len == 4)
			text_printf(&t, "%u.", octet);
		else
			text_printf(&t, "%c.%c.", digits[octet & 15],
			    digits[octet >> 4]);
	}
	text_add(&t, b.len == 4 ? STR("in-addr.arpa") : STR("ip6.arpa"));
	return text_str(&t);
}

static bool
set_has(const struct dns_set *set, const struct addr *a)
{
	for (unsigned i = 0; i < set->n; i++)
		if (addr_eq_host(&set->v[i].addr, a))
			return true;
	return false;
}

int
lookup_name(struct lookup *l, const struct addr *a, char buf[DNS_NAME_MAX + 1],
    struct str *name)
{
	const struct dns_set	*names, *addresses;
	enum dns_type		 type = a->sa.sa_family == AF_INET ? DNS_A : DNS_AAAA;
	int			 error, worst = -ENOENT;

	error = lookup_ask(l, DNS_PTR, reverse_name(a, buf), &names);
	if (error < 0)
		return error;
	for (unsigned i = 0; i < names->n && i < POINTERS_MAX; i++) {
		error = lookup_ask(l, type, names->v[i].name, &addresses);
		if (error == 0 && set_has(addresses, a) &&
		    str_copy(buf, DNS_NAME_MAX + 1, names->v[i].name)) {
			*name = str_of(buf);
			return 0;
		}
		if (error < 0 && worst != -EINPROGRESS)
			worst = error;
	}
	return worst;
}

/* ---- the resolver ---- */

static int64_t
limit_of(const struct settings *s)
{
	return s->dns_lookup_limit < LOOKUP_WAIT_MS ? s->dns_lookup_limit :
	    LOOKUP_WAIT_MS;
}

struct names *
names_new(struct loop *l, const struct settings *s)
{
	struct names		*n = xcalloc(1, sizeof(*n));
	struct dns_config	 c = dns_config_of(s);

	n->loop = l;
	n->dns = dns_new(l, &c);
	n->limit_ms = limit_of(s);
	return n;
}

void
names_configure(struct names *n, const struct settings *s)
{
	struct dns_config	c = dns_config_of(s);

	n->limit_ms = limit_of(s);
	dns_configure(n->dns, &c);
}

void
names_free(struct names *n)
{
	if (n == NULL)
		return;
	dns_free(n->dns);
	free(n);
}
