/*
 * secret - the password of a gateway, from its file.
 *
 * gateway.c and gwregd.c's prepare read it; nobody logs or stores it.
 */
#include "gwregd/secret.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"

#define SECRET_MAX	1024

static int
path_of(const struct dirs *d, const struct gateway_settings *set, char path[4096])
{
	int n;

	if (set->password_file[0] == '\0')
		return -ENODATA;
	n = set->password_file[0] == '/' ?
	    snprintf(path, 4096, "%s", set->password_file) :
	    snprintf(path, 4096, "%s/%s", d->etc, set->password_file);
	return n < 0 || n >= 4096 ? -ENAMETOOLONG : 0;
}

int
secret_read(const struct dirs *d, const struct gateway_settings *set, char **out)
{
	char path[4096], *text;
	size_t len;
	int error;

	if ((error = path_of(d, set, path)) < 0 ||
	    (error = file_read(path, SECRET_MAX, &text, &len)) < 0)
		return error;
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		text[--len] = '\0';
	if (len == 0) {
		free(text);
		return -ENODATA;
	}
	*out = text;
	return 0;
}

bool
secret_is_open(const struct dirs *d, const struct gateway_settings *set)
{
	char path[4096];
	struct stat st;

	return path_of(d, set, path) == 0 && stat(path, &st) == 0 &&
	    (st.st_mode & S_IROTH) != 0;
}

void
secret_free(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}
