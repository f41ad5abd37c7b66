/*
 * relay - whose requests go to addresses outside.
 *
 * The conditions stand in a table, in the order in which the administrator reads
 * them; the first that holds lets everybody through. When none does, who proves to
 * have an account here may relay, and the others are asked for a proof.
 */
#include "routed/relay.h"

#include "common/route.h"

static bool
target_is_client(const struct relay_question *q)
{
	const struct set_nets	*nets = &q->settings->client_networks;
	struct addr		 a;

	return addr_parse(&a, q->target, 0) == 0 &&
	    nets_have_named(nets, &a, q->target_name);
}

static bool
by_us(const struct relay_question *q)
{
	return q->by_us;
}

/* Row 117. Of several records on the way each has to let it. */
static bool
by_record(const struct relay_question *q)
{
	return q->by_record && !q->withheld;
}

static bool
urgent(const struct relay_question *q)
{
	return q->urgent;
}

static bool
source_is_client(const struct relay_question *q)
{
	const struct set_nets	*nets = &q->settings->client_networks;

	return q->settings->relay_to_non_clients == RELAY_CLIENTS &&
	    q->source != NULL &&
	    nets_have_named(nets, q->source, q->source_name);
}

static bool
anybody(const struct relay_question *q)
{
	return q->settings->relay_to_non_clients == RELAY_ANYBODY;
}

static const struct {
	bool		(*holds)(const struct relay_question *q);
	const char	*yes, *no;
} conditions[] = {
	{ target_is_client, "the target is in client-networks",
	    "the target is not in client-networks" },
	{ urgent, "it is an emergency number", NULL },
	{ by_us, "the directory or a rule of ours leads there",
	    "nothing in the directory leads there" },
	{ source_is_client, "the source is in client-networks, and clients may",
	    "the source is not one of the clients that may" },
	{ anybody, "relay-to-non-clients is anybody",
	    "relay-to-non-clients is not anybody" },
	{ by_record, "a record without NoRelay: leads there",
	    "no record lets everybody relay there" },
};

void
relay_judge(const struct relay_question *q, struct relay_verdict *out,
    struct trace *t)
{
	size_t	n = sizeof(conditions) / sizeof(conditions[0]);

	*out = (struct relay_verdict){ 0 };
	if (q->settings->relay_to_non_clients == RELAY_CLIENTS)
		out->depends = DEPENDS_SOURCE;
	for (size_t i = 0; i < n; i++) {
		if (conditions[i].holds(q)) {
			trace_step(t, "relay", true, "%s", conditions[i].yes);
			return;
		}
		if (conditions[i].no != NULL)
			trace_step(t, "relay", false, "%s", conditions[i].no);
	}
	trace_step(t, "relay", true, "only for who authenticates here");
	out->if_not = 407;
	out->reason = STR("Proxy Authentication Required");
}
