/*
 * pack - msgpack out of and into memory.
 *
 * The only file that includes msgpack.h. Out: msgpack-c's packer on struct buf.
 * In: a cursor of our own (pack.h says why), which never reads past the end,
 * keeps the first error and does nothing after it.
 */
#include "common/pack.h"

#include <errno.h>
#include <msgpack/pack.h>
#include <stdlib.h>

/* ---- buffers ---- */

void
buf_fini(struct buf *b)
{
	free(b->s);
	*b = (struct buf){ 0 };
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
}

char *
buf_room(struct buf *b, size_t n)
{
	size_t	size = b->size > 0 ? b->size : 256;

	if (b->size - b->len >= n)
		return b->s + b->len;
	while (size - b->len < n)
		size *= 2;
	b->s = xrealloc(b->s, size, 1);
	b->size = size;
	return b->s + b->len;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	memcpy(buf_room(b, n), p, n);
	b->len += n;
}

/* ---- writing ---- */

static int
write_cb(void *arg, const char *p, size_t n)
{
	buf_add(arg, p, n);
	return 0;
}

static inline msgpack_packer
packer(struct buf *b)
{
	return (msgpack_packer){ .data = b, .callback = write_cb };
}

void
pack_array(struct buf *b, uint32_t n)
{
	msgpack_packer	p = packer(b);

	msgpack_pack_array(&p, n);
}

void
pack_u64(struct buf *b, uint64_t v)
{
	msgpack_packer	p = packer(b);

	msgpack_pack_uint64(&p, v);
}

void
pack_i64(struct buf *b, int64_t v)
{
	msgpack_packer	p = packer(b);

	msgpack_pack_int64(&p, v);
}

void
pack_bool(struct buf *b, bool v)
{
	msgpack_packer	p = packer(b);

	if (v)
		msgpack_pack_true(&p);
	else
		msgpack_pack_false(&p);
}

void
pack_str(struct buf *b, struct str v)
{
	msgpack_packer	p = packer(b);

	msgpack_pack_str(&p, v.len);
	buf_add(b, v.s, v.len);
}

void
pack_bin(struct buf *b, struct str v)
{
	msgpack_packer	p = packer(b);

	msgpack_pack_bin(&p, v.len);
	buf_add(b, v.s, v.len);
}

/* Always the long header, so that the length can be filled in. */
size_t
pack_bin_begin(struct buf *b)
{
	uint8_t	*p = (uint8_t *)buf_room(b, 5);

	memset(p, 0, 5);
	p[0] = 0xc6;
	b->len += 5;
	return b->len;
}

void
pack_bin_end(struct buf *b, size_t mark)
{
	uint8_t	*p = (uint8_t *)b->s + mark - 4;
	size_t	 n = b->len - mark;

	p[0] = n >> 24;
	p[1] = n >> 16;
	p[2] = n >> 8;
	p[3] = n;
}

/* ---- reading ---- */

void
unpack_init(struct unpack *u, const void *p, size_t n)
{
	*u = (struct unpack){ .p = p, .end = (const uint8_t *)p + n };
}

void
unpack_fail(struct unpack *u, int error)
{
	if (u->error == 0)
		u->error = error;
	u->p = u->end;
}

bool
unpack_at_end(const struct unpack *u)
{
	return u->p == u->end;
}

static inline size_t
left(const struct unpack *u)
{
	return u->end - u->p;
}

/* The next octet, or 0xc1, which msgpack never uses, after an error. */
static inline uint8_t
next(struct unpack *u)
{
	if (u->p == u->end) {
		unpack_fail(u, -EBADMSG);
		return 0xc1;
	}
	return *u->p++;
}

/* n octets, most significant first. */
static inline uint64_t
number(struct unpack *u, unsigned n)
{
	uint64_t	v = 0;

	if (left(u) < n) {
		unpack_fail(u, -EBADMSG);
		return 0;
	}
	while (n-- > 0)
		v = v << 8 | *u->p++;
	return v;
}

/* An integer in any of its encodings: its sign apart, so that u64 fits. */
static uint64_t
integer(struct unpack *u, bool *negative)
{
	uint8_t	 tag = next(u);
	int64_t	 v;

	*negative = false;
	if (tag <= 0x7f)
		return tag;
	if (tag >= 0xcc && tag <= 0xcf)
		return number(u, 1U << (tag - 0xcc));
	if (tag >= 0xe0)
		v = (int8_t)tag;
	else if (tag == 0xd0)
		v = (int8_t)number(u, 1);
	else if (tag == 0xd1)
		v = (int16_t)number(u, 2);
	else if (tag == 0xd2)
		v = (int32_t)number(u, 4);
	else if (tag == 0xd3)
		v = (int64_t)number(u, 8);
	else {
		unpack_fail(u, -EBADMSG);
		return 0;
	}
	*negative = v < 0;
	return v;
}

uint64_t
unpack_u64_bounded(struct unpack *u, uint64_t max)
{
	bool		 negative;
	uint64_t	 v = integer(u, &negative);

	if (negative || v > max) {
		unpack_fail(u, -EBADMSG);
		return 0;
	}
	return v;
}

int64_t
unpack_i64_raw(struct unpack *u)
{
	bool		 negative;
	uint64_t	 v = integer(u, &negative);

	if (!negative && v > INT64_MAX) {
		unpack_fail(u, -EBADMSG);
		return 0;
	}
	return v;
}

bool
unpack_bool_raw(struct unpack *u)
{
	uint8_t	tag = next(u);

	if ((tag & 0xfe) != 0xc2) {
		unpack_fail(u, -EBADMSG);
		return false;
	}
	return tag & 1;
}

/* The count of an array or map; every element has at least one octet. */
static uint32_t
count(struct unpack *u, uint64_t n)
{
	if (n > left(u)) {
		unpack_fail(u, -EBADMSG);
		return 0;
	}
	return n;
}

uint32_t
unpack_array(struct unpack *u)
{
	uint8_t	tag = next(u);

	if (++u->depth > UNPACK_DEPTH_MAX)
		unpack_fail(u, -EBADMSG);
	else if ((tag & 0xf0) == 0x90)
		return count(u, tag & 0x0f);
	else if (tag == 0xdc)
		return count(u, number(u, 2));
	else if (tag == 0xdd)
		return count(u, number(u, 4));
	else
		unpack_fail(u, -EBADMSG);
	return 0;
}

void
unpack_array_end(struct unpack *u)
{
	u->depth--;
}

/* n octets of the frame. */
static struct str
octets(struct unpack *u, uint64_t n, size_t max)
{
	struct str	v;

	if (u->error != 0 || n > left(u)) {
		unpack_fail(u, -EBADMSG);
		return STR_NONE;
	}
	if (n > max) {
		unpack_fail(u, -EMSGSIZE);
		return STR_NONE;
	}
	v = str_make((const char *)u->p, n);
	u->p += n;
	return v;
}

struct str
unpack_str_raw(struct unpack *u, size_t max)
{
	uint8_t	tag = next(u);

	if ((tag & 0xe0) == 0xa0)
		return octets(u, tag & 0x1f, max);
	if (tag >= 0xd9 && tag <= 0xdb)
		return octets(u, number(u, 1U << (tag - 0xd9)), max);
	unpack_fail(u, -EBADMSG);
	return STR_NONE;
}

struct str
unpack_bin_raw(struct unpack *u, size_t max)
{
	uint8_t	tag = next(u);

	if (tag >= 0xc4 && tag <= 0xc6)
		return octets(u, number(u, 1U << (tag - 0xc4)), max);
	unpack_fail(u, -EBADMSG);
	return STR_NONE;
}

/*
 * How a value goes on after its first octet: some fixed octets, a length field of
 * so many octets before a text of that many (plus extra), or so many values.
 */
struct shape {
	uint8_t	fixed;
	uint8_t	length;
	uint8_t	extra;		/* octets beside the length: an ext's type */
	uint8_t	values;		/* 1: the length counts values, 2: pairs */
};

static const struct shape shapes[] = {	/* 0xc0 to 0xdf */
	[0x02] = { 0 },		/* nil, false, true: nothing follows */
	[0x04] = { .length = 1 }, { .length = 2 }, { .length = 4 },
	[0x07] = { .length = 1, .extra = 1 }, { .length = 2, .extra = 1 },
	    { .length = 4, .extra = 1 },
	[0x0a] = { .fixed = 4 }, { .fixed = 8 },
	[0x0c] = { .fixed = 1 }, { .fixed = 2 }, { .fixed = 4 }, { .fixed = 8 },
	[0x10] = { .fixed = 1 }, { .fixed = 2 }, { .fixed = 4 }, { .fixed = 8 },
	[0x14] = { .fixed = 2 }, { .fixed = 3 }, { .fixed = 5 }, { .fixed = 9 },
	    { .fixed = 17 },
	[0x19] = { .length = 1 }, { .length = 2 }, { .length = 4 },
	[0x1c] = { .length = 2, .values = 1 }, { .length = 4, .values = 1 },
	[0x1e] = { .length = 2, .values = 2 }, { .length = 4, .values = 2 },
};

/* Skips one value's own octets; returns how many values it contains. */
static uint32_t
skip_head(struct unpack *u)
{
	const struct shape	*shape;
	uint8_t			 tag = next(u);
	uint64_t		 n;

	if (tag <= 0x7f || tag >= 0xe0)
		return 0;
	if ((tag & 0xf0) == 0x80)
		return count(u, (tag & 0x0f) * 2);
	if ((tag & 0xf0) == 0x90)
		return count(u, tag & 0x0f);
	if ((tag & 0xe0) == 0xa0) {
		octets(u, tag & 0x1f, SIZE_MAX);
		return 0;
	}
	if (tag == 0xc1) {
		unpack_fail(u, -EBADMSG);
		return 0;
	}
	shape = &shapes[tag - 0xc0];
	n = shape->fixed;
	if (shape->length > 0)
		n = number(u, shape->length);
	if (shape->values > 0)
		return count(u, n * shape->values);
	octets(u, n + shape->extra, SIZE_MAX);
	return 0;
}

void
unpack_skip(struct unpack *u)
{
	uint32_t	todo[UNPACK_DEPTH_MAX + 1] = { 1 };
	uint32_t	n;
	int		depth = 0;

	while (u->error == 0) {
		while (depth >= 0 && todo[depth] == 0)
			depth--;
		if (depth < 0)
			return;
		todo[depth]--;
		n = skip_head(u);
		if (n == 0)
			continue;
		if (u->depth + depth >= UNPACK_DEPTH_MAX) {
			unpack_fail(u, -EBADMSG);
			return;
		}
		todo[++depth] = n;
	}
}
