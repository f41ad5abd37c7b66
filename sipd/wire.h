#ifndef SIPD_WIRE_H
#define SIPD_WIRE_H

#include <stdint.h>

#include "common/str.h"
#include "sipd/hop.h"
#include "sipd/worker.h"

/*
 * Sending: one door for all transports. Whether we may send there at all
 * (addr_may_target()) is the caller's business.
 */
enum {
	WIRE_MAY_CONNECT = 1,	/* open a connection when there is none */
	WIRE_RESPONSE = 2,	/* it has other ways when its connection is gone */
};

/*
 * Copies bytes (at most MESSAGE_MAX). UDP: leaves with the others at the turn's
 * end, from the socket and address of to->local. TCP: on the connection (remote,
 * local); with local empty, or with WIRE_MAY_CONNECT, on any to that remote end;
 * else a new one with WIRE_MAY_CONNECT. Never blocks. What fails is told later:
 * core_send_failed(w, token); token 0: not interested; a response on a stream:
 * back_lost().
 *
 * 0, or -errno when it is known at once that it cannot leave (no listener of
 * that family, too long, queue full); core_send_failed() does not follow then.
 */
int	wire_send(struct worker *w, const struct hop *to, struct str bytes,
	    unsigned flags, uint64_t token);

/*
 * The address that a message to `to` would leave from: to->local when it is set, else the listener that would be used (a
 * wildcard listener: the address the kernel would choose). TCP connections that
 * we open advertise our TCP listener of that family. 0 or -EADDRNOTAVAIL.
 */
int	wire_local(struct worker *w, const struct hop *to, struct addr *out);
/*
 * What the far end is told of that: the same, or the address of the NAT router before
 * us, when the far end is beyond it ("told", row 154).
 */
int	wire_told(struct worker *w, const struct hop *to, struct addr *out);

#endif
