/*
 * gw_secret - a gateway's password in its file beside sip.conf, for gwregd's eyes.
 *
 * It is there before the settings that name it are put in force; when those are refused,
 * what was there before comes back.
 */
#include "sipctl/gw.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/users.h"

#define SECRET_MAX	1024

const char *
gw_secret_name(char buf[128], const char *gateway)
{
	snprintf(buf, 128, "%s.secret", gateway);
	return buf;
}

static const char *
path_of(const struct ctl *c, const struct line *l, char path[4096])
{
	char	name[128];

	return dirs_path(path, c->dirs.etc, "%s", gw_secret_name(name, l->args[0]));
}

static int
write_secret(const struct ctl *c, const struct line *l, struct str text)
{
	char	path[4096];
	int	e = file_replace(path_of(c, l, path), text, geteuid() == 0 ? 0640 : 0600);

	if (e == 0 && geteuid() == 0 &&
	    chown(path, (uid_t)-1, users_gid("sip", CORDBOARD_GID)) == -1)
		e = -errno;
	return e < 0 ? no(CTL_NO, "cannot write %s: %s", path, strerror(-e)) :
	    CTL_DONE;
}

static void
wipe(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

int
gw_secret_take(const struct ctl *c, const struct line *l, struct gw_secret *s)
{
	char	*password = password_arg(l, &s->given), path[4096], text[300];
	size_t	 len;
	int	 code;

	s->before = NULL;
	if (!s->given)
		return CTL_DONE;
	if (password == NULL)
		return CTL_USAGE;
	if (file_read(path_of(c, l, path), SECRET_MAX, &s->before, &len) < 0)
		s->before = NULL;
	snprintf(text, sizeof(text), "%s\n", password);
	code = write_secret(c, l, str_of(text));
	explicit_bzero(text, sizeof(text));
	wipe(password);
	return code;
}

int
gw_secret_settle(const struct ctl *c, const struct line *l, struct gw_secret *s,
    int code)
{
	char	path[4096];

	if (s->given && (code != CTL_DONE || line_flag(l, "dry-run"))) {
		if (s->before == NULL)
			(void)unlink(path_of(c, l, path));
		else
			(void)write_secret(c, l, str_of(s->before));
	}
	wipe(s->before);
	s->before = NULL;
	return code;
}
