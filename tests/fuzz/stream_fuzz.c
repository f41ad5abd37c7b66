/*
 * stream_fuzz - a stream in any pieces is the same messages. The first two octets
 * choose the pieces, the rest is the stream.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "sipd/msg.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what)	do { if (!(what)) abort(); } while (0)
#define LIMIT		65536
#define FRAMES_MAX	1024

/* The messages of a stream so far, and how it ended. */
struct frames {
	size_t	n, used;
	ssize_t	error;
	size_t	at[FRAMES_MAX], len[FRAMES_MAX];
};

/* Takes what is whole of the first len octets; the block ends where they do. */
static void
take(struct frames *f, const char *stream, size_t len)
{
	char			*copy = malloc(len - f->used + 1);
	struct str		 in = str_make(copy, len - f->used), msg;
	enum sip_frame_kind	 kind;
	ssize_t			 n;

	MUST(copy != NULL);
	memcpy(copy, stream + f->used, in.len);
	while ((n = sip_frame(in, LIMIT, &kind, &msg)) > 0) {
		MUST((size_t)n <= in.len);
		if (kind == SIP_FRAME_MESSAGE && f->n < FRAMES_MAX) {
			f->at[f->n] = f->used + (size_t)(msg.s - in.s);
			f->len[f->n++] = msg.len;
		}
		f->used += (size_t)n;
		in.s += n;
		in.len -= (size_t)n;
	}
	f->error = n;
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct frames	 whole, pieces;
	const char		*stream = (const char *)data + 2;
	uint32_t		 random;
	size_t			 len = 0;

	if (size < 2 || size > LIMIT)
		return 0;
	random = (uint32_t)data[0] << 8 | data[1] | 1;
	size -= 2;
	whole.n = whole.used = pieces.n = pieces.used = 0;
	pieces.error = 0;
	take(&whole, stream, size);
	while (len < size && pieces.error >= 0) {
		random = random * 1103515245 + 12345;
		len += 1 + (random >> 16) % 97;
		take(&pieces, stream, len < size ? len : size);
	}
	MUST(whole.n == pieces.n);
	MUST((whole.error < 0) == (pieces.error < 0));
	MUST(memcmp(whole.at, pieces.at, whole.n * sizeof(whole.at[0])) == 0);
	MUST(memcmp(whole.len, pieces.len, whole.n * sizeof(whole.len[0])) == 0);
	return 0;
}
