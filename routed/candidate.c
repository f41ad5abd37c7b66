/* candidate - the records that sipctl tries: one set, read once. */
#include "routed/candidate.h"

#include <stdlib.h>

const struct records *
candidate_find(struct candidate *c, struct str text, const struct settings *s,
    struct complaints *out)
{
	if (c->records != NULL && c->settings == s &&
	    str_eq(str_make(c->text, c->len), text))
		return c->records;
	candidate_fini(c);
	c->records = records_build("candidate", text, s, out);
	if (c->records == NULL)
		return NULL;
	c->text = str_dup(text);
	c->len = text.len;
	c->settings = s;
	return c->records;
}

void
candidate_fini(struct candidate *c)
{
	records_free(c->records);
	free(c->text);
	*c = (struct candidate){ NULL };
}
