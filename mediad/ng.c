/*
 * ng - the ng commands: ping, offer, answer, delete, query, list, statistics.
 *
 * ng_listen.c brings messages, ng_query.c reads them, session.h does the work. In
 * ng a call is a Call-ID and from-tag is who offers now, the caller or the
 * callee; a session here is found by the caller's tag, which is one of the two.
 */
#include "mediad/ng.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/map.h"
#include "common/stats.h"
#include "mediad/bencode.h"
#include "mediad/ng_cookies.h"
#include "mediad/ng_query.h"

#define REPLY_MAX	(NG_COOKIE_MAX + 4 * SDP_BODY_MAX)
#define LIST_DEFAULT	32

struct ng {
	struct sessions		*sessions;
	struct ng_cookies	*cookies;
	char			 reply[REPLY_MAX];
};

/* One command being carried out; its reply is an open dictionary. */
struct ask {
	struct sessions		*ss;
	struct ng_query		 q;
	struct addr		 from;
	struct mono		 now;
	struct text		*t;
};

typedef void command_fn(struct ask *a);

/* ---- replies ---- */

static void
say(struct text *t, struct str key, struct str value)
{
	bencode_string(t, key);
	bencode_string(t, value);
}

static void
say_ok(struct ask *a)
{
	say(a->t, STR("result"), STR("ok"));
}

static void
say_error(struct ask *a, const char *why)
{
	stats->ng_errors++;
	say(a->t, STR("error-reason"), str_of(why));
	say(a->t, STR("result"), STR("error"));
}

/* ---- which session ---- */

/* *by_from: from-tag is the caller's. */
static struct session *
call_find(const struct ask *a, bool *by_from)
{
	const struct ng_query	*q = &a->q;
	struct session		*s = session_find(a->ss, q->call_id, q->from_tag);

	*by_from = s != NULL;
	if (s == NULL && q->to_tag.len > 0)
		s = session_find(a->ss, q->call_id, q->to_tag);
	return s;
}

static bool
ids_given(struct ask *a)
{
	if (a->q.error == NULL && a->q.call_id.len == 0)
		a->q.error = "No call-id in message";
	if (a->q.error == NULL && a->q.from_tag.len == 0)
		a->q.error = "No from-tag in message";
	if (a->q.error != NULL)
		say_error(a, a->q.error);
	return a->q.error == NULL;
}

/* ---- offer and answer ---- */

static bool
family_served(const struct ask *a)
{
	static const struct addr	anywhere = { .len = 0 };
	static const struct set_nets	none = { .n = 0 };
	int				family = a->q.family;

	if (a->q.advertise.len != 0) {
		if (family != 0 && family != a->q.advertise.sa.sa_family)
			return false;
		family = a->q.advertise.sa.sa_family;
	}
	return sides_for(sessions_sides(a->ss), family, &anywhere, &none) != NULL;
}

/*
 * The same for the two. A repetition of an offer (a fork of it, a session refresh)
 * is known by its body: the protocol has no CSeq. Where the signalling came from
 * is the asker itself if it does not say: its phones may be on its own loopback.
 */
static struct rewrite
rewrite_of(const struct ask *a)
{
	const struct ng_query	*q = &a->q;

	return (struct rewrite){
		.call_id = q->call_id,
		.caller_tag = q->from_tag,
		.cseq = (uint32_t)hash_str(q->sdp),
		.source = q->source.len != 0 ? q->source : a->from,
		.sdp = q->sdp,
		.last_talks = true,
		.origin = q->origin,
		.from_source = q->from_source,
		.advertise = q->advertise,
		.family = q->advertise.len != 0 ?
		    (uint8_t)q->advertise.sa.sa_family : q->family,
		.proto = q->proto,
	};
}

static void
exchange(struct ask *a, const struct rewrite *r)
{
	struct rewritten	out;

	if (!family_served(a)) {
		say_error(a, "no media address of this family");
		return;
	}
	sessions_rewrite(a->ss, r, a->now, &out);
	log_low("MEDIA", out.session, "ng %s: %d %s call=%s",
	    r->answer ? "answer" : "offer", out.code, out.reason,
	    log_str(r->call_id));
	if (out.code == 503 && a->q.load_limit) {
		stats->ng_errors++;
		say(a->t, STR("message"), str_of(out.reason));
		say(a->t, STR("result"), STR("load limit"));
	} else if (out.code != 200) {
		say_error(a, out.reason);
	} else {
		say_ok(a);
		say(a->t, STR("sdp"), out.sdp);
	}
}

static void
do_offer(struct ask *a)
{
	struct rewrite	 r = rewrite_of(a);
	struct session	*s;
	bool		 by_from;

	if (!ids_given(a))
		return;
	s = call_find(a, &by_from);
	r.from_caller = s == NULL || by_from;
	if (!r.from_caller)
		r.caller_tag = a->q.to_tag;
	/* Within the dialog each transaction has a branch of its own. */
	if (a->q.to_tag.len == 0 || s == NULL || s->selected == NULL)
		r.branch = a->q.via_branch;
	exchange(a, &r);
}

static void
do_answer(struct ask *a)
{
	struct rewrite	 r = rewrite_of(a);
	struct session	*s;
	bool		 by_from;

	if (!ids_given(a))
		return;
	s = call_find(a, &by_from);
	if (s == NULL) {
		say_error(a, "Unknown call-id");
		return;
	}
	r.answer = r.final = true;
	r.from_caller = !by_from;
	if (!by_from)
		r.caller_tag = a->q.to_tag;
	if (session_has_branch(a->ss, s, a->q.via_branch))
		r.branch = a->q.via_branch;
	exchange(a, &r);
}

/* ---- the others ---- */

static void
do_ping(struct ask *a)
{
	say(a->t, STR("result"), STR("pong"));
}

/* All sessions of the Call-ID; false: there is none. */
static bool
end_all(struct ask *a)
{
	const struct session	*s;
	uint32_t		 at = 0;
	bool			 any = false;

	while ((s = sessions_next(a->ss, &at)) != NULL)
		if (str_eq(session_call_id(s), a->q.call_id))
			any |= sessions_end(a->ss, a->q.call_id,
			    session_caller_tag(s), STR_NONE);
	return any;
}

/* One branch if others are left, else the call. What is gone already is over, too. */
static void
do_delete(struct ask *a)
{
	const struct ng_query	*q = &a->q;
	struct session		*s = NULL;
	bool			 by_from, found = false;

	if (q->call_id.len == 0) {
		say_error(a, "No call-id in message");
		return;
	}
	if (q->from_tag.len == 0) {
		found = end_all(a);
	} else if ((s = call_find(a, &by_from)) != NULL) {
		struct str	branch = STR_NONE;

		if (session_has_branch(a->ss, s, q->via_branch))
			branch = q->via_branch;
		ng_show_session(a->t, s, by_from ? q->to_tag : q->from_tag, a->now);
		found = sessions_end(a->ss, q->call_id,
		    by_from ? q->from_tag : q->to_tag, branch);
	}
	say_ok(a);
	if (!found)
		say(a->t, STR("warning"),
		    STR("Call-ID not found or tags didn't match"));
}

static void
do_query(struct ask *a)
{
	const struct session	*s = NULL;
	uint32_t		 at = 0;
	bool			 by_from = true;

	if (a->q.from_tag.len > 0)
		s = call_find(a, &by_from);
	else
		while ((s = sessions_next(a->ss, &at)) != NULL &&
		    !str_eq(session_call_id(s), a->q.call_id))
			;
	if (s == NULL) {
		say_error(a, "Unknown call-id");
		return;
	}
	say_ok(a);
	ng_show_session(a->t, s, by_from ? a->q.to_tag : a->q.from_tag, a->now);
}

static void
do_list(struct ask *a)
{
	say_ok(a);
	ng_show_list(a->t, a->ss, a->q.limit > 0 ? a->q.limit : LIST_DEFAULT);
}

static void
do_statistics(struct ask *a)
{
	say_ok(a);
	ng_show_statistics(a->t, a->ss);
}

static const struct { struct str name; command_fn *run; } commands[] = {
	{ { "ping", 4 }, do_ping },
	{ { "offer", 5 }, do_offer },
	{ { "answer", 6 }, do_answer },
	{ { "delete", 6 }, do_delete },
	{ { "query", 5 }, do_query },
	{ { "list", 4 }, do_list },
	{ { "statistics", 10 }, do_statistics },
};

static void
carry_out(struct ask *a, struct str dict)
{
	size_t	i;

	ng_query_read(&a->q, dict);
	stats->ng_ignored += a->q.ignored;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (str_caseeq(a->q.command, commands[i].name)) {
			commands[i].run(a);
			return;
		}
	say_error(a, "Unrecognized command");
}

/* ---- messages ---- */

struct ng *
ng_new(struct sessions *ss)
{
	struct ng	*n = xcalloc(1, sizeof(*n));

	n->sessions = ss;
	n->cookies = ng_cookies_new();
	return n;
}

void
ng_free(struct ng *n)
{
	if (n == NULL)
		return;
	ng_cookies_free(n->cookies);
	free(n);
}

static bool
cookie_cut(struct str *rest, struct str *cookie)
{
	return str_cut(rest, ' ', cookie) && cookie->len > 0 &&
	    cookie->len <= NG_COOKIE_MAX && rest->len > 0;
}

struct str
ng_answer(struct ng *n, const struct addr *from, struct str message,
    struct mono now)
{
	struct text	t;
	struct str	cookie, reply;
	struct bencode	dict;
	struct ask	a = { .ss = n->sessions, .from = *from, .now = now, .t = &t };

	if (!cookie_cut(&message, &cookie)) {
		stats->ng_bad++;
		return STR_NONE;
	}
	reply = ng_cookies_find(n->cookies, from, cookie, now);
	if (reply.s != NULL) {
		stats->ng_repeated++;
		return reply;
	}
	stats->ng_requests++;
	text_init(&t, n->reply, sizeof(n->reply));
	text_add(&t, cookie);
	text_add(&t, STR(" d"));
	if (bencode_read(&dict, &message) < 0 || dict.kind != BENCODE_DICT) {
		stats->ng_bad++;
		say_error(&a, "Failed to parse bencode dictionary");
	} else {
		carry_out(&a, dict.text);
	}
	text_ch(&t, 'e');
	ng_cookies_put(n->cookies, from, cookie, text_str(&t), now);
	return text_str(&t);
}
