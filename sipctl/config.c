/*
 * config - check, set, diff, describe, show: looking at the configuration and
 * editing it. What puts it in force is config_apply.c and apply.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "common/setting_types.h"
#include "sipctl/diff.h"
#include "sipctl/edition.h"

#define VALUE_MAX	65536

/* ---- check ---- */

/* "The running configuration (generation 42) is untouched." */
static const char *
untouched(const struct ctl *c, char buf[128])
{
	struct generation	g;

	if (generation_in_force(&c->dirs, &g) < 0)
		return "Nothing is in force yet.";
	snprintf(buf, 128, "The running configuration (generation %llu) is "
	    "untouched.", (unsigned long long)g.number);
	return buf;
}

/* A file alone, without what it includes. */
static bool
check_file(const char *file, struct complaints *out)
{
	struct conf	*conf = NULL;
	struct settings	*s = NULL;
	char		*text;
	size_t		 len;
	int		 e = file_read(file, CONF_MAX, &text, &len);

	if (e < 0) {
		complain(out, false, file, 0, 0, "%s", strerror(-e));
		return false;
	}
	conf = conf_parse(file, str_make(text, len), out);
	if (conf != NULL)
		s = settings_build(conf, out);
	free(text);
	conf_free(conf);
	settings_free(s);
	return s != NULL;
}

COMMAND(cmd_config_check)
{
	struct complaints out = { 0 };
	struct edition	  e;
	struct stat	  st;
	const char	 *what = l->nargs > 0 ? l->args[0] : c->dirs.etc;
	char		  buf[128];
	bool		  good;

	if (l->nargs > 0 && stat(what, &st) == 0 && S_ISREG(st.st_mode)) {
		good = check_file(what, &out);
	} else {
		good = edition_read(&e, c, what, &out);
		edition_fini(&e);
	}
	complaints_say(c, &out, untouched(c, buf));
	if (good)
		done(c, "%s is in order", what);
	complaints_fini(&out);
	return good ? CTL_DONE : CTL_NO;
}

/* ---- set ---- */

/* The value of the line's further words: as written, else as one quoted text. */
static void
value_text(const struct line *l, char *buf, size_t size)
{
	struct text	t;
	size_t		i;

	text_init(&t, buf, size - 1);
	for (i = 1; i < l->nargs; i++) {
		if (i > 1)
			text_ch(&t, ' ');
		text_add(&t, str_of(l->args[i]));
	}
	buf[t.len] = '\0';
}

/* The file of etc/ where name is set, else sip.conf. */
static void
file_of_setting(const struct ctl *c, const char *name, char buf[CONF_NAME_MAX + 1])
{
	struct complaints	 none = { 0 };
	struct conf		*conf = conf_read(c->dirs.etc, &none);
	const struct conf_node	*node = NULL;

	if (conf != NULL)
		node = conf_node_find(conf, name);
	str_copy(buf, CONF_NAME_MAX + 1, node != NULL ? str_of(node->file) :
	    STR("sip.conf"));
	conf_free(conf);
	complaints_fini(&none);
}

static int
unknown_setting(const char *name)
{
	const struct setting_info *near = setting_nearest(str_of(name), BLOCK_NONE);

	return no(CTL_USAGE, "there is no setting \"%s\"%s%s%s; \"sipctl config "
	    "describe\" lists them", name, near != NULL ? "; did you mean \"" : "",
	    near != NULL ? near->name : "", near != NULL ? "\"?" : "");
}

/* Would the whole be in order with this text? */
static int
set_try(const struct ctl *c, const char *file, const char *text)
{
	struct complaints out = { 0 };
	struct edition	  e;
	bool		  good = edition_read_with(&e, c, file, text, &out);

	complaints_say(c, &out, "Nothing was changed.");
	complaints_fini(&out);
	edition_fini(&e);
	return good ? CTL_DONE : CTL_NO;
}

COMMAND(cmd_config_set)
{
	struct complaints out = { 0 };
	const char	 *name = l->args[0];
	char		  file[CONF_NAME_MAX + 1], value[8192], *old, *text;
	int		  code;

	if (setting_find(str_of(name), BLOCK_NONE) == NULL)
		return unknown_setting(name);
	value_text(l, value, sizeof(value));
	file_of_setting(c, name, file);
	if ((old = etc_read(c, file)) == NULL)
		return CTL_NO;
	text = conf_edit(file, str_of(old), NULL, NULL, name, value, &out);
	free(old);
	complaints_say(c, &out, "Nothing was changed.");
	complaints_fini(&out);
	if (text == NULL)
		return CTL_NO;
	code = line_flag(l, "dry-run") ? set_try(c, file, text) :
	    etc_replace(c, file, text, NULL);
	free(text);
	if (code == CTL_DONE && line_flag(l, "dry-run"))
		done(c, "%s would have: %s %s", file, name, value);
	else if (code == CTL_DONE)
		done(c, "%s: %s %s; next: sipctl config apply", file, name, value);
	return code;
}

/* ---- diff ---- */

struct drawn {
	const struct ctl	*ctl;
	const char		*file;
	bool			 named;
};

static const char *
effect(struct str line, char buf[64])
{
	const struct setting_info *i;
	struct str		   rest = str_trim(line), name;

	str_cut(&rest, ' ', &name);
	i = setting_find(name, BLOCK_NONE);
	if (i == NULL)
		i = setting_find(name, BLOCK_GATEWAY);
	if (i == NULL)
		i = setting_find(name, BLOCK_LISTEN);
	if (i == NULL)
		i = setting_find(name, BLOCK_DOMAIN);
	if (i == NULL)
		return "";
	if (i->restart)
		snprintf(buf, 64, "    # restarts %s", i->daemon);
	else
		snprintf(buf, 64, "    # takes effect live");
	return buf;
}

static void
draw(void *arg, char sign, uint32_t line, struct str text)
{
	struct drawn	*d = arg;
	char		 buf[4096], comment[64];
	struct text	 t;

	if (!d->named)
		printf("%s\n", d->file);
	d->named = true;
	text_init(&t, buf, sizeof(buf));
	out_escape(&t, text);
	printf("%s%4u %c  %.*s%s%s\n", !d->ctl->out.color ? "" : sign == '+' ?
	    "\033[32m" : "\033[31m", line, sign, STR_ARG(text_str(&t)),
	    sign == '+' ? effect(text, comment) : "",
	    d->ctl->out.color ? "\033[0m" : "");
}

static struct str
text_of(const struct conf *c, const char *file)
{
	const char	*name;
	struct str	 text;
	size_t		 i;

	for (i = 0; conf_file_at(c, i, &name, &text); i++)
		if (strcmp(name, file) == 0)
			return text;
	return STR_NONE;
}

static bool
has_file(const struct conf *c, const char *file)
{
	const char	*name;
	struct str	 text;
	size_t		 i;

	for (i = 0; conf_file_at(c, i, &name, &text); i++)
		if (strcmp(name, file) == 0)
			return true;
	return false;
}

/* All files of both; how many lines differ. */
static size_t
draw_diff(const struct ctl *c, const struct conf *old, const struct conf *new)
{
	struct drawn	d = { .ctl = c };
	struct str	text;
	size_t		i, n = 0;

	for (i = 0; conf_file_at(new, i, &d.file, &text); i++) {
		d.named = false;
		n += diff_lines(text_of(old, d.file), text, draw, &d);
	}
	for (i = 0; conf_file_at(old, i, &d.file, &text); i++) {
		d.named = false;
		if (!has_file(new, d.file))
			n += diff_lines(text, STR_NONE, draw, &d);
	}
	return n;
}

COMMAND(cmd_config_diff)
{
	struct complaints	out = { 0 };
	struct edition		old, etc;
	struct generation	g = { 0 };
	uint64_t		number = 0;
	int			e, code = CTL_DONE;

	if (l->nargs > 0 && (str_u64(str_of(l->args[0]), &number) < 0 ||
	    number == 0))
		return no(CTL_USAGE, "\"%s\" is not the number of a generation",
		    l->args[0]);
	e = number != 0 ? edition_of(&old, c, number) :
	    edition_in_force(&old, c, &g);
	if (e < 0)
		return no(e == -EACCES ? CTL_DENIED : CTL_NO, number != 0 ?
		    "generation %llu cannot be read" : "nothing is in force yet; "
		    "next: sipctl config apply", (unsigned long long)number);
	edition_read(&etc, c, NULL, &out);
	if (etc.conf == NULL) {
		complaints_say(c, &out, NULL);
		code = CTL_NO;
	} else if (draw_diff(c, old.conf, etc.conf) > 0 ||
	    !edition_equal(&old, &etc)) {
		code = CTL_NO;
	}
	complaints_fini(&out);
	edition_fini(&old);
	edition_fini(&etc);
	return code;
}

/* ---- describe ---- */

static const struct column describe_columns[] = {
	{ "name", "NAME", COLUMN_TEXT },
	{ "type", "TYPE", COLUMN_TEXT },
	{ "default", "DEFAULT", COLUMN_TEXT },
	{ "effect", "EFFECT", COLUMN_TEXT },
	{ "help", "MEANING", COLUMN_TEXT },
	{ NULL }
};

static json_t *
describe_row(const struct setting_info *i)
{
	char		range[256], name[128];
	struct text	t;

	text_init(&t, range, sizeof(range) - 1);
	setting_range(i, &t);
	range[t.len] = '\0';
	snprintf(name, sizeof(name), "%s%s", setting_prefix(i),
	    i->name);
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "name", name,
	    "daemon", i->daemon, "type", setting_fields[i - settings_table].type->name,
	    "range", range, "default", i->def, "effect",
	    i->restart ? "restart" : "live", "since", i->since, "help", i->help);
}

static void
describe_text(const struct setting_info *i)
{
	char		range[256];
	struct text	t;

	text_init(&t, range, sizeof(range));
	setting_range(i, &t);
	printf("%s%s\n  %s\n\n  type     %s\n", setting_prefix(i),
	    i->name, i->help, setting_fields[i - settings_table].type->name);
	if (t.len > 0)
		printf("  range    %.*s\n", STR_ARG(text_str(&t)));
	printf("  default  %s\n  effect   %s%s\n  daemon   %s\n  since    %s\n",
	    i->def[0] != '\0' ? i->def : "(empty)",
	    i->restart ? "restarts " : "live", i->restart ? i->daemon : "",
	    i->daemon, i->since);
}

COMMAND(cmd_config_describe)
{
	const struct setting_info *i;
	json_t			  *rows = json_array();
	const char		  *name = l->nargs > 0 ? l->args[0] : NULL;
	size_t			   found = 0;

	for (i = settings_table; i->name != NULL; i++) {
		if (name != NULL && strcmp(i->name, name) != 0)
			continue;
		found++;
		if (name != NULL && out_for_people(&c->out)) {
			if (found > 1)
				printf("\n");
			describe_text(i);
		} else {
			json_array_append_new(rows, describe_row(i));
		}
	}
	if (found > 0)
		out_rows(&c->out, rows, describe_columns);
	json_decref(rows);
	return found > 0 ? CTL_DONE : unknown_setting(name);
}

/* ---- show ---- */

static json_t *
settings_json(const struct settings *s)
{
	const struct setting_info *i;
	json_t			  *all = json_object();
	char			  *buf = xcalloc(1, VALUE_MAX);
	struct text		   t;

	for (i = settings_table; i->name != NULL; i++) {
		if (i->block != BLOCK_NONE)
			continue;
		text_init(&t, buf, VALUE_MAX);
		setting_print(s, i, &t);
		json_object_set_new(all, i->name, json_text(text_str(&t)));
	}
	free(buf);
	return all;
}

static int
show_one(const struct settings *s, const char *name)
{
	const struct setting_info *i = setting_find(str_of(name), BLOCK_NONE);
	char			  *buf;
	struct text		   t;

	if (i == NULL)
		return unknown_setting(name);
	buf = xcalloc(1, VALUE_MAX);
	text_init(&t, buf, VALUE_MAX);
	setting_print(s, i, &t);
	printf("%.*s\n", STR_ARG(text_str(&t)));
	free(buf);
	return CTL_DONE;
}

COMMAND(cmd_config_show)
{
	struct complaints	out = { 0 };
	struct edition		e;
	struct generation	g;
	json_t			*all;
	int			error = edition_in_force(&e, c, &g), code = CTL_DONE;

	if (error == -ENOENT && !edition_read(&e, c, NULL, &out))
		code = CTL_NO;
	else if (error < 0 && error != -ENOENT)
		code = no(error == -EACCES ? CTL_DENIED : CTL_NO,
		    "%s/generations: %s", c->dirs.state, strerror(-error));
	complaints_say(c, &out, NULL);
	if (code != CTL_DONE) {
		complaints_fini(&out);
		edition_fini(&e);
		return code;
	}
	if (l->nargs > 0) {
		code = show_one(e.settings, l->args[0]);
	} else if (c->out.form == OUT_JSON || c->out.form == OUT_NDJSON) {
		all = settings_json(e.settings);
		out_json(&c->out, all);
		json_decref(all);
	} else {
		settings_write(e.settings, line_flag(l, "changed"), stdout);
	}
	complaints_fini(&out);
	edition_fini(&e);
	return code;
}
