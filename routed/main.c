/*
 * routed - the router: where does a request go, and may it?
 *
 * Asked by sipd (ROUTE) and sipctl; follows regd (accounts) and gwregd (gateways);
 * followed by sipd (domains, what to forget).
 */
#include "common/daemon.h"
#include "common/users.h"
#include "routed/routed.h"

static const struct daemon routed = {
	.name = "routed",
	.index = USER_ROUTED,
	.sandbox = SANDBOX_ROUTER,
	.routes = true,
	.start = routed_start,		/* routed.c, still privileged */
	.run = routed_run,
	.stop = routed_stop,		/* routed.c, the same backwards */
	.prepare = routed_prepare,	/* routes.conf is read there, too */
	.commit = routed_commit,
	.status = routed_status,
	.busy = routed_busy,
};

int
main(int argc, char *argv[])
{
	return daemon_main(&routed, argc, argv);
}
