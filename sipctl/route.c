/*
 * route - where would this call go? routed is asked as sipd would ask it, with the
 * word that nothing is to be counted; addresses of record become contacts here as
 * sipd makes them, from regd's table.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/route.h"
#include "common/uri.h"
#include "sipctl/ask.h"
#include "sipctl/edition.h"
#include "sipctl/route_answer.h"

static const char *const stage_names[] = {
	[STAGE_NOW] = "now", [STAGE_AFTER] = "after", [STAGE_BUSY] = "busy",
	[STAGE_NO_ANSWER] = "no-answer", [STAGE_ERROR] = "error",
	[STAGE_UNREGISTERED] = "unregistered",
};

static json_t *
text_or_null(const char *s)
{
	return s != NULL ? json_text(str_of(s)) : json_null();
}

static void
take_stage(struct route_answer *a, const struct rec_stage *s)
{
	const char	*when = s->when < sizeof(stage_names) / sizeof(stage_names[0]) ?
			    stage_names[s->when] : "later";

	json_array_append_new(a->stages, json_pack("{s:s,s:o,s:b,s:o,s:[]}",
	    "when", when, "after_s", s->when == STAGE_AFTER ?
	    json_real(s->after_ms / 1000.0) : json_null(), "replaces", s->replaces,
	    "code", s->code != 0 ? json_integer(s->code) : json_null(), "targets"));
}

/* An AOR has no URI until its contacts are known. */
static void
take_target(struct route_answer *a, const struct rec_target *t)
{
	json_t		*targets = json_object_get(json_array_get(a->stages,
			    t->stage), "targets");
	char		 value[1024], hop[1024];
	const char	*transport = NULL, *at;
	struct uri	 u;

	if (!str_copy(value, sizeof(value), t->value) ||
	    !str_copy(hop, sizeof(hop), t->next_hop))
		return;
	if (t->kind == TARGET_AOR) {
		json_array_append_new(targets, json_pack("{s:s}", "aor", value));
		return;
	}
	if (uri_parse(&u, str_of(hop[0] != '\0' ? hop : value)) == 0 &&
	    uri_transport(&u) != TRANSPORT_NONE)
		transport = transport_name(uri_transport(&u));
	at = t->kind == TARGET_GATEWAY ? strrchr(value, '@') : NULL;
	json_array_append_new(targets, json_pack("{s:o,s:o,s:o,s:o,s:n}",
	    "uri", text_or_null(value), "next_hop",
	    text_or_null(hop[0] != '\0' ? hop : NULL), "transport",
	    text_or_null(transport), "gateway",
	    text_or_null(at != NULL ? at + 1 : NULL), "aor"));
}

void
route_take(void *arg, enum msg_type type, const union msg *m)
{
	struct route_answer		*a = arg;
	const struct msg_routed	*r = &m->routed;
	const struct rec_step	*s;
	uint32_t		 i;

	if (type != MSG_ROUTED)
		return;
	a->if_confirmed = r->if_confirmed;
	a->if_not = r->if_not;
	str_copy(a->reason, sizeof(a->reason), r->reason);
	str_copy(a->uri, sizeof(a->uri), r->uri);
	for (i = 0; i < r->steps.n; i++) {
		s = &r->steps.v[i];
		json_array_append_new(a->steps, json_pack("{s:o,s:i,s:o,s:b,s:o}",
		    "file", json_text(s->file), "line", (int)s->line, "text",
		    json_text(s->text), "matched", s->matched, "why",
		    json_text(s->why)));
	}
	for (i = 0; i < r->stages.n; i++)
		take_stage(a, &r->stages.v[i]);
	for (i = 0; i < r->targets.n; i++)
		take_target(a, &r->targets.v[i]);
}

/* The contacts of one AOR, appended; 0, or the exit code when regd cannot be asked. */
static int
expand(struct ctl *c, json_t *targets, const char *aor)
{
	const char	*args[] = { aor, NULL };
	json_t		*rows, *row;
	size_t		 i;
	int		 code;

	if ((code = ask_show(c, "regd", "bindings", args, &rows)) != CTL_DONE)
		return code;
	json_array_foreach(rows, i, row)
		json_array_append_new(targets, json_pack(
		    "{s:O,s:O?,s:O?,s:n,s:s}", "uri",
		    json_object_get(row, "contact"), "next_hop",
		    json_object_get(row, "received"), "transport",
		    json_object_get(row, "transport"), "gateway", "aor", aor));
	json_decref(rows);
	return CTL_DONE;
}

static int
expand_all(struct ctl *c, struct route_answer *a)
{
	json_t	*stage, *one, *targets;
	size_t	 i, k;
	int	 code = CTL_DONE;

	json_array_foreach(a->stages, i, stage) {
		targets = json_array();
		json_array_foreach(json_object_get(stage, "targets"), k, one) {
			if (json_object_get(one, "uri") != NULL)
				json_array_append(targets, one);
			else if (code == CTL_DONE)
				code = expand(c, targets, json_string_value(
				    json_object_get(one, "aor")));
		}
		json_object_set_new(stage, "targets", targets);
	}
	return code;
}

/* ---- the question ---- */

/* "sip:..." of what was typed. */
static bool
uri_arg(const struct ctl *c, const char *typed, char buf[1024])
{
	struct uri	u;
	char		aor[256];

	if (uri_parse(&u, str_of(typed)) == 0 && u.scheme != URI_OTHER)
		return str_copy(buf, 1024, str_of(typed));
	if (!aor_arg(c, typed, aor))
		return false;
	snprintf(buf, 1024, "sip:%s", aor);
	return true;
}

/* "udp:192.0.2.1:5060" of an address or of the whole. */
static bool
source_arg(const char *typed, char buf[PEER_TEXT_MAX])
{
	struct peer	p;
	struct str	s;

	if (peer_parse(&p, str_of(typed)) < 0) {
		p.transport = TRANSPORT_UDP;
		if (addr_parse_port(&p.addr, str_of(typed)) < 0 &&
		    addr_parse(&p.addr, str_of(typed), 5060) < 0) {
			say("--source wants an address, not \"%s\"", typed);
			return false;
		}
	}
	s = peer_print(&p, buf);
	if (s.s != buf || s.len >= PEER_TEXT_MAX)
		return false;
	buf[s.len] = '\0';
	return true;
}

static bool
time_arg(const char *typed, uint64_t *ms)
{
	int64_t	at;

	if (!time_parse(typed, &at)) {
		say("--at wants a time like 2026-12-24T18:00:00Z, not \"%s\"", typed);
		return false;
	}
	*ms = (uint64_t)at;
	return true;
}

/* A caller of a domain of ours is taken as signed in. */
static bool
is_local(const struct ctl *c, struct str domain)
{
	struct edition		now;
	struct generation	g;
	bool			local = false;
	size_t			i;

	if (edition_in_force(&now, c, &g) == 0)
		for (i = 0; i < now.settings->domains.n; i++)
			local |= str_caseeq(str_of(now.settings->domains.v[i]),
			    domain);
	edition_fini(&now);
	return local;
}

static int
ask_route(struct ctl *c, const struct line *l, struct str candidate,
    struct route_answer *a, bool *confirmed, char caller[AOR_MAX])
{
	const char	*from_typed = line_option(l, "from");
	const char	*method = line_option(l, "method");
	const char	*source_typed = line_option(l, "source");
	const char	*at_typed = line_option(l, "at");
	const char	*why_typed = line_option(l, "why-not");
	uint32_t	 why_not = 0;
	char		 uri[1024], from[1024], source[PEER_TEXT_MAX], aor[AOR_MAX];
	struct str	 all = STR_NONE;
	struct str	 user = STR_NONE, domain = STR_NONE;
	struct uri	 u;
	struct msg_route body = { .test = true };
	struct question	 q = { .daemon = "routed", .type = MSG_ROUTE, .body = &body,
			    .fn = route_take, .arg = a };

	if (!uri_arg(c, l->args[0], uri) ||
	    !uri_arg(c, from_typed != NULL ? from_typed :
	    "sip:anonymous@anonymous.invalid", from) ||
	    !source_arg(source_typed != NULL ? source_typed : "192.0.2.1", source) ||
	    (at_typed != NULL && !time_arg(at_typed, &body.at_ms)))
		return CTL_USAGE;
	if (why_typed != NULL && (str_u32(str_of(why_typed), &why_not) < 0 ||
	    why_not == 0))
		return no(CTL_USAGE, "--why-not wants the line of a record, not \"%s\"",
		    why_typed);
	body.method = str_of(method != NULL ? method : "INVITE");
	body.uri = body.to = str_of(uri);
	body.from = str_of(from);
	body.source = str_of(source);
	body.listener = STR("");
	body.records = candidate;
	body.why_not = why_not;
	strlcpy(a->source, source, sizeof(a->source));
	if (uri_parse(&u, body.from) == 0)
		aor_split(all = uri_aor(&u, aor), &user, &domain);
	str_copy(caller, AOR_MAX, all);
	*confirmed = is_local(c, domain);
	if (*confirmed) {
		body.account = user;
		body.realm = domain;
	}
	return ask_one(c, &q, 5000, true);
}

/* The code it would be refused with; 0: routed. */
static unsigned
judge(struct route_answer *a, bool confirmed)
{
	unsigned	code = confirmed ? a->if_confirmed : a->if_not;

	if (code == 0 && json_array_size(route_targets_now(a)) == 0 &&
	    json_array_size(a->stages) <= 1) {
		snprintf(a->reason, sizeof(a->reason), "not registered");
		return 480;
	}
	return code;
}

/* ---- expectations ---- */

/* "gateway=teleco1", "uri=...", "aor=...", "code=404": of any target at once. */
static bool
expected(const struct route_answer *a, unsigned code, const char *what)
{
	const char	*equal = strchr(what, '='), *is;
	char		 name[32];
	json_t		*one;
	size_t		 i;

	if (equal == NULL || !str_copy(name, sizeof(name),
	    str_make(what, (size_t)(equal - what))))
		return false;
	if (strcmp(name, "code") == 0)
		return code == strtoul(equal + 1, NULL, 10);
	json_array_foreach(route_targets_now(a), i, one) {
		is = json_string_value(json_object_get(one, name));
		if (code == 0 && is != NULL && strcasecmp(is, equal + 1) == 0)
			return true;
	}
	return false;
}

/* CTL_NO after saying which one is not so. */
static int
expect_all(const struct line *l, const struct route_answer *a, unsigned code)
{
	const char	*what;
	size_t		 at = 0;
	int		 result = CTL_DONE;

	while ((what = line_option_next(l, "expect", &at)) != NULL)
		if (!expected(a, code, what))
			result = no(CTL_NO, "expected %s", what);
	return result;
}

bool
route_candidate(const char *file, char **text, struct str *out)
{
	size_t		 len;
	int		 e;

	*text = NULL;
	*out = STR_NONE;
	if (file == NULL)
		return true;
	if ((e = file_read(file, CONF_MAX, text, &len)) < 0) {
		say("cannot read %s: %s", file, strerror(-e));
		return false;
	}
	*out = len > 0 ? str_make(*text, len) : STR("\n");
	return true;
}

COMMAND(cmd_route_test)
{
	struct route_answer		a = { 0 };
	struct generation	g = { 0 };
	struct str		records;
	unsigned		refused;
	bool			confirmed = false;
	char			caller[AOR_MAX] = "";
	char			*text;
	int			code;

	if (!route_candidate(line_option(l, "file"), &text, &records))
		return CTL_NO;
	a.steps = json_array();
	a.stages = json_array();
	code = ask_route(c, l, records, &a, &confirmed, caller);
	if (code == CTL_DONE)
		code = expand_all(c, &a);
	if (code == CTL_DONE) {
		route_where(c, &a, a.source);
		if (confirmed)
			route_pstn(c, &a, caller);
		refused = judge(&a, confirmed);
		generation_in_force(&c->dirs, &g);
		if (out_for_people(&c->out))
			route_print(&a, refused, g.number);
		else
			route_print_json(c, &a, refused, g.number);
		code = line_option(l, "expect") != NULL ?
		    expect_all(l, &a, refused) : refused == 0 ? CTL_DONE : CTL_NO;
	}
	json_decref(a.steps);
	json_decref(a.stages);
	free(text);
	return code;
}
