/* stun - what comes on the SIP port and is no SIP, and its answer. */
#include "sipd/stun.h"

#include <stdlib.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct addr	from;
	char		out[STUN_ANSWER_MAX];
	size_t		n;

	if (addr_parse_port(&from, size % 2 == 0 ? STR("192.0.2.1:32853") :
	    STR("[2001:db8::1]:32853")) < 0)
		abort();
	n = stun_answer(str_make((const char *)data, size), &from, out);
	if (n > STUN_ANSWER_MAX || (n > 0 && (n % 4 != 0 || n > size + 44)))
		abort();
	return 0;
}
