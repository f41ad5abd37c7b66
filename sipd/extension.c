/*
 * extension - option tags: RFC 3261 sections 8.2.2.3, 16.3, 20.29, 20.32, 20.37.
 *
 * core.c asks for every request that is not in a dialog of others.
 */
#include "sipd/extension.h"

/* What our registrar does by request; as a proxy we need none of them. */
#define SUPPORTED	"path, outbound"

struct str
extensions_supported(void)
{
	return STR(SUPPORTED);
}

static bool
is_supported(struct str tag)
{
	struct str	all = STR(SUPPORTED), one;

	while (list_next(&all, &one))
		if (str_caseeq(one, tag))
			return true;
	return false;
}

bool
extensions_missing(const struct sip_msg *m, enum header id, struct text *out)
{
	size_t		begin = out->len;
	struct values	c;
	struct str	tag;

	values_begin(&c, m, id);
	while (values_next(&c, &tag)) {
		if (tag.len == 0 || is_supported(tag) ||
		    out->len + tag.len + 2 > out->size)
			continue;
		if (out->len > begin)
			text_add(out, STR(", "));
		text_add(out, tag);
	}
	return out->len > begin;
}

bool
extension_named(const struct sip_msg *m, enum header id, struct str wanted)
{
	struct values	c;
	struct str	tag;

	values_begin(&c, m, id);
	while (values_next(&c, &tag))
		if (str_caseeq(tag, wanted))
			return true;
	return false;
}
