/*
 * domain - the domains that are served. They are settings, for every daemon needs
 * them: what is added stands in conf.d/domains.conf, below those of sip.conf.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sipctl/ask.h"
#include "sipctl/edition.h"

#define DOMAINS_CONF	"conf.d/domains.conf"
#define DOMAINS_MAX	(256 * 1024)

/* ---- looking ---- */

static uint64_t
count_in(struct ctl *c, const char *table, const char *key, const char *domain)
{
	json_t		*rows, *row;
	const char	*name, *at;
	uint64_t	 n = 0;
	size_t		 i;

	if (ask_show(c, "routed", table, NULL, &rows) != CTL_DONE)
		return 0;
	json_array_foreach(rows, i, row) {
		name = json_string_value(json_object_get(row, key));
		at = name != NULL ? strrchr(name, '@') : NULL;
		n += at != NULL && strcasecmp(at + 1, domain) == 0;
	}
	json_decref(rows);
	return n;
}

COMMAND(cmd_domain_list)
{
	static const struct column columns[] = {
		{ "domain", "DOMAIN", COLUMN_TEXT },
		{ "main", "MAIN", COLUMN_TEXT },
		{ NULL }
	};

	return ask_table(c, "routed", "domains", columns);
}

COMMAND(cmd_domain_show)
{
	static const struct column columns[] = {
		{ "domain", "DOMAIN", COLUMN_TEXT },
		{ "accounts", "ACCOUNTS", COLUMN_NUMBER },
		{ "aliases", "ALIASES", COLUMN_NUMBER },
		{ "forwarders", "FORWARDERS", COLUMN_NUMBER },
		{ "groups", "GROUPS", COLUMN_NUMBER },
		{ NULL }
	};
	const char	*domain = l->args[0];
	json_t		*rows, *row;
	size_t		 i;
	bool		 found = false;
	int		 code = ask_show(c, "routed", "domains", NULL, &rows);

	if (code != CTL_DONE)
		return code;
	json_array_foreach(rows, i, row)
		found |= strcasecmp(json_string_value(json_object_get(row,
		    "domain")), domain) == 0;
	json_decref(rows);
	if (!found)
		return no(CTL_NO, "domain %s is not served", domain);
	rows = json_pack("[{s:s,s:I,s:I,s:I,s:I}]", "domain", domain,
	    "accounts", (json_int_t)count_in(c, "accounts", "aor", domain),
	    "aliases", (json_int_t)count_in(c, "aliases", "alias", domain),
	    "forwarders", (json_int_t)count_in(c, "forwarders", "forwarder", domain),
	    "groups", (json_int_t)count_in(c, "groups", "group", domain));
	out_rows(&c->out, rows, columns);
	json_decref(rows);
	return CTL_DONE;
}

/* ---- changing ---- */

/* Is it in the text of etc/? file: where, in buf. */
static bool
is_set(const struct ctl *c, const char *domain, char buf[CONF_NAME_MAX + 1])
{
	struct complaints	 none = { 0 };
	struct conf		*conf = conf_read(c->dirs.etc, &none);
	bool			 found = false;

	for (size_t i = 0; conf != NULL && i < conf->nnodes && !found; i++) {
		const struct conf_node	*n = &conf->nodes[i];

		for (size_t k = 0; k < n->nvalues && !n->block && !found &&
		    strcmp(n->name, "domain") == 0; k++) {
			found = strcasecmp(n->values[k].text, domain) == 0;
			if (found)
				str_copy(buf, CONF_NAME_MAX + 1, str_of(n->file));
		}
	}
	conf_free(conf);
	complaints_fini(&none);
	return found;
}

static int
add_all(struct ctl *c, const struct line *l, const char *const *domains, size_t n)
{
	char		 file[CONF_NAME_MAX + 1], *text, *old;
	struct text	 t;
	struct apply	 how = { .why = "domain add", .dry_run = line_flag(l, "dry-run") };
	size_t		 added = 0;
	int		 code = etc_nothing_pending(c);

	if (code != CTL_DONE)
		return code;
	if ((old = etc_read(c, DOMAINS_CONF)) == NULL)
		return CTL_NO;
	text = xcalloc(1, DOMAINS_MAX);
	text_init(&t, text, DOMAINS_MAX);
	text_add(&t, str_of(old));
	free(old);
	for (size_t i = 0; i < n; i++) {
		if (is_set(c, domains[i], file)) {
			code = no(CTL_NO, "%s is served already, by %s", domains[i],
			    file);
			break;
		}
		text_add(&t, STR("domain "));
		conf_quote(&t, str_of(domains[i]));
		text_ch(&t, '\n');
		added++;
	}
	if (code == CTL_DONE && t.full)
		code = no(CTL_NO, "these are too many");
	if (code == CTL_DONE)
		code = etc_apply(c, DOMAINS_CONF, text, &how);
	free(text);
	if (code == CTL_DONE)
		done(c, "%s %zu", how.dry_run ? "would have added" : "added", added);
	return code;
}

COMMAND(cmd_domain_add)
{
	return add_all(c, l, l->args, l->nargs);
}

/* The text without the line that names this domain. */
static bool
without(const char *old, const char *domain, struct text *out)
{
	struct str	rest = str_of(old), line, word;
	bool		found = false;

	while (str_cut(&rest, '\n', &line)) {
		if (line.len == 0 && rest.s == NULL)
			break;
		word = str_trim(line);
		if (str_caseprefix(word, STR("domain "))) {
			word = str_trim(str_make(word.s + 7, word.len - 7));
			if (str_caseeq(word, str_of(domain))) {
				found = true;
				continue;
			}
		}
		text_add(out, line);
		text_ch(out, '\n');
	}
	return found;
}

COMMAND(cmd_domain_del)
{
	char		 file[CONF_NAME_MAX + 1], *old, *text;
	struct text	 t;
	struct apply	 how = { .why = "domain del", .dry_run = line_flag(l, "dry-run") };
	int		 code = etc_nothing_pending(c);

	if (code != CTL_DONE)
		return code;
	if ((old = etc_read(c, DOMAINS_CONF)) == NULL)
		return CTL_NO;
	text = xcalloc(1, DOMAINS_MAX);
	for (size_t i = 0; i < l->nargs && code == CTL_DONE; i++) {
		text_init(&t, text, DOMAINS_MAX);
		if (without(old, l->args[i], &t)) {
			free(old);
			old = xstrdup(text);
		} else if (is_set(c, l->args[i], file))
			code = no(CTL_NO, "%s stands in %s; take it out there, then "
			    "sipctl config apply", l->args[i], file);
		else
			code = no(CTL_NO, "domain %s is not served", l->args[i]);
	}
	if (code == CTL_DONE)
		code = etc_apply(c, DOMAINS_CONF, old, &how);
	free(old);
	free(text);
	if (code == CTL_DONE)
		done(c, "%s %zu", how.dry_run ? "would have removed" : "removed", l->nargs);
	return code;
}

COMMAND(cmd_domain_import)
{
	const char	**domains = xcalloc(DOMAINS_MAX, sizeof(*domains));
	char		 *text, *line, *save;
	size_t		  len, n = 0;
	int		  code, e;

	e = strcmp(l->args[0], "-") == 0 ?
	    read_all(STDIN_FILENO, DOMAINS_MAX / 2, &text, &len) :
	    file_read(l->args[0], DOMAINS_MAX / 2, &text, &len);
	if (e < 0) {
		free(domains);
		return no(CTL_NO, "cannot read %s: %s", l->args[0], strerror(-e));
	}
	for (line = strtok_r(text, " \t\r\n", &save); line != NULL;
	    line = strtok_r(NULL, " \t\r\n", &save))
		domains[n++] = line;
	code = n > 0 ? add_all(c, l, domains, n) : no(CTL_NO, "%s names no domain",
	    l->args[0]);
	free(domains);
	free(text);
	return code;
}
