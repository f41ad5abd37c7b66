#ifndef SIPCTL_GW_H
#define SIPCTL_GW_H

#include "sipctl/sipctl.h"

/* The options of "gw add" and "gw set" as lines of a gateway's block. */

/* Beside sip.conf, where its password is put. */
const char *gw_secret_name(char buf[128], const char *gateway);
/* A block with the options of the line; secret: the password is in that file. */
void	gw_block(const struct line *l, bool secret, struct text *t);
/*
 * The file's text, which it takes, with the options of the line set in the block; NULL
 * after a complaint.
 */
char	*gw_set_options(const struct line *l, const char *file, char *text,
	    bool secret, struct complaints *out);

#endif
