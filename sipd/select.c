/*
 * select - which requests a fixed contact is for.
 *
 * targets.c asks for each when an AOR is expanded. The words are those of RFC 3840;
 * what a phone says of itself in a REGISTER is no order to us, so only contacts
 * that the administrator has set are chosen by them.
 */
#include "sipd/select.h"

#include "sipd/header.h"
#include "sipd/nameaddr.h"

/* Is the method in "INVITE,BYE"? */
static bool
listed(struct str methods, struct str method)
{
	struct str	one;

	while (str_cut(&methods, ',', &one))
		if (str_caseeq(str_trim(one), method))
			return true;
	return false;
}

bool
select_fits(struct str params, enum method method, bool sdp)
{
	bool		av = false, im = false;
	struct str	name, value, text;

	while (param_next(&params, &name, &value, NULL, &text) == 1) {
		if (str_caseeq(name, STR("methods"))) {
			if (!listed(value, method_name(method)))
				return false;
		} else if (str_caseeq(name, STR("audio")) ||
		    str_caseeq(name, STR("video")))
			av = true;
		else if (str_caseeq(name, STR("+sip.message")))
			im = true;
	}
	if (!av && !im)
		return true;
	if (method == METHOD_MESSAGE)
		return im;
	return method != METHOD_INVITE || !sdp || av;
}
