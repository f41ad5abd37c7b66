/*
 * sipctl_fuzz - the command line, an argument a line, as a script and at a terminal;
 * CSV; and text that is shown on a terminal.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sipctl/csv.h"
#include "sipctl/sipctl.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what)	do { if (!(what)) abort(); } while (0)
#define ARGS_MAX	300

static void
check_line(char *text, bool interactive)
{
	static struct line l;
	char		  *argv[ARGS_MAX + 2], *next, name[] = "sipctl";
	char		   error[1024];
	struct text	   t;
	int		   argc = 1, e;

	argv[0] = name;
	for (; text != NULL && argc <= ARGS_MAX; text = next) {
		next = strchr(text, '\n');
		if (next != NULL)
			*next++ = '\0';
		argv[argc++] = text;
	}
	text_init(&t, error, sizeof(error));
	e = line_parse(&l, argc, argv, interactive, &t);
	MUST(e == 0 || (e == -EINVAL && t.len > 0));
	MUST(e < 0 || l.command == NULL || l.help || l.version ||
	    ((int)l.nargs >= l.command->min && (int)l.nargs <= l.command->max));
	if (e == 0)
		(void)line_option(&l, "output");
}

static void
check_csv(char *text, size_t len)
{
	struct csv	  c;
	struct csv_record r;
	size_t		  i, octets = 0;
	uint32_t	  line = 0;
	int		  e;

	csv_init(&c, text, len);
	while ((e = csv_next(&c, &r)) != 0) {
		MUST(r.line > line);
		line = r.line;
		if (e < 0) {
			MUST(r.error != NULL);
			continue;
		}
		MUST(r.n >= 1 && r.n <= CSV_FIELDS_MAX);
		for (i = 0; i < r.n; i++)
			octets += r.field[i].len;
	}
	MUST(octets <= len);
}

/* No control octet gets through. */
static void
check_escape(const char *text, size_t len)
{
	char		*buf = malloc(4 * len + 1);
	struct text	 t;
	size_t		 i;

	MUST(buf != NULL);
	text_init(&t, buf, 4 * len + 1);
	out_escape(&t, str_make(text, len));
	MUST(!t.full);
	for (i = 0; i < t.len; i++)
		MUST((unsigned char)t.s[i] >= ' ' && t.s[i] != 0x7f);
	free(buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	*copy;
	int	 i;

	if (size > 65536)
		return 0;
	for (i = 0; i < 2; i++) {
		copy = malloc(size + 1);
		MUST(copy != NULL);
		memcpy(copy, data, size);
		copy[size] = '\0';
		check_line(copy, i == 1);
		free(copy);
	}
	copy = malloc(size > 0 ? size : 1);
	MUST(copy != NULL);
	memcpy(copy, data, size);
	check_escape(copy, size);
	check_csv(copy, size);
	free(copy);
	return 0;
}
