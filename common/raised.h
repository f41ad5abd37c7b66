#ifndef COMMON_RAISED_H
#define COMMON_RAISED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/nets.h"
#include "common/str.h"

/*
 * Calls of which more is logged than "log-level" says (FEATURES.md rows 185, 186):
 * those of a user, an address, a gateway or a Call-ID that an administrator named for
 * some minutes, and those with an address in "debug-networks".
 *
 * Who gets to know something of a call says so (raised_look_...); if it was named, the
 * call is raised from then on: here, and by the bus in every daemon that is asked
 * about it. log.h asks raised_level(). Calls are looked at in any thread; what is
 * named changes in the main thread alone.
 */
enum raised_by {
	RAISED_USER,		/* "anna", "anna@example.com" */
	RAISED_CALL,		/* a Call-ID */
	RAISED_ADDRESS,		/* "192.0.2.7", "10.0.0.0/8" */
	RAISED_GATEWAY,		/* its name */
	RAISED_KINDS
};
extern const char *const raised_kinds[];	/* "user" ..., then NULL */

#define RAISED_MAX		16	/* named at a time */
#define RAISED_VALUE_MAX	256	/* octets of a name */
#define RAISED_CALLS		1024	/* known at a time; later ones displace others */

/* One that is named. */
struct raised {
	uint64_t	number;		/* the same again renews it */
	enum raised_by	by;
	uint8_t		level;		/* enum log_level */
	int64_t		until_ms;	/* CLOCK_BOOTTIME */
	char		value[RAISED_VALUE_MAX];
	char		who[64];	/* Unix user name */
};

/* 0; -EINVAL: no such kind, level or address; -ENOSPC: RAISED_MAX are named. */
int	raised_put(const struct raised *r, int64_t now_ms);
/* False: it was not there. */
bool	raised_del(uint64_t number, int64_t now_ms);
/* Those whose time is over go; returns when to look again, 0: nothing is named. */
int64_t	raised_expire(int64_t now_ms);
/* The i-th that is named, or NULL: borrowed until the next change. */
const struct raised *raised_get(unsigned i);
/* "debug-networks": n lives as long as the process; NULL or empty: none. */
void	raised_networks(const struct set_nets *n);

/* ---- calls ---- */

extern _Atomic unsigned raised_any;	/* a bit for each kind that is named */

static inline bool
raised_some(void)
{
	return atomic_load_explicit(&raised_any, memory_order_relaxed) != 0;
}

/* For who would have to look up what the functions below want to be told. */
static inline bool
raised_some_by(enum raised_by by)
{
	return (atomic_load_explicit(&raised_any, memory_order_relaxed) >> by & 1) != 0;
}

void	raised_look_user(uint64_t call, struct str user, struct str host);
void	raised_look_aor(uint64_t call, struct str aor);
void	raised_look(uint64_t call, enum raised_by by, struct str value);
void	raised_look_address(uint64_t call, const struct addr *a);
/* Another daemon says that it is raised, or not (any more). */
void	raised_told(uint64_t call, bool is);

int	raised_level_now(uint64_t call);
/* enum log_level, up to which it is logged; 0: as any other. */
static inline int
raised_level(uint64_t call)
{
	return __builtin_expect(raised_some(), 0) ? raised_level_now(call) : 0;
}

#endif
