/*
 * registrar - many phones on one UDP socket that sign in, stay and sign out.
 *
 *	registrar [-r RATE] [-w WINDOW] [-n TIMES] [-t SECONDS] [-o OUT-OF-100]
 *	    [-e EXPIRES | -u SECONDS] [-l LIST] SOURCE ADDRESS PORT DOMAIN USERS
 *
 * Phone i is u%07u with the password "pass-" and its name. The phones come in their
 * order, again and again, RATE a second (0: as fast as WINDOW requests under way
 * allow), TIMES in all, for SECONDS at most; of a hundred so many sign out instead.
 * -e is what they ask for; -u: so much that all end as many seconds after the begin.
 *
 * A phone does what RFC 3261 wants of one: it repeats a request that stays without
 * an answer, and comes again later when it was told 503 or nothing at all. LIST gets
 * a line for each phone: in, out, or "unsure" while its last request is open. Prints
 * figures, a word and a number each.
 */
#include <arpa/inet.h>
#include <err.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/digest.h"

#define ROOM		2048
#define T1_US		500000
#define T2_US		4000000
#define GIVE_UP_US	32000000	/* 64*T1 */
#define PAUSE_US	2000000		/* before it comes again, and as long by chance */
#define DRAIN_US	33000000
#define TURN_US		200
#define REPEAT_US	10000		/* between two looks at who repeats */
#define NONE		UINT32_MAX
#define LATENCIES	(1u << 22)

enum state { OUT, IN, UNSURE, NEVER };

struct phone {
	uint64_t	began_us;	/* of what it does now; 0: it rests */
	uint64_t	due_us;		/* when it repeats, or comes again */
	uint32_t	cseq;
	uint32_t	next, prev;	/* of those under way, by no order */
	uint32_t	wait_us;	/* until the next repetition */
	uint8_t		state;
	bool		leaves;		/* what is under way is a removal */
	bool		pauses;		/* it comes again at due_us */
	char		nonce[64];	/* "": asks for one first */
};

static struct {
	const char	*source, *domain;
	unsigned	 port, users, out_of_100, window;
	unsigned	 expires_s;
	uint64_t	 until_us;
	uint64_t	 begin_us;
	uint64_t	 salt;
} set = { .window = 48, .expires_s = 3600 };

static struct {
	uint64_t	started, ok, refused, again, repeated, lost, last_ok_us;
	uint32_t	under_way;
	uint32_t	latency[LATENCIES];
	uint32_t	nlatency;
} did;

static struct phone	*phones;
static uint32_t		 first_busy = NONE;
static int		 fd;
static uint64_t		 state;

static uint32_t
chance(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % n;
}

static uint64_t
now_us(void)
{
	struct timespec	t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- a request ---- */

static unsigned
expires_of(const struct phone *p, uint64_t now)
{
	uint64_t	end = set.begin_us + set.until_us;

	if (p->leaves)
		return 0;
	if (set.until_us == 0)
		return set.expires_s;
	return end > now + 2000000 ? (unsigned)((end - now) / 1000000) : 2;
}

static size_t
credential_write(char *to, size_t room, uint32_t i, const struct phone *p)
{
	struct digest_hex	ha1, response;
	struct digest_input	in = { .nc = STR("00000001"), .qop = STR("auth"),
				    .cnonce = STR("6c6f6164"), .method = STR("REGISTER") };
	char			user[16], pass[24], uri[128];

	snprintf(user, sizeof(user), "u%07u", i);
	snprintf(pass, sizeof(pass), "pass-%s", user);
	snprintf(uri, sizeof(uri), "sip:%s", set.domain);
	digest_ha1(DIGEST_MD5, str_of(user), str_of(set.domain), str_of(pass), &ha1);
	in.ha1 = str_make(ha1.s, ha1.len);
	in.nonce = str_of(p->nonce);
	in.uri = str_of(uri);
	digest_response(DIGEST_MD5, &in, &response);
	return (size_t)snprintf(to, room, "Authorization: Digest username=\"%s\","
	    "realm=\"%s\",nonce=\"%s\",uri=\"%s\",qop=auth,nc=00000001,"
	    "cnonce=\"6c6f6164\",algorithm=MD5,response=\"%.*s\"\r\n", user,
	    set.domain, p->nonce, uri, (int)response.len, response.s);
}

static void
phone_send(uint32_t i, struct phone *p, uint64_t now)
{
	char		 buf[ROOM];
	const char	*d = set.domain;
	unsigned	 e = expires_of(p, now);
	size_t		 n;

	n = (size_t)snprintf(buf, sizeof(buf), "REGISTER sip:%s SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP %s:%u;branch=z9hG4bK%x.%x.%llx;rport\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:u%07u@%s>;tag=%xf\r\n"
	    "To: <sip:u%07u@%s>\r\nCall-ID: %x-%016llx@%s\r\nCSeq: %u REGISTER\r\n"
	    "Contact: <sip:u%07u@%s:%u>;expires=%u\r\nUser-Agent: phone/1.0\r\n",
	    d, set.source, set.port, i, p->cseq, (unsigned long long)set.salt, i, d,
	    i, i, d, i, (unsigned long long)set.salt, set.source, p->cseq, i,
	    set.source, set.port, e);
	if (p->nonce[0] != '\0')
		n += credential_write(buf + n, sizeof(buf) - n, i, p);
	n += (size_t)snprintf(buf + n, sizeof(buf) - n, "Content-Length: 0\r\n\r\n");
	(void)send(fd, buf, n, 0);	/* what is lost is repeated */
}

/* ---- those under way ---- */

static void
busy_add(uint32_t i)
{
	phones[i].next = first_busy;
	phones[i].prev = NONE;
	if (first_busy != NONE)
		phones[first_busy].prev = i;
	first_busy = i;
	did.under_way++;
}

static void
busy_remove(uint32_t i)
{
	struct phone	*p = &phones[i];

	if (p->prev != NONE)
		phones[p->prev].next = p->next;
	else
		first_busy = p->next;
	if (p->next != NONE)
		phones[p->next].prev = p->prev;
	p->began_us = 0;
	did.under_way--;
}

static void
request(uint32_t i, uint64_t now)
{
	struct phone	*p = &phones[i];

	p->cseq++;
	p->pauses = false;
	p->wait_us = T1_US;
	p->due_us = now + T1_US;
	phone_send(i, p, now);
}

static void
begin(uint32_t i, uint64_t now)
{
	struct phone	*p = &phones[i];

	busy_add(i);
	did.started++;
	p->began_us = now;
	p->leaves = chance(100) < set.out_of_100 && p->state == IN;
	p->nonce[0] = '\0';
	p->state = UNSURE;
	request(i, now);
}

/* Told 503 or nothing at all: it comes again, as phones do. */
static void
later(struct phone *p, uint64_t now)
{
	did.again++;
	p->nonce[0] = '\0';
	p->pauses = true;
	p->due_us = now + PAUSE_US + chance(PAUSE_US);
}

static void
due(uint32_t i, uint64_t now)
{
	struct phone	*p = &phones[i];

	if (p->pauses) {
		request(i, now);
		return;
	}
	if (p->wait_us >= T2_US && now - p->began_us > GIVE_UP_US) {
		did.lost++;
		later(p, now);
		return;
	}
	p->wait_us = p->wait_us * 2 < T2_US ? p->wait_us * 2 : T2_US;
	p->due_us = now + p->wait_us;
	did.repeated++;
	phone_send(i, p, now);
}

/* ---- answers ---- */

/* One nonce is good for every algorithm. False: there is none. */
static bool
nonce_take(struct phone *p, const char *buf)
{
	const char	*from = strstr(buf, "nonce=\"");
	size_t		 n;

	if (from == NULL)
		return false;
	from += 7;
	n = strcspn(from, "\"");
	if (n == 0 || n >= sizeof(p->nonce))
		return false;
	memcpy(p->nonce, from, n);
	p->nonce[n] = '\0';
	return true;
}

static void
answered(uint32_t i, int code, const char *buf, uint64_t now)
{
	struct phone	*p = &phones[i];

	if (code == 401 && p->nonce[0] == '\0' && nonce_take(p, buf)) {
		request(i, now);
	} else if (code == 200) {
		did.ok++;
		did.last_ok_us = now;
		did.latency[did.nlatency++ % LATENCIES] = (uint32_t)(now - p->began_us);
		p->state = p->leaves ? OUT : IN;
		busy_remove(i);
	} else if (code == 503 || code == 500 || code == 408) {
		later(p, now);
	} else {
		if (did.refused++ == 0)
			warnx("u%07u: %.40s", i, buf);
		busy_remove(i);
	}
}

static void
take(char *buf, uint64_t now)
{
	const char	*id = strcasestr(buf, "\r\nCall-ID: ");
	const char	*cseq = strcasestr(buf, "\r\nCSeq: ");
	uint32_t	 i;

	if (id == NULL || cseq == NULL || strncmp(buf, "SIP/2.0 ", 8) != 0)
		return;
	i = (uint32_t)strtoul(id + 11, NULL, 16);
	if (i >= set.users || phones[i].began_us == 0 || phones[i].pauses ||
	    phones[i].cseq != strtoul(cseq + 8, NULL, 10))
		return;
	answered(i, atoi(buf + 8), buf, now);
}

static void
receive(void)
{
	char	buf[ROOM];
	ssize_t	n;

	for (int k = 0; k < 256; k++) {
		n = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);
		if (n < 0)
			return;
		buf[n] = '\0';
		take(buf, now_us());
	}
}

static void
repeat(uint64_t now)
{
	uint32_t	i, next;

	for (i = first_busy; i != NONE; i = next) {
		next = phones[i].next;
		if (phones[i].due_us <= now)
			due(i, now);
	}
}

/* ---- the whole ---- */

static void
socket_open(const char *to, const char *port)
{
	struct sockaddr_in	a = { .sin_family = AF_INET };
	socklen_t		len = sizeof(a);
	int			room = 16 << 20;

	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || inet_pton(AF_INET, set.source, &a.sin_addr) != 1 ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		err(1, "%s", set.source);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	set.port = ntohs(a.sin_port);
	a.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	if (inet_pton(AF_INET, to, &a.sin_addr) != 1 ||
	    connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		err(1, "%s:%s", to, port);
}

static uint64_t
wanted(uint64_t rate, uint64_t times, uint64_t now)
{
	uint64_t	n = rate == 0 ? UINT64_MAX :
			    (now - set.begin_us) * rate / 1000000;

	return n < times ? n : times;
}

static void
run(uint64_t rate, uint64_t times, uint64_t seconds)
{
	uint64_t	now = now_us(), end, turn = 0, repeated = now;

	set.begin_us = now;
	end = now + seconds * 1000000;
	while (now < end && (did.started < times || did.under_way > 0)) {
		while (did.started < wanted(rate, times, now) &&
		    (rate > 0 || did.under_way < set.window) &&
		    did.under_way < set.users) {
			uint32_t	i = (uint32_t)(turn++ % set.users);

			if (phones[i].began_us == 0)
				begin(i, now);
		}
		receive();
		now = now_us();
		if (now - repeated > REPEAT_US) {
			repeat(now);
			repeated = now;
		}
		/*
		 * Not poll: answers gather meanwhile, and the cores are left to whom
		 * is measured.
		 */
		nanosleep(&(struct timespec){ .tv_nsec = TURN_US * 1000 }, NULL);
		now = now_us();
	}
	/* Nothing new; what is open may still end. */
	for (end = now + DRAIN_US; now < end && did.under_way > 0; now = now_us()) {
		receive();
		repeat(now);
		poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, REPEAT_US / 1000);
	}
}

static int
by_size(const void *a, const void *b)
{
	uint32_t	x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t
share(unsigned percent)
{
	uint32_t	n = did.nlatency < LATENCIES ? did.nlatency : LATENCIES;

	return n == 0 ? 0 : did.latency[(uint64_t)n * percent / 101];
}

static void
list_write(const char *path)
{
	static const char *const words[] = { "out", "in", "unsure", "never" };
	FILE	*f = fopen(path, "w");

	if (f == NULL)
		err(1, "%s", path);
	for (uint32_t i = 0; i < set.users; i++)
		fprintf(f, "u%07u %s sip:u%07u@%s:%u\n", i, words[phones[i].state],
		    i, set.source, set.port);
	fclose(f);
}

static void
figures_print(void)
{
	qsort(did.latency, did.nlatency < LATENCIES ? did.nlatency : LATENCIES,
	    sizeof(did.latency[0]), by_size);
	printf("started %llu\nok %llu\nrefused %llu\nagain %llu\nrepeated %llu\n"
	    "lost %llu\nopen %u\nms %llu\np50_us %u\np99_us %u\n",
	    (unsigned long long)did.started, (unsigned long long)did.ok,
	    (unsigned long long)did.refused, (unsigned long long)did.again,
	    (unsigned long long)did.repeated, (unsigned long long)did.lost,
	    did.under_way, (unsigned long long)
	    (did.ok > 0 ? (did.last_ok_us - set.begin_us) / 1000 : 0), share(50), share(99));
}

int
main(int argc, char *argv[])
{
	uint64_t	 rate = 0, times = UINT64_MAX, seconds = 3600;
	const char	*list = NULL;
	int		 c;

	while ((c = getopt(argc, argv, "r:w:n:t:o:e:u:l:")) != -1)
		switch (c) {
		case 'r': rate = strtoull(optarg, NULL, 10); break;
		case 'w': set.window = (unsigned)atoi(optarg); break;
		case 'n': times = strtoull(optarg, NULL, 10); break;
		case 't': seconds = strtoull(optarg, NULL, 10); break;
		case 'o': set.out_of_100 = (unsigned)atoi(optarg); break;
		case 'e': set.expires_s = (unsigned)atoi(optarg); break;
		case 'u': set.until_us = strtoull(optarg, NULL, 10) * 1000000; break;
		case 'l': list = optarg; break;
		default: return 2;
		}
	if (argc - optind != 5)
		errx(2, "usage: registrar [OPTIONS] SOURCE ADDRESS PORT DOMAIN USERS");
	argv += optind;
	set.source = argv[0];
	set.domain = argv[3];
	set.users = (unsigned)strtoul(argv[4], NULL, 10);
	if (getrandom(&state, sizeof(state), 0) != sizeof(state))
		err(1, "getrandom");
	set.salt = state;
	if (set.users == 0 || (phones = calloc(set.users, sizeof(*phones))) == NULL)
		errx(1, "no users");
	for (unsigned i = 0; i < set.users; i++)
		phones[i].state = NEVER;
	socket_open(argv[1], argv[2]);
	run(rate, times, seconds);
	if (list != NULL)
		list_write(list);
	figures_print();
	free(phones);
	close(fd);
	return 0;
}
