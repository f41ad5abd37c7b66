/*
 * edition - states of the configuration: read, compared, edited.
 */
#include "sipctl/edition.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sipctl/router.h"

static void
flatten(struct edition *e)
{
	struct text	t;
	size_t		size = conf_flat_size(e->conf);

	e->flat = xcalloc(1, size);
	text_init(&t, e->flat, size);
	conf_flatten(e->conf, true, &t);
	e->len = t.len;
}

/* Takes conf. */
static bool
judge(struct edition *e, struct conf *conf, struct complaints *out)
{
	memset(e, 0, sizeof(*e));
	e->conf = conf;
	if (e->conf == NULL)
		return false;
	flatten(e);
	e->settings = settings_build(e->conf, out);
	return e->settings != NULL && router_check("routes.conf",
	    e->settings->routes, e->settings, out);
}

bool
edition_read(struct edition *e, const struct ctl *c, const char *dir,
    struct complaints *out)
{
	return judge(e, conf_read(dir != NULL ? dir : c->dirs.etc, out), out);
}

bool
edition_read_with(struct edition *e, const struct ctl *c, const char *file,
    const char *text, struct complaints *out)
{
	struct conf	*is = conf_read(c->dirs.etc, out), *then = NULL;

	if (is != NULL)
		then = conf_with(is, file, str_of(text), out);
	conf_free(is);
	return judge(e, then, out);
}

int
edition_of(struct edition *e, const struct ctl *c, uint64_t number)
{
	struct complaints	none = { 0 };
	char		       *text;
	uint64_t		len;
	int			error;

	memset(e, 0, sizeof(*e));
	error = generation_read(&c->dirs, number, &text, &len);
	if (error < 0)
		return error;
	e->conf = conf_unflatten(str_make(text, len), &none);
	free(text);
	if (e->conf != NULL) {
		flatten(e);
		e->settings = settings_build(e->conf, &none);
	}
	complaints_fini(&none);
	if (e->settings == NULL) {
		edition_fini(e);
		return -EBADMSG;
	}
	e->settings->generation = number;
	return 0;
}

int
edition_in_force(struct edition *e, const struct ctl *c, struct generation *g)
{
	int	error;

	memset(e, 0, sizeof(*e));
	memset(g, 0, sizeof(*g));
	error = generation_in_force(&c->dirs, g);
	return error < 0 ? error : edition_of(e, c, g->number);
}

void
edition_fini(struct edition *e)
{
	conf_free(e->conf);
	settings_free(e->settings);
	free(e->flat);
	memset(e, 0, sizeof(*e));
}

bool
edition_equal(const struct edition *a, const struct edition *b)
{
	return a->flat != NULL && b->flat != NULL &&
	    str_eq(str_make(a->flat, a->len), str_make(b->flat, b->len));
}

/* ---- editing etc/ ---- */

char *
etc_read(const struct ctl *c, const char *file)
{
	char	path[4096], *text;
	size_t	len;
	int	e;

	e = file_read(dirs_path(path, c->dirs.etc, "%s", file), CONF_MAX, &text,
	    &len);
	if (e == -ENOENT)
		return xstrdup("");
	if (e < 0) {
		say("cannot read %s: %s", path, strerror(-e));
		return NULL;
	}
	return text;
}

static int
replace(const struct ctl *c, const char *file, const char *text)
{
	char		path[4096];
	struct stat	st;
	int		e;

	dirs_path(path, c->dirs.etc, "%s", file);
	e = file_replace(path, str_of(text),
	    stat(path, &st) == 0 ? st.st_mode & 0777 : 0644);
	if (e < 0)
		return no(e == -EACCES || e == -EPERM ? CTL_DENIED : CTL_NO,
		    "cannot write %s: %s", path, strerror(-e));
	return CTL_DONE;
}

int
etc_replace(const struct ctl *c, const char *file, const char *text, char **before)
{
	struct complaints	 was = { 0 }, is = { 0 };
	struct edition		 e;
	char			*old = etc_read(c, file), path[4096], said[256];
	bool			 existed;
	int			 code;

	if (old == NULL)
		return CTL_NO;
	existed = access(dirs_path(path, c->dirs.etc, "%s", file), F_OK) == 0;
	edition_read(&e, c, NULL, &was);
	edition_fini(&e);
	code = replace(c, file, text);
	if (code == CTL_DONE) {
		edition_read(&e, c, NULL, &is);
		edition_fini(&e);
		if (is.errors > was.errors) {
			snprintf(said, sizeof(said), "%s is unchanged.", file);
			complaints_say(c, &is, said);
			if (existed)
				replace(c, file, old);
			else
				unlink(path);
			code = CTL_NO;
		}
	}
	complaints_fini(&was);
	complaints_fini(&is);
	if (before != NULL && code == CTL_DONE && existed) {
		*before = old;
		return code;
	}
	if (before != NULL)
		*before = NULL;
	free(old);
	return code;
}

int
etc_nothing_pending(const struct ctl *c)
{
	struct complaints	out = { 0 };
	struct edition		now, etc;
	struct generation	g;
	int			e, code = CTL_DONE;

	e = edition_in_force(&now, c, &g);
	if (!edition_read(&etc, c, NULL, &out)) {
		complaints_say(c, &out, NULL);
		code = no(CTL_NO, "mend %s first", c->dirs.etc);
	} else if (e == 0 && !edition_equal(&now, &etc)) {
		code = no(CTL_CONFLICT, "%s has edits that are not applied; next: "
		    "sipctl config diff, then config apply", c->dirs.etc);
	}
	complaints_fini(&out);
	edition_fini(&now);
	edition_fini(&etc);
	return code;
}

/* Would it be taken? */
static int
etc_try(struct ctl *c, const char *file, const char *text, const struct apply *how)
{
	struct complaints out = { 0 };
	struct edition	  next;
	bool		  good = edition_read_with(&next, c, file, text, &out);
	int		  code = CTL_NO;

	complaints_say(c, &out, "Nothing was changed.");
	if (good)
		code = apply_edition(c, &next, how);
	complaints_fini(&out);
	edition_fini(&next);
	return code;
}

int
etc_apply(struct ctl *c, const char *file, const char *text, const struct apply *how)
{
	struct complaints out = { 0 };
	struct edition	  next;
	char		 *before, path[4096];
	int		  code;

	if (how->dry_run)
		return etc_try(c, file, text, how);
	if ((code = etc_replace(c, file, text, &before)) != CTL_DONE)
		return code;
	if (edition_read(&next, c, NULL, &out)) {
		complaints_say(c, &out, NULL);
		code = apply_edition(c, &next, how);
	} else {
		complaints_say(c, &out, NULL);
		code = CTL_NO;
	}
	if (code == CTL_NO || code == CTL_CONFLICT || code == CTL_DENIED) {
		if (before != NULL)
			etc_replace(c, file, before, NULL);
		else
			unlink(dirs_path(path, c->dirs.etc, "%s", file));
	}
	complaints_fini(&out);
	edition_fini(&next);
	free(before);
	return code;
}
