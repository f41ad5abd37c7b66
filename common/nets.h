#ifndef COMMON_NETS_H
#define COMMON_NETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/str.h"

/*
 * Lists of networks (FEATURES.md row 139). An entry is
 *
 *   192.0.2.1   2001:db8::1        an address
 *   10.0.0.0/8  2001:db8::/32      a network, host bits zero
 *   192.0.2.5-192.0.2.9            a range, both ends in it
 *   #office                        what another list has
 *   #@*.phones.example.com         addresses whose name matches: "*" is any text
 *   !ENTRY                         not that: wherever it stands, it outweighs
 *
 * and may end with "; a comment". Names of lists are letters, digits and "._-", in
 * any case. IPv4 inside IPv6 counts as IPv4.
 */
#define NETS_ENTRIES_MAX	1000	/* of one list */
#define NETS_TEXT_MAX		255	/* octets of an entry */
#define NETS_NAME_MAX		63	/* octets of a list's name */

/* First and last of a range: the family, 4 or 6, then 16 octets. */
struct net_span {
	uint8_t	first[17];
	uint8_t	last[17];
};
/* Sorted, none touches the next. */
struct net_spans {
	struct net_span	*v;
	size_t		 n;
};

enum net_kind { NET_SPAN, NET_LIST, NET_NAME };

struct net_entry {
	char		*text;		/* as written, without comment */
	struct str	 what;		/* in text: name of a list, or template */
	enum net_kind	 kind;
	bool		 except;	/* "!" */
	struct net_span	 span;
	const char	*file;		/* where it stands, while settings are built */
	uint32_t	 line, column;
};

/* A list: what is written, and what became of it. Zeroed: empty. */
struct set_nets {
	struct net_entry *v;
	size_t		 n;
	/* nets_resolve() */
	struct net_spans yes, no;
	const struct set_nets **lists;	/* parallel to v; only those that want names */
	uint8_t		 state;
	bool		 wants_name;
};

/*
 * Appends one entry. 0; -EBADMSG: none of the forms; -E2BIG: too many. why says
 * what is wrong with it, for people.
 */
int	nets_add(struct set_nets *n, struct str text, const char **why);
/*
 * After the last entry: looks up references by find, NULL: there is none of that
 * name. 0; -ENOENT or -ELOOP with *bad, the entry that leads nowhere or round.
 */
typedef struct set_nets *nets_find_fn(void *arg, struct str name);
int	nets_resolve(struct set_nets *n, nets_find_fn *find, void *arg,
	    const struct net_entry **bad);
/* Entries without references, separated by commas or blanks. 0 or -EBADMSG. */
int	nets_parse(struct set_nets *n, struct str text);
void	nets_fini(struct set_nets *n);
bool	nets_equal(const struct set_nets *a, const struct set_nets *b);

/*
 * Is a in the list? By its address alone: a template lets nobody in then, and "!"
 * with a template nobody either.
 */
bool	nets_have(const struct set_nets *n, const struct addr *a);
/* The same, knowing the name of a, which must have been confirmed (S26). */
bool	nets_have_named(const struct set_nets *n, const struct addr *a,
	    struct str name);
/*
 * Does one entry have both: a network or a range, written in this very list? Then
 * they may be one party's (row 152).
 */
bool	nets_same(const struct set_nets *n, const struct addr *a,
	    const struct addr *b);
/* Can the name of an address make a difference? */
bool	nets_want_name(const struct set_nets *n);

/* "a.b_c-1": what may name a list. */
bool	nets_is_name(struct str s);

#endif
