/*
 * query_fuzz - expressions of the log's query, and a record whose fields they name: up
 * to the first end of line is the expression, the rest is the value of every field, and
 * the lines of a log.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sipctl/log_filter.h"
#include "sipctl/query.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
field(void *arg, struct str name, struct str *value)
{
	*value = *(struct str *)arg;
	return name.len % 3 != 0;
}

/* Records as daemons write them, or as anybody does. */
static void
log_lines(struct str text, struct query *q)
{
	static struct log_filter f;
	struct log_record	 r;
	struct str		 line;

	f = (struct log_filter){ .since = "", .level = LOG_ALL, .user = "anna",
	    .tags = "SIP,SIPC", .from = "a", .query = q, .sticky = true };
	while (str_cut(&text, '\n', &line)) {
		if (!log_record_parse(line, &r))
			continue;
		r.source = "sipd";
		log_filter_learn(&f, &r);
		f.tags = NULL;
		(void)log_filter_passes(&f, &r);
		f.query = NULL;
		(void)log_filter_passes(&f, &r);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t	*end = memchr(data, '\n', size);
	struct str	 text = str_make((const char *)data, end != NULL ? (size_t)(end - data) :
			    size);
	struct str	 value = STR("503"), lines;
	char		 buf[128];
	struct text	 t;
	struct query	*q;

	if (end != NULL)
		value = str_make((const char *)end + 1, size - text.len - 1);
	lines = value;
	if (value.len > 256)
		value.len = 256;
	text_init(&t, buf, sizeof(buf));
	q = query_parse(text, &t);
	if (q == NULL && t.len == 0)
		abort();
	if (q != NULL)
		(void)query_match(q, field, &value);
	log_lines(lines, q);
	query_free(q);
	return 0;
}
