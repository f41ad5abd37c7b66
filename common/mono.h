#ifndef COMMON_MONO_H
#define COMMON_MONO_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A point of CLOCK_MONOTONIC. A struct, so that seconds, milliseconds and
 * points in time cannot be mixed up. The loop reads it once a turn and passes
 * it down; tests pass their own.
 */
struct mono {
	int64_t	ns;
};

struct mono mono_now(void);

static inline struct mono
mono_add_ms(struct mono t, int64_t ms)
{
	return (struct mono){ t.ns + ms * 1000000 };
}

static inline struct mono
mono_add_us(struct mono t, int64_t us)
{
	return (struct mono){ t.ns + us * 1000 };
}

/* b - a, rounded down. */
static inline int64_t
mono_ms_between(struct mono a, struct mono b)
{
	return (b.ns - a.ns) / 1000000;
}

static inline int64_t
mono_us_between(struct mono a, struct mono b)
{
	return (b.ns - a.ns) / 1000;
}

static inline bool
mono_before(struct mono a, struct mono b)
{
	return a.ns < b.ns;
}

/* Milliseconds since 1970, for what people or other hosts read. */
int64_t	wall_ms(void);
/* CLOCK_BOOTTIME in ms: goes on in suspend, starts anew with each boot. */
int64_t	boot_ms(void);
/* The kernel's random id of this boot, 36 characters and NUL; "" if unknown. */
const char *boot_id(void);

#endif
