/*
 * prices_fuzz - "GATEWAY/PREFIX PRICE", as an import brings them: what is taken is
 * canonical, and is found again by a number that begins so.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "routed/prices.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what)	do { if (!(what)) abort(); } while (0)

static void
find_again(const char *name, struct str price, int64_t value)
{
	struct directory	*d = directory_new(NULL);
	struct str		 rest = str_of(name), gateway;
	const struct entry	*e;

	directory_apply(d, ENTRY_PRICE, str_of(name), price);
	MUST(str_cut(&rest, '/', &gateway));
	MUST(price_find(d, gateway, rest, &e) == value && e != NULL);
	directory_free(d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		name[PRICE_NAME_MAX], again[PRICE_NAME_MAX];
	struct str	price = str_make((const char *)data, size), word;
	int64_t		value;

	if (!str_cut(&price, ' ', &word) || !price_name(word, name))
		return 0;
	MUST(price_name(str_of(name), again) && strcmp(name, again) == 0);
	if (price_parse(price, &value)) {
		MUST(value >= 0 && value < 1000000000 * INT64_C(1000000));
		find_again(name, price, value);
	}
	return 0;
}
