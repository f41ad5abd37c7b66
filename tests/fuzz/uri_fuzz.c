/*
 * uri_fuzz - addresses: parsing, parameters, comparing, AORs. The input is one
 * URI, or two with a line feed between them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "common/uri.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what)	do { if (!(what)) abort(); } while (0)

static void
check_uri(const struct uri *u)
{
	char		buf[AOR_MAX], twice[AOR_MAX];
	struct str	value, aor, user, domain, same;

	MUST(uri_equal(u, u));
	uri_param(u, "lr", &value);
	uri_transport(u);
	aor = uri_aor(u, buf);
	if (aor.len == 0)
		return;
	MUST(aor.s == buf && aor.len < AOR_MAX);
	aor_split(aor, &user, &domain);
	MUST(domain.len > 0);
	/* A canonical AOR is one already, where it can be written as a URI. */
	if (aor_parse(aor, STR("d.example"), twice, &same) == 0 &&
	    user.len > 0 && str_chr(user, '%') < 0)
		MUST(str_eq(same, aor));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		*copy = malloc(size > 0 ? size : 1);
	char		 buf[AOR_MAX];
	struct str	 rest, first, aor;
	struct uri	 a, b;
	int		 good;

	MUST(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	rest = str_make(copy, size);
	aor_parse(rest, STR("d.example"), buf, &aor);
	if (!str_cut(&rest, '\n', &first))
		first = STR_NONE;
	good = uri_parse(&a, first);
	if (good == 0)
		check_uri(&a);
	if (rest.s != NULL && uri_parse(&b, rest) == 0) {
		check_uri(&b);
		if (good == 0)
			MUST(uri_equal(&a, &b) == uri_equal(&b, &a));
	}
	free(copy);
	return 0;
}
