/*
 * fdstore - the descriptors that outlive this process, and what else is said
 * to the service manager.
 *
 * Datagrams are written here and not by libsystemd: it makes a socket for each
 * message, which the sandbox of mediad forbids. Ours is made once and every
 * message names its receiver, so a keeper that comes anew under the same path is
 * reached at once.
 *
 * A store drops what polls as hung up, and a UDP socket does so after an ICMP
 * error: FDPOLL=0 goes with everything.
 */
#include "common/fdstore.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "common/log.h"
#include "common/map.h"
#include "common/str.h"

#define BATCH		253	/* SCM_MAX_FD of the kernel */
#define NAME_MAX_	63
#define SEND_WAIT_US	200000	/* a service manager that does not read */

/* All descriptors of one name, in the order they came. */
struct entry {
	char	 name[NAME_MAX_ + 1];
	int	*fds;
	size_t	 n, size;
	size_t	 next;		/* of those adopted: the next to be taken */
	size_t	 adopted;	/* the first so many were handed down */
};

static struct {
	pthread_mutex_t		 lock;
	struct map		*names;
	struct entry		**order;	/* of adoption; not owned */
	size_t			 norder;
	size_t			 first;		/* before it, all is taken */
	struct entry		**by_fd;	/* who has this number */
	size_t			 by_fd_size;
	int			 sock;
	struct sockaddr_un	 to;
	socklen_t		 to_len;
	bool			 watchdog;
} store = { .lock = PTHREAD_MUTEX_INITIALIZER, .sock = -1 };

/* ---- the table ---- */

static struct str
entry_key(const void *object)
{
	return str_of(((const struct entry *)object)->name);
}

static struct entry *
entry_get(const char *name)
{
	struct entry	*e;

	if (store.names == NULL)
		store.names = map_new(entry_key);
	e = map_find(store.names, str_of(name));
	if (e == NULL) {
		e = xcalloc(1, sizeof(*e));
		str_copy(e->name, sizeof(e->name), str_of(name));
		map_put(store.names, e);
	}
	return e;
}

static struct entry *
entry_find(const char *name)
{
	return store.names == NULL ? NULL :
	    map_find(store.names, str_of(name));
}

static bool
entry_untaken(const struct entry *e)
{
	return e != NULL && e->next < e->adopted;
}

static void
entry_free(struct entry *e)
{
	for (size_t i = 0; i < e->n; i++)
		if ((size_t)e->fds[i] < store.by_fd_size &&
		    store.by_fd[e->fds[i]] == e)
			store.by_fd[e->fds[i]] = NULL;
	for (size_t i = 0; i < store.norder; i++)
		if (store.order[i] == e)
			store.order[i] = NULL;
	map_remove(store.names, str_of(e->name));
	free(e->fds);
	free(e);
}

static bool
entry_has(const struct entry *e, int fd)
{
	return (size_t)fd < store.by_fd_size && store.by_fd[fd] == e;
}

static void
entry_add(struct entry *e, int fd)
{
	if (e->n == e->size) {
		e->size = e->size > 0 ? e->size * 2 : 1;
		e->fds = xrealloc(e->fds, e->size, sizeof(*e->fds));
	}
	e->fds[e->n++] = fd;
	if ((size_t)fd >= store.by_fd_size) {
		size_t size = store.by_fd_size;

		store.by_fd_size = (size_t)fd * 2 + 64;
		store.by_fd = xrealloc(store.by_fd, store.by_fd_size,
		    sizeof(*store.by_fd));
		memset(store.by_fd + size, 0,
		    (store.by_fd_size - size) * sizeof(*store.by_fd));
	}
	store.by_fd[fd] = e;
}

/* ---- datagrams ---- */

static void
sock_open(const char *path)
{
	struct timeval	wait = { .tv_usec = SEND_WAIT_US };
	size_t		len = strlen(path);

	if (len < 2 || len >= sizeof(store.to.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	store.to.sun_family = AF_UNIX;
	memcpy(store.to.sun_path, path, len + 1);
	if (path[0] == '@')
		store.to.sun_path[0] = '\0';
	store.to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	store.sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (store.sock == -1)
		return;
	setsockopt(store.sock, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
}

static int
say(const char *text, const int *fds, size_t n, int flags)
{
	union {
		struct cmsghdr	h;
		char		room[CMSG_SPACE(BATCH * sizeof(int))];
	} c;
	struct iovec	iov = { (char *)text, strlen(text) };
	struct msghdr	m = {
		.msg_name = &store.to, .msg_namelen = store.to_len,
		.msg_iov = &iov, .msg_iovlen = 1,
	};

	if (store.sock == -1)
		return 0;
	if (n > 0) {
		m.msg_control = &c;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		c.h.cmsg_level = SOL_SOCKET;
		c.h.cmsg_type = SCM_RIGHTS;
		c.h.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&c.h), fds, n * sizeof(int));
	}
	while (sendmsg(store.sock, &m, flags | MSG_NOSIGNAL) == -1)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/*
 * A keeper that is down gets everything later, by fdstore_again(); its absence
 * is no error here.
 */
static int
send_fds(const char *name, const int *fds, size_t n)
{
	char	text[NAME_MAX_ + 64];
	int	error = 0;

	snprintf(text, sizeof(text), "FDSTORE=1\nFDNAME=%s\nFDPOLL=0", name);
	for (size_t i = 0; i < n && error == 0; i += BATCH)
		error = say(text, fds + i, n - i < BATCH ? n - i : BATCH, 0);
	return error == -ECONNREFUSED || error == -ENOENT ? 0 : error;
}

static void
send_remove(const char *name)
{
	char	text[NAME_MAX_ + 64];

	snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	say(text, NULL, 0, 0);
}

/* ---- adoption ---- */

void
fdstore_adopt(void)
{
	const char	*path = getenv("NOTIFY_SOCKET"), *pid;
	char		**names = NULL;
	int		 n;

	pthread_mutex_lock(&store.lock);
	if (path != NULL)
		sock_open(path);
	pid = getenv("WATCHDOG_PID");
	store.watchdog = getenv("WATCHDOG_USEC") != NULL &&
	    (pid == NULL || strtol(pid, NULL, 10) == (long)getpid());
	n = sd_listen_fds_with_names(1, &names);
	store.order = n > 0 ? xcalloc((size_t)n, sizeof(*store.order)) : NULL;
	for (int i = 0; i < n; i++) {
		struct entry *e;

		if (strlen(names[i]) > NAME_MAX_) {
			close(SD_LISTEN_FDS_START + i);
			free(names[i]);
			continue;
		}
		e = entry_get(names[i]);
		if (e->n == 0)
			store.order[store.norder++] = e;
		entry_add(e, SD_LISTEN_FDS_START + i);
		e->adopted++;
		free(names[i]);
	}
	free(names);
	pthread_mutex_unlock(&store.lock);
}

static int
entry_take(struct entry *e)
{
	return entry_untaken(e) ? e->fds[e->next++] : -1;
}

int
fdstore_take(const char *name)
{
	int	fd;

	pthread_mutex_lock(&store.lock);
	fd = entry_take(entry_find(name));
	pthread_mutex_unlock(&store.lock);
	return fd;
}

int
fdstore_take_prefix(const char *prefix, char *name, size_t size)
{
	struct str	p = str_of(prefix);
	int		fd = -1;

	pthread_mutex_lock(&store.lock);
	for (size_t i = store.first; i < store.norder && fd == -1; i++) {
		struct entry *e = store.order[i];

		if (!entry_untaken(e)) {
			if (i == store.first)
				store.first++;
			continue;
		}
		if (!str_prefix(str_of(e->name), p))
			continue;
		if (!str_copy(name, size, str_of(e->name)))
			continue;	/* no name that the caller could have given */
		fd = entry_take(e);
	}
	pthread_mutex_unlock(&store.lock);
	return fd;
}

/* Closes what nobody took and forgets it. */
static int
entry_drop_untaken(struct entry *e)
{
	size_t	n = e->adopted - e->next;

	for (size_t i = e->next; i < e->adopted; i++) {
		store.by_fd[e->fds[i]] = NULL;
		close(e->fds[i]);
	}
	memmove(e->fds + e->next, e->fds + e->adopted,
	    (e->n - e->adopted) * sizeof(*e->fds));
	e->n -= n;
	e->adopted = e->next;
	return (int)n;
}

/* A name leaves the store as a whole: what is in use of it goes back in. */
static int
entry_close_rest(struct entry *e)
{
	int	n;

	send_remove(e->name);
	n = entry_drop_untaken(e);
	if (e->n > 0)
		send_fds(e->name, e->fds, e->n);
	else
		entry_free(e);
	return n;
}

int
fdstore_close_rest(void)
{
	int	n = 0;

	pthread_mutex_lock(&store.lock);
	for (size_t i = store.first; i < store.norder; i++)
		if (entry_untaken(store.order[i]))
			n += entry_close_rest(store.order[i]);
	free(store.order);
	store.order = NULL;
	store.norder = store.first = 0;
	pthread_mutex_unlock(&store.lock);
	return n;
}

/* ---- storing ---- */

int
fdstore_put(const char *name, const int *fds, size_t n)
{
	struct entry	*e;
	size_t		 before;
	int		 error;

	if (name[0] == '\0' || strlen(name) > NAME_MAX_ ||
	    strchr(name, ':') != NULL)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (fds[i] < 0)
			return -EBADF;
	pthread_mutex_lock(&store.lock);
	if (store.sock == -1) {
		pthread_mutex_unlock(&store.lock);
		return 0;
	}
	e = entry_get(name);
	before = e->n;
	for (size_t i = 0; i < n; i++)
		if (!entry_has(e, fds[i]))
			entry_add(e, fds[i]);
	error = send_fds(name, e->fds + before, e->n - before);
	if (error < 0) {
		while (e->n > before)
			store.by_fd[e->fds[--e->n]] = NULL;
		if (e->n == 0)
			entry_free(e);
	}
	pthread_mutex_unlock(&store.lock);
	return error;
}

void
fdstore_remove(const char *name)
{
	struct entry	*e;

	pthread_mutex_lock(&store.lock);
	e = entry_find(name);
	if (e != NULL) {
		send_remove(name);
		entry_drop_untaken(e);
		entry_free(e);
	}
	pthread_mutex_unlock(&store.lock);
}

/* One that was closed without fdstore_remove() must not keep the others out. */
static void
send_singly(struct entry *e)
{
	for (size_t i = 0; i < e->n; i++)
		send_fds(e->name, &e->fds[i], 1);
}

void
fdstore_again(void)
{
	struct entry	*e;
	size_t		 cursor = 0;

	pthread_mutex_lock(&store.lock);
	while (store.names != NULL &&
	    (e = map_next(store.names, &cursor)) != NULL)
		if (send_fds(e->name, e->fds, e->n) == -EBADF)
			send_singly(e);
	pthread_mutex_unlock(&store.lock);
}

/* ---- what else is said ---- */

void
notify_ready(void)
{
	char	text[64];

	snprintf(text, sizeof(text), "READY=1\nMAINPID=%ld", (long)getpid());
	say(text, NULL, 0, 0);
}

void
notify_status(const char *status)
{
	char	text[256];

	snprintf(text, sizeof(text), "STATUS=%s", status);
	say(text, NULL, 0, MSG_DONTWAIT);
}

void
notify_watchdog(void)
{
	if (store.watchdog)
		say("WATCHDOG=1", NULL, 0, MSG_DONTWAIT);
}

void
notify_stopping(void)
{
	say("STOPPING=1", NULL, 0, MSG_DONTWAIT);
}

/* ---- memory ---- */

static void *
map_whole(int fd, size_t size)
{
	void	*p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void *
memory_new(const char *name, size_t size)
{
	void	*p = NULL;
	int	 error, fd = memfd_create(name, MFD_CLOEXEC);

	if (fd == -1)
		return NULL;
	if (ftruncate(fd, (off_t)size) == -1 ||
	    (p = map_whole(fd, size)) == NULL) {
		error = errno;
		close(fd);
		errno = error;
		return NULL;
	}
	error = fdstore_put(name, &fd, 1);
	if (error == 0)
		return p;	/* fd stays open: fdstore_again() wants it */
	munmap(p, size);
	close(fd);
	errno = -error;
	return NULL;
}

void *
fdstore_memory(const char *name, size_t size, int *adopted)
{
	struct stat	 st;
	void		*p = NULL;
	int		 fd = fdstore_take(name);

	if (fd != -1 && fstat(fd, &st) == 0 && st.st_size >= (off_t)size)
		p = map_whole(fd, size);
	if (fd != -1 && p == NULL) {
		fdstore_remove(name);	/* too small: of another shape */
		close(fd);
	}
	if (p == NULL && (p = memory_new(name, size)) != NULL)
		*adopted = 0;
	else if (p != NULL)
		*adopted = 1;
	return p;
}
