#ifndef COMMON_DNS_CACHE_H
#define COMMON_DNS_CACHE_H

#include <bsd/sys/queue.h>

#include "common/dns.h"
#include "common/mono.h"

/*
 * What dns.c knows: one entry a question, with who waits for it. Owned by one
 * thread. An entry is good for as long as its records say; after that it is kept
 * for a day, to be used when no name server answers (RFC 8767).
 */
#define DNS_ENTRIES_MAX	4096
#define DNS_BYTES_MAX	(4u << 20)	/* of records and names together */
#define DNS_STALE_MS	INT64_C(86400000)

LIST_HEAD(dns_asks, dns_ask);

struct dns_entry {
	struct dns_asks	 waiting;
	bool		 asking;	/* a question is out */
	bool		 pinned;	/* being told to those who waited */
	bool		 by_stream;	/* asked over TCP after a doubtful answer */
	struct mono	 asked;
	struct dns_set	*set;		/* NULL: nothing is known */
	size_t		 bytes;		/* of set */
	struct mono	 expires;	/* set is good until then */
	struct mono	 hold;		/* after a failure: not asked again until then */
	int		 error;		/* that failure */
	TAILQ_ENTRY(dns_entry) entry;	/* the least used first */
	enum dns_type	 type;
	char		 sent[DNS_NAME_MAX + 1];	/* letters as they were asked */
	uint16_t	 key_len;
	char		 key[];		/* type, then the name in lower case and NUL */
};

struct dns_cache;

struct dns_cache *dns_cache_new(void);
void	dns_cache_free(struct dns_cache *c);	/* NULL is fine; nobody waits */
/*
 * The entry of this question; made when there is none, for which others may have
 * to go. NULL: all are in use. name: lower case, at most DNS_NAME_MAX.
 */
struct dns_entry *dns_cache_entry(struct dns_cache *c, enum dns_type type,
	    struct str name);
/* Takes over what an answer says, good from now on. */
void	dns_cache_put(struct dns_cache *c, struct dns_entry *e,
	    const struct dns_answer *a, struct mono now);
/* What can be said of e now, without asking: 0 and *out, -errno, or -EINPROGRESS. */
int	dns_cache_look(const struct dns_entry *e, struct mono now,
	    const struct dns_set **out);
/* Of e, though it is older than its records allow; NULL: nothing, or too old. */
const struct dns_set *dns_cache_stale(const struct dns_entry *e, struct mono now);
static inline struct str
dns_entry_name(const struct dns_entry *e)
{
	return str_make(e->key + 1, (size_t)e->key_len - 1);
}
/* Walks all, the least used first: from NULL, to NULL. */
struct dns_entry *dns_cache_next(struct dns_cache *c, struct dns_entry *e);

#endif
