/*
 * wire - sending: one door for all transports.
 */
#include "sipd/wire.h"

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "sipd/listeners.h"
#include "sipd/meters.h"
#include "sipd/record.h"
#include "sipd/sockets.h"
#include "sipd/tcp.h"
#include "sipd/udp.h"

int
wire_send(struct worker *w, const struct hop *to, struct str bytes,
    unsigned flags, uint64_t token)
{
	const struct listener	*l = listener_for(to);
	const struct addr	*local = &to->local;
	int			 error;

	if (bytes.len > MESSAGE_MAX)
		return -EMSGSIZE;
	if (to->remote.len == 0 || addr_port(&to->remote) == 0)
		error = -EDESTADDRREQ;
	else if (to->transport == TRANSPORT_UDP)
		error = l == NULL ? -EADDRNOTAVAIL :
		    udp_send(w->udp, l, to, bytes, token);
	else if (to->transport == TRANSPORT_TCP || to->transport == TRANSPORT_TLS)
		error = tcp_send(w, to, bytes, flags, token);
	else
		error = -EPROTONOSUPPORT;
	if (local->len == 0 && l != NULL)
		local = &l->addr;
	if (error == 0)
		meter_out(w, to->transport, bytes);
	record_out(w, to, local, bytes, error);
	return error;
}

/* The address that the kernel would choose for this destination. */
static int
chosen(const struct addr *to, uint16_t port, struct addr *out)
{
	int	fd, error;

	fd = socket(to->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	error = connect(fd, &to->sa, to->len) < 0 ? -errno :
	    socket_local(fd, out);
	close(fd);
	if (error == 0)
		addr_set_port(out, port);
	return error;
}

static bool
is_beyond(const struct addr *far)
{
	return !addr_is_loopback(far) &&
	    !nets_have(&settings_now()->lan_networks, far);
}

int
wire_told(struct worker *w, const struct hop *to, struct addr *out)
{
	const struct listener	*l = listener_for(to);
	const struct listen	*rules = l == NULL ? NULL :
	    atomic_load_explicit(&l->rules, memory_order_acquire);

	if (rules != NULL && rules->told != NULL && is_beyond(&to->remote) &&
	    listen_told(rules, out))
		return 0;
	return wire_local(w, to, out);
}

int
wire_local(struct worker *w, const struct hop *to, struct addr *out)
{
	const struct listener	*l = listener_for(to);

	if (l == NULL)
		return -EADDRNOTAVAIL;
	if (!l->wildcard) {
		*out = l->addr;
		return 0;
	}
	if (to->local.len > 0 && !addr_is_wildcard(&to->local)) {
		*out = to->local;
		addr_set_port(out, addr_port(&l->addr));
		return 0;
	}
	return chosen(&to->remote, addr_port(&l->addr), out) < 0 ?
	    -EADDRNOTAVAIL : 0;
}
