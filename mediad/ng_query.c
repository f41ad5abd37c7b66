/*
 * ng_query - what an ng message asks for, from its dictionary.
 *
 * ng.c carries it out. Every key and every word of a list is a row of a table; a
 * row without a place to go is a wish that needs nothing here (ng_query.h).
 */
#include "mediad/ng_query.h"

#include <ctype.h>
#include <stddef.h>

#include "mediad/bencode.h"

typedef void key_fn(struct ng_query *q, const struct bencode *v);

struct word {
	struct str	name;
	int		flag;		/* offset of a bool, or NOTHING */
};

struct key {
	struct str	name;
	int		text;		/* offset of a struct str, or NOTHING */
	key_fn		*read;		/* or NULL */
};

#define NOTHING		(-1)
#define NAME(s)		{ (s), sizeof(s) - 1 }
#define OFF(field)	((int)offsetof(struct ng_query, field))

static char
letter(char c)
{
	return c == '_' || c == ' ' ? '-' : (char)tolower((unsigned char)c);
}

/* name is as the tables have it: lower case, with '-'. */
static bool
name_is(struct str given, struct str name)
{
	if (given.len != name.len)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (letter(given.s[i]) != name.s[i])
			return false;
	return true;
}

/* ---- words ---- */

static const struct word flags[] = {
	{ NAME("trust-address"), NOTHING },	/* the default, as in rtpengine */
	{ NAME("symmetric"), NOTHING },
	{ NAME("strict-source"), NOTHING },
	{ NAME("sip-source-address"), OFF(from_source) },
	{ NAME("replace-origin"), OFF(origin) },
	{ NAME("replace-session-connection"), NOTHING },
	{ NAME("replace-sess-conn"), NOTHING },
	{ { NULL, 0 }, 0 },
};

static const struct word replaces[] = {
	{ NAME("origin"), OFF(origin) },
	{ NAME("session-connection"), NOTHING },
	{ NAME("sess-conn"), NOTHING },
	{ { NULL, 0 }, 0 },
};

static const struct word supports[] = {
	{ NAME("load-limit"), OFF(load_limit) },
	{ { NULL, 0 }, 0 },
};

/* RTP and RTCP on one port or two: as the phones agree, both are relayed. */
static const struct word muxes[] = {
	{ NAME("offer"), NOTHING },
	{ NAME("accept"), NOTHING },
	{ { NULL, 0 }, 0 },
};

static const struct word ices[] = {
	{ NAME("remove"), NOTHING },
	{ { NULL, 0 }, 0 },
};

static void
word_read(struct ng_query *q, const struct word *words, struct str given)
{
	for (; words->name.s != NULL; words++) {
		if (!name_is(given, words->name))
			continue;
		if (words->flag != NOTHING)
			*(bool *)((char *)q + words->flag) = true;
		return;
	}
	q->ignored++;
}

/* A list of words, or one of them alone. */
static void
words_read(struct ng_query *q, const struct word *words, const struct bencode *v)
{
	struct str	rest = v->text;
	struct bencode	e;

	if (v->kind == BENCODE_STRING) {
		word_read(q, words, v->text);
		return;
	}
	while (v->kind == BENCODE_LIST && bencode_element(&e, &rest))
		word_read(q, words, e.kind == BENCODE_STRING ? e.text : STR_NONE);
}

/* ---- keys ---- */

static void
read_flags(struct ng_query *q, const struct bencode *v)
{
	words_read(q, flags, v);
}

static void
read_replace(struct ng_query *q, const struct bencode *v)
{
	words_read(q, replaces, v);
}

static void
read_supports(struct ng_query *q, const struct bencode *v)
{
	words_read(q, supports, v);
}

static void
read_mux(struct ng_query *q, const struct bencode *v)
{
	words_read(q, muxes, v);
}

static void
read_ice(struct ng_query *q, const struct bencode *v)
{
	words_read(q, ices, v);
}

/* ["IP4", "192.0.2.1"] */
static void
read_received(struct ng_query *q, const struct bencode *v)
{
	struct str	rest = v->text;
	struct bencode	family, host;

	if (v->kind != BENCODE_LIST || !bencode_element(&family, &rest) ||
	    !bencode_element(&host, &rest) || host.kind != BENCODE_STRING ||
	    addr_parse(&q->source, host.text, 0) < 0)
		q->ignored++;
}

static void
read_media_address(struct ng_query *q, const struct bencode *v)
{
	struct addr	a;

	if (v->kind != BENCODE_STRING || addr_parse(&a, v->text, 0) < 0 ||
	    addr_is_wildcard(&a))
		q->error = "media-address is not an address";
	else
		q->advertise = a;
}

static void
read_family(struct ng_query *q, const struct bencode *v)
{
	if (name_is(v->text, STR("ip4")))
		q->family = AF_INET;
	else if (name_is(v->text, STR("ip6")))
		q->family = AF_INET6;
	else
		q->error = "address-family is neither IP4 nor IP6";
}

static void
read_limit(struct ng_query *q, const struct bencode *v)
{
	if (v->kind == BENCODE_INTEGER && v->number > 0)
		q->limit = v->number;
}

static const struct key keys[] = {
	{ NAME("command"), OFF(command), NULL },
	{ NAME("call-id"), OFF(call_id), NULL },
	{ NAME("from-tag"), OFF(from_tag), NULL },
	{ NAME("to-tag"), OFF(to_tag), NULL },
	{ NAME("via-branch"), OFF(via_branch), NULL },
	{ NAME("sdp"), OFF(sdp), NULL },
	{ NAME("transport-protocol"), OFF(proto), NULL },
	{ NAME("flags"), NOTHING, read_flags },
	{ NAME("replace"), NOTHING, read_replace },
	{ NAME("supports"), NOTHING, read_supports },
	{ NAME("rtcp-mux"), NOTHING, read_mux },
	{ NAME("ice"), NOTHING, read_ice },
	{ NAME("received-from"), NOTHING, read_received },
	{ NAME("media-address"), NOTHING, read_media_address },
	{ NAME("address-family"), NOTHING, read_family },
	{ NAME("limit"), NOTHING, read_limit },
	/* A session ends at once: a repeated delete finds nothing, and is content. */
	{ NAME("delete-delay"), NOTHING, NULL },
	/* For rtpengine's own statistics and logs. */
	{ NAME("label"), NOTHING, NULL },
	{ NAME("metadata"), NOTHING, NULL },
	{ NAME("sip-message-type"), NOTHING, NULL },
	{ NAME("sip-code"), NOTHING, NULL },
	{ { NULL, 0 }, 0, NULL },
};

static void
key_read(struct ng_query *q, struct str name, const struct bencode *v)
{
	const struct key	*k;

	for (k = keys; k->name.s != NULL && !name_is(name, k->name); k++)
		;
	if (k->name.s == NULL) {
		q->ignored++;
	} else if (k->read != NULL) {
		k->read(q, v);
	} else if (k->text != NOTHING && v->kind == BENCODE_STRING) {
		struct str	*s = (struct str *)(void *)((char *)q + k->text);

		if (s->s == NULL)
			*s = v->text;
	}
}

void
ng_query_read(struct ng_query *q, struct str dict)
{
	struct bencode	v;
	struct str	name;

	*q = (struct ng_query){ .limit = 0 };
	while (bencode_entry(&name, &v, &dict))
		key_read(q, name, &v);
}
