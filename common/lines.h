#ifndef COMMON_LINES_H
#define COMMON_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/str.h"

/*
 * Settings that are lines of words: each line is kept as it stands, with its place,
 * and read by whoever knows what it means ("dns-override", "dial-rule" ...).
 */
struct set_word_at {
	char		*text;
	uint32_t	 line, column;
};
struct set_line {
	char		*file;
	uint32_t	 line;
	struct set_word_at *v;
	size_t		 n;		/* at least one */
};
struct set_lines {
	struct set_line	*v;
	size_t		 n;
};

struct complaints;

/* Reads a line word by word; complaints go to the word that was read last. */
struct words {
	const struct set_line	*line;
	size_t			 at;	/* of the next */
	struct complaints	*out;
	bool			 failed;
};

void	words_init(struct words *w, const struct set_line *line,
	    struct complaints *out);
/* The next word; false at the end of the line. */
bool	words_next(struct words *w, struct str *out);
/* The next word, which must be there: what says which ("a domain"). */
bool	words_want(struct words *w, const char *what, struct str *out);
/* A number from low to high. False after complaining. */
bool	words_number(struct words *w, const char *what, uint32_t low, uint32_t high,
	    uint32_t *out);
void	words_complain(struct words *w, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/*
 * Which of these words, ended by NULL, text is: its index; -1 after complaining with
 * the nearest one.
 */
int	words_one_of(struct words *w, struct str text, const char *const *choices);

#endif
