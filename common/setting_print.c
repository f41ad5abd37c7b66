/*
 * setting_print - settings as sip.conf text again, and what differs between two
 * sets of them. What is printed here parses back to the same (setting_test).
 */
#include <stdlib.h>

#include "common/setting_types.h"
#include "common/user_settings.h"

static const void *
field_of(const void *base, const struct setting_info *i)
{
	return (const char *)base + setting_fields[i - settings_table].offset;
}

static const struct setting_type *
type_of(const struct setting_info *i)
{
	return setting_fields[i - settings_table].type;
}

void
setting_print(const struct settings *s, const struct setting_info *i,
    struct text *out)
{
	if (i->block == BLOCK_NONE)
		type_of(i)->print(i, field_of(s, i), out);
}

/* Is the printed value the row's default? */
static bool
is_default(const void *base, const struct setting_info *i)
{
	char		buf[512];
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	type_of(i)->print(i, field_of(base, i), &t);
	if (t.full)
		return false;
	if (i->def[0] == '\0')
		return str_eq(text_str(&t), STR("\"\"")) ||
		    str_eq(text_str(&t), STR("[]"));
	if (str_eq(text_str(&t), str_of(i->def)))
		return true;
	/* "300s" prints as 5m, "[md5]" as md5: compare what is meant. */
	if (type_of(i) == &setting_type_ms) {
		int64_t	ms;

		return duration_parse(str_of(i->def), &ms) == 0 &&
		    ms == *(const set_ms *)field_of(base, i);
	}
	return i->def[0] == '[' && t.len + 2 == strlen(i->def) &&
	    memcmp(t.s, i->def + 1, t.len) == 0;
}

/* A setting of several lines stands as deep in its block as its first one. */
static void
print_deep(const void *base, const struct setting_info *i, const char *indent,
    struct text *out)
{
	size_t		from = out->len, len;
	struct str	rest, line;
	char	       *all;

	type_of(i)->print(i, field_of(base, i), out);
	len = out->len - from;
	if (indent[0] == '\0' || memchr(out->s + from, '\n', len) == NULL)
		return;
	all = str_dup(str_make(out->s + from, len));
	rest = str_of(all);
	out->len = from;
	for (bool first = true; str_cut(&rest, '\n', &line); first = false)
		text_printf(out, "%s%s%.*s", first ? "" : "\n",
		    first ? "" : indent, STR_ARG(line));
	free(all);
}

static void
print_scope(const void *base, enum setting_block block, bool changed_only,
    const char *indent, struct text *out)
{
	const struct setting_info *i;
	const char		  *daemon = "";

	for (i = settings_table; i->name != NULL; i++) {
		if (i->block != block ||
		    (changed_only && is_default(base, i)))
			continue;
		if (block == BLOCK_NONE && !changed_only && strcmp(daemon, i->daemon) != 0) {
			text_printf(out, "%s# %s\n", daemon[0] != '\0' ? "\n" : "",
			    i->daemon);
			daemon = i->daemon;
		}
		text_printf(out, "%s%s ", indent, i->name);
		print_deep(base, i, indent, out);
		text_ch(out, '\n');
	}
}

void
settings_print_block(const void *base, enum setting_block block, bool changed_only,
    struct text *out)
{
	print_scope(base, block, changed_only, "    ", out);
}

void
settings_print(const struct settings *s, bool changed_only, struct text *out)
{
	size_t	i;

	print_scope(s, BLOCK_NONE, changed_only, "", out);
	for (i = 0; i < s->nblocks; i++) {
		text_printf(out, "domain %s {\n", s->blocks[i].name);
		user_settings_print(&s->blocks[i].own, "    ", out);
		text_add(out, STR("}\n"));
	}
	for (i = 0; i < s->ngateways; i++) {
		text_printf(out, "gateway %s {\n", s->gateways[i].name);
		settings_print_block(&s->gateways[i], BLOCK_GATEWAY, changed_only,
		    out);
		text_add(out, STR("}\n"));
	}
}

void
settings_write(const struct settings *s, bool changed_only, FILE *to)
{
	size_t		 size = 4 * CONF_MAX;
	char		*buf = xcalloc(1, size);
	struct text	 t;

	text_init(&t, buf, size);
	settings_print(s, changed_only, &t);
	fwrite(t.s, 1, t.len, to);
	free(buf);
}

static bool
has_word(struct str list, struct str word)
{
	struct str	one;

	while (str_cut(&list, ' ', &one))
		if (str_eq(one, word))
			return true;
	return false;
}

void
settings_restarts(const struct settings *a, const struct settings *b,
    struct text *names)
{
	const struct setting_info *i;

	for (i = settings_table; i->name != NULL; i++) {
		if (i->block != BLOCK_NONE || !i->restart ||
		    type_of(i)->equal(field_of(a, i), field_of(b, i)) ||
		    has_word(text_str(names), str_of(i->daemon)))
			continue;
		if (names->len > 0)
			text_ch(names, ' ');
		text_add(names, str_of(i->daemon));
	}
}
