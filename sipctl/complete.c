/*
 * complete - the words that may follow on a command line, for the shells' completion.
 *
 * "sipctl __complete -- WORD..." prints those that the last word begins; what is
 * static comes from the command table, users and gateways from the daemons. Whoever
 * waits is typing: after 200 ms, or when anything fails, there is nothing, silently.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <unistd.h>

#include "sipctl/ask.h"

#define PATIENCE_US	200000

struct completion {
	struct ctl		*c;
	const struct line	*l;
	size_t			 at;		/* of the word that is completed */
	const char		*word;
	const char		*noun;
	const struct command	*command;	/* NULL: not clear yet */
};

static void
offer(const struct completion *p, const char *candidate)
{
	if (strncmp(candidate, p->word, strlen(p->word)) == 0)
		puts(candidate);
}

static void
offer_options(const struct completion *p, const struct option *o)
{
	char	name[64];

	for (; o != NULL && o->name != NULL; o++) {
		snprintf(name, sizeof(name), "--%s", o->name);
		offer(p, name);
	}
}

static void
offer_nouns(const struct completion *p)
{
	const char	*last = "";

	for (const struct command *k = commands; k->noun != NULL; k++)
		if (strncmp(k->noun, "__", 2) != 0 && strcmp(k->noun, last) != 0)
			offer(p, last = k->noun);
}

static void
offer_verbs(const struct completion *p)
{
	for (const struct command *k = commands; k->noun != NULL; k++)
		if (strcmp(k->noun, p->noun) == 0 && k->verb != NULL)
			offer(p, k->verb);
}

/* ---- what the house knows ---- */

static void
offer_column(const struct completion *p, const char *daemon, const char *table,
    const char *key)
{
	json_t	*rows, *row;
	size_t	 i;

	if (ask_show(p->c, daemon, table, NULL, &rows) != CTL_DONE)
		return;
	json_array_foreach(rows, i, row) {
		const char	*s = json_string_value(json_object_get(row, key));

		if (s != NULL)
			offer(p, s);
	}
	json_decref(rows);
}

static void
offer_settings(const struct completion *p)
{
	for (const struct setting_info *i = settings_table; i->name != NULL; i++)
		if (i->block == BLOCK_NONE)
			offer(p, i->name);
}

static void
offer_daemons(const struct completion *p)
{
	for (size_t i = 0; i < DAEMONS; i++)
		offer(p, daemon_names[i]);
}

/* By the noun, where its arguments are names that a daemon has a table of. */
static const struct {
	const char	*noun, *args;	/* as the synopsis begins */
	const char	*daemon, *table, *key;
} tables[] = {
	{ "gw", "NAME", "gwregd", "gateways", "name" },
	{ "alias", "ALIAS", "routed", "aliases", "alias" },
	{ "forwarder", "", "routed", "forwarders", "forwarder" },
	{ "group", "", "routed", "groups", "group" },
	{ "number", "", "routed", "numbers", "number" },
	{ "price", "GATEWAY", "routed", "prices", "prefix" },
	{ "domain", "", "routed", "domains", "domain" },
};

static void
offer_arguments(const struct completion *p)
{
	const char	*args = p->command->args, *noun = p->noun;

	if (strcmp(noun, "config") == 0) {
		if (strstr(args, "NAME") != NULL)
			offer_settings(p);
		else if (strstr(args, "--retry") != NULL)
			offer_daemons(p);
	} else if (strcmp(noun, "restart") == 0)
		offer_daemons(p);
	else if (strncmp(args, "U@D", 3) == 0)
		offer_column(p, "regd", "users", "aor");
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (strcmp(noun, tables[i].noun) == 0 &&
		    strncmp(args, tables[i].args, strlen(tables[i].args)) == 0)
			offer_column(p, tables[i].daemon, tables[i].table, tables[i].key);
}

/* ---- the line so far ---- */

/* An option of everything that takes the next word as its value. */
static bool
takes_value(const char *word)
{
	static const char	*const names[] = { "-C", "--directory", "-o", "--output", "-H",
				    "--host", "--fields", "--color" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(word, names[i]) == 0)
			return true;
	return false;
}

/* Finds noun and command among the words before the last. */
static void
read_words(struct completion *p)
{
	const char	*verb = NULL;

	for (size_t i = 0; i < p->at; i++) {
		const char	*w = p->l->args[i];

		if (takes_value(w))
			i++;
		else if (w[0] != '-' && p->noun == NULL)
			p->noun = w;
		else if (w[0] != '-' && verb == NULL)
			verb = w;
	}
	for (const struct command *k = commands; p->noun != NULL && k->noun != NULL; k++)
		if (strcmp(k->noun, p->noun) == 0 && (k->verb == NULL ||
		    (verb != NULL && strcmp(k->verb, verb) == 0)))
			p->command = k;
}

/* -C of the line that is completed says which house is asked. */
static void
find_house(const struct completion *p)
{
	for (size_t i = 0; i + 1 < p->at; i++)
		if (strcmp(p->l->args[i], "-C") == 0 ||
		    strcmp(p->l->args[i], "--directory") == 0)
			(void)dirs_find(&p->c->dirs, p->l->args[i + 1]);
}

static void
be_silent(void)
{
	struct itimerval	t = { .it_value = { .tv_usec = PATIENCE_US } };
	int			nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (nowhere >= 0)
		dup2(nowhere, STDERR_FILENO);
	signal(SIGALRM, SIG_DFL);
	setitimer(ITIMER_REAL, &t, NULL);
}

COMMAND(cmd_complete)
{
	struct completion	p = { .c = c, .l = l };

	if (l->nargs == 0)
		return CTL_DONE;
	p.at = l->nargs - 1;
	p.word = l->args[p.at];
	be_silent();
	read_words(&p);
	find_house(&p);
	if (p.word[0] == '-') {
		offer_options(&p, p.command != NULL ? p.command->options : NULL);
		offer_options(&p, global_options);
	} else if (p.noun == NULL)
		offer_nouns(&p);
	else if (p.command == NULL)
		offer_verbs(&p);
	else
		offer_arguments(&p);
	return CTL_DONE;
}
