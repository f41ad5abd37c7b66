/*
 * dns_fuzz - an answer from a name server: the first octet of the input says what
 * was asked, then comes the packet. The name asked for is that of the seeds.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/dns_answer.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(what)	do { if (!(what)) abort(); } while (0)

static struct dns_answer a;
static volatile size_t	 sink;

static void
touch(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		sink += (unsigned char)s.s[i];
}

static void
check(enum dns_type type)
{
	MUST(a.n <= DNS_RECORDS_MAX && a.ttl <= DNS_TTL_MAX);
	MUST(!(a.none && (a.n > 0 || a.alias.len > 0)));
	touch(a.alias);
	for (unsigned i = 0; i < a.n; i++) {
		MUST(i == 0 || a.v[i - 1].first <= a.v[i].first);
		MUST(a.v[i].name.len <= DNS_NAME_MAX);
		MUST(a.v[i].flags.len <= DNS_TEXT_MAX);
		MUST(a.v[i].service.len <= DNS_TEXT_MAX);
		touch(a.v[i].name);
		touch(a.v[i].flags);
		touch(a.v[i].service);
		touch(a.v[i].regexp);
		if (type == DNS_A || type == DNS_AAAA)
			MUST(addr_bytes(&a.v[i].addr).len == (type == DNS_A ? 4 : 16));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = { DNS_A, DNS_AAAA, DNS_SRV, DNS_NAPTR };
	enum dns_type	type;
	char		*copy;

	if (size < 1)
		return 0;
	type = data[0] & 8 ? DNS_PTR : types[data[0] % 4];
	copy = malloc(size);
	MUST(copy != NULL);
	memcpy(copy, data + 1, size - 1);
	if (dns_answer_parse(&a, str_make(copy, size - 1), type, STR("x.test"),
	    data[0] & 4) == 0)
		check(type);
	free(copy);
	return 0;
}
