/*
 * process - which of our processes live, by their pid files.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sipctl/sipctl.h"

#define COMM_MAX	15	/* octets the kernel keeps of a name */

/*
 * The pid may be another process's by now: its name tells. A zombie is gone, even
 * when nobody has taken its exit code yet. /proc/PID/stat is "PID (NAME) STATE ...".
 */
static bool
is_alive(int pid, const char *program)
{
	char	path[64], *stat, *name, *end;
	size_t	len;
	bool	alive = false;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (file_read(path, 4096, &stat, &len) < 0)
		return false;
	name = strchr(stat, '(');
	end = strrchr(stat, ')');
	if (name != NULL && end != NULL && end > name && end[1] == ' ') {
		*end = '\0';
		alive = strncmp(name + 1, program, COMM_MAX) == 0 &&
		    strlen(name + 1) <= COMM_MAX && end[2] != 'Z' &&
		    end[2] != 'X';
	}
	free(stat);
	return alive;
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
	if (pid <= 1 || !is_alive(pid, strcmp(name, "keeper") == 0 ?
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
