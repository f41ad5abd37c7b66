/*
 * keep_fuzz - gwregd's small file of a gateway, which a crash or another version may have
 * left in any state. What is read ends where it is to end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gwregd/keep.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what)	do { if (!(what)) abort(); } while (0)
#define ENDS(field)	MUST(memchr((field), 0, sizeof(field)) != NULL)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct keep	k;

	memset(&k, 0, sizeof(k));
	if (keep_parse(&k, str_make((const char *)data, size)) < 0) {
		MUST(k.call_id[0] == '\0');
		return 0;
	}
	MUST(k.call_id[0] != '\0' && k.from_tag[0] != '\0');
	ENDS(k.call_id);
	ENDS(k.sign.nonce);
	ENDS(k.realm);
	ENDS(k.error);
	ENDS(k.moved);
	ENDS(k.service_route);
	MUST(!k.sign.valid || k.sign.nonce[0] != '\0');
	return 0;
}
