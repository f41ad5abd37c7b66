/*
 * id - unguessable identifiers, and the key that joins the records of a call.
 *
 * The kernel is asked for a block at a time: a getrandom() costs more than the
 * rest of making a tag. No program of ours forks once it has drawn from here.
 */
#include "common/id.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "common/log.h"
#include "common/map.h"

struct pool {
	uint8_t	octets[1024];
	size_t	left;
};

static _Thread_local struct pool pool;

static void
pool_fill(void)
{
	size_t	have = 0;

	while (have < sizeof(pool.octets)) {
		ssize_t n = getrandom(pool.octets + have,
		    sizeof(pool.octets) - have, 0);

		if (n == -1 && errno != EINTR)
			fatal("getrandom: %s", strerror(errno));
		if (n > 0)
			have += (size_t)n;
	}
	pool.left = sizeof(pool.octets);
}

/* What was handed out is wiped: memory that leaks later tells no old tags. */
static void
draw(void *out, size_t n)
{
	uint8_t	*p;

	if (pool.left < n)
		pool_fill();
	pool.left -= n;
	p = pool.octets + pool.left;
	memcpy(out, p, n);
	memset(p, 0, n);
}

uint64_t
id_u64(void)
{
	uint64_t	v;

	do
		draw(&v, sizeof(v));
	while (v == 0);
	return v;
}

void
id_text(char *out, size_t n)
{
	static const char letters[62] = "0123456789abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	uint8_t	c;

	for (size_t i = 0; i < n; i++) {
		do
			draw(&c, 1);
		while (c >= 248);	/* 4 * 62: every letter alike */
		out[i] = letters[c % 62];
	}
}

uint64_t
id_call(struct str call_id)
{
	/* Known to all programs and kept: sipctl finds a call of yesterday. */
	static const uint8_t	key[16] = "cordboard's call";
	uint64_t		v = siphash64(key, call_id);

	return v != 0 ? v : 1;
}
