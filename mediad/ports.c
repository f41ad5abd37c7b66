/*
 * ports - the pool of relay ports.
 *
 * sides.c has one for each relay address; end.c takes a pair for every medium of
 * every phone. Pairs are found by their port, the free ones of the range also stand
 * in a queue.
 */
#include "mediad/ports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fdstore.h"
#include "common/id.h"
#include "common/log.h"

#define PAIRS	32768		/* 65536 / 2 */

struct ports {
	struct addr	 addr, told;
	uint16_t	 min, max;	/* even, odd */
	uint32_t	 next_block;	/* first pair not yet tried, as an index */
	struct pair	*pairs[PAIRS];	/* by port / 2 */
	struct pair	*head, **tail;	/* free, the longest rested first */
	unsigned	 used, bound, nfree;
};

struct ports *
ports_new(const struct addr *addr, const struct addr *told, uint16_t min,
    uint16_t max)
{
	struct ports	*p = xcalloc(1, sizeof(*p));

	p->addr = *addr;
	p->told = *told;
	addr_set_port(&p->told, 0);
	addr_set_port(&p->addr, 0);
	p->min = (min + 1) & ~1;
	p->max = max;
	p->next_block = p->min / 2;
	p->tail = &p->head;
	return p;
}

void
ports_free(struct ports *p)
{
	if (p == NULL)
		return;
	for (unsigned i = 0; i < PAIRS; i++) {
		if (p->pairs[i] == NULL)
			continue;
		for (int k = 0; k < 2; k++)
			if (p->pairs[i]->fd[k] >= 0)
				close(p->pairs[i]->fd[k]);
		free(p->pairs[i]);
	}
	free(p);
}

bool
ports_in_range(const struct ports *p, uint16_t port)
{
	uint16_t	even = port & ~1;

	return even >= p->min && even + 1 <= p->max;
}

static void
queue_add(struct ports *p, struct pair *pair)
{
	pair->next = NULL;
	*p->tail = pair;
	p->tail = &pair->next;
	p->nfree++;
}

static struct pair *
queue_head_take(struct ports *p)
{
	struct pair	*pair = p->head;

	if (pair == NULL)
		return NULL;
	p->head = pair->next;
	if (p->head == NULL)
		p->tail = &p->head;
	p->nfree--;
	return pair;
}

/* ---- sockets ---- */

static int
socket_bind(const struct ports *p, uint16_t port)
{
	struct addr	a = p->addr;
	int		fd, error, on = 1;

	fd = socket(a.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	addr_set_port(&a, port);
	if (bind(fd, &a.sa, a.len) < 0) {
		error = errno;
		close(fd);
		return -error;
	}
	setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
	return fd;
}

static struct pair *
pair_new(struct ports *p, uint16_t even)
{
	struct pair	*pair = xcalloc(1, sizeof(*pair));

	pair->home = p;
	pair->port = even;
	pair->fd[0] = pair->fd[1] = -1;
	p->pairs[even / 2] = pair;
	return pair;
}

/* Both sockets or none. 0 or -errno. */
static int
pair_bind(struct ports *p, uint16_t even, int fds[2])
{
	fds[0] = socket_bind(p, even);
	if (fds[0] < 0)
		return fds[0];
	fds[1] = socket_bind(p, even + 1);
	if (fds[1] < 0) {
		close(fds[0]);
		return fds[1];
	}
	return 0;
}

static struct pair *
pair_add(struct ports *p, uint16_t even, const int fds[2])
{
	struct pair	*pair = p->pairs[even / 2];

	if (pair == NULL)
		pair = pair_new(p, even);
	pair->fd[0] = fds[0];
	pair->fd[1] = fds[1];
	p->bound++;
	return pair;
}

/* So that the next port can't be told from the last one. */
static void
shuffle(struct pair **v, unsigned n)
{
	for (unsigned i = n; i > 1; i--) {
		unsigned	 j = id_u64() % i;
		struct pair	*t = v[i - 1];

		v[i - 1] = v[j];
		v[j] = t;
	}
}

/* Returns how many pairs were bound; *error tells about the last failure. */
static unsigned
block_bind(struct ports *p, int *error)
{
	struct pair	*fresh[PORTS_BLOCK];
	int		 fds[PORTS_BLOCK * 2];
	unsigned	 n = 0, i;

	for (i = 0; i < PORTS_BLOCK && ports_in_range(p, p->next_block * 2); i++) {
		uint16_t	even = p->next_block * 2;
		int		e = 0;

		if (p->pairs[even / 2] == NULL || p->pairs[even / 2]->fd[0] < 0)
			e = pair_bind(p, even, &fds[n * 2]);
		else
			e = -EEXIST;	/* adopted */
		if (e == 0) {
			fresh[n] = pair_add(p, even, &fds[n * 2]);
			n++;
		} else if (e != -EEXIST) {
			*error = e;
		}
		if (e == -EMFILE || e == -ENFILE || e == -ENOMEM)
			break;	/* try this one again another time */
		p->next_block++;
	}
	if (n > 0 && fdstore_put("r", fds, n * 2) < 0)
		log_rate(LOG_PROBLEMS, "MEDIA", "%u relay ports are not held: "
		    "a crash would close them", n * 2);
	shuffle(fresh, n);
	for (i = 0; i < n; i++)
		queue_add(p, fresh[i]);
	return n;
}

int
ports_prepare(struct ports *p)
{
	int	error = -EADDRINUSE;

	while (p->head == NULL) {
		uint32_t	before = p->next_block;

		if (block_bind(p, &error) == 0 && p->next_block == before)
			return error;
	}
	return 0;
}

struct pair *
ports_take(struct ports *p)
{
	struct pair	*pair;

	if (ports_prepare(p) < 0)
		return NULL;
	pair = queue_head_take(p);
	pair->used = true;
	p->used++;
	return pair;
}

struct pair *
ports_take_exact(struct ports *p, uint16_t port)
{
	struct pair	*pair = p->pairs[port / 2];
	int		 fds[2];

	if (pair != NULL && pair->used)
		return NULL;
	if (pair == NULL || pair->fd[0] < 0) {
		if (pair_bind(p, port & ~1, fds) < 0)
			return NULL;
		fdstore_put("r", fds, 2);
		pair = pair_add(p, port & ~1, fds);
	}
	pair->used = true;
	p->used++;
	return pair;
}

void
ports_give(struct ports *p, struct pair *pair)
{
	pair->used = false;
	pair->end = NULL;
	pair->adopted = false;
	p->used--;
	if (ports_in_range(p, pair->port))	/* else the range has moved: it rests */
		queue_add(p, pair);
}

/* ---- adoption ---- */

/* Whose is a socket with this local address? */
static struct ports *
pool_of(struct ports *const v[], unsigned n, const struct addr *a)
{
	struct ports	*same = NULL;

	for (unsigned i = 0; i < n; i++) {
		if (!addr_eq_host(a, &v[i]->addr))
			continue;
		if (ports_in_range(v[i], addr_port(a)))
			return v[i];
		if (same == NULL)
			same = v[i];
	}
	return same;
}

/* One socket from the store; false: it is not one of ours. */
static bool
socket_adopt(struct ports *const v[], unsigned n, int fd)
{
	struct addr	 a;
	struct ports	*p;
	struct pair	*pair;
	uint16_t	 port;

	a.len = sizeof(a.in6);
	if (getsockname(fd, &a.sa, &a.len) < 0 || (p = pool_of(v, n, &a)) == NULL)
		return false;
	port = addr_port(&a);
	pair = p->pairs[port / 2];
	if (pair == NULL)
		pair = pair_new(p, port & ~1);
	if (pair->fd[port & 1] >= 0)
		return false;
	pair->fd[port & 1] = fd;
	pair->adopted = true;
	return true;
}

/* A half whose other half was never stored gets it now, or is given up. */
static void
pair_complete(struct ports *p, struct pair *pair)
{
	for (int k = 0; k < 2; k++) {
		if (pair->fd[k] >= 0)
			continue;
		pair->fd[k] = socket_bind(p, pair->port + k);
		if (pair->fd[k] < 0) {
			pair->fd[k] = -1;
			close(pair->fd[!k]);
			pair->fd[!k] = -1;
			return;
		}
		fdstore_put("r", &pair->fd[k], 1);
	}
	p->bound++;
}

static void
store_all(struct ports *p)
{
	for (unsigned i = 0; i < PAIRS; i++)
		for (int k = 0; p->pairs[i] != NULL && k < 2; k++)
			if (p->pairs[i]->fd[k] >= 0)
				fdstore_put("r", &p->pairs[i]->fd[k], 1);
}

unsigned
ports_adopt(struct ports *const v[], unsigned n)
{
	unsigned	adopted = 0, foreign = 0;
	int		fd;

	while ((fd = fdstore_take("r")) >= 0) {
		if (socket_adopt(v, n, fd)) {
			adopted++;
			continue;
		}
		close(fd);
		foreign++;
	}
	/* The name leaves the store as a whole: what is ours goes back in. */
	if (foreign > 0)
		fdstore_remove("r");
	for (unsigned i = 0; i < n; i++) {
		if (foreign > 0)
			store_all(v[i]);
		for (unsigned k = 0; adopted > 0 && k < PAIRS; k++)
			if (v[i]->pairs[k] != NULL)
				pair_complete(v[i], v[i]->pairs[k]);
	}
	return adopted;
}

void
ports_restored(struct ports *p)
{
	for (unsigned i = p->min / 2; i <= p->max / 2u; i++) {
		struct pair	*pair = p->pairs[i];

		if (pair != NULL && !pair->used && pair->fd[0] >= 0 &&
		    ports_in_range(p, pair->port))
			queue_add(p, pair);
	}
}

/* ---- questions ---- */

bool
ports_own(const struct ports *p, const struct addr *a)
{
	const struct pair	*pair = p->pairs[addr_port(a) / 2];

	return pair != NULL && pair->fd[0] >= 0 &&
	    (addr_eq_host(a, &p->addr) || addr_eq_host(a, &p->told));
}

struct pair *
ports_pair(const struct ports *p, const struct addr *a)
{
	return ports_own(p, a) ? p->pairs[addr_port(a) / 2] : NULL;
}

const struct addr *
ports_addr(const struct ports *p)
{
	return &p->addr;
}

const struct addr *
ports_told(const struct ports *p)
{
	return &p->told;
}

unsigned
ports_used(const struct ports *p)
{
	return p->used;
}

unsigned
ports_bound(const struct ports *p)
{
	return p->bound;
}

unsigned
ports_limit(const struct ports *p)
{
	return (p->max + 1 - p->min) / 2;
}
