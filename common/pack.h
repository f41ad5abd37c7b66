#ifndef COMMON_PACK_H
#define COMMON_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/*
 * msgpack out and in. pack.c is the only file that includes msgpack.h.
 *
 * Writing goes to a growing buffer that its owner keeps and reuses. Reading is
 * a cursor over a frame: strict (types must match, counts are at most the
 * bytes left, depth is bounded), remembers the first error, allocates nothing
 * from a count that the sender chose (S49).
 */
struct buf {
	char	*s;
	size_t	 len;
	size_t	 size;
};

/* Grows by doubling and dies without memory: bound what goes in. */
void	buf_fini(struct buf *b);
void	buf_clear(struct buf *b);
void	buf_add(struct buf *b, const void *p, size_t n);
/* Room for n more octets at b->s + b->len; the caller adds to len itself. */
char	*buf_room(struct buf *b, size_t n);

void	pack_array(struct buf *b, uint32_t n);
void	pack_u64(struct buf *b, uint64_t v);
void	pack_i64(struct buf *b, int64_t v);
void	pack_bool(struct buf *b, bool v);
void	pack_str(struct buf *b, struct str v);		/* msgpack str */
void	pack_bin(struct buf *b, struct str v);		/* msgpack bin */
/* A bin whose length is known later: returns a mark for pack_bin_end(). */
size_t	pack_bin_begin(struct buf *b);
void	pack_bin_end(struct buf *b, size_t mark);

/*
 * The cursor is our own: msgpack-c's unpacker allocates what an array's header
 * announces before it has seen the elements, and builds objects nobody needs.
 */
#define UNPACK_DEPTH_MAX	16
#define FRAME_MAX		(1024 * 1024)	/* octets of one bus frame */

struct unpack {
	const uint8_t	*p;
	const uint8_t	*end;
	int		 error;		/* 0 or the first -errno */
	int		 depth;
};

void	unpack_init(struct unpack *u, const void *p, size_t n);
/*
 * Number of elements; 0 after an error. Each is matched by an unpack_array_end()
 * after its elements were read, which counts the depth.
 */
uint32_t unpack_array(struct unpack *u);
void	unpack_array_end(struct unpack *u);
uint64_t unpack_u64_bounded(struct unpack *u, uint64_t max);
int64_t	unpack_i64_raw(struct unpack *u);
bool	unpack_bool_raw(struct unpack *u);
/* Points into the frame. At most max octets, else -EMSGSIZE. */
struct str unpack_str_raw(struct unpack *u, size_t max);
struct str unpack_bin_raw(struct unpack *u, size_t max);
/* Skips one value of any type. */
void	unpack_skip(struct unpack *u);
bool	unpack_at_end(const struct unpack *u);
void	unpack_fail(struct unpack *u, int error);

#endif
