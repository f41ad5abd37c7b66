#ifndef MEDIAD_STEER_H
#define MEDIAD_STEER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"

/*
 * The kernel's lookup of UDP sockets, steered: what comes for chosen ports of one
 * local address goes to one socket, whoever has bound those ports
 * (BPF_PROG_TYPE_SK_LOOKUP, Linux 5.9). All other ports are left alone.
 *
 * Needs CAP_BPF and CAP_NET_ADMIN when it is opened, nothing afterwards: a port is
 * chosen by one octet in memory that the kernel's program reads. Socket, memory and
 * program are held in the descriptor store, so packets of a dead process wait.
 */
struct steer {
	struct addr	 addr;		/* port 0 */
	int		 sock;		/* tells with each packet where it went to */
	int		 map, link;
	uint8_t		*ports;		/* by port; not 0: steered. NULL: not open */
};

/*
 * slot: the same for the same address in the next process, below 10. *adopted: the
 * store had it, and ports of that process are steered still. 0 or -errno.
 */
int	steer_open(struct steer *s, const struct addr *addr, unsigned slot,
	    bool *adopted);
void	steer_close(struct steer *s);	/* the store keeps what it has */
/* Ends what an earlier process had in this slot: its ports are as bound again. */
void	steer_forget(unsigned slot);

static inline void
steer_port(struct steer *s, uint16_t port, bool on)
{
	__atomic_store_n(&s->ports[port], on, __ATOMIC_RELEASE);
}

#endif
