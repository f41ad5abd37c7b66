/*
 * msgpack_fuzz - what the bus reads: skipping any value, unpacking any message,
 * and packing what was unpacked again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/messages.h"
#include "common/pack.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what)	do { if (!(what)) abort(); } while (0)

/* A value that can be skipped is the same length each time, and inside. */
static void
check_skip(const uint8_t *p, size_t n)
{
	struct unpack	u;

	unpack_init(&u, p, n);
	while (u.error == 0 && !unpack_at_end(&u)) {
		const uint8_t	*was = u.p;

		unpack_skip(&u);
		MUST(u.p > was && u.p <= u.end);
	}
	MUST(u.p == u.end);
}

/* What was unpacked, packed and unpacked again, is packed the same. */
static void
check_message(const uint8_t *p, size_t n)
{
	static char	line[8192];
	struct buf	once = { 0 }, twice = { 0 };
	struct unpack	u;
	struct text	t;
	union msg	m;
	uint64_t	id;
	int		type, peeked;

	unpack_init(&u, p, n);
	msg_peek_id(&u, &peeked, &id);
	type = msg_unpack(&u, &m);
	if (type < 0)
		return;
	MUST(msg_name(type) != NULL);
	text_init(&t, line, sizeof(line));
	msg_print(&t, type, &m);
	msg_pack(&once, type, &m);
	unpack_init(&u, once.s, once.len);
	MUST(msg_unpack(&u, &m) == type);
	msg_pack(&twice, type, &m);
	MUST(once.len == twice.len && memcmp(once.s, twice.s, once.len) == 0);
	buf_fini(&once);
	buf_fini(&twice);
}

/* As a frame of the bus: an epoch, then bins with a message each. */
static void
check_frame(const uint8_t *p, size_t n)
{
	struct unpack	u;
	struct str	packed;

	unpack_init(&u, p, n);
	unpack_u64_bounded(&u, UINT64_MAX);
	while (u.error == 0 && !unpack_at_end(&u)) {
		packed = unpack_bin_raw(&u, FRAME_MAX);
		if (u.error == 0)
			check_message((const uint8_t *)packed.s, packed.len);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t	*copy = malloc(size > 0 ? size : 1);

	MUST(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	check_skip(copy, size);
	check_message(copy, size);
	check_frame(copy, size);
	free(copy);
	return 0;
}
