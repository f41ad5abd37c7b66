/*
 * gwregd - keeps us registered with external gateways.
 *
 * Asks sipd to send (SEND); followed by routed and sipd; asked by sipctl.
 */
#include "common/daemon.h"
#include "gwregd/gwregd.h"

static const struct daemon gwregd = {
	.name = "gwregd",
	.index = 5,
	.sandbox = SANDBOX_STORE,
	.start = gwregd_start,		/* gwregd.c, still privileged */
	.run = gwregd_run,
	.stop = gwregd_stop,		/* gwregd.c, the same backwards */
	.prepare = gwregd_prepare,
	.commit = gwregd_commit,
	.status = gwregd_status,
};

int
main(int argc, char *argv[])
{
	return daemon_main(&gwregd, argc, argv);
}
