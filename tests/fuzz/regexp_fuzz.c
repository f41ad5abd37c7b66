/*
 * regexp_fuzz - bounded regular expressions. The input is the expression, the text
 * that replaces, and the subject, each behind a line feed.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/regexp.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what)	do { if (!(what)) abort(); } while (0)

static void
match(const struct regexp *r, struct str by, struct str subject)
{
	struct str	groups[REGEXP_GROUPS];
	char		buf[256];
	struct text	t;
	int		e = regexp_match(r, subject, groups);

	MUST(e == 0 || e == -ENOENT || e == -E2BIG || e == -ELOOP);
	if (e != 0)
		return;
	for (int i = 0; i < REGEXP_GROUPS; i++)
		MUST(groups[i].len == 0 || (groups[i].s >= subject.s &&
		    groups[i].s + groups[i].len <= subject.s + subject.len));
	text_init(&t, buf, sizeof(buf));
	regexp_expand(&t, by, '\\', groups);
	MUST(t.len < sizeof(buf));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		*copy = malloc(size > 0 ? size : 1);
	struct str	 rest, pattern, by;
	struct regexp	*r;
	const char	*why = NULL;
	size_t		 at;

	MUST(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	rest = str_make(copy, size);
	str_cut(&rest, '\n', &pattern);
	if (!str_cut(&rest, '\n', &by))
		by = STR_NONE;
	if (regexp_new(&r, pattern, size % 2 == 0, &why, &at) == 0) {
		match(r, by, rest);
		regexp_free(r);
	} else
		MUST(why != NULL && at <= pattern.len);
	free(copy);
	return 0;
}
