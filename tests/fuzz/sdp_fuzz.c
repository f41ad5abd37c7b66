/*
 * sdp_fuzz - reads a body and writes it again, as mediad does with what phones
 * send. What was written must be SDP too, with the same lines, and rewriting it
 * once more must change nothing. With fewer codecs it has as many m= lines, and is
 * not longer. What sipd sees of it is one of its addresses. The last octet chooses the
 * reader's family and what becomes of holds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/connection.h"
#include "mediad/codec_limit.h"
#include "mediad/sdp.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sdp	first, second;
static char		once[SDP_BODY_MAX + 64 * SDP_EDITS_MAX];
static char		twice[sizeof(once) + 64 * SDP_EDITS_MAX];

static void
relay_fill(struct sdp_relay *r, const struct sdp *s, unsigned mode)
{
	memset(r, 0, sizeof(*r));
	r->convert_hold = mode & 2;
	if (addr_parse(&r->addr, mode & 1 ? STR("2001:db8::1") : STR("127.0.0.1"),
	    0) < 0)
		abort();
	for (unsigned i = 0; i < s->nmedia; i++)
		if (s->media[i].port != 0 && s->media[i].datagrams)
			r->port[i] = 30000 + 2 * i;
}

/* body is SDP. */
static void
limit(struct str body, unsigned nmedia)
{
	static char	 pcma[] = "PCMA", opus[] = "opus", limited[SDP_BODY_MAX];
	char		*names[] = { pcma, opus };
	struct set_texts allowed = { names, 2 };
	struct text	 t;
	const char	*why;

	text_init(&t, limited, sizeof(limited));
	codec_limit(body, &allowed, &t);
	if (t.full || t.len > body.len || sdp_parse(&second, text_str(&t), &why) < 0 ||
	    second.nmedia != nmedia)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned	 mode = size > 0 ? data[size - 1] : 0;
	char		*copy = malloc(size > 0 ? size : 1);
	struct sdp_relay r;
	struct text	 a, b;
	struct addr	 at;
	const char	*why;

	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	if (connection_first(&at, str_make(copy, size)) && at.sa.sa_family != AF_INET &&
	    at.sa.sa_family != AF_INET6)
		abort();
	if (sdp_parse(&first, str_make(copy, size), &why) == 0) {
		limit(first.body, first.nmedia);
		relay_fill(&r, &first, mode);
		text_init(&a, once, sizeof(once));
		if (sdp_write(&first, &r, &a) < 0)
			abort();
		if (a.len > SDP_BODY_MAX)
			goto out;
		if (sdp_parse(&second, text_str(&a), &why) < 0 ||
		    second.nmedia != first.nmedia)
			abort();
		relay_fill(&r, &second, mode);
		text_init(&b, twice, sizeof(twice));
		if (sdp_write(&second, &r, &b) < 0 ||
		    !str_eq(text_str(&a), text_str(&b)))
			abort();
	}
out:
	free(copy);
	return 0;
}
