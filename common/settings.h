#ifndef COMMON_SETTINGS_H
#define COMMON_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/addr.h"
#include "common/lines.h"
#include "common/nets.h"
#include "common/str.h"

/*
 * The typed configuration: what sip.conf says, checked, with defaults filled in.
 * Made from settings.def; immutable once built, freed whole.
 */
struct set_texts {
	char	**v;
	size_t	  n;
};
struct set_words {
	uint8_t	v[8];
	size_t	n;
};
/* Networks with a name; in order, the pointers stay. */
struct set_netlists {
	struct netlist {
		char		*name;
		struct set_nets	 nets;
	}	**v;
	size_t	  n;
};
struct set_certs {
	struct cert_files {
		char	*chain;
		char	*key;		/* may be the same file */
	}	*v;
	size_t	 n;
};
struct media_range {
	struct addr	addr;		/* port 0 */
	struct addr	told;		/* what phones are told; port 0, often the same */
	uint16_t	port_min;	/* even */
	uint16_t	port_max;
};
struct set_media {
	struct media_range	*v;
	size_t			 n;	/* at least 1 */
};
typedef int64_t			set_ms;
typedef uint32_t		set_u32;
typedef uint64_t		set_size;
typedef bool			set_flag;
typedef uint8_t			set_word;
typedef char			*set_text;
typedef struct set_texts	set_texts;
typedef struct set_words	set_words;
typedef struct set_nets		set_nets;
typedef struct set_netlists	set_netlists;
typedef struct set_lines	set_lines;
typedef struct set_certs	set_certs;
typedef uint8_t			set_tos;
typedef struct set_media	set_media;

struct listen {
	enum transport	transport;
	struct addr	addr;
	bool		block;		/* it has rules of its own */
#define LISTEN_SETTING(field, name, type, def, min, max, choices, since, help) \
	set_##type field;
#include "common/settings.def"
};
typedef struct set_listens {
	struct listen	*v;
	size_t		 n;
} set_listen;

/* What a domain's block says, or an account: of given only bit USER_SETTING_field. */
struct user_settings {
	uint32_t	given;
#define USER_SETTING(field, name, type, min, max, choices, since, help) \
	set_##type field;
#include "common/settings.def"
};
enum user_setting {
#define USER_SETTING(field, name, type, min, max, choices, since, help) \
	USER_SETTING_##field,
#include "common/settings.def"
	USER_SETTINGS
};
struct domain_settings {
	char			*name;
	struct user_settings	 own;
};

#define GATEWAY_NAME_MAX	63	/* octets; of a group's, too */

struct gateway_settings {
	char	*name;
#define GATEWAY_SETTING(field, name, type, def, min, max, choices, since, help) \
	set_##type field;
#include "common/settings.def"
};

struct settings {
	uint64_t	generation;
	struct gateway_settings *gateways;
	size_t		ngateways;
	struct domain_settings *blocks;	/* "domain NAME { }" */
	size_t		nblocks;
	char		*routes;	/* text of routes.conf, "" when there is none */
#define SETTING(daemon, field, name, type, def, min, max, choices, apply, since, help) \
	set_##type field;
#include "common/settings.def"
};

/* The address that "told" names, with a port. False: there is none, or no address. */
bool	listen_told(const struct listen *l, struct addr *out);
/* May traffic from a use this socket at all (row 4)? */
bool	listen_admits(const struct listen *l, const struct addr *a);

/* Indices of the word settings' choices. */
enum { AUTHENTICATE_NONE, AUTHENTICATE_REGISTER, AUTHENTICATE_LOCAL, AUTHENTICATE_ALL };
enum { CHALLENGE_AUTO, CHALLENGE_401 };
enum { QOP_AUTH, QOP_AUTH_INT };
enum { MATCH_ADDRESS, MATCH_NAME };
enum { REDIRECTS_FOLLOW, REDIRECTS_FORWARD };
enum { PING_CRLF, PING_EMPTY, PING_OPTIONS, PING_STUN };
enum { PING_NAT, PING_ALL };
enum { PATH_INSERT_SUPPORTED, PATH_INSERT_ALWAYS, PATH_INSERT_NEVER };
enum { SAME_NAT_DIRECT, SAME_NAT_NETWORK, SAME_NAT_PROXIED };
enum { HOLD_LEAVE, HOLD_CONVERT };
enum { RELAY_AUTO, RELAY_SOCKETS };
enum { MEDIA_AUTO, MEDIA_ALWAYS, MEDIA_NEVER };
enum { DURABILITY_COMMIT, DURABILITY_RELAXED };
enum { DIAL_PLAN_OFF, DIAL_PLAN_ON, DIAL_PLAN_FALLBACK };
enum { ORDER_REGISTRAR, ORDER_DIAL_PLAN, ORDER_OVERRIDE };	/* of who is asked */
enum { RELAY_ANYBODY, RELAY_CLIENTS, RELAY_NOBODY };
enum { TLS_VERIFY_OFF, TLS_VERIFY_OPTIONAL, TLS_VERIFY_REQUIRED };
enum { TLS_USAGE_TLS, TLS_USAGE_SIP };
enum { CALLS_AUTH_OFF, CALLS_AUTH_AUTHORIZATION, CALLS_AUTH_PROXY };

/* Where a configuration is wrong: file, line and column from 1, what to do. */
struct complaint {
	char		*file;
	uint32_t	 line;
	uint32_t	 column;
	bool		 warning;
	char		*text;		/* bad duration "8sec"; units are ms, s ... */
	char		*source;	/* the line as it stands */
};
struct complaints {
	struct complaint *v;
	size_t		  n;
	size_t		  errors;	/* those that are not warnings */
};
void	complain(struct complaints *c, bool warning, const char *file,
	    uint32_t line, uint32_t column, const char *fmt, ...)
	    __attribute__((format(printf, 6, 7)));
#define COMPLAINTS_MAX	100	/* kept; errors counts on */
void	complaints_fini(struct complaints *c);
/*
 * For people: FILE:LINE:COLUMN: error: TEXT, the line, a mark under the place.
 * utf8: draw the bar with a box character.
 */
void	complaint_print(const struct complaint *c, bool utf8, struct text *out);

struct conf;			/* conf.h: the text as tokens */

/*
 * Types and checks a configuration; NULL when there is an error (all of them are
 * listed, not only the first). Warnings alone do not prevent it.
 */
struct settings *settings_build(const struct conf *c, struct complaints *out);
void	settings_free(struct settings *s);	/* NULL is fine */
/*
 * The text of routes.conf is not needed any more. Sets are kept as long as the process
 * lives, and it may be big. For the one thread that looks at it.
 */
void	settings_drop_routes(const struct settings *s);

/*
 * May who is authenticated as this account write that address in From
 * ("user-matching", row 49)? Both are canonical AORs.
 */
bool	settings_may_claim(const struct settings *s, struct str account,
	    struct str from);
/* Is a asked before b ("routing-order", row 135)? Those not named come last. */
bool	settings_asks_before(const struct settings *s, unsigned a, unsigned b);

/*
 * The blocks a setting may stand in: nowhere, "gateway NAME { }", "listen ... { }",
 * "domain NAME { }".
 */
enum setting_block { BLOCK_NONE, BLOCK_GATEWAY, BLOCK_LISTEN, BLOCK_DOMAIN };

/* A row of settings.def, for describe, show, completion, manual. */
struct setting_info {
	const char	*daemon;	/* "all" or one name */
	const char	*name;
	const char	*type;
	const char	*def;
	int64_t		 min, max;
	const char	*choices;
	bool		 restart;
	const char	*since;
	const char	*help;
	enum setting_block block;	/* where it stands */
};
extern const struct setting_info settings_table[];	/* ends with name NULL */
const struct setting_info *setting_find(struct str name, enum setting_block block);
/* The nearest name by edit distance, or NULL: "did you mean". */
const struct setting_info *setting_nearest(struct str name, enum setting_block block);
/* "", "gateway NAME ", "listen SOCKET ", "domain NAME ": before the name, for people. */
const char *setting_prefix(const struct setting_info *i);
/* Every daemon that must restart for the step from a to b: names, else "". */
void	settings_restarts(const struct settings *a, const struct settings *b,
	    struct text *names);
/* What is in force, as sip.conf text that parses back; changed: only that. */
void	settings_print(const struct settings *s, bool changed_only, struct text *out);
void	settings_write(const struct settings *s, bool changed_only, FILE *to);
/* One value in the form it is written. */
void	setting_print(const struct settings *s, const struct setting_info *i,
	    struct text *out);
/* What its values may be: "500ms to 8s", "on|off"; nothing where all may. */
void	setting_range(const struct setting_info *i, struct text *out);

#endif
