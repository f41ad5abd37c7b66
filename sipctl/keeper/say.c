/*
 * say - the keeper's own lines, in the form of the daemons' logs.
 */
#include "sipctl/keeper/keeper.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int	file = -1;
static bool	to_stderr = true;

void
say_open(const struct place *p, bool foreground)
{
	char	path[PATH_SIZE];

	file = open(place_path(path, p->log, "keeper.log", ""),
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	to_stderr = foreground;
}

void
say(int level, const char *fmt, ...)
{
	char		line[1024];
	struct timespec	now;
	struct tm	tm;
	size_t		n;
	va_list		ap;
	int		m;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(line + n, sizeof(line) - n, ".%03dZ %d KEEPER ",
	    (int)(now.tv_nsec / 1000000), level);
	va_start(ap, fmt);
	m = vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	n += m < 0 ? 0 : (size_t)m;
	if (n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	if (file != -1 && write(file, line, n) == -1)
		to_stderr = true;
	if (to_stderr && write(STDERR_FILENO, line, n) == -1)
		return;
}
