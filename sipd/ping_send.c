/*
 * ping_send - one ping by each method, and what its answer says.
 *
 * ping.c decides when. CRLFCRLF, the empty datagram and STUN Binding are RFC 5626
 * sections 3.5.1 and 3.5.2 turned round: the server asks; OPTIONS is RFC 3261 section
 * 11. None is repeated: the next one comes soon enough.
 */
#include <string.h>

#include "common/daemon.h"
#include "common/id.h"
#include "common/stats.h"
#include "sipd/ping_own.h"
#include "sipd/request.h"
#include "sipd/via.h"
#include "sipd/wire.h"
#include "sipd/worker.h"

#define CALL_ID_MAX	32
#define OPTIONS_MAX	4096
#define VIA_MAX		160
#define BRANCH_MAX	64
#define STUN_LEN	20
#define STUN_REQUEST	0x0001
#define STUN_ANSWER	0x0101
#define STUN_COOKIE	"\x21\x12\xa4\x42"
#define STUN_OURS	"ping"		/* the first four octets of the transaction */

static char	call_ids[WORKERS_MAX][CALL_ID_MAX];

struct str
ping_call_id(const struct worker *w)
{
	return str_of(call_ids[w->index]);
}

/* The answers must come to the worker that asked. */
void
ping_call_ids(void)
{
	for (unsigned i = 0; i < workers_count(); i++)
		do {
			strcpy(call_ids[i], "ping-");
			id_text(call_ids[i] + 5, 20);
			call_ids[i][25] = '\0';
		} while (worker_owner(str_of(call_ids[i])) != i);
}

/* ---- OPTIONS ---- */

/* From and Call-ID stay the same, CSeq is the token: it fits into 31 bits. */
static bool
options_write(const struct pinged *e, struct text *out)
{
	const struct settings	*s = settings_now();
	char			 branch[BRANCH_MAX], via[VIA_MAX], from[300];
	struct text		 b, v, f;
	struct addr		 local;

	if (s->domains.n == 0 || wire_told(e->w, &e->flow, &local) < 0)
		return false;
	text_init(&v, via, sizeof(via));
	text_init(&b, branch, sizeof(branch));
	text_printf(&b, "z9hG4bK%.*s.%llu", STR_ARG(ping_call_id(e->w)),
	    (unsigned long long)e->token);
	via_write(&v, e->flow.transport, &local, text_str(&b));
	text_add(&v, STR(";rport"));
	text_init(&f, from, sizeof(from));
	text_printf(&f, "sip:ping@%s", s->domains.v[0]);
	return !v.full && !f.full && request_write(out, &(struct request){
		.method = STR("OPTIONS"),
		.uri = str_of(e->uri),
		.via = text_str(&v),
		.from = text_str(&f),
		.from_tag = STR("ping"),
		.to = str_of(e->uri),
		.call_id = ping_call_id(e->w),
		.cseq = (uint32_t)e->token,
		.expires_s = -1,
	}) == 0;
}

/* ---- STUN ---- */

static void
stun_write(uint64_t token, char out[STUN_LEN])
{
	static const char	head[8] = { 0, STUN_REQUEST, 0, 0 };

	memcpy(out, head, sizeof(head));
	memcpy(out + 4, STUN_COOKIE, 4);
	memcpy(out + 8, STUN_OURS, 4);
	for (int i = 0; i < 8; i++)
		out[12 + i] = (char)(token >> (56 - 8 * i));
}

uint64_t
ping_stun_token(struct str b)
{
	uint64_t	token = 0;

	if (b.len < STUN_LEN || b.s[0] != STUN_ANSWER >> 8 ||
	    b.s[1] != (STUN_ANSWER & 0xff) || memcmp(b.s + 4, STUN_COOKIE, 4) != 0 ||
	    memcmp(b.s + 8, STUN_OURS, 4) != 0)
		return 0;
	for (int i = 0; i < 8; i++)
		token = token << 8 | (uint8_t)b.s[12 + i];
	return token;
}

/* ---- all ---- */

/* Phones that speak SIP over a stream know no STUN there. */
static unsigned
method_for(const struct pinged *e)
{
	unsigned	method = settings_now()->ping_method;

	if (hop_is_stream(&e->flow) && method != PING_OPTIONS)
		return PING_CRLF;
	return method;
}

bool
ping_send(struct pinged *e)
{
	char		buf[OPTIONS_MAX];
	struct text	t;
	unsigned	method = method_for(e);

	e->token = 0;
	text_init(&t, buf, sizeof(buf));
	switch (method) {
	case PING_CRLF:
		text_add(&t, STR("\r\n\r\n"));
		break;
	case PING_EMPTY:
		break;
	case PING_OPTIONS:
		e->token = id_u64() % INT32_MAX + 1;
		if (!options_write(e, &t))
			return false;
		break;
	case PING_STUN:
		e->token = id_u64();
		stun_write(e->token, buf);
		t.len = STUN_LEN;
		break;
	}
	stats->pings_sent++;
	return wire_send(e->w, &e->flow, str_make(buf, t.len), 0, 0) == 0 &&
	    e->token != 0;
}
