/* daemon_check - options -n and -p: the configuration, for people. */
#include "common/daemon_parts.h"

#include <errno.h>
#include <stdio.h>

#include "common/conf.h"
#include "common/generation.h"

static void
print_complaints(const struct complaints *c)
{
	char		buf[4096];
	struct text	t;

	for (size_t i = 0; i < c->n; i++) {
		text_init(&t, buf, sizeof(buf));
		complaint_print(&c->v[i], false, &t);
		fprintf(stderr, "%.*s", STR_ARG(text_str(&t)));
	}
}

static struct settings *
from_etc(const struct dirs *dirs, struct complaints *c)
{
	struct conf	*conf = conf_read(dirs->etc, c);
	struct settings	*s = conf != NULL ? settings_build(conf, c) : NULL;

	conf_free(conf);
	return s;
}

int
config_check(const struct daemon *d, const struct dirs *dirs, bool print)
{
	const struct self	 self = { .daemon = d, .dirs = *dirs };
	struct complaints	 c = { 0 };
	struct generation	 g;
	struct settings		*s = NULL;
	int			 error = generation_in_force(dirs, &g);

	if (error == 0)
		error = config_load(&self, g.number, true, &s, &c);
	else if (error == -ENOENT)
		error = (s = from_etc(dirs, &c)) == NULL ? -EBADMSG : 0;
	print_complaints(&c);
	if (s != NULL && print)
		settings_write(s, false, stdout);
	else if (s != NULL && s->generation != 0)
		printf("%s: generation %llu is in order\n", d->name,
		    (unsigned long long)s->generation);
	else if (s != NULL)
		printf("%s: %s is in order; no generation is in force\n",
		    d->name, dirs->etc);
	else if (error != -EBADMSG)
		fprintf(stderr, "%s: %s/generations: %s\n", d->name,
		    dirs->state, strerror(-error));
	complaints_fini(&c);
	if (s == NULL)
		return 1;
	settings_free(s);
	return 0;
}
