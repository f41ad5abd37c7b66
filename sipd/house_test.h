#ifndef SIPD_HOUSE_TEST_H
#define SIPD_HOUSE_TEST_H

/*
 * For tests of the upper half: a sipd in this process, with one worker, its
 * sockets on loopback, and the other daemons played by the test on the same bus.
 * Phones are plain sockets. Included once, by one test program.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/conf.h"
#include "common/daemon_parts.h"
#include "common/fdstore.h"
#include "common/generation.h"
#include "common/stats.h"
#include "sipd/calls.h"
#include "sipd/core.h"
#include "sipd/domains.h"
#include "sipd/record.h"
#include "sipd/ringing.h"
#include "sipd/worker.h"

#ifndef HOST			/* each program has its own: they run side by side */
#error "define HOST before this"
#endif
#define HOST_PORT HOST ":25121"
#define LISTEN	"listen udp:" HOST_PORT "\nlisten tcp:" HOST_PORT "\n"

static struct self	 house;
static char		 house_dir[64];
static struct bus_server *far_servers[8];
static unsigned		 nfar;

/* Turns the loop until cond is true: at most ten seconds. */
#define wait_for(cond)	do {						\
	bool ok_ = false;						\
	for (int i_ = 0; i_ < 1000 && !(ok_ = (cond)); i_++)		\
		loop_once(house.loop, 10);				\
	if (!ok_)							\
		fail_msg("in vain: %s", #cond);				\
} while (0)

static inline void
house_configure(const char *text)
{
	struct complaints	 c = { 0 };
	struct generation	 g = { .number = generation_last(&house.dirs) + 1 };
	static char		 flat[65536];
	struct text		 t;
	struct conf		*conf;
	char			 path[4096];

	snprintf(flat, sizeof(flat), "domain example.com\nprocessors 1\n%s", text);
	dirs_path(path, house.dirs.etc, "sip.conf");
	assert_int_equal(file_replace(path, str_of(flat), 0600), 0);
	assert_non_null(conf = conf_read(house.dirs.etc, &c));
	text_init(&t, flat, sizeof(flat));
	conf_flatten(conf, true, &t);
	conf_free(conf);
	assert_int_equal(generation_write(&house.dirs, &g, t.s, t.len), 0);
	assert_int_equal(generation_commit(&house.dirs, g.number), 0);
	complaints_fini(&c);
}

static inline void
house_dirs(void)
{
	static const char *const parts[] = { "etc", "run", "run/bus", "run/monitor",
	    "run/recorder", "state", "state/generations", "state/keys", "log" };
	char	path[256];

	strcpy(house_dir, "/tmp/house_test.XXXXXX");
	assert_non_null(mkdtemp(house_dir));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", house_dir, parts[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	assert_int_equal(dirs_find(&house.dirs, house_dir), 0);
}

/*
 * text: settings beside domain, processors, what listens, "recorder-size", which
 * RECORDER_SIZE of the environment gives, and "trying-delay", which TRYING is.
 */
#ifndef TRYING
#define TRYING	"0s"		/* at once: a test waits for one thing after the other */
#endif

static inline void
house_open(const char *text)
{
	static const struct daemon d = { .name = "sipd" };
	char			   conf[4096], path[4096];

	house_dirs();
	house.daemon = &d;
	house.loop = loop_new();
	house.context = bus_context_new();
	house.bus = bus_new(house.context, house.loop, 1);
	house.epoch = 1;
	snprintf(conf, sizeof(conf), "%srecorder-size %s\ntrying-delay " TRYING "\n%s",
	    LISTEN, getenv("RECORDER_SIZE") ?: "1m", text);
	house_configure(conf);
	assert_int_equal(config_start(&house), 0);
	assert_int_equal(core_keys(dirs_path(path, house.dirs.state, "keys")), 0);
	domains_open(house.settings);
	assert_int_equal(calls_open(100, 1), 0);
	assert_int_equal(ringing_open(1), 0);
	assert_int_equal(workers_open(&house), 0);
	record_open(&house, workers_count());
	assert_int_equal(workers_run(), 0);
	nfar = 0;
}

static inline void
house_close(void)
{
	char	command[128];

	workers_stop();
	record_close();
	fdstore_remove("calls");
	calls_close();
	fdstore_remove("ringing");
	ringing_close();
	domains_close();
	config_stop(&house);
	bus_free(house.bus);
	bus_context_free(house.context);
	loop_free(house.loop);
	snprintf(command, sizeof(command), "rm -rf %s", house_dir);
	assert_int_equal(system(command), 0);
}

/* The test is this daemon. */
static inline void
house_play(const char *name, const struct bus_handler *handlers)
{
	char	endpoint[4200], feed[4300];
	struct feed *f;

	dirs_bus(endpoint, &house.dirs, name);
	snprintf(feed, sizeof(feed), "%s.feed", endpoint);
	assert_int_equal(bus_serve(house.bus, endpoint, false, &far_servers[nfar]), 0);
	bus_handlers_add(far_servers[nfar++], handlers, NULL);
	assert_int_equal(feed_new(house.bus, feed, &f), 0);
}

/* ---- phones ---- */

static inline struct addr
house_addr(const char *text)
{
	struct addr	a;

	assert_int_equal(addr_parse_port(&a, str_of(text)), 0);
	return a;
}

/* A socket bound to text and connected to the house. */
static inline int
phone(int type, const char *text)
{
	struct addr	a = house_addr(text), to = house_addr(HOST_PORT);
	int		fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, &a.sa, a.len), 0);
	assert_int_equal(connect(fd, &to.sa, to.len), 0);
	return fd;
}

static inline void
say(int fd, const char *fmt, ...)
{
	static char	buf[MESSAGE_MAX];
	va_list		ap;
	int		n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	assert_true(n > 0 && n < (int)sizeof(buf));
	assert_int_equal(send(fd, buf, (size_t)n, MSG_NOSIGNAL), n);
}

static inline bool
readable(int fd)
{
	struct pollfd	p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* The next datagram, terminated, in a static buffer. */
static inline char *
hear(int fd)
{
	static char	buf[MESSAGE_MAX + 1];
	ssize_t		n;

	wait_for(readable(fd));
	n = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);
	assert_true(n > 0);
	buf[n] = '\0';
	return buf;
}

/* The next one must begin so. */
static inline char *
hear_this(int fd, const char *begin)
{
	char	*s = hear(fd);

	if (strncmp(s, begin, strlen(begin)) != 0)
		fail_msg("not %s but\n%s", begin, s);
	return s;
}

/* Nothing comes in some turns of the loop. */
static inline void
hear_nothing(int fd)
{
	for (int i = 0; i < 5; i++)
		loop_once(house.loop, 5);
	if (readable(fd))
		fail_msg("unexpected:\n%s", hear(fd));
}

/* The value of a header of the text, terminated, in buf. */
static inline char *
header_of(const char *text, const char *name, char *buf, size_t size)
{
	char		begin[64];
	const char	*p, *end;

	snprintf(begin, sizeof(begin), "\r\n%s: ", name);
	if ((p = strstr(text, begin)) == NULL)
		fail_msg("no %s in\n%s", name, text);
	p += strlen(begin);
	end = strstr(p, "\r\n");
	assert_true((size_t)(end - p) < size);
	memcpy(buf, p, (size_t)(end - p));
	buf[end - p] = '\0';
	return buf;
}

#endif
