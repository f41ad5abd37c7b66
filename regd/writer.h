#ifndef REGD_WRITER_H
#define REGD_WRITER_H

#include <stdbool.h>

#include "common/loop.h"
#include "regd/store.h"

/*
 * The thread that writes to the store, so that the loop never waits for a
 * disk. It has one job at a time; what it is given belongs to it until done()
 * was called, in the loop's thread.
 */
struct writer;

struct writer_job {
	bool			folds;	/* fold, else batch */
	struct store_batch	batch;
	struct store_fold	fold;
	int			error;	/* afterwards: 0 or -errno */
	char			text[160];	/* and in words */
};
typedef void writer_fn(void *arg, struct writer_job *job);

/* Starts the thread. The store is the writer's from here on. */
struct writer *writer_new(struct loop *l, const struct store_driver *driver,
	    struct store *store, writer_fn *done, void *arg);
/* Finishes its job (done() is not called any more) and closes the store. */
void	writer_free(struct writer *w);		/* NULL is fine */
void	writer_start(struct writer *w, struct writer_job *job);
bool	writer_busy(const struct writer *w);	/* until done() begins */

#endif
