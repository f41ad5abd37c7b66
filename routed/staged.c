/*
 * staged - signal rules carried out: who rings at once, and what is to happen later
 * (FEATURES.md (a.2) G, rows 93-100).
 *
 * What is to happen at once happens here: it adds targets, takes their place or
 * refuses. What may happen later becomes stages of the decision, with their targets;
 * sipd begins them when their time or their event has come.
 *
 * Row 96: of one stage, the server's rules above priority 5, the domain's above 5,
 * all of the account's, the domain's others, the server's others. The server's rules
 * at once have run before the account is known.
 */
#include "routed/route_parts.h"

#include "common/log.h"
#include "common/route.h"
#include "common/uri.h"
#include "routed/access.h"
#include "routed/pattern.h"
#include "routed/rules.h"

#define PRIORITY_HIGH	5	/* above it, rules come before those of whom they hold for */

/* Whose rules they are: how the trace names them, and which domain bare names are of. */
struct set {
	const char		*scope;
	const struct rules	*rules;
};
enum { SET_SERVER, SET_DOMAIN, SET_ACCOUNT, NSETS };

/* Rules of one stage, one after the other. */
struct running {
	struct walk	*w;
	struct set	 sets[NSETS];
	struct str	 domain;
	uint8_t		 stage;		/* enum stage_when */
	bool		 stop;
	bool		 redirected;
};

/* Understood when it is first needed: it was checked when it was set. */
static const struct rules *
rules_of(const struct walk *w, struct str scope)
{
	struct entry		*e = directory_rules(w->route->w->directory, scope);
	struct complaints	 none = { 0 };

	if (e == NULL)
		return NULL;
	if (e->meaning == NULL) {
		e->meaning = rules_parse("rules", str_of(e->value), &none);
		complaints_fini(&none);
	}
	return e->meaning;
}

/* ---- conditions ---- */

static struct str
address_text(struct str uri, char buf[AOR_MAX])
{
	struct uri	u;

	return uri_parse(&u, uri) == 0 ? uri_aor(&u, buf) : STR_NONE;
}

/* Caller as rules see him: what his address means here (Access, row 119). */
static struct str
caller(struct route *r)
{
	char		buf[AOR_MAX];
	struct str	is, written, user, domain;

	if (r->from[0] != '\0')
		return str_of(r->from);
	is = access_find(r->w, r->q->from, r->from);
	r->from[is.len] = '\0';
	written = address_text(r->q->from, buf);
	aor_split(written, &user, &domain);
	route_key(r, written);
	route_key(r, domain);
	route_key(r, is);
	return is;
}

/*
 * Whether he is who he says is not known yet. Who claims it is taken at his word, and
 * the decision is for the confirmed only.
 */
static struct str
submitter(struct walk *w, char buf[AOR_MAX])
{
	const struct msg_route	*q = w->route->q;
	struct str		 aor;
	char			 text[2 * AOR_MAX];
	struct text		 t;

	if (q->account.len == 0)
		return STR_NONE;
	w->route->claimed = true;
	text_init(&t, text, sizeof(text));
	text_add(&t, q->account);
	if (str_chr(q->account, '@') < 0) {
		text_ch(&t, '@');
		text_add(&t, q->realm);
	}
	return aor_parse(text_str(&t), domains_main(w->route->w->domains), buf,
	    &aor) == 0 ? aor : STR_NONE;
}

static struct str
call_type(const struct msg_route *q)
{
	return q->media == MEDIA_KIND_AV ? STR("AV") :
	    q->media == MEDIA_KIND_IM ? STR("IM") : STR("");
}

/* What it looks at, and that the decision depends on it. */
static struct str
field_of(struct walk *w, enum rule_field field, char buf[AOR_MAX])
{
	static const uint32_t	depends[RULE_FIELDS] = {
		[FIELD_OPERATION] = DEPENDS_METHOD,
		[FIELD_CALL_TYPE] = DEPENDS_MEDIA,
		[FIELD_FROM] = DEPENDS_CALLER,
		[FIELD_TO] = DEPENDS_TO,
		[FIELD_FROM_NAME] = DEPENDS_CALLER,
		[FIELD_AUTHENTICATED] = DEPENDS_CALLER,
		[FIELD_SUBMITTER] = DEPENDS_CALLER,
		[FIELD_PAYLOAD] = DEPENDS_MEDIA,
	};
	const struct msg_route	*q = w->route->q;

	w->route->d->m.depends |= depends[field];
	switch (field) {
	case FIELD_OPERATION:
		return q->method;
	case FIELD_CALL_TYPE:
		return call_type(q);
	case FIELD_FROM:
		return caller(w->route);
	case FIELD_TO:
		return address_text(q->to, buf);
	case FIELD_FROM_NAME:
		return q->from_name;
	case FIELD_AUTHENTICATED:
		return submitter(w, buf).len > 0 ? STR("yes") : STR("no");
	case FIELD_SUBMITTER:
		return submitter(w, buf);
	default:
		return q->payload;
	}
}

static bool
condition_holds(struct walk *w, const struct condition *c, struct str *text,
    char buf[AOR_MAX])
{
	struct captures	taken;
	bool		found = false;

	*text = field_of(w, c->field, buf);
	for (unsigned i = 0; i < c->n && !found; i++) {
		taken.n = 0;
		found = pattern_match(&c->values[i], *text, &taken);
	}
	return found != c->not;
}

static bool
rule_holds(struct walk *w, const struct set *set, const struct rule *rule)
{
	struct route_decision	*d = w->route->d;
	char			 stage[32], buf[AOR_MAX];
	struct str		 text;
	struct text		 t;

	text_init(&t, stage, sizeof(stage));
	rule_stage_print(rule, &t);
	for (unsigned i = 0; i < rule->nconditions; i++) {
		const struct condition	*c = &rule->conditions[i];

		if (condition_holds(w, c, &text, buf))
			continue;
		trace_step(&d->trace, "rule", false,
		    "%.40s of %s (%s): %s is \"%.*s\"", rule->name, set->scope,
		    stage, rule_field_names[c->field],
		    STR_ARG(text.len > 60 ? str_make(text.s, 60) : text));
		return false;
	}
	trace_step(&d->trace, "rule", true, "%.40s of %s, priority %u, %s",
	    rule->name, set->scope, rule->priority, stage);
	return true;
}

/* ---- what they do ---- */

/*
 * Those of the walk: a redirection takes their place (row 93). Who rings beside it,
 * as another member of a group, is not concerned.
 */
static void
drop_targets(struct walk *w)
{
	struct route_decision	*d = w->route->d;
	uint32_t		 n = w->first_target;

	for (uint32_t i = n; i < d->m.targets.n; i++)
		if (d->targets[i].stage != w->stage)
			d->targets[n++] = d->targets[i];
	d->m.targets.n = n;
}

static unsigned
reach_all(struct running *r, const struct action *a, uint8_t stage)
{
	unsigned	reached = 0;

	for (unsigned i = 0; i < a->n; i++)
		reached += route_also(r->w, a->addresses[i], r->domain, stage);
	return reached;
}

static void
do_now(struct running *r, const struct action *a)
{
	struct walk	*w = r->w;

	switch (a->kind) {
	case ACTION_REDIRECT:
		drop_targets(w);
		r->redirected = true;
		w->code = 0;
		if (reach_all(r, a, w->stage) == 0)
			walk_refuse(w, 480, "Nobody To Call");
		break;
	case ACTION_FORK:
		reach_all(r, a, w->stage);
		break;
	case ACTION_REJECT:
		drop_targets(w);
		walk_refuse(w, a->code, "");
		w->reason = route_keep(w->route, str_of(a->reason));
		r->stop = true;
		break;
	case ACTION_STOP:
		r->stop = true;
		break;
	}
}

/* A stage of the decision with what an action brings. */
static void
do_later(struct running *r, const struct rule *rule, const struct action *a)
{
	struct route_decision	*d = r->w->route->d;
	uint32_t		 n = d->m.stages.n;

	if (a->kind == ACTION_STOP) {
		r->stop = true;
		return;
	}
	if (n == ROUTE_STAGES) {
		STEP(r->w, "rule", false, "%.40s: there are %d stages already",
		    rule->name, ROUTE_STAGES);
		return;
	}
	d->stages[n] = (struct rec_stage){
		.when = rule->stage, .after_ms = rule->after_ms,
		.replaces = a->kind != ACTION_FORK, .code = a->code,
	};
	d->m.stages.n++;
	if (a->kind == ACTION_REJECT)
		r->stop = true;
	else if (reach_all(r, a, (uint8_t)n) == 0) {
		STEP(r->w, "rule", false, "%.40s leads to nobody", rule->name);
		if (d->m.stages.n == n + 1)
			d->m.stages.n--;
	}
}

/*
 * A rule redirects a request once: "everybody to bo" is for bo, too, and ends there.
 * False when it has.
 */
static bool
first_time(struct route *r, const struct rule *rule)
{
	bool	redirects = false;

	for (unsigned i = 0; i < rule->nactions; i++)
		redirects |= rule->actions[i].kind == ACTION_REDIRECT;
	if (!redirects || rule->stage != STAGE_NOW)
		return true;
	for (unsigned i = 0; i < r->nredirected; i++)
		if (r->redirected[i] == rule)
			return false;
	if (r->nredirected == ROUTE_STAGES)
		return false;
	r->redirected[r->nredirected++] = rule;
	return true;
}

static void
run_rule(struct running *r, const struct set *set, const struct rule *rule)
{
	if (!rule_holds(r->w, set, rule) || !first_time(r->w->route, rule))
		return;
	for (unsigned i = 0; i < rule->nactions && !r->stop; i++)
		if (rule->stage == STAGE_NOW)
			do_now(r, &rule->actions[i]);
		else
			do_later(r, rule, &rule->actions[i]);
}

/* Those of one set between two priorities; they are in their order. */
static void
run_set(struct running *r, int which, unsigned least, unsigned most)
{
	const struct rules	*rules = r->sets[which].rules;

	for (uint32_t i = 0; rules != NULL && i < rules->n && !r->stop; i++)
		if (rules->v[i].stage == r->stage &&
		    rules->v[i].priority >= least && rules->v[i].priority <= most)
			run_rule(r, &r->sets[which], &rules->v[i]);
}

static void
run_stage(struct running *r, uint8_t stage)
{
	bool	later = stage != STAGE_NOW;

	r->stage = stage;
	r->stop = false;
	if (later)
		run_set(r, SET_SERVER, PRIORITY_HIGH + 1, UINT32_MAX);
	run_set(r, SET_DOMAIN, PRIORITY_HIGH + 1, UINT32_MAX);
	run_set(r, SET_ACCOUNT, 0, UINT32_MAX);
	run_set(r, SET_DOMAIN, 0, PRIORITY_HIGH);
	if (later)
		run_set(r, SET_SERVER, 0, PRIORITY_HIGH);
}

/* ---- when ---- */

void
account_rules(struct walk *w, struct str aor)
{
	static const uint8_t	later[] = { STAGE_AFTER, STAGE_BUSY,
	    STAGE_NO_ANSWER, STAGE_ERROR, STAGE_UNREGISTERED };
	struct running	r = { .w = w };
	struct str	user, domain;
	char		scope[AOR_MAX + 1] = "@";

	aor_split(aor, &user, &domain);
	str_copy(scope + 1, sizeof(scope) - 1, domain);
	route_key(w->route, domain);
	r.domain = domain;
	r.sets[SET_SERVER] = (struct set){ "the server", rules_of(w, STR("*")) };
	r.sets[SET_DOMAIN] = (struct set){ "the domain", rules_of(w, str_of(scope)) };
	r.sets[SET_ACCOUNT] = (struct set){ "the account", rules_of(w, aor) };
	if (r.sets[0].rules == NULL && r.sets[1].rules == NULL &&
	    r.sets[2].rules == NULL)
		return;
	run_stage(&r, STAGE_NOW);
	/* Later it is the first account's affair, whoever else rings. */
	if (w->route->rules_run || w->depth > 0 || w->code != 0)
		return;
	w->route->rules_run = true;
	for (size_t i = 0; i < sizeof(later); i++)
		run_stage(&r, later[i]);
}

enum step
by_server_rules(struct walk *w)
{
	struct running	r = { .w = w, .stage = STAGE_NOW };

	r.domain = domains_main(w->route->w->domains);
	r.sets[SET_SERVER] = (struct set){ "the server", rules_of(w, STR("*")) };
	run_set(&r, SET_SERVER, 0, UINT32_MAX);
	return w->code != 0 || r.redirected ? STEP_DONE : STEP_ON;
}
