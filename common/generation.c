/*
 * generation - numbered generations of the configuration on disk.
 *
 * A generation is a directory; the rename that takes ".new" off its name is the
 * commit, so a crash leaves either the old state or the new one. "meta" is one
 * "name value" a line; the file "confirmed" beside it says that somebody
 * confirmed a generation that had a deadline.
 */
#include "common/generation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/conf.h"
#include "common/log.h"
#include "common/mono.h"

#define KEPT		50
#define NUMBERS_MAX	4096	/* entries looked at; KEPT and leftovers */
#define META_MAX	4096

static const char *
path_of(char buf[4096], const struct dirs *d, uint64_t n, const char *rest)
{
	return dirs_path(buf, d->state, "generations/%llu%s",
	    (unsigned long long)n, rest);
}

/* "12" or, as *fresh, "12.new"; false for other names. */
static bool
name_parse(const char *name, uint64_t *n, bool *fresh)
{
	struct str	s = str_of(name);

	*fresh = s.len > 4 && strcmp(name + s.len - 4, ".new") == 0;
	if (*fresh)
		s.len -= 4;
	return str_u64(s, n) == 0 && *n > 0;
}

static int
downwards(const void *a, const void *b)
{
	const uint64_t	*x = a, *y = b;

	return (*x < *y) - (*x > *y);
}

/*
 * Committed numbers, the highest first; *last: the highest in any form. Returns
 * how many or -errno; no directory is an empty one.
 */
static int
numbers(const struct dirs *d, uint64_t *out, int max, uint64_t *last)
{
	char		 buf[4096];
	DIR		*dir = opendir(dirs_path(buf, d->state, "generations"));
	struct dirent	*e;
	uint64_t	 number;
	bool		 fresh;
	int		 n = 0;

	*last = 0;
	if (dir == NULL)
		return errno == ENOENT ? 0 : -errno;
	while ((e = readdir(dir)) != NULL) {
		if (!name_parse(e->d_name, &number, &fresh))
			continue;
		if (number > *last)
			*last = number;
		if (!fresh && n < max)
			out[n++] = number;
	}
	closedir(dir);
	qsort(out, (size_t)n, sizeof(*out), downwards);
	return n;
}

/* ---- meta ---- */

static int
meta_line(struct generation *g, struct str name, struct str value)
{
	uint64_t	n = 0;

	if (str_eq(name, STR("user")))
		return str_copy(g->user, sizeof(g->user), value) ? 0 : -EBADMSG;
	if (str_eq(name, STR("why")))
		return str_copy(g->why, sizeof(g->why), value) ? 0 : -EBADMSG;
	if (str_eq(name, STR("boot")))
		return str_copy(g->boot, sizeof(g->boot), value) ? 0 : -EBADMSG;
	if (str_u64(value, &n) < 0 || n > INT64_MAX)
		return -EBADMSG;
	if (str_eq(name, STR("when-ms")))
		g->when_ms = (int64_t)n;
	else if (str_eq(name, STR("based-on")))
		g->based_on = n;
	else if (str_eq(name, STR("confirm-until-ms"))) {
		g->confirm = true;
		g->confirm_until_ms = (int64_t)n;
	}
	return 0;
}

static int
meta_read(const struct dirs *d, uint64_t number, struct generation *out)
{
	struct generation	 g = { .number = number };
	struct str		 rest, line, name;
	char			 buf[4096], *text;
	size_t			 len;
	int			 error;

	error = file_read(path_of(buf, d, number, "/meta"), META_MAX, &text,
	    &len);
	if (error < 0)
		return error;
	rest = str_make(text, len);
	while (error == 0 && str_cut(&rest, '\n', &line)) {
		if (line.len == 0)
			continue;
		str_cut(&line, ' ', &name);
		error = meta_line(&g, name, line.s != NULL ? line : STR(""));
	}
	free(text);
	if (error == 0 && g.confirm &&
	    access(path_of(buf, d, number, "/confirmed"), F_OK) == 0)
		g.confirm = false;
	if (error == 0)
		*out = g;
	return error;
}

/* Text of somebody on one line: what would begin another becomes a blank. */
static void
meta_add(struct text *t, const char *name, const char *value)
{
	text_printf(t, "%s ", name);
	for (; *value != '\0'; value++)
		text_ch(t, (unsigned char)*value < ' ' ? ' ' : *value);
	text_ch(t, '\n');
}

static void
meta_print(struct text *t, const struct generation *g)
{
	text_printf(t, "when-ms %lld\nbased-on %llu\n", (long long)g->when_ms,
	    (unsigned long long)g->based_on);
	meta_add(t, "user", g->user);
	meta_add(t, "why", g->why);
	if (g->confirm) {
		text_printf(t, "confirm-until-ms %lld\n",
		    (long long)g->confirm_until_ms);
		meta_add(t, "boot", g->boot);
	}
}

/* ---- which one ---- */

/* A deadline of an earlier boot has passed. */
static bool
counts(const struct generation *g)
{
	return !g->confirm || (strcmp(g->boot, boot_id()) == 0 &&
	    boot_ms() < g->confirm_until_ms);
}

/* The highest below limit that counts; confirmed: deadlines count as over. */
static int
find(const struct dirs *d, uint64_t limit, bool confirmed,
    struct generation *out)
{
	uint64_t		*list, last;
	struct generation	 g;
	int			 error = 0, n;

	list = xcalloc(NUMBERS_MAX, sizeof(*list));
	n = numbers(d, list, NUMBERS_MAX, &last);
	for (int i = 0; i < n; i++) {
		if (list[i] >= limit)
			continue;
		error = meta_read(d, list[i], &g);
		if (error == -EACCES || error == -EPERM)
			break;		/* not ours to judge: no older one either */
		if (error == 0 && counts(&g) && !(confirmed && g.confirm)) {
			*out = g;
			free(list);
			return 0;
		}
	}
	free(list);
	if (n < 0)
		return n;
	return error == -EACCES || error == -EPERM ? error : -ENOENT;
}

int
generation_in_force(const struct dirs *d, struct generation *out)
{
	return find(d, UINT64_MAX, false, out);
}

int
generation_fallback(const struct dirs *d, uint64_t number,
    struct generation *out)
{
	return find(d, number, true, out);
}

static int
read_conf(const struct dirs *d, uint64_t number, const char *file, char **text,
    uint64_t *len)
{
	char	buf[4096];
	size_t	n;
	int	error;

	/* The flattened text has the files' names on top of their octets. */
	error = file_read(path_of(buf, d, number, file), CONF_FLAT_MAX + ROUTES_MAX,
	    text, &n);
	if (error == 0)
		*len = n;
	return error;
}

int
generation_read(const struct dirs *d, uint64_t number, char **text, uint64_t *len)
{
	return read_conf(d, number, "/conf", text, len);
}

int
generation_read_new(const struct dirs *d, uint64_t number, char **text,
    uint64_t *len)
{
	return read_conf(d, number, ".new/conf", text, len);
}

uint64_t
generation_last(const struct dirs *d)
{
	uint64_t	none[1], last;

	return numbers(d, none, 0, &last) < 0 ? 0 : last;
}

int
generation_list(const struct dirs *d, struct generation *out, int max)
{
	uint64_t	*list = xcalloc(NUMBERS_MAX, sizeof(*list)), last;
	int		 n = numbers(d, list, NUMBERS_MAX, &last), have = 0;

	for (int i = 0; i < n && have < max; i++)
		if (meta_read(d, list[i], &out[have]) == 0)
			have++;
	free(list);
	return have;
}

/* ---- writing ---- */

static int
sync_dir(const char *path)
{
	int	error = 0, fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return -errno;
	if (fsync(fd) == -1)
		error = -errno;
	close(fd);
	return error;
}

static int
make_dirs(const struct dirs *d)
{
	char	buf[4096];

	if (mkdir(dirs_path(buf, d->state, "generations"), 0750) == -1 &&
	    errno != EEXIST)
		return -errno;
	return 0;
}

/*
 * The group follows the directory above (sip): daemons read after they have
 * given up root.
 */
static int
adopt_group(const struct dirs *d, const char *path)
{
	struct stat	st;
	char		buf[4096];

	if (stat(dirs_path(buf, d->state, "generations"), &st) == -1)
		return -errno;
	if (geteuid() == 0 && chown(path, (uid_t)-1, st.st_gid) == -1)
		return -errno;
	return 0;
}

static int
write_file(const struct dirs *d, uint64_t n, const char *name, struct str text)
{
	char	buf[4096];
	int	error;

	error = file_replace(path_of(buf, d, n, name), text, 0640);
	return error < 0 ? error : adopt_group(d, buf);
}

int
generation_write(const struct dirs *d, const struct generation *g,
    const char *text, uint64_t len)
{
	char		buf[4096], meta[META_MAX];
	struct text	t;
	int		error;

	text_init(&t, meta, sizeof(meta));
	meta_print(&t, g);
	if (t.full)
		return -EMSGSIZE;
	if ((error = make_dirs(d)) < 0)
		return error;
	path_of(buf, d, g->number, "");
	if (access(buf, F_OK) == 0)
		return -EEXIST;
	path_of(buf, d, g->number, ".new");
	if (mkdir(buf, 0750) == -1)
		return -errno;
	if ((error = adopt_group(d, buf)) < 0 ||
	    (error = write_file(d, g->number, ".new/conf",
	    str_make(text, len))) < 0 ||
	    (error = write_file(d, g->number, ".new/meta", text_str(&t))) < 0)
		generation_abort(d, g->number);
	return error;
}

static int
remove_dir(const char *path)
{
	static const char *const files[] = { "conf", "meta", "confirmed" };
	char	buf[4096];

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(dirs_path(buf, path, "%s", files[i]));
	return rmdir(path) == -1 ? -errno : 0;
}

/* Beyond the newest KEPT; never the one in force or what it would fall back to. */
static void
prune(const struct dirs *d, uint64_t keep)
{
	uint64_t		*list = xcalloc(NUMBERS_MAX, sizeof(*list)), last;
	struct generation	 g = { .number = keep }, below = { .number = keep };
	char			 buf[4096];
	int			 n = numbers(d, list, NUMBERS_MAX, &last);

	if (generation_in_force(d, &g) == 0 && g.confirm)
		generation_fallback(d, g.number, &below);
	for (int i = KEPT; i < n; i++)
		if (list[i] != keep && list[i] != g.number &&
		    list[i] != below.number)
			remove_dir(path_of(buf, d, list[i], ""));
	free(list);
}

int
generation_commit(const struct dirs *d, uint64_t number)
{
	char	from[4096], to[4096];
	int	error;

	path_of(from, d, number, ".new");
	path_of(to, d, number, "");
	if ((error = sync_dir(from)) < 0)
		return error;
	if (rename(from, to) == -1)
		return -errno;
	error = sync_dir(dirs_path(from, d->state, "generations"));
	prune(d, number);
	return error;
}

int
generation_abort(const struct dirs *d, uint64_t number)
{
	char	buf[4096];

	return remove_dir(path_of(buf, d, number, ".new"));
}

int
generation_confirm(const struct dirs *d, uint64_t number)
{
	char	buf[4096];
	int	error;

	if (access(path_of(buf, d, number, "/meta"), F_OK) == -1)
		return -errno;
	if ((error = write_file(d, number, "/confirmed", STR("yes\n"))) < 0)
		return error;
	/* Who only watches the directory above sees this (daemon_watch.c). */
	return utimensat(AT_FDCWD, path_of(buf, d, number, ""), NULL, 0) == -1 ? -errno : 0;
}
