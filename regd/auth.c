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
#include "common/user_settings.h"

#define CNONCE_MAX	512

/* What one digest came to. */
struct judged {
	enum verdict	 verdict;
	const char	*reason;
};
/* How a digest was made. */
struct form {
	enum digest_algorithm algorithm;
	bool		 sess;
	uint32_t	 nc;
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
word_chosen(const struct set_words *w, unsigned word)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->v[i] == word)
			return true;
	return false;
}

/* The settings list the algorithms, and behind them the same with -sess. */
static uint8_t
algorithm_word(const struct form *f)
{
	return (uint8_t)(f->algorithm + (f->sess ? DIGEST_ALGORITHMS : 0));
}

/* Challenges are of a domain: its realm. What an account takes comes later. */
static bool
algorithm_offered(const struct settings *set, const struct form *f,
    struct str realm)
{
	return f->algorithm != DIGEST_NONE && word_chosen(
	    settings_algorithms(set, realm), algorithm_word(f));
}

/* "user@domain" in lower case; empty when it is too long. */
static struct str
address(struct str user, struct str domain, char buf[AOR_MAX])
{
	struct text t;

	text_init(&t, buf, AOR_MAX);
	text_add(&t, user);
	if (domain.len > 0) {
		text_ch(&t, '@');
		text_add(&t, domain);
	}
	if (t.full)
		return STR_NONE;
	str_lower(buf, t.len);
	return text_str(&t);
}

struct str
auth_claim(const struct rec_digest *d, char buf[AOR_MAX])
{
	return address(d->username, str_chr(d->username, '@') < 0 ? d->realm :
	    STR_NONE, buf);
}

static const struct account *
account_named(const struct accounts *accounts, struct str user, struct str domain)
{
	char buf[AOR_MAX];

	return accounts_find(accounts, address(user, domain, buf));
}

/*
 * The account that the digest's user name and realm name: "anna" or
 * "anna@example.com". Names are kept in lower case. With loose-username a host
 * that is not the account's is what the phone made up: the name alone was hashed.
 */
static const struct account *
account_meant(const struct accounts *accounts, const struct settings *set,
    const struct rec_digest *d, enum ha1_form *form)
{
	const struct account *c;
	ptrdiff_t at = str_chr(d->username, '@');

	*form = HA1_USER;
	if (at < 0)
		return account_named(accounts, d->username, d->realm);
	c = account_named(accounts, d->username, STR_NONE);
	if (c == NULL && set->loose_username)
		return account_named(accounts,
		    str_make(d->username.s, (size_t)at), d->realm);
	*form = HA1_USER_DOMAIN;
	return c;
}

/*
 * Computes and compares the response. Without account, realm or HA1 the same
 * work is done with a value that nothing hashes to.
 */
static struct judged
response_check(const struct auth *a, const struct settings *set,
    const struct auth_question *q, const struct rec_digest *d,
    const struct form *f, const struct account **account)
{
	const enum digest_algorithm algorithm = f->algorithm;
	const struct account *c;
	enum ha1_form form;
	struct digest_hex ha1, response;
	struct digest_input in;
	const char *why = "wrong password";
	bool equal;

	memset(ha1.s, 'x', sizeof(ha1.s));
	ha1.len = (uint8_t)digest_hex_len(algorithm);
	c = account_meant(a->accounts, set, d, &form);
	if (c == NULL)
		why = "unknown user";
	else if (!str_eq(account_realm(c), d->realm))
		why = "another realm";
	else if (!account_ha1(c, algorithm, form, &ha1))
		why = "no password kept for this algorithm and user name";
	else
		*account = c;
	if (f->sess)
		digest_ha1_sess(algorithm, str_make(ha1.s, ha1.len), d->nonce,
		    d->cnonce, &ha1);
	in = (struct digest_input){
		.ha1 = str_make(ha1.s, ha1.len), .nonce = d->nonce, .nc = d->nc,
		.cnonce = d->cnonce, .qop = d->qop,
		.method = q->method, .uri = d->uri, .body_hash = d->body_hash,
	};
	digest_response(algorithm, &in, &response);
	equal = digest_equal(str_make(response.s, response.len), d->response);
	return equal && *account != NULL ? GOOD : BAD(why);
}

/* qop and what comes with it: RFC 7616 section 3.4, RFC 2617 section 3.2.2. */
static struct judged
qop_check(const struct settings *set, const struct rec_digest *d, struct form *f)
{
	if (d->qop.len == 0) {
		/* RFC 2069: no count, so the nonce serves once (S04). */
		if (!set->digest_without_qop || f->sess)
			return BAD("no qop");
		f->nc = 1;
		return GOOD;
	}
	if (str_caseeq(d->qop, STR("auth-int"))) {
		if (!word_chosen(&set->digest_qop, QOP_AUTH_INT) ||
		    d->body_hash.len != digest_hex_len(f->algorithm))
			return BAD("qop auth-int was not offered");
	} else if (!str_caseeq(d->qop, STR("auth")) ||
	    !word_chosen(&set->digest_qop, QOP_AUTH))
		return BAD("a qop that was not offered");
	if (d->cnonce.len == 0 || d->cnonce.len > CNONCE_MAX)
		return BAD("no usable cnonce");
	if (!nc_parse(d->nc, &f->nc))
		return BAD("bad nonce count");
	return GOOD;
}

/* All that can be said of a digest without the account. */
static struct judged
form_check(const struct auth_question *q, const struct settings *set,
    const struct rec_digest *d, struct form *f)
{
	struct judged j;

	f->algorithm = digest_algorithm(d->algorithm, &f->sess);
	if (!algorithm_offered(set, f, d->realm))
		return BAD("an algorithm that was not offered");
	if ((j = qop_check(set, d, f)).verdict != VERDICT_GOOD)
		return j;
	if (d->response.len != digest_hex_len(f->algorithm))
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
	struct form f = { 0 };
	struct judged j;
	int64_t issued_ms = 0;

	if ((j = form_check(q, set, d, &f)).verdict != VERDICT_GOOD)
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
	j = response_check(a, set, q, d, &f, &out->account);
	if (j.verdict != VERDICT_GOOD) {
		out->wrong++;
		return j;
	}
	out->algorithm = algorithm_word(&f);
	out->nonce = nc_hash(a->nc, d->nonce);
	if (nc_repeated(a->nc, d->nonce, q->fingerprint, q->boot_ms,
	    &out->code)) {
		out->again = true;
		return GOOD;
	}
	return nc_check(a, q, d, f.nc, issued_ms, q->wall_ms - set->nonce_life);
}

void
auth_judge(struct auth *a, const struct settings *set,
    const struct auth_question *q, struct auth_result *out)
{
	struct auth_result one, best = {
		.verdict = VERDICT_BAD, .reason = "no credential",
	};
	struct judged j;
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < q->ndigests; i++) {
		one = (struct auth_result){ .verdict = VERDICT_BAD };
		j = judge(a, set, q, &q->digests[i], &one);
		wrong += one.wrong;
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
	out->wrong = wrong;
}
