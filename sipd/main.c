/* sipd - the SIP server: transports, transactions, proxy (sipd.c has its parts). */
#include "common/daemon.h"
#include "common/users.h"
#include "sipd/sipd.h"

static const struct daemon sipd = {
	.name = "sipd",
	.index = USER_SIPD,
	.sandbox = SANDBOX_NET,
	.recorder = true,
	.handlers = sipd_handlers,
	.start = sipd_start,
	.run = sipd_run,
	.stop = sipd_stop,
	.prepare = sipd_prepare,
	.commit = sipd_commit,
	.status = sipd_status,
	.busy = sipd_busy,
};

int
main(int argc, char *argv[])
{
	return daemon_main(&sipd, argc, argv);
}
