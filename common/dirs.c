/*
 * dirs - where everything lies, and the names of the sockets there.
 */
#include "common/dirs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"

/* Room for "/monitor/" or "/bus/", a daemon's name, ".feed". */
#define SOCKET_NAME_MAX	24

static int
set(char *out, size_t size, const char *base, const char *name)
{
	int	n = snprintf(out, size, "%s%s", base, name);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static int
set_all(struct dirs *d, const char *etc, const char *run, const char *state,
    const char *log, const char *base)
{
	if (set(d->etc, sizeof(d->etc), base, etc) < 0 ||
	    set(d->run, sizeof(d->run), base, run) < 0 ||
	    set(d->state, sizeof(d->state), base, state) < 0 ||
	    set(d->log, sizeof(d->log), base, log) < 0)
		return -ENAMETOOLONG;
	if (strlen(d->run) + SOCKET_NAME_MAX >=
	    sizeof(((struct sockaddr_un *)0)->sun_path))
		return -ENAMETOOLONG;
	return 0;
}

/* Absolute, because who reads it later may stand elsewhere; no final '/'. */
static int
absolute(char *out, size_t size, const char *dir)
{
	char	cwd[4096];
	int	n;

	if (dir[0] == '/')
		n = snprintf(out, size, "%s", dir);
	else if (getcwd(cwd, sizeof(cwd)) == NULL)
		return -errno;
	else if (strcmp(dir, ".") == 0)
		n = snprintf(out, size, "%s", cwd);
	else
		n = snprintf(out, size, "%s/%s", cwd,
		    strncmp(dir, "./", 2) == 0 ? dir + 2 : dir);
	if (n < 0 || (size_t)n >= size)
		return -ENAMETOOLONG;
	while (n > 0 && out[n - 1] == '/')
		out[--n] = '\0';
	return 0;
}

int
dirs_find(struct dirs *d, const char *dir)
{
	char	base[4096];
	int	error;

	if (dir == NULL)
		dir = getenv("CORDBOARD_DIR");
	if (dir == NULL || dir[0] == '\0')
		return set_all(d, "/etc/cordboard", "/run/cordboard",
		    "/var/lib/cordboard", "/var/log/cordboard", "");
	if ((error = absolute(base, sizeof(base), dir)) < 0)
		return error;
	return set_all(d, "/etc", "/run", "/state", "/log", base);
}

const char *
dirs_path(char buf[4096], const char *base, const char *fmt, ...)
{
	size_t	n = (size_t)snprintf(buf, 4096, "%s/", base);
	va_list	ap;
	int	m;

	if (n >= 4096)
		fatal("%s: this path is too long", base);
	va_start(ap, fmt);
	m = vsnprintf(buf + n, 4096 - n, fmt, ap);
	va_end(ap);
	if (m < 0 || n + (size_t)m >= 4096)
		fatal("%s: a path in it is too long", base);
	return buf;
}

const char *
dirs_bus(char buf[4200], const struct dirs *d, const char *name)
{
	snprintf(buf, 4200, "ipc://%s/bus/%s", d->run, name);
	return buf;
}

const char *
dirs_monitor(char buf[4200], const struct dirs *d, const char *name)
{
	snprintf(buf, 4200, "ipc://%s/monitor/%s", d->run, name);
	return buf;
}

const char *
dirs_feed(char buf[4200], const struct dirs *d, const char *name)
{
	snprintf(buf, 4200, "ipc://%s/bus/%s.feed", d->run, name);
	return buf;
}
