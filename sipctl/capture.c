/*
 * capture - messages as packets: pcap (draft-ietf-opsawg-pcap, LINKTYPE_RAW) and
 * HEP 3, the encapsulation of Homer's and sngrep's collectors.
 */
#include "sipctl/capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <unistd.h>

#define LINKTYPE_RAW	101	/* IPv4 or IPv6, which the first octet says */
#define IPV4_HEAD	20
#define IPV6_HEAD	40
#define UDP_HEAD	8
#define PAYLOAD_MAX	(65535 - IPV6_HEAD - UDP_HEAD)
#define PACKET_MAX	65535

/* One message with the ends it went between. */
struct datagram {
	const struct record_message *m;
	struct str	text;
	const uint8_t	*from, *to;	/* 4 or 16 octets */
	uint16_t	from_port, to_port;
	uint64_t	us;		/* since 1970 */
};

/* In octets of the network, one after another. */
struct octets {
	uint8_t	v[PACKET_MAX + 1024];
	size_t	n;
};

static void
add(struct octets *o, const void *p, size_t n)
{
	if (n > sizeof(o->v) - o->n)
		n = sizeof(o->v) - o->n;
	memcpy(o->v + o->n, p, n);
	o->n += n;
}

static void
add8(struct octets *o, uint8_t v)
{
	add(o, &v, sizeof(v));
}

static void
add16(struct octets *o, size_t v)
{
	uint16_t	be = htons((uint16_t)v);

	add(o, &be, sizeof(be));
}

static void
add32(struct octets *o, uint32_t v)
{
	uint32_t	be = htonl(v);

	add(o, &be, sizeof(be));
}

/* False: not a message, or of no address. */
static bool
datagram_of(const struct trace *t, const struct trace_record *r,
    struct record_message *m, struct datagram *d)
{
	const struct record	*first = t->v[0].c;

	if ((r->c->kind != RECORD_IN && r->c->kind != RECORD_OUT) ||
	    !record_read_message(r->c, m, &d->text) || (m->family != 4 && m->family != 6))
		return false;
	d->m = m;
	if (d->text.len > PAYLOAD_MAX)
		d->text.len = PAYLOAD_MAX;
	d->from = r->c->kind == RECORD_IN ? m->remote : m->local;
	d->to = r->c->kind == RECORD_IN ? m->local : m->remote;
	d->from_port = r->c->kind == RECORD_IN ? m->remote_port : m->local_port;
	d->to_port = r->c->kind == RECORD_IN ? m->local_port : m->remote_port;
	/* Wall clocks are set and have milliseconds: the other clock says the order. */
	d->us = (uint64_t)(first->wall_ms * 1000 + (r->c->mono_ns - first->mono_ns) / 1000);
	return true;
}

/*
 * Keys of SDES were masked as they were recorded; a run of As in their place is a
 * key still, so that who reads captures does not take the message for broken.
 */
static void
add_text(struct octets *o, struct str text)
{
	static const struct str	key = STR("inline:");
	size_t			at = o->n, end;
	ptrdiff_t		found;

	add(o, text.s, text.len);
	while ((found = str_find(str_make((char *)o->v + at, o->n - at), key)) >= 0) {
		at += (size_t)found + key.len;
		for (end = at; end < o->n && o->v[end] == '*'; end++)
			o->v[end] = 'A';
	}
}

/* ---- pcap ---- */

/* RFC 1071: sum goes on over n octets, of which only the last may be odd. */
static uint32_t
sum_on(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	return sum;
}

static uint16_t
sum_end(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void
add_ipv4(struct octets *o, const struct datagram *d)
{
	uint16_t	sum;

	add16(o, 0x4500);
	add16(o, IPV4_HEAD + UDP_HEAD + d->text.len);
	add32(o, 0x4000);		/* no identification, do not fragment */
	add16(o, 64 << 8 | IPPROTO_UDP);
	add16(o, 0);
	add(o, d->from, 4);
	add(o, d->to, 4);
	sum = sum_end(sum_on(0, o->v, IPV4_HEAD));
	memcpy(o->v + 10, &sum, sizeof(sum));
}

static void
add_ipv6(struct octets *o, const struct datagram *d)
{
	add32(o, 0x60000000);
	add16(o, UDP_HEAD + d->text.len);
	add16(o, IPPROTO_UDP << 8 | 64);
	add(o, d->from, 16);
	add(o, d->to, 16);
}

/* RFC 768 with the pseudo header of either family. */
static void
add_udp(struct octets *o, const struct datagram *d)
{
	size_t		at = o->n, n = d->m->family == 4 ? 4 : 16;
	uint32_t	sum = IPPROTO_UDP;
	uint16_t	end;

	add16(o, d->from_port);
	add16(o, d->to_port);
	add16(o, UDP_HEAD + d->text.len);
	add16(o, 0);
	add_text(o, d->text);
	sum = sum_on(sum + (uint32_t)(o->n - at), o->v + at, o->n - at);
	end = sum_end(sum_on(sum_on(sum, d->from, n), d->to, n));
	memcpy(o->v + at + 6, &end, sizeof(end));
}

static void
make_packet(struct octets *o, const struct datagram *d)
{
	o->n = 0;
	if (d->m->family == 4)
		add_ipv4(o, d);
	else
		add_ipv6(o, d);
	add_udp(o, d);
}

void
capture_pcap(const struct trace *t, FILE *f)
{
	/* In this machine's order, which its first word tells. */
	const struct {
		uint32_t	magic;
		uint16_t	major, minor;
		uint32_t	zone, accuracy, snaplen, link;
	} head = { 0xa1b2c3d4, 2, 4, 0, 0, PACKET_MAX, LINKTYPE_RAW };
	struct octets		*o = xcalloc(1, sizeof(*o));
	struct record_message	 m;
	struct datagram		 d;

	fwrite(&head, sizeof(head), 1, f);
	for (size_t i = 0; i < t->n; i++)
		if (datagram_of(t, &t->v[i], &m, &d)) {
			make_packet(o, &d);
			fwrite((uint32_t[]){ (uint32_t)(d.us / 1000000),
			    (uint32_t)(d.us % 1000000), (uint32_t)o->n, (uint32_t)o->n },
			    sizeof(uint32_t), 4, f);
			fwrite(o->v, o->n, 1, f);
		}
	free(o);
}

/* ---- HEP 3 ---- */

/* The chunks of vendor 0. */
enum {
	HEP_FAMILY = 1, HEP_PROTOCOL = 2, HEP_FROM4 = 3, HEP_TO4 = 4, HEP_FROM6 = 5,
	HEP_TO6 = 6, HEP_FROM_PORT = 7, HEP_TO_PORT = 8, HEP_SECONDS = 9, HEP_US = 10,
	HEP_KIND = 11, HEP_AGENT = 12, HEP_PAYLOAD = 15, HEP_CALL_ID = 17,
};
#define HEP_KIND_SIP	1
#define HEP_AGENT_US	2026

static void
chunk(struct octets *o, uint16_t type, size_t n)
{
	add16(o, 0);
	add16(o, type);
	add16(o, 6 + n);
}

static void
chunk8(struct octets *o, uint16_t type, uint8_t v)
{
	chunk(o, type, 1);
	add8(o, v);
}

static void
chunk16(struct octets *o, uint16_t type, uint16_t v)
{
	chunk(o, type, 2);
	add16(o, v);
}

static void
chunk32(struct octets *o, uint16_t type, uint32_t v)
{
	chunk(o, type, 4);
	add32(o, v);
}

static void
chunk_octets(struct octets *o, uint16_t type, const void *p, size_t n)
{
	chunk(o, type, n);
	add(o, p, n);
}

static void
make_hep(struct octets *o, const struct datagram *d)
{
	bool		six = d->m->family == 6;
	struct str	call_id = record_slice(d->text, d->m->call_id);
	uint16_t	total;

	o->n = 0;
	add(o, "HEP3", 4);
	add16(o, 0);
	chunk8(o, HEP_FAMILY, six ? 10 : 2);
	chunk8(o, HEP_PROTOCOL, d->m->transport == TRANSPORT_UDP ? IPPROTO_UDP : IPPROTO_TCP);
	chunk_octets(o, six ? HEP_FROM6 : HEP_FROM4, d->from, six ? 16 : 4);
	chunk_octets(o, six ? HEP_TO6 : HEP_TO4, d->to, six ? 16 : 4);
	chunk16(o, HEP_FROM_PORT, d->from_port);
	chunk16(o, HEP_TO_PORT, d->to_port);
	chunk32(o, HEP_SECONDS, (uint32_t)(d->us / 1000000));
	chunk32(o, HEP_US, (uint32_t)(d->us % 1000000));
	chunk8(o, HEP_KIND, HEP_KIND_SIP);
	chunk32(o, HEP_AGENT, HEP_AGENT_US);
	chunk_octets(o, HEP_CALL_ID, call_id.s, call_id.len);
	chunk(o, HEP_PAYLOAD, d->text.len);
	add_text(o, d->text);
	total = htons((uint16_t)o->n);
	memcpy(o->v + 4, &total, sizeof(total));
}

/* A connected socket, or -errno. */
static int
connect_to(const char *target)
{
	struct addrinfo	hints = { .ai_socktype = SOCK_DGRAM }, *found;
	struct str	all = str_of(target);
	ptrdiff_t	colon = str_rchr(all, ':');
	char		host[256];
	int		fd, error;

	if (colon <= 0 || !str_copy(host, sizeof(host), str_make(all.s, (size_t)colon)))
		return -EINVAL;
	if (host[0] == '[' && host[strlen(host) - 1] == ']') {
		host[strlen(host) - 1] = '\0';
		memmove(host, host + 1, strlen(host));
	}
	if (getaddrinfo(host, target + colon + 1, &hints, &found) != 0)
		return -ENOENT;
	fd = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) < 0) {
		error = -errno;
		if (fd >= 0)
			close(fd);
		fd = error;
	}
	freeaddrinfo(found);
	return fd;
}

int
capture_hep(const struct trace *t, const char *target)
{
	struct octets		*o;
	struct record_message	 m;
	struct datagram		 d;
	int			 fd = connect_to(target), sent = 0;

	if (fd < 0)
		return fd;
	o = xcalloc(1, sizeof(*o));
	for (size_t i = 0; i < t->n; i++)
		if (datagram_of(t, &t->v[i], &m, &d)) {
			make_hep(o, &d);
			sent += send(fd, o->v, o->n, 0) == (ssize_t)o->n;
		}
	free(o);
	close(fd);
	return sent;
}
