/*
 * user - accounts, one at a time; import.c and export.c do many.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/uri.h"
#include "sipctl/accounts.h"
#include "sipctl/ask.h"
#include "sipctl/directory.h"

#define PUT_MS	30000

static const struct column columns[] = {
	{ "aor", "USER", COLUMN_TEXT },
	{ "name", "NAME", COLUMN_TEXT },
	{ "number", "NUMBER", COLUMN_TEXT },
	{ "service", "SERVICE", COLUMN_TEXT },
	{ "networks", "NETWORKS", COLUMN_TEXT },
	{ "rights", "RIGHTS", COLUMN_TEXT },
	{ "contacts", "CONTACTS", COLUMN_NUMBER },
	{ NULL }
};

static const struct column login_columns[] = {
	{ "last_login_s", "LAST LOGIN", COLUMN_SECONDS },
	{ "last_failure_s", "LAST FAILURE", COLUMN_SECONDS },
	{ "last_failure", "REASON", COLUMN_TEXT },
	{ "last_failure_from", "FROM", COLUMN_TEXT },
	{ NULL }
};
static const struct column setting_columns[] = {
	{ "setting", "SETTING", COLUMN_TEXT },
	{ "value", "VALUE", COLUMN_TEXT },
	{ "from", "FROM", COLUMN_TEXT },
	{ NULL }
};

/* The first domain of etc/, however broken the rest may be. */
static void
main_domain(const struct ctl *c, char buf[256])
{
	struct complaints	 none = { 0 };
	struct conf		*conf = conf_read(c->dirs.etc, &none);
	size_t			 i;

	buf[0] = '\0';
	for (i = 0; conf != NULL && i < conf->nnodes; i++)
		if (strcmp(conf->nodes[i].name, "domain") == 0 &&
		    conf->nodes[i].nvalues > 0) {
			str_copy(buf, 256, str_of(conf->nodes[i].values[0].text));
			break;
		}
	conf_free(conf);
	complaints_fini(&none);
}

bool
aor_arg(const struct ctl *c, const char *typed, char buf[256])
{
	char		domain[256], aor[AOR_MAX];
	struct str	out;

	domain[0] = '\0';
	if (strchr(typed, '@') == NULL)
		main_domain(c, domain);
	if (aor_parse(str_of(typed), str_of(domain), aor, &out) < 0 ||
	    !str_copy(buf, 256, out) || strchr(buf, '@') == NULL) {
		say("\"%s\" is not an address like anna@example.com", typed);
		return false;
	}
	return true;
}

/* ---- putting ---- */

static void
take_put(void *arg, enum msg_type type, const union msg *m)
{
	struct putting	*p = arg;
	struct refusals	*out = p->refused;
	uint32_t	 i;

	if (type != MSG_USERS_PUT)
		return;
	p->put = m->users_put.done;
	p->lasting = m->users_put.lasting;
	for (i = 0; i < m->users_put.complaints.n && out->n < BATCH_MAX; i++) {
		out->v[out->n].row = m->users_put.complaints.v[i].line;
		str_copy(out->v[out->n].field, sizeof(out->v[0].field),
		    m->users_put.complaints.v[i].file);
		snprintf(out->v[out->n].why, sizeof(out->v[0].why), "%.*s",
		    STR_ARG(m->users_put.complaints.v[i].text));
		out->n++;
	}
}

int
accounts_put(struct ctl *c, const struct batch *b, struct putting *p)
{
	struct msg_user_put	body = { .by = str_of(c->user),
				    .mode = (uint8_t)p->mode, .dry_run = p->dry_run,
				    .import = p->import };
	struct question		q = { .daemon = "regd", .type = MSG_USER_PUT,
				    .body = &body, .fn = take_put, .arg = p };

	body.users.v = b->v;
	body.users.n = b->n;
	p->refused->n = 0;
	p->put = p->lasting = 0;
	return ask_one(c, &q, PUT_MS, false);
}

static int
put_one(struct ctl *c, const struct line *l, const struct rec_user *u,
    enum user_mode mode, const char *did)
{
	static struct refusals	 out;
	struct batch		*b = xcalloc(1, sizeof(*b));
	struct putting		 p = { .mode = mode, .refused = &out,
				    .dry_run = line_flag(l, "dry-run") };
	uint32_t		 i;
	int			 code;

	b->v[b->n++] = *u;
	code = accounts_put(c, b, &p);
	for (i = 0; i < out.n; i++)
		say("%s", out.v[i].why);
	if (code == CTL_DONE && p.put == 0)
		code = CTL_NO;
	if (code == CTL_DONE)
		done(c, "%s%s %.*s%s%.*s", p.dry_run ? "would have " : "", did,
		    STR_ARG(u->aor), u->number.len > 0 ? ", number " : "",
		    STR_ARG(u->number));
	free(b);
	return code;
}

bool
settings_lines(struct str typed, char *buf, size_t size, struct str *out)
{
	struct text	t;
	struct str	one;

	text_init(&t, buf, size);
	while (str_cut(&typed, ';', &one)) {
		text_add(&t, str_trim(one));
		text_ch(&t, '\n');
	}
	*out = text_str(&t);
	return !t.full;
}

/* --set NAME=VALUE, each a line; without a value the setting is inherited again. */
static bool
settings_arg(const struct line *l, char buf[SETTINGS_MAX], struct str *out)
{
	const char	*one, *equal;
	size_t		 at = 0;
	struct text	 t;

	text_init(&t, buf, SETTINGS_MAX);
	while ((one = line_option_next(l, "set", &at)) != NULL) {
		if ((equal = strchr(one, '=')) == NULL || strchr(one, '\n') != NULL) {
			say("write --set NAME=VALUE, or --set NAME= to inherit it");
			return false;
		}
		text_printf(&t, "%.*s %s\n", (int)(equal - one), one, equal + 1);
	}
	*out = text_str(&t);
	if (t.full)
		say("too many settings");
	return !t.full;
}

/* The account of the line; password is to be wiped and freed by the caller. */
static int
account_arg(const struct ctl *c, const struct line *l, char aor[256],
    char settings[SETTINGS_MAX], struct rec_user *u, char **password, bool *given)
{
	const char	*name = line_option(l, "name");
	const char	*number = line_option(l, "number");
	struct str	 own;

	if (!aor_arg(c, l->args[0], aor) || !settings_arg(l, settings, &own))
		return CTL_USAGE;
	*password = password_arg(l, given);
	if (*given && *password == NULL)
		return CTL_USAGE;
	*u = (struct rec_user){ .aor = str_of(aor), .name = str_of(name),
	    .number = str_of(number), .password = str_of(*password),
	    .service = str_of(line_option(l, "service")),
	    .networks = str_of(line_option(l, "networks")),
	    .settings = own };
	return CTL_DONE;
}

static void
wipe(char *password)
{
	if (password != NULL)
		explicit_bzero(password, strlen(password));
	free(password);
}

COMMAND(cmd_user_add)
{
	struct rec_user	 u;
	char		 aor[256], settings[SETTINGS_MAX], *password = NULL;
	bool		 given;
	int		 code;

	code = account_arg(c, l, aor, settings, &u, &password, &given);
	if (code == CTL_DONE && !given)
		code = no(CTL_USAGE, "an account needs a password: --ask-password, "
		    "or --password-file FILE, or - for standard input");
	if (code == CTL_DONE)
		code = put_one(c, l, &u, USER_ADD, "added");
	wipe(password);
	return code;
}

COMMAND(cmd_user_set)
{
	struct rec_user	 u;
	char		 aor[256], settings[SETTINGS_MAX], *password = NULL;
	bool		 given;
	int		 code;

	code = account_arg(c, l, aor, settings, &u, &password, &given);
	if (code == CTL_DONE && !given && u.name.len == 0 && u.number.len == 0 &&
	    u.service.len == 0 && u.networks.len == 0 && u.settings.len == 0)
		code = no(CTL_USAGE, "nothing to change: --name, --number, "
		    "--service, --networks, --set, --password-file or "
		    "--ask-password");
	if (code == CTL_DONE)
		code = put_one(c, l, &u, USER_SET, "changed");
	wipe(password);
	return code;
}

COMMAND(cmd_user_passwd)
{
	struct line	 ask = *l;
	static const struct option asked = { "ask-password" };

	if (!line_flag(l, "password-file") && !line_flag(l, "ask-password") &&
	    ask.noptions < LINE_OPTIONS_MAX) {
		ask.options[ask.noptions].option = &asked;
		ask.options[ask.noptions++].value = NULL;
	}
	return cmd_user_set(c, &ask);
}

/* ---- removing ---- */

static void
ignore_refused(void *arg, uint32_t row, struct str why)
{
}

/*
 * First, so that nobody who gets the name after him has his rules. That there are
 * none is all right.
 */
static void
remove_rules(struct ctl *c, const char *aor)
{
	struct entries	*e = xcalloc(1, sizeof(*e));
	uint32_t	 put;

	e->v[0] = (struct rec_entry){ .name = str_of(aor) };
	e->n = 1;
	if (entries_put(c, ENTRY_RULES, e, USER_REMOVE, false, &put,
	    ignore_refused, NULL) != CTL_DONE)
		say("if %s has signal rules they stay; later: sipctl rules del %s",
		    aor, aor);
	free(e);
}

COMMAND(cmd_user_del)
{
	struct msg_user_del	body = { .by = str_of(c->user),
				    .dry_run = line_flag(l, "dry-run") };
	struct question		q = { .daemon = "regd", .type = MSG_USER_DEL,
				    .body = &body };
	char			aor[256];
	int			code;

	if (!aor_arg(c, l->args[0], aor))
		return CTL_USAGE;
	body.aor = str_of(aor);
	remove_rules(c, aor);
	if ((code = ask_one(c, &q, PUT_MS, false)) == CTL_DONE)
		done(c, "%s %s", body.dry_run ? "would have removed" : "removed",
		    aor);
	return code;
}

/* ---- showing ---- */

COMMAND(cmd_user_list)
{
	return ask_table(c, "regd", "users", columns);
}

COMMAND(cmd_user_show)
{
	char		 aor[256];
	const char	*args[] = { aor, NULL };
	json_t		*rows, *settings;
	int		 code;

	if (!aor_arg(c, l->args[0], aor))
		return CTL_USAGE;
	if ((code = ask_show(c, "regd", "users", args, &rows)) != CTL_DONE)
		return code;
	if (json_array_size(rows) == 0) {
		out_rows(&c->out, rows, columns);
		json_decref(rows);
		return no(CTL_NO, "there is no account %s", aor);
	}
	if ((code = ask_show(c, "regd", "user settings", args, &settings)) ==
	    CTL_DONE && out_for_people(&c->out)) {
		out_rows(&c->out, rows, columns);
		printf("\n");
		out_rows(&c->out, rows, login_columns);
		printf("\n");
		out_rows(&c->out, settings, setting_columns);
		json_decref(settings);
	} else if (code == CTL_DONE) {
		json_object_set_new(json_array_get(rows, 0), "in_force", settings);
		out_rows(&c->out, rows, columns);
	}
	json_decref(rows);
	return code;
}
