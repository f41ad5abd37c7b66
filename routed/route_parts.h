#ifndef ROUTED_ROUTE_PARTS_H
#define ROUTED_ROUTE_PARTS_H

#include "routed/address.h"
#include "routed/route.h"

/*
 * Between the rooms that make a decision: route.c walks, rewrite.c asks routes.conf,
 * local.c knows what is ours, outside.c what is not, trunks.c which gateway, dial.c the
 * dial plan, staged.c the rules of who is called.
 */
#define WALK_REWRITES	20	/* of one address: row 112 */
#define WALK_DEPTH	4	/* groups in groups, rules that lead to rules */
#define ROUTE_PASSES	200	/* of one decision, all its addresses together */

struct rule;

/* One decision under way. */
struct route {
	const struct route_world	*w;
	const struct msg_route		*q;
	struct route_decision		*d;
	unsigned			 passes;
	unsigned			 explained;	/* records that did not match */
	const struct rule		*redirected[ROUTE_STAGES];	/* rules that did */
	unsigned			 nredirected;
	bool				 keys_lost;	/* more names than there is room for */
	bool				 chance;	/* by lot: each call anew */
	bool				 claimed;	/* it holds for who proves his claim */
	bool				 rules_run;	/* the account's later stages are in */
	char				 from[AOR_MAX];	/* as rules see it; "": not yet */
	int64_t				 until_s;	/* a time class changes then */
};

/* By whose will an address outside is called. */
enum grant {
	GRANT_NOT,
	GRANT_RECORD,		/* a record without NoRelay: led there */
	GRANT_DIRECTORY,	/* the administrator, or the account itself, named it */
};

/* One address on its way to its targets. */
struct walk {
	struct route	*route;
	struct address	 a;
	struct str	 asked;		/* the URI, while the address is that */
	struct str	 home;		/* our domain that it is in, or empty */
	uint8_t		 stage;		/* of its targets */
	uint32_t	 first_target;	/* those before it are of other walks */
	uint8_t		 depth;
	enum grant	 grant;
	bool		 withheld;	/* a NoRelay: record was on the way */
	bool		 unsure;	/* name servers fail: not found is not sure */
	bool		 dialled;	/* a line of the dial plan has led here */
	/* what became of it */
	uint16_t	 code;		/* 0: it has targets */
	uint16_t	 if_not;	/* for who is not confirmed; 0: the same */
	struct str	 reason;
};

enum step {
	STEP_ON,		/* not mine: the next question */
	STEP_AGAIN,		/* the address is another: from the top */
	STEP_DONE,		/* w->code says how */
};

/* ---- route.c ---- */

#define STEP(w, ...)	trace_step(&(w)->route->d->trace, __VA_ARGS__)

/* Walks until it has targets or is refused. */
void	route_walk(struct walk *w);
/*
 * Another address beside or instead of from's, as somebody wrote it: bare names are
 * of domain. True when it has targets.
 */
bool	route_also(const struct walk *from, const char *written, struct str domain,
	    uint8_t stage);
enum step walk_refuse(struct walk *w, uint16_t code, const char *reason);
/* The address is what to says: from the top. */
enum step walk_again(struct walk *w, const struct address *to);
/* A copy that lives as long as the decision; empty when its room is used up. */
struct str route_keep(struct route *r, struct str s);
/* NULL: no name server is asked. */
struct lookup *route_lookup(struct route *r);
/* The decision is to be forgotten when the meaning of this name changes. */
void	route_key(struct route *r, struct str name);
/* Each once. False when there are too many. */
bool	route_target(const struct walk *w, enum target_kind kind, struct str value,
	    struct str next_hop);
/* Whether the domain is ours: w->home. */
enum step by_domain(struct walk *w);
/* The address that DNS has for a number: from the top. STEP_ON: it has none. */
enum step walk_enum(struct walk *w, struct str number);
/* local@domain for people, with the main domain left out. */
const char *walk_print(const struct walk *w, char buf[2 * ADDRESS_MAX]);

/* ---- rewrite.c ---- */

enum step by_literal_record(struct walk *w);
enum step by_record(struct walk *w);

/* ---- local.c ---- */

#define NUMBER_MAX	32
/* "+44 20 7123" without what only people read; empty: not a number. */
struct str number_of(struct str local, char buf[NUMBER_MAX]);
/* "anna@example.com" as it is kept; empty when it cannot be anybody's. */
struct str walk_aor(const struct walk *w, char buf[AOR_MAX]);
enum step by_number(struct walk *w);
enum step by_name(struct walk *w);

/* ---- outside.c ---- */

/* Row 127: the number as it was dialled, in whatever domain. */
bool	walk_is_urgent(const struct walk *w);
/* host: where it is sent. What leaves needs somebody's right. */
enum step walk_may_leave(struct walk *w, struct str host);
enum step by_first_call(struct walk *w);
enum step by_final_call(struct walk *w);

/* ---- trunks.c ---- */

/* Row 124: "number@NAME.sipgw", of a gateway or a group of them. */
enum step by_gateway(struct walk *w);

/* ---- dial.c ---- */

enum step by_dial_plan(struct walk *w);
/* Adds what is tried when w's targets are out of order. */
void	dial_fallback(struct walk *w);

/* ---- staged.c ---- */

/* Rules of the server at once, before anything is looked at. */
enum step by_server_rules(struct walk *w);
/* An account was found: its rules, its domain's, the server's later ones. */
void	account_rules(struct walk *w, struct str aor);

#endif
