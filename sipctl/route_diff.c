/*
 * route_diff - what other records would have changed: requests that the flight
 * recorder holds are routed twice, by the records in force and by a candidate, and
 * those that would end elsewhere are shown.
 *
 * routed decides both, as it decided then but for what has changed since: who is
 * registered, which gateways are up. Requests that are the same to the router are asked
 * about once.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/map.h"
#include "common/route.h"
#include "sipctl/ask.h"
#include "sipctl/progress.h"
#include "sipctl/route_answer.h"
#include "sipctl/sip_text.h"
#include "sipctl/span.h"
#include "sipctl/trace.h"

#define REQUESTS_MAX	5000	/* the newest; others are left out, and it is said */
#define AT_ONCE		16	/* requests asked about at a time */
#define ASK_MS		10000

/* A request that came from outside a dialog, as routed was asked about it. */
struct request {
	uint64_t	 call;
	int64_t		 wall_ms, mono_ns;
	char		*method, *uri, *from, *to, *account, *realm, *payload, *key;
	char		 source[PEER_TEXT_MAX];
	uint8_t		 media;
	unsigned	 n;		/* how many were like it */
};

struct reading {
	struct map	*requests;	/* by call */
	struct span	 span;
};

/* ---- what was asked ---- */

static struct str
call_of(const void *p)
{
	return str_make((const char *)&((const struct request *)p)->call, sizeof(uint64_t));
}

static struct str
key_of(const void *p)
{
	return str_of(((const struct request *)p)->key);
}

static void
request_free(struct request *q)
{
	free(q->method);
	free(q->uri);
	free(q->from);
	free(q->to);
	free(q->account);
	free(q->realm);
	free(q->payload);
	free(q->key);
	free(q);
}

/* ACK, BYE and REGISTER are not routed; what has a To-tag is led by its dialog. */
static bool
is_routed(struct str method, struct str to)
{
	static const char *const not[] = { "ACK", "CANCEL", "BYE", "REGISTER", "PRACK",
	    "UPDATE", "INFO" };

	for (size_t i = 0; i < sizeof(not) / sizeof(not[0]); i++)
		if (str_eq(method, str_of(not[i])))
			return false;
	return sip_param(to, "tag").len == 0;
}

static void
take_text(struct request *q, struct str text)
{
	struct str	first = STR_NONE, uri = STR_NONE, method = STR_NONE;
	struct str	payload = STR_NONE, credential, type;

	str_cut(&text, '\n', &first);
	str_cut(&first, ' ', &method);
	str_cut(&first, ' ', &uri);
	q->method = str_dup(method);
	q->uri = str_dup(uri);
	q->from = str_dup(sip_uri(sip_header(text, "From", "f")));
	q->to = str_dup(sip_uri(sip_header(text, "To", "t")));
	credential = sip_header(text, "Proxy-Authorization", NULL);
	if (credential.len == 0)
		credential = sip_header(text, "Authorization", NULL);
	q->account = str_dup(sip_param(credential, "username"));
	q->realm = str_dup(sip_param(credential, "realm"));
	type = sip_body(text).len > 0 ? sip_header(text, "Content-Type", "c") : STR_NONE;
	str_cut(&type, ';', &payload);
	q->payload = str_dup(str_trim(payload));
	q->media = str_eq(method, STR("MESSAGE")) ? MEDIA_KIND_IM :
	    str_eq(method, STR("INVITE")) && str_eq(str_of(q->payload),
	    STR("application/sdp")) ? MEDIA_KIND_AV : MEDIA_KIND_UNKNOWN;
}

/* Of a call its last request counts: the one with the credential. */
static void
take(void *arg, const struct trace_record *r)
{
	struct reading		*k = arg;
	struct record_message	 m;
	struct str		 text, peer;
	struct request		*q;

	if (r->c->kind != RECORD_IN || r->c->code != 0 || r->c->call == 0 ||
	    !span_has(&k->span, r->c->wall_ms) || strcmp(r->daemon, "sipd") != 0 ||
	    !record_read_message(r->c, &m, &text) || (m.flags & RECORD_BAD) ||
	    !is_routed(record_slice(text, m.method), sip_header(text, "To", "t")))
		return;
	q = map_find(k->requests, str_make((const char *)&r->c->call, sizeof(r->c->call)));
	if (q != NULL && q->mono_ns >= r->c->mono_ns)
		return;
	if (q != NULL)
		request_free(map_remove(k->requests, call_of(q)));
	q = xcalloc(1, sizeof(*q));
	q->call = r->c->call;
	q->wall_ms = r->c->wall_ms;
	q->mono_ns = r->c->mono_ns;
	q->n = 1;
	peer = trace_peer(&m, true, q->source);
	if (peer.s != q->source)
		str_copy(q->source, sizeof(q->source), peer);
	take_text(q, text);
	map_put(k->requests, q);
}

static int
newest_first(const void *pa, const void *pb)
{
	const struct request	*a = *(struct request *const *)pa;
	const struct request	*b = *(struct request *const *)pb;

	return a->wall_ms < b->wall_ms ? 1 : a->wall_ms > b->wall_ms ? -1 : 0;
}

/* The same to the router: all but the port that it came from and the time. */
static char *
key_text(const struct request *q)
{
	char		 buf[8192];
	struct text	 t;
	ptrdiff_t	 port = str_rchr(str_of(q->source), ':');

	text_init(&t, buf, sizeof(buf));
	text_printf(&t, "%s\n%s\n%s\n%s\n%s\n%s\n%s\n%.*s", q->method, q->uri, q->from, q->to,
	    q->account, q->realm, q->payload, (int)(port > 0 ? port : 0), q->source);
	return str_dup(text_str(&t));
}

/* One of each, the newest first; frees the others. v has room for all of them. */
static size_t
one_of_each(struct map *requests, struct request **v)
{
	struct map	*kept = map_new(key_of);
	struct request	*q, *same;
	size_t		 cursor = 0, n = 0, left = 0;

	while ((q = map_next(requests, &cursor)) != NULL)
		v[n++] = q;
	qsort(v, n, sizeof(v[0]), newest_first);
	for (size_t i = 0; i < n; i++) {
		q = v[i];
		q->key = key_text(q);
		if ((same = map_find(kept, key_of(q))) != NULL)
			same->n++;
		if (same != NULL || left == REQUESTS_MAX) {
			request_free(q);
			continue;
		}
		map_put(kept, q);
		v[left++] = q;
	}
	map_free(kept);
	return left;
}

/* ---- what is decided ---- */

/* One request and both decisions about it. */
struct pair {
	const struct request	*q;
	struct msg_route	 bodies[2];
	struct route_answer	 answers[2];	/* in force, candidate */
};

static void
pair_init(struct pair *p, const struct request *q, struct str records)
{
	*p = (struct pair){ .q = q };
	for (int i = 0; i < 2; i++) {
		p->bodies[i] = (struct msg_route){ .test = true, .method = str_of(q->method),
		    .uri = str_of(q->uri), .from = str_of(q->from), .to = str_of(q->to),
		    .account = str_of(q->account), .realm = str_of(q->realm),
		    .source = str_of(q->source), .media = q->media,
		    .payload = str_of(q->payload), .at_ms = (uint64_t)q->wall_ms,
		    .records = i == 1 ? records : STR_NONE };
		p->answers[i].steps = json_array();
		p->answers[i].stages = json_array();
	}
}

static void
pair_fini(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		json_decref(p->answers[i].steps);
		json_decref(p->answers[i].stages);
	}
}

static unsigned
code_of(const struct pair *p, int i)
{
	return p->q->account[0] != '\0' ? p->answers[i].if_confirmed : p->answers[i].if_not;
}

static bool
is_changed(const struct pair *p)
{
	if (code_of(p, 0) != code_of(p, 1))
		return true;
	return code_of(p, 0) == 0 && !json_equal(p->answers[0].stages, p->answers[1].stages);
}

/* The last record that decided: "routes.conf:31". */
static void
add_record(const json_t *steps, const char *file_name, struct text *t)
{
	const char	*file;
	size_t		 i = json_array_size(steps);

	while (i-- > 0) {
		const json_t	*s = json_array_get(steps, i);

		file = json_string_value(json_object_get(s, "file"));
		if (file == NULL || file[0] == '\0' || !json_is_true(json_object_get(s, "matched")))
			continue;
		text_printf(t, " (%s:%d)", strcmp(file, "candidate") == 0 ? file_name : file,
		    (int)json_integer_value(json_object_get(s, "line")));
		return;
	}
}

static void
add_target(const json_t *one, struct text *t)
{
	const char	*gateway = json_string_value(json_object_get(one, "gateway"));
	const char	*aor = json_string_value(json_object_get(one, "aor"));
	const char	*uri = json_string_value(json_object_get(one, "uri"));

	if (gateway != NULL)
		text_printf(t, "gateway %s %.*s", gateway,
		    (int)strcspn(uri != NULL ? uri : "", "@"), uri != NULL ? uri : "");
	else
		text_printf(t, "%s", aor != NULL ? aor : uri != NULL ? uri : "?");
}

/* "404 Not Found", "gateway teleco1 +4420… (routes.conf:31)", "bo@example.com". */
static json_t *
outcome(const struct pair *p, int i, const char *file)
{
	const struct route_answer	*a = &p->answers[i];
	char				 buf[2048];
	struct text			 t;
	const json_t			*one;
	size_t				 k;

	text_init(&t, buf, sizeof(buf));
	if (code_of(p, i) != 0)
		text_printf(&t, "%u %s", code_of(p, i), a->reason);
	else
		json_array_foreach(route_targets_now(a), k, one) {
			if (k > 0)
				text_add(&t, STR(", "));
			add_target(one, &t);
		}
	if (t.len == 0)
		text_add(&t, STR("nobody at once"));
	add_record(a->steps, file, &t);
	return json_text(text_str(&t));
}

static const struct column columns[] = {
	{ "n", "N", COLUMN_COUNT },
	{ "method", "METHOD", COLUMN_TEXT },
	{ "from", "FROM", COLUMN_TEXT },
	{ "uri", "ASKED FOR", COLUMN_TEXT },
	{ "now", "NOW", COLUMN_TEXT },
	{ "candidate", "CANDIDATE", COLUMN_TEXT },
	{ "source", "SOURCE", COLUMN_TEXT, true },
	{ "last", "LAST", COLUMN_WHEN, true },
	{ NULL }
};

static json_t *
row_of(const struct pair *p, const char *file)
{
	char	when[40];

	time_text(p->q->wall_ms, when, sizeof(when));
	return json_pack("{s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:s}", "n", (int)p->q->n,
	    "method", json_text(str_of(p->q->method)), "from", json_text(str_of(p->q->from)),
	    "uri", json_text(str_of(p->q->uri)), "now", outcome(p, 0, file),
	    "candidate", outcome(p, 1, file), "source", json_text(str_of(p->q->source)),
	    "last", when);
}

/* Up to AT_ONCE of them; the changed ones become rows. An exit code. */
static int
ask_some(struct ctl *c, struct request *const *v, size_t n, struct str records,
    const char *file, json_t *rows)
{
	struct pair	pairs[AT_ONCE];
	struct question	q[2 * AT_ONCE];
	int		code = CTL_DONE;

	for (size_t i = 0; i < 2 * n; i++) {
		struct pair	*p = &pairs[i / 2];

		if (i % 2 == 0)
			pair_init(p, v[i / 2], records);
		q[i] = (struct question){ .daemon = "routed", .type = MSG_ROUTE,
		    .body = &p->bodies[i % 2], .fn = route_take, .arg = &p->answers[i % 2] };
	}
	ask_all(c, q, 2 * n, ASK_MS, true);
	for (size_t i = 0; i < 2 * n && code == CTL_DONE; i++)
		code = ask_failed(&q[i]);
	for (size_t i = 0; i < n; i++) {
		if (code == CTL_DONE && is_changed(&pairs[i]))
			json_array_append_new(rows, row_of(&pairs[i], file));
		pair_fini(&pairs[i]);
	}
	return code;
}

static int
ask_about(struct ctl *c, struct request *const *v, size_t n, struct str records,
    const char *file, json_t *rows)
{
	struct progress	p;
	int		code = CTL_DONE;

	progress_begin(&p, "routing");
	for (size_t i = 0; i < n && code == CTL_DONE; i += AT_ONCE) {
		code = ask_some(c, v + i, n - i < AT_ONCE ? n - i : AT_ONCE, records, file,
		    rows);
		progress_tell(&p, c, i, n, "");
	}
	progress_end(&p);
	return code;
}

/* ---- the command ---- */

static int
diff(struct ctl *c, struct map *requests, const char *file, struct str records, int code)
{
	size_t		  all = map_count(requests), n;
	struct request	**v = xcalloc(all + 1, sizeof(v[0]));
	json_t		 *rows = json_array();

	n = one_of_each(requests, v);
	if (code == CTL_DONE)
		code = ask_about(c, v, n, records, file, rows);
	if (code == CTL_DONE) {
		out_rows(&c->out, rows, columns);
		if (out_for_people(&c->out))
			done(c, "%s%zu recorded requests, %zu different ones: %zu would go elsewhere",
			    json_array_size(rows) > 0 ? "\n" : "", all, n, json_array_size(rows));
		if (n == REQUESTS_MAX)
			say("only the newest %d different requests were looked at",
			    REQUESTS_MAX);
		code = json_array_size(rows) > 0 ? CTL_NO : CTL_DONE;
	}
	while (n > 0)
		request_free(v[--n]);
	free(v);
	json_decref(rows);
	return code;
}

/* As "route check" says, with its words. */
static bool
is_in_order(struct ctl *c, const struct line *l)
{
	bool	quiet = c->quiet, good;

	c->quiet = true;
	good = cmd_route_check(c, l) == CTL_DONE;
	c->quiet = quiet;
	return good;
}

COMMAND(cmd_route_diff)
{
	struct reading	 k = { 0 };
	struct str	 records;
	char		*text;
	bool		 lost = false;
	int		 code;

	if (!span_read(l, &k.span) || !is_in_order(c, l) ||
	    !route_candidate(l->args[0], &text, &records))
		return CTL_USAGE;
	k.requests = map_new(call_of);
	code = trace_each(c, take, &k, &lost);
	code = diff(c, k.requests, l->args[0], records, code);
	if (lost)
		say("some records are missing: the ring was written faster than it was read");
	map_free(k.requests);
	free(text);
	return code;
}
