/*
 * tar - an archive of files that are in memory.
 */
#include "sipctl/tar.h"

#include <time.h>

#define BLOCK	512

/* POSIX.1-2001, pax: all numbers are octal texts. */
struct head {
	char	name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
	char	link[100], magic[6], version[2], user[32], group[32], major[8], minor[8];
	char	prefix[155], rest[12];
};
_Static_assert(sizeof(struct head) == BLOCK, "a head is a block");

void
tar_add(FILE *f, const char *name, struct str content)
{
	static const char	zeros[BLOCK];
	struct head		h = { .type = '0', .magic = "ustar", .version = { '0', '0' } };
	unsigned		sum = 0;

	snprintf(h.name, sizeof(h.name), "%s", name);
	snprintf(h.mode, sizeof(h.mode), "%07o", 0600);
	snprintf(h.uid, sizeof(h.uid), "%07o", 0);
	snprintf(h.gid, sizeof(h.gid), "%07o", 0);
	snprintf(h.size, sizeof(h.size), "%011zo", content.len);
	snprintf(h.mtime, sizeof(h.mtime), "%011llo", (unsigned long long)time(NULL));
	memset(h.checksum, ' ', sizeof(h.checksum));
	for (size_t i = 0; i < sizeof(h); i++)
		sum += ((const unsigned char *)&h)[i];
	snprintf(h.checksum, sizeof(h.checksum), "%06o", sum);
	fwrite(&h, sizeof(h), 1, f);
	if (content.len > 0)
		fwrite(content.s, 1, content.len, f);
	if (content.len % BLOCK != 0)
		fwrite(zeros, 1, BLOCK - content.len % BLOCK, f);
}

void
tar_end(FILE *f)
{
	static const char	zeros[2 * BLOCK];

	fwrite(zeros, sizeof(zeros), 1, f);
}
