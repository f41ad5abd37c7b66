#ifndef SIPD_NEXTHOP_PARTS_H
#define SIPD_NEXTHOP_PARTS_H

#include "common/dns.h"
#include "sipd/nexthop.h"
#include "sipd/nexthop_order.h"
#include "sipd/wheel.h"

/*
 * The inside of the targets of a name, shared by nexthop.c (which target comes next) and
 * nexthop_steps.c (what name servers are asked, and in what order). Nobody else
 * includes it.
 */
#define SERVICES_MAX	8	/* of the name's NAPTR records, or ours */
#define ADDRESSES_MAX	16	/* of one server */

enum step {
	STEP_HOSTS,		/* /etc/hosts */
	STEP_NAPTR,
	STEP_SERVICE,		/* the next service: its SRV records */
	STEP_SERVER,		/* the next server: its addresses */
	STEP_END,
};

struct service {
	enum transport	 transport;
	char		*name;		/* of its SRV records */
};

struct server {
	enum transport	 over;
	uint16_t	 port;
	char		*name;
};

/* One question and what became of it. */
struct asking {
	struct nexthop	*n;
	struct dns_ask	 ask;
	enum dns_type	 type;
	void		(*take)(struct nexthop *n, const struct dns_set *set);
	char		 name[DNS_NAME_MAX + 1];	/* of an alias by now */
	bool		 done;
};

struct nexthop {
	struct worker	*w;
	nexthop_fn	*fn;
	void		*arg;
	struct hop	 from;		/* remote.len 0: it did not come in */
	bool		 secure;
	bool		 insist;
	struct hop	 last;
	enum transport	 transport;	/* of the URI; NONE: none written */
	uint16_t	 port;
	char		 host[DNS_NAME_MAX + 1];

	enum step	 step;
	bool		 has_srv;
	bool		 fallen_back;	/* without SRV: the host's own addresses */
	struct service	 services[SERVICES_MAX];
	unsigned	 nservices, service;
	struct server	 servers[TARGETS_MAX];
	unsigned	 nservers, server;
	struct destination addresses[ADDRESSES_MAX];
	unsigned	 naddresses, address;
	enum transport	 over;		/* transport and port of these */
	uint16_t	 at_port;
	struct hop	 given[TARGETS_MAX];
	unsigned	 ngiven;
	struct hop	 spared;	/* the first that is black-listed */

	struct asking	 asking[2];	/* AAAA and A; else the first alone */
	unsigned	 questions, aliases;
	int		 error;		/* why there is none */
	struct mono	 since;		/* waiting since then */
	int64_t		 left_ms;	/* of waiting */
	struct wheel_timer deadline;
};

/* What says most about why there is no target: a refusal before a failure. */
void	nexthop_note(struct nexthop *n, int error);
void	nexthop_forget_servers(struct nexthop *n);

/* nexthop_steps.c */
/*
 * What became of a question: along aliases that the servers did not follow
 * themselves, and in the end what the step does with the records.
 */
int	nexthop_answered(struct asking *a, int error, const struct dns_set *set);
/* One step on. -EINPROGRESS; 0: done, whatever came of it. */
int	nexthop_advance(struct nexthop *n);
/* What the step asked for is here. */
void	nexthop_settle(struct nexthop *n, enum step step);

#endif
