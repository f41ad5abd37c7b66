/*
 * notify - what the daemons say: systemd's sd_notify protocol, as far as they use
 * it. The kernel tells who said it; what nobody of ours said is dropped.
 */
#include "sipctl/keeper/keeper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/users.h"

#define FDS_MAX		253	/* SCM_MAX_FD of the kernel */
#define TEXT_MAX	4096

int
notify_open(const struct place *p, char path[PATH_SIZE])
{
	struct sockaddr_un	sa = { .sun_family = AF_UNIX };
	int			on = 1, size = 4 << 20, sock;

	place_path(path, p->run, "keeper.sock", "");
	if (strlen(path) >= sizeof(sa.sun_path)) {
		say(1, "%s: too long a name for a socket", path);
		return -1;
	}
	strcpy(sa.sun_path, path);
	unlink(path);		/* we hold the lock: nobody lives there */
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock == -1 || bind(sock, (struct sockaddr *)&sa, sizeof(sa)) == -1 ||
	    setsockopt(sock, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == -1 ||
	    chmod(path, 0770) == -1 || (geteuid() == 0 &&
	    chown(path, 0, users_gid("sip", CORDBOARD_GID)) == -1)) {
		say(1, "%s: %s", path, strerror(errno));
		if (sock != -1)
			close(sock);
		return -1;
	}
	setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return sock;
}

struct datagram {
	char	text[TEXT_MAX + 1];
	pid_t	pid;
	int	fds[FDS_MAX];
	size_t	nfds;
};

static void
take_control(struct datagram *d, struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
	    c = CMSG_NXTHDR(m, c)) {
		size_t n = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_CREDENTIALS) {
			struct ucred u;

			memcpy(&u, CMSG_DATA(c), sizeof(u));
			d->pid = u.pid;
		} else if (c->cmsg_type == SCM_RIGHTS) {
			d->nfds = n / sizeof(int);
			memcpy(d->fds, CMSG_DATA(c), d->nfds * sizeof(int));
		}
	}
}

/* False: nothing is waiting. */
static bool
receive(int sock, struct datagram *d)
{
	union {
		struct cmsghdr	h;
		char		room[CMSG_SPACE(sizeof(struct ucred)) +
				    CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec	iov = { d->text, TEXT_MAX };
	struct msghdr	m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t		n;

	do
		n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return false;
	d->text[n] = '\0';
	d->pid = 0;
	d->nfds = 0;
	take_control(d, &m);
	if ((m.msg_flags & MSG_CTRUNC) != 0)
		say(3, "descriptors were lost: the limit of open files (%d) is "
		    "too low", getdtablesize());
	return true;
}

/* The value of a line "NAME=value" copied into out; false without one. */
static bool
value_of(const char *text, const char *name, char *out, size_t size)
{
	size_t	len = strlen(name), n;

	for (const char *line = text; line != NULL;
	    line = (line = strchr(line, '\n')) != NULL ? line + 1 : NULL) {
		if (strncmp(line, name, len) != 0 || line[len] != '=')
			continue;
		line += len + 1;
		n = strcspn(line, "\n");
		if (n >= size)
			return false;
		memcpy(out, line, n);
		out[n] = '\0';
		return true;
	}
	return false;
}

static bool
says(const char *text, const char *name)
{
	char	value[8];

	return value_of(text, name, value, sizeof(value)) &&
	    strcmp(value, "1") == 0;
}

static void
store_fds(struct child *c, struct datagram *d)
{
	char	name[HOLD_NAME];

	if (!says(d->text, "FDSTORE") ||
	    !value_of(d->text, "FDNAME", name, sizeof(name)))
		return;
	for (size_t i = 0; i < d->nfds; i++)
		if (!hold_add(&c->hold, name, d->fds[i]))
			say(3, "%s: no room for descriptor \"%s\"", c->name,
			    name);
	d->nfds = 0;		/* they are held, or closed */
}

static void
handle(struct child *c, struct datagram *d)
{
	char	name[HOLD_NAME];

	store_fds(c, d);
	if (says(d->text, "FDSTOREREMOVE") &&
	    value_of(d->text, "FDNAME", name, sizeof(name)))
		hold_remove(&c->hold, name);
	if (says(d->text, "READY") && c->state == CHILD_STARTING) {
		c->state = CHILD_READY;
		c->was_ready = true;
		status_changed();
		say(2, "%s: ready, pid %ld, %lld ms after its start", c->name,
		    (long)c->pid, (long long)(keeper_now_ms() - c->started_ms));
	}
}

void
notify_read(int sock)
{
	static struct datagram	d;
	struct child		*c;

	while (receive(sock, &d)) {
		c = child_by_pid(d.pid);
		if (c != NULL)
			handle(c, &d);
		for (size_t i = 0; i < d.nfds; i++)
			close(d.fds[i]);
	}
}
