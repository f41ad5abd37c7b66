/*
 * line - from argv to a row of the command table, its options and arguments.
 *
 * Options are known by the table alone, so they may stand anywhere; nothing is
 * run here. Abbreviations of nouns and verbs are for people at a terminal: in a
 * script they would break with the next new command.
 */
#include "sipctl/line.h"

#include <errno.h>

#include "common/setting_types.h"

struct parser {
	struct line	*line;
	int		 argc;
	char *const	*argv;
	int		 at;
	bool		 interactive;
	bool		 options_over;
	struct text	*error;
};

static int
wrong(struct parser *p)
{
	text_ch(p->error, '\n');
	return -EINVAL;
}

/* ---- words ---- */

static size_t
nearness(struct str word)
{
	return word.len < 4 ? 2 : 3;
}

const char *
line_nearest_noun(const char *word)
{
	const struct command *k;
	const char	     *nearest = NULL;
	size_t		      d, best = nearness(str_of(word));

	for (k = commands; k->noun != NULL; k++)
		if ((d = edit_distance(str_of(word), str_of(k->noun))) < best) {
			best = d;
			nearest = k->noun;
		}
	return nearest;
}

static const char *
nearest_verb(const char *noun, const char *word)
{
	const struct command *k;
	const char	     *nearest = NULL;
	size_t		      d, best = nearness(str_of(word));

	for (k = commands; k->noun != NULL; k++)
		if (strcmp(k->noun, noun) == 0 && k->verb != NULL &&
		    (d = edit_distance(str_of(word), str_of(k->verb))) < best) {
			best = d;
			nearest = k->verb;
		}
	return nearest;
}

/* The noun that word means; NULL after writing why not. */
static const char *
find_noun(struct parser *p, const char *word)
{
	const struct command *k;
	const char	     *found = NULL, *nearest;

	for (k = commands; k->noun != NULL; k++)
		if (strcmp(k->noun, word) == 0)
			return k->noun;
	for (k = commands; k->noun != NULL; k++) {
		if (!str_prefix(str_of(k->noun), str_of(word)) || word[0] == '\0')
			continue;
		if (found != NULL && strcmp(found, k->noun) != 0) {
			text_printf(p->error, "\"%s\" could be %s or %s", word, found,
			    k->noun);
			return NULL;
		}
		found = k->noun;
	}
	if (found != NULL && p->interactive)
		return found;
	nearest = found != NULL ? found : line_nearest_noun(word);
	text_printf(p->error, "there is no command \"%s\"", word);
	if (nearest != NULL)
		text_printf(p->error, "; did you mean \"%s\"?", nearest);
	else
		text_add(p->error, STR("; \"sipctl help\" lists them"));
	return NULL;
}

static const struct command *
default_verb(const char *noun)
{
	const struct command *k;

	for (k = commands; k->noun != NULL; k++)
		if (strcmp(k->noun, noun) == 0 && (k->verb == NULL || k->by_default))
			return k;
	return NULL;
}

static void
list_verbs(const char *noun, struct text *out)
{
	const struct command *k;
	bool		      first = true;

	for (k = commands; k->noun != NULL; k++)
		if (strcmp(k->noun, noun) == 0 && k->verb != NULL) {
			text_printf(out, "%s%s", first ? "" : ", ", k->verb);
			first = false;
		}
}

/*
 * The command of noun that word names; *used tells whether it did (else the
 * default is returned and word is an argument). NULL after writing why not.
 */
static const struct command *
find_verb(struct parser *p, const char *noun, const char *word, bool *used)
{
	const struct command *k, *found = NULL, *def = default_verb(noun);
	const char	     *nearest;

	*used = false;
	if (def != NULL && def->verb == NULL)
		return def;
	if (word != NULL) {
		*used = true;
		for (k = commands; k->noun != NULL; k++) {
			if (strcmp(k->noun, noun) != 0)
				continue;
			if (strcmp(k->verb, word) == 0)
				return k;
			if (word[0] != '\0' &&
			    str_prefix(str_of(k->verb), str_of(word))) {
				if (found != NULL) {
					text_printf(p->error, "\"%s\" could be %s or %s",
					    word, found->verb, k->verb);
					return NULL;
				}
				found = k;
			}
		}
		if (found != NULL && p->interactive)
			return found;
		nearest = found != NULL ? found->verb : nearest_verb(noun, word);
		text_printf(p->error, "%s has no verb \"%s\"; ", noun, word);
		if (nearest != NULL)
			text_printf(p->error, "did you mean \"%s\"?", nearest);
		else
			list_verbs(noun, p->error);
		return NULL;
	}
	if (def == NULL) {
		text_printf(p->error, "%s wants a verb: ", noun);
		list_verbs(noun, p->error);
	}
	return def;
}

/* ---- options ---- */

static const struct option *
option_in(const struct option *o, struct str name, char letter)
{
	for (; o != NULL && o->name != NULL; o++)
		if (letter != 0 ? o->letter == letter :
		    str_eq(str_of(o->name), name))
			return o;
	return NULL;
}

static const struct option *
option_find(const struct parser *p, struct str name, char letter)
{
	const struct option *o = NULL;

	if (p->line->command != NULL)
		o = option_in(p->line->command->options, name, letter);
	return o != NULL ? o : option_in(global_options, name, letter);
}

static void
option_hint(const struct parser *p, struct str name)
{
	const struct option *tables[2] = { NULL, global_options }, *o;
	const char	    *nearest = NULL;
	size_t		     d, best = nearness(name) + 1;
	int		     i;

	if (p->line->command != NULL)
		tables[0] = p->line->command->options;
	for (i = 0; i < 2; i++)
		for (o = tables[i]; o != NULL && o->name != NULL; o++)
			if ((d = edit_distance(str_of(o->name), name)) < best) {
				best = d;
				nearest = o->name;
			}
	if (nearest != NULL)
		text_printf(p->error, "; did you mean \"--%s\"?", nearest);
}

static int
option_add(struct parser *p, const struct option *o, const char *value)
{
	struct line	*l = p->line;

	if (strcmp(o->name, "help") == 0)
		l->help = true;
	if (strcmp(o->name, "version") == 0)
		l->version = true;
	if (l->noptions == LINE_OPTIONS_MAX) {
		text_add(p->error, STR("too many options"));
		return wrong(p);
	}
	l->options[l->noptions].option = o;
	l->options[l->noptions++].value = value;
	return 0;
}

/* The value that stands in the next word. */
static int
option_value_next(struct parser *p, const struct option *o)
{
	if (p->at == p->argc) {
		text_printf(p->error, "--%s wants a value: %s", o->name, o->value);
		return wrong(p);
	}
	return option_add(p, o, p->argv[p->at++]);
}

static int
long_option(struct parser *p, const char *word)
{
	struct str	     name, rest = str_of(word + 2);
	const struct option *o;
	const char	    *value = NULL;

	str_cut(&rest, '=', &name);
	if (rest.s != NULL)
		value = rest.s;
	if ((o = option_find(p, name, 0)) == NULL) {
		text_printf(p->error, "unknown option \"--%.*s\"", STR_ARG(name));
		option_hint(p, name);
		return wrong(p);
	}
	if (o->value == NULL && value != NULL) {
		text_printf(p->error, "--%s takes no value", o->name);
		return wrong(p);
	}
	if (o->value == NULL || value != NULL)
		return option_add(p, o, value);
	if (o->optional)
		return option_add(p, o, "");
	return option_value_next(p, o);
}

/* "-f", "-fn", "-o json", "-ojson". */
static int
short_options(struct parser *p, const char *word)
{
	const struct option *o;

	for (word++; *word != '\0'; word++) {
		if ((o = option_find(p, STR_NONE, *word)) == NULL) {
			text_add(p->error, STR("unknown option \"-"));
			text_ch(p->error, *word > ' ' && *word < 0x7f ? *word : '?');
			text_ch(p->error, '"');
			return wrong(p);
		}
		if (o->value == NULL) {
			if (option_add(p, o, NULL) < 0)
				return -EINVAL;
			continue;
		}
		if (word[1] != '\0')
			return option_add(p, o, word + 1);
		return option_value_next(p, o);
	}
	return 0;
}

/* ---- the line ---- */

/* Options up to the next word that is none; that word, or NULL at the end. */
static int
next_word(struct parser *p, const char **word)
{
	const char	*w;
	int		 e;

	*word = NULL;
	while (p->at < p->argc) {
		w = p->argv[p->at++];
		if (p->options_over || w[0] != '-' || w[1] == '\0') {
			*word = w;
			return 0;
		}
		if (strcmp(w, "--") == 0) {
			p->options_over = true;
			continue;
		}
		e = w[1] == '-' ? long_option(p, w) : short_options(p, w);
		if (e < 0)
			return e;
	}
	return 0;
}

static int
add_arg(struct parser *p, const char *word)
{
	if (p->line->nargs == LINE_ARGS_MAX) {
		text_add(p->error, STR("too many arguments"));
		return wrong(p);
	}
	p->line->args[p->line->nargs++] = word;
	return 0;
}

static int
check_args(struct parser *p)
{
	const struct command *k = p->line->command;

	if (p->line->help || p->line->version)
		return 0;
	if ((int)p->line->nargs < k->min)
		text_add(p->error, STR("something is missing"));
	else if ((int)p->line->nargs > k->max)
		text_printf(p->error, "\"%s\" is one argument too many",
		    p->line->args[k->max]);
	else
		return 0;
	text_ch(p->error, '\n');
	usage_print(k, p->error);
	return -EINVAL;
}

int
line_parse(struct line *l, int argc, char *const argv[], bool interactive,
    struct text *error)
{
	struct parser	p = { .line = l, .argc = argc, .argv = argv, .at = 1,
			    .interactive = interactive, .error = error };
	const char	*word;
	bool		 used;

	memset(l, 0, sizeof(*l));
	if (next_word(&p, &word) < 0)
		return -EINVAL;
	if (word == NULL)
		return 0;
	if ((l->help_noun = find_noun(&p, word)) == NULL)
		return wrong(&p);
	/* The verb stands right behind the noun. */
	word = p.at < argc && argv[p.at][0] != '-' ? argv[p.at] : NULL;
	if (word == NULL && default_verb(l->help_noun) == NULL) {
		if (next_word(&p, &word) < 0)
			return -EINVAL;
		if (l->help || l->version)
			return 0;
		find_verb(&p, l->help_noun, NULL, &used);
		return wrong(&p);
	}
	if ((l->command = find_verb(&p, l->help_noun, word, &used)) == NULL)
		return wrong(&p);
	l->verb_typed = used;
	if (used)
		p.at++;
	for (;;) {
		if (next_word(&p, &word) < 0)
			return -EINVAL;
		if (word == NULL)
			return check_args(&p);
		if (add_arg(&p, word) < 0)
			return -EINVAL;
	}
}

bool
line_flag(const struct line *l, const char *name)
{
	return line_option(l, name) != NULL;
}

const char *
line_option(const struct line *l, const char *name)
{
	const char	*v, *last = NULL;
	size_t		 at = 0;

	while ((v = line_option_next(l, name, &at)) != NULL)
		last = v;
	return last;
}

const char *
line_option_next(const struct line *l, const char *name, size_t *at)
{
	for (; *at < l->noptions; (*at)++)
		if (strcmp(l->options[*at].option->name, name) == 0) {
			const char	*v = l->options[(*at)++].value;

			return v != NULL ? v : "";
		}
	return NULL;
}
