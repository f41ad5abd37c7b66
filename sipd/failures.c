/*
 * failures - what could not be sent, until the turn's end.
 */
#include "sipd/failures.h"

#include <stdlib.h>

#include "common/str.h"

struct failure {
	uint64_t	token;
	int		error;
};

struct failures {
	struct failure	*v;
	size_t		 n, size;
};

struct failures *
failures_new(void)
{
	return xcalloc(1, sizeof(struct failures));
}

void
failures_free(struct failures *f)
{
	if (f == NULL)
		return;
	free(f->v);
	free(f);
}

void
failures_add(struct worker *w, uint64_t token, int error)
{
	struct failures	*f = w->failures;

	if (token == 0)
		return;
	if (f->n == f->size) {
		f->size = f->size == 0 ? 64 : f->size * 2;
		f->v = xrealloc(f->v, f->size, sizeof(*f->v));
	}
	f->v[f->n++] = (struct failure){ token, error };
}

static void
on_failure(struct worker *w, void *arg)
{
	struct failure	*f = arg;

	failures_add(w, f->token, f->error);
	free(f);
}

void
failures_tell(struct worker *w, unsigned of, uint64_t token, int error)
{
	struct failure	*f;

	if (token == 0)
		return;
	if (of == w->index) {
		failures_add(w, token, error);
		return;
	}
	f = xcalloc(1, sizeof(*f));
	*f = (struct failure){ token, error };
	if (worker_run_on(w, of, on_failure, f) < 0)
		free(f);
}

/* New ones that the calls bring are for the next round. */
bool
failures_run(struct worker *w)
{
	struct failures	*f = w->failures;
	struct failures	 now = *f;

	if (now.n == 0)
		return false;
	*f = (struct failures){ NULL, 0, 0 };
	for (size_t i = 0; i < now.n; i++)
		upper->send_failed(w, now.v[i].token, now.v[i].error);
	free(now.v);
	return true;
}
