/*
 * strict - peers that route strictly (RFC 3261 section 16.4).
 *
 * core.c calls it before it looks at Route, so that nothing behind it knows of
 * such peers.
 */
#include "sipd/strict.h"

#include <stdlib.h>

#include "sipd/core.h"
#include "sipd/edit.h"

#define ROUTES_TEXT_MAX	4096

/* Route with our own value first and without the last, which is the target. */
static bool
turn_routes(const struct sip_msg *m, struct text *routes, struct nameaddr *target)
{
	struct values	it;
	struct nameaddr	na;
	bool		any = false;
	int		got;

	text_ch(routes, '<');
	text_add(routes, m->uri);
	text_ch(routes, '>');
	values_begin(&it, m, HDR_ROUTE);
	while ((got = nameaddr_next(&it, &na)) > 0) {
		if (any) {
			text_add(routes, STR(", "));
			text_add(routes, target->text);
		}
		any = true;
		*target = na;
	}
	return got == 0 && any && !target->star && !routes->full;
}

char *
strict_undo(const struct inbound *in, size_t *len)
{
	const struct sip_msg	*m = in->m;
	char			 buf[ROUTES_TEXT_MAX];
	struct nameaddr		 target = { 0 };
	struct edits		 e;
	struct text		 routes, out;
	struct str		 cookie;

	text_init(&routes, buf, sizeof(buf));
	if (!uri_param(&m->ruri, "c", &cookie) || sip_first(m, HDR_ROUTE) == NULL ||
	    !core_is_us(in, &m->ruri) || !turn_routes(m, &routes, &target))
		return NULL;
	edits_init(&e, m);
	edit_request_uri(&e, target.uri.text);
	edit_remove_header(&e, HDR_ROUTE);
	edit_prepend(&e, HDR_ROUTE, text_str(&routes));
	*len = edits_size(&e);
	text_init(&out, xrealloc(NULL, 1, *len + 1), *len + 1);
	if (edits_write(&e, &out) == 0)
		return out.s;
	free(out.s);
	return NULL;
}
