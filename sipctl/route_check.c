/*
 * route_check - router records tried offline: their form, what is suspicious in
 * them, and a file of addresses with where they are to go.
 */
#include <errno.h>
#include <stdlib.h>

#include "sipctl/edition.h"
#include "sipctl/router.h"

/* Domains and gateways of etc/; without one that can be read, of nobody. */
static const struct settings *
settings_of(struct ctl *c, struct edition *e, struct settings *nothing)
{
	struct complaints	none = { 0 };

	edition_read(e, c, NULL, &none);
	complaints_fini(&none);
	if (e->settings != NULL)
		return e->settings;
	memset(nothing, 0, sizeof(*nothing));
	nothing->relay_via = (char *)"";
	nothing->relay_to_non_clients = RELAY_NOBODY;
	return nothing;
}

static int
run_tests(struct ctl *c, const struct line *l, const char *text,
    const struct settings *s, struct complaints *out)
{
	const char	*file = line_option(l, "tests");
	char		*tests;
	size_t		 len;
	unsigned	 run;
	int		 e = file_read(file, CONF_MAX, &tests, &len);

	if (e < 0)
		return no(CTL_NO, "cannot read %s: %s", file, strerror(-e));
	router_test(l->args[0], text, file, tests, s, &run, out);
	free(tests);
	if (out->errors == 0)
		done(c, "%u tests of %s passed", run, file);
	return CTL_DONE;
}

COMMAND(cmd_route_check)
{
	struct complaints	 out = { 0 };
	struct edition		 edition;
	struct settings		 nothing;
	const struct settings	*s;
	char			*text;
	size_t			 len;
	int			 e = file_read(l->args[0], ROUTES_MAX, &text, &len);
	int			 code = CTL_DONE;

	if (e < 0)
		return no(CTL_NO, "cannot read %s: %s", l->args[0], strerror(-e));
	s = settings_of(c, &edition, &nothing);
	if (router_check(l->args[0], text, s, &out) &&
	    line_option(l, "tests") != NULL)
		code = run_tests(c, l, text, s, &out);
	complaints_say(c, &out, NULL);
	if (out.errors > 0)
		code = CTL_NO;
	if (code == CTL_DONE)
		done(c, "%s is in order", l->args[0]);
	complaints_fini(&out);
	edition_fini(&edition);
	free(text);
	return code;
}
