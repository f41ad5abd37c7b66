/*
 * gateway_show - a gateway's state as others see it: the feed, sipctl, warnings.
 */
#include "gwregd/gateway_internal.h"

#include <stdio.h>

#include "common/mono.h"
#include "common/stats.h"

enum gateway_state
gateway_state(const struct gateway *w)
{
	const struct machine *m = &w->machine;

	if (machine_registered(m, boot_ms()) && m->state != ST_LEAVING)
		return GATEWAY_REGISTERED;
	switch (m->state) {
	case ST_OFF:
	case ST_LEAVING:
		return GATEWAY_OFF;
	default:
		return m->failures > 0 ? GATEWAY_FAILED : GATEWAY_TRYING;
	}
}

const char *
gateway_reason(const struct gateway *w)
{
	switch (gateway_state(w)) {
	case GATEWAY_FAILED:
		return w->error;
	case GATEWAY_OFF:
		return w->set->disabled ? "disabled" :
		    "nothing to register";
	default:
		return "";
	}
}

static struct msg_gateway
message(struct gateway *w)
{
	return (struct msg_gateway){
		.name = str_of(w->name), .version = gwregd_version(w->g),
		.deleted = w->dying, .state = (uint8_t)gateway_state(w),
		.domain = str_of(w->set->domain), .channels = w->set->channels,
		.reason = str_of(gateway_reason(w)),
		.next_hop = str_of(w->id.next_hop),
		.aor = w->set->username[0] != '\0' ? str_of(w->id.aor) : STR_NONE,
		.contact = w->set->username[0] != '\0' ? str_of(w->id.contact) :
		    STR_NONE,
		.server = str_of(w->server),
		.authenticate = (uint8_t)w->set->calls_authenticate,
		.substitute_from = w->set->substitute_from,
		.substitute_to = w->set->substitute_to,
		.disabled = w->set->disabled,
		.probe = (uint8_t)w->probing.probe.state,
		.probe_reason = str_of(w->probing.reason),
		.service_route = machine_registered(&w->machine, boot_ms()) ?
		    str_of(w->keep.service_route) : STR_NONE,
	};
}

/* It is one of the gauge's, or none of them any more. */
static void
count(struct gateway *w, bool registered)
{
	stats->gw_registered = stats->gw_registered + registered - w->counted;
	w->counted = registered;
}

void
gateway_uncount(struct gateway *w)
{
	count(w, false);
}

void
gateway_publish(struct gateway *w)
{
	struct msg_gateway m = message(w);

	count(w, m.state == GATEWAY_REGISTERED);
	if (w->g->self->feed != NULL)
		feed_publish(w->g->self->feed, MSG_GATEWAY, &m);
}

bool
gateway_emit(struct gateway *w, struct feed *f)
{
	struct msg_gateway m = message(w);

	return feed_emit(f, MSG_GATEWAY, &m);
}

/* ---- showing ---- */

static const char *const probe_words[] = {
	[PROBE_NONE] = "none", [PROBE_UP] = "up", [PROBE_DOWN] = "down",
};

/* For one column: what is worth knowing first. */
static const char *
state_word(const struct gateway *w)
{
	if (w->probing.probe.state == PROBE_DOWN)
		return "down";
	switch (gateway_state(w)) {
	case GATEWAY_REGISTERED:
		return "registered";
	case GATEWAY_TRYING:
		return "trying";
	case GATEWAY_FAILED:
		return "failed";
	default:
		return w->set->disabled ? "disabled" : "unregistered";
	}
}

bool
gateway_registers(const struct gateway *w)
{
	return !w->dying && w->set->username[0] != '\0' && !w->set->disabled;
}

void
gateway_show(struct gateway *w, struct show *s)
{
	int64_t now_ms = boot_ms(), next_s;
	char error[260];
	const struct machine *m = &w->machine;

	if (w->dying)
		return;
	show_row(s);
	show_text(s, "name", str_of(w->name));
	show_text(s, "state", str_of(state_word(w)));
	if (w->set->username[0] != '\0')
		show_text(s, "registered_as", str_of(w->id.aor + 4));
	else
		show_null(s, "registered_as");
	show_text_or_null(s, "server", str_of(w->server));
	if (gateway_registered(w))
		show_number(s, "expires_s", (m->until_ms - now_ms) / 1000);
	else
		show_null(s, "expires_s");
	if (w->rtt_ms >= 0)
		show_number(s, "rtt_ms", w->rtt_ms);
	else
		show_null(s, "rtt_ms");
	show_null(s, "calls");
	show_number(s, "channels", w->set->channels);
	next_s = (m->wake_ms - now_ms + 999) / 1000;
	if (w->error[0] != '\0' && machine_backs_off(m))
		(void)snprintf(error, sizeof(error), "%s, next try in %lld:%02lld",
		    w->error, (long long)next_s / 60, (long long)next_s % 60);
	else
		(void)snprintf(error, sizeof(error), "%s", w->error);
	show_text(s, "last_error", str_of(error));
	show_text(s, "admin", w->set->disabled ? STR("disabled") :
	    STR("enabled"));
	show_text(s, "registration", str_of(machine_state_name(m->state)));
	show_text(s, "probe", str_of(probe_words[w->probing.probe.state]));
	show_text(s, "probe_reason", str_of(w->probing.reason));
	if (w->probing.last_ms > 0)
		show_number(s, "probe_ago_s", (now_ms - w->probing.last_ms) / 1000);
	else
		show_null(s, "probe_ago_s");
	show_text(s, "domain", str_of(w->set->domain));
}

bool
gateway_in_trouble(const struct gateway *w)
{
	return !w->dying && (gateway_state(w) == GATEWAY_FAILED ||
	    w->probing.probe.state == PROBE_DOWN);
}

void
gateway_warn(const struct gateway *w, struct status_is *out)
{
	bool down = w->probing.probe.state == PROBE_DOWN;
	char command[300];

	(void)snprintf(command, sizeof(command), "sipctl gw show %s", w->name);
	status_warn(out, command, "gateway %s: %s%s", w->name, down ?
	    "does not answer probes: " : "", down ? w->probing.reason : w->error);
}

bool
gateway_registered(const struct gateway *w)
{
	return gateway_state(w) == GATEWAY_REGISTERED;
}
