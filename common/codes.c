/*
 * codes - lists of response codes.
 *
 * Settings are checked with code_word_ok(); routed writes such a list into a
 * decision, sipd compares what a gateway answers.
 */
#include "common/codes.h"

bool
code_word_ok(struct str w)
{
	if (w.len != 3 || w.s[0] < '3' || w.s[0] > '6')
		return false;
	return str_eq(str_make(w.s + 1, 2), STR("xx")) ||
	    (w.s[1] >= '0' && w.s[1] <= '9' && w.s[2] >= '0' && w.s[2] <= '9');
}

bool
codes_have(struct str list, uint16_t code)
{
	struct str	w;
	uint32_t	n;

	while (str_cut(&list, ' ', &w)) {
		if (!code_word_ok(w))
			continue;
		if (w.s[1] == 'x' ? w.s[0] - '0' == code / 100 :
		    str_u32(w, &n) == 0 && n == code)
			return true;
	}
	return false;
}
