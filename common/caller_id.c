/*
 * caller_id - what a gateway is told about who calls.
 *
 * The settings are checked with it, and routed decides by it. There are few lines,
 * and only calls through gateways look at them: they are read each time.
 */
#include "common/caller_id.h"

#include <string.h>

static size_t
stars(struct str s)
{
	size_t	n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.s[i] == '*';
	return n;
}

static bool
is_user(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((uint8_t)s.s[i] <= ' ' || (uint8_t)s.s[i] >= 0x7f ||
		    strchr("@:;?<>\"", s.s[i]) != NULL)
			return false;
	return s.len > 0 && s.len < CALLER_ID_MAX;
}

static bool
line_check(const struct set_line *line, struct complaints *out)
{
	struct words	w;
	struct str	pattern, result, more;

	words_init(&w, line, out);
	if (!words_want(&w, "a number or the beginning of one with a \"*\"", &pattern))
		return false;
	if (stars(pattern) > 1 || !is_user(pattern) ||
	    (stars(pattern) == 1 && pattern.s[pattern.len - 1] != '*')) {
		words_complain(&w, "\"%.*s\" is neither a number nor the beginning of "
		    "one, like +4420*", STR_ARG(pattern));
		return false;
	}
	if (!words_want(&w, "what is shown instead", &result))
		return false;
	if (!is_user(result) || stars(result) > stars(pattern)) {
		words_complain(&w, "\"%.*s\" cannot be shown as a caller; write a "
		    "number, with a \"*\" where the pattern has one, anonymous or "
		    "username", STR_ARG(result));
		return false;
	}
	if (words_next(&w, &more)) {
		words_complain(&w, "\"%.*s\" is one word too many", STR_ARG(more));
		return false;
	}
	return true;
}

bool
caller_ids_check(const struct gateway_settings *set, struct complaints *out)
{
	bool	ok = true;

	for (size_t i = 0; i < set->caller_ids.n; i++)
		ok &= line_check(&set->caller_ids.v[i], out);
	return ok;
}

static bool
fits(struct str pattern, struct str user, struct str *rest)
{
	*rest = STR_NONE;
	if (pattern.len == 0 || pattern.s[pattern.len - 1] != '*')
		return str_eq(pattern, user);
	pattern.len--;
	if (!str_prefix(user, pattern))
		return false;
	*rest = str_make(user.s + pattern.len, user.len - pattern.len);
	return true;
}

static struct str
own_name(const struct gateway_settings *set)
{
	struct str	name = str_of(set->username), user;

	return str_cut(&name, '@', &user) ? user : STR_NONE;
}

struct str
caller_id_of(const struct gateway_settings *set, struct str user,
    char buf[CALLER_ID_MAX], const struct set_line **line)
{
	const struct set_line	*l;
	struct str		 result, rest;
	struct text		 t;

	*line = NULL;
	for (size_t i = 0; i < set->caller_ids.n; i++) {
		l = &set->caller_ids.v[i];
		if (l->n < 2 || !fits(str_of(l->v[0].text), user, &rest))
			continue;
		*line = l;
		result = str_of(l->v[1].text);
		if (str_eq(result, STR("username")))
			return own_name(set);
		text_init(&t, buf, CALLER_ID_MAX);
		for (size_t k = 0; k < result.len; k++)
			if (result.s[k] == '*')
				text_add(&t, rest);
			else
				text_ch(&t, result.s[k]);
		return t.full ? STR_NONE : text_str(&t);
	}
	return STR_NONE;
}
