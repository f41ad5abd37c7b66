/*
 * dial_class - who may call through which gateway.
 *
 * sipd carries it out, "sipctl route test" says it beforehand.
 */
#include "common/dial_class.h"

static bool
is_wanted(const struct set_texts *wanted, struct str word)
{
	for (size_t i = 0; i < wanted->n; i++)
		if (str_caseeq(word, str_of(wanted->v[i])))
			return true;
	return false;
}

bool
dial_class_fits(const struct set_texts *wanted, struct str has)
{
	struct str	part, word;

	while (wanted->n > 0 && str_cut(&has, ',', &part))
		while (str_cut(&part, ' ', &word))
			if (word.len > 0 && is_wanted(wanted, word))
				return true;
	return wanted->n == 0;
}
