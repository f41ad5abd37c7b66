#ifndef SIPD_WIRE_TEST_H
#define SIPD_WIRE_TEST_H

/*
 * For tests of the wire half: workers with sockets on loopback, an upper half that
 * echoes, peers made of plain sockets, and a keeper. Included once, by one program.
 */
#include "sipd/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/conf.h"
#include "common/daemon_parts.h"
#include "common/fdstore.h"
#include "common/generation.h"
#include "common/stats.h"
#include "sipd/replica.h"
#include "sipd/tally.h"
#include "sipd/tcp.h"

#ifndef HOST			/* each program has its own: they run side by side */
#error "define HOST before this"
#endif
#define PORT	25060
#define LISTEN	"listen udp:" HOST ":25060\nlisten tcp:" HOST ":25060\n"

static struct self	self;
static char		dir[64];
static int		notify = -1;		/* we play the keeper */

/* What the upper half saw. */
static _Atomic int	packets, wrong_worker, failed, closed;
static _Atomic int	last_error, last_too_big;
static _Atomic uint64_t	last_token;
static _Atomic int	returned;
static char		returned_bytes[1024];
static struct hop	last_from;
static char		last_bytes[MESSAGE_MAX];
static size_t		last_len;
static bool		echo;

static inline void
on_packet(struct worker *w, const struct packet *p)
{
	if (worker_for(w, p->bytes) != w->index)
		atomic_fetch_add(&wrong_worker, 1);
	if (workers_count() == 1) {
		last_from = p->from;
		memcpy(last_bytes, p->bytes.s, p->bytes.len);
		last_len = p->bytes.len;
		atomic_store(&last_too_big, p->too_big);
	}
	if (echo)
		(void)wire_send(w, &p->from, p->bytes, 0, 1);
	atomic_fetch_add(&packets, 1);
}

static inline void
on_failed(struct worker *w, uint64_t token, int error)
{
	atomic_store(&last_token, token);
	atomic_store(&last_error, error);
	atomic_fetch_add(&failed, 1);
}

static inline void
on_returned(struct worker *w, struct str bytes, int error)
{
	atomic_store(&last_error, error);
	str_copy(returned_bytes, sizeof(returned_bytes), bytes);
	atomic_fetch_add(&returned, 1);
}

static inline void
on_closed(struct worker *w, const struct hop *h)
{
	atomic_fetch_add(&closed, 1);
}

static inline int
on_start(struct worker *w)
{
	return 0;
}

static inline void
nothing(struct worker *w)
{
}

static inline void
on_response_lost(struct worker *w, const struct hop *h, unsigned flags,
    struct str bytes)
{
}

static const struct upper hooks = {
	.start = on_start,
	.stop = nothing,
	.packet = on_packet,
	.send_failed = on_failed,
	.returned = on_returned,
	.flow_closed = on_closed,
	.response_lost = on_response_lost,
	.turn = nothing,
};

/* ---- a house of one daemon ---- */

static inline void
configure(const char *text)
{
	struct complaints	 c = { 0 };
	struct generation	 g = { .number =
				    generation_last(&self.dirs) + 1 };
	static char		 flat[65536];
	struct text		 t;
	struct conf		*conf;
	char			 path[4096];

	snprintf(flat, sizeof(flat), "domain example.com\n%s%s", text,
	    strstr(text, "processors") == NULL ? "processors 1\n" : "");
	dirs_path(path, self.dirs.etc, "sip.conf");
	assert_int_equal(file_replace(path, str_of(flat), 0600), 0);
	assert_non_null(conf = conf_read(self.dirs.etc, &c));
	text_init(&t, flat, sizeof(flat));
	conf_flatten(conf, true, &t);
	conf_free(conf);
	assert_int_equal(generation_write(&self.dirs, &g, t.s, t.len), 0);
	assert_int_equal(generation_commit(&self.dirs, g.number), 0);
	complaints_fini(&c);
}

static inline void
make_dirs(void)
{
	static const char *const parts[] = { "etc", "run", "run/bus",
	    "run/monitor", "state", "state/generations", "log" };
	char	path[256];

	strcpy(dir, "/tmp/wire_test.XXXXXX");
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, parts[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	assert_int_equal(dirs_find(&self.dirs, dir), 0);
}

static inline void
house_open(const char *text)
{
	static const struct daemon d = { .name = "sipd" };

	upper = &hooks;
	packets = wrong_worker = failed = closed = returned = last_error = last_too_big = 0;
	last_token = 0;
	echo = true;
	self.daemon = &d;
	self.loop = loop_new();
	self.context = bus_context_new();
	self.bus = bus_new(self.context, self.loop, 1);
	self.epoch = 1;
	configure(text);
	assert_int_equal(config_start(&self), 0);
}

static inline void
house_run(const char *text)
{
	house_open(text);
	assert_int_equal(workers_open(&self), 0);
	assert_int_equal(workers_run(), 0);
}

static inline void
house_close(void)
{
	workers_stop();
	config_stop(&self);
	bus_free(self.bus);
	bus_context_free(self.context);
	loop_free(self.loop);
}

/* Turns the loop until cond is true: at most five seconds. */
#define wait_for(cond)	do {						\
	bool ok_ = false;						\
	for (int i_ = 0; i_ < 500 && !(ok_ = (cond)); i_++)		\
		loop_once(self.loop, 10);				\
	if (!ok_)							\
		fail_msg("in vain: %s", #cond);				\
} while (0)

static inline bool
readable(int fd)
{
	struct pollfd	p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static inline struct addr
addr(const char *text)
{
	struct addr	a;

	assert_int_equal(addr_parse_port(&a, str_of(text)), 0);
	return a;
}

static inline int
peer(int type, const char *to)
{
	struct addr	a = addr(to);
	int		fd = socket(a.sa.sa_family, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, &a.sa, a.len), 0);
	return fd;
}

/* A request of so many octets of body. */
static inline size_t
request(char *buf, size_t size, int call, size_t body)
{
	int	n = snprintf(buf, size, "OPTIONS sip:x SIP/2.0\r\n"
		    "Via: SIP/2.0/UDP h;branch=z9hG4bK%d\r\n"
		    "Call-ID: call-%d@h\r\nContent-Length: %zu\r\n\r\n",
		    call, call, body);

	memset(buf + n, 'b', body);
	return (size_t)n + body;
}

static inline void
say(int fd, const char *s, size_t n)
{
	assert_int_equal(send(fd, s, n, MSG_NOSIGNAL), n);
}

/* The same octets come back. */
static inline void
hear(int fd, const char *want, size_t n)
{
	char	got[MESSAGE_MAX + 1];
	size_t	have = 0;

	while (have < n) {
		wait_for(readable(fd));
		ssize_t r = recv(fd, got + have, sizeof(got) - have,
		    MSG_DONTWAIT);
		assert_true(r > 0);
		have += (size_t)r;
	}
	assert_int_equal(have, n);
	assert_memory_equal(got, want, n);
}

static inline void
hear_end(int fd)
{
	char	c[64];

	for (;;) {
		wait_for(readable(fd));
		if (recv(fd, c, sizeof(c), MSG_DONTWAIT) <= 0)
			return;
	}
}

/* ---- the keeper ---- */

/* The next datagram to the keeper; its descriptor, if any, through *fd. */
static inline bool
keeper_hears(char *text, size_t size, int *fd)
{
	char		 control[CMSG_SPACE(sizeof(int))];
	struct iovec	 iov = { text, size - 1 };
	struct msghdr	 m = { .msg_iov = &iov, .msg_iovlen = 1,
			    .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr	*c;
	ssize_t		 n = recvmsg(notify, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return false;
	text[n] = '\0';
	*fd = -1;
	if ((c = CMSG_FIRSTHDR(&m)) != NULL)
		memcpy(fd, CMSG_DATA(c), sizeof(int));
	return true;
}

static inline bool
keeper_gets(const char *command, const char *name, int *out)
{
	char	text[512], want[64];
	int	fd;

	snprintf(want, sizeof(want), "FDNAME=%s\n", name);
	while (keeper_hears(text, sizeof(text), &fd)) {
		strcat(text, "\n");
		if (strstr(text, command) != NULL &&
		    strstr(text, want) != NULL) {
			*out = fd;
			return true;
		}
		if (fd >= 0)
			close(fd);
	}
	return false;
}

/* What it was sent holds sockets open until it is read. */
static inline void
keeper_forgets(void)
{
	char	text[512];
	int	fd;

	while (keeper_hears(text, sizeof(text), &fd))
		if (fd >= 0)
			close(fd);
}

/* ---- the frame of a program ---- */

static inline int
begin(void **state)
{
	struct sockaddr_un	a = { .sun_family = AF_UNIX };

	make_dirs();
	stats_thread();
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/notify", dir);
	notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify < 0 || bind(notify, (struct sockaddr *)&a, sizeof(a)) < 0)
		return -1;
	setenv("NOTIFY_SOCKET", a.sun_path, 1);
	fdstore_adopt();
	return 0;
}

static inline int
each(void **state)
{
	keeper_forgets();
	memset(stats, 0, sizeof(*stats));
	return 0;
}

static inline int
end(void **state)
{
	char	command[128];

	close(notify);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) == 0 ? 0 : -1;
}

#endif
