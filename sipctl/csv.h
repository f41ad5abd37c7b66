#ifndef SIPCTL_CSV_H
#define SIPCTL_CSV_H

#include <stdint.h>

#include "common/str.h"

/*
 * CSV as in RFC 4180: fields by comma, records by line ends, quotes with "" inside.
 * A reader over a text that it may change: unquoting is done in place.
 */
#define CSV_FIELDS_MAX	32

struct csv {
	char		*at, *end;
	uint32_t	 line;		/* of the next record, from 1 */
};

struct csv_record {
	struct str	 field[CSV_FIELDS_MAX];
	uint32_t	 column[CSV_FIELDS_MAX];	/* from 1, where it begins */
	size_t		 n;
	uint32_t	 line;
	const char	*error;		/* after -EBADMSG: what is wrong */
};

void	csv_init(struct csv *c, char *text, size_t len);
/* 1: a record; 0: the end; -EBADMSG: this record is bad, the next may be good. */
int	csv_next(struct csv *c, struct csv_record *r);

#endif
