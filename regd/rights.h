#ifndef REGD_RIGHTS_H
#define REGD_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/messages.h"
#include "common/show.h"
#include "common/str.h"

/*
 * Groups of rights (row 47): what accounts may ask for. A group has rights of its
 * own, "INVITE:local MESSAGE *:other" (method_rule.h), and those of the groups it
 * names.
 */
struct rights;

#define RIGHTS_MAX		1000	/* groups */
#define RIGHTS_NAME_MAX		63
#define RIGHTS_TEXT_MAX		2048	/* octets of a group's rights, and of its groups */
#define RIGHTS_DEPTH_MAX	8	/* groups of groups */

struct rights *rights_new(void);
void	rights_free(struct rights *r);	/* NULL is fine */

size_t	rights_count(const struct rights *r);
/* What is wrong with m, in words; false: why tells. */
bool	rights_check(const struct rights *r, const struct msg_rights *m, char *why,
	    size_t size);
/* Copies m, in the place of the group of that name. */
void	rights_set(struct rights *r, const struct msg_rights *m);
bool	rights_drop(struct rights *r, struct str name);
/* Borrowed. False: there is no such group. */
bool	rights_find(const struct rights *r, struct str name, struct msg_rights *out);
/* A group that names this one, or "". */
struct str rights_named_by(const struct rights *r, struct str name);
bool	rights_next(const struct rights *r, uint64_t *cursor, struct msg_rights *out);

/* May this group do that? One that does not exist may nothing, "" everything. */
bool	rights_allow(const struct rights *r, struct str name, struct str method,
	    bool local);

#endif
