#ifndef ROUTED_WORLD_TEST_H
#define ROUTED_WORLD_TEST_H

/* What a decision consults, as the tests of it make it. */
#include "routed/route.h"

/* Frees all of it but settings and names, which are each test's own. */
static inline void
world_fini(struct route_world *w)
{
	accounts_free((struct accounts *)w->accounts);
	directory_free(w->directory);
	domains_free((struct domains *)w->domains);
	gateways_free((struct gateways *)w->gateways);
	records_free((struct records *)w->records);
	dialplan_free(w->dialplan);
}

#endif
