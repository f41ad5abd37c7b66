/*
 * status - run/keeper.status, for sipctl: a line for each daemon,
 * "NAME PID STATE RESTARTS SINCE-MS LAST-END".
 */
#include "sipctl/keeper/keeper.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static bool	changed = true;

void
status_changed(void)
{
	changed = true;
}

static const char *
last_end(const struct child *c, char buf[32])
{
	if (c->status == -1)
		return "-";
	if (WIFSIGNALED(c->status))
		snprintf(buf, 32, "signal-%d", WTERMSIG(c->status));
	else
		snprintf(buf, 32, "exit-%d", WEXITSTATUS(c->status));
	return buf;
}

/* Replaced as a whole: who reads it never sees half of it. */
void
status_write(const struct place *p)
{
	static const char *const states[] = { "down", "starting", "ready",
	    "waiting", "stopping" };
	char	path[PATH_SIZE], temp[PATH_SIZE], text[DAEMONS * 160], end[32];
	size_t	n = 0;
	int	fd;

	if (!changed)
		return;
	for (int i = 0; i < DAEMONS; i++) {
		const struct child *c = &children[i];

		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "%s %ld %s %u %lld %s\n", c->name, (long)c->pid,
		    states[c->state], c->restarts, (long long)c->since_ms,
		    last_end(c, end));
	}
	place_path(temp, p->run, "keeper.status", ".new");
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
	    0644);
	if (fd == -1)
		return;
	if (write(fd, text, n) == (ssize_t)n &&
	    rename(temp, place_path(path, p->run, "keeper.status", "")) == 0)
		changed = false;
	close(fd);
}
