/*
 * mediad - the media proxy: SDP text, relay ports, relays and their figures.
 *
 * sipd asks it to rewrite offers and answers; phones send it packets.
 */
#include "common/daemon.h"
#include "mediad/mediad.h"

static const struct daemon mediad = {
	.name = "mediad",
	.index = 4,
	.sandbox = SANDBOX_RELAY,
	.handlers = mediad_handlers,
	.start = mediad_start,
	.stop = mediad_stop,
	.prepare = mediad_prepare,
	.commit = mediad_commit,
	.status = mediad_status,
};

int
main(int argc, char *argv[])
{
	return daemon_main(&mediad, argc, argv);
}
