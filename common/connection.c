/*
 * connection - where SDP wants media, told from a c= line.
 *
 * mediad/sdp.c asks for every line of the kind, sipd for the first one.
 */
#include "common/connection.h"

static struct str
word(struct str *rest)
{
	struct str	w = STR_NONE;

	while (rest->len > 0 && w.len == 0)
		str_cut(rest, ' ', &w);
	return w;
}

bool
connection_parse(struct addr *out, struct str value)
{
	struct str	nettype = word(&value), addrtype = word(&value);
	struct str	address = word(&value), host;

	if (!str_caseeq(nettype, STR("IN")) ||
	    (!str_caseeq(addrtype, STR("IP4")) && !str_caseeq(addrtype, STR("IP6"))))
		return false;
	if (!str_cut(&address, '/', &host) || addr_parse(out, host, 0) < 0)
		return false;
	return (out->sa.sa_family == AF_INET6) == str_caseeq(addrtype, STR("IP6"));
}

bool
connection_first(struct addr *out, struct str body)
{
	struct str	line;

	while (body.len > 0 && str_cut(&body, '\n', &line))
		if (str_prefix(line, STR("c=")))
			return connection_parse(out, str_trim(str_make(line.s + 2,
			    line.len - 2)));
	return false;
}
