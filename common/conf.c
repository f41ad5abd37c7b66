/*
 * conf - the files of a configuration: sip.conf, what it includes, conf.d and
 * routes.conf, read from a directory or from the one text they travel as.
 *
 * Each file is parsed at most once, so includes cannot go round in circles. The
 * grammar is conf_parse.c's, the meaning settings.c's.
 */
#include "common/conf.h"

#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/conf_parse.h"

#define INCLUDE_DEPTH_MAX	8
#define ROUTES_FILE		"routes.conf"

struct conf_file {
	char	*name;		/* below etc: "conf.d/gateways.conf" */
	char	*text;
	size_t	 len;
	bool	 parsed;
};

struct reader {
	struct conf	*conf;
	const char	*dir;	/* NULL: only the files that are there */
	size_t		 octets;
	struct complaints *out;
};

static struct conf_file *
file_find(const struct conf *c, struct str name)
{
	size_t	i;

	for (i = 0; i < c->nfiles; i++)
		if (str_eq(str_of(c->files[i].name), name))
			return &c->files[i];
	return NULL;
}

bool
conf_file_at(const struct conf *c, size_t i, const char **name, struct str *text)
{
	if (i >= c->nfiles)
		return false;
	*name = c->files[i].name;
	*text = str_make(c->files[i].text, c->files[i].len);
	return true;
}

/* Takes text. NULL after complaining. */
static struct conf_file *
file_add(struct reader *r, struct str name, char *text, size_t len)
{
	struct conf	 *c = r->conf;
	struct conf_file *f;
	char		  label[CONF_NAME_MAX + 1];

	if (!str_eq(name, STR(ROUTES_FILE)))
		r->octets += len;
	if (!str_copy(label, sizeof(label), name) || name.len == 0) {
		complain(r->out, false, "sip.conf", 0, 0,
		    "a file name is longer than %d octets", CONF_NAME_MAX);
	} else if (c->nfiles == CONF_FILES_MAX || r->octets > CONF_MAX) {
		complain(r->out, false, label, 0, 0, "the configuration is too big: "
		    "at most %d files of together %d kB", CONF_FILES_MAX,
		    CONF_MAX / 1024);
	} else if (strpbrk(label, "\n\r\t\033") != NULL) {
		complain(r->out, false, "sip.conf", 0, 0,
		    "a file name in conf.d has control characters");
	} else if (memchr(text, '\0', len) != NULL) {
		complain(r->out, false, label, 0, 0, "is not a text file");
	} else {
		c->files = xrealloc(c->files, c->nfiles + 1, sizeof(*c->files));
		f = &c->files[c->nfiles++];
		f->name = str_dup(name);
		f->text = text;
		f->len = len;
		f->parsed = false;
		return f;
	}
	free(text);
	return NULL;
}

/* 0, -ENOENT (not complained about), -EBADMSG after complaining. */
static int
file_load(struct reader *r, const char *name)
{
	char	 path[4096], *text;
	size_t	 len;
	int	 e;

	if (file_find(r->conf, str_of(name)) != NULL)
		return 0;
	if (r->dir == NULL)
		return -ENOENT;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", r->dir, name) >=
	    sizeof(path))
		e = -ENAMETOOLONG;
	else
		e = file_read(path, strcmp(name, ROUTES_FILE) == 0 ? ROUTES_MAX :
		    CONF_MAX, &text, &len);
	if (e == -ENOENT)
		return e;
	if (e < 0) {
		complain(r->out, false, name, 0, 0, "cannot read %s: %s", path,
		    e == -EFBIG ? "it is too big" : strerror(-e));
		return -EBADMSG;
	}
	return file_add(r, str_of(name), text, len) != NULL ? 0 : -EBADMSG;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
names_free(char **names, size_t n)
{
	while (n > 0)
		free(names[--n]);
	free(names);
}

/* Loads what matches from the directory; 0 or -EBADMSG after complaining. */
static int
glob_load(struct reader *r, const char *pattern)
{
	char		 path[8192 + CONF_NAME_MAX + 2];
	struct text	 t;
	const char	*s;
	glob_t		 g;
	size_t		 i, skip = strlen(r->dir) + 1;
	int		 e = 0;

	text_init(&t, path, sizeof(path) - 1);
	for (s = r->dir; *s != '\0'; s++) {
		text_ch(&t, '\\');	/* the directory is no pattern */
		text_ch(&t, *s);
	}
	text_printf(&t, "/%s", pattern);
	path[t.len] = '\0';
	if (t.full)
		return -EBADMSG;
	if (glob(path, GLOB_NOSORT, NULL, &g) == 0) {
		for (i = 0; i < g.gl_pathc && e == 0; i++)
			if (strlen(g.gl_pathv[i]) > skip)
				e = file_load(r, g.gl_pathv[i] + skip);
		globfree(&g);
	}
	return e == -ENOENT ? 0 : e;
}

static int	file_parse(struct reader *r, struct conf_file *f, int depth);

/*
 * Parses all files whose name matches and that were not parsed yet, in the order
 * of their names. Returns how many matched, or -EBADMSG.
 */
static int
include(struct reader *r, const char *pattern, int depth)
{
	struct conf	*c = r->conf;
	char	       **names = NULL;
	size_t		 i, n = 0;
	int		 e = 0;

	if (r->dir != NULL && glob_load(r, pattern) < 0)
		return -EBADMSG;
	for (i = 0; i < c->nfiles; i++)
		if (fnmatch(pattern, c->files[i].name,
		    FNM_PATHNAME | FNM_PERIOD) == 0 &&
		    strcmp(c->files[i].name, "routes.conf") != 0) {
			names = xrealloc(names, n + 1, sizeof(*names));
			names[n++] = xstrdup(c->files[i].name);
		}
	if (n > 0)
		qsort(names, n, sizeof(*names), by_name);
	for (i = 0; i < n; i++)
		if (file_parse(r, file_find(c, str_of(names[i])), depth) < 0)
			e = -EBADMSG;
	names_free(names, n);
	return e < 0 ? e : (int)n;
}

static bool
pattern_stays_inside(const char *p)
{
	return p[0] != '/' && p[0] != '\0' && strcmp(p, "..") != 0 &&
	    strncmp(p, "../", 3) != 0 && strstr(p, "/../") == NULL &&
	    (strlen(p) < 3 || strcmp(p + strlen(p) - 3, "/..") != 0) &&
	    strlen(p) <= CONF_NAME_MAX;
}

static int
include_node(struct reader *r, const struct conf_node *node, int depth)
{
	const char	*pattern = node->nvalues == 1 ? node->values[0].text : "";
	int		 n;

	if (node->nvalues != 1 || node->block) {
		complain(r->out, false, node->file, node->line, node->column,
		    "include takes one file name, or a pattern like \"conf.d/*.conf\"");
		return -EBADMSG;
	}
	if (!pattern_stays_inside(pattern)) {
		complain(r->out, false, node->file, node->values[0].line,
		    node->values[0].column, "include stays inside the directory "
		    "of sip.conf: a relative name without \"..\"");
		return -EBADMSG;
	}
	if (depth == INCLUDE_DEPTH_MAX) {
		complain(r->out, false, node->file, node->line, node->column,
		    "too many includes in includes");
		return -EBADMSG;
	}
	n = include(r, pattern, depth + 1);
	if (n == 0 && strpbrk(pattern, "*?[") == NULL) {
		complain(r->out, false, node->file, node->values[0].line,
		    node->values[0].column, "there is no file \"%s\"", pattern);
		return -EBADMSG;
	}
	return n < 0 ? n : 0;
}

static void
node_append(struct conf *c, const struct conf_node *node)
{
	if ((c->nnodes & (c->nnodes - 1)) == 0)
		c->nodes = xrealloc(c->nodes, c->nnodes == 0 ? 1 : c->nnodes * 2,
		    sizeof(*c->nodes));
	c->nodes[c->nnodes++] = *node;
}

/* Nodes of f, those of its includes in their place. */
static int
file_parse(struct reader *r, struct conf_file *f, int depth)
{
	struct conf_node *nodes = NULL;
	size_t		  n = 0, i;
	int		  e;

	if (f->parsed)
		return 0;
	f->parsed = true;
	e = conf_parse_nodes(f->name, str_make(f->text, f->len), &nodes, &n,
	    r->out);
	for (i = 0; i < n; i++) {
		if (strcmp(nodes[i].name, "include") != 0) {
			node_append(r->conf, &nodes[i]);
			continue;
		}
		/* f may move from here on: include adds files. */
		if (include_node(r, &nodes[i], depth) < 0)
			e = -EBADMSG;
		conf_node_fini(&nodes[i]);
	}
	free(nodes);
	return e;
}

/* sip.conf and routes.conf are there or not; 0 or -EBADMSG. */
static int
read_all(struct reader *r)
{
	struct conf_file *f;
	int		  e, routes;

	e = file_load(r, "sip.conf");
	if (e == -ENOENT)
		complain(r->out, false, "sip.conf", 0, 0, "there is no file %s%ssip.conf; "
		    "\"sipctl init DOMAIN\" writes one", r->dir != NULL ? r->dir : "",
		    r->dir != NULL ? "/" : "");
	if (e < 0)
		return -EBADMSG;
	e = file_parse(r, file_find(r->conf, STR("sip.conf")), 0);
	if (include(r, "conf.d/*.conf", 1) < 0)
		e = -EBADMSG;
	routes = file_load(r, ROUTES_FILE);
	if (routes < 0 && routes != -ENOENT)
		e = -EBADMSG;
	f = file_find(r->conf, STR(ROUTES_FILE));
	if (f != NULL)
		r->conf->routes = str_dup(str_make(f->text, f->len));
	return e;
}

/* Takes c. */
static struct conf *
finish(struct conf *c, int e, struct complaints *out)
{
	conf_sources(c, out);
	if (e == 0)
		return c;
	conf_free(c);
	return NULL;
}

struct conf *
conf_read(const char *dir, struct complaints *out)
{
	struct reader	r = { .dir = dir, .out = out };

	r.conf = xcalloc(1, sizeof(*r.conf));
	return finish(r.conf, read_all(&r), out);
}

struct conf *
conf_parse(const char *file, struct str text, struct complaints *out)
{
	struct reader	  r = { .out = out };
	struct conf_file *f;
	int		  e = -EBADMSG;

	r.conf = xcalloc(1, sizeof(*r.conf));
	f = file_add(&r, str_of(file), str_dup(text), text.len);
	if (f != NULL)
		e = conf_parse_nodes(f->name, str_make(f->text, f->len),
		    &r.conf->nodes, &r.conf->nnodes, out);
	return finish(r.conf, e, out);
}

void
conf_free(struct conf *c)
{
	size_t	i;

	if (c == NULL)
		return;
	conf_nodes_free(c->nodes, c->nnodes);
	for (i = 0; i < c->nfiles; i++) {
		free(c->files[i].name);
		free(c->files[i].text);
	}
	free(c->files);
	free(c->routes);
	free(c);
}

/*
 * The flat form: for each file a line "file LENGTH NAME", its octets, and a newline.
 * In the order of names, so that equal sets of files give equal texts.
 */
void
conf_flatten(const struct conf *c, bool routes, struct text *out)
{
	struct conf_file *f;
	char		**names;
	size_t		  i;

	names = xcalloc(c->nfiles + 1, sizeof(*names));
	for (i = 0; i < c->nfiles; i++)
		names[i] = c->files[i].name;
	qsort(names, c->nfiles, sizeof(*names), by_name);
	for (i = 0; i < c->nfiles; i++) {
		f = file_find(c, str_of(names[i]));
		if (!routes && strcmp(f->name, ROUTES_FILE) == 0)
			continue;
		text_printf(out, "file %zu %s\n", f->len, f->name);
		text_add(out, str_make(f->text, f->len));
		text_ch(out, '\n');
	}
	free(names);
}

size_t
conf_flat_size(const struct conf *c)
{
	size_t	size = 1;

	for (size_t i = 0; i < c->nfiles; i++)
		size += c->files[i].len + CONF_NAME_MAX + 40;
	return size;
}

/* One file off the front of *rest; 0 or -EBADMSG. */
static int
unflatten_one(struct reader *r, struct str *rest)
{
	struct str	line, word;
	uint32_t	len;

	if (!str_cut(rest, '\n', &line) || rest->s == NULL ||
	    !str_cut(&line, ' ', &word) || !str_eq(word, STR("file")) ||
	    !str_cut(&line, ' ', &word) || str_u32(word, &len) < 0 ||
	    line.s == NULL || len >= rest->len || rest->s[len] != '\n' ||
	    memchr(line.s, '\0', line.len) != NULL ||
	    file_find(r->conf, line) != NULL) {
		complain(r->out, false, "", 0, 0, "this generation is damaged");
		return -EBADMSG;
	}
	if (file_add(r, line, str_dup(str_make(rest->s, len)), len) == NULL)
		return -EBADMSG;
	rest->s += len + 1;
	rest->len -= len + 1;
	return 0;
}

struct conf *
conf_unflatten(struct str text, struct complaints *out)
{
	struct reader	r = { .out = out };
	int		e = 0;

	r.conf = xcalloc(1, sizeof(*r.conf));
	while (e == 0 && text.len > 0)
		e = unflatten_one(&r, &text);
	if (e == 0)
		e = read_all(&r);
	return finish(r.conf, e, out);
}

struct conf *
conf_with(const struct conf *c, const char *file, struct str text, struct complaints *out)
{
	struct reader	r = { .out = out };
	bool		there = file_find(c, str_of(file)) != NULL;
	struct str	one;
	int		e = 0;

	r.conf = xcalloc(1, sizeof(*r.conf));
	for (size_t i = 0; i < c->nfiles + !there; i++) {
		one = i < c->nfiles ? str_make(c->files[i].text, c->files[i].len) : text;
		if (i < c->nfiles && strcmp(c->files[i].name, file) == 0)
			one = text;
		if (e == 0 && file_add(&r, str_of(i < c->nfiles ? c->files[i].name : file),
		    str_dup(one), one.len) == NULL)
			e = -EBADMSG;
	}
	if (e == 0)
		e = read_all(&r);
	return finish(r.conf, e, out);
}

/* Line number `line` of text, without its end. */
static struct str
line_of(struct str text, uint32_t line)
{
	struct str	one = STR_NONE;

	while (line-- > 0)
		if (!str_cut(&text, '\n', &one))
			return STR_NONE;
	if (one.len > 0 && one.s[one.len - 1] == '\r')
		one.len--;
	return one;
}

void
conf_sources(const struct conf *c, struct complaints *out)
{
	struct conf_file *f;
	struct str	  line;
	size_t		  i;

	for (i = 0; i < out->n; i++) {
		f = file_find(c, str_of(out->v[i].file));
		if (f == NULL || out->v[i].source != NULL || out->v[i].line == 0)
			continue;
		line = line_of(str_make(f->text, f->len), out->v[i].line);
		if (line.len > 1000)
			line.len = 1000;
		out->v[i].source = str_dup(line);
	}
}
