/*
 * process - which of our processes live, by their pid files.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sipctl/sipctl.h"

#define COMM_MAX	15	/* octets the kernel keeps of a name */

/* The pid may be another process's by now: its name tells. */
static bool
is_called(int pid, const char *program)
{
	char	path[64], *comm;
	size_t	len;
	bool	same;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (file_read(path, 256, &comm, &len) < 0)
		return false;
	if (len > 0 && comm[len - 1] == '\n')
		comm[--len] = '\0';
	same = strncmp(comm, program, COMM_MAX) == 0 && len <= COMM_MAX;
	free(comm);
	return same;
}

int
pid_of(const struct ctl *c, const char *name)
{
	char	path[4096], *text;
	size_t	len;
	int	pid;

	if (file_read(dirs_path(path, c->dirs.run, "%s.pid", name), 64, &text,
	    &len) < 0)
		return 0;
	pid = atoi(text);
	free(text);
	if (pid <= 1 || !is_called(pid, strcmp(name, "keeper") == 0 ?
	    "cordboard-keeper" : name))
		return 0;
	return pid;
}

bool
run_by_systemd(const struct ctl *c)
{
	char	path[64], *text;
	size_t	len;
	int	i, pid;
	bool	yes = false;

	for (i = 0; i < DAEMONS && !yes; i++) {
		if ((pid = pid_of(c, daemon_names[i])) == 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
		if (file_read(path, 65536, &text, &len) < 0)
			continue;
		yes = strstr(text, "/cordboard-") != NULL;
		free(text);
	}
	return yes;
}
