#ifndef SIPD_NAMEADDR_H
#define SIPD_NAMEADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"
#include "common/uri.h"
#include "sipd/header.h"

struct sip_msg;

/*
 * One value of From, To, Contact, Route, Record-Route, Path, Service-Route,
 * Refer-To and their like (RFC 3261 sections 20.10 and 25.1): name-addr or
 * addr-spec with header parameters, as slices.
 */
struct nameaddr {
	struct str	display;	/* as written, with its quotes; may be empty */
	struct uri	uri;		/* uri.text: without the brackets */
	bool		brackets;
	bool		star;		/* "*" (Contact); nothing else is set then */
	struct str	params;		/* header parameters after the first ';' */
	struct str	tag;		/* of From and To; empty: none */
	struct str	text;		/* the whole value, no blanks around */
};

/*
 * The whole slice must be one value. Without brackets, what follows ';' are
 * header parameters and '?' or ',' are errors (RFC 3261 section 20). Display
 * names may be unquoted words of almost any kind, as phones send them, but no
 * comma, quote or bracket. 0 or -EBADMSG.
 */
int	nameaddr_parse(struct nameaddr *out, struct str in);
/*
 * A header parameter. True if present; *value is empty when it has no '=', and
 * without its quotes (escapes kept) when quoted. Any case.
 */
bool	nameaddr_param(const struct nameaddr *a, struct str name,
	    struct str *value);

/*
 * The next of a list of parameters ("a;b=c;d=\"e\""): 1, 0 at the end, or
 * -EBADMSG. *quoted (may be NULL) says whether the value was quoted; its quotes
 * are left out. *text (may be NULL) is the parameter as written.
 */
int	param_next(struct str *rest, struct str *name, struct str *value,
	    bool *quoted, struct str *text);

/*
 * Walks the values of a list header over all its lines, in order:
 *
 *	struct values c;
 *	values_begin(&c, m, HDR_ROUTE);
 *	while ((r = nameaddr_next(&c, &a)) > 0)
 */
struct values {
	const struct sip_msg	*m;
	uint16_t		 line;	/* of the value last given; SIP_NO_LINE */
	uint16_t		 next;
	struct str		 rest;
	bool			 more;	/* rest has (at least) one value */
};

void	values_begin(struct values *c, const struct sip_msg *m, enum header id);
/*
 * The next value, trimmed, cut at commas outside of quotes and brackets; may be
 * empty (",,"). False at the end.
 */
bool	values_next(struct values *c, struct str *value);
/* 1, 0 at the end, or -EBADMSG (the value is skipped). */
int	nameaddr_next(struct values *c, struct nameaddr *out);
/* The value behind the first n of a header, by what nameaddr_next() gives for it. */
int	nameaddr_nth(const struct sip_msg *m, enum header id, unsigned n,
	    struct nameaddr *out);
/* Cuts the first comma-separated value off *rest. False when exhausted. */
bool	list_next(struct str *rest, struct str *value);

/* "0.7" to 700: 0 to 1000, at most three digits after the point. */
int	q_parse(struct str in, uint16_t *q);
/*
 * delta-seconds: digits only. More than 2^32-1 is 2^32-1 (RFC 3261 section
 * 20.19 and 20.10). 0 or -EBADMSG.
 */
int	seconds_parse(struct str in, uint32_t *s);

#endif
