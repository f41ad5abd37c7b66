/*
 * user - accounts, one at a time; import.c does many.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/uri.h"
#include "sipctl/accounts.h"
#include "sipctl/ask.h"

#define PUT_MS	30000

static const struct column columns[] = {
	{ "aor", "USER", COLUMN_TEXT },
	{ "name", "NAME", COLUMN_TEXT },
	{ "number", "NUMBER", COLUMN_TEXT },
	{ "service", "SERVICE", COLUMN_TEXT },
	{ "networks", "NETWORKS", COLUMN_TEXT },
	{ "contacts", "CONTACTS", COLUMN_NUMBER },
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

struct put {
	uint32_t		 done;
	struct refusals		*out;
};

static void
take_put(void *arg, enum msg_type type, const union msg *m)
{
	struct put	*p = arg;
	uint32_t	 i;

	if (type != MSG_USERS_PUT)
		return;
	p->done = m->users_put.done;
	for (i = 0; i < m->users_put.complaints.n && p->out->n < BATCH_MAX; i++) {
		p->out->v[p->out->n].row = m->users_put.complaints.v[i].line;
		snprintf(p->out->v[p->out->n].why, sizeof(p->out->v[0].why), "%.*s",
		    STR_ARG(m->users_put.complaints.v[i].text));
		p->out->n++;
	}
}

int
accounts_put(struct ctl *c, const struct batch *b, enum user_mode mode,
    bool dry_run, uint32_t *put, struct refusals *out)
{
	struct put		p = { .out = out };
	struct msg_user_put	body = { .by = str_of(c->user), .mode = (uint8_t)mode,
				    .dry_run = dry_run };
	struct question		q = { .daemon = "regd", .type = MSG_USER_PUT,
				    .body = &body, .fn = take_put, .arg = &p };
	int			code;

	body.users.v = b->v;
	body.users.n = b->n;
	out->n = 0;
	code = ask_one(c, &q, PUT_MS, false);
	*put = p.done;
	return code;
}

static int
put_one(struct ctl *c, const struct line *l, const struct rec_user *u,
    enum user_mode mode, const char *did)
{
	static struct refusals	 out;
	struct batch		*b = xcalloc(1, sizeof(*b));
	bool			 dry_run = line_flag(l, "dry-run");
	uint32_t		 put = 0, i;
	int			 code;

	b->v[b->n++] = *u;
	code = accounts_put(c, b, mode, dry_run, &put, &out);
	for (i = 0; i < out.n; i++)
		say("%s", out.v[i].why);
	if (code == CTL_DONE && put == 0)
		code = CTL_NO;
	if (code == CTL_DONE)
		done(c, "%s%s %.*s%s%.*s", dry_run ? "would have " : "", did,
		    STR_ARG(u->aor), u->number.len > 0 ? ", number " : "",
		    STR_ARG(u->number));
	free(b);
	return code;
}

/* The account of the line; password is to be wiped and freed by the caller. */
static int
account_arg(const struct ctl *c, const struct line *l, char aor[256],
    struct rec_user *u, char **password, bool *given)
{
	const char	*name = line_option(l, "name");
	const char	*number = line_option(l, "number");

	if (!aor_arg(c, l->args[0], aor))
		return CTL_USAGE;
	*password = password_arg(l, given);
	if (*given && *password == NULL)
		return CTL_USAGE;
	*u = (struct rec_user){ .aor = str_of(aor), .name = str_of(name),
	    .number = str_of(number), .password = str_of(*password),
	    .service = str_of(line_option(l, "service")),
	    .networks = str_of(line_option(l, "networks")) };
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
	char		 aor[256], *password = NULL;
	bool		 given;
	int		 code;

	code = account_arg(c, l, aor, &u, &password, &given);
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
	char		 aor[256], *password = NULL;
	bool		 given;
	int		 code;

	code = account_arg(c, l, aor, &u, &password, &given);
	if (code == CTL_DONE && !given && u.name.len == 0 && u.number.len == 0 &&
	    u.service.len == 0 && u.networks.len == 0)
		code = no(CTL_USAGE, "nothing to change: --name, --number, "
		    "--service, --networks, --password-file or --ask-password");
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

COMMAND(cmd_user_del)
{
	struct msg_user_del	body = { .by = str_of(c->user) };
	struct question		q = { .daemon = "regd", .type = MSG_USER_DEL,
				    .body = &body };
	char			aor[256];
	int			code;

	if (!aor_arg(c, l->args[0], aor))
		return CTL_USAGE;
	body.aor = str_of(aor);
	if ((code = ask_one(c, &q, PUT_MS, false)) == CTL_DONE)
		done(c, "removed %s", aor);
	return code;
}

/* ---- showing ---- */

COMMAND(cmd_user_list)
{
	json_t	*rows;
	int	 code = ask_show(c, "regd", "users", NULL, &rows);

	if (code != CTL_DONE)
		return code;
	out_rows(&c->out, rows, columns);
	json_decref(rows);
	return CTL_DONE;
}

COMMAND(cmd_user_show)
{
	char		 aor[256];
	const char	*args[] = { aor, NULL };
	json_t		*rows;
	int		 code;

	if (!aor_arg(c, l->args[0], aor))
		return CTL_USAGE;
	if ((code = ask_show(c, "regd", "users", args, &rows)) != CTL_DONE)
		return code;
	out_rows(&c->out, rows, columns);
	if (json_array_size(rows) == 0)
		code = no(CTL_NO, "there is no account %s", aor);
	json_decref(rows);
	return code;
}

/* ---- export ---- */

/* "anna@example.com" as the two columns that import reads. */
static json_t *
export_row(const json_t *row)
{
	struct str	 user, domain, aor;
	json_t		*out = json_object(), *v;
	static const char *const keep[] = { "ha1_md5", "ha1_sha256", "name",
	    "number", "service", "networks" };
	size_t		 i;

	aor = str_of(json_string_value(json_object_get(row, "aor")));
	aor_split(aor, &user, &domain);
	json_object_set_new(out, "user", json_text(user));
	json_object_set_new(out, "domain", json_text(domain));
	for (i = 0; i < sizeof(keep) / sizeof(keep[0]); i++)
		if ((v = json_object_get(row, keep[i])) != NULL)
			json_object_set(out, keep[i], v);
	return out;
}

COMMAND(cmd_user_export)
{
	const char	*format = line_option(l, "format");
	json_t		*rows, *list, *row;
	size_t		 i;
	int		 code;

	if (out_for_people(&c->out))
		c->out.form = OUT_CSV;
	if (format != NULL && strcmp(format, "csv") == 0)
		c->out.form = OUT_CSV;
	else if (format != NULL && strcmp(format, "ndjson") == 0)
		c->out.form = OUT_NDJSON;
	else if (format != NULL)
		return no(CTL_USAGE, "--format is csv or ndjson");
	if ((code = ask_show(c, "regd", "users", NULL, &rows)) != CTL_DONE)
		return code;
	list = json_array();
	json_array_foreach(rows, i, row)
		json_array_append_new(list, export_row(row));
	out_rows(&c->out, list, columns);
	json_decref(list);
	json_decref(rows);
	return CTL_DONE;
}
