#ifndef REGD_PACKED_H
#define REGD_PACKED_H

#include <stdint.h>

#include "regd/set.h"

/*
 * A contact as octets in a set. Each of these returns where the next one begins.
 * What it has of shared texts is held from packed_write() to packed_drop().
 */
#define PACKED_HEAD_MAX	64	/* octets beside the texts of its own, at most */

/* What is kept (b->kept) is copied. */
uint8_t	*packed_write(uint8_t *to, const struct binding *b);
/* out's texts point into from; out->kept is all of it. */
const uint8_t *packed_read(const uint8_t *from, struct binding *out);
const uint8_t *packed_drop(const uint8_t *from);

#endif
