#ifndef ROUTED_PATTERN_H
#define ROUTED_PATTERN_H

#include "routed/record.h"

/*
 * Texts with wildcards, on either side of a record: "+44*", "(6-15d)*", "*.old".
 */

/* Where complaints about one line go. */
struct place {
	const char		*file;
	uint32_t		 number;
	struct str		 line;
	struct complaints	*out;
	struct arena		*memory;
};
void	place_complain(const struct place *p, const char *at, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

/* False after complaining. stars: those of the whole record so far, counted on. */
bool	pattern_parse(struct pattern *out, struct str text, unsigned *stars,
	    const struct place *p);
/*
 * A target's text: each "*" stands for the next wildcard of stars, or for the only
 * one. *used counts those that stand before.
 */
bool	part_parse(struct record_part *out, struct str text, unsigned stars,
	    unsigned *used, const struct place *p);
/* Takes from taken->n on. Any case of text. */
bool	pattern_match(const struct pattern *p, struct str text,
	    struct captures *taken);
bool	pattern_covers(const struct pattern *a, const struct pattern *b);
bool	part_print(const struct record_part *part, const struct captures *taken,
	    char out[ADDRESS_MAX]);

#endif
