/*
 * gw - gateways: their state is gwregd's, their settings stand in etc/. add, set,
 * del, enable and disable edit the file and apply it; a failed apply leaves the
 * file as it was. gw_options.c writes what stands in the file, gw_secret.c the password,
 * gw_view.c shows.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/setting_types.h"
#include "sipctl/ask.h"
#include "sipctl/edition.h"
#include "sipctl/gw.h"

#define GATEWAYS_CONF	"conf.d/gateways.conf"
#define BLOCK_MAX	16384

/* Its settings in force, for people. */
static void
print_settings(const struct ctl *c, const char *name)
{
	struct edition		 now;
	struct generation	 g;
	const struct conf_node	*block = NULL;
	const char		*file;
	struct str		 text = STR_NONE;
	size_t			 i;

	if (edition_in_force(&now, c, &g) == 0)
		block = conf_gateway_find(now.conf, name, NULL);
	for (i = 0; block != NULL && conf_file_at(now.conf, i, &file, &text); i++)
		if (strcmp(file, block->file) == 0)
			break;
	if (block != NULL && block->end <= text.len)
		printf("\n%s:%u\n%.*s\n", block->file, block->line,
		    (int)(block->end - block->begin), text.s + block->begin);
	edition_fini(&now);
}

/* One line of its block: a text, or what is a list as one. */
static void
add_setting(json_t *all, const struct conf_node *n)
{
	const struct setting_info *i = setting_find(str_of(n->name), BLOCK_GATEWAY);
	json_t		*list;
	char		 key[64], words[1024];
	struct text	 t;
	bool		 lines, one;

	if (i == NULL || !str_copy(key, sizeof(key), str_of(n->name)))
		return;
	for (char *c = key; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
	lines = strcmp(i->type, "lines") == 0;
	one = !lines && strcmp(i->type, "nets") != 0 && strcmp(i->type, "texts") != 0;
	if ((list = json_object_get(all, key)) == NULL && !one)
		json_object_set_new(all, key, list = json_array());
	text_init(&t, words, sizeof(words));
	for (size_t k = 0; k < n->nvalues; k++) {
		if (!one && !lines)
			json_array_append_new(list, json_text(str_of(n->values[k].text)));
		text_printf(&t, "%s%s", k > 0 ? " " : "", n->values[k].text);
	}
	if (one)
		json_object_set_new(all, key, json_text(text_str(&t)));
	else if (lines)
		json_array_append_new(list, json_text(text_str(&t)));
}

/* Its settings in force, for programs: those that its block names, as written there. */
static json_t *
settings_json(const struct ctl *c, const char *name)
{
	json_t			*all = json_object();
	struct edition		 now;
	struct generation	 g;
	const struct conf_node	*block = NULL;

	if (edition_in_force(&now, c, &g) == 0)
		block = conf_gateway_find(now.conf, name, NULL);
	for (size_t i = 0; block != NULL && i < block->nnodes; i++)
		add_setting(all, &block->nodes[i]);
	edition_fini(&now);
	return all;
}

COMMAND(cmd_gw_list)
{
	json_t	*rows;
	int	 code = gw_rows(c, NULL, &rows);

	if (code != CTL_DONE)
		return code;
	gw_print(c, rows);
	json_decref(rows);
	return CTL_DONE;
}

COMMAND(cmd_gw_show)
{
	json_t	*rows;
	int	 code = gw_rows(c, l->args[0], &rows);

	if (code != CTL_DONE)
		return code;
	if (json_array_size(rows) > 0 && (c->out.form == OUT_JSON ||
	    c->out.form == OUT_NDJSON))
		json_object_set_new(json_array_get(rows, 0), "settings",
		    settings_json(c, l->args[0]));
	gw_print(c, rows);
	if (json_array_size(rows) == 0)
		code = no(CTL_NO, "there is no gateway \"%s\"; next: sipctl gw",
		    l->args[0]);
	else if (out_for_people(&c->out)) {
		gw_print_more(json_array_get(rows, 0));
		print_settings(c, l->args[0]);
	}
	json_decref(rows);
	return code;
}

/* test */
COMMAND(cmd_gw_do)
{
	const char		*name = l->args[0];
	struct msg_gateway_do	body = { .by = str_of(c->user), .name = str_of(name),
				    .action = str_of(l->command->verb) };
	struct question		q = { .daemon = "gwregd", .type = MSG_GATEWAY_DO,
				    .body = &body };
	int			code = ask_one(c, &q, 40000, false);

	if (code == CTL_DONE)
		done(c, "%s: %s", name, q.text[0] != '\0' ? q.text : "done");
	return code;
}

/* ---- settings ---- */

/* The file below etc/ that has this gateway; false when there is none. */
static bool
file_of(const struct ctl *c, const char *name, char buf[CONF_NAME_MAX + 1])
{
	struct complaints	none = { 0 };
	struct conf	       *conf = conf_read(c->dirs.etc, &none);
	const struct conf_node *block = NULL;

	if (conf != NULL)
		block = conf_gateway_find(conf, name, NULL);
	if (block != NULL)
		str_copy(buf, CONF_NAME_MAX + 1, str_of(block->file));
	conf_free(conf);
	complaints_fini(&none);
	return block != NULL;
}

static bool
name_is_good(const char *name)
{
	if (gateway_name_ok(name))
		return true;
	say("\"%s\" cannot be a gateway's name: letters, digits, \"-\", \"_\" and "
	    "\".\", at most 63", name);
	return false;
}

/* Which file may be edited now, for a gateway that there is. */
static int
to_change(struct ctl *c, const char *name, char file[CONF_NAME_MAX + 1])
{
	int	code = etc_nothing_pending(c);

	if (code != CTL_DONE)
		return code;
	return file_of(c, name, file) ? CTL_DONE :
	    no(CTL_NO, "there is no gateway \"%s\"; next: sipctl gw", name);
}

/* Puts the edited text in force, which it takes; NULL: out says why there is none. */
static int
apply_text(struct ctl *c, const struct line *l, const char *file, char *text,
    struct complaints *out, bool secret)
{
	char		why[128];
	struct apply	how = { .why = why, .anyway = secret,
			    .dry_run = line_flag(l, "dry-run") };
	int		code;

	complaints_say(c, out, NULL);
	complaints_fini(out);
	if (text == NULL)
		return CTL_NO;
	snprintf(why, sizeof(why), "gw %s %s", l->command->verb, l->args[0]);
	code = etc_apply(c, file, text, &how);
	free(text);
	return code;
}

/* The file with the gateway's block as new_text, or without it. */
static int
apply_block(struct ctl *c, const struct line *l, const char *file,
    const char *new_text, bool secret)
{
	struct complaints out = { 0 };
	char		 *old = etc_read(c, file), *text;

	if (old == NULL)
		return CTL_NO;
	text = conf_edit_block(file, str_of(old), "gateway", l->args[0], new_text, &out);
	free(old);
	return apply_text(c, l, file, text, &out, secret);
}

COMMAND(cmd_gw_add)
{
	char		file[CONF_NAME_MAX + 1], block[BLOCK_MAX];
	struct gw_secret secret;
	struct text	t;
	int		code;

	if (!name_is_good(l->args[0]))
		return CTL_USAGE;
	if (line_option(l, "domain") == NULL)
		return no(CTL_USAGE, "a gateway needs its --domain");
	if ((code = etc_nothing_pending(c)) != CTL_DONE)
		return code;
	if (file_of(c, l->args[0], file))
		return no(CTL_NO, "there is a gateway \"%s\" already, in %s; next: "
		    "sipctl gw set", l->args[0], file);
	if ((code = gw_secret_take(c, l, &secret)) != CTL_DONE)
		return gw_secret_settle(c, l, &secret, code);
	text_init(&t, block, sizeof(block) - 1);
	gw_block(l, secret.given, &t);
	block[t.len] = '\0';
	code = apply_block(c, l, GATEWAYS_CONF, block, secret.given);
	return gw_secret_settle(c, l, &secret, code);
}

COMMAND(cmd_gw_set)
{
	struct complaints out = { 0 };
	struct gw_secret  secret;
	char		  file[CONF_NAME_MAX + 1], *text;
	int		  code;

	if ((code = to_change(c, l->args[0], file)) != CTL_DONE)
		return code;
	if ((code = gw_secret_take(c, l, &secret)) == CTL_DONE) {
		text = etc_read(c, file);
		text = gw_set_options(l, file, text, secret.given, &out);
		code = apply_text(c, l, file, text, &out, secret.given);
	}
	return gw_secret_settle(c, l, &secret, code);
}

COMMAND(cmd_gw_del)
{
	char	file[CONF_NAME_MAX + 1], secret[128], path[4096];
	int	code;

	if ((code = to_change(c, l->args[0], file)) != CTL_DONE)
		return code;
	code = apply_block(c, l, file, NULL, false);
	if (code == CTL_DONE && !line_flag(l, "dry-run") && strchr(l->args[0], '/') == NULL)
		unlink(dirs_path(path, c->dirs.etc, "%s",
		    gw_secret_name(secret, l->args[0])));
	return code;
}

/* enable, disable: by the setting, so that it lasts. */
COMMAND(cmd_gw_switch)
{
	struct complaints out = { 0 };
	bool		  disable = strcmp(l->command->verb, "disable") == 0;
	char		  file[CONF_NAME_MAX + 1], *old, *text;
	int		  code;

	if ((code = to_change(c, l->args[0], file)) != CTL_DONE)
		return code;
	if ((old = etc_read(c, file)) == NULL)
		return CTL_NO;
	text = conf_edit(file, str_of(old), "gateway", l->args[0], "disabled",
	    disable ? "on" : NULL, &out);
	free(old);
	return apply_text(c, l, file, text, &out, false);
}
