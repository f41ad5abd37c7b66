#ifndef COMMON_USER_SETTINGS_H
#define COMMON_USER_SETTINGS_H

#include "common/conf.h"
#include "common/settings.h"

/*
 * What may be set for the server, for a domain and for an account (row 107): the
 * USER_SETTING rows of settings.def. An account's own are kept as the lines of a
 * domain's block: "max-contacts 5\npstn off\n".
 */
enum user_level { LEVEL_SERVER, LEVEL_DOMAIN, LEVEL_ACCOUNT };

/* Adds to u, which was zeroed at first; user_settings_fini() afterwards. */
void	user_settings_read(struct user_settings *u, const struct conf_node *nodes,
	    size_t n, struct complaints *out);
void	user_settings_fini(struct user_settings *u);
/* The lines of a block, indented; only what is given. */
void	user_settings_print(const struct user_settings *u, const char *indent,
	    struct text *out);

/* The block of a domain, NULL when it has none. Case does not matter. */
const struct user_settings *settings_domain(const struct settings *s,
	    struct str domain);

/* The challenges that are offered in this realm. */
const struct set_words *settings_algorithms(const struct settings *s,
	struct str realm);

/*
 * What is in force for an account of the domain whose own are these lines ("" for
 * none). Texts and lists are borrowed from s and own, which keeps what was read.
 */
struct user_policy {
	struct user_settings	v;
	uint8_t			level[USER_SETTINGS];	/* where each comes from */
	struct user_settings	own;
};
void	user_policy_make(struct user_policy *p, const struct settings *s,
	    struct str domain, struct str own);
void	user_policy_fini(struct user_policy *p);
/* Name of a row, its value as it is written. */
const char *user_setting_name(enum user_setting which);
void	user_setting_print(const struct user_settings *u, enum user_setting which,
	    struct text *out);
/* The row's place among the USER_SETTING rows. */
unsigned user_setting_of(const struct setting_info *i);

/*
 * Lines own with those of change in the place of theirs; a name alone ("pstn\n")
 * drops it. -EBADMSG with why, what is wrong in words; -EMSGSIZE: out is too small.
 */
int	user_settings_change(struct str own, struct str change, struct text *out,
	    char *why, size_t size);

#endif
