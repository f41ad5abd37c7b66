#ifndef COMMON_CONF_H
#define COMMON_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/settings.h"
#include "common/str.h"

/*
 * The configuration language as text: "name value ..." to the end of the line,
 * { } for blocks, # comments, "quotes" when needed, [a, b] lists, "include
 * GLOB". Tokens keep their trivia, so that an edit in place keeps comments and
 * order. What names and types are legal is settings.c's business.
 */
struct conf_value {
	char		*text;		/* unquoted */
	uint32_t	 line, column;
};
struct conf_node {
	const char	*file;
	char		*name;
	uint32_t	 line, column;
	struct conf_value *values;	/* list brackets already opened up */
	size_t		 nvalues;
	struct conf_node *nodes;	/* of a block, else NULL */
	size_t		 nnodes;
	bool		 block;
	/* Where it stands in its file's text, for conf_edit(): octets from 0. */
	uint32_t	 begin, end;		/* name to last value or "}" */
	uint32_t	 values_begin, values_end;	/* equal: no value */
	uint32_t	 open;			/* of a block: after "{" */
};
struct conf {
	struct conf_node *nodes;
	size_t		  nnodes;
	char		 *routes;	/* text of routes.conf, or NULL */
	/* private: texts of the files */
	struct conf_file *files;
	size_t		  nfiles;
};

#define CONF_MAX	(480 * 1024)	/* octets of all files but routes.conf together */
#define CONF_FLAT_MAX	(512 * 1024)	/* octets conf_flatten() can need without that */
#define ROUTES_MAX	(16 * 1024 * 1024)	/* octets of routes.conf */
#define CONF_FILES_MAX	200
#define CONF_NAME_MAX	128		/* octets of a file's name below etc */

/*
 * Reads dir/sip.conf, its includes, dir/conf.d/ *.conf and dir/routes.conf.
 * NULL after an error (complaints tell). include stays inside dir.
 */
struct conf *conf_read(const char *dir, struct complaints *out);
/* From text that conf_flatten() wrote. */
struct conf *conf_unflatten(struct str text, struct complaints *out);
void	conf_free(struct conf *c);
/* The nodes of one text alone; include is an ordinary word here. */
struct conf *conf_parse(const char *file, struct str text, struct complaints *out);
/* Text of the i-th file read, and its name; false past the end. */
bool	conf_file_at(const struct conf *c, size_t i, const char **name, struct str *text);
/* Fills in the source line of every complaint about a file of c. */
void	conf_sources(const struct conf *c, struct complaints *out);
/*
 * All files with their names as one text, for generations and PREPARE; routes: with
 * routes.conf. Equal configurations give equal texts.
 */
void	conf_flatten(const struct conf *c, bool routes, struct text *out);
/*
 * The same configuration with text in the place of one file's, or with one file more;
 * nothing on disk is read. NULL after an error (complaints tell).
 */
struct conf *conf_with(const struct conf *c, const char *file, struct str text,
	    struct complaints *out);
/* Room for the text with routes.conf: octets, with the NUL. */
size_t	conf_flat_size(const struct conf *c);

/*
 * Edits text in place: sets NAME (inside the block "BLOCK LABEL" when block is
 * not NULL) to value, keeping everything else byte for byte; value NULL removes
 * it. The result is malloc'd; NULL with a complaint when text does not parse.
 */
char	*conf_edit(const char *file, struct str text, const char *block,
	    const char *label, const char *name, const char *value,
	    struct complaints *out);
/* Adds one more line NAME VALUE to the block; those that are there stay. As above. */
char	*conf_edit_add(const char *file, struct str text, const char *block,
	    const char *label, const char *name, const char *value,
	    struct complaints *out);
/*
 * Removes the block (new_text NULL), or puts new_text in its place: at the end
 * when there is none.
 */
char	*conf_edit_block(const char *file, struct str text, const char *block,
	    const char *label, const char *new_text, struct complaints *out);

/* A value as it has to be written: with quotes when it needs them. */
void	conf_quote(struct text *out, struct str value);

/* Writes file atomically: temp file, fsync, rename, fsync of the directory. */
int	file_replace(const char *path, struct str text, unsigned mode);
/* Whole file, at most max octets; malloc'd and terminated. -errno, -EFBIG. */
int	file_read(const char *path, size_t max, char **text, size_t *len);

#endif
