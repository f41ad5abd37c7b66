/*
 * user_settings - server, domain, account: the same few settings at three levels.
 *
 * regd makes a user_policy for each REGISTER or credential: a copy of some fields
 * unless the account has own lines, which are read by the parser of sip.conf.
 */
#include "common/user_settings.h"

#include <errno.h>
#include <stdio.h>

#include "common/setting_types.h"

static const struct setting_info *
row_of(enum user_setting which)
{
	const struct setting_info *i;

	for (i = settings_table; i->block != BLOCK_DOMAIN; i++)
		;
	return i + which;
}

unsigned
user_setting_of(const struct setting_info *i)
{
	return (unsigned)(i - row_of((enum user_setting)0));
}

static const struct setting_type *
type_of(enum user_setting which)
{
	return setting_fields[row_of(which) - settings_table].type;
}

static void *
field_of(const struct user_settings *u, enum user_setting which)
{
	return (char *)(uintptr_t)u +
	    setting_fields[row_of(which) - settings_table].offset;
}

static bool
given(const struct user_settings *u, enum user_setting which)
{
	return u != NULL && (u->given & 1u << which) != 0;
}

void
user_settings_fini(struct user_settings *u)
{
	for (unsigned i = 0; i < USER_SETTINGS; i++)
		if (given(u, (enum user_setting)i))
			type_of((enum user_setting)i)->fini(
			    field_of(u, (enum user_setting)i));
	u->given = 0;
}

const char *
user_setting_name(enum user_setting which)
{
	return row_of(which)->name;
}

void
user_setting_print(const struct user_settings *u, enum user_setting which,
    struct text *out)
{
	type_of(which)->print(row_of(which), field_of(u, which), out);
}

void
user_settings_print(const struct user_settings *u, const char *indent,
    struct text *out)
{
	for (unsigned i = 0; i < USER_SETTINGS; i++) {
		if (!given(u, (enum user_setting)i))
			continue;
		text_printf(out, "%s%s ", indent,
		    user_setting_name((enum user_setting)i));
		user_setting_print(u, (enum user_setting)i, out);
		text_ch(out, '\n');
	}
}

const struct user_settings *
settings_domain(const struct settings *s, struct str domain)
{
	for (size_t i = 0; i < s->nblocks; i++)
		if (str_caseeq(str_of(s->blocks[i].name), domain))
			return &s->blocks[i].own;
	return NULL;
}

const struct set_words *
settings_algorithms(const struct settings *s, struct str realm)
{
	const struct user_settings *domain = settings_domain(s, realm);

	return given(domain, USER_SETTING_digest_algorithms) ?
	    &domain->digest_algorithms : &s->digest_algorithms;
}

/* ---- what is in force ---- */

static struct set_nets *
find_none(void *arg, struct str name)
{
	return NULL;
}

/* false after a complaint; the parser is that of sip.conf. */
static bool
own_read(struct user_settings *u, struct str lines, struct complaints *out)
{
	const struct net_entry *bad;
	struct conf	*c = conf_parse("account", lines, out);

	memset(u, 0, sizeof(*u));
	if (c != NULL)
		user_settings_read(u, c->nodes, c->nnodes, out);
	if (given(u, USER_SETTING_networks) &&
	    nets_resolve(&u->networks, find_none, NULL, &bad) < 0)
		complain(out, false, "account", 1, 1, "\"%s\": networks of accounts "
		    "are addresses and networks, not lists of them", bad->text);
	for (size_t i = 0; i < u->networks.n; i++)
		u->networks.v[i].file = NULL;
	conf_free(c);
	return c != NULL && out->errors == 0;
}

static uint8_t
level_of(enum user_setting which, const struct user_settings *domain,
    const struct user_settings *own)
{
	return given(own, which) ? LEVEL_ACCOUNT :
	    given(domain, which) ? LEVEL_DOMAIN : LEVEL_SERVER;
}

/* "off" anywhere is off: it is the level that says so which counts. */
static void
judge_service(struct user_policy *p, const struct settings *s,
    const struct user_settings *domain)
{
	if (!s->service) {
		p->v.service = false;
		p->level[USER_SETTING_service] = LEVEL_SERVER;
	} else if (given(domain, USER_SETTING_service) && !domain->service) {
		p->v.service = false;
		p->level[USER_SETTING_service] = LEVEL_DOMAIN;
	}
}

void
user_policy_make(struct user_policy *p, const struct settings *s,
    struct str domain_name, struct str own)
{
	const struct user_settings *domain = settings_domain(s, domain_name);
	struct complaints	    none = { 0 };

	p->own.given = 0;
	if (own.len > 0) {
		(void)own_read(&p->own, own, &none);
		complaints_fini(&none);
	}
#define USER_SETTING(field, name, type, min, max, choices, since, help)	\
	p->level[USER_SETTING_##field] = level_of(USER_SETTING_##field,	\
	    domain, &p->own);						\
	p->v.field = p->level[USER_SETTING_##field] == LEVEL_ACCOUNT ?	\
	    p->own.field : p->level[USER_SETTING_##field] ==		\
	    LEVEL_DOMAIN ? domain->field : s->field;
#include "common/settings.def"
	judge_service(p, s, domain);
}

void
user_policy_fini(struct user_policy *p)
{
	user_settings_fini(&p->own);
}

/* ---- changing an account's own ---- */

static struct str
first_word(struct str line)
{
	size_t	n = 0;

	while (n < line.len && line.s[n] != ' ' && line.s[n] != '\t')
		n++;
	return str_make(line.s, n);
}

/* Has lines one that begins with name? */
static bool
has_line(struct str lines, struct str name)
{
	struct str	line;

	while (str_cut(&lines, '\n', &line))
		if (str_eq(first_word(line), name))
			return true;
	return false;
}

static void
add_lines(struct text *out, struct str lines, struct str except)
{
	struct str	line;

	while (str_cut(&lines, '\n', &line)) {
		line = str_trim(line);
		/* A name alone drops the setting. */
		if (line.len == 0 || has_line(except, first_word(line)) ||
		    first_word(line).len == line.len)
			continue;
		text_add(out, line);
		text_ch(out, '\n');
	}
}

/* A name alone is not for the parser, but must be one. */
static bool
names_known(struct str lines, char *why, size_t size)
{
	struct str	line, name;

	while (str_cut(&lines, '\n', &line)) {
		name = first_word(str_trim(line));
		if (name.len == 0 || setting_find(name, BLOCK_DOMAIN) != NULL)
			continue;
		snprintf(why, size, "accounts have no setting \"%.*s\"",
		    STR_ARG(name));
		return false;
	}
	return true;
}

int
user_settings_change(struct str own, struct str change, struct text *out,
    char *why, size_t size)
{
	struct user_settings	u = { 0 };
	struct complaints	c = { 0 };
	bool			good;

	if (!names_known(change, why, size))
		return -EBADMSG;
	add_lines(out, own, change);
	add_lines(out, change, STR_NONE);
	if (out->full)
		return -EMSGSIZE;
	good = own_read(&u, text_str(out), &c);
	if (!good)
		snprintf(why, size, "%s", c.n > 0 ? c.v[0].text : "bad settings");
	user_settings_fini(&u);
	complaints_fini(&c);
	return good ? 0 : -EBADMSG;
}
