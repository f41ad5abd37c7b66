/*
 * codec_limit - offers with fewer codecs.
 *
 * exchange.c calls it before it reads an offer, when "media-codecs" names any. Two walks
 * over the lines: the first learns what each format is, the second writes.
 */
#include "mediad/codec_limit.h"

#include <string.h>

#include "mediad/codecs.h"
#include "mediad/sdp.h"

#define NONE	255

/* The formats of one m= line. */
struct formats {
	bool		is_rtp;
	bool		listed[CODEC_PAYLOADS];
	bool		allowed[CODEC_PAYLOADS];
	bool		beside[CODEC_PAYLOADS];	/* no codec of its own */
	uint8_t		repeats[CODEC_PAYLOADS];	/* RFC 4588: apt; or NONE */
};

struct bodies {
	const struct set_texts	*allowed;
	unsigned		 n;
	struct formats		 v[SDP_MEDIA_MAX];
};

static bool
is_allowed(const struct set_texts *allowed, struct str name)
{
	for (size_t i = 0; i < allowed->n; i++)
		if (str_caseeq(str_of(allowed->v[i]), name))
			return true;
	return false;
}

/* -1: no payload type. */
static int
payload_of(struct str word)
{
	uint32_t	n;

	return str_u32(word, &n) == 0 && n < CODEC_PAYLOADS ? (int)n : -1;
}

static void
name_learnt(const struct bodies *b, struct formats *f, int payload, struct str name)
{
	f->allowed[payload] = is_allowed(b->allowed, name);
	f->beside[payload] = codec_is_auxiliary(name);
}

static void
learn_media(struct bodies *b, struct str value)
{
	struct formats	*f = &b->v[b->n++];
	struct str	 proto, w;
	int		 payload;

	memset(f, 0, sizeof(*f));
	memset(f->repeats, NONE, sizeof(f->repeats));
	sdp_word(&value);
	sdp_word(&value);
	proto = sdp_word(&value);
	f->is_rtp = str_find(proto, STR("RTP/")) >= 0;
	while ((w = sdp_word(&value)).len > 0) {
		if ((payload = payload_of(w)) < 0)
			continue;
		f->listed[payload] = true;
		name_learnt(b, f, payload, codec_static((unsigned)payload).name);
	}
}

/* "rtpmap:96 H264/90000", "fmtp:97 apt=96" */
static void
learn_attribute(const struct bodies *b, struct formats *f, struct str value)
{
	struct str	name, encoding;
	ptrdiff_t	apt;
	int		payload;

	if (!str_cut(&value, ':', &name) || (payload = payload_of(sdp_word(&value))) < 0)
		return;
	if (str_eq(name, STR("rtpmap"))) {
		encoding = sdp_word(&value);
		if (str_cut(&encoding, '/', &name))
			name_learnt(b, f, payload, name);
	} else if (str_eq(name, STR("fmtp")) &&
	    (apt = str_find(value, STR("apt="))) >= 0) {
		uint32_t	n = 0;
		size_t		at = (size_t)apt + 4, end = at;

		while (end < value.len && value.s[end] >= '0' && value.s[end] <= '9')
			end++;
		if (str_u32(str_make(value.s + at, end - at), &n) == 0 &&
		    n < CODEC_PAYLOADS)
			f->repeats[payload] = (uint8_t)n;
	}
}

/* Is there a codec left? Else the line stays as it is. */
static bool
formats_limited(const struct formats *f)
{
	bool	any = false, less = false;

	for (unsigned i = 0; f->is_rtp && i < CODEC_PAYLOADS; i++) {
		any |= f->listed[i] && f->allowed[i] && !f->beside[i];
		less |= f->listed[i] && !f->allowed[i] && !f->beside[i];
	}
	return any && less;
}

static bool
format_goes(const struct formats *f, int payload)
{
	uint8_t	of = f->repeats[payload];

	if (!f->beside[payload])
		return !f->allowed[payload];
	return of != NONE && !f->beside[of] && !f->allowed[of];
}

/* ---- the second walk ---- */

static unsigned
write_media(const struct formats *f, struct str line, struct text *out)
{
	struct str	rest = line, w, eol;
	unsigned	removed = 0;
	int		payload;

	while (rest.len > 0 && (rest.s[rest.len - 1] == '\n' ||
	    rest.s[rest.len - 1] == '\r'))
		rest.len--;
	eol = str_make(line.s + rest.len, line.len - rest.len);
	for (int i = 0; i < 3; i++)	/* m=KIND PORT PROTO */
		w = sdp_word(&rest);
	text_add(out, str_make(line.s, (size_t)(w.s + w.len - line.s)));
	while ((w = sdp_word(&rest)).len > 0) {
		payload = payload_of(w);
		if (payload >= 0 && format_goes(f, payload)) {
			removed++;
			continue;
		}
		text_ch(out, ' ');
		text_add(out, w);
	}
	text_add(out, eol);
	return removed;
}

/* A line about a format that has gone? */
static bool
line_goes(const struct formats *f, struct str value)
{
	static const struct str	about[] = {
		{ "a=rtpmap:", 9 }, { "a=fmtp:", 7 }, { "a=rtcp-fb:", 10 },
	};

	for (size_t i = 0; i < sizeof(about) / sizeof(about[0]); i++) {
		struct str	rest = value;
		int		payload;

		if (!str_prefix(value, about[i]))
			continue;
		rest = str_make(value.s + about[i].len, value.len - about[i].len);
		payload = payload_of(sdp_word(&rest));
		return payload >= 0 && f->listed[payload] && format_goes(f, payload);
	}
	return false;
}

static void
learn_line(struct bodies *b, struct str value)
{
	struct str	rest;

	if (value.len < 2)
		return;
	rest = str_make(value.s + 2, value.len - 2);
	if (str_prefix(value, STR("m=")) && b->n < SDP_MEDIA_MAX)
		learn_media(b, rest);
	else if (str_prefix(value, STR("a=")) && b->n > 0)
		learn_attribute(b, &b->v[b->n - 1], rest);
}

unsigned
codec_limit(struct str body, const struct set_texts *allowed, struct text *out)
{
	static struct bodies	b;		/* one thread; too large for a stack */
	struct str		line, value, rest = body;
	const struct formats	*f = NULL;
	unsigned		removed = 0, at = 0;

	b.allowed = allowed;
	b.n = 0;
	while (sdp_line(&rest, &line, &value))
		learn_line(&b, value);
	rest = body;
	while (sdp_line(&rest, &line, &value)) {
		if (str_prefix(value, STR("m="))) {
			f = at < b.n && formats_limited(&b.v[at]) ? &b.v[at] : NULL;
			at++;
			if (f != NULL) {
				removed += write_media(f, line, out);
				continue;
			}
		}
		if (f == NULL || !line_goes(f, value))
			text_add(out, line);
	}
	return removed;
}
