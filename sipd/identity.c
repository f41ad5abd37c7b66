/*
 * identity - the domains that a certificate speaks for.
 *
 * tls.c asks it about peers and about what to show by SNI. RFC 5922: URI names
 * "sip:domain" come first; DNS names count only when there is none of those, and
 * the CN only when there is no subjectAltName at all.
 */
#include "sipd/identity.h"

#include <openssl/x509v3.h>

static struct str
text_of(const ASN1_STRING *s)
{
	struct str	t = str_make((const char *)ASN1_STRING_get0_data(s),
			    (size_t)ASN1_STRING_length(s));

	/* A NUL inside is an old trick: such a name is no name. */
	return t.len > 0 && str_chr(t, '\0') < 0 ? t : STR_NONE;
}

/* The domain of "sip:domain", without user, port and parameters; else empty. */
static struct str
sip_domain(struct str uri)
{
	struct str	rest, host, port;

	if (!str_caseprefix(uri, STR("sip:")) || str_chr(uri, '@') >= 0)
		return STR_NONE;
	rest = str_make(uri.s + 4, uri.len - 4);
	if (!str_cut(&rest, ';', &host))
		return STR_NONE;
	port = host;
	if (host.len > 0 && host.s[0] != '[')
		(void)str_cut(&port, ':', &host);
	return host;
}

static struct str
common_name(const X509 *cert)
{
	X509_NAME	*subject = X509_get_subject_name(cert);
	int		 at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	if (at < 0)
		return STR_NONE;
	return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

/* "*.example.com" stands for one label. */
static bool
wildcard_covers(struct str pattern, struct str name)
{
	ptrdiff_t	dot = str_chr(name, '.');

	return str_prefix(pattern, STR("*.")) && dot > 0 &&
	    str_caseeq(str_make(pattern.s + 1, pattern.len - 1),
	    str_make(name.s + dot, name.len - (size_t)dot));
}

static struct str
without_dot(struct str name)
{
	if (name.len > 1 && name.s[name.len - 1] == '.')
		name.len--;
	return name;
}

static bool
ip_is(const GENERAL_NAME *n, const struct addr *a)
{
	return str_eq(str_make((const char *)ASN1_STRING_get0_data(n->d.iPAddress),
	    (size_t)ASN1_STRING_length(n->d.iPAddress)), addr_bytes(a));
}

/* What the names of a certificate say about one domain. */
struct verdict {
	bool	uri, dns, ip;		/* named so */
	bool	any_uri;		/* there are SIP URIs */
	bool	wildcard;
};

static void
judge_name(const GENERAL_NAME *n, struct str domain, const struct addr *literal,
    struct verdict *v)
{
	struct str	name;

	switch (n->type) {
	case GEN_URI:
		name = sip_domain(text_of(n->d.uniformResourceIdentifier));
		v->any_uri |= name.len > 0;
		v->uri |= name.len > 0 && str_caseeq(name, domain);
		break;
	case GEN_DNS:
		name = text_of(n->d.dNSName);
		v->dns |= name.len > 0 && str_caseeq(without_dot(name), domain);
		v->wildcard |= wildcard_covers(name, domain);
		break;
	case GEN_IPADD:
		v->ip |= literal->len > 0 && ip_is(n, literal);
		break;
	}
}

static struct verdict
judge(const X509 *cert, struct str domain)
{
	GENERAL_NAMES	*names = X509_get_ext_d2i(cert, NID_subject_alt_name,
			    NULL, NULL);
	struct verdict	 v = { false };
	struct addr	 literal = { .len = 0 };
	struct str	 cn;

	domain = without_dot(domain);
	(void)addr_parse(&literal, domain, 0);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		judge_name(sk_GENERAL_NAME_value(names, i), domain, &literal, &v);
	if (names == NULL && X509_get_ext_by_NID(cert, NID_subject_alt_name,
	    -1) < 0) {
		cn = common_name(cert);
		v.dns = cn.len > 0 && str_caseeq(cn, domain);
		v.wildcard = wildcard_covers(cn, domain);
	}
	GENERAL_NAMES_free(names);
	return v;
}

bool
identity_has(const X509 *cert, struct str domain)
{
	struct verdict	v = judge(cert, domain);

	return v.uri || v.ip || (v.dns && !v.any_uri);
}

bool
identity_serves(const X509 *cert, struct str name)
{
	struct verdict	v = judge(cert, name);

	return v.uri || v.dns || v.ip || v.wildcard;
}

void
identity_each(const X509 *cert, void (*fn)(void *arg, struct str domain), void *arg)
{
	GENERAL_NAMES	*names = X509_get_ext_d2i(cert, NID_subject_alt_name,
			    NULL, NULL);
	struct str	 name;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

		name = n->type == GEN_URI ?
		    sip_domain(text_of(n->d.uniformResourceIdentifier)) :
		    n->type == GEN_DNS ? without_dot(text_of(n->d.dNSName)) :
		    STR_NONE;
		if (name.len > 0 && identity_has(cert, name))
			fn(arg, name);
	}
	GENERAL_NAMES_free(names);
}

/* ---- what it may be used for ---- */

#define SIP_DOMAIN	"1.3.6.1.5.5.7.3.20"	/* id-kp-sipDomain */

/*
 * Servers and clients alike: the same certificate speaks for a domain in both
 * directions (RFC 5922 section 7), and public authorities certify servers only.
 */
static bool
usage_fits(const ASN1_OBJECT *usage, bool tls)
{
	char	text[32];

	switch (OBJ_obj2nid(usage)) {
	case NID_anyExtendedKeyUsage:
		return true;
	case NID_server_auth:
	case NID_client_auth:
		return tls;
	default:
		return OBJ_obj2txt(text, sizeof(text), usage, 1) > 0 &&
		    strcmp(text, SIP_DOMAIN) == 0;
	}
}

bool
identity_usable(const X509 *cert, bool tls)
{
	int			 found;		/* -1: no such extension */
	EXTENDED_KEY_USAGE	*uses = X509_get_ext_d2i(cert, NID_ext_key_usage,
				    &found, NULL);
	bool			 fits = found == -1;

	for (int i = 0; i < sk_ASN1_OBJECT_num(uses) && !fits; i++)
		fits = usage_fits(sk_ASN1_OBJECT_value(uses, i), tls);
	EXTENDED_KEY_USAGE_free(uses);
	return fits;
}

/* ---- for people ---- */

static void
print_one(struct str name, struct text *out)
{
	if (name.len == 0)
		return;
	if (out->len > 0)
		text_ch(out, ' ');
	for (size_t i = 0; i < name.len; i++)
		text_ch(out, name.s[i] > ' ' && name.s[i] < 0x7f ? name.s[i] :
		    '?');
}

static void
print_ip(const ASN1_OCTET_STRING *ip, struct text *out)
{
	struct addr	a = { .len = 0 };
	char		buf[ADDR_TEXT_MAX];
	int		n = ASN1_STRING_length(ip);

	if (n == 4) {
		a.in.sin_family = AF_INET;
		memcpy(&a.in.sin_addr, ASN1_STRING_get0_data(ip), 4);
		a.len = sizeof(a.in);
	} else if (n == 16) {
		a.in6.sin6_family = AF_INET6;
		memcpy(&a.in6.sin6_addr, ASN1_STRING_get0_data(ip), 16);
		a.len = sizeof(a.in6);
	}
	print_one(addr_print_host(&a, buf), out);
}

void
identity_print(const X509 *cert, struct text *out)
{
	GENERAL_NAMES	*names = X509_get_ext_d2i(cert, NID_subject_alt_name,
			    NULL, NULL);

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);

		if (n->type == GEN_URI)
			print_one(text_of(n->d.uniformResourceIdentifier), out);
		else if (n->type == GEN_DNS)
			print_one(text_of(n->d.dNSName), out);
		else if (n->type == GEN_IPADD)
			print_ip(n->d.iPAddress, out);
	}
	if (names == NULL)
		print_one(common_name(cert), out);
	GENERAL_NAMES_free(names);
}
