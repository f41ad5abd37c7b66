#ifndef SIPCTL_OUTPUT_OWN_H
#define SIPCTL_OUTPUT_OWN_H

#include "sipctl/output.h"

/* Shared by the output*.c files alone. */
#define CELL_MAX	65536	/* octets of one cell */

/* Is this key among --fields? */
bool	out_wants(const struct out *o, const char *key);
/* A value as text, as it is. */
void	out_plain(const json_t *v, struct text *t);
/* Everything a terminal may see, drawn. */
void	out_table(FILE *f, const struct out *o, const json_t *rows,
	    const struct column *columns);

#endif
