/*
 * trace_calls - what calls there were, from the records of the flight recorder.
 */
#include <stdlib.h>

#include "common/map.h"
#include "common/uri.h"
#include "sipctl/trace.h"

static struct str
key_of(const void *object)
{
	const struct trace_call *k = object;

	return str_make((const char *)&k->call, sizeof(k->call));
}

static struct trace_call *
call_of(struct map *calls, const struct record *c)
{
	struct trace_call	*k = map_find(calls, str_make((const char *)&c->call,
				    sizeof(c->call)));

	if (k != NULL)
		return k;
	k = xcalloc(1, sizeof(*k));
	k->call = c->call;
	k->began_ms = k->ended_ms = c->wall_ms;
	map_put(calls, k);
	return k;
}

/* As people know it: the AOR of a URI, if it is one. */
static char *
party(struct str text)
{
	char		buf[AOR_MAX];
	struct uri	u;
	struct str	aor;

	if (uri_parse(&u, text) < 0 || (aor = uri_aor(&u, buf)).len == 0)
		return str_dup(text);
	return str_dup(aor);
}

static void
forget_request(struct trace_call *k)
{
	free(k->call_id);
	free(k->from);
	free(k->to);
	free(k->method);
}

/*
 * Its first request says who calls whom: by time, as rings are read one after another,
 * and what comes late (an ACK after a kill) may be in another one.
 */
static void
take_request(struct trace_call *k, const struct record *c, const struct record_message *m,
    struct str text)
{
	if (m->call_id.len == 0 || (k->call_id != NULL && k->first_ns <= c->mono_ns))
		return;
	forget_request(k);
	k->first_ns = c->mono_ns;
	k->call_id = str_dup(record_slice(text, m->call_id));
	k->from = party(record_slice(text, m->from));
	k->to = party(record_slice(text, m->to));
	k->method = str_dup(record_slice(text, m->method));
}

static void
take_code(struct trace_call *k, uint16_t code, struct str label)
{
	struct str	digits;

	k->code = code;
	free(k->reason);
	str_cut(&label, ' ', &digits);
	k->reason = str_dup(label);
}

static void
take_note(struct trace_call *k, const struct record *c)
{
	struct str	text, gateway;
	char		tag[9];

	if (!record_read_note(c, tag, &text) ||
	    (gateway = trace_gateway(tag, text)).len == 0)
		return;
	free(k->gateway);
	k->gateway = str_dup(gateway);
}

/*
 * Responses that leave tell the code until there is a result; the result's own
 * words are those of the last response with its code.
 */
static void
take(void *arg, const struct trace_record *r)
{
	const struct record	*c = r->c;
	struct trace_call	*k;
	struct record_message	 m;
	struct str		 text;

	if (c->call == 0)
		return;
	k = call_of(arg, c);
	if (c->wall_ms < k->began_ms)
		k->began_ms = c->wall_ms;
	if (c->wall_ms > k->ended_ms)
		k->ended_ms = c->wall_ms;
	if (c->kind == RECORD_RESULT) {
		k->decided = true;
		if (k->code != c->code)
			take_code(k, c->code, STR_NONE);
	} else if ((c->kind == RECORD_IN || c->kind == RECORD_OUT) &&
	    record_read_message(c, &m, &text)) {
		k->heard = true;
		if (c->code == 0)
			take_request(k, c, &m, text);
		else if (c->kind == RECORD_OUT && c->code >= 200 && !k->decided)
			take_code(k, c->code, record_slice(text, m.label));
	} else if (c->kind == RECORD_DECISION)
		take_note(k, c);
}

static void
call_free(struct trace_call *k)
{
	forget_request(k);
	free(k->reason);
	free(k->gateway);
	free(k);
}

static int
newest_first(const void *pa, const void *pb)
{
	const struct trace_call *const	*a = pa, *const *b = pb;

	return (*a)->began_ms < (*b)->began_ms ? 1 : (*a)->began_ms > (*b)->began_ms ? -1 :
	    (*a)->call < (*b)->call ? -1 : (*a)->call > (*b)->call;
}

int
trace_calls(const struct ctl *c, struct trace_calls *out)
{
	struct map	  *calls = map_new(key_of);
	struct trace_call *k;
	size_t		   cursor = 0;
	int		   code;

	*out = (struct trace_calls){ NULL };
	code = trace_each(c, take, calls, &out->lost);
	out->v = xcalloc(map_count(calls) + 1, sizeof(out->v[0]));
	/* Notes of the other daemons outlive the messages: of no use in a list. */
	while ((k = map_next(calls, &cursor)) != NULL)
		if (k->heard || k->decided)
			out->v[out->n++] = k;
		else
			call_free(k);
	map_free(calls);
	qsort(out->v, out->n, sizeof(out->v[0]), newest_first);
	return code;
}

void
trace_calls_fini(struct trace_calls *t)
{
	for (size_t i = 0; i < t->n; i++)
		call_free(t->v[i]);
	free(t->v);
}

bool
trace_call_is_invite(const struct trace_call *k)
{
	return k->method != NULL && strcmp(k->method, "INVITE") == 0;
}

bool
trace_call_failed(const struct trace_call *k)
{
	return k->code >= 400 && k->code != 401 && k->code != 407 && k->code != 487;
}
