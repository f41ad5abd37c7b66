/*
 * doctor_system - the machine: what the kernel drops, how much it buffers, which
 * ports it lends to others, what it does to SIP on its own.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timex.h>

#include "sipctl/doctor.h"

#define BUFFER_WANTED	(4 * 1024 * 1024)	/* octets: 60 000 calls/s for 50 ms */
#define MTU_WANTED	1400			/* octets: below, a plain INVITE is cut */

/* The first number of a file of /proc or /sys; -1. */
static long long
number_in(const char *path)
{
	FILE		*f = fopen(path, "r");
	long long	 n = -1;

	if (f == NULL)
		return -1;
	if (fscanf(f, "%lld", &n) != 1)
		n = -1;
	fclose(f);
	return n;
}

/* Is this the port of one of our UDP sockets? */
static bool
is_ours(const struct settings *s, unsigned port)
{
	for (size_t i = 0; i < s->listen.n; i++)
		if (s->listen.v[i].transport == TRANSPORT_UDP &&
		    addr_port(&s->listen.v[i].addr) == port)
			return true;
	return false;
}

static long long
drops_in(const struct settings *s, const char *path)
{
	FILE		*f = fopen(path, "r");
	char		 line[512];
	unsigned	 port;
	long long	 sum = 0;

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		const char	*last = strrchr(line, ' ');

		line[strcspn(line, "\n")] = '\0';
		while (last != NULL && last[1] == '\0' && last > line) {
			line[last - line] = '\0';
			last = strrchr(line, ' ');
		}
		if (sscanf(line, "%*d: %*[0-9A-Fa-f]:%x", &port) == 1 && last != NULL &&
		    is_ours(s, port))
			sum += atoll(last + 1);
	}
	fclose(f);
	return sum;
}

void
doctor_udp_drops(struct doctor *d)
{
	long long	n = drops_in(d->settings, "/proc/net/udp") +
			    drops_in(d->settings, "/proc/net/udp6");

	if (n == 0)
		doctor_fine(d, "udp-drops", "the kernel dropped no datagram of our sockets");
	else
		doctor_finding(d, "udp-drops", "sipctl stats",
		    "the kernel dropped %lld datagrams because a socket was full", n);
}

void
doctor_buffers(struct doctor *d)
{
	long long	n = number_in("/proc/sys/net/core/rmem_max");

	if (n >= BUFFER_WANTED || n < 0)
		doctor_fine(d, "udp-buffers", "sockets may buffer %lld octets", n);
	else
		doctor_finding(d, "udp-buffers", "sysctl -w net.core.rmem_max=4194304",
		    "sockets may buffer %lld octets only: a burst of calls is dropped", n);
}

void
doctor_clock(struct doctor *d)
{
	struct timex	t = { .modes = 0 };

	if (adjtimex(&t) >= 0 && (t.status & STA_UNSYNC) == 0)
		doctor_fine(d, "clock", "the clock is synchronized");
	else
		doctor_finding(d, "clock", "timedatectl set-ntp true",
		    "the clock is not synchronized: certificates, nonces and records of calls "
		    "need it");
}

/* Ports that the kernel gives to connections of others must not be ours. */
void
doctor_ports(struct doctor *d)
{
	FILE		*f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "r");
	char		 command[96];
	unsigned	 min = 0, max = 0;
	int		 n = f != NULL ? fscanf(f, "%u %u", &min, &max) : 0;

	if (f != NULL)
		fclose(f);
	for (size_t i = 0; n == 2 && i < d->settings->media.n; i++) {
		const struct media_range	*r = &d->settings->media.v[i];

		if (r->port_min <= max && r->port_max >= min) {
			snprintf(command, sizeof(command), "sysctl -w "
			    "net.ipv4.ip_local_reserved_ports=%u-%u", r->port_min,
			    r->port_max);
			doctor_finding(d, "media-ports", command,
			    "media ports %u-%u overlap with %u-%u, which the kernel lends to "
			    "connections: reserve them or choose others", r->port_min,
			    r->port_max, min, max);
			return;
		}
	}
	doctor_fine(d, "media-ports", "nobody else is given media ports");
}

void
doctor_alg(struct doctor *d)
{
	FILE	*f = fopen("/proc/modules", "r");
	char	 line[512];
	bool	 found = false;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		found |= strncmp(line, "nf_nat_sip ", 11) == 0 ||
		    strncmp(line, "nf_conntrack_sip ", 17) == 0;
	if (f != NULL)
		fclose(f);
	if (!found)
		doctor_fine(d, "sip-alg", "this kernel does not rewrite SIP");
	else
		doctor_finding(d, "sip-alg", "rmmod nf_nat_sip nf_conntrack_sip",
		    "the kernel's SIP helper is loaded: it rewrites addresses in SIP behind "
		    "our back");
}

void
doctor_mtu(struct doctor *d)
{
	struct dirent	*e;
	DIR		*dir = opendir("/sys/class/net");
	char		 path[300];
	long long	 n;
	bool		 found = false;

	while (dir != NULL && (e = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "/sys/class/net/%s/mtu", e->d_name);
		if (e->d_name[0] == '.' || (n = number_in(path)) < 0 || n >= MTU_WANTED)
			continue;
		found = true;
		doctor_finding(d, "mtu", "sipctl config describe udp-size-outside",
		    "interface %s carries %lld octets only: larger requests want TCP",
		    e->d_name, n);
	}
	if (dir != NULL)
		closedir(dir);
	if (!found)
		doctor_fine(d, "mtu", "every interface carries a whole INVITE");
}
