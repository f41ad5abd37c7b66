/*
 * streams - many RTP streams through a relay, and what became of their packets.
 *
 *	streams ADDRESS FIRST-PORT COUNT SECONDS
 *
 * Has COUNT sockets at FIRST-PORT, +2, +4 ... Reads as many lines "ADDRESS PORT", where
 * each of them sends to; then a packet of 172 octets goes out of each every 20 ms, at
 * times spread over these. What comes in is told apart by its SSRC, the number of the
 * socket that sent it. Prints packets sent, heard and lost, and the longest time that
 * any stream was silent, in ms.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PERIOD_NS	INT64_C(20000000)
#define DRAIN_NS	INT64_C(500000000)
#define PACKET		172

struct stream {
	int		 fd;
	struct sockaddr_in to;
	uint16_t	 sent;
	/* of what this one sent, as heard by the other end */
	uint32_t	 heard;
	int64_t		 last, silence;
};

static int64_t
now(void)
{
	struct timespec	t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int
open_port(const char *address, int port)
{
	struct sockaddr_in	a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int			fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (fd < 0 || inet_pton(AF_INET, address, &a.sin_addr) != 1 ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		err(1, "%s:%d", address, port);
	return fd;
}

static void
read_target(struct stream *s)
{
	char	address[64];
	int	port;

	if (scanf("%63s %d", address, &port) != 2)
		errx(1, "a line \"ADDRESS PORT\" for each socket");
	s->to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	inet_pton(AF_INET, address, &s->to.sin_addr);
}

static void
say(struct stream *s, uint32_t number)
{
	unsigned char	p[PACKET] = { 0x80, 0 };
	uint16_t	seq = htons(s->sent);
	uint32_t	stamp = htonl(s->sent * 160u), ssrc = htonl(number);

	memcpy(p + 2, &seq, 2);
	memcpy(p + 4, &stamp, 4);
	memcpy(p + 8, &ssrc, 4);
	if (sendto(s->fd, p, sizeof(p), 0, (struct sockaddr *)&s->to, sizeof(s->to)) < 0)
		warn("sendto");
	s->sent++;
}

static void
hear(struct stream *all, uint32_t count, int fd)
{
	unsigned char	p[2048];
	uint32_t	ssrc;
	int64_t		t = now();

	while (recv(fd, p, sizeof(p), 0) >= 12) {
		memcpy(&ssrc, p + 8, 4);
		if ((ssrc = ntohl(ssrc)) >= count)
			continue;
		if (all[ssrc].last != 0 && t - all[ssrc].last > all[ssrc].silence)
			all[ssrc].silence = t - all[ssrc].last;
		all[ssrc].last = t;
		all[ssrc].heard++;
	}
}

static void
poll_all(struct stream *all, uint32_t count, int ep, int64_t until)
{
	struct epoll_event	e[64];
	int			n;

	do {
		int64_t	left = (until - now()) / 1000000;

		n = epoll_wait(ep, e, 64, left > 0 ? (int)left : 0);
		for (int i = 0; i < n; i++)
			hear(all, count, e[i].data.fd);
	} while (n > 0 || now() < until);
}

int
main(int argc, char *argv[])
{
	uint32_t	 count, turn = 0;
	struct stream	*all;
	int64_t		 begin, end, silence = 0;
	unsigned long	 sent = 0, heard = 0;
	int		 ep = epoll_create1(0);

	if (argc != 5)
		errx(2, "usage: streams ADDRESS FIRST-PORT COUNT SECONDS");
	count = (uint32_t)atoi(argv[3]);
	all = calloc(count, sizeof(*all));
	for (uint32_t i = 0; i < count; i++) {
		struct epoll_event	e = { .events = EPOLLIN };

		e.data.fd = all[i].fd = open_port(argv[1], atoi(argv[2]) + 2 * (int)i);
		epoll_ctl(ep, EPOLL_CTL_ADD, all[i].fd, &e);
	}
	printf("open\n");
	fflush(stdout);
	for (uint32_t i = 0; i < count; i++)
		read_target(&all[i]);
	printf("going\n");
	fflush(stdout);
	begin = now();
	end = begin + atoi(argv[4]) * INT64_C(1000000000);
	for (int64_t due = begin; due < end; due += PERIOD_NS / count) {
		poll_all(all, count, ep, due);
		say(&all[turn], turn);
		turn = (turn + 1) % count;
	}
	poll_all(all, count, ep, now() + DRAIN_NS);
	for (uint32_t i = 0; i < count; i++) {
		sent += all[i].sent;
		heard += all[i].heard;
		if (all[i].heard > 0 && all[i].silence > silence)
			silence = all[i].silence;
	}
	printf("sent %lu heard %lu lost %ld silence %.1f\n", sent, heard,
	    (long)(sent - heard), silence / 1e6);
	return 0;
}
