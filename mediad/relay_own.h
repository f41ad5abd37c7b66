#ifndef MEDIAD_RELAY_OWN_H
#define MEDIAD_RELAY_OWN_H

#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "mediad/relay.h"

/*
 * What relay.c shares with the tiers, relay_sockets.c and relay_steered.c: the relay
 * itself, and a vector of packets as one system call receives them.
 */
#define VECTOR		32	/* packets a call */
#define PACKET_MAX	9216	/* octets: a jumbo frame; longer is dropped */
#define EVENTS		256	/* sockets a look */

/* Room for where a packet went to, and when it came. */
union vector_control {
	struct cmsghdr	align;
	char		octets[CMSG_SPACE(sizeof(struct sockaddr_in6)) +
			    CMSG_SPACE(sizeof(struct timespec))];
};

struct vector {
	struct mmsghdr		h[VECTOR];
	struct iovec		iov[VECTOR];
	struct addr		from[VECTOR];
	union vector_control	control[VECTOR];
};

struct relay {
	struct loop		*loop;
	int			 epoll;
	struct loop_io		*io;
	struct loop_tick	*tick;
	bool			 ticking;
	bool			 stalled;	/* the next look finds old packets */
	struct mono		 beat;		/* the last one; ns 0: none yet */
	struct mono		 rate_from;
	uint32_t		 rate_packets;
	relay_moved_fn		*moved;
	relay_own_fn		*own;
	void			*arg;
	struct steered		*steered;	/* list */
	struct epoll_event	 events[EVENTS];
	struct vector		 in;		/* of relay_sockets.c */
	struct mmsghdr		 out[VECTOR];
	struct iovec		 iov_out[VECTOR];
	uint8_t			 octets[VECTOR][PACKET_MAX];
};

/* May it leave, and to whom? NULL: no, and it was counted. */
const struct addr *relay_judge(struct relay *r, struct flow *f,
	    const struct addr *from, const uint8_t *p, size_t len,
	    struct mono now);

/* For the first n packets, into the relay's octets; control: with room for it. */
void	vector_reset(struct relay *r, struct vector *v, unsigned n, bool control);
/* The same after a call that filled the first n. */
void	vector_reuse(struct vector *v, int n);
/* The kernel's stamp says so; none counts as old. */
bool	packet_is_young(const struct msghdr *h);

/*
 * relay_sockets.c: what waits in f's socket; in the first look one packet. Returns the
 * number of packets.
 */
unsigned sockets_ready(struct relay *r, struct flow *f, struct mono now, bool first);
/* A packet from f's own socket; counted. */
void	flow_send(const struct flow *f, const uint8_t *p, size_t len,
	    const struct addr *to);
/* relay_steered.c: what was steered. *more: some is left for the next look. */
unsigned steered_ready(struct relay *r, struct mono now, bool *more);
/* True: f is steered from here on, its socket need not be watched. */
bool	steered_add(struct relay *r, struct flow *f);
void	steered_remove(struct flow *f);
void	steered_free(struct relay *r);

#endif
