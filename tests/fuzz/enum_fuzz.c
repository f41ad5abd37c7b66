/*
 * enum_fuzz - what strangers write into NAPTR records: the input is a service, a
 * rule and a number, each behind a line feed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "routed/enum.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		*copy = malloc(size > 0 ? size : 1);
	char		 buf[ENUM_URI_MAX];
	struct str	 rest, service, rule;
	struct text	 t;

	if (copy == NULL)
		abort();
	if (size > 0)
		memcpy(copy, data, size);
	rest = str_make(copy, size);
	str_cut(&rest, '\n', &service);
	if (!str_cut(&rest, '\n', &rule))
		rule = STR_NONE;
	enum_is_sip(service);
	text_init(&t, buf, sizeof(buf));
	if (enum_apply(rule, rest, &t) == 0 && (t.full || t.len >= sizeof(buf)))
		abort();
	free(copy);
	return 0;
}
