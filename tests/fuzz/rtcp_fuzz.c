/* rtcp - what passes on a media port and says that it is RTCP. */
#include "mediad/rtcp.h"

#include <stdlib.h>
#include <string.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report	mine = { .sent_ns = 0 }, other = { .sent_ntp = 0x56789abc };
	uint8_t		*copy = malloc(size > 0 ? size : 1);

	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	rtcp_note(&mine, &other, copy, size, 1000000000);
	rtcp_note(&mine, NULL, copy, size, 1000000000);
	if (mine.rtt_us >= 60000000)
		abort();
	free(copy);
	return 0;
}
