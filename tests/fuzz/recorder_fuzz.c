/*
 * recorder_fuzz - a file of the flight recorder that anybody may have written: every
 * record that a reader finds in it is touched whole.
 *
 * The input begins with the offset of what it changes (two octets, in words of
 * 16) and an octet of flags: in a ring that was well written, or in nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/recorder_read.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILE_SIZE	(RECORDER_PAGE + RECORDER_MIN)
#define MUST(what)	do { if (!(what)) abort(); } while (0)

static _Alignas(64) char	good[FILE_SIZE];	/* as struct recorder_head is */
static char		mine[FILE_SIZE];
static volatile size_t	sink;

/* A ring as recorder.c would write it; the key is known, so that inputs find it. */
static void
good_make(void)
{
	struct recorder_head	*h = (struct recorder_head *)good;
	uint64_t		 at = RECORDER_MIN;

	memcpy(h->magic, RECORDER_MAGIC, sizeof(h->magic));
	h->size = RECORDER_MIN;
	strcpy(h->boot, boot_id());
	for (unsigned i = 0; i < 40; i++) {
		struct record	*c = (struct record *)(good + RECORDER_PAGE +
				    (at & (RECORDER_MIN - 1)));

		*c = (struct record){ .self = at, .call = i, .length = 64 + i * 8,
		    .kind = (uint16_t)(i % RECORD_KINDS) };
		at += sizeof(*c) + c->length;
	}
	h->written = h->reserved = at;
}

static void
touch(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		sink += (unsigned char)s.s[i];
}

static void
look_at(const struct record *c)
{
	struct record_message	m;
	struct str		text;
	char			tag[9];

	MUST(c->length <= RECORDER_PAYLOAD_MAX);
	touch(str_make((const char *)(c + 1), c->length));
	if (record_read_message(c, &m, &text)) {
		touch(text);
		touch(record_slice(text, m.label));
		touch(record_slice(text, m.method));
		touch(record_slice(text, m.call_id));
		touch(record_slice(text, m.from));
		touch(record_slice(text, m.to));
	}
	if (record_read_note(c, tag, &text)) {
		touch(text);
		MUST(strlen(tag) < sizeof(tag));
	}
}

static int
file_of(const uint8_t *data, size_t size)
{
	size_t	at = (size_t)(data[0] << 8 | data[1]) * 16 % FILE_SIZE;
	size_t	length = FILE_SIZE;
	int	fd = memfd_create("ring", MFD_CLOEXEC);

	MUST(fd >= 0);
	if (data[2] & 1)
		memset(mine, 0, sizeof(mine));
	else
		memcpy(mine, good, sizeof(mine));
	if (data[2] & 2)
		length = at;
	size -= 3;
	if (size > FILE_SIZE - at)
		size = FILE_SIZE - at;
	memcpy(mine + at, data + 3, size);
	MUST(write(fd, mine, length) == (ssize_t)length);
	return fd;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct recorder_reader	*d;
	const struct record	*c;
	unsigned		 n = 0;

	if (good[0] == '\0')
		good_make();
	if (size < 3 || recorder_reader_take(&d, file_of(data, size)) < 0)
		return 0;
	while ((c = recorder_next(d)) != NULL) {
		look_at(c);
		MUST(++n <= RECORDER_MIN / sizeof(*c));
	}
	recorder_reader_close(d);
	return 0;
}
