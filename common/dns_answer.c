/*
 * dns_answer - reads what a name server answered.
 *
 * dns.c calls it with the raw packet: c-ares reads SRV and NAPTR records, but
 * does not tell how long they are good for. Nothing in the packet is believed:
 * every length is checked against what is left, names may only point back.
 */
#include "common/dns_answer.h"

#include <errno.h>
#include <string.h>

#include "common/scan.h"

#define POINTERS_MAX	16	/* jumps in one name */
#define CLASS_IN	1
#define TYPE_CNAME	5
#define TYPE_SOA	6
#define RCODE_NONE	3	/* NXDOMAIN */
#define TTL_BOUND	0x7fffffffu	/* RFC 2181 section 8 */

/* A place in the packet. */
struct reader {
	struct str	all;
	size_t		at;
};

struct rr {
	char		owner[DNS_NAME_MAX + 1];
	struct str	name;		/* in owner */
	uint16_t	type;
	uint16_t	class;
	uint32_t	ttl;
	struct reader	data;		/* ends where the data end */
};

/* ---- numbers and names ---- */

static int
read_u8(struct reader *r, uint8_t *out)
{
	if (r->at >= r->all.len)
		return -EBADMSG;
	*out = (uint8_t)r->all.s[r->at++];
	return 0;
}

static int
read_u16(struct reader *r, uint16_t *out)
{
	uint8_t	high, low;

	if (read_u8(r, &high) < 0 || read_u8(r, &low) < 0)
		return -EBADMSG;
	*out = (uint16_t)(high << 8 | low);
	return 0;
}

static int
read_u32(struct reader *r, uint32_t *out)
{
	uint16_t	high, low;

	if (read_u16(r, &high) < 0 || read_u16(r, &low) < 0)
		return -EBADMSG;
	*out = (uint32_t)high << 16 | low;
	return 0;
}

/* What no host name or service has becomes '?': dns_ask() asks for none of these. */
static int
add_label(struct text *t, struct str label)
{
	if (t->len > 0)
		text_ch(t, '.');
	for (size_t i = 0; i < label.len; i++)
		text_ch(t, scan_is(label.s[i], CHAR_HOST) && label.s[i] != '.' ?
		    label.s[i] : '?');
	return t->full ? -EBADMSG : 0;
}

/*
 * RFC 1035 section 4.1.4. A pointer leads to an earlier place than any before it,
 * so that there is no ring, and there are only so many.
 */
static int
read_name(struct reader *r, char buf[DNS_NAME_MAX + 1], struct str *out)
{
	struct reader	in = *r;
	struct text	t;
	size_t		lowest = r->at;
	unsigned	jumps = 0;
	uint8_t		n, low;

	text_init(&t, buf, DNS_NAME_MAX + 1);
	for (;;) {
		if (read_u8(&in, &n) < 0)
			return -EBADMSG;
		if (n >= 0xc0) {
			if (read_u8(&in, &low) < 0 || ++jumps > POINTERS_MAX)
				return -EBADMSG;
			if (jumps == 1)
				r->at = in.at;
			in.at = (size_t)(n & 0x3f) << 8 | low;
			if (in.at >= lowest)
				return -EBADMSG;
			lowest = in.at;
			continue;
		}
		if (n > 63 || n > in.all.len - in.at)
			return -EBADMSG;
		if (n == 0)
			break;
		if (add_label(&t, str_make(in.all.s + in.at, n)) < 0)
			return -EBADMSG;
		in.at += n;
	}
	if (jumps == 0)
		r->at = in.at;
	*out = text_str(&t);
	return 0;
}

/* A character-string (RFC 1035 section 3.3). */
static int
read_string(struct reader *r, struct str *out)
{
	uint8_t	n;

	if (read_u8(r, &n) < 0 || n > r->all.len - r->at)
		return -EBADMSG;
	*out = str_make(r->all.s + r->at, n);
	r->at += n;
	return 0;
}

static int
read_rr(struct reader *r, struct rr *out)
{
	uint16_t	len;

	if (read_name(r, out->owner, &out->name) < 0 ||
	    read_u16(r, &out->type) < 0 || read_u16(r, &out->class) < 0 ||
	    read_u32(r, &out->ttl) < 0 || read_u16(r, &len) < 0 ||
	    len > r->all.len - r->at)
		return -EBADMSG;
	if (out->ttl > TTL_BOUND)
		out->ttl = 0;
	out->data = (struct reader){ str_make(r->all.s, r->at + len), r->at };
	r->at += len;
	return 0;
}

/* ---- records ---- */

/* Copies s to *to and moves that on: the slot has room for all that is bounded. */
static struct str
keep(char **to, struct str s)
{
	char	*at = *to;

	if (s.len > 0)
		memcpy(at, s.s, s.len);
	*to += s.len;
	return str_make(at, s.len);
}

static int
read_addr(struct rr *rr, struct dns_record *out)
{
	struct addr	*a = &out->addr;
	size_t		 size = rr->type == DNS_A ? 4 : 16;

	if (rr->data.all.len - rr->data.at != size)
		return -EBADMSG;
	memset(a, 0, sizeof(*a));
	if (rr->type == DNS_A) {
		a->in.sin_family = AF_INET;
		memcpy(&a->in.sin_addr, rr->data.all.s + rr->data.at, size);
		a->len = sizeof(a->in);
	} else {
		a->in6.sin6_family = AF_INET6;
		memcpy(&a->in6.sin6_addr, rr->data.all.s + rr->data.at, size);
		a->len = sizeof(a->in6);
	}
	return 0;
}

static int
read_srv(struct rr *rr, struct dns_record *out, char buf[DNS_NAME_MAX + 1])
{
	if (read_u16(&rr->data, &out->first) < 0 ||
	    read_u16(&rr->data, &out->second) < 0 ||
	    read_u16(&rr->data, &out->port) < 0)
		return -EBADMSG;
	return read_name(&rr->data, buf, &out->name);
}

/* What is longer than any flag or service we know is not for us. */
static int
read_naptr(struct rr *rr, struct dns_record *out, char buf[DNS_NAME_MAX + 1])
{
	if (read_u16(&rr->data, &out->first) < 0 ||
	    read_u16(&rr->data, &out->second) < 0 ||
	    read_string(&rr->data, &out->flags) < 0 ||
	    read_string(&rr->data, &out->service) < 0 ||
	    read_string(&rr->data, &out->regexp) < 0)
		return -EBADMSG;
	if (out->flags.len > DNS_TEXT_MAX || out->service.len > DNS_TEXT_MAX)
		return -EBADMSG;
	return read_name(&rr->data, buf, &out->name);
}

static bool
comes_before(const struct dns_record *a, const struct dns_record *b,
    enum dns_type type)
{
	if (a->first != b->first)
		return a->first < b->first;
	return type == DNS_NAPTR && a->second < b->second;
}

/* In order, behind its equals; the last one falls off when there are too many. */
static void
insert(struct dns_answer *a, struct dns_record *r, enum dns_type type)
{
	unsigned	i = a->n;
	char		*to;

	r->slot = (uint8_t)a->n;
	if (a->n == DNS_RECORDS_MAX) {
		a->left_out++;
		if (!comes_before(r, &a->v[a->n - 1], type))
			return;
		i = --a->n;
		r->slot = a->v[i].slot;
	}
	to = a->text[r->slot];
	r->name = keep(&to, r->name);
	r->flags = keep(&to, r->flags);
	r->service = keep(&to, r->service);
	r->regexp = keep(&to, r->regexp);
	for (; i > 0 && comes_before(r, &a->v[i - 1], type); i--)
		a->v[i] = a->v[i - 1];
	a->v[i] = *r;
	a->n++;
}

static void
add_record(struct dns_answer *a, struct rr *rr, enum dns_type type)
{
	struct dns_record	r = { 0 };
	char			buf[DNS_NAME_MAX + 1];
	int			error;

	error = type == DNS_SRV ? read_srv(rr, &r, buf) :
	    type == DNS_NAPTR ? read_naptr(rr, &r, buf) :
	    type == DNS_PTR ? read_name(&rr->data, buf, &r.name) :
	    read_addr(rr, &r);
	if (error == 0)		/* else this one is as if it were not there */
		insert(a, &r, type);
}

/* ---- sections ---- */

static void
shorten(struct dns_answer *a, uint32_t ttl)
{
	if (ttl < a->ttl)
		a->ttl = ttl;
}

/*
 * From the question's name along the CNAMEs of the answer section. 1: one step
 * was made and *name, in buf, is new; 0: there is no CNAME for it.
 */
static int
follow_alias(struct reader r, unsigned count, struct dns_answer *a,
    struct str *name, char buf[DNS_NAME_MAX + 1])
{
	struct rr	rr;

	for (; count > 0; count--) {
		if (read_rr(&r, &rr) < 0)
			return -EBADMSG;
		if (rr.type != TYPE_CNAME || rr.class != CLASS_IN ||
		    !str_caseeq(rr.name, *name))
			continue;
		if (read_name(&rr.data, buf, name) < 0)
			return -EBADMSG;
		shorten(a, rr.ttl);
		return 1;
	}
	return 0;
}

static int
collect(struct reader *r, unsigned count, struct dns_answer *a, enum dns_type type,
    struct str name)
{
	struct rr	rr;

	for (; count > 0; count--) {
		if (read_rr(r, &rr) < 0)
			return -EBADMSG;
		if (rr.type != type || rr.class != CLASS_IN ||
		    !str_caseeq(rr.name, name))
			continue;
		add_record(a, &rr, type);
		shorten(a, rr.ttl);
	}
	return 0;
}

/*
 * RFC 2308 section 5: the lesser of the SOA's own life and its last field. False
 * without a SOA: then nobody says that there is none (section 2.2).
 */
static bool
life_of_none(struct reader *r, unsigned count, uint32_t *out)
{
	struct rr	rr;
	char		buf[DNS_NAME_MAX + 1];
	struct str	ignored;
	uint32_t	minimum = 0;

	for (; count > 0; count--) {
		if (read_rr(r, &rr) < 0)
			return false;
		if (rr.type != TYPE_SOA || rr.class != CLASS_IN)
			continue;
		if (read_name(&rr.data, buf, &ignored) < 0 ||
		    read_name(&rr.data, buf, &ignored) < 0)
			return false;
		for (int i = 0; i < 5; i++)	/* serial ... minimum */
			if (read_u32(&rr.data, &minimum) < 0)
				return false;
		*out = minimum < rr.ttl ? minimum : rr.ttl;
		return true;
	}
	return false;
}

struct counts {
	uint16_t	flags, questions, answers, authorities;
};

static int
read_header(struct reader *r, struct counts *c)
{
	uint16_t	ignored;

	if (read_u16(r, &ignored) < 0 || read_u16(r, &c->flags) < 0 ||
	    read_u16(r, &c->questions) < 0 || read_u16(r, &c->answers) < 0 ||
	    read_u16(r, &c->authorities) < 0 || read_u16(r, &ignored) < 0)
		return -EBADMSG;
	return (c->flags & 0x8000) != 0 && c->questions == 1 ? 0 : -EPERM;
}

static int
check_question(struct reader *r, enum dns_type type, struct str name, bool exact)
{
	char		buf[DNS_NAME_MAX + 1];
	struct str	asked;
	uint16_t	t, class;

	if (read_name(r, buf, &asked) < 0 || read_u16(r, &t) < 0 ||
	    read_u16(r, &class) < 0)
		return -EBADMSG;
	if (t != type || class != CLASS_IN)
		return -EPERM;
	return (exact ? str_eq : str_caseeq)(asked, name) ? 0 : -EPERM;
}

static int
read_sections(struct dns_answer *out, struct reader *r, const struct counts *c,
    enum dns_type type, struct str name)
{
	char		buf[2][DNS_NAME_MAX + 1];
	unsigned	steps = 0;
	uint32_t	life = 0;
	bool		certain;
	char		*to = out->text[DNS_RECORDS_MAX];
	int		got;

	while ((got = follow_alias(*r, c->answers, out, &name, buf[steps % 2])) == 1)
		if (++steps > DNS_ALIASES_MAX)
			return -ELOOP;
	if (got < 0 || collect(r, c->answers, out, type, name) < 0)
		return -EBADMSG;
	if (out->n > 0)
		return 0;
	certain = life_of_none(r, c->authorities, &life);
	if (steps > 0 && !certain && (c->flags & 0xf) != RCODE_NONE) {
		out->alias = keep(&to, name);
		return 0;
	}
	out->none = true;
	shorten(out, life < DNS_TTL_NONE_MAX ? life : DNS_TTL_NONE_MAX);
	return 0;
}

int
dns_answer_parse(struct dns_answer *out, struct str packet, enum dns_type type,
    struct str name, bool exact)
{
	struct reader	r = { packet, 0 };
	struct counts	c;
	int		error;

	out->ttl = DNS_TTL_MAX;
	out->none = false;
	out->alias = STR_NONE;
	out->left_out = out->n = 0;
	if ((error = read_header(&r, &c)) < 0 ||
	    (error = check_question(&r, type, name, exact)) < 0)
		return error;
	if ((c.flags & 0xf) != 0 && (c.flags & 0xf) != RCODE_NONE)
		return -EREMOTEIO;
	return read_sections(out, &r, &c, type, name);
}
