/*
 * doctor_house - what this house serves: the names of its domains, its certificates,
 * its disk, whom it relays for.
 */
#include <arpa/nameser.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/mono.h"
#include "sipctl/ask.h"
#include "sipctl/doctor.h"

#define DAYS_WANTED	21	/* of a certificate: as in status */
#define FREE_WANTED	0.05	/* of the file system */
#define SYNC_WANTED_MS	20	/* a REGISTER waits for one */
#define SYNCS		5

/* ---- names ---- */

/* Records of one type; -1: no answer. */
static int
count_records(const char *name, int type)
{
	unsigned char	answer[4096];
	int		n = res_query(name, ns_c_in, type, answer, sizeof(answer));

	if (n < 12)
		return h_errno == HOST_NOT_FOUND || h_errno == NO_DATA ? 0 : -1;
	return answer[6] << 8 | answer[7];
}

static void
check_domain(struct doctor *d, const char *domain)
{
	static const char	*const services[] = { "_sip._udp", "_sip._tcp", "_sips._tcp" };
	char			 name[300], command[400];
	int			 srv = 0, n, naptr = count_records(domain, ns_t_naptr);

	if (naptr < 0) {
		doctor_finding(d, "dns", "resolvectl status", "no name server answers about %s",
		    domain);
		return;
	}
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		snprintf(name, sizeof(name), "%s.%s", services[i], domain);
		if ((n = count_records(name, ns_t_srv)) > 0)
			srv += n;
	}
	snprintf(command, sizeof(command), "dig _sip._udp.%s SRV", domain);
	if (srv > 0)
		doctor_fine(d, "dns", "%s has %d SRV and %d NAPTR records", domain, srv, naptr);
	else if (count_records(domain, ns_t_a) > 0 || count_records(domain, ns_t_aaaa) > 0)
		doctor_finding(d, "dns", command, "%s has an address, but no SRV records: "
		    "others find this server only if that address is ours", domain);
	else
		doctor_finding(d, "dns", command, "%s is not in the DNS: phones need this "
		    "server as outbound proxy, and nobody outside can call", domain);
}

void
doctor_dns(struct doctor *d)
{
	res_init();
	_res.retrans = 1;
	_res.retry = 1;
	for (size_t i = 0; i < d->settings->domains.n; i++)
		check_domain(d, d->settings->domains.v[i]);
}

/* ---- certificates ---- */

void
doctor_certificates(struct doctor *d)
{
	json_t	*rows, *row;
	size_t	 i, bad = 0;

	if (ask_show(d->c, "sipd", "certificates", NULL, &rows) != CTL_DONE)
		return;
	json_array_foreach(rows, i, row) {
		long long	 days = json_integer_value(json_object_get(row, "days_left"));
		const char	*domain = json_string_value(json_object_get(row, "domain"));

		if (days >= DAYS_WANTED)
			continue;
		bad++;
		doctor_finding(d, "certificates", "sipctl cert show",
		    "the certificate of %s ends in %lld days", domain != NULL ? domain : "?",
		    days);
	}
	if (bad == 0)
		doctor_fine(d, "certificates", "%zu certificates, none ends soon",
		    json_array_size(rows));
	json_decref(rows);
}

/* ---- disk ---- */

static int
compare(const void *a, const void *b)
{
	int64_t	x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* The median time of a small write that is on disk; -1. */
static int64_t
sync_us(const char *dir)
{
	char	path[4096];
	int64_t	took[SYNCS];
	int	fd;

	snprintf(path, sizeof(path), "%s/.doctor-XXXXXX", dir);
	if ((fd = mkostemp(path, O_CLOEXEC)) < 0)
		return -1;
	unlink(path);
	for (size_t i = 0; i < SYNCS; i++) {
		struct mono	begin = mono_now();

		if (write(fd, "doctor\n", 7) != 7 || fdatasync(fd) < 0) {
			close(fd);
			return -1;
		}
		took[i] = (mono_now().ns - begin.ns) / 1000;
	}
	close(fd);
	qsort(took, SYNCS, sizeof(took[0]), compare);
	return took[SYNCS / 2];
}

void
doctor_disk(struct doctor *d)
{
	const char	*dir = d->c->dirs.state;
	struct statvfs	 v;
	double		 left;
	int64_t		 us;

	if (statvfs(dir, &v) < 0) {
		doctor_finding(d, "disk", "sipctl status", "%s: %s", dir, strerror(errno));
		return;
	}
	left = v.f_blocks > 0 ? (double)v.f_bavail / (double)v.f_blocks : 1;
	if (left < FREE_WANTED) {
		doctor_finding(d, "disk", "df -h", "%s: %.1f%% free: when it is full, no "
		    "registration is taken", dir, left * 100);
		return;
	}
	if ((us = sync_us(dir)) < 0)
		return;		/* not ours to write */
	if (us > SYNC_WANTED_MS * 1000)
		doctor_finding(d, "disk", "sipctl config describe register-durability",
		    "a write to %s takes %lld ms to be safe: registrations wait for it", dir,
		    (long long)us / 1000);
	else
		doctor_fine(d, "disk", "%.0f%% free, a write is safe after %.1f ms", left * 100,
		    (double)us / 1000);
}

/* ---- relay ---- */

void
doctor_relay(struct doctor *d)
{
	if (d->settings->relay_to_non_clients == RELAY_ANYBODY)
		doctor_finding(d, "relay", "sipctl config set relay-to-non-clients clients",
		    "this server relays for anybody: the bill will be yours");
	else
		doctor_fine(d, "relay", "strangers are not relayed");
}
