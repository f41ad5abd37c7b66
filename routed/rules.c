/*
 * rules - the text of signal rules, read with all that is wrong with it.
 *
 * staged.c carries them out.
 */
#include "routed/rules.h"

#include <stdlib.h>

#include "common/conf.h"
#include "common/setting_types.h"
#include "routed/address.h"
#include "routed/pattern.h"

const char *const rule_field_names[] = {
	"operation", "call-type", "from", "to", "from-name", "authenticated",
	"submitter", "payload", NULL
};

static const char *const stage_names[] = {
	[STAGE_NOW] = "at-once",
	[STAGE_AFTER] = "after",
	[STAGE_BUSY] = "busy",
	[STAGE_NO_ANSWER] = "no-answer",
	[STAGE_ERROR] = "error",
	[STAGE_UNREGISTERED] = "unregistered",
	NULL
};

static const char *const action_names[] = {
	[ACTION_REDIRECT] = "redirect",
	[ACTION_FORK] = "fork",
	[ACTION_REJECT] = "reject",
	[ACTION_STOP] = "stop",
	NULL
};

/* A rule while it is read. */
struct reading {
	struct rules		*rules;
	struct rule		*rule;
	const char		*file;
	struct complaints	*out;
	struct condition	 conditions[RULE_CONDITIONS_MAX];
	struct action		 actions[RULE_ACTIONS_MAX];
};

#define COMPLAIN(r, at, ...) \
	complain((r)->out, false, (r)->file, (at)->line, (at)->column, __VA_ARGS__)

static int
word_of(const char *const *names, const char *text)
{
	for (int i = 0; names[i] != NULL; i++)
		if (strcasecmp(names[i], text) == 0)
			return i;
	return -1;
}

static const char *
nearest(const char *const *names, const char *text)
{
	const char	*near = names[0];
	size_t		 best = SIZE_MAX, d;

	for (int i = 0; names[i] != NULL; i++) {
		d = edit_distance(str_of(text), str_of(names[i]));
		if (d < best) {
			best = d;
			near = names[i];
		}
	}
	return near;
}

static const char *
keep(struct reading *r, const char *s)
{
	size_t	n = strlen(s);

	return memcpy(arena_take(r->rules->memory, n + 1), s, n);
}

static void *
keep_array(struct reading *r, const void *v, size_t n, size_t size)
{
	return n == 0 ? NULL : memcpy(arena_take(r->rules->memory, n * size), v,
	    n * size);
}

/* ---- what stands in a rule ---- */

/* "from not-in [a, b]" */
static void
read_when(struct reading *r, const struct conf_node *node)
{
	static const char *const operators[] = { "is", "is-not", "in", "not-in", NULL };
	struct condition	 c = { .n = 0 };
	const struct conf_value	*v = node->values;
	struct pattern		*patterns;
	const char		**texts;
	int			 field, op;
	unsigned		 stars;

	if (node->nvalues < 3) {
		COMPLAIN(r, node, "a condition looks like: when from is "
		    "anna@example.com");
		return;
	}
	field = word_of(rule_field_names, v[0].text);
	op = word_of(operators, v[1].text);
	if (field < 0 || op < 0) {
		COMPLAIN(r, field < 0 ? &v[0] : &v[1], field < 0 ?
		    "there is no \"%s\" to look at; did you mean \"%s\"?" :
		    "\"%s\" compares nothing; did you mean \"%s\"?",
		    v[field < 0 ? 0 : 1].text, field < 0 ?
		    nearest(rule_field_names, v[0].text) :
		    nearest(operators, v[1].text));
		return;
	}
	c.n = (uint8_t)(node->nvalues - 2 > RULE_VALUES_MAX ? 0 : node->nvalues - 2);
	if (c.n == 0 || (op < 2 && c.n > 1)) {
		COMPLAIN(r, &v[3], op < 2 ?
		    "\"is\" compares with one value; did you mean \"in\"?" :
		    "at most %d values", RULE_VALUES_MAX);
		return;
	}
	if (r->rule->nconditions == RULE_CONDITIONS_MAX) {
		COMPLAIN(r, node, "at most %d conditions", RULE_CONDITIONS_MAX);
		return;
	}
	c.field = (enum rule_field)field;
	c.not = op & 1;
	patterns = arena_take(r->rules->memory, c.n * sizeof(*patterns));
	texts = arena_take(r->rules->memory, c.n * sizeof(*texts));
	for (unsigned i = 0; i < c.n; i++) {
		struct complaints	none = { 0 };
		struct place		p = { r->file, v[i + 2].line,
					    str_of(v[i + 2].text), &none,
					    r->rules->memory };

		stars = 0;
		texts[i] = keep(r, v[i + 2].text);
		if (!pattern_parse(&patterns[i], str_of(v[i + 2].text), &stars, &p))
			COMPLAIN(r, &v[i + 2], "%s", none.v[0].text);
		complaints_fini(&none);
	}
	c.values = patterns;
	c.texts = texts;
	r->conditions[r->rule->nconditions++] = c;
}

/* Where it goes; each is checked now, and understood when its account is known. */
static bool
read_addresses(struct reading *r, struct action *a, const struct conf_value *v,
    size_t n, const struct conf_node *node)
{
	const char	**texts, *why;
	struct address	  address;

	if (n == 0 || n > RULE_ADDRESSES_MAX) {
		COMPLAIN(r, node, n == 0 ? "where to? It wants an address, or "
		    "[a, b]" : "at most %d addresses", RULE_ADDRESSES_MAX);
		return false;
	}
	texts = arena_take(r->rules->memory, n * sizeof(*texts));
	for (size_t i = 0; i < n; i++) {
		texts[i] = keep(r, v[i].text);
		if (address_parse(&address, str_of(v[i].text), &why) < 0) {
			COMPLAIN(r, &v[i], "bad address \"%s\"; %s", v[i].text, why);
			return false;
		}
	}
	a->addresses = texts;
	a->n = (uint8_t)n;
	return true;
}

static bool
read_reject(struct reading *r, struct action *a, const struct conf_node *node)
{
	uint32_t	code;

	if (node->nvalues == 0 || node->nvalues > 2 ||
	    str_u32(str_of(node->values[0].text), &code) < 0 ||
	    code < 400 || code > 699) {
		COMPLAIN(r, node,
		    "it looks like: reject 486 \"Busy Here\", with 400 to 699");
		return false;
	}
	a->code = (uint16_t)code;
	a->reason = keep(r, node->nvalues > 1 ? node->values[1].text : "Rejected");
	return true;
}

static void
read_action(struct reading *r, enum action_kind kind,
    const struct conf_node *node)
{
	struct action	a = { .kind = kind };
	bool		good = true;

	if (r->rule->nactions == RULE_ACTIONS_MAX) {
		COMPLAIN(r, node, "at most %d actions", RULE_ACTIONS_MAX);
		return;
	}
	if (kind == ACTION_REJECT)
		good = read_reject(r, &a, node);
	else if (kind != ACTION_STOP)
		good = read_addresses(r, &a, node->values, node->nvalues, node);
	if (good)
		r->actions[r->rule->nactions++] = a;
}

/* "20s"; false after complaining. */
static bool
read_after(struct reading *r, const struct conf_node *node, size_t at)
{
	int64_t	ms;

	if (node->nvalues <= at ||
	    duration_parse(str_of(node->values[at].text), &ms) < 0 ||
	    ms < 1000 || ms > 600000) {
		COMPLAIN(r, node, "how long? It looks like: after 20s, from 1s to "
		    "10m");
		return false;
	}
	r->rule->after_ms = (uint32_t)ms;
	return true;
}

static void
read_stage(struct reading *r, const struct conf_node *node)
{
	int	stage = node->nvalues > 0 ?
		    word_of(stage_names, node->values[0].text) : -1;

	if (stage < 0) {
		COMPLAIN(r, node, "there is no stage "
		    "\"%s\"; did you mean \"%s\"?", node->nvalues > 0 ?
		    node->values[0].text : "", nearest(stage_names,
		    node->nvalues > 0 ? node->values[0].text : ""));
		return;
	}
	r->rule->stage = (uint8_t)stage;
	if (stage == STAGE_AFTER)
		read_after(r, node, 1);
}

static void
read_priority(struct reading *r, const struct conf_node *node)
{
	uint32_t	n;

	if (node->nvalues != 1 || str_u32(str_of(node->values[0].text), &n) < 0 ||
	    n < 1 || n > 10)
		COMPLAIN(r, node, "a priority is 1 to 10");
	else
		r->rule->priority = (uint8_t)n;
}

static void
read_inside(struct reading *r, const struct conf_node *node)
{
	static const char *const words[] = { "priority", "stage", "when",
	    "redirect", "fork", "reject", "stop", NULL };
	int	action = word_of(action_names, node->name);

	if (action >= 0)
		read_action(r, (enum action_kind)action, node);
	else if (strcmp(node->name, "when") == 0)
		read_when(r, node);
	else if (strcmp(node->name, "stage") == 0)
		read_stage(r, node);
	else if (strcmp(node->name, "priority") == 0)
		read_priority(r, node);
	else
		COMPLAIN(r, node, "unknown word \"%s\" in a rule; did you mean "
		    "\"%s\"?", node->name, nearest(words, node->name));
}

/* ---- rules ---- */

static bool
begin(struct reading *r, const struct conf_node *node, const char *name)
{
	if (r->rules->n == RULES_MAX) {
		COMPLAIN(r, node, "at most %d rules", RULES_MAX);
		return false;
	}
	r->rule = &r->rules->v[r->rules->n];
	*r->rule = (struct rule){ .name = keep(r, name), .line = node->line,
	    .priority = 5 };
	return true;
}

static void
end(struct reading *r)
{
	r->rule->conditions = keep_array(r, r->conditions, r->rule->nconditions,
	    sizeof(r->conditions[0]));
	r->rule->actions = keep_array(r, r->actions, r->rule->nactions,
	    sizeof(r->actions[0]));
	r->rules->n++;
}

static void
read_rule(struct reading *r, const struct conf_node *node)
{
	if (node->nvalues != 1 || !node->block) {
		COMPLAIN(r, node, "a rule looks like: rule NAME { ... }");
		return;
	}
	if (!begin(r, node, node->values[0].text))
		return;
	for (size_t i = 0; i < node->nnodes; i++)
		read_inside(r, &node->nodes[i]);
	if (r->rule->nactions == 0)
		COMPLAIN(r, node, "it does nothing; it wants redirect, fork, reject "
		    "or stop");
	end(r);
}

/* "busy [bo]", "after 20s [#voicemail]", "ring [bo]": row 100. */
static void
read_short(struct reading *r, const struct conf_node *node, uint8_t stage)
{
	struct action	a = { .kind = stage == STAGE_NOW ? ACTION_FORK :
			    ACTION_REDIRECT };
	size_t		skip = stage == STAGE_AFTER ? 1 : 0;

	if (!begin(r, node, node->name))
		return;
	r->rule->stage = stage;
	if (stage == STAGE_AFTER && !read_after(r, node, 0))
		return;
	if (!read_addresses(r, &a, node->nvalues > skip ? node->values + skip : NULL,
	    node->nvalues > skip ? node->nvalues - skip : 0, node))
		return;
	r->actions[r->rule->nactions++] = a;
	end(r);
}

static void
read_statement(struct reading *r, const struct conf_node *node)
{
	static const char *const words[] = { "rule", "ring", "after", "busy",
	    "no-answer", "error", "unregistered", NULL };
	int	stage = word_of(stage_names, node->name);

	if (strcmp(node->name, "rule") == 0)
		read_rule(r, node);
	else if (node->block)
		COMPLAIN(r, node, "only a rule has a block; did you mean \"rule %s\"?",
		    node->name);
	else if (strcmp(node->name, "ring") == 0)
		read_short(r, node, STAGE_NOW);
	else if (stage > STAGE_NOW)
		read_short(r, node, (uint8_t)stage);
	else
		COMPLAIN(r, node, "unknown word \"%s\"; did you mean \"%s\"?",
		    node->name, nearest(words, node->name));
}

/* The highest first; those alike in the order they were written in. */
static void
sort(struct rules *rules)
{
	for (uint32_t i = 1; i < rules->n; i++) {
		struct rule	one = rules->v[i];
		uint32_t	k = i;

		for (; k > 0 && rules->v[k - 1].priority < one.priority; k--)
			rules->v[k] = rules->v[k - 1];
		rules->v[k] = one;
	}
}

struct rules *
rules_parse(const char *file, struct str text, struct complaints *out)
{
	size_t		 errors = out->errors;
	struct conf	*conf = conf_parse(file, text, out);
	struct reading	 r = { .file = file, .out = out };

	r.rules = xcalloc(1, sizeof(*r.rules));
	r.rules->memory = arena_new();
	r.rules->v = xcalloc(RULES_MAX, sizeof(*r.rules->v));
	for (size_t i = 0; conf != NULL && i < conf->nnodes; i++)
		read_statement(&r, &conf->nodes[i]);
	if (conf != NULL)
		conf_sources(conf, out);
	conf_free(conf);
	if (out->errors > errors) {
		rules_free(r.rules);
		return NULL;
	}
	sort(r.rules);
	return r.rules;
}

void
rules_free(void *rules)
{
	struct rules	*r = rules;

	if (r == NULL)
		return;
	arena_free(r->memory);
	free(r->v);
	free(r);
}

void
rule_stage_print(const struct rule *r, struct text *out)
{
	if (r->stage == STAGE_AFTER) {
		text_add(out, STR("after "));
		duration_print(r->after_ms, out);
	} else
		text_add(out, str_of(stage_names[r->stage]));
}
