#ifndef SIPCTL_OVERVIEW_H
#define SIPCTL_OVERVIEW_H

#include "common/generation.h"
#include "sipctl/house.h"

/* All daemons, the configuration, and what is wrong with them. */
struct overview {
	struct house_view	house;
	struct generation	in_force;
	bool			has_generation;
	json_t			*warnings;	/* of {text, command} */
	bool			ok;		/* all daemons are, and of one generation */
};

/* The order in which people expect the daemons, by index into daemon_names. */
extern const int overview_order[DAEMONS];

/* Asks all; overview_fini() in any case. */
void	overview_look(struct overview *o, struct ctl *c);
void	overview_fini(struct overview *o);
int64_t	house_contacts(const struct house_view *h);

#endif
