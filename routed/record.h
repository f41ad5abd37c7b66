#ifndef ROUTED_RECORD_H
#define ROUTED_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/settings.h"
#include "common/str.h"
#include "routed/address.h"
#include "routed/arena.h"

/*
 * One router record: "[prefix:...]pattern = target" (FEATURES.md rows 112-119). It
 * is read, matched with an address, and says which address it makes of it.
 *
 *   pattern  = domain | "<" local [ "@" domain ] ">"
 *   wildcard = "*" | "(" n [ "-" m ] "d)" [ "*" ]	any text; n to m digits
 *   target   = local@domain | domain | program{a,*}#local@domain
 */
enum record_class {		/* what is looked for: row 119 */
	RECORD_SIGNAL	= 1,	/* where a request goes */
	RECORD_ACCESS	= 2,	/* who a name is that signs in, or that calls */
	RECORD_MAIL	= 4,	/* nothing here looks for that */
	RECORD_ALL	= 7,
};

#define RECORD_STARS	4	/* wildcards of one pattern */
#define RECORD_DIGITS	64	/* the most a count can ask for */
#define RECORD_LINE_MAX	1024

/* A wildcard, with the text before it; the last piece may have no wildcard. */
struct piece {
	uint16_t	off, len;	/* into the pattern's text */
	bool		wild;
	uint8_t		min, max;	/* digits; max 0: any text */
};
struct pattern {
	const char	*text;		/* of the pieces, lower case */
	const struct piece *v;
	uint8_t		 n;
	bool		 wild;		/* is there any? */
};

/* Of a target: text with places where a wildcard's text stands. */
struct record_part {
	const char	*text;
	const struct piece *v;		/* min: which wildcard, from 0 */
	uint8_t		 n;
};

struct record {
	const char	*text;		/* as written, without the comment */
	uint32_t	 line;
	uint8_t		 classes;	/* enum record_class */
	bool		 no_relay;
	bool		 relay;		/* written, so meant */
	bool		 whole_domain;	/* no <>: the local part stays */
	uint16_t	 pattern_at, target_at;	/* columns, from 1 */
	struct pattern	 local, domain;
	struct record_part to_app, to_local, to_domain;
	uint16_t	 to_port;
	uint32_t	 next;		/* records.c's */
};

/*
 * record_parse.c. Reads one line. 1: a record; 0: empty, or a comment; -EBADMSG after complaining,
 * about each thing that is wrong with it. main: the main domain, that patterns may
 * write out.
 */
int	record_parse(struct record *r, const char *file, uint32_t number,
	    struct str line, struct str main, struct arena *memory,
	    struct complaints *out);

/* What the wildcards took: slices of the address, local part first. */
struct captures {
	struct str	v[2 * RECORD_STARS];
	uint8_t		n;
};

bool	record_match(const struct record *r, const char *local,
	    const char *domain, struct captures *taken);
/* Makes *to of what was taken from *from. -ENAMETOOLONG. */
int	record_apply(const struct record *r, const struct address *from,
	    const struct captures *taken, struct address *to);
/* Why it does not match, in a few words for people. */
void	record_why_not(const struct record *r, const char *local,
	    const char *domain, enum record_class class, struct text *out);
/* Is there no address that b matches and a does not? */
bool	record_covers(const struct record *a, const struct record *b);

/* Does the pattern begin or end with this text, as it is without wildcards? */
struct str pattern_head(const struct pattern *p);
struct str pattern_tail(const struct pattern *p);

#endif
