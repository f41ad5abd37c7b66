/*
 * sip_text - headers, parameters and bodies in SIP text.
 */
#include "sipctl/sip_text.h"

static bool
named(struct str line, const char *name, struct str *value)
{
	struct str	before;

	if (name == NULL || !str_cut(&line, ':', &before) ||
	    !str_caseeq(str_trim(before), str_of(name)))
		return false;
	*value = str_trim(line);
	return true;
}

bool
sip_header_next(struct str *text, const char *name, const char *compact,
    struct str *value)
{
	struct str	line;

	while (str_cut(text, '\n', &line) && str_trim(line).len > 0)
		if (named(line, name, value) || named(line, compact, value))
			return true;
	return false;
}

struct str
sip_header(struct str text, const char *name, const char *compact)
{
	struct str	value;

	return sip_header_next(&text, name, compact, &value) ? value : STR_NONE;
}

struct str
sip_param(struct str value, const char *name)
{
	struct str	rest = value, n = str_of(name), end;
	ptrdiff_t	at;

	while ((at = str_find(rest, n)) >= 0) {
		struct str	after = str_make(rest.s + at + n.len,
				    rest.len - (size_t)at - n.len);
		bool		begins = at == 0 || strchr(" ,;\t", rest.s[at - 1]) != NULL;

		if (!begins || after.len == 0 || after.s[0] != '=') {
			rest = after;
			continue;
		}
		after = str_make(after.s + 1, after.len - 1);
		if (after.len > 0 && after.s[0] == '"') {
			after = str_make(after.s + 1, after.len - 1);
			return str_cut(&after, '"', &end) ? end : STR_NONE;
		}
		for (end = str_make(after.s, 0); end.len < after.len &&
		    strchr(" ,;>\r\n", after.s[end.len]) == NULL; end.len++)
			;
		return end;
	}
	return STR_NONE;
}

struct str
sip_uri(struct str value)
{
	ptrdiff_t	open = str_chr(value, '<');
	struct str	rest, uri = STR_NONE;

	if (open >= 0) {
		rest = str_make(value.s + open + 1, value.len - (size_t)open - 1);
		return str_cut(&rest, '>', &uri) ? uri : STR_NONE;
	}
	return str_cut(&value, ';', &uri) ? str_trim(uri) : STR_NONE;
}

struct str
sip_body(struct str text)
{
	ptrdiff_t	at = str_find(text, STR("\r\n\r\n"));

	return at < 0 ? STR_NONE : str_make(text.s + at + 4, text.len - (size_t)at - 4);
}
