/*
 * help - usage and help, made from the command table. Help goes to stdout and
 * begins with examples, because that is what is read first.
 */
#include <stdio.h>
#include <string.h>

#include "sipctl/sipctl.h"

void
usage_print(const struct command *k, struct text *out)
{
	text_printf(out, "usage: sipctl %s%s%s%s%s\n", k->noun,
	    k->verb != NULL ? " " : "", k->verb != NULL ? k->verb : "",
	    k->args[0] != '\0' ? " " : "", k->args);
}

static void
print_options(const struct option *o)
{
	char	left[64];

	for (; o != NULL && o->name != NULL; o++) {
		snprintf(left, sizeof(left), "%s%c%s--%s%s%s", o->letter ? "-" : " ",
		    o->letter ? o->letter : ' ', o->letter ? ", " : "  ", o->name,
		    o->value == NULL ? "" : o->optional ? "[=" : " ",
		    o->value == NULL ? "" : o->value);
		if (o->optional)
			strncat(left, "]", sizeof(left) - strlen(left) - 1);
		printf("  %-32s %s\n", left, o->help);
	}
}

static void
print_command(const struct command *k)
{
	char		usage[512];
	struct text	t;

	printf("%s\n%s\n\n", k->examples[0], k->examples[1]);
	text_init(&t, usage, sizeof(usage));
	usage_print(k, &t);
	printf("%.*s%s\n", STR_ARG(text_str(&t)), k->help);
	if (k->options != NULL) {
		printf("\n");
		print_options(k->options);
	}
}

static void
print_noun(const char *noun)
{
	const struct command *k;
	int		      shown = 0;

	for (k = commands; k->noun != NULL && shown < 2; k++)
		if (strcmp(k->noun, noun) == 0) {
			printf("%s\n", k->examples[0]);
			shown++;
		}
	printf("\n");
	for (k = commands; k->noun != NULL; k++)
		if (strcmp(k->noun, noun) == 0)
			printf("  sipctl %s %s%s%s\n      %s%s\n", k->noun, k->verb,
			    k->args[0] != '\0' ? " " : "", k->args, k->help,
			    k->by_default ? " (the default)" : "");
	printf("\n\"sipctl %s VERB --help\" tells more.\n", noun);
}

static void
print_all(void)
{
	const struct command *k;
	char		      left[64];

	printf("sipctl init example.com && sipctl up --detach --wait\n"
	    "sipctl status\n\n"
	    "usage: sipctl [OPTIONS] NOUN [VERB] [ARGUMENTS]\n\n");
	for (k = commands; k->noun != NULL; k++) {
		if (strncmp(k->noun, "__", 2) == 0)
			continue;
		snprintf(left, sizeof(left), "%s%s%s", k->noun,
		    k->verb != NULL ? " " : "", k->verb != NULL ? k->verb : "");
		printf("  %-18s %s\n", left, k->help);
	}
	printf("\n");
	print_options(global_options);
	printf("\nExit: 0 done, 1 the answer is no, 2 usage, 3 a daemon cannot be "
	    "reached,\n4 not permitted, 5 the configuration changed meanwhile, "
	    "6 done in part.\n");
}

void
help_print(const char *noun, const char *verb)
{
	const struct command *k;

	if (noun == NULL) {
		print_all();
		return;
	}
	for (k = commands; k->noun != NULL; k++)
		if (strcmp(k->noun, noun) == 0 && (k->verb == NULL ||
		    (verb != NULL && strcmp(k->verb, verb) == 0))) {
			print_command(k);
			return;
		}
	print_noun(noun);
}

COMMAND(cmd_help)
{
	const char		*noun = l->nargs > 0 ? l->args[0] : NULL;
	const struct command	*k;

	for (k = commands; noun != NULL && k->noun != NULL; k++)
		if (strcmp(k->noun, noun) == 0)
			break;
	if (noun != NULL && k->noun == NULL) {
		const char	*near = line_nearest_noun(noun);

		return no(CTL_USAGE, "there is no command \"%s\"%s%s%s", noun,
		    near != NULL ? "; did you mean \"" : "",
		    near != NULL ? near : "", near != NULL ? "\"?" : "");
	}
	help_print(noun, l->nargs > 1 ? l->args[1] : NULL);
	return CTL_DONE;
}
