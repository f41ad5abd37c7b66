/*
 * daemon - the skeleton: from the options to the exit code, in one order for all.
 *
 * Adopting comes first, because a number of a descriptor that was handed down
 * must not be taken by anything else. Whatever needs root is done before
 * sandbox_enter(); strangers are served after it only.
 */
#include "common/daemon.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/daemon_parts.h"
#include "common/fdstore.h"
#include "common/id.h"
#include "common/log.h"
#include "common/notes.h"
#include "common/pidfile.h"
#include "common/sandbox.h"
#include "common/stats.h"

#define WATCHDOG_MS	1000

struct options {
	const char	*dir;
	bool		 foreground;
	bool		 check;
	bool		 print;
};

static struct loop_signal	*signals[4];
static struct loop_timer	*watchdog;
static int			 pidfile = -1;

/* ---- options ---- */

static void
usage(FILE *f, const char *name)
{
	fprintf(f, "usage: %s [-C DIR] [-fhnpV]\n"
	    "  -C, --directory DIR  etc, run, state and log lie in DIR\n"
	    "  -f, --foreground     log to stderr, too\n"
	    "  -n, --check          check the configuration and end\n"
	    "  -p, --print          print the settings in force and end\n"
	    "  -V, --version        print the version and end\n"
	    "  -h, --help           print this and end\n", name);
}

/* -1: go on; else the exit code. */
static int
options_parse(struct options *o, const char *name, int argc, char *argv[])
{
	static const struct option	longs[] = {
		{ "directory", required_argument, NULL, 'C' },
		{ "foreground", no_argument, NULL, 'f' },
		{ "check", no_argument, NULL, 'n' },
		{ "print", no_argument, NULL, 'p' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int	c;

	while ((c = getopt_long(argc, argv, "C:fnpVh", longs, NULL)) != -1)
		switch (c) {
		case 'C':
			o->dir = optarg;
			break;
		case 'f':
			o->foreground = true;
			break;
		case 'n':
			o->check = true;
			break;
		case 'p':
			o->print = true;
			break;
		case 'V':
			printf("%s %s\n", name, VERSION);
			return 0;
		case 'h':
			usage(stdout, name);
			return 0;
		default:
			usage(stderr, name);
			return 2;
		}
	if (optind == argc)
		return -1;
	fprintf(stderr, "%s: unexpected argument \"%s\"\n", name, argv[optind]);
	usage(stderr, name);
	return 2;
}

/* ---- directories ---- */

/* Made when missing; as root with the right owner, whoever made it. */
static int
directory(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	int	error = 0;

	if (mkdir(path, mode) == -1 && errno != EEXIST)
		error = -errno;
	else if (geteuid() == 0 &&
	    (chown(path, uid, gid) == -1 || chmod(path, mode) == -1))
		error = -errno;
	if (error < 0)
		log_at(LOG_FAILURE, "DIR", 0, "%s: cannot make this directory: "
		    "%s", path, strerror(-error));
	return error;
}

static int
directories(const struct daemon *d, const struct dirs *dirs)
{
	gid_t	sip = sandbox_gid();
	uid_t	root = geteuid(), uid = sandbox_uid(d);
	char	b[4096];
	int	e;

	if ((e = directory(dirs->run, 0755, root, sip)) < 0 ||
	    (e = directory(dirs_path(b, dirs->run, "bus"), 0750, root,
	    sip)) < 0 ||
	    (e = directory(dirs_path(b, dirs->run, "monitor"), 0750, root,
	    sandbox_monitor_gid())) < 0 ||
	    (e = directory(dirs_path(b, dirs->run, "recorder"), 0750, root,
	    sip)) < 0 ||
	    (e = directory(dirs->log, 0755, root, sip)) < 0 ||
	    (e = directory(dirs->state, 0755, root, sip)) < 0 ||
	    (e = directory(dirs_path(b, dirs->state, "keys"), 0700, root,
	    sip)) < 0 ||
	    (e = directory(dirs_path(b, dirs->state, "generations"), 02770,
	    root, sip)) < 0 ||
	    (e = directory(dirs_path(b, dirs->state, "%s", d->name), 0700, uid,
	    sip)) < 0)
		return e;
	return 0;
}

/* ---- one of a kind ---- */

static int
lock_name(const struct daemon *d, const struct dirs *dirs)
{
	char	path[4096];
	long	holder = 0;
	int	fd;

	fd = pidfile_take(dirs_path(path, dirs->run, "%s.pid", d->name),
	    &holder);
	if (fd == -EBUSY)
		log_at(LOG_FAILURE, "PID", 0, "%s: already runs on %s as pid "
		    "%ld: end it first, or choose another directory with -C",
		    d->name, dirs->run, holder);
	else if (fd < 0)
		log_at(LOG_FAILURE, "PID", 0, "%s: cannot write %s: %s",
		    d->name, path, strerror(-fd));
	return fd;
}

/* ---- signals ---- */

static void
on_end(void *arg)
{
	struct self	*self = arg;

	loop_stop(self->loop);
}

static void
on_hangup(void *arg)
{
	log_reopen();
	config_reread(arg);
}

static void
on_again(void *arg)
{
	fdstore_again();
	notify_ready();
}

static void
on_watchdog(void *arg)
{
	notify_watchdog();
}

/*
 * What may come before there is a loop must neither be lost nor end us: a keeper
 * that finds us by our pid file says SIGUSR1 at once.
 */
static void
signals_hold(sigset_t *held)
{
	sigemptyset(held);
	sigaddset(held, SIGHUP);
	sigaddset(held, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, held, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void
signals_begin(struct self *self)
{
	signals[0] = loop_signal_new(self->loop, SIGTERM, on_end, self);
	signals[1] = loop_signal_new(self->loop, SIGINT, on_end, self);
	signals[2] = loop_signal_new(self->loop, SIGHUP, on_hangup, self);
	signals[3] = loop_signal_new(self->loop, SIGUSR1, on_again, self);
}

/* ---- the bus ---- */

static int
serve(struct self *self, bool monitor, struct bus_server **out)
{
	const struct daemon	*d = self->daemon;
	char			 end[4200];
	int			 error;

	if (monitor)
		dirs_monitor(end, &self->dirs, d->name);
	else
		dirs_bus(end, &self->dirs, d->name);
	error = bus_serve(self->bus, end, monitor, out);
	if (error < 0)
		return error;
	bus_handlers_add(*out, status_handlers, self);
	bus_handlers_add(*out, config_handlers, self);
	bus_handlers_add(*out, raised_handlers, self);
	show_serve(*out, raised_tables, self);
	if (d->handlers != NULL)
		bus_handlers_add(*out, d->handlers, self);
	return 0;
}

/*
 * The sockets are born with their group, who may connect: changed afterwards, the
 * others would be refused for a moment and wait for their next attempt.
 */
static int
as_group(gid_t gid)
{
	return geteuid() == 0 && setegid(gid) == -1 ? -errno : 0;
}

static int
bind_all(struct self *self)
{
	char	end[4200];
	int	error;

	if ((error = as_group(sandbox_gid())) < 0 ||
	    (error = serve(self, false, &self->server)) < 0 ||
	    (error = feed_new(self->bus, dirs_feed(end, &self->dirs,
	    self->daemon->name), &self->feed)) < 0 ||
	    (error = as_group(sandbox_monitor_gid())) < 0)
		return error;
	return serve(self, true, &self->monitor);
}

static int
bus_start(struct self *self)
{
	mode_t	old = umask(0007);
	gid_t	gid = getegid();
	int	error;

	self->context = bus_context_new();
	self->bus = bus_new(self->context, self->loop, self->epoch);
	error = bind_all(self);
	umask(old);
	if (error == 0)
		error = as_group(gid);
	if (error < 0)
		log_at(LOG_FAILURE, "BUS", 0, "%s: cannot listen in %s/bus and "
		    "%s/monitor: %s", self->daemon->name, self->dirs.run,
		    self->dirs.run, strerror(-error));
	return error;
}

/* ---- start and stop ---- */

static void
log_start(const struct daemon *d, const struct dirs *dirs)
{
	char	path[4096];

	log_open(d->name, dirs_path(path, dirs->log, "%s.log", d->name));
	if (geteuid() == 0 &&
	    lchown(path, sandbox_uid(d), sandbox_gid()) == -1)
		log_problem("LOG", "%s: %s", path, strerror(errno));
}

static int
start(struct self *self)
{
	const struct daemon	*d = self->daemon;
	int			 error, n;

	if ((error = bus_start(self)) < 0 || (error = config_start(self)) < 0)
		return error;
	watch_start(self);
	raised_start(self);
	notes_open(self);
	if ((error = d->start(self)) < 0)
		return error;
	if ((n = fdstore_close_rest()) > 0)
		log_problem("FDSTORE", "%s: %d stored descriptors had no use",
		    d->name, n);
	if ((error = sandbox_enter(d, &self->dirs)) < 0) {
		log_at(LOG_FAILURE, "SANDBOX", 0, "%s: cannot give up "
		    "privileges: %s", d->name, strerror(-error));
		return error;
	}
	return d->run != NULL ? d->run(self) : 0;
}

static void
ready(struct self *self, const sigset_t *held)
{
	if (self->state == DAEMON_STARTING)
		self->state = DAEMON_OK;
	watchdog = loop_timer_new(self->loop, on_watchdog, self);
	loop_timer_start(watchdog, WATCHDOG_MS, WATCHDOG_MS);
	pthread_sigmask(SIG_UNBLOCK, held, NULL);
	notify_ready();
	log_major("START", "%s: version %s, generation %llu, pid %ld, ready "
	    "after %lld ms", self->daemon->name, VERSION,
	    (unsigned long long)self->settings->generation, (long)getpid(),
	    (long long)mono_ms_between(self->started, mono_now()));
}

static void
stop(struct self *self)
{
	build_wait();
	self->daemon->stop(self);
	loop_timer_free(watchdog);
	status_stop(self);
	watch_stop();
	raised_stop();
	notes_close();
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		loop_signal_free(signals[i]);
	bus_free(self->bus);
	if (self->context != NULL)
		bus_context_free(self->context);
	config_stop(self);
	loop_free(self->loop);
	/* Empty, not gone: who waits for the lock holds this very file. */
	if (ftruncate(pidfile, 0) == 0)
		close(pidfile);
}

static int
serve_until_told(const struct daemon *d, const struct dirs *dirs,
    const sigset_t *held)
{
	struct self	self = {
		.daemon = d, .dirs = *dirs, .state = DAEMON_STARTING,
		.started = mono_now(),
		.epoch = (uint64_t)wall_ms() << 16 | (id_u64() & 0xffff),
	};
	int		error;

	stats_thread();
	self.loop = loop_new();
	status_start(&self);
	signals_begin(&self);
	error = start(&self);
	if (error == 0) {
		ready(&self, held);
		loop_run(self.loop);
		notify_stopping();
		log_major("STOP", "%s: ends", d->name);
	}
	stop(&self);
	return error < 0 ? 1 : 0;	/* why was logged where it happened */
}

int
daemon_main(const struct daemon *d, int argc, char *argv[])
{
	struct options	o = { 0 };
	struct dirs	dirs;
	sigset_t	held;
	int		error;

	fdstore_adopt();
	log_open(d->name, NULL);
	if ((error = options_parse(&o, d->name, argc, argv)) >= 0)
		return error;
	if ((error = dirs_find(&dirs, o.dir)) < 0)
		fatal("%s: %s: %s", d->name, o.dir != NULL ? o.dir : "-C",
		    strerror(-error));
	if (o.check || o.print)
		return config_check(d, &dirs, o.print);
	log_to_stderr(o.foreground);
	umask(0027);
	signals_hold(&held);
	if (directories(d, &dirs) < 0 || (pidfile = lock_name(d, &dirs)) < 0)
		return 1;
	log_start(d, &dirs);
	if ((error = sandbox_begin()) < 0)
		fatal("%s: no way to give up privileges: %s", d->name,
		    strerror(-error));
	return serve_until_told(d, &dirs, &held);
}
