/*
 * auth - judges digests.
 *
 * asked.c calls auth_judge() for CREDENTIAL and REGISTER. The order matters:
 * nothing is counted before the response was verified (S05), and a repetition
 * of a question that was judged good is recognised before its nonce count
 * would be called a replay (S04; DESIGN.md part 2).
 */
#include "regd/auth.h"

#include "common/digest.h"
#include "common/stats.h"
#include "common/uri.h"

#define CNONCE_MAX	512

/* What one digest came to. */
struct judged {
	enum verdict	 verdict;
	const char	*reason;
};
#define GOOD		((struct judged){ VERDICT_GOOD, "" })
#define BAD(why)	((struct judged){ VERDICT_BAD, (why) })
#define STALE(why)	((struct judged){ VERDICT_STALE, (why) })

/*
 * The digest's uri against the Request-URI. Phones differ from their own
 * request line in port and parameters, so user and host decide (S07).
 */
static bool
uri_meant(struct str digest, struct str request)
{
	struct uri d, r;

	if (str_eq(digest, request))
		return true;
	return uri_parse(&d, digest) == 0 && uri_parse(&r, request) == 0 &&
	    str_eq(d.user, r.user) && str_caseeq(d.host, r.host);
}

static bool
nc_parse(struct str s, uint32_t *out)
{
	uint32_t v = 0;
	char c;

	if (s.len != 8)
		return false;
	for (size_t i = 0; i < 8; i++) {
		c = s.s[i];
		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint32_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			v = v << 4 | (uint32_t)(c - 'A' + 10);
		else
			return false;
	}
	*out = v;
	return v != 0;
}

static bool
algorithm_offered(const struct settings *set, enum digest_algorithm a)
{
	for (size_t i = 0; i < set->digest_algorithms.n; i++)
		if (set->digest_algorithms.v[i] == (uint8_t)a)
			return true;
	return false;
}

/*
 * The account that the digest's user name and realm name: "anna" or
 * "anna@example.com". Names are kept in lower case.
 */
static const struct account *
account_meant(const struct accounts *accounts, const struct rec_digest *d,
    enum ha1_form *form)
{
	char buf[AOR_MAX];
	struct text t;

	text_init(&t, buf, sizeof(buf));
	text_add(&t, d->username);
	*form = HA1_USER_DOMAIN;
	if (str_chr(d->username, '@') < 0) {
		*form = HA1_USER;
		text_ch(&t, '@');
		text_add(&t, d->realm);
	}
	if (t.full)
		return NULL;
	str_lower(buf, t.len);
	return accounts_find(accounts, text_str(&t));
}

/*
 * Computes and compares the response. Without account, realm or HA1 the same
 * work is done with a value that nothing hashes to.
 */
static struct judged
response_check(const struct auth *a, const struct auth_question *q,
    const struct rec_digest *d, enum digest_algorithm algorithm,
    const struct account **account)
{
	const struct account *c;
	enum ha1_form form;
	struct digest_hex ha1, response;
	struct digest_input in;
	const char *why = "wrong password";
	bool equal;

	memset(ha1.s, 'x', sizeof(ha1.s));
	ha1.len = (uint8_t)digest_hex_len(algorithm);
	c = account_meant(a->accounts, d, &form);
	if (c == NULL)
		why = "unknown user";
	else if (!str_eq(account_realm(c), d->realm))
		why = "another realm";
	else if (!account_ha1(c, algorithm, form, &ha1))
		why = "no password kept for this algorithm and user name";
	else
		*account = c;
	in = (struct digest_input){
		.ha1 = str_make(ha1.s, ha1.len), .nonce = d->nonce, .nc = d->nc,
		.cnonce = d->cnonce, .qop = d->qop,
		.method = q->method, .uri = d->uri,
	};
	digest_response(algorithm, &in, &response);
	equal = digest_equal(str_make(response.s, response.len), d->response);
	return equal && *account != NULL ? GOOD : BAD(why);
}

/* All that can be said of a digest without the account. */
static struct judged
form_check(const struct auth_question *q, const struct settings *set,
    const struct rec_digest *d, enum digest_algorithm *algorithm, uint32_t *nc)
{
	bool sess = false;

	*algorithm = digest_algorithm(d->algorithm, &sess);
	if (*algorithm == DIGEST_NONE || sess ||
	    !algorithm_offered(set, *algorithm))
		return BAD("an algorithm that was not offered");
	if (!str_caseeq(d->qop, STR("auth")))
		return BAD("qop is not auth");
	if (d->cnonce.len == 0 || d->cnonce.len > CNONCE_MAX)
		return BAD("no usable cnonce");
	if (!nc_parse(d->nc, nc))
		return BAD("bad nonce count");
	if (d->response.len != digest_hex_len(*algorithm))
		return BAD("response of wrong length");
	if (d->username.len == 0 || d->username.len >= AOR_MAX)
		return BAD("no usable user name");
	if (!uri_meant(d->uri, q->uri))
		return BAD("digest uri is not the request's");
	return GOOD;
}

/* The verified digest's nonce count; a lost or used one wants a new nonce. */
static struct judged
nc_check(struct auth *a, const struct auth_question *q,
    const struct rec_digest *d, uint32_t nc, int64_t issued_ms,
    int64_t oldest_ms)
{
	struct nc_record *r;

	switch (nc_use(a->nc, d->nonce, nc, issued_ms, oldest_ms, &r)) {
	case NC_FRESH:
		nc_remember(r, q->fingerprint, q->boot_ms);
		return GOOD;
	case NC_USED:
		stats->auth_replayed++;
		return STALE("nonce count used before");
	case NC_LOST:
		break;
	}
	return STALE("nonce too long ago");
}

static struct judged
judge(struct auth *a, const struct settings *set,
    const struct auth_question *q, const struct rec_digest *d,
    struct auth_result *out)
{
	enum digest_algorithm algorithm;
	struct judged j;
	int64_t issued_ms = 0;
	uint32_t nc = 0;

	if ((j = form_check(q, set, d, &algorithm, &nc)).verdict != VERDICT_GOOD)
		return j;
	switch (nonce_check(&a->nonces, d->nonce, d->realm, q->wall_ms,
	    set->nonce_life, &issued_ms)) {
	case NONCE_GOOD:
		break;
	case NONCE_OLD:
		return STALE("nonce past its life");
	case NONCE_FORGED:
		return STALE("nonce is not ours");
	}
	j = response_check(a, q, d, algorithm, &out->account);
	if (j.verdict != VERDICT_GOOD)
		return j;
	out->nonce = nc_hash(a->nc, d->nonce);
	if (nc_repeated(a->nc, d->nonce, q->fingerprint, q->boot_ms,
	    &out->code)) {
		out->again = true;
		return GOOD;
	}
	return nc_check(a, q, d, nc, issued_ms, q->wall_ms - set->nonce_life);
}

void
auth_judge(struct auth *a, const struct settings *set,
    const struct auth_question *q, struct auth_result *out)
{
	struct auth_result one, best = {
		.verdict = VERDICT_BAD, .reason = "no credential",
	};
	struct judged j;

	for (uint32_t i = 0; i < q->ndigests; i++) {
		one = (struct auth_result){ .verdict = VERDICT_BAD };
		j = judge(a, set, q, &q->digests[i], &one);
		one.verdict = j.verdict;
		one.reason = j.reason;
		if (j.verdict == VERDICT_GOOD) {
			best = one;
			break;
		}
		one.account = NULL;
		if (best.verdict != VERDICT_STALE)
			best = one;
	}
	stats->auth_good += best.verdict == VERDICT_GOOD;
	stats->auth_bad += best.verdict == VERDICT_BAD;
	stats->auth_stale += best.verdict == VERDICT_STALE;
	*out = best;
}
