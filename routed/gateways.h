#ifndef ROUTED_GATEWAYS_H
#define ROUTED_GATEWAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/messages.h"
#include "common/str.h"

/* The gateways' names and states: a replica of gwregd's. */
struct gateways;

struct gateway {
	char	*name;
	uint8_t	 state;		/* enum gateway_state */
	uint8_t	 probe;		/* enum probe_state */
	bool	 disabled;
	bool	 seen;		/* by the snapshot under way */
};

/* It is new, gone, disabled or enabled, or it came up or went down. */
typedef void gateways_changed_fn(void *arg, struct str name);

struct gateways *gateways_new(gateways_changed_fn *changed, void *arg);
void	gateways_free(struct gateways *g);	/* NULL is fine */
void	gateways_begin(struct gateways *g);
void	gateways_record(struct gateways *g, const struct msg_gateway *m);
void	gateways_complete(struct gateways *g);
/* Any case. */
const struct gateway *gateways_find(const struct gateways *g, struct str name);
uint32_t gateways_count(const struct gateways *g);
/* Can it be called, as far as is known? False: only when nothing else is left. */
bool	gateway_is_up(const struct gateway *g);
/* For people. */
const char *gateway_condition(const struct gateway *g);

#endif
