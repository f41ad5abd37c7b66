/*
 * sdp_words - what a body offers, for who looks at a trace. mediad is where SDP is
 * understood; here is only a reader of m= and a=rtpmap lines, which decides nothing.
 */
#include "sipctl/sdp_words.h"

#include "common/str.h"

#define CODECS_MAX	8	/* named of one m-line */

/* RFC 3551, tables 4 and 5: what needs no rtpmap. */
static const char *const static_types[] = {
	[0] = "pcmu", [3] = "gsm", [4] = "g723", [8] = "pcma", [9] = "g722",
	[15] = "g728", [18] = "g729", [26] = "jpeg", [31] = "h261", [34] = "h263",
};

/* The name of a payload type: from its rtpmap below the m-line, else by number. */
static struct str
codec_name(struct str section, struct str type)
{
	struct str	line, word;
	uint32_t	n;

	while (str_cut(&section, '\n', &line) && !str_prefix(line, STR("m="))) {
		if (!str_prefix(line, STR("a=rtpmap:")))
			continue;
		line = str_make(line.s + 9, line.len - 9);
		str_cut(&line, ' ', &word);
		if (str_eq(word, type) && str_cut(&line, '/', &word))
			return word;
	}
	if (str_u32(type, &n) == 0 && n < sizeof(static_types) / sizeof(static_types[0]) &&
	    static_types[n] != NULL)
		return str_of(static_types[n]);
	return STR_NONE;
}

static void
add_lower(struct text *t, struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		text_ch(t, s.s[i] >= 'A' && s.s[i] <= 'Z' ? (char)(s.s[i] + 32) : s.s[i]);
}

/* line: "audio 49170 RTP/AVP 0 8 101"; rest: the lines below it. */
static void
media_words(struct str line, struct str rest, struct text *t, bool *secure)
{
	struct str	kind = STR_NONE, port = STR_NONE, profile = STR_NONE, type, name;
	unsigned	named = 0;

	str_cut(&line, ' ', &kind);
	str_cut(&line, ' ', &port);
	str_cut(&line, ' ', &profile);
	if (t->len > 0)
		text_add(t, STR("; "));
	if (!str_eq(kind, STR("audio"))) {
		text_add(t, kind);
		text_ch(t, ' ');
	}
	if (str_eq(port, STR("0"))) {
		text_add(t, STR("refused"));
		return;
	}
	*secure |= str_find(profile, STR("SAVP")) >= 0;
	while (str_cut(&line, ' ', &type) && named < CODECS_MAX) {
		name = codec_name(rest, str_trim(type));
		if (name.len == 0 || str_caseeq(name, STR("telephone-event")))
			continue;
		if (named++ > 0)
			text_add(t, STR(", "));
		add_lower(t, name);
	}
}

void
sdp_words(struct str body, struct text *t)
{
	struct str	line;
	bool		secure = false;

	if (!str_prefix(body, STR("v=0")))
		return;
	while (str_cut(&body, '\n', &line)) {
		line = str_trim(line);
		if (str_prefix(line, STR("m=")))
			media_words(str_make(line.s + 2, line.len - 2), body, t, &secure);
		else if (str_eq(line, STR("a=sendonly")) || str_eq(line, STR("a=inactive")))
			text_add(t, STR(" on hold"));
	}
	if (secure)
		text_add(t, STR("; SRTP"));
}
