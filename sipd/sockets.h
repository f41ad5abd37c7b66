#ifndef SIPD_SOCKETS_H
#define SIPD_SOCKETS_H

#include <stdbool.h>

#include "common/addr.h"

/*
 * The kernel's sockets for SIP, made ready: non-blocking, closed on exec, with
 * their options. Functions return a descriptor or 0, or -errno.
 */
#define SOCKET_BUFFER	(4 * 1024 * 1024)

/* SO_REUSEPORT; a port that somebody else has is -EADDRINUSE when alone. */
int	socket_udp(const struct addr *a, unsigned tos, bool alone);
int	socket_listen(const struct addr *a, unsigned tos);
/* Begins to connect; from a (port 0) unless len is 0. */
int	socket_connect(const struct addr *to, const struct addr *from,
	    unsigned tos);
/* For a connection: accepted, adopted or ours. */
void	socket_stream_ready(int fd, int family, unsigned tos);
void	socket_tos(int fd, int family, unsigned tos);
int	socket_local(int fd, struct addr *out);
int	socket_remote(int fd, struct addr *out);
/* No further datagram comes to this one of a SO_REUSEPORT group. */
void	socket_leave_group(int fd, int family);

#endif
