/*
 * password - secrets come from a file, from standard input or from the terminal,
 * never from the command line, where everybody can read them.
 */
#include <errno.h>
#include <fcntl.h>
#include <readpassphrase.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sipctl/sipctl.h"

#define PASSWORD_MAX	255

int
read_all(int fd, size_t max, char **text, size_t *len)
{
	char	*s = NULL;
	size_t	 n = 0, size = 0;
	ssize_t	 got = 1;

	while (got != 0) {
		if (size - n < 2) {
			size = size == 0 ? 65536 : size * 2;
			s = xrealloc(s, 1, size);
		}
		got = read(fd, s + n, size - n - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || (n += (size_t)got) > max) {
			free(s);
			return got < 0 ? -errno : -EFBIG;
		}
	}
	s[n] = '\0';
	*text = s;
	*len = n;
	return 0;
}

/* The first line of text, which is wiped and freed. */
static char *
first_line(char *text, size_t len)
{
	size_t	 n = strcspn(text, "\r\n");
	char	*password = NULL;

	if (n > 0 && n <= PASSWORD_MAX)
		password = str_dup(str_make(text, n));
	else
		say(n == 0 ? "the password is empty" :
		    "the password is longer than 255 characters");
	explicit_bzero(text, len);
	free(text);
	return password;
}

static char *
from_file(const char *name)
{
	char	*text;
	size_t	 len;
	int	 e;

	if (strcmp(name, "-") == 0)
		e = read_all(STDIN_FILENO, 65536, &text, &len);
	else
		e = file_read(name, 65536, &text, &len);
	if (e < 0) {
		say("cannot read the password from %s: %s",
		    strcmp(name, "-") == 0 ? "standard input" : name, strerror(-e));
		return NULL;
	}
	return first_line(text, len);
}

static char *
from_terminal(void)
{
	char	 first[PASSWORD_MAX + 2], again[PASSWORD_MAX + 2];
	char	*password = NULL;

	if (readpassphrase("Password: ", first, sizeof(first),
	    RPP_REQUIRE_TTY) == NULL) {
		say("there is no terminal to ask for the password; use "
		    "--password-file FILE, or - for standard input");
		return NULL;
	}
	if (readpassphrase("   again: ", again, sizeof(again),
	    RPP_REQUIRE_TTY) == NULL || strcmp(first, again) != 0)
		say("these were two different passwords");
	else if (first[0] == '\0' || strlen(first) > PASSWORD_MAX)
		say("a password has 1 to 255 characters");
	else
		password = xstrdup(first);
	explicit_bzero(first, sizeof(first));
	explicit_bzero(again, sizeof(again));
	return password;
}

char *
password_arg(const struct line *l, bool *given)
{
	const char	*file = line_option(l, "password-file");

	*given = file != NULL || line_flag(l, "ask-password");
	if (file != NULL)
		return from_file(file);
	return *given ? from_terminal() : NULL;
}
