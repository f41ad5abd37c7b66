#ifndef COMMON_DIALPLAN_PARTS_H
#define COMMON_DIALPLAN_PARTS_H

#include "common/dialplan.h"
#include "common/timeclass.h"

/* The inside of the dial plan, for the files of that name alone. */
enum dial_tail { TAIL_NUMBER, TAIL_DIGITS, TAIL_ANY, TAIL_NONE };
enum dial_domain { DOMAIN_ANY, DOMAIN_LOCAL, DOMAIN_NAME };

/* One line of dial-from or dial-number. */
struct dial_pattern {
	struct str	 prefix, head;
	enum dial_tail	 tail;
	uint32_t	 min_tail;
	enum dial_domain where;
	struct str	 domain;
	struct regexp	*regexp;	/* instead of all but the domain */
};

/* Lines of one name. */
struct dial_table {
	const char		*name;
	struct dial_pattern	*v;
	size_t			 n;
};
struct dial_tables {
	struct dial_table	*v;
	size_t			 n;
};

struct dial_list {
	const char	*name;
	const char	*v[DIALPLAN_TARGETS_MAX];
	unsigned	 n;
	unsigned	 groups;	/* the highest that a target names */
};

struct dial_line {
	struct dial_rule	 rule;
	const struct dial_table	*from, *number;	/* NULL: everybody, everything */
	struct timeclass	*time;
	const struct dial_list	*to;
};

struct dialplan {
	struct dial_tables	 from, number;
	struct dial_list	*lists;
	size_t			 nlists;
	struct timeclasses	*times;
	struct dial_line	*v;
	unsigned		 n;
};

/* dialplan_read.c: a name off w, false after complaining; NULL: there is none. */
bool	dial_name_want(struct words *w, struct str *name);
struct dial_table *dial_table_find(const struct dial_tables *all, struct str name);
struct dial_list *dial_list_find(const struct dialplan *p, struct str name);
/* dialplan_rule.c: appends a line to p->v, which has room, or complains. */
void	dial_rule_read(struct dialplan *p, const struct set_line *line,
	    struct complaints *out);

#endif
