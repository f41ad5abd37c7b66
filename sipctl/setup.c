/*
 * setup - the global options, and what several commands say in the same words.
 */
#include "sipctl/setup.h"

#include <langinfo.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const daemon_names[DAEMONS] = {
	"gwregd", "sipd", "routed", "mediad", "regd"
};

bool
is_daemon(const char *name)
{
	int	i;

	for (i = 0; i < DAEMONS; i++)
		if (strcmp(daemon_names[i], name) == 0)
			return true;
	return false;
}

static const char *typed_dir;	/* of -C, or NULL */

/* The text, in which what to run next is run at the same house; and the line's end. */
static void
put(FILE *f, const char *fmt, va_list ap)
{
	static const char next[] = "next: sipctl";
	char		 text[8192];
	const char	*rest = text, *at;

	vsnprintf(text, sizeof(text), fmt, ap);
	if (typed_dir != NULL && (at = strstr(text, next)) != NULL) {
		rest = at + sizeof(next) - 1;
		fprintf(f, "%.*s -C %s", (int)(rest - text), text, typed_dir);
	}
	fprintf(f, "%s\n", rest);
}

void
say(const char *fmt, ...)
{
	va_list	ap;

	fputs("sipctl: ", stderr);
	va_start(ap, fmt);
	put(stderr, fmt, ap);
	va_end(ap);
}

int
no(int code, const char *fmt, ...)
{
	va_list	ap;

	fputs("sipctl: ", stderr);
	va_start(ap, fmt);
	put(stderr, fmt, ap);
	va_end(ap);
	return code;
}

void
done(const struct ctl *c, const char *fmt, ...)
{
	va_list	ap;

	if (c->quiet)
		return;
	va_start(ap, fmt);
	put(out_for_people(&c->out) ? stdout : stderr, fmt, ap);
	va_end(ap);
}

void
complaints_say(const struct ctl *c, const struct complaints *out, const char *then)
{
	char		buf[8192];
	struct text	t;
	size_t		i, warnings = 0;

	for (i = 0; i < out->n; i++) {
		text_init(&t, buf, sizeof(buf));
		complaint_print(&out->v[i], c->out.utf8, &t);
		fprintf(stderr, "%.*s", STR_ARG(text_str(&t)));
		warnings += out->v[i].warning;
	}
	if (out->errors > 0)
		fprintf(stderr, "%zu error%s, %zu warning%s.%s%s\n", out->errors,
		    out->errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s",
		    then != NULL ? " " : "", then != NULL ? then : "");
}

static bool
wants_color(const char *when, bool tty)
{
	const char	*term = getenv("TERM"), *never = getenv("NO_COLOR");

	if (when != NULL && strcmp(when, "always") == 0)
		return true;
	if (when != NULL && strcmp(when, "never") == 0)
		return false;
	return tty && (never == NULL || never[0] == '\0') && term != NULL &&
	    strcmp(term, "dumb") != 0;
}

static void
user_name(char *buf, size_t size)
{
	const char	*sudo = getenv("SUDO_USER");
	struct passwd	*pw = getpwuid(getuid());

	if (getuid() == 0 && sudo != NULL && sudo[0] != '\0')
		snprintf(buf, size, "%s", sudo);
	else if (pw != NULL)
		snprintf(buf, size, "%s", pw->pw_name);
	else
		snprintf(buf, size, "%u", (unsigned)getuid());
}

int
setup(struct ctl *c, const struct line *l, int argc, char *argv[])
{
	const char	*form = line_option(l, "output"), *when, *host;
	const struct command *k = l->command;

	if (l->version) {
		printf("sipctl %s\n", VERSION);
		return CTL_DONE;
	}
	if (l->help || k == NULL) {
		if (!l->help) {
			fprintf(stderr, "usage: sipctl [OPTIONS] NOUN [VERB] "
			    "[ARGUMENTS]; \"sipctl help\" lists them\n");
			return CTL_USAGE;
		}
		help_print(l->help_noun, l->verb_typed ? k->verb : NULL);
		return CTL_DONE;
	}
	if ((host = line_option(l, "host")) != NULL)
		return remote(host, argc, argv);
	c->out.form = OUT_TABLE;
	if (form != NULL && out_form_parse(form, &c->out.form) < 0)
		return no(CTL_USAGE, "-o cannot be \"%s\"; choose table, wide, json, "
		    "ndjson, csv, tsv or name", form);
	when = line_option(l, "color");
	if (when != NULL && strcmp(when, "auto") != 0 &&
	    strcmp(when, "always") != 0 && strcmp(when, "never") != 0)
		return no(CTL_USAGE, "--color is auto, always or never");
	c->out.header = !line_flag(l, "no-header");
	c->out.tty = isatty(STDOUT_FILENO);
	c->out.color = wants_color(when, c->out.tty);
	c->out.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	c->out.fields = line_option(l, "fields");
	c->quiet = line_flag(l, "quiet");
	user_name(c->user, sizeof(c->user));
	c->dir = typed_dir = line_option(l, "directory");
	if (dirs_find(&c->dirs, c->dir) < 0)
		return no(CTL_USAGE, "%s: this name is too long: the sockets below "
		    "it may have at most 107 characters",
		    c->dir != NULL ? c->dir : "$CORDBOARD_DIR");
	return -1;
}
