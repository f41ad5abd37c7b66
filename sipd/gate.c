/*
 * gate - what the settings let in: methods (row 27), session intervals (RFC 4028
 * section 8.1, S35).
 *
 * core.c asks it about each request that is not ACK or CANCEL.
 */
#include "sipd/gate.h"

#include "common/daemon.h"
#include "sipd/answer.h"
#include "sipd/msg.h"
#include "sipd/nameaddr.h"
#include "sipd/reply.h"
#include "sipd/worker.h"

static bool
method_allowed(const struct sip_msg *m)
{
	const struct set_texts	*list = &settings_now()->methods;

	for (size_t i = 0; i < list->n; i++)
		if (str_eq(m->method_text, str_of(list->v[i])))
			return true;
	return list->n == 0;
}

static void
write_allow(struct text *t, void *arg)
{
	const struct set_texts	*list = &settings_now()->methods;
	char			 buf[2048];
	struct text		 v;

	text_init(&v, buf, sizeof(buf));
	text_add(&v, STR("ACK, CANCEL"));
	for (size_t i = 0; i < list->n; i++)
		text_printf(&v, ", %s", list->v[i]);
	reply_header(t, STR("Allow"), text_str(&v));
}

/* RFC 4028 section 8.1: who does not know the extension could not answer a 422. */
static bool
session_too_short(const struct sip_msg *m)
{
	struct str	value = sip_value(m, HDR_SESSION_EXPIRES), number;
	uint32_t	s;

	return value.len > 0 &&
	    (m->method == METHOD_INVITE || m->method == METHOD_UPDATE) &&
	    str_cut(&value, ';', &number) && seconds_parse(str_trim(number), &s) == 0 &&
	    (int64_t)s * 1000 < settings_now()->min_se &&
	    sip_has_word(m, HDR_SUPPORTED, STR("timer"));
}

static void
write_min_se(struct text *t, void *arg)
{
	char		buf[32];
	struct text	v;

	text_init(&v, buf, sizeof(buf));
	text_u64(&v, (uint64_t)settings_now()->min_se / 1000);
	reply_header(t, STR("Min-SE"), text_str(&v));
}

static bool
refuse(const struct inbound *in, uint16_t code, void (*more)(struct text *, void *))
{
	answer_send(in->w, NULL, in->m, &in->back, &in->p->from.remote,
	    &(struct answer){ .code = code, .more = more });
	return false;
}

bool
gate_passes(const struct inbound *in)
{
	if (!method_allowed(in->m))
		return refuse(in, 405, write_allow);
	if (session_too_short(in->m))
		return refuse(in, 422, write_min_se);
	return true;
}
