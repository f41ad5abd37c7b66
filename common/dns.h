#ifndef COMMON_DNS_H
#define COMMON_DNS_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/dns_answer.h"
#include "common/loop.h"
#include "common/mono.h"
#include "common/str.h"

/*
 * Names, looked up without waiting: one resolver a loop, with a cache of its own.
 * Records are used for as long as they say, "there is none" for as long as the
 * zone says (RFC 2308), and records that are past it when no name server answers
 * (RFC 8767).
 *
 * Against forged answers (S26): the port is random, so is the id, so is the case
 * of the letters asked for; an answer that does not repeat them is asked for again
 * over TCP.
 */
struct dns;

/* All is copied. */
struct dns_config {
	const char *const *servers;	/* "192.0.2.53", "[::1]:5353"; the first first */
	size_t		 nservers;	/* 0: those of the system, as they are now */
	int64_t		 timeout_ms;	/* of one server, the first time; doubled then */
	unsigned	 asking_max;	/* questions out at the same time */
};

/* Records of one question, sorted; borrowed: valid until the handler returns. */
struct dns_set {
	bool		 none;		/* certain: there are none */
	struct str	 alias;		/* ask for this name instead; else empty */
	struct mono	 expires;	/* what it says is good until then */
	unsigned	 n;
	struct dns_record v[];
};

/* To keep; free() it. */
struct dns_set *dns_set_copy(const struct dns_set *set);

typedef void dns_fn(void *arg, int error, const struct dns_set *set);

/* One who asks: the storage is the caller's, zeroed. */
struct dns_ask {
	dns_fn		*fn;
	void		*arg;
	bool		 waiting;
	LIST_ENTRY(dns_ask) entry;	/* dns.c's */
};

struct settings;

/* As the settings have it; borrows their texts. */
struct dns_config dns_config_of(const struct settings *s);

struct dns *dns_new(struct loop *l, const struct dns_config *c);
/* Tells -ECANCELED to all who wait. NULL is fine. */
void	dns_free(struct dns *d);
/*
 * Other servers are asked from now on; what is known stays known. Not from
 * within a handler of an answer.
 */
void	dns_configure(struct dns *d, const struct dns_config *c);

/*
 * 0 and *out when it is known; -EINPROGRESS: q->fn will be called, never from
 * within; else why it will not be known: -EINVAL no name, -ETIMEDOUT no server
 * answers, -EREMOTEIO a server failed, -EBADMSG nothing readable, -ELOOP a ring
 * of aliases, -EBUSY too many questions.
 *
 * DNS_HOSTS: the addresses that the file /etc/hosts has, of both families; never
 * -EINPROGRESS. A and AAAA look there, too, before they ask.
 */
int	dns_ask(struct dns *d, struct dns_ask *q, enum dns_type type,
	    struct str name, const struct dns_set **out);
/* fn will not be called. Fine at any time. */
void	dns_cancel(struct dns_ask *q);

#endif
