/*
 * route_where - the places that the targets of a decision lead to, as sipd finds them:
 * name servers, black list, and whether media would be relayed.
 */
#include "sipctl/ask.h"
#include "sipctl/route_answer.h"

#define ASKED_MAX	16	/* targets; a group may have more */
#define ASK_MS		5000

struct where {
	struct route_answer	*a;
	json_t			*target;
};

static void
add_step(struct route_answer *a, const char *text, bool matched, json_t *why)
{
	json_array_append_new(a->steps, json_pack("{s:s,s:i,s:s,s:b,s:o}",
	    "file", "", "line", 0, "text", text, "matched", matched, "why", why));
}

static void
take_where(void *arg, enum msg_type type, const union msg *m)
{
	struct where			*w = arg;
	const struct msg_where_is	*is = &m->where_is;
	json_t				*places = json_array();
	char				 buf[256];
	struct text			 t;

	for (uint32_t i = 0; type == MSG_WHERE_IS && i < is->places.n; i++) {
		const struct rec_place	*p = &is->places.v[i];

		json_array_append_new(places, json_pack("{s:o,s:b,s:o}", "peer",
		    json_text(p->peer), "relayed", p->relayed, "media",
		    json_text(p->media)));
		text_init(&t, buf, sizeof(buf));
		text_printf(&t, "%.*s, media %s: %.*s", STR_ARG(p->peer),
		    p->relayed ? "through mediad" : "direct", STR_ARG(p->media));
		add_step(w->a, "place", true, json_text(text_str(&t)));
	}
	if (type == MSG_WHERE_IS && is->places.n == 0)
		add_step(w->a, "place", false, json_text(is->why));
	json_object_set_new(w->target, "places", places);
}

/* The URI to ask about; of a device the peer that it registered from. */
static bool
place_of(const json_t *target, char buf[1024])
{
	const char	*hop = json_string_value(json_object_get(target, "next_hop"));
	const char	*uri = json_string_value(json_object_get(target, "uri"));
	const char	*transport = json_string_value(json_object_get(target,
			    "transport"));
	struct text	 t;

	text_init(&t, buf, 1024);
	if (json_is_string(json_object_get(target, "aor")) && hop != NULL &&
	    transport != NULL)
		text_printf(&t, "%s:%s", transport, hop);
	else
		text_add(&t, str_of(hop != NULL ? hop : uri));
	return !t.full && !json_is_string(json_object_get(target, "gateway"));
}

void
route_where(struct ctl *c, struct route_answer *a, const char *source)
{
	json_t			*one;
	struct msg_where	 body = { .source = str_of(source) };
	size_t			 i;

	json_array_foreach(route_targets_now(a), i, one) {
		char		 place[1024];
		struct where	 w = { a, one };
		struct question	 q = { .daemon = "sipd", .type = MSG_WHERE,
				    .body = &body, .fn = take_where, .arg = &w };

		if (i >= ASKED_MAX || !place_of(one, place))
			continue;
		body.uri = str_of(place);
		ask_all(c, &q, 1, ASK_MS, true);
		if (q.error != 0 && !q.refused)
			return;		/* what routed said is good without */
	}
}
