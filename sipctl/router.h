#ifndef SIPCTL_ROUTER_H
#define SIPCTL_ROUTER_H

#include "sipctl/sipctl.h"

/*
 * The router's own rooms, without a daemon: the only door to routed/ from here. What
 * it says of a routes.conf is what routed would do.
 */

/* routes.conf of s: errors, and warnings of what is hardly meant. False: an error. */
bool	router_check(const char *file, const char *text, const struct settings *s,
	    struct complaints *out);
/*
 * Carries out the lines of a tests file over the records of text: see routes.test in
 * sipctl(1). Complains of each that fails; *run counts them.
 */
bool	router_test(const char *file, const char *text, const char *tests_file,
	    char *tests, const struct settings *s, unsigned *run,
	    struct complaints *out);

#endif
