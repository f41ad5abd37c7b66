/*
 * router - a routes.conf tried offline: checked, and run over a file of tests.
 *
 * A line of tests is one of
 *
 *   domain NAME | gateway NAME | account U@D [NUMBER] | alias A B | forwarder A B |
 *   group A B... | number +N A                        what there is, besides etc/
 *   ADDRESS [from=A] [source=IP] [method=M] [at=TIME] EXPECTED...    where it goes
 *
 * EXPECTED: gateway=NAME user=TEXT aor=U@D uri=URI hop=URI code=N (for a stranger)
 * line=N (a record that matched); "none" where there is no target.
 */
#include "sipctl/router.h"

#include <stdlib.h>

#include "common/conf.h"
#include "common/route.h"
#include "routed/prices.h"
#include "routed/route.h"
#include "routed/rules.h"

/* The line of the file under each complaint from the i-th on. */
static void
add_sources(struct complaints *out, size_t i, const char *text)
{
	struct str	rest, line;

	for (; i < out->n; i++) {
		rest = str_of(text);
		for (uint32_t n = 0; n < out->v[i].line; n++)
			if (!str_cut(&rest, '\n', &line))
				return;
		if (out->v[i].source == NULL && out->v[i].line > 0)
			out->v[i].source = str_dup(str_make(line.s,
			    line.len > 1000 ? 1000 : line.len));
	}
}

bool
router_check(const char *file, const char *text, const struct settings *s,
    struct complaints *out)
{
	size_t		 before = out->n;
	struct records	*r;

	if (text == NULL)
		return true;
	r = records_build(file, str_of(text), s, out);
	if (r != NULL) {
		records_suspect(r, s, out);
		add_sources(out, before, text);
	}
	records_free(r);
	return r != NULL;
}

/* ---- a house on paper ---- */

struct paper {
	struct settings		 settings;	/* borrows all but the domains */
	char			*domains[ROUTE_KEYS];
	size_t			 ndomains;
	struct accounts		*accounts;
	struct gateways		*gateways;
	struct domains		*served;
	struct directory	*directory;
	struct records		*records;
	struct dialplan		*dialplan;
	struct route_decision	*decision;
	uint64_t		 version;
};

static void
nobody_follows(void *arg, struct str key)
{
}

static void
paper_init(struct paper *p, const struct settings *s)
{
	struct complaints	known = { 0 };

	p->settings = *s;
	p->accounts = accounts_new(nobody_follows, NULL);
	p->gateways = gateways_new(nobody_follows, NULL);
	p->served = domains_new();
	p->directory = directory_new(rules_free);
	p->decision = xcalloc(1, sizeof(*p->decision));
	p->dialplan = dialplan_build(s, &known);	/* they were told with s */
	complaints_fini(&known);
	for (size_t i = 0; i < s->domains.n && i < ROUTE_KEYS; i++)
		p->domains[p->ndomains++] = s->domains.v[i];
	p->settings.domains = (struct set_texts){ p->domains, p->ndomains };
	for (size_t i = 0; i < s->ngateways; i++) {
		struct msg_gateway	m = { .name = str_of(s->gateways[i].name),
					    .state = GATEWAY_REGISTERED,
					    .disabled = s->gateways[i].disabled };

		gateways_record(p->gateways, &m);
	}
	accounts_begin(p->accounts);
}

static void
paper_fini(struct paper *p)
{
	accounts_free(p->accounts);
	gateways_free(p->gateways);
	domains_free(p->served);
	directory_free(p->directory);
	records_free(p->records);
	dialplan_free(p->dialplan);
	free(p->decision);
}

/* An address of the paper's, with its main domain when it has none. */
static struct str
canonical(const struct paper *p, struct str typed, char buf[AOR_MAX])
{
	struct str	aor;

	if (typed.len > 0 && (typed.s[0] == '@' || typed.s[0] == '+'))
		return typed;
	return aor_parse(typed, p->ndomains > 0 ? str_of(p->domains[0]) :
	    STR("localhost"), buf, &aor) == 0 ? aor : STR_NONE;
}

static void
add_account(struct paper *p, struct str name, struct str number)
{
	char			buf[AOR_MAX];
	struct msg_account	m = { .aor = canonical(p, name, buf),
				    .version = ++p->version, .number = number };

	accounts_record(p->accounts, &m);
}

static void
add_entry(struct paper *p, enum entry_kind kind, struct str name,
    const struct str *values, size_t n)
{
	char		buf[AOR_MAX], one[AOR_MAX], value[4096];
	struct text	t;

	text_init(&t, value, sizeof(value));
	for (size_t i = 0; i < n; i++) {
		struct str	v = canonical(p, values[i], one);

		if (i > 0)
			text_ch(&t, '\n');
		text_add(&t, v.len > 0 && kind != ENTRY_FORWARDER ? v : values[i]);
	}
	directory_apply(p->directory, kind, canonical(p, name, buf), text_str(&t));
}

/* ---- one line ---- */

#define WORDS_MAX	40

struct test {
	const char		*file;
	uint32_t		 number;
	struct str		 line;
	struct complaints	*out;
	struct str		 words[WORDS_MAX];
	size_t			 n;
};

static void
failed(const struct test *t, const char *what, struct str is)
{
	complain(t->out, false, t->file, t->number, 1, "%s is \"%.*s\"", what,
	    STR_ARG(is));
	t->out->v[t->out->n - 1].source = str_dup(t->line);
}

static bool
is_given(struct paper *p, const struct test *t)
{
	static const struct {
		const char	*word;
		enum entry_kind	 kind;
	} entries[] = {
		{ "alias", ENTRY_ALIAS }, { "forwarder", ENTRY_FORWARDER },
		{ "group", ENTRY_GROUP }, { "number", ENTRY_NUMBER },
	};
	struct msg_gateway	gw = { .name = t->words[1],
				    .state = GATEWAY_REGISTERED };
	char			name[PRICE_NAME_MAX];

	if (t->n < 2)
		return false;
	if (str_eq(t->words[0], STR("domain"))) {
		if (p->ndomains < ROUTE_KEYS)
			p->domains[p->ndomains++] = (char *)t->words[1].s;
		return true;
	}
	if (str_eq(t->words[0], STR("gateway"))) {
		gateways_record(p->gateways, &gw);
		return true;
	}
	if (str_eq(t->words[0], STR("price")) && t->n == 3) {
		if (price_name(t->words[1], name))
			directory_apply(p->directory, ENTRY_PRICE, str_of(name),
			    t->words[2]);
		return true;
	}
	if (str_eq(t->words[0], STR("account"))) {
		add_account(p, t->words[1], t->n > 2 ? t->words[2] : STR_NONE);
		return true;
	}
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]) && t->n > 2; i++)
		if (str_eq(t->words[0], str_of(entries[i].word))) {
			add_entry(p, entries[i].kind, t->words[1], t->words + 2,
			    t->n - 2);
			return true;
		}
	return false;
}

/* What the decision says about "name" of an expectation. */
static struct str
result_of(const struct route_decision *d, struct str name, char buf[16])
{
	const struct rec_target	*t = d->m.targets.n > 0 ? &d->targets[0] : NULL;
	ptrdiff_t		 at = t != NULL ? str_rchr(t->value, '@') : -1;
	bool			 gateway = t != NULL && t->kind == TARGET_GATEWAY;

	if (str_eq(name, STR("code"))) {
		snprintf(buf, 16, "%u", d->m.if_not);
		return str_of(buf);
	}
	if (str_eq(name, STR("gateway")) && gateway)
		return str_make(t->value.s + at + 1, t->value.len - (size_t)at - 1);
	if (str_eq(name, STR("user")) && gateway)
		return str_make(t->value.s, (size_t)at);
	if (str_eq(name, STR("hop")) && t != NULL)
		return t->next_hop;
	if ((str_eq(name, STR("aor")) && t != NULL && t->kind == TARGET_AOR) ||
	    (str_eq(name, STR("uri")) && t != NULL && t->kind == TARGET_URI))
		return t->value;
	return STR("none");
}

/* Did the record of that line match? */
static bool
matched(const struct route_decision *d, struct str line)
{
	uint32_t	n;

	for (uint32_t i = 0; i < d->m.steps.n; i++)
		if (d->m.steps.v[i].matched && d->m.steps.v[i].line > 0 &&
		    str_u32(line, &n) == 0 && d->m.steps.v[i].line == n)
			return true;
	return false;
}

static void
expect(const struct paper *p, const struct test *t)
{
	char	buf[16], what[64];

	for (size_t i = 1; i < t->n; i++) {
		struct str	value = t->words[i], name, is;

		str_cut(&value, '=', &name);
		if (str_eq(name, STR("from")) || str_eq(name, STR("source")) ||
		    str_eq(name, STR("method")) || str_eq(name, STR("at")))
			continue;
		if (str_eq(name, STR("line"))) {
			if (!matched(p->decision, value))
				failed(t, "this record did not match; the line", value);
			continue;
		}
		if (str_eq(name, STR("none")))
			value = STR("none"), name = STR("uri");
		is = result_of(p->decision, name, buf);
		snprintf(what, sizeof(what), "%.*s", STR_ARG(name));
		if (!str_caseeq(is, value))
			failed(t, what, is);
	}
}

static struct str
option(const struct test *t, const char *name, struct str def)
{
	for (size_t i = 1; i < t->n; i++)
		if (str_prefix(t->words[i], str_of(name)))
			return str_make(t->words[i].s + strlen(name),
			    t->words[i].len - strlen(name));
	return def;
}

/* "sip:..." of what is typed. */
static struct str
uri_of(const struct paper *p, struct str typed, char buf[1024])
{
	struct text	t;
	struct uri	u;

	text_init(&t, buf, 1024);
	if (uri_parse(&u, typed) == 0 && u.scheme != URI_OTHER) {
		text_add(&t, typed);
		return text_str(&t);
	}
	text_add(&t, STR("sip:"));
	text_add(&t, typed);
	if (str_chr(typed, '@') < 0) {
		text_ch(&t, '@');
		text_add(&t, p->ndomains > 0 ? str_of(p->domains[0]) :
		    STR("localhost"));
	}
	return text_str(&t);
}

static void
run_line(struct paper *p, const struct test *t)
{
	char			uri[1024], from[1024];
	struct msg_route	q = {
		.method = option(t, "method=", STR("INVITE")),
		.uri = uri_of(p, t->words[0], uri),
		.from = uri_of(p, option(t, "from=", STR("anonymous@anonymous.invalid")),
		    from),
		.source = option(t, "source=", STR("192.0.2.1")),
		.test = true,
	};
	struct route_world	w = {
		.settings = &p->settings, .domains = p->served,
		.accounts = p->accounts, .directory = p->directory,
		.gateways = p->gateways, .records = p->records,
		.dialplan = p->dialplan, .now_ms = wall_ms(),
	};
	struct str		at = option(t, "at=", STR_NONE);

	if (at.len > 0 && !time_parse(at.s, &w.now_ms)) {
		failed(t, "at", at);
		return;
	}
	q.to = q.uri;
	route_decide(&w, &q, p->decision);
	expect(p, t);
}

/* Everything that is given stands before the first address. */
static bool
ready(struct paper *p, const char *file, const char *text, struct complaints *out)
{
	if (p->records != NULL)
		return true;
	p->settings.domains.n = p->ndomains;
	domains_set(p->served, &p->settings, NULL, NULL);
	accounts_complete(p->accounts);
	p->records = records_build(file, str_of(text), &p->settings, out);
	return p->records != NULL;
}

static void
cut_words(struct test *t)
{
	char	*save, *word;

	/* "#" begins a comment where a word could. */
	for (word = strtok_r((char *)t->line.s, " \t\r", &save);
	    word != NULL && word[0] != '#' && t->n < WORDS_MAX;
	    word = strtok_r(NULL, " \t\r", &save))
		t->words[t->n++] = str_of(word);
}

bool
router_test(const char *file, const char *text, const char *tests_file,
    char *tests, const struct settings *s, unsigned *run, struct complaints *out)
{
	struct paper	 p = { .ndomains = 0 };
	size_t		 errors = out->errors;
	uint32_t	 number = 0;
	char		*line, *rest = tests, *copy;

	*run = 0;
	paper_init(&p, s);
	while ((line = strsep(&rest, "\n")) != NULL) {
		struct test	t = { .file = tests_file, .number = ++number,
				    .out = out };

		copy = xstrdup(line);
		t.line = str_of(line);
		cut_words(&t);
		t.line = str_of(copy);
		if (t.n > 0 && !is_given(&p, &t)) {
			if (!ready(&p, file, text, out)) {
				free(copy);
				break;
			}
			++*run;
			run_line(&p, &t);
		}
		free(copy);
	}
	paper_fini(&p);
	return out->errors == errors;
}
