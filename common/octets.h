#ifndef COMMON_OCTETS_H
#define COMMON_OCTETS_H

#include <stdint.h>
#include <string.h>

#include "common/str.h"

/*
 * Numbers and texts as few octets, for what is kept a million times. Each returns
 * where the next one begins; room and bounds are the caller's, and what is read was
 * written here: nothing of this goes over a wire or to a disk.
 */

/* The lowest n octets, the lowest first. */
static inline uint8_t *
octets_put(uint8_t *to, uint64_t v, unsigned n)
{
	for (; n > 0; n--, v >>= 8)
		*to++ = (uint8_t)v;
	return to;
}

static inline const uint8_t *
octets_get(const uint8_t *from, uint64_t *v, unsigned n)
{
	*v = 0;
	for (unsigned i = 0; i < n; i++)
		*v |= (uint64_t)*from++ << (8 * i);
	return from;
}

/* Seven bits an octet, the lowest first: 1 to 5 octets. */
static inline uint8_t *
octets_put_small(uint8_t *to, uint32_t v)
{
	for (; v > 127; v >>= 7)
		*to++ = (uint8_t)(v | 128);
	*to++ = (uint8_t)v;
	return to;
}

static inline const uint8_t *
octets_get_small(const uint8_t *from, uint32_t *v)
{
	*v = 0;
	for (unsigned shift = 0;; shift += 7) {
		*v |= (uint32_t)(*from & 127) << shift;
		if (*from++ < 128)
			return from;
	}
}

static inline uint8_t *
octets_put_text(uint8_t *to, struct str s)
{
	to = octets_put_small(to, (uint32_t)s.len);
	if (s.len > 0)
		memcpy(to, s.s, s.len);
	return to + s.len;
}

/* *s points into from. */
static inline const uint8_t *
octets_get_text(const uint8_t *from, struct str *s)
{
	uint32_t	len;

	from = octets_get_small(from, &len);
	*s = str_make((const char *)from, len);
	return from + len;
}

#endif
