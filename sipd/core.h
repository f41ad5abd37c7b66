#ifndef SIPD_CORE_H
#define SIPD_CORE_H

#include <stdint.h>

#include "common/keys.h"
#include "sipd/inbound.h"
#include "sipd/msg.h"
#include "sipd/txn.h"
#include "sipd/wheel.h"

/*
 * Bounds on what identifies a message (Call-ID, tags, branch, sent-by), on
 * method names and on URIs; beyond them 400 or 414. Other texts that go to
 * other daemons are cut at AGENT_MAX, or their request is refused.
 */
#define ID_MAX		255
#define METHOD_MAX	64
#define URI_MAX		2048
#define AGENT_MAX	255

/* The upper half of one worker: what the rooms above the wire share. */
struct core {
	struct worker	*w;
	struct txns	*txns;
	struct calls	*calls;
	struct ringings	*ringing;
	struct sip_msg	*msg;		/* of the packet being handled */
	uint64_t	 msg_serial;	/* what it is kept as; 0: not kept */
	struct sip_msg	*kept;		/* of a message kept from before */
	uint64_t	 kept_serial;	/* which one that is; 0: none */
	uint64_t	 serials;	/* given so far */
	struct slab	*proxies;	/* proxy.c's */
	struct slab	*legs;
	struct merged	*merged;
	char		*body;		/* MESSAGE_MAX octets: a second text */
	struct mono	 backs_since;	/* back.c's */
	unsigned	 backs;
	struct wheel_timer idle_time;	/* idle.c's */
	uint32_t	 idle_at;
};

/* The house's keys: nonces, branches, cookies. Before any worker runs. */
int	core_keys(const char *dir);
const struct keyring *core_nonce_keys(void);

/*
 * Parses what was kept from an earlier packet into w's second scratch: valid
 * until the next call on this worker. serial names the copy, which must not
 * change or move while it has that name: the same again is not parsed again, nor
 * is the packet that is being handled, once msg_serial says that it is kept. 0:
 * parse it in any case.
 */
const struct sip_msg *core_reparse(struct worker *w, struct str bytes,
	    uint64_t serial);

/* What the sender calls itself, cut to AGENT_MAX: User-Agent or Server. */
struct str core_agent(const struct sip_msg *m);

/*
 * Is this URI ourselves: one of our domains, or the address and port of a
 * listener (of the socket that received the packet, when it is a wildcard).
 */
bool	core_is_us(const struct inbound *in, const struct uri *u);

/*
 * The address of record that u means here, in buf or empty: one of our addresses
 * in the place of a domain stands for the main one, as routed has it.
 */
struct str core_aor(const struct inbound *in, const struct uri *u, char buf[AOR_MAX]);

#endif
