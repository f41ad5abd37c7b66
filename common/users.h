#ifndef COMMON_USERS_H
#define COMMON_USERS_H

#include <sys/types.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>

/*
 * Who the daemons are: cordboard-NAME when there is such a user, else the number
 * CORDBOARD_UID + index of a range that is kept for services without an entry in
 * passwd; the groups sip and sip-monitor likewise. Header only: the keeper, which
 * makes the directories, agrees with the daemons without linking them.
 */
#define CORDBOARD_UID		64300
#define CORDBOARD_GID		64300	/* sip: may change things */
#define CORDBOARD_MONITOR_GID	64309	/* sip-monitor: may look */

enum {				/* struct daemon's index */
	USER_SIPD = 1,
	USER_REGD,
	USER_ROUTED,
	USER_MEDIAD,
	USER_GWREGD,
};

static inline uid_t
users_uid(const char *name, unsigned index)
{
	char			 user[64];
	const struct passwd	*pw;

	snprintf(user, sizeof(user), "cordboard-%s", name);
	pw = getpwnam(user);
	return pw != NULL ? pw->pw_uid : CORDBOARD_UID + index;
}

static inline gid_t
users_gid(const char *name, gid_t otherwise)
{
	const struct group	*gr = getgrnam(name);

	return gr != NULL ? gr->gr_gid : otherwise;
}

#endif
