/*
 * preflight - sockets that are taken, addresses that are not ours, directories
 * that cannot be written: tried before anything is started.
 */
#include "sipctl/preflight.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- sockets ---- */

/* 0 or -errno of binding there. */
static int
try_bind(int type, const struct addr *a)
{
	int	fd, e = 0, on = 1;

	fd = socket(a->sa.sa_family, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (type == SOCK_STREAM)	/* old connections may linger */
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (a->sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(fd, &a->sa, a->len) < 0)
		e = -errno;
	else if (type == SOCK_STREAM && listen(fd, 1) < 0)
		e = -errno;
	close(fd);
	return e;
}

static int
bind_failed(const char *what, const char *where, int e)
{
	switch (e) {
	case -EADDRINUSE:
		return no(CTL_NO, "%s%s is in use by another program; \"ss -lnp\" "
		    "shows which", what, where);
	case -EADDRNOTAVAIL:
		return no(CTL_NO, "%s%s: this machine has no such address", what,
		    where);
	case -EACCES:
		return no(CTL_NO, "%s%s: ports below 1024 need root", what, where);
	default:
		return no(CTL_NO, "%s%s: %s", what, where, strerror(-e));
	}
}

static int
try_listen(const struct listen *l)
{
	char	buf[ADDR_TEXT_MAX], what[16], where[ADDR_TEXT_MAX];
	int	e;

	e = try_bind(l->transport == TRANSPORT_UDP ? SOCK_DGRAM : SOCK_STREAM,
	    &l->addr);
	if (e == 0)
		return CTL_DONE;
	snprintf(what, sizeof(what), "%s:", transport_name(l->transport));
	str_copy(where, sizeof(where), addr_print(&l->addr, buf));
	return bind_failed(what, where, e);
}

static int
try_media(const struct media_range *m)
{
	struct addr	a = m->addr;
	char		buf[ADDR_TEXT_MAX], where[ADDR_TEXT_MAX];
	int		e;

	addr_set_port(&a, 0);
	if ((e = try_bind(SOCK_DGRAM, &a)) == 0)
		return CTL_DONE;
	str_copy(where, sizeof(where), addr_print_host(&a, buf));
	return bind_failed("media ", where, e);
}

/* ---- directories ---- */

/* Is dir a directory where files can be made? */
static int
try_directory(const char *dir)
{
	struct stat	st;
	char		path[4200];
	int		fd;

	if (stat(dir, &st) < 0)
		return no(CTL_NO, "%s: %s; \"sipctl init\" makes it", dir,
		    strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return no(CTL_NO, "%s is not a directory", dir);
	snprintf(path, sizeof(path), "%s/.try.%d", dir, (int)getpid());
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return no(CTL_NO, "%s: cannot write there: %s", dir,
		    strerror(errno));
	close(fd);
	unlink(path);
	return CTL_DONE;
}

int
preflight(const struct ctl *c, const struct settings *s)
{
	size_t	i;
	int	code, worst = CTL_DONE;

	if ((code = try_directory(c->dirs.state)) != CTL_DONE ||
	    (code = try_directory(c->dirs.run)) != CTL_DONE ||
	    (code = try_directory(c->dirs.log)) != CTL_DONE)
		return code;
	for (i = 0; i < s->listen.n; i++)
		if ((code = try_listen(&s->listen.v[i])) != CTL_DONE)
			worst = code;
	for (i = 0; i < s->media.n; i++)
		if ((code = try_media(&s->media.v[i])) != CTL_DONE)
			worst = code;
	return worst;
}
