/*
 * gw_options - the options of "gw add" and "gw set" as lines of a gateway's block.
 *
 * They are the settings' names. A value of several words is a list, or a line of words
 * where the setting is one ("caller-id"), which may be given repeatedly.
 */
#include "sipctl/gw.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/setting_types.h"

#define VALUE_MAX	1024

static void
add_words(struct text *t, struct str v, const char *between)
{
	struct str	word;
	bool		first = true;
	size_t		n;

	while (v.len > 0) {
		for (n = 0; n < v.len && v.s[n] != ' ' && v.s[n] != ','; n++)
			;
		word = str_make(v.s, n);
		v = str_make(v.s + n, v.len - n);
		while (v.len > 0 && (v.s[0] == ' ' || v.s[0] == ','))
			v = str_make(v.s + 1, v.len - 1);
		if (word.len == 0)
			continue;
		if (!first)
			text_add(t, str_of(between));
		conf_quote(t, word);
		first = false;
	}
}

static bool
is_lines(const struct setting_info *i)
{
	return strcmp(i->type, "lines") == 0;
}

/* As it is written in the file; NULL when it is too long. */
static const char *
written(const struct line *l, const struct setting_info *i, const char *value,
    bool secret, char buf[VALUE_MAX])
{
	char		file[128];
	struct text	t;

	text_init(&t, buf, VALUE_MAX - 1);
	if (strcmp(i->name, "password-file") == 0 && secret)
		value = gw_secret_name(file, l->args[0]);
	if (strcmp(i->type, "flag") == 0 && value[0] == '\0')
		value = "on";
	if (is_lines(i))
		add_words(&t, str_of(value), " ");
	else if (strcmp(i->type, "nets") == 0 || strcmp(i->type, "texts") == 0) {
		text_ch(&t, '[');
		add_words(&t, str_of(value), ", ");
		text_ch(&t, ']');
	} else
		conf_quote(&t, str_of(value));
	buf[t.len] = '\0';
	return t.full ? NULL : buf;
}

void
gw_block(const struct line *l, bool secret, struct text *t)
{
	const struct setting_info *i;
	const char		  *value;
	char			   buf[VALUE_MAX];
	size_t			   at;

	text_printf(t, "gateway %s {\n", l->args[0]);
	for (i = settings_table; i->name != NULL; i++) {
		if (i->block != BLOCK_GATEWAY)
			continue;
		for (at = 0; (value = line_option_next(l, i->name, &at)) != NULL;) {
			if (!is_lines(i))
				value = line_option(l, i->name);
			value = written(l, i, value, secret, buf);
			text_printf(t, "    %-18s %s\n", i->name,
			    value != NULL ? value : "\"");	/* does not parse */
			if (!is_lines(i))
				break;
		}
	}
	text_add(t, STR("}\n"));
}

typedef char *edit_fn(const char *file, struct str text, const char *block,
	    const char *label, const char *name, const char *value,
	    struct complaints *out);

static char *
edit(edit_fn *fn, const struct line *l, const char *file, char *text,
    const char *name, const char *value, struct complaints *out)
{
	char	*edited = fn(file, str_of(text), "gateway", l->args[0], name, value, out);

	free(text);
	return edited;
}

static char *
set_one(const struct line *l, const struct setting_info *i, const char *file,
    char *text, bool secret, struct complaints *out)
{
	const char	*value = line_option(l, i->name);
	char		 buf[VALUE_MAX];
	size_t		 at = 0;

	if (!is_lines(i)) {
		value = written(l, i, value, secret, buf);
		return edit(conf_edit, l, file, text, i->name,
		    value != NULL ? value : "\"", out);
	}
	text = edit(conf_edit, l, file, text, i->name, NULL, out);
	while (text != NULL && (value = line_option_next(l, i->name, &at)) != NULL) {
		if (value[0] == '\0')		/* "": none any more */
			continue;
		value = written(l, i, value, secret, buf);
		text = edit(conf_edit_add, l, file, text, i->name,
		    value != NULL ? value : "\"", out);
	}
	return text;
}

char *
gw_set_options(const struct line *l, const char *file, char *text, bool secret,
    struct complaints *out)
{
	for (const struct setting_info *i = settings_table; i->name != NULL &&
	    text != NULL; i++)
		if (i->block == BLOCK_GATEWAY && line_option(l, i->name) != NULL)
			text = set_one(l, i, file, text, secret, out);
	return text;
}
