/*
 * remote - sipctl -H HOST: the same line by ssh, never a management port.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "sipctl/setup.h"

/* One word for the shell at the other end; malloc'd. */
static char *
shell_quote(const char *s)
{
	size_t		 size = strlen(s) * 4 + 3;
	char		*buf = xcalloc(1, size);
	struct text	 t;

	text_init(&t, buf, size);
	text_ch(&t, '\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'')
			text_add(&t, STR("'\\''"));
		else
			text_ch(&t, *s);
	}
	text_ch(&t, '\'');
	buf[t.len] = '\0';
	return buf;
}

int
remote(const char *host, int argc, char *argv[])
{
	const char	**args;
	int		  i, n = 0;

	if (host[0] == '-' || host[0] == '\0')
		return no(CTL_USAGE, "\"%s\" is not the name of a host", host);
	args = xcalloc((size_t)argc + 8, sizeof(*args));
	args[n++] = "ssh";
	if (isatty(0) && isatty(1))
		args[n++] = "-t";
	args[n++] = host;
	args[n++] = "--";
	args[n++] = "sipctl";
	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-H") == 0 || strcmp(argv[i], "--host") == 0) {
			i++;		/* and the host */
			continue;
		}
		if (strncmp(argv[i], "-H", 2) == 0 ||
		    strncmp(argv[i], "--host=", 7) == 0)
			continue;
		args[n++] = shell_quote(argv[i]);
	}
	execvp("ssh", (char *const *)args);
	return no(CTL_UNREACHABLE, "cannot run ssh: %s", strerror(errno));
}
