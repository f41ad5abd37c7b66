/*
 * overrides - domains whose servers the administrator names.
 *
 * The lines are read when a request goes there; that is only asked for names that
 * would have to be looked up, and an index would have to be built for every daemon.
 */
#include "common/overrides.h"

#include "common/scan.h"

enum { WORD_UDP, WORD_TCP, WORD_TLS, WORD_PRIORITY, WORD_WEIGHT };
static const char *const words[] = { "udp", "tcp", "tls", "priority", "weight", NULL };

static bool
host_parse(struct words *w, struct str text, struct override *out)
{
	struct str	rest = text;
	uint32_t	port = 0;

	if (scan_host(&rest, &out->host) < 0 ||
	    (rest.len > 0 && (!scan_ch(&rest, ':') || str_u32(rest, &port) < 0 ||
	    port == 0 || port > UINT16_MAX))) {
		words_complain(w, "\"%.*s\" is no host; write sbc.example.com, "
		    "192.0.2.1:5070 or [2001:db8::1]:5060", STR_ARG(text));
		return false;
	}
	out->port = (uint16_t)port;
	return true;
}

static bool
read_option(struct words *w, struct str word, struct override *out)
{
	uint32_t	n;
	int		which = words_one_of(w, word, words);

	switch (which) {
	case WORD_UDP:
	case WORD_TCP:
	case WORD_TLS:
		out->transport = transport_parse(word);
		return true;
	case WORD_PRIORITY:
	case WORD_WEIGHT:
		if (!words_number(w, words[which], 0, UINT16_MAX, &n))
			return false;
		*(which == WORD_PRIORITY ? &out->priority : &out->weight) =
		    (uint16_t)n;
		return true;
	default:
		return false;
	}
}

bool
override_read(const struct set_line *line, struct override *out,
    struct complaints *to)
{
	struct override	o = { .priority = 10 };
	struct words	w;
	struct str	word;
	struct addr	literal;

	words_init(&w, line, to);
	if (!words_want(&w, "the domain", &o.domain))
		return false;
	if (addr_parse(&literal, o.domain, 0) == 0) {
		words_complain(&w, "an address is where it is: name a domain");
		return false;
	}
	if (!words_want(&w, "the host that requests go to", &word) ||
	    !host_parse(&w, word, &o))
		return false;
	while (words_next(&w, &word))
		if (!read_option(&w, word, &o))
			return false;
	*out = o;
	return true;
}

static bool
usable(const struct override *o, enum transport want, bool secure)
{
	if (secure)
		return o->transport == TRANSPORT_TLS || o->transport == TRANSPORT_NONE;
	return want == TRANSPORT_NONE || o->transport == TRANSPORT_NONE ||
	    o->transport == want;
}

unsigned
overrides_find(const struct settings *s, struct str domain, enum transport want,
    bool secure, struct override *out)
{
	struct complaints	none = { 0 };
	struct override		o;
	unsigned		n = 0, i;

	for (size_t k = 0; k < s->dns_overrides.n && n < OVERRIDES_MAX; k++) {
		if (!str_caseeq(str_of(s->dns_overrides.v[k].v[0].text), domain) ||
		    !override_read(&s->dns_overrides.v[k], &o, &none) ||
		    !usable(&o, want, secure))
			continue;
		for (i = n++; i > 0 && o.priority < out[i - 1].priority; i--)
			out[i] = out[i - 1];
		out[i] = o;
	}
	complaints_fini(&none);
	return n;
}

bool
overrides_have(const struct settings *s, struct str domain)
{
	for (size_t k = 0; k < s->dns_overrides.n; k++)
		if (str_caseeq(str_of(s->dns_overrides.v[k].v[0].text), domain))
			return true;
	return false;
}

void
overrides_check(const struct settings *s, struct complaints *out)
{
	struct override	o;
	unsigned	same;

	for (size_t i = 0; i < s->dns_overrides.n; i++) {
		const struct set_line	*line = &s->dns_overrides.v[i];

		if (!override_read(line, &o, out))
			continue;
		same = 0;
		for (size_t k = 0; k < i; k++)
			same += str_caseeq(str_of(s->dns_overrides.v[k].v[0].text),
			    o.domain);
		if (same == OVERRIDES_MAX)
			complain(out, false, line->file, line->v[0].line,
			    line->v[0].column, "a domain has at most %d hosts",
			    OVERRIDES_MAX);
	}
}
