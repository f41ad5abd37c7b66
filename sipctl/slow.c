/*
 * slow - requests that stayed long in this house before they went on or were answered,
 * and who of us took the time; from the flight recorder.
 */
#include <stdlib.h>

#include "common/map.h"
#include "sipctl/span.h"
#include "sipctl/trace.h"

#define SHOWN	20

/* What was waited for until a note with that tag was written. */
static const struct {
	const char	*tag, *stage;
} stages[] = {
	{ "AUTH", "credential (regd)" }, { "REG", "registration (regd)" },
	{ "ROUTER", "route (routed)" }, { "MEDIA", "media (mediad)" }, { "DNS", "names (DNS)" },
};

/* A request in the house: from its coming to its going. */
struct stay {
	uint64_t	call;
	int64_t		came_ns, came_ms, last_ns, went_ns;	/* went: 0 while it is here */
	int64_t		longest_ns;
	const char	*longest;
	char		*call_id, *method;
};

struct reading {
	struct map	*stays;
	struct span	 span;
};

static struct str
key_of(const void *p)
{
	return str_make((const char *)&((const struct stay *)p)->call, sizeof(uint64_t));
}

/* A step of it ended at ns: what took longest is kept. */
static void
step(struct stay *s, int64_t ns, const char *stage)
{
	if (ns - s->last_ns > s->longest_ns) {
		s->longest_ns = ns - s->last_ns;
		s->longest = stage;
	}
	s->last_ns = ns;
}

static void
came(struct reading *k, const struct record *c, const struct record_message *m,
    struct str text)
{
	struct str	 key = str_make((const char *)&c->call, sizeof(c->call));
	struct str	 method = record_slice(text, m->method);
	struct stay	*s = map_find(k->stays, key);

	if (str_eq(method, STR("ACK")) || str_eq(method, STR("CANCEL")) ||
	    !span_has(&k->span, c->wall_ms) || (s != NULL && s->went_ns != 0))
		return;
	if (s == NULL) {
		s = xcalloc(1, sizeof(*s));
		s->call = c->call;
		s->call_id = str_dup(record_slice(text, m->call_id));
		s->method = str_dup(method);
		map_put(k->stays, s);
	} else if (s->last_ns == s->came_ns)
		return;			/* it came again: the first one counts */
	s->came_ns = s->last_ns = c->mono_ns;
	s->came_ms = c->wall_ms;
	s->longest_ns = 0;
}

/* A challenge is no end: the next request is the one that stays. */
static void
went(struct reading *k, const struct record *c)
{
	struct stay	*s = map_find(k->stays, str_make((const char *)&c->call,
			    sizeof(c->call)));

	if (s == NULL || s->went_ns != 0 || (c->code > 0 && c->code < 200))
		return;
	step(s, c->mono_ns, "sipd");
	if (c->code != 401 && c->code != 407)
		s->went_ns = c->mono_ns;
}

static void
noted(struct reading *k, const struct record *c)
{
	struct stay	*s = map_find(k->stays, str_make((const char *)&c->call,
			    sizeof(c->call)));
	struct str	 text;
	char		 tag[9];

	if (s == NULL || s->went_ns != 0 || !record_read_note(c, tag, &text))
		return;
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		if (strcmp(tag, stages[i].tag) == 0)
			step(s, c->mono_ns, stages[i].stage);
}

static void
take(void *arg, const struct trace_record *r)
{
	struct record_message	m;
	struct str		text;

	if (r->c->call == 0)
		return;
	if (r->c->kind == RECORD_OUT)
		went(arg, r->c);
	else if (r->c->kind != RECORD_IN)
		noted(arg, r->c);
	else if (r->c->code == 0 && record_read_message(r->c, &m, &text))
		came(arg, r->c, &m, text);
}

static int
slowest_first(const void *pa, const void *pb)
{
	const struct stay	*a = *(struct stay *const *)pa, *b = *(struct stay *const *)pb;
	int64_t			 x = a->went_ns - a->came_ns, y = b->went_ns - b->came_ns;

	return x < y ? 1 : x > y ? -1 : 0;
}

static const struct column columns[] = {
	{ "time", "TIME", COLUMN_TEXT },
	{ "method", "METHOD", COLUMN_TEXT },
	{ "took_ms", "TOOK", COLUMN_MS },
	{ "stage", "MOSTLY", COLUMN_TEXT },
	{ "stage_ms", "OF IT", COLUMN_MS },
	{ "call_id", "CALL-ID", COLUMN_TEXT },
	{ NULL }
};

static json_t *
row_of(const struct ctl *c, const struct stay *s)
{
	char	when[40];

	trace_time(s->came_ms, !out_for_people(&c->out), when);
	return json_pack("{s:s,s:o,s:f,s:s,s:f,s:o}", "time", when, "method",
	    json_text(str_of(s->method)), "took_ms", (double)(s->went_ns - s->came_ns) / 1e6,
	    "stage", s->longest != NULL ? s->longest : "sipd", "stage_ms",
	    (double)s->longest_ns / 1e6, "call_id", json_text(str_of(s->call_id)));
}

/* The slowest of those that are out again; all are freed. */
static json_t *
rows_of(const struct ctl *c, struct map *stays)
{
	size_t		  n = 0, cursor = 0;
	struct stay	**v = xcalloc(map_count(stays) + 1, sizeof(v[0])), *s;
	json_t		 *rows = json_array();

	while ((s = map_next(stays, &cursor)) != NULL)
		v[n++] = s;
	qsort(v, n, sizeof(v[0]), slowest_first);
	for (size_t i = 0; i < n; i++) {
		if (v[i]->went_ns != 0 && json_array_size(rows) < SHOWN)
			json_array_append_new(rows, row_of(c, v[i]));
		free(v[i]->call_id);
		free(v[i]->method);
		free(v[i]);
	}
	free(v);
	return rows;
}

COMMAND(cmd_slow)
{
	struct reading	 k;
	json_t		*rows;
	bool		 lost;
	int		 code;

	if (!span_read(l, &k.span))
		return CTL_USAGE;
	k.stays = map_new(key_of);
	code = trace_each(c, take, &k, &lost);
	rows = rows_of(c, k.stays);
	if (code == CTL_DONE)
		out_rows(&c->out, rows, columns);
	json_decref(rows);
	map_free(k.stays);
	return code;
}
