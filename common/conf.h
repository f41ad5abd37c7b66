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
};
struct conf {
	struct conf_node *nodes;
	size_t		  nnodes;
	char		 *routes;	/* text of routes.conf, or NULL */
	/* private: texts of the files */
	struct conf_file *files;
	size_t		  nfiles;
};

#define CONF_MAX	(1024 * 1024)	/* octets of all files together */

/*
 * Reads dir/sip.conf, its includes, dir/conf.d/ *.conf and dir/routes.conf.
 * NULL after an error (complaints tell). include stays inside dir.
 */
struct conf *conf_read(const char *dir, struct complaints *out);
/* From text that conf_flatten() wrote. */
struct conf *conf_unflatten(struct str text, struct complaints *out);
void	conf_free(struct conf *c);
/* All files with their names as one text: for generations and PREPARE. */
void	conf_flatten(const struct conf *c, struct text *out);

/*
 * Edits text in place: sets NAME (inside the block "BLOCK LABEL" when block is
 * not NULL) to value, keeping everything else byte for byte; value NULL removes
 * it. The result is malloc'd; NULL with a complaint when text does not parse.
 */
char	*conf_edit(const char *file, struct str text, const char *block,
	    const char *label, const char *name, const char *value,
	    struct complaints *out);
/* Removes a whole block, or appends one given as text. */
char	*conf_edit_block(const char *file, struct str text, const char *block,
	    const char *label, const char *new_text, struct complaints *out);

/* Writes file atomically: temp file, fsync, rename, fsync of the directory. */
int	file_replace(const char *path, struct str text, unsigned mode);
/* Whole file, at most max octets; malloc'd and terminated. -errno, -EFBIG. */
int	file_read(const char *path, size_t max, char **text, size_t *len);

#endif
