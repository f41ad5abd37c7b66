#ifndef SIPCTL_TESTPHONE_H
#define SIPCTL_TESTPHONE_H

#include <stdint.h>

#include "common/addr.h"

/*
 * A phone for the self test: UDP, one account, one call, digest. It does what the
 * test tells it, one step after the other, and waits at most a few seconds for each.
 *
 * Its SDP names an address that is not its own, as a phone behind a NAT does, so that
 * the media proxy has to take part.
 */
#define TESTPHONE_MAX	8192		/* octets of a message */
#define TESTPHONE_WAIT	4000		/* ms for an answer */

struct testphone {
	int		 sip, rtp;		/* sockets, connected to nobody; -1 */
	struct addr	 server;
	char		 contact[64];		/* "127.0.0.1:41234" */
	char		 user[64], domain[128], password[40];
	char		 media[48];		/* what its SDP claims */
	uint16_t	 media_port;
	struct addr	 media_to;		/* where the other side wants its RTP */
	unsigned	 cseq;
	char		 call_id[48], tag[24];
	char		 peer[128], peer_tag[64];	/* its AOR, once in a call */
	char		 remote_target[256], routes[1024];
	char		 got[TESTPHONE_MAX];	/* the last message, terminated */
	size_t		 len;
};

/* Local sockets beside the server's address. 0 or -errno. */
int	testphone_open(struct testphone *p, const char *user, const char *domain,
	    const char *password, const struct addr *server);
void	testphone_close(struct testphone *p);

/*
 * The final code, challenges answered; -ETIMEDOUT without any. expires 0 removes the
 * binding.
 */
int	testphone_register(struct testphone *p, unsigned expires);

/* The caller: sends the INVITE, answers a challenge, and is back when that is done. */
int	testphone_invite(struct testphone *p, const char *aor);
/* The callee: takes an INVITE, answers 180 and 200. */
int	testphone_answer(struct testphone *p);
/* The caller: the final code, acknowledged. */
int	testphone_answered(struct testphone *p);
int	testphone_acked(struct testphone *p);
/* The caller hangs up; the callee says 200. Both: 0, a code, or -ETIMEDOUT. */
int	testphone_bye(struct testphone *caller, struct testphone *callee);

/* What it offers or answers; where another's SDP wants RTP to go, false: it does not say. */
void	testphone_sdp(const struct testphone *p, struct text *t);
bool	testphone_take_sdp(struct testphone *p, struct str body);

/* Does the SDP of the last answer lead to the media proxy, not to the other phone? */
bool	testphone_proxied(const struct testphone *p, const struct testphone *other);

/*
 * Both send a tone for n packets of 20 ms at the same time; how many of them the
 * other heard, octet for octet.
 */
void	testphone_talk(struct testphone *a, struct testphone *b, unsigned n,
	    unsigned heard[2]);

#endif
