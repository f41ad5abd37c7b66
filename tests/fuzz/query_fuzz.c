/*
 * query_fuzz - expressions of the log's query, and a record whose fields they name: up
 * to the first end of line is the expression, the rest is the value of every field.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sipctl/query.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
field(void *arg, struct str name, struct str *value)
{
	*value = *(struct str *)arg;
	return name.len % 3 != 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t	*end = memchr(data, '\n', size);
	struct str	 text = str_make((const char *)data, end != NULL ? (size_t)(end - data) :
			    size);
	struct str	 value = STR("503");
	char		 buf[128];
	struct text	 t;
	struct query	*q;

	if (end != NULL)
		value = str_make((const char *)end + 1, size - text.len - 1);
	if (value.len > 256)
		value.len = 256;
	text_init(&t, buf, sizeof(buf));
	q = query_parse(text, &t);
	if (q == NULL && t.len == 0)
		abort();
	if (q != NULL)
		(void)query_match(q, field, &value);
	query_free(q);
	return 0;
}
