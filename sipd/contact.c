/*
 * contact - a Contact as the messages of the bus carry it: RFC 3261 section
 * 20.10, RFC 3840 section 10, RFC 5626 section 4.2.
 */
#include "sipd/contact.h"

#include <errno.h>

#define MALFORMED_EXPIRES_S	3600

/* One parameter read out, 1 when it was none of those, or -EBADMSG. */
static int
known_param(struct rec_contact *c, struct str name, struct str value)
{
	uint32_t	n;

	if (str_caseeq(name, STR("q")))
		return q_parse(value, &c->q);
	if (str_caseeq(name, STR("expires"))) {
		c->expires_s = seconds_parse(value, &n) == 0 ? n :
		    MALFORMED_EXPIRES_S;
		return 0;
	}
	if (str_caseeq(name, STR("+sip.instance"))) {
		c->instance = value;
		return 0;
	}
	if (str_caseeq(name, STR("reg-id"))) {
		if (str_u32(value, &n) < 0 || n == 0)
			return -EBADMSG;
		c->reg_id = n;
		return 0;
	}
	return 1;
}

int
contact_read(struct rec_contact *out, const struct nameaddr *a,
    struct text *scratch)
{
	struct rec_contact	c = { .q = 1000, .expires_s = -1 };
	struct str		rest = a->params, name, value, text;
	size_t			start = scratch->len;
	int			r;

	if (a->star)
		return -EBADMSG;
	c.uri = a->uri.text;
	while ((r = param_next(&rest, &name, &value, NULL, &text)) > 0) {
		r = known_param(&c, name, value);
		if (r < 0)
			return r;
		if (r == 0)
			continue;
		if (scratch->len > start)
			text_ch(scratch, ';');
		text_add(scratch, text);
	}
	if (r < 0)
		return r;
	if (scratch->full)
		return -EMSGSIZE;
	c.params = str_make(scratch->s + start, scratch->len - start);
	*out = c;
	return 0;
}
