/*
 * packed - one contact as octets.
 *
 * set.c has them one behind the other. Small numbers take few octets, and what a
 * contact does not have takes none: a bit of the first octet says what there is.
 */
#include "regd/packed.h"

#include <string.h>

#include "common/octets.h"
#include "regd/shared.h"

/* Bits of the first octet. */
enum {
	HAS_FIXED	= 1,	/* no expiry */
	HAS_Q		= 2,	/* else 1000 */
	HAS_REG_ID	= 4,
	HAS_INSTANCE	= 8,
	HAS_SHARED	= 16,	/* the first bit of as many as there are */
};
#define Q_DEFAULT	1000
#define EXPIRES_OCTETS	5	/* of boot time: 34 years */
#define EXPIRES_MAX	((INT64_C(1) << 8 * EXPIRES_OCTETS) - 1)
#define SINCE_OCTETS	6
#define KEY_OCTETS	8

/* The texts that are held by number; the first two nearly every contact has. */
static const uint8_t shared_texts[] = { B_LISTENER, B_AGENT, B_PARAMS, B_PATHS };
#define SHARED		(sizeof(shared_texts) / sizeof(shared_texts[0]))
_Static_assert(HAS_SHARED << (SHARED - 1) <= 128, "a bit for each in one octet");

static uint8_t
head(const struct binding *b)
{
	uint8_t h = (uint8_t)((b->fixed ? HAS_FIXED : 0) |
	    (b->q != Q_DEFAULT ? HAS_Q : 0) | (b->reg_id != 0 ? HAS_REG_ID : 0) |
	    (b->text[B_INSTANCE].len > 0 ? HAS_INSTANCE : 0));

	for (unsigned i = 0; i < SHARED; i++)
		if (b->text[shared_texts[i]].len > 0)
			h |= (uint8_t)(HAS_SHARED << i);
	return h;
}

/* What follows the shared texts. */
static const uint8_t *
rest_read(const uint8_t *from, uint8_t h, struct binding *b)
{
	uint64_t v = INT64_MAX;
	uint32_t small;

	if ((h & HAS_FIXED) == 0)
		from = octets_get(from, &v, EXPIRES_OCTETS);
	b->fixed = (h & HAS_FIXED) != 0;
	b->expires_ms = (int64_t)v;
	from = octets_get(from, &v, SINCE_OCTETS);
	b->since_ms = (int64_t)v;
	from = octets_get(from, &b->call_key, KEY_OCTETS);
	from = octets_get_small(from, &b->cseq);
	small = Q_DEFAULT;
	if ((h & HAS_Q) != 0)
		from = octets_get_small(from, &small);
	b->q = (uint16_t)small;
	b->reg_id = 0;
	if ((h & HAS_REG_ID) != 0)
		from = octets_get_small(from, &b->reg_id);
	b->text[B_INSTANCE] = STR_NONE;
	if ((h & HAS_INSTANCE) != 0)
		from = octets_get_text(from, &b->text[B_INSTANCE]);
	from = octets_get_text(from, &b->text[B_URI]);
	return octets_get_text(from, &b->text[B_RECEIVED]);
}

static uint8_t *
rest_write(uint8_t *to, uint8_t h, const struct binding *b)
{
	if ((h & HAS_FIXED) == 0)
		to = octets_put(to, (uint64_t)(b->expires_ms < EXPIRES_MAX ?
		    b->expires_ms : EXPIRES_MAX), EXPIRES_OCTETS);
	to = octets_put(to, (uint64_t)b->since_ms, SINCE_OCTETS);
	to = octets_put(to, b->call_key, KEY_OCTETS);
	to = octets_put_small(to, b->cseq);
	if ((h & HAS_Q) != 0)
		to = octets_put_small(to, b->q);
	if ((h & HAS_REG_ID) != 0)
		to = octets_put_small(to, b->reg_id);
	if ((h & HAS_INSTANCE) != 0)
		to = octets_put_text(to, b->text[B_INSTANCE]);
	to = octets_put_text(to, b->text[B_URI]);
	return octets_put_text(to, b->text[B_RECEIVED]);
}

/* Calls fn for each shared text of the contact at from. */
static const uint8_t *
shared_each(const uint8_t *from, void (*fn)(uint32_t number))
{
	struct binding b;
	uint32_t number;
	uint8_t h = *from++;

	for (unsigned i = 0; i < SHARED; i++)
		if ((h & HAS_SHARED << i) != 0) {
			from = octets_get_small(from, &number);
			fn(number);
		}
	return rest_read(from, h, &b);
}

uint8_t *
packed_write(uint8_t *to, const struct binding *b)
{
	uint8_t h;

	if (b->kept.len > 0) {
		memcpy(to, b->kept.s, b->kept.len);
		(void)shared_each(to, shared_hold_again);
		return to + b->kept.len;
	}
	*to++ = h = head(b);
	for (unsigned i = 0; i < SHARED; i++)
		if ((h & HAS_SHARED << i) != 0)
			to = octets_put_small(to, shared_hold(b->text[shared_texts[i]]));
	return rest_write(to, h, b);
}

const uint8_t *
packed_read(const uint8_t *from, struct binding *out)
{
	const uint8_t *at = from;
	uint32_t number;
	uint8_t h = *at++;

	for (unsigned i = 0; i < SHARED; i++) {
		number = 0;
		if ((h & HAS_SHARED << i) != 0)
			at = octets_get_small(at, &number);
		out->text[shared_texts[i]] = shared_text(number);
	}
	at = rest_read(at, h, out);
	out->kept = str_make((const char *)from, (size_t)(at - from));
	return at;
}

const uint8_t *
packed_drop(const uint8_t *from)
{
	return shared_each(from, shared_drop);
}
