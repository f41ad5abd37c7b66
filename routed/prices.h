#ifndef ROUTED_PRICES_H
#define ROUTED_PRICES_H

#include <stdint.h>

#include "routed/directory.h"

/*
 * What a gateway charges for a number: entries of the directory, "GATEWAY/PREFIX" with
 * a decimal number of any currency. PREFIX are digits, or "*": all that no other names.
 */
#define PRICE_NAME_MAX	96
#define PRICE_NONE	INT64_MAX

/* The canonical name, a "+" before the digits left out. False: it is none. */
bool	price_name(struct str in, char out[PRICE_NAME_MAX]);
/* "0.0125" in millionths; false: it is no price. */
bool	price_parse(struct str in, int64_t *out);
/* By the longest prefix; *entry then says which. PRICE_NONE: it has none for it. */
int64_t	price_find(const struct directory *d, struct str gateway, struct str number,
	    const struct entry **entry);

#endif
