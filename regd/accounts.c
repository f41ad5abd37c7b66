/*
 * accounts - who may register here, and with what credential.
 *
 * Loaded from the store at start; users.c changes them, auth.c reads HA1
 * values, publish.c tells routed the names. HA1 values are kept as octets: half
 * a million accounts should not carry hex digits twice.
 */
#include "regd/accounts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/map.h"
#include "common/str.h"
#include "common/uri.h"
#include "regd/index.h"

enum {
	TEXT_AOR,
	TEXT_NAME,
	TEXT_NUMBER,
	TEXT_REALM,
	TEXT_SETTINGS,
	TEXTS
};

struct account {
	uint64_t	version;
	uint64_t	import;
	uint32_t	number;
	uint32_t	login_s;	/* wall clock of the last one, 0: none */
	uint16_t	len[TEXTS];
	uint8_t		have;		/* bit a * HA1_FORMS + form */
	char		bytes[];	/* the texts, then the HA1 values there are */
};

struct accounts {
	struct index	*by_aor;
	struct map	*by_number;	/* those that have one */
};

static struct str
text(const struct account *c, int which)
{
	size_t at = 0;

	for (int i = 0; i < which; i++)
		at += c->len[i];
	return str_make(c->bytes + at, c->len[which]);
}

struct str
account_aor(const struct account *c)
{
	return text(c, TEXT_AOR);
}

struct str
account_name(const struct account *c)
{
	return text(c, TEXT_NAME);
}

struct str
account_number(const struct account *c)
{
	return text(c, TEXT_NUMBER);
}

struct str
account_realm(const struct account *c)
{
	return text(c, TEXT_REALM);
}

struct str
account_settings(const struct account *c)
{
	return text(c, TEXT_SETTINGS);
}

uint64_t
account_import(const struct account *c)
{
	return c->import;
}

void
account_signed_in(struct accounts *a, const struct account *c, int64_t wall_ms)
{
	struct account *mine = accounts_find(a, account_aor(c));

	if (mine != NULL)
		mine->login_s = (uint32_t)(wall_ms / 1000);
}

int64_t
account_last_login(const struct account *c)
{
	return (int64_t)c->login_s * 1000;
}

void
account_policy(const struct account *c, const struct settings *s,
    struct user_policy *out)
{
	struct str user, domain;

	aor_split(account_aor(c), &user, &domain);
	user_policy_make(out, s, domain, account_settings(c));
}

uint64_t
account_version(const struct account *c)
{
	return c->version;
}

static struct str
key_aor(const void *object)
{
	return account_aor(object);
}

static struct str
key_number(const void *object)
{
	return account_number(object);
}

/* ---- HA1 ---- */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
ha1_from_hex(struct str hex, char *out)
{
	int high, low;

	if (hex.len % 2 != 0)
		return false;
	for (size_t i = 0; i < hex.len; i += 2) {
		high = hex_digit(hex.s[i]);
		low = hex_digit(hex.s[i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i / 2] = (char)(high << 4 | low);
	}
	return true;
}

static void
hex_write(const char *in, size_t n, struct digest_hex *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out->s[2 * i] = digits[(uint8_t)in[i] >> 4];
		out->s[2 * i + 1] = digits[in[i] & 15];
	}
	out->len = (uint8_t)(2 * n);
}

static size_t
ha1_len(int i)
{
	return digest_hex_len((enum digest_algorithm)(i / HA1_FORMS)) / 2;
}

/* The octets of HA1 number wanted, empty when there are none. */
static struct str
ha1_octets(const struct account *c, int wanted)
{
	size_t at = 0;

	if ((c->have & 1 << wanted) == 0)
		return STR_NONE;
	for (int i = 0; i < TEXTS; i++)
		at += c->len[i];
	for (int i = 0; i < wanted; i++)
		if ((c->have & 1 << i) != 0)
			at += ha1_len(i);
	return str_make(c->bytes + at, ha1_len(wanted));
}

bool
account_ha1(const struct account *c, enum digest_algorithm a,
    enum ha1_form form, struct digest_hex *out)
{
	struct str octets = ha1_octets(c, (int)a * HA1_FORMS + (int)form);

	if (octets.len == 0)
		return false;
	hex_write(octets.s, octets.len, out);
	return true;
}

/* ---- making ---- */

static struct account *
make(const struct store_account *from, uint64_t version)
{
	const struct str texts[TEXTS] = {
		from->aor, from->name, from->number, from->realm, from->settings
	};
	struct account *c;
	struct str ha1;
	size_t size = sizeof(*c), at = 0;

	for (int i = 0; i < TEXTS; i++) {
		assert(texts[i].len <= UINT16_MAX);
		size += texts[i].len;
	}
	for (int i = 0; i < DIGEST_ALGORITHMS * HA1_FORMS; i++)
		size += from->ha1[i / HA1_FORMS][i % HA1_FORMS].len;
	c = xcalloc(1, size);
	c->version = version;
	c->import = from->import;
	for (int i = 0; i < TEXTS; i++) {
		c->len[i] = (uint16_t)texts[i].len;
		if (texts[i].len > 0)
			memcpy(c->bytes + at, texts[i].s, texts[i].len);
		at += texts[i].len;
	}
	for (int i = 0; i < DIGEST_ALGORITHMS * HA1_FORMS; i++) {
		ha1 = from->ha1[i / HA1_FORMS][i % HA1_FORMS];
		if (ha1.len == 0 || ha1.len != ha1_len(i))
			continue;
		memcpy(c->bytes + at, ha1.s, ha1.len);
		c->have |= (uint8_t)(1 << i);
		at += ha1.len;
	}
	return c;
}

void
account_free(struct account *c)
{
	size_t n = 0;

	if (c == NULL)
		return;
	for (int i = 0; i < TEXTS; i++)
		n += c->len[i];
	for (int i = 0; i < DIGEST_ALGORITHMS * HA1_FORMS; i++)
		if ((c->have & 1 << i) != 0)
			n += ha1_len(i);
	explicit_bzero(c->bytes, n);
	free(c);
}

void
account_row(const struct account *c, struct store_account *out)
{
	*out = (struct store_account){
		.aor = account_aor(c), .name = account_name(c),
		.number = account_number(c), .realm = account_realm(c),
		.settings = account_settings(c), .import = c->import,
	};
	for (int i = 0; i < DIGEST_ALGORITHMS * HA1_FORMS; i++)
		out->ha1[i / HA1_FORMS][i % HA1_FORMS] = ha1_octets(c, i);
}

/* ---- the table ---- */

struct accounts *
accounts_new(void)
{
	struct accounts *a = xcalloc(1, sizeof(*a));

	a->by_aor = index_new(key_aor);
	a->by_number = map_new(key_number);
	return a;
}

void
accounts_free(struct accounts *a)
{
	uint64_t cursor;
	struct account *c;

	if (a == NULL)
		return;
	for (cursor = 0; (c = accounts_next(a, &cursor)) != NULL; cursor++)
		account_free(c);
	index_free(a->by_aor);
	map_free(a->by_number);
	free(a);
}

size_t
accounts_count(const struct accounts *a)
{
	return index_count(a->by_aor);
}

struct account *
accounts_find(const struct accounts *a, struct str aor)
{
	return index_find(a->by_aor, aor);
}

struct account *
accounts_find_number(const struct accounts *a, struct str number)
{
	return map_find(a->by_number, number);
}

struct account *
accounts_take(struct accounts *a, struct str aor)
{
	struct account *c = index_find(a->by_aor, aor);

	if (c == NULL)
		return NULL;
	if (accounts_find_number(a, account_number(c)) == c)
		map_remove(a->by_number, account_number(c));
	index_remove(a->by_aor, c->number);
	return c;
}

static void
enter(struct accounts *a, struct account *c)
{
	if (account_number(c).len > 0)
		map_put(a->by_number, c);
	c->number = index_put(a->by_aor, c);
}

struct account *
accounts_put(struct accounts *a, const struct store_account *from,
    uint64_t version)
{
	struct account *c = make(from, version);
	struct account *old = accounts_take(a, account_aor(c));

	if (old != NULL)
		c->login_s = old->login_s;
	enter(a, c);
	return old;
}

void
accounts_restore(struct accounts *a, struct str aor, struct account *back)
{
	account_free(accounts_take(a, aor));
	if (back != NULL)
		enter(a, back);
}

struct account *
accounts_next(const struct accounts *a, uint64_t *cursor)
{
	return index_next(a->by_aor, cursor);
}
