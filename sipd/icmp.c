/*
 * icmp - errors that the network returns for datagrams we sent.
 *
 * udp.c calls it. Without it a phone that has gone, with its port closed, costs
 * every repetition of a request until timer B or F, and its caller half a minute
 * (RFC 3261 section 18.4; N4).
 */
#include "sipd/icmp.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>

#include "common/stats.h"

#define READS_MAX	64
#define RETURNED_MAX	576	/* octets; routers bring back less */
#define CONTROL		256

void
icmp_want(int fd, int family)
{
	int	one = 1;

	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &one, sizeof(one));
	else
		(void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &one, sizeof(one));
}

/*
 * Section 18.4: host, network, port or protocol unreachable and parameter
 * problems are failures, time exceeded and source quench are none. A datagram
 * that is too long for the path goes in fragments the next time.
 */
static bool
is_failure(const struct sock_extended_err *e)
{
	switch (e->ee_origin) {
	case SO_EE_ORIGIN_ICMP:
		return e->ee_type == ICMP_PARAMETERPROB ||
		    (e->ee_type == ICMP_DEST_UNREACH &&
		    e->ee_code != ICMP_FRAG_NEEDED);
	case SO_EE_ORIGIN_ICMP6:
		return e->ee_type == ICMPV6_DEST_UNREACH ||
		    e->ee_type == ICMPV6_PARAMPROB;
	default:
		return false;
	}
}

static const struct sock_extended_err *
error_of(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c != NULL;
	    c = CMSG_NXTHDR(m, c))
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 &&
		    c->cmsg_type == IPV6_RECVERR))
			return (const void *)CMSG_DATA(c);
	return NULL;
}

static bool
read_one(struct worker *w, int fd)
{
	const struct sock_extended_err	*e;
	_Alignas(struct cmsghdr) char	 control[CONTROL];
	char				 bytes[RETURNED_MAX];
	struct iovec			 iov = { bytes, sizeof(bytes) };
	struct msghdr			 m = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t				 n;

	if ((n = recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT)) < 0)
		return false;
	if ((e = error_of(&m)) != NULL && is_failure(e)) {
		stats->udp_returned++;
		upper->returned(w, str_make(bytes, (size_t)n), -(int)e->ee_errno);
	}
	return true;
}

unsigned
icmp_read(struct worker *w, int fd)
{
	unsigned	n = 0;

	while (n < READS_MAX && read_one(w, fd))
		n++;
	return n;
}
