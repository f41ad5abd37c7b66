/*
 * routes - what a generation says about ways: routes.conf and the dial plan.
 *
 * Built by PREPARE in a thread of its own, taken over by COMMIT with a few pointers;
 * what they replace is freed in another one: a hundred thousand records are 60 MB in
 * small pieces. The text goes as soon as the records are made of it.
 */
#include "routed/routed.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "common/conf.h"
#include "common/generation.h"
#include "common/log.h"

#define ROUTES_FILE	"routes.conf"
#define BIG		(1 << 20)	/* octets that go back to the system at once */

static bool
build(struct routes *out, const struct settings *s, struct str text,
    struct complaints *c)
{
	struct complaints	known = { 0 };	/* settings_check() told them */
	size_t			errors = c->errors;

	*out = (struct routes){ .generation = s->generation };
	if (text.len > 0)
		out->records = records_build(ROUTES_FILE, text, s, c);
	out->dialplan = dialplan_build(s, &known);
	complaints_fini(&known);
	if (c->errors == errors)
		return true;
	routes_fini(out);
	return false;
}

void
routes_fini(struct routes *r)
{
	records_free(r->records);
	dialplan_free(r->dialplan);
	*r = (struct routes){ .generation = 0 };
}

/* In a thread of its own: nothing but r->next is ours here. */
bool
routed_prepare(struct self *self, const struct settings *next,
    struct complaints *out)
{
	struct routed	*r = self->own;
	bool		 fine;

	routes_fini(&r->next);
	fine = build(&r->next, next, str_of(next->routes), out);
	settings_drop_routes(next);
	return fine;
}

/* The text of a generation whose settings are known, but not its text. */
static char *
text_of(const struct self *self, uint64_t generation)
{
	struct complaints	 none = { 0 };
	struct conf		*conf;
	char			*flat, *text = NULL;
	uint64_t		 len;

	if (generation_read(&self->dirs, generation, &flat, &len) < 0)
		return NULL;
	conf = conf_unflatten(str_make(flat, len), &none);
	if (conf != NULL && conf->routes != NULL)
		text = xstrdup(conf->routes);
	complaints_fini(&none);
	conf_free(conf);
	free(flat);
	return text;
}

/*
 * Of the settings in force, which were not prepared: at the start, or because a
 * change was not confirmed. An error was there before; then there are no records.
 */
static void
build_now(struct routed *r, struct routes *out)
{
	const struct settings	*s = r->self->settings;
	struct complaints	 c = { 0 };
	char			*text = NULL;

	if (str_of(s->routes).len == 0 && r->routes.generation != 0)
		text = text_of(r->self, s->generation);
	if (!build(out, s, str_of(text != NULL ? text : s->routes), &c))
		log_problem("ROUTER", "%s:%u:%u: %s; no record is in force",
		    c.v[0].file, c.v[0].line, c.v[0].column, c.v[0].text);
	out->generation = s->generation;
	complaints_fini(&c);
	settings_drop_routes(s);
	free(text);
}

/* ---- what was replaced ---- */

/* The memory goes back to the system: the next table is built in another arena. */
static void *
free_main(void *arg)
{
	sigset_t	all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	routes_fini(arg);
	free(arg);
	malloc_trim(0);
	return NULL;
}

static void
free_apart(struct routed *r, const struct routes *old)
{
	struct routes	*copy = xcalloc(1, sizeof(*copy));

	routes_wait(r);
	*copy = *old;
	r->freeing = pthread_create(&r->freer, NULL, free_main, copy) == 0;
	if (!r->freeing)
		free_main(copy);
}

void
routes_wait(struct routed *r)
{
	if (r->freeing)
		pthread_join(r->freer, NULL);
	r->freeing = false;
}

/* ---- begin and change ---- */

void
routes_start(struct routed *r)
{
	/* Else glibc learns from the first table to keep as much as that one had. */
	mallopt(M_MMAP_THRESHOLD, BIG);
	mallopt(M_TRIM_THRESHOLD, BIG);
	build_now(r, &r->routes);
}

void
routes_commit(struct routed *r)
{
	struct routes	next = r->next;

	r->next = (struct routes){ .generation = 0 };
	if (next.generation != r->self->settings->generation) {
		routes_fini(&next);
		build_now(r, &next);
	}
	free_apart(r, &r->routes);
	r->routes = next;
}
