/*
 * writer - the thread that waits for the disk.
 *
 * journal.c gives it batches and parts of folding. Nothing is queued here: what
 * comes meanwhile gathers in journal.c and becomes the next batch, which is all
 * the group commit there is.
 */
#include "regd/writer.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/stats.h"
#include "common/str.h"

struct writer {
	pthread_t		 thread;
	pthread_mutex_t		 mutex;
	pthread_cond_t		 work;
	struct writer_job	*job;		/* under mutex: to do */
	struct writer_job	*finished;	/* under mutex: done */
	bool			 stop;		/* under mutex */
	bool			 busy;		/* the loop's */
	struct loop_wake	*wake;
	const struct store_driver *driver;
	struct store		*store;
	writer_fn		*done;
	void			*arg;
};

static void
job_run(struct writer *w, struct writer_job *job)
{
	job->error = job->folds ? w->driver->fold(w->store, &job->fold) :
	    w->driver->commit(w->store, &job->batch);
	job->text[0] = '\0';
	if (job->error < 0)
		str_copy(job->text, sizeof(job->text),
		    str_of(w->driver->error(w->store)));
}

static void *
thread_main(void *arg)
{
	struct writer *w = arg;
	struct writer_job *job;
	sigset_t all;

	(void)pthread_setname_np(pthread_self(), "regd-writer");
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	stats_thread();
	pthread_mutex_lock(&w->mutex);
	while (!w->stop || w->job != NULL) {
		if ((job = w->job) == NULL) {
			pthread_cond_wait(&w->work, &w->mutex);
			continue;
		}
		pthread_mutex_unlock(&w->mutex);
		job_run(w, job);
		pthread_mutex_lock(&w->mutex);
		w->job = NULL;
		w->finished = job;
		loop_wake_send(w->wake);
	}
	pthread_mutex_unlock(&w->mutex);
	return NULL;
}

static void
woke(void *arg)
{
	struct writer *w = arg;
	struct writer_job *job;

	pthread_mutex_lock(&w->mutex);
	job = w->finished;
	w->finished = NULL;
	pthread_mutex_unlock(&w->mutex);
	if (job == NULL)
		return;
	w->busy = false;
	w->done(w->arg, job);
}

struct writer *
writer_new(struct loop *l, const struct store_driver *driver,
    struct store *store, writer_fn *done, void *arg)
{
	struct writer *w = xcalloc(1, sizeof(*w));

	w->driver = driver;
	w->store = store;
	w->done = done;
	w->arg = arg;
	w->wake = loop_wake_new(l, woke, w);
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->work, NULL);
	if (pthread_create(&w->thread, NULL, thread_main, w) != 0)
		fatal("cannot start the writer's thread");
	return w;
}

void
writer_free(struct writer *w)
{
	if (w == NULL)
		return;
	pthread_mutex_lock(&w->mutex);
	w->stop = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->mutex);
	pthread_join(w->thread, NULL);
	loop_wake_free(w->wake);
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->mutex);
	w->driver->close(w->store);
	free(w);
}

void
writer_start(struct writer *w, struct writer_job *job)
{
	assert(!w->busy);
	w->busy = true;
	pthread_mutex_lock(&w->mutex);
	w->job = job;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->mutex);
}

bool
writer_busy(const struct writer *w)
{
	return w->busy;
}
