#ifndef SIPD_GATEWAYS_H
#define SIPD_GATEWAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/messages.h"
#include "common/settings.h"
#include "sipd/hop.h"

/*
 * The external gateways as gwregd publishes them, for all workers, and how many
 * calls each carries: sipd counts channels, gwregd owns their number. A gateway that
 * a record of the call table names is there, too, published or not.
 */
#define GATEWAY_TEXT_MAX	639
#define GATEWAY_ROUTE_MAX	2047

struct gateway;			/* valid as long as the process */

/* What was published of one, as copies. */
struct gateway_facts {
	bool		present;	/* else it was removed, or never was there */
	bool		disabled;	/* by the administrator */
	bool		substitute_from, substitute_to;
	uint8_t		authenticate;	/* CALLS_AUTH_OFF ... */
	bool		trusted;	/* of its settings */
	uint32_t	channels;	/* 0: no limit */
	char		domain[GATEWAY_TEXT_MAX + 1];
	char		next_hop[GATEWAY_TEXT_MAX + 1];		/* URI, or "" */
	char		aor[GATEWAY_TEXT_MAX + 1];		/* URI, or "" */
	char		service_route[GATEWAY_ROUTE_MAX + 1];
};

/* All by worker 0; the settings live as long as the process. */
void	gateways_open(const struct settings *s);
void	gateways_commit(const struct settings *s);
void	gateways_close(void);
/* gwregd's feed. */
void	gateways_begin(void);
void	gateways_record(const struct msg_gateway *m);
void	gateways_complete(void);

/* A snapshot of gwregd was in since this process began. */
bool	gateways_synced(void);
/* Was there ever one? Without a lock. */
bool	gateways_any(void);
/* NULL: there never was one of that name. */
struct gateway *gateway_find(struct str name);
/* The same, but made if need be: of a record. */
struct gateway *gateway_named(struct str name);
struct str gateway_name(const struct gateway *g);
void	gateway_read(const struct gateway *g, struct gateway_facts *out);
/* Is this an address that it is reached at, or calls from? */
bool	gateway_is_at(const struct gateway *g, const struct addr *a);
/*
 * Whose call is it that comes from there and is for this user of ours: the gateway
 * at that address, if there are several the one that registered that contact. NULL:
 * no gateway's.
 */
struct gateway *gateway_calling(const struct addr *from, struct str user);
/* The one whose calls sign in as this account (canonical), or NULL. */
struct gateway *gateway_of_account(struct str aor);
/* May an account with these dial classes (words) call through it? */
bool	gateway_admits(const struct gateway *g, struct str classes);
/* Must its calls show a credential of an account? */
bool	gateway_challenges(const struct gateway *g);

/*
 * A channel for a call, until gateway_give(). False: all are taken. An urgent call,
 * and one that is there already, gets one in any case (row 127).
 */
bool	gateway_take(struct gateway *g, bool anyway);
void	gateway_give(struct gateway *g);
/* What became of an INVITE that was sent there: its final code, 408 for none. */
void	gateway_result(struct gateway *g, uint16_t code);

/* For sipctl: one after the other, from *cursor 0 on. */
struct gateway_shown {
	char		name[GATEWAY_NAME_MAX + 1];
	uint32_t	channels, used;
	uint64_t	calls, answered, failed, full;
	uint64_t	hour_calls, hour_failed;	/* of the last hour */
	uint16_t	last_code;	/* of a failure; 0: none */
};
bool	gateways_next(uint64_t *cursor, struct gateway_shown *out);

#endif
