/*
 * flood - a stranger on UDP who sends at a rate for a time and answers nothing.
 *
 *	flood KIND SOURCE ADDRESS PORT RATE SECONDS [USER@DOMAIN]
 *
 * KIND is a row of kinds[], SOURCE the address it sends from, RATE datagrams a
 * second, USER@DOMAIN who is called. Prints what went out and what came back, in
 * datagrams and octets. The stories of attacks run it.
 */
#include <arpa/inet.h>
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH	64
#define ROOM	1500
#define TICK_NS	1000000
#define DRAIN_MS 200		/* what still comes back after the last one */

static const char	*callee = "nobody@example.com";
static const char	*source;
static uint64_t		 state;

/* Different for each run and cheap: it only has to be new. */
static uint64_t
fresh(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static size_t
invite_from(char *buf, const char *domain)
{
	unsigned long long	a = fresh(), b = fresh();

	return (size_t)snprintf(buf, ROOM, "INVITE sip:%s SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP %s:5060;branch=z9hG4bK%016llx;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:u%llu@%s>;tag=%llx\r\n"
	    "To: <sip:%s>\r\nCall-ID: %016llx%llx\r\nCSeq: 1 INVITE\r\n"
	    "Contact: <sip:u@%s>\r\nContent-Length: 0\r\n\r\n", callee, source, a,
	    b % 1000, domain, b, callee, b, a, source);
}

/* As one of the callee's domain, without a credential. */
static size_t
invite_local(char *buf)
{
	const char	*at = strchr(callee, '@');

	return invite_from(buf, at != NULL ? at + 1 : callee);
}

/* As somebody from elsewhere, who may call. */
static size_t
invite_foreign(char *buf)
{
	return invite_from(buf, "elsewhere.test");
}

/* S36: what is no request, each kind in its turn. */
static size_t
rubbish(char *buf)
{
	static const struct {
		const char	*s;
		size_t		 len;
	} fixed[] = {
		{ "", 0 }, { "x", 1 }, { "\0", 1 }, { "\r\n\r\n", 4 }, { "\r\n", 2 },
		{ "\r\n\r\n\r\n\r\n", 8 },
	};
	size_t	kinds = sizeof(fixed) / sizeof(fixed[0]), len;
	size_t	kind = fresh() % (kinds + 3);

	if (kind < kinds) {
		memcpy(buf, fixed[kind].s, fixed[kind].len);
		return fixed[kind].len;
	}
	if (kind == kinds) {		/* a STUN binding request */
		memcpy(buf, "\0\1\0\0\x21\x12\xa4\x42", 8);
		for (size_t i = 8; i < 20; i++)
			buf[i] = (char)fresh();
		return 20;
	}
	len = invite_foreign(buf);	/* a part of a message, or octets */
	if (kind == kinds + 1)
		return fresh() % len;
	len = 1 + fresh() % 400;
	for (size_t i = 0; i < len; i++)
		buf[i] = (char)fresh();
	return len;
}

static const struct kind {
	const char	*name;
	size_t		(*write)(char *buf);
} kinds[] = {
	{ "invite-local", invite_local },
	{ "invite-foreign", invite_foreign },
	{ "rubbish", rubbish },
};

static const struct kind *
kind_find(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	errx(2, "no kind %s", name);
}

static int
open_socket(const char *to, const char *port)
{
	struct sockaddr_in	a = { .sin_family = AF_INET };
	int			fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || inet_pton(AF_INET, source, &a.sin_addr) != 1 ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		err(1, "%s", source);
	a.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	if (inet_pton(AF_INET, to, &a.sin_addr) != 1 ||
	    connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		err(1, "%s:%s", to, port);
	return fd;
}

struct tally {
	unsigned long	out, out_octets, in, in_octets;
};

/* False: not now. */
static bool
send_some(int fd, const struct kind *k, unsigned long n, struct tally *t)
{
	static char	bufs[BATCH][ROOM];
	struct iovec	iov[BATCH];
	struct mmsghdr	m[BATCH] = { 0 };
	unsigned	some = n < BATCH ? (unsigned)n : BATCH;
	int		sent;

	for (unsigned i = 0; i < some; i++) {
		iov[i] = (struct iovec){ bufs[i], k->write(bufs[i]) };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	sent = sendmmsg(fd, m, some, 0);
	for (int i = 0; i < sent; i++) {
		t->out++;
		t->out_octets += iov[i].iov_len;
	}
	return sent > 0;
}

static void
receive(int fd, struct tally *t)
{
	char	buf[ROOM];
	ssize_t	n;

	while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) >= 0) {
		t->in++;
		t->in_octets += (unsigned long)n;
	}
}

static uint64_t
now_ns(void)
{
	struct timespec	t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void
nap(uint64_t ns)
{
	nanosleep(&(struct timespec){ .tv_nsec = (long)ns }, NULL);
}

int
main(int argc, char *argv[])
{
	const struct kind *k;
	struct tally	   t = { 0 };
	unsigned long	   rate, due;
	uint64_t	   begin, end, now;
	int		   fd;

	if (argc < 7)
		errx(2, "usage: flood KIND SOURCE ADDRESS PORT RATE SECONDS [USER@DOMAIN]");
	k = kind_find(argv[1]);
	source = argv[2];
	fd = open_socket(argv[3], argv[4]);
	rate = strtoul(argv[5], NULL, 10);
	if (argc > 7)
		callee = argv[7];
	if (getrandom(&state, sizeof(state), 0) != sizeof(state))
		err(1, "getrandom");
	begin = now_ns();
	end = begin + strtoul(argv[6], NULL, 10) * 1000000000;
	while ((now = now_ns()) < end) {
		due = (unsigned long)((now - begin) * rate / 1000000000);
		while (t.out < due && send_some(fd, k, due - t.out, &t))
			receive(fd, &t);
		nap(TICK_NS);
	}
	nap(DRAIN_MS * 1000000UL);
	receive(fd, &t);
	printf("out %lu %lu in %lu %lu\n", t.out, t.out_octets, t.in, t.in_octets);
	close(fd);
	return 0;
}
