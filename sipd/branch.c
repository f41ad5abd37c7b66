/*
 * branch - Via branches and To-tags that verify by themselves.
 *
 * forward.c makes them, core.c and stray.c verify them. RFC 3261 section 16.11
 * lets a stateless proxy derive its branch from the request; ours adds a key.
 */
#include "sipd/branch.h"

#include "common/digest.h"
#include "common/map.h"

#define COOKIE		"z9hG4bK"
#define COOKIE_LEN	7
#define MARK_OFF	(COOKIE_LEN + BRANCH_TARGET_LEN)
#define MAC_OFF		(MARK_OFF + BRANCH_MARK_LEN)
#define MAC_OCTETS	12	/* 16 characters of base64url */
/*
 * What is hashed: four identifiers of at most ID_MAX octets (core.h) and
 * numbers. Texts without such a bound are hashed by themselves first, so that
 * two different ones never look alike for being cut.
 */
#define INPUT_MAX	2048

static uint8_t keys[2][KEY_LEN];

void
branch_init(const struct keyring *k)
{
	memcpy(keys, k->key, sizeof(keys));
}

/*
 * base64url has '-' and '_', both legal in a token (RFC 3261 section 25.1).
 */
static void
text_of(const uint8_t *octets, size_t n, char *out, size_t chars)
{
	char	all[32];

	base64url_encode(octets, n, all);
	memcpy(out, all, chars);
}

void
branch_target(struct str destination, struct str uri,
    char out[BRANCH_TARGET_LEN])
{
	char		 buf[INPUT_MAX];
	struct text	 t;
	uint8_t		 mac[16];

	siphash128(keys[0], uri, mac);
	text_init(&t, buf, sizeof(buf));
	text_add(&t, destination);
	text_ch(&t, '\n');
	text_add(&t, str_make((const char *)mac, sizeof(mac)));
	siphash128(keys[0], text_str(&t), mac);
	text_of(mac, 6, out, BRANCH_TARGET_LEN);
}

struct str
branch_target_of(struct str branch)
{
	return str_make(branch.s + COOKIE_LEN, BRANCH_TARGET_LEN);
}

static void
mark_with(const uint8_t *key, struct str request, char out[BRANCH_MARK_LEN])
{
	uint8_t	mac[16];

	siphash128(key, request, mac);
	text_of(mac, 6, out, BRANCH_MARK_LEN);
}

void
branch_mark(struct str request, char out[BRANCH_MARK_LEN])
{
	mark_with(keys[0], request, out);
}

bool
branch_has_mark(struct str branch, struct str request)
{
	char	want[BRANCH_MARK_LEN];

	if (branch.len != BRANCH_LEN)
		return false;
	for (size_t i = 0; i < 2; i++) {
		mark_with(keys[i], request, want);
		if (memcmp(branch.s + MARK_OFF, want, BRANCH_MARK_LEN) == 0)
			return true;
	}
	return false;
}

/*
 * named: target and mark.
 * The fields are separated by an octet that none of them can hold. False: they
 * do not fit, and nothing was made.
 */
static bool
mac_of(const uint8_t *key, const struct branch_input *in, struct str named,
    uint8_t mac[16])
{
	char		buf[INPUT_MAX];
	struct str	below = in->below.len > 0 ? addr_bytes(&in->below) : STR_NONE;
	struct text	t;

	text_init(&t, buf, sizeof(buf));
	text_ch(&t, (char)below.len);	/* first: its octets may be anything */
	text_add(&t, below);
	text_add(&t, in->below_sent_by);
	text_ch(&t, '\n');
	text_add(&t, in->below_branch);
	text_ch(&t, '\n');
	text_add(&t, in->call_id);
	text_ch(&t, '\n');
	text_add(&t, in->from_tag);
	text_ch(&t, '\n');
	text_u64(&t, in->cseq);
	text_ch(&t, '\n');
	text_add(&t, named);
	siphash128(key, text_str(&t), mac);
	return !t.full;
}

void
branch_make(const struct branch_input *in, const char target[BRANCH_TARGET_LEN],
    const char mark[BRANCH_MARK_LEN], char out[BRANCH_LEN])
{
	uint8_t	mac[16];

	memcpy(out, COOKIE, COOKIE_LEN);
	memcpy(out + COOKIE_LEN, target, BRANCH_TARGET_LEN);
	memcpy(out + MARK_OFF, mark, BRANCH_MARK_LEN);
	mac_of(keys[0], in, str_make(out + COOKIE_LEN, MAC_OFF - COOKIE_LEN), mac);
	text_of(mac, MAC_OCTETS, out + MAC_OFF, BRANCH_LEN - MAC_OFF);
}

bool
branch_verify(const struct branch_input *in, struct str branch)
{
	struct str	named, sent;
	uint8_t		mac[16];
	char		want[BRANCH_LEN - MAC_OFF];

	if (branch.len != BRANCH_LEN || memcmp(branch.s, COOKIE, COOKIE_LEN) != 0)
		return false;
	named = str_make(branch.s + COOKIE_LEN, MAC_OFF - COOKIE_LEN);
	sent = str_make(branch.s + MAC_OFF, sizeof(want));
	for (size_t i = 0; i < 2; i++) {
		if (!mac_of(keys[i], in, named, mac))
			return false;
		text_of(mac, MAC_OCTETS, want, sizeof(want));
		if (digest_equal(str_make(want, sizeof(want)), sent))
			return true;
	}
	return false;
}

static bool
totag_with(const uint8_t *key, struct str call_id, struct str from_tag,
    uint32_t cseq, char out[TOTAG_LEN])
{
	char		buf[INPUT_MAX];
	struct text	t;
	uint8_t		mac[16];

	text_init(&t, buf, sizeof(buf));
	text_add(&t, STR("totag\n"));
	text_add(&t, call_id);
	text_ch(&t, '\n');
	text_add(&t, from_tag);
	text_ch(&t, '\n');
	text_u64(&t, cseq);
	siphash128(key, text_str(&t), mac);
	out[0] = 'k';
	text_of(mac, 9, out + 1, TOTAG_LEN - 1);
	return !t.full;
}

void
totag_make(struct str call_id, struct str from_tag, uint32_t cseq,
    char out[TOTAG_LEN])
{
	totag_with(keys[0], call_id, from_tag, cseq, out);
}

bool
totag_verify(struct str call_id, struct str from_tag, uint32_t cseq,
    struct str tag)
{
	char	want[TOTAG_LEN];

	if (tag.len != TOTAG_LEN)
		return false;
	for (size_t i = 0; i < 2; i++) {
		if (totag_with(keys[i], call_id, from_tag, cseq, want) &&
		    digest_equal(str_make(want, TOTAG_LEN), tag))
			return true;
	}
	return false;
}
