/*
 * pseudonym - the table of who became whom, and how the new ones look.
 */
#include "sipctl/pseudonym.h"

#include <stdlib.h>

#include "common/map.h"

struct pseudonym {
	char	*original;	/* "Dexample.com", the letter is the kind */
	char	 text[64];
};

struct pseudonyms {
	struct map	*known;
	unsigned	 counts[PSEUDONYM_KINDS];
};

static struct str
key_of(const void *p)
{
	return str_of(((const struct pseudonym *)p)->original);
}

/* The same length, from the number's digits counted up: "+000000000001". */
static void
number_text(char *buf, size_t size, struct str original, unsigned n)
{
	bool	plus = original.s[0] == '+';
	int	digits = (int)original.len - plus;

	snprintf(buf, size, "%s%0*u", plus ? "+" : "", digits < 40 ? digits : 40, n);
}

/* Documentation addresses (RFC 5737, 3849), or private ones. */
static void
make(struct pseudonym *p, enum pseudonym_kind kind, struct str original, unsigned n)
{
	static const char	*const nets[] = { "192.0.2", "198.51.100", "203.0.113" };
	size_t			 size = sizeof(p->text);

	switch (kind) {
	case USER:
		snprintf(p->text, size, "user%u", n);
		break;
	case NUMBER:
		number_text(p->text, size, original, n);
		break;
	case NAME:
		snprintf(p->text, size, "Name %u", n);
		break;
	case HOST:
		snprintf(p->text, size, "host%u.example", n);
		break;
	case CALL_ID:
		snprintf(p->text, size, "call%u", n);
		break;
	case PUBLIC4:
		snprintf(p->text, size, "%s.%u", nets[n / 254 % 3], n % 254 + 1);
		break;
	case PRIVATE4:
		snprintf(p->text, size, "10.0.%u.%u", n / 254 % 254, n % 254 + 1);
		break;
	case PUBLIC6:
		snprintf(p->text, size, "2001:db8::%x", n);
		break;
	default:
		snprintf(p->text, size, "fd00::%x", n);
	}
}

const char *
pseudonym(struct pseudonyms *a, enum pseudonym_kind kind, struct str original)
{
	struct pseudonym	*p;
	char			*key = xcalloc(1, original.len + 2);

	key[0] = (char)('A' + kind);
	if (original.len > 0)
		memcpy(key + 1, original.s, original.len);
	if (kind == HOST)
		str_lower(key + 1, original.len);
	if ((p = map_find(a->known, str_of(key))) != NULL) {
		free(key);
		return p->text;
	}
	p = xcalloc(1, sizeof(*p));
	p->original = key;
	make(p, kind, original, ++a->counts[kind]);
	map_put(a->known, p);
	return p->text;
}

bool
pseudonym_known(const struct pseudonyms *a, enum pseudonym_kind kind, struct str original)
{
	char	key[256];

	if (original.len + 1 > sizeof(key))
		return false;
	key[0] = (char)('A' + kind);
	memcpy(key + 1, original.s, original.len);
	if (kind == HOST)
		str_lower(key + 1, original.len);
	return map_find(a->known, str_make(key, original.len + 1)) != NULL;
}

const char *
pseudonym_address(struct pseudonyms *a, const struct addr *addr)
{
	char	buf[ADDR_TEXT_MAX];
	bool	six = addr->sa.sa_family == AF_INET6, private = addr_is_private(addr) ||
		    addr_is_linklocal(addr);

	return pseudonym(a, six ? (private ? PRIVATE6 : PUBLIC6) :
	    private ? PRIVATE4 : PUBLIC4, addr_print_host(addr, buf));
}

struct pseudonyms *
pseudonyms_new(void)
{
	struct pseudonyms	*a = xcalloc(1, sizeof(*a));

	a->known = map_new(key_of);
	return a;
}

void
pseudonyms_free(struct pseudonyms *a)
{
	struct pseudonym	*p;
	size_t			 cursor = 0;

	while ((p = map_next(a->known, &cursor)) != NULL) {
		free(p->original);
		free(p);
	}
	map_free(a->known);
	free(a);
}
