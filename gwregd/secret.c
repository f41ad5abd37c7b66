/*
 * secret - the password of a gateway, from its file.
 *
 * gateway.c and gwregd.c's prepare read it; nobody logs or stores it.
 */
#include "gwregd/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"

#define SECRET_MAX	1024

int
secret_read(const struct dirs *d, const struct gateway_settings *set, char **out)
{
	char path[4096], *text;
	size_t len;
	int error, n;

	if (set->password_file[0] == '\0')
		return -ENODATA;
	n = set->password_file[0] == '/' ?
	    snprintf(path, sizeof(path), "%s", set->password_file) :
	    snprintf(path, sizeof(path), "%s/%s", d->etc, set->password_file);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	if ((error = file_read(path, SECRET_MAX, &text, &len)) < 0)
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

void
secret_free(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}
