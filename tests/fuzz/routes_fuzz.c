/*
 * routes_fuzz - routes.conf from anywhere, and addresses with it: what is in order
 * is matched as a list would be, and what it makes of an address is an address.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "routed/records.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what)	do { if (!(what)) abort(); } while (0)

static char		 main_domain[] = "example.com", teleco[] = "teleco1";
static char		*domains[] = { main_domain };
static struct gateway_settings gateway = { .name = teleco };
static struct settings	 settings = { .domains = { domains, 1 },
			    .gateways = &gateway, .ngateways = 1 };

static const char *const addresses[] = {
	"anna", "+442071234567", "1555@old", "011442@telnum", "a%b%c", "x!y!z",
	"<@z:x@y>", "incoming7@[192.0.2.1]", "123456", "b@a.b.old", "*(6-15d)*",
};

static void
show(struct complaints *c)
{
	char		buf[2048];
	struct text	t;

	for (size_t i = 0; i < c->n; i++) {
		text_init(&t, buf, sizeof(buf));
		complaint_print(&c->v[i], i % 2 == 0, &t);
	}
	complaints_fini(c);
}

static void
check_address(const struct records *r, struct str text)
{
	char			buf[8 * ADDRESS_MAX];
	const struct record	*one, *first = NULL;
	struct captures		taken;
	struct address		a, to, back;
	struct text		t;

	if (address_parse(&a, text, NULL) < 0)
		return;
	one = records_find(r, a.local, a.domain, RECORD_SIGNAL, &taken);
	for (uint32_t i = 0; i < records_count(r) && first == NULL; i++) {
		struct captures	unused;

		first = records_at(r, i);
		if ((first->classes & RECORD_SIGNAL) == 0 ||
		    !record_match(first, a.local, a.domain, &unused))
			first = NULL;
	}
	MUST(one == first);
	text_init(&t, buf, sizeof(buf));
	if (one == NULL && records_count(r) > 0)
		record_why_not(records_at(r, 0), a.local, a.domain, RECORD_SIGNAL, &t);
	if (one == NULL || record_apply(one, &a, &taken, &to) < 0)
		return;
	address_uri(&to, &t);
	while (address_unwrap(&to))
		address_print(&to, &t);
	back = to;
	MUST(strlen(back.local) < ADDRESS_MAX && strlen(back.domain) < ADDRESS_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str		 text = str_make((const char *)data, size), rest, line;
	struct complaints	 c = { 0 };
	struct records		*r;

	if (size > 65536 || memchr(data, '\0', size) != NULL)
		return 0;	/* file_read's caller refuses these */
	r = records_build("routes.conf", text, &settings, &c);
	MUST((r == NULL) == (c.errors > 0));
	if (r != NULL) {
		records_suspect(r, &settings, &c);
		for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
			check_address(r, str_of(addresses[i]));
		for (rest = text; str_cut(&rest, '\n', &line);)
			check_address(r, line);
	}
	records_free(r);
	show(&c);
	return 0;
}
