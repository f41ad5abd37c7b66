/* publish - tells sipd which domains are ours and which decisions to forget. */
#include "routed/routed.h"

void
publish_domain(void *arg, struct str name, uint64_t version, bool deleted)
{
	struct routed		*r = arg;
	struct msg_domain	 m = { name, version, deleted };

	if (r->feed != NULL)
		feed_publish(r->feed, MSG_DOMAIN, &m);
}

void
publish_forget(void *arg, struct str key)
{
	struct routed		*r = arg;
	struct msg_forget	 m = { key };

	if (r->feed != NULL)
		feed_publish(r->feed, MSG_FORGET, &m);
}

uint64_t
publish_walk(void *arg, uint64_t cursor, struct feed *f)
{
	struct routed		*r = arg;
	struct msg_domain	 m = { 0 };
	bool			 fits = true;

	for (; fits && cursor < domains_count(r->domains); cursor++) {
		m.name = domains_name(r->domains, cursor, &m.version);
		fits = feed_emit(f, MSG_DOMAIN, &m);
	}
	return cursor < domains_count(r->domains) ? cursor : 0;
}
