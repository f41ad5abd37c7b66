#ifndef SIPD_INBOUND_H
#define SIPD_INBOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"
#include "sipd/hop.h"

struct gateway;
struct sip_msg;
struct packet;
struct worker;

/* A request that is being looked at: what core.c hands to the rooms above it. */
struct inbound {
	struct worker		*w;
	const struct sip_msg	*m;
	const struct packet	*p;
	struct hop		 back;	/* where its responses go */
	bool			 ours;	/* it did not come in: hangup.c made it */
	bool			 urgent;	/* to an emergency number */
	struct gateway		*gateway;	/* outside dialogs: that it comes from */
	uint64_t		 call;	/* the key that joins all records of a call */
};

#endif
