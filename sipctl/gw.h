#ifndef SIPCTL_GW_H
#define SIPCTL_GW_H

#include "sipctl/sipctl.h"

#include <jansson.h>

/* ---- gw_view.c ---- */

/*
 * The gateways, or the one of this name, as gwregd knows them, with what sipd counts of
 * their calls. An exit code.
 */
int	gw_rows(struct ctl *c, const char *name, json_t **rows);
/* As a table for people in their words; else as it is. */
void	gw_print(struct ctl *c, json_t *rows);
/* What has no place in the table, a line each. */
void	gw_print_more(const json_t *row);

/* ---- gw_secret.c ---- */

struct gw_secret {
	bool	 given;		/* the line has a password */
	char	*before;	/* what was in its place; NULL: nothing */
};

/* Beside sip.conf. */
const char *gw_secret_name(char buf[128], const char *gateway);
/* Puts the password of the line in its place, if it has one. An exit code. */
int	gw_secret_take(const struct ctl *c, const struct line *l, struct gw_secret *s);
/*
 * The end of it, in any case: after a failure what was there before is put back.
 * Returns code.
 */
int	gw_secret_settle(const struct ctl *c, const struct line *l,
	    struct gw_secret *s, int code);

/* ---- gw_options.c: the options of "gw add" and "gw set" as lines of a block ---- */

/* A block with the options of the line; secret: the password is in that file. */
void	gw_block(const struct line *l, bool secret, struct text *t);
/*
 * The file's text, which it takes, with the options of the line set in the block; NULL
 * after a complaint.
 */
char	*gw_set_options(const struct line *l, const char *file, char *text,
	    bool secret, struct complaints *out);

#endif
