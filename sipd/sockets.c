/*
 * sockets - the kernel's sockets for SIP, made ready.
 */
#include "sipd/sockets.h"

#include <netinet/tcp.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void
option(int fd, int level, int name, int value)
{
	(void)setsockopt(fd, level, name, &value, sizeof(value));
}

void
socket_tos(int fd, int family, unsigned tos)
{
	if (family == AF_INET6)
		option(fd, IPPROTO_IPV6, IPV6_TCLASS, (int)tos);
	else
		option(fd, IPPROTO_IP, IP_TOS, (int)tos);
}

/* Forced when we are allowed to: else the system's limit cuts it. */
static void
buffers(int fd)
{
	int	size = SOCKET_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
	    sizeof(size)) < 0)
		option(fd, SOL_SOCKET, SO_RCVBUF, size);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size,
	    sizeof(size)) < 0)
		option(fd, SOL_SOCKET, SO_SNDBUF, size);
}

static int
make(const struct addr *a, int type)
{
	int	family = a->sa.sa_family;
	int	fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (family == AF_INET6)
		option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	return fd;
}

static int
bind_or_close(int fd, const struct addr *a)
{
	int	error;

	if (bind(fd, &a->sa, a->len) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

/*
 * SO_REUSEPORT would let us join a port that another program of the same user
 * has: a socket without it cannot.
 */
static int
probe(const struct addr *a)
{
	int	fd = make(a, SOCK_DGRAM);

	if (fd >= 0 && (fd = bind_or_close(fd, a)) >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

int
socket_udp(const struct addr *a, unsigned tos, bool alone)
{
	int	fd, error;

	if (alone && (error = probe(a)) < 0)
		return error;
	if ((fd = make(a, SOCK_DGRAM)) < 0)
		return fd;
	option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	buffers(fd);
	if (tos != 0)
		socket_tos(fd, a->sa.sa_family, tos);
	if (a->sa.sa_family == AF_INET6)
		option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	else if (addr_is_wildcard(a))
		option(fd, IPPROTO_IP, IP_PKTINFO, 1);
	return bind_or_close(fd, a);
}

int
socket_listen(const struct addr *a, unsigned tos)
{
	int	fd = make(a, SOCK_STREAM), error;

	if (fd < 0)
		return fd;
	option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (tos != 0)
		socket_tos(fd, a->sa.sa_family, tos);
	if ((fd = bind_or_close(fd, a)) < 0)
		return fd;
	if (listen(fd, SOMAXCONN) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

void
socket_stream_ready(int fd, int family, unsigned tos)
{
	option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	if (tos != 0)
		socket_tos(fd, family, tos);
}

int
socket_connect(const struct addr *to, const struct addr *from, unsigned tos)
{
	struct addr	local = *from;
	int		fd = make(to, SOCK_STREAM), error;

	if (fd < 0)
		return fd;
	socket_stream_ready(fd, to->sa.sa_family, tos);
	if (local.len > 0) {
		addr_set_port(&local, 0);
		option(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
		if ((fd = bind_or_close(fd, &local)) < 0)
			return fd;
	}
	if (connect(fd, &to->sa, to->len) == 0 || errno == EINPROGRESS)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

int
socket_local(int fd, struct addr *out)
{
	memset(out, 0, sizeof(*out));
	out->len = sizeof(out->in6);
	if (getsockname(fd, &out->sa, &out->len) == 0 &&
	    (out->sa.sa_family == AF_INET || out->sa.sa_family == AF_INET6))
		return 0;
	memset(out, 0, sizeof(*out));
	return -EBADF;
}

int
socket_remote(int fd, struct addr *out)
{
	memset(out, 0, sizeof(*out));
	out->len = sizeof(out->in6);
	if (getpeername(fd, &out->sa, &out->len) == 0 &&
	    (out->sa.sa_family == AF_INET || out->sa.sa_family == AF_INET6))
		return 0;
	memset(out, 0, sizeof(*out));
	return -ENOTCONN;
}

/* The kernel passes over connected sockets when it spreads datagrams. */
void
socket_leave_group(int fd, int family)
{
	struct addr	nobody;

	memset(&nobody, 0, sizeof(nobody));
	if (family == AF_INET6) {
		nobody.in6.sin6_family = AF_INET6;
		nobody.in6.sin6_addr = in6addr_loopback;
		nobody.in6.sin6_port = htons(9);
		nobody.len = sizeof(nobody.in6);
	} else {
		nobody.in.sin_family = AF_INET;
		nobody.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		nobody.in.sin_port = htons(9);
		nobody.len = sizeof(nobody.in);
	}
	(void)connect(fd, &nobody.sa, nobody.len);
}
