/*
 * daemon_watch - generations as they appear on disk.
 *
 * The rename of a generation's directory commits it; COMMIT only says so at once. Who
 * applied may have been killed between the two: then the name is seen here, through a
 * descriptor that was opened before privileges were given up, for mediad may open
 * nothing. It waits a moment, since COMMIT usually is on its way.
 */
#include "common/daemon_parts.h"

#include <errno.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/log.h"

#define WAIT_MS	1000

static struct {
	int			 fd;
	struct loop_io		*io;
	struct loop_timer	*timer;
	uint64_t		 number;	/* seen last */
} watch = { .fd = -1 };

static void
wait_over(void *arg)
{
	config_committed(arg, watch.number);
}

static void
seen(struct self *self, const struct inotify_event *e)
{
	uint64_t	number;

	if (e->len == 0 || str_u64(str_make(e->name, strnlen(e->name, e->len)),
	    &number) < 0)
		return;
	if ((e->mask & IN_ATTRIB) != 0) {
		config_confirmed(self, number);
	} else {
		watch.number = number;
		loop_timer_start(watch.timer, WAIT_MS, 0);
	}
}

static void
readable(void *arg, unsigned events)
{
	_Alignas(struct inotify_event) char	buf[4096];
	const struct inotify_event		*e;
	ssize_t					 n = read(watch.fd, buf, sizeof(buf));

	for (ssize_t at = 0; at < n; at += (ssize_t)(sizeof(*e) + e->len)) {
		e = (const struct inotify_event *)(buf + at);
		seen(arg, e);
	}
}

void
watch_start(struct self *self)
{
	char	path[4096];

	dirs_path(path, self->dirs.state, "generations");
	watch.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch.fd == -1 || inotify_add_watch(watch.fd, path,
	    IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR) == -1) {
		log_problem("CONFIG", "%s: cannot watch %s: %s; only COMMIT brings a new "
		    "generation", self->daemon->name, path, strerror(errno));
		watch_stop();
		return;
	}
	watch.timer = loop_timer_new(self->loop, wait_over, self);
	watch.io = loop_io_new(self->loop, watch.fd, LOOP_READ, readable, self);
}

void
watch_stop(void)
{
	loop_io_free(watch.io);
	loop_timer_free(watch.timer);
	watch.io = NULL;
	watch.timer = NULL;
	if (watch.fd != -1)
		close(watch.fd);
	watch.fd = -1;
}
