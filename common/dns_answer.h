#ifndef COMMON_DNS_ANSWER_H
#define COMMON_DNS_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/addr.h"
#include "common/str.h"

/*
 * The answer of a name server as it came off the wire (RFC 1035 section 4,
 * RFC 2308, RFC 2782, RFC 3403): what of it answers the question.
 */
enum dns_type {
	DNS_HOSTS	= 0,		/* the file: dns.h; never on the wire */
	DNS_A		= 1,
	DNS_PTR		= 12,
	DNS_AAAA	= 28,
	DNS_SRV		= 33,
	DNS_NAPTR	= 35,
};

#define DNS_NAME_MAX	253	/* octets of a name as text, without the last dot */
#define DNS_RECORDS_MAX	32	/* kept of one answer: those that come first in order */
#define DNS_ALIASES_MAX	5	/* CNAMEs followed in one answer (S25) */
#define DNS_TTL_MAX	86400	/* seconds */
#define DNS_TTL_NONE_MAX 3600	/* for "there is none" (RFC 2308 section 5) */
#define DNS_TEXT_MAX	64	/* of a NAPTR's flags and services */
#define DNS_REGEXP_MAX	255	/* of its expression: a character-string */

struct dns_record {
	uint16_t	first;		/* SRV priority, NAPTR order */
	uint16_t	second;		/* SRV weight, NAPTR preference */
	uint16_t	port;		/* SRV */
	struct addr	addr;		/* A, AAAA; port 0 */
	struct str	name;		/* SRV target, NAPTR replacement, PTR; "": the root */
	struct str	flags;		/* NAPTR */
	struct str	service;	/* NAPTR */
	struct str	regexp;		/* NAPTR: as it came, any octet */
	uint8_t		slot;		/* where its texts are */
};

struct dns_answer {
	uint32_t	 ttl;		/* seconds: the least of what was used */
	bool		 none;		/* certain: no such name, or no such record */
	struct str	 alias;		/* the name is another's, who must be asked */
	unsigned	 left_out;	/* records over DNS_RECORDS_MAX */
	unsigned	 n;
	struct dns_record v[DNS_RECORDS_MAX];
	/* The texts of each record; the last are the alias's. */
	char		 text[DNS_RECORDS_MAX + 1][DNS_NAME_MAX + 1 +
			    2 * DNS_TEXT_MAX + DNS_REGEXP_MAX];
};

/*
 * Reads packet as the answer to this question; name without a dot at its end.
 * exact: the name must come back in the very letters it was sent in (the case of
 * letters carries random bits). Records are sorted by priority or order and then
 * preference; where there are too many those at the end are left out.
 *
 * 0; -EBADMSG cannot be read; -EPERM not the answer to this question; -ELOOP
 * too many aliases; -EREMOTEIO the server reports a failure. out is unspecified
 * after an error.
 */
int	dns_answer_parse(struct dns_answer *out, struct str packet,
	    enum dns_type type, struct str name, bool exact);

#endif
