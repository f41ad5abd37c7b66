/*
 * prices - what calls through gateways cost.
 *
 * changes.c takes them in, trunks.c asks for the cheapest gateway. A number is looked
 * up from its whole length down: at most PREFIX_MAX questions to the directory.
 */
#include "routed/prices.h"

#include "common/scan.h"

#define PREFIX_MAX	15	/* digits of a number: E.164 */
#define MILLIONTHS	1000000

static bool
is_label(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!scan_is(s.s[i], CHAR_ALPHA) && !scan_is(s.s[i], CHAR_DIGIT) &&
		    (i == 0 || (s.s[i] != '-' && s.s[i] != '_' && s.s[i] != '.')))
			return false;
	return s.len > 0 && s.len <= 63;
}

static struct str
digits_of(struct str s)
{
	return s.len > 0 && s.s[0] == '+' ? str_make(s.s + 1, s.len - 1) : s;
}

/* In lower case, ended by NUL. False: it is too long. */
static bool
name_print(char out[PRICE_NAME_MAX], struct str gateway, struct str prefix)
{
	struct text	t;

	text_init(&t, out, PRICE_NAME_MAX - 1);
	text_printf(&t, "%.*s/%.*s", STR_ARG(gateway), STR_ARG(prefix));
	out[t.len] = '\0';
	str_lower(out, t.len);
	return !t.full;
}

bool
price_name(struct str in, char out[PRICE_NAME_MAX])
{
	struct str	gateway, prefix;

	if (!str_cut(&in, '/', &gateway) || !is_label(gateway) || in.s == NULL)
		return false;
	prefix = digits_of(in);
	if (!str_eq(prefix, STR("*"))) {
		for (size_t i = 0; i < prefix.len; i++)
			if (!scan_is(prefix.s[i], CHAR_DIGIT))
				return false;
		if (prefix.len == 0 || prefix.len > PREFIX_MAX)
			return false;
	}
	return name_print(out, gateway, prefix);
}

bool
price_parse(struct str in, int64_t *out)
{
	struct str	whole, part;
	int64_t		value = 0, unit = MILLIONTHS / 10;

	if (in.len == 0 || in.len > 16 || !str_cut(&in, '.', &whole))
		return false;
	part = in;
	if (whole.len == 0 || whole.len > 9 || part.len > 6 ||
	    (part.s != NULL && part.len == 0))
		return false;
	for (size_t i = 0; i < whole.len; i++) {
		if (!scan_is(whole.s[i], CHAR_DIGIT))
			return false;
		value = value * 10 + (whole.s[i] - '0') * MILLIONTHS;
	}
	for (size_t i = 0; i < part.len; i++, unit /= 10) {
		if (!scan_is(part.s[i], CHAR_DIGIT))
			return false;
		value += (part.s[i] - '0') * unit;
	}
	*out = value;
	return true;
}

static const struct entry *
find(const struct directory *d, struct str gateway, struct str prefix)
{
	char			 name[PRICE_NAME_MAX];
	const struct entry	*e;

	if (!name_print(name, gateway, prefix))
		return NULL;
	e = directory_find(d, str_of(name));
	return e != NULL && e->kind == ENTRY_PRICE ? e : NULL;
}

int64_t
price_find(const struct directory *d, struct str gateway, struct str number,
    const struct entry **entry)
{
	struct str	digits = digits_of(number);
	int64_t		price = PRICE_NONE;

	*entry = NULL;
	if (directory_count(d, ENTRY_PRICE) == 0)
		return PRICE_NONE;
	if (digits.len > PREFIX_MAX)
		digits.len = PREFIX_MAX;
	for (; digits.len > 0 && *entry == NULL; digits.len--)
		*entry = find(d, gateway, digits);
	if (*entry == NULL)
		*entry = find(d, gateway, STR("*"));
	if (*entry == NULL || !price_parse(str_of((*entry)->value), &price))
		return PRICE_NONE;
	return price;
}
