#ifndef SIPD_TRUNK_H
#define SIPD_TRUNK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"
#include "sipd/edit.h"
#include "sipd/gateways.h"

/*
 * How a request looks to a gateway, or to our user in a call with one, and how its
 * responses are made what the other side has asked (FEATURES.md rows 176 to 178,
 * (a.2) F): From, To, CSeq, who is calling, and the credential that is ours.
 *
 * A challenge is answered by the same request with the next CSeq (RFC 3261 section
 * 22.2), which its sender does not see: from then on all of his are so much higher.
 */
struct trunk {
	struct gateway	*gateway;	/* it goes there; NULL: to our side of its call */
	char		*from, *to;	/* name-addrs instead of those that came, or NULL */
	char		*identity;	/* P-Asserted-Identity, or NULL */
	char		*codes;		/* its answers after which others are tried, or NULL */
	uint32_t	 shift;		/* of CSeq */
	uint32_t	 invite_shift;	/* of the INVITE that RAck names */
	bool		 signs;		/* calls-authenticate */
	bool		 trusted;
	/* as it came */
	char		*here_from, *here_to;	/* whole values */
	uint32_t	 here_cseq;
	/* the credential, once gwregd has given it */
	char		*credential;	/* value of the header, or NULL */
	char		*nonce;
	bool		 proxy;		/* Proxy-Authorization */
	bool		 answered;	/* a challenge was, and no other will be */
	bool		 channel;	/* one is taken */
};

struct sip_msg;

/* Of a request that goes to g (NULL: see above); all copied. */
struct trunk *trunk_new(struct gateway *g, const struct sip_msg *m);
void	trunk_free(struct trunk *t);	/* gives its channel back; NULL is fine */
/*
 * What a call to g looks like there; uri: its Request-URI; caller_id as in the
 * TARGET; account: who calls, confirmed, or "".
 */
void	trunk_dress(struct trunk *t, const struct gateway_facts *f,
	    const struct sip_msg *m, struct str uri, struct str caller_id,
	    struct str account);

/* RFC 3323 section 4.2: does the caller want to be hidden from who is not trusted? */
bool	trunk_wants_privacy(const struct sip_msg *m);

/* What a restart must know of it, as one text; and back. False: it cannot be. */
#define TRUNK_TEXT_MAX	4096
struct str trunk_print(const struct trunk *t, char buf[TRUNK_TEXT_MAX]);
bool	trunk_read(struct trunk *t, struct str text);

/* The request, and the response on its way back. scratch: until edits_write(). */
#define TRUNK_SCRATCH	8192
struct trunk_scratch {
	struct text	t;
	char		buf[TRUNK_SCRATCH];
};
void	trunk_edit(const struct trunk *t, struct edits *e, struct trunk_scratch *s);
void	trunk_edit_back(const struct trunk *t, struct edits *e,
	    struct trunk_scratch *s);

#endif
