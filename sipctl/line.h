#ifndef SIPCTL_LINE_H
#define SIPCTL_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/str.h"

/*
 * The command line: sipctl [options] NOUN [VERB] [ARGS], options anywhere before
 * "--". What is possible stands in one table (commands.c), from which come the
 * parser, usage, help and hints.
 */
struct ctl;
struct line;

struct option {
	const char	*name;		/* "password-file", without dashes */
	char		 letter;	/* or 0 */
	const char	*value;		/* what its value is called; NULL: a flag */
	bool		 optional;	/* the value may be left out: --wait, --wait=5 */
	const char	*help;
};

struct command {
	const char	*noun;
	const char	*verb;		/* NULL: the noun alone */
	const char	*args;		/* synopsis: "U@D [--dry-run]" */
	int		 min, max;	/* positional arguments */
	const struct option *options;	/* ends with name NULL; or NULL */
	bool		 by_default;	/* the noun's harmless verb */
	const char	*help;		/* one sentence */
	const char	*examples[2];
	int		(*run)(struct ctl *c, const struct line *l);
};
extern const struct command commands[];		/* ends with noun NULL */
extern const struct option global_options[];

#define LINE_OPTIONS_MAX	256
#define LINE_ARGS_MAX		64

struct line {
	const struct command *command;	/* NULL: none named (help or usage) */
	struct {
		const struct option *option;
		const char	    *value;	/* NULL: a flag */
	} options[LINE_OPTIONS_MAX];
	size_t		 noptions;
	const char	*args[LINE_ARGS_MAX];
	size_t		 nargs;
	const char	*help_noun;	/* with help: of what, or NULL */
	bool		 verb_typed;
	bool		 help;
	bool		 version;
};

/*
 * Points into argv. Prefixes of nouns and verbs are taken only when interactive.
 * 0; -EINVAL after writing what is wrong, with the nearest word.
 */
int	line_parse(struct line *l, int argc, char *const argv[], bool interactive,
	    struct text *error);
bool	line_flag(const struct line *l, const char *name);
/* Of the last one; NULL when it was not given. "" for a value left out. */
const char *line_option(const struct line *l, const char *name);
/* One after another: start with *at = 0; NULL at the end. */
const char *line_option_next(const struct line *l, const char *name, size_t *at);
/* The nearest of the table's words, or NULL. */
const char *line_nearest_noun(const char *word);

/* Help of everything, of a noun, of a command: to stdout. */
void	help_print(const char *noun, const char *verb);
/* "usage: sipctl ..." of one command. */
void	usage_print(const struct command *k, struct text *out);

#endif
