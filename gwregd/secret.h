#ifndef GWREGD_SECRET_H
#define GWREGD_SECRET_H

#include "common/dirs.h"
#include "common/settings.h"

/*
 * Reads the password file of set (relative names: beside sip.conf) into a
 * malloc'd text without its last line end; free it with secret_free().
 * -errno; -ENODATA when there is none or it is empty.
 */
int	secret_read(const struct dirs *d, const struct gateway_settings *set,
	    char **out);
/* Can everybody read it? */
bool	secret_is_open(const struct dirs *d, const struct gateway_settings *set);
void	secret_free(char *secret);		/* NULL is fine; wipes it */

#endif
