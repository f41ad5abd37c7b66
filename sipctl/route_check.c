/*
 * route_check - the form of router records, offline: "[prefix:]pattern = target",
 * one a line, ";" begins a comment (FEATURES.md rows 112 to 118).
 */
#include <errno.h>
#include <stdlib.h>

#include "sipctl/sipctl.h"

static const char *const prefixes[] = {
	"norelay", "relay", "signal", "s", "access", "mail", NULL
};

/* "NoRelay:Signal:" off the front; false after complaining. */
static bool
skip_prefixes(const char *file, uint32_t number, struct str line, struct str *left,
    struct complaints *out)
{
	struct str	rest = *left, word;
	ptrdiff_t	colon;
	int		i;

	for (;;) {
		colon = str_chr(rest, ':');
		if (colon <= 0)
			break;
		word = str_trim(str_make(rest.s, (size_t)colon));
		for (i = 0; prefixes[i] != NULL; i++)
			if (str_caseeq(word, str_of(prefixes[i])))
				break;
		if (prefixes[i] == NULL) {
			if (str_chr(word, '<') >= 0 || str_chr(word, '@') >= 0)
				break;
			complain(out, false, file, number,
			    (uint32_t)(word.s - line.s) + 1, "unknown prefix "
			    "\"%.*s:\"; NoRelay:, Signal: and S: are known",
			    STR_ARG(word));
			return false;
		}
		rest = str_make(rest.s + colon + 1, rest.len - (size_t)colon - 1);
	}
	*left = str_trim(rest);
	return true;
}

static void
check_pattern(const char *file, uint32_t number, struct str line,
    struct str pattern, struct complaints *out)
{
	uint32_t	column = (uint32_t)(pattern.s - line.s) + 1;
	bool		open = pattern.len > 0 && pattern.s[0] == '<';
	bool		close = pattern.len > 0 && pattern.s[pattern.len - 1] == '>';
	size_t		i;
	int		depth = 0;

	if (pattern.len == 0) {
		complain(out, false, file, number, 1, "there is no pattern before =");
		return;
	}
	if (open != close || (open && pattern.len < 3))
		complain(out, false, file, number, column,
		    "an address pattern stands between < and >");
	for (i = 0; i < pattern.len; i++) {
		depth += pattern.s[i] == '(';
		depth -= pattern.s[i] == ')';
		if (depth < 0 || depth > 1)
			break;
	}
	if (depth != 0)
		complain(out, false, file, number, column,
		    "a digit count looks like (6-15d)*");
}

static void
check_line(const char *file, uint32_t number, struct str line,
    struct complaints *out)
{
	struct str	text = line, left, right;
	ptrdiff_t	at;

	if ((at = str_chr(text, ';')) >= 0)
		text.len = (size_t)at;
	text = str_trim(text);
	if (text.len == 0)
		return;
	for (at = 0; (size_t)at < text.len; at++)
		if ((unsigned char)text.s[at] < ' ' && text.s[at] != '\t') {
			complain(out, false, file, number,
			    (uint32_t)(text.s - line.s + at) + 1,
			    "a control character");
			return;
		}
	if ((at = str_chr(text, '=')) < 0) {
		complain(out, false, file, number,
		    (uint32_t)(text.s - line.s) + 1,
		    "a record is \"pattern = target\": there is no =");
		return;
	}
	left = str_trim(str_make(text.s, (size_t)at));
	right = str_trim(str_make(text.s + at + 1, text.len - (size_t)at - 1));
	if (right.len == 0)
		complain(out, false, file, number,
		    (uint32_t)(text.s - line.s + at) + 1,
		    "there is no target after =");
	if (skip_prefixes(file, number, line, &left, out))
		check_pattern(file, number, line, left, out);
}

COMMAND(cmd_route_check)
{
	struct complaints out = { 0 };
	struct str	  rest, line;
	const char	 *file = l->args[0];
	char		 *text;
	size_t		  len, i;
	uint32_t	  number = 0;
	int		  e = file_read(file, CONF_MAX, &text, &len);

	if (e < 0)
		return no(CTL_NO, "cannot read %s: %s", file, strerror(-e));
	rest = str_make(text, len);
	while (str_cut(&rest, '\n', &line)) {
		size_t	before = out.n;

		number++;
		check_line(file, number, line, &out);
		for (i = before; i < out.n; i++)
			out.v[i].source = str_dup(line.len > 1000 ?
			    str_make(line.s, 1000) : line);
	}
	complaints_say(c, &out, NULL);
	e = out.errors > 0 ? CTL_NO : CTL_DONE;
	if (e == CTL_DONE)
		done(c, "%s is in order", file);
	complaints_fini(&out);
	free(text);
	return e;
}
