/*
 * main - one run of sipctl: the line is parsed, the command runs, its exit code is
 * ours.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sipctl/ask.h"
#include "sipctl/setup.h"

int
main(int argc, char *argv[])
{
	struct ctl	ctl = { 0 };
	struct line	line;
	char		error[2048];
	struct text	t;
	bool		unknown = false;	/* --fields named what there is not */
	int		code;

	setlocale(LC_ALL, "");
	text_init(&t, error, sizeof(error));
	if (line_parse(&line, argc, argv, isatty(0) && isatty(1), &t) < 0) {
		fprintf(stderr, "sipctl: %.*s", STR_ARG(text_str(&t)));
		return CTL_USAGE;
	}
	ctl.out.unknown = &unknown;
	code = setup(&ctl, &line, argc, argv);
	if (code < 0)
		code = line_flag(&line, "watch") ? watch(&ctl, &line) :
		    line.command->run(&ctl, &line);
	if (unknown)
		code = CTL_USAGE;
	ask_free(ctl.ask);
	if (fflush(stdout) != 0 || ferror(stdout))
		code = no(CTL_NO, "cannot write to standard output");
	return code;
}
