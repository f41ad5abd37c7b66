/*
 * regd - the registrar: accounts, registrations, credentials.
 *
 * Asked by sipd (REGISTER, CREDENTIAL) and sipctl; followed by sipd and routed.
 */
#include "common/daemon.h"
#include "regd/regd.h"

static const struct daemon regd = {
	.name = "regd",
	.index = 2,
	.sandbox = SANDBOX_STORE,
	.start = regd_start,		/* regd.c, still privileged */
	.run = regd_run,
	.commit = regd_commit,
	.stop = regd_stop,		/* regd.c, the same backwards */
	.status = regd_status,
	.busy = regd_busy,
};

int
main(int argc, char *argv[])
{
	return daemon_main(&regd, argc, argv);
}
