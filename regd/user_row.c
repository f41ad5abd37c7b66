/*
 * user_row - what a row of accounts must look like, and what becomes of it.
 *
 * users.c has each row of a USER_PUT judged here, alone. A password is hashed and
 * kept nowhere.
 */
#include "regd/user_row.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stddef.h>
#include <string.h>

#include "common/log.h"
#include "common/setting_types.h"
#include "common/uri.h"

#define NAME_MAX_	255
#define PASSWORD_MAX	255

static void wrong(struct user_row *row, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
wrong(struct user_row *row, const char *field, const char *fmt, ...)
{
	va_list ap;

	row->field = field;

	va_start(ap, fmt);
	(void)vsnprintf(row->why, sizeof(row->why), fmt, ap);
	va_end(ap);
}

/* ---- what a row must look like ---- */

static bool
printable(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((uint8_t)s.s[i] < ' ' || s.s[i] == 0x7f)
			return false;
	return true;
}

static bool
user_name_ok(struct str user)
{
	for (size_t i = 0; i < user.len; i++)
		if ((uint8_t)user.s[i] <= ' ' || user.s[i] == 0x7f ||
		    strchr(":%@\"<>\\", user.s[i]) != NULL)
			return false;
	return user.len > 0;
}

/* One of our domains that looks like it; the only one in any case; or NULL. */
static const char *
domain_nearest(const struct settings *set, struct str domain)
{
	const char *near = set->domains.n == 1 ? set->domains.v[0] : NULL;
	size_t best = 4, d;

	for (size_t i = 0; i < set->domains.n; i++) {
		d = edit_distance(domain, str_of(set->domains.v[i]));
		if (d < best) {
			best = d;
			near = set->domains.v[i];
		}
	}
	return near;
}

static bool
address_check(struct user_row *row)
{
	const struct settings *set = row->regd->self->settings;
	const struct rec_user *u = row->user;
	struct str user, domain, main_domain = STR_NONE;
	const char *near;

	if (set->domains.n > 0)
		main_domain = str_of(set->domains.v[0]);
	if (aor_parse(u->aor, main_domain, row->aor_buf, &row->aor) < 0) {
		wrong(row, "user", "bad address \"%s\"; it looks like "
		    "anna@example.com", log_str(u->aor));
		return false;
	}
	aor_split(row->aor, &user, &domain);
	if (!user_name_ok(user)) {
		wrong(row, "user", "bad user name in \"%s\"", log_str(u->aor));
		return false;
	}
	if (!domain_served(set, domain)) {
		near = domain_nearest(set, domain);
		wrong(row, "domain", "\"%s\": domain not served%s%s%s",
		    log_str(u->aor), near != NULL ? "; did you mean " : "",
		    near != NULL ? near : "", near != NULL ? "?" : "");
		return false;
	}
	return true;
}

static bool
mode_check(struct user_row *row, enum user_mode mode,
    const struct account *have)
{
	if (mode == USER_ADD && have != NULL)
		wrong(row, "user", "%.*s exists already",
		    STR_ARG(row->aor));
	else if (mode == USER_SET && have == NULL)
		wrong(row, "user", "there is no account %.*s",
		    STR_ARG(row->aor));
	else
		return true;
	return false;
}

/* E.164 with a plus, or an extension of digits. */
static bool
number_check(struct user_row *row)
{
	struct str n = row->user->number, digits = n;
	const struct account *other;
	size_t least = 1;

	if (n.len == 0)
		return true;
	if (n.s[0] == '+') {
		digits = str_make(n.s + 1, n.len - 1);
		least = 8;
	}
	for (size_t i = 0; i < digits.len; i++)
		if (digits.s[i] < '0' || digits.s[i] > '9') {
			wrong(row, "number", "number \"%s\": only "
			    "digits, with a leading + for E.164", log_str(n));
			return false;
		}
	if (digits.len < least || digits.len > 15) {
		wrong(row, "number", "number \"%s\": too %s, %s",
		    log_str(n), digits.len < least ? "short" : "long",
		    least == 8 ? "E.164 needs 8 to 15 digits here" :
		    "at most 15 digits");
		return false;
	}
	other = accounts_find_number(row->regd->accounts, n);
	if (other != NULL && !str_eq(account_aor(other), row->aor)) {
		wrong(row, "number", "number %s belongs to %.*s",
		    log_str(n), STR_ARG(account_aor(other)));
		return false;
	}
	return true;
}

/* ---- its own settings ---- */

/* "service" and "networks" of the message as lines of settings. */
static bool
service_line(struct user_row *row, struct text *t)
{
	struct str v = row->user->service;

	if (v.len > 0 && !str_eq(v, STR("on")) && !str_eq(v, STR("off"))) {
		wrong(row, "service", "%.*s: service is on or off", STR_ARG(row->aor));
		return false;
	}
	if (v.len > 0)
		text_add(t, str_eq(v, STR("off")) ? STR("service off\n") :
		    STR("service\n"));
	return true;
}

static struct str
next_word(struct str *rest)
{
	size_t n = 0;
	struct str word;

	while (n < rest->len && rest->s[n] != ' ' && rest->s[n] != ',')
		n++;
	word = str_make(rest->s, n);
	n += n < rest->len;
	*rest = str_make(rest->s + n, rest->len - n);
	return word;
}

/* Blanks or commas between; "any" is what no networks mean. */
static bool
networks_line(struct user_row *row, struct text *t)
{
	struct str rest = row->user->networks, one;
	struct net net;
	bool first = true;

	if (rest.len == 0)
		return true;
	text_add(t, STR("networks"));
	while (!str_eq(row->user->networks, STR("any")) && rest.len > 0) {
		one = next_word(&rest);
		if (one.len == 0)
			continue;
		if (net_parse(&net, one) < 0) {
			wrong(row, "networks", "%.*s: \"%s\" is not a network like "
			    "10.0.0.0/8", STR_ARG(row->aor), log_str(one));
			return false;
		}
		text_add(t, first ? STR(" [") : STR(", "));
		text_add(t, one);
		first = false;
	}
	text_add(t, first ? STR("\n") : STR("]\n"));
	return true;
}

static bool
settings_take(struct user_row *row)
{
	char buf[OWN_MAX], why[256];
	struct text change, own;
	int error;

	text_init(&change, buf, sizeof(buf));
	if (!service_line(row, &change) || !networks_line(row, &change))
		return false;
	text_add(&change, row->user->settings);
	if (change.len == 0)
		return true;
	text_init(&own, row->own, sizeof(row->own));
	error = change.full ? -EMSGSIZE : user_settings_change(
	    row->account.settings, text_str(&change), &own, why, sizeof(why));
	if (error < 0) {
		wrong(row, "settings", "%.*s: %s", STR_ARG(row->aor), error == -EMSGSIZE ?
		    "too many settings" : why);
		return false;
	}
	row->account.settings = text_str(&own);
	return true;
}

/* ---- credentials ---- */

/* hex becomes the row's HA1; false when it is no hex of the right length. */
static bool
ha1_set(struct user_row *row, enum digest_algorithm a, enum ha1_form form,
    struct str hex)
{
	char *to = row->octets[a][form];

	if (hex.len != digest_hex_len(a) || !ha1_from_hex(hex, to))
		return false;
	row->account.ha1[a][form] = str_make(to, hex.len / 2);
	return true;
}

static void
password_hash(struct user_row *row)
{
	struct str user, domain;
	struct digest_hex h;

	aor_split(row->aor, &user, &domain);
	for (int a = 0; a < DIGEST_ALGORITHMS; a++)
		for (int form = 0; form < HA1_FORMS; form++) {
			digest_ha1((enum digest_algorithm)a,
			    form == HA1_USER ? user : row->aor,
			    row->account.realm, row->user->password, &h);
			(void)ha1_set(row, (enum digest_algorithm)a,
			    (enum ha1_form)form, str_make(h.s, h.len));
		}
	explicit_bzero(&h, sizeof(h));
}

const struct ha1_column ha1_columns[HA1_COLUMNS] = {
#define COLUMN(name, algorithm, form)	\
	{ #name, algorithm, form, offsetof(struct rec_user, name) }
	COLUMN(ha1_md5, DIGEST_MD5, HA1_USER),
	COLUMN(ha1_sha256, DIGEST_SHA256, HA1_USER),
	COLUMN(ha1_sha512_256, DIGEST_SHA512_256, HA1_USER),
	COLUMN(ha1b_md5, DIGEST_MD5, HA1_USER_DOMAIN),
	COLUMN(ha1b_sha256, DIGEST_SHA256, HA1_USER_DOMAIN),
	COLUMN(ha1b_sha512_256, DIGEST_SHA512_256, HA1_USER_DOMAIN),
#undef COLUMN
};

static struct str
ha1_given(const struct rec_user *u, const struct ha1_column *c)
{
	return *(const struct str *)((const char *)u + c->offset);
}

static bool
ha1_any(const struct rec_user *u)
{
	for (int i = 0; i < HA1_COLUMNS; i++)
		if (ha1_given(u, &ha1_columns[i]).len > 0)
			return true;
	return false;
}

/* Digests given in hex. */
static bool
ha1_take(struct user_row *row)
{
	const struct ha1_column *c;
	struct str given;

	for (int i = 0; i < HA1_COLUMNS; i++) {
		c = &ha1_columns[i];
		given = ha1_given(row->user, c);
		if (given.len == 0 || ha1_set(row, c->algorithm, c->form, given))
			continue;
		wrong(row, c->name, "%.*s: %s needs %zu hex digits",
		    STR_ARG(row->aor), c->name, digest_hex_len(c->algorithm));
		return false;
	}
	return true;
}

static bool
credential_check(struct user_row *row, const struct account *have)
{
	const struct rec_user *u = row->user;

	if (u->password.len == 0 && !ha1_any(u)) {
		if (have != NULL)
			return true;
		wrong(row, "password", "%.*s: no password", STR_ARG(row->aor));
		return false;
	}
	if (u->password.len > PASSWORD_MAX) {
		wrong(row, "password", "%.*s: password over %d octets",
		    STR_ARG(row->aor), PASSWORD_MAX);
		return false;
	}
	/* A new credential takes the place of all the old ones. */
	memset(row->account.ha1, 0, sizeof(row->account.ha1));
	if (u->password.len > 0) {
		password_hash(row);
		return true;
	}
	return ha1_take(row);
}

/* ---- all of it ---- */

bool
user_row_judge(struct user_row *row, enum user_mode mode)
{
	const struct rec_user *u = row->user;
	const struct account *have;
	struct str user, domain;

	if (!address_check(row))
		return false;
	have = accounts_find(row->regd->accounts, row->aor);
	if (!mode_check(row, mode, have) || !number_check(row))
		return false;
	if (u->name.len > NAME_MAX_ || !printable(u->name)) {
		wrong(row, "name", "%.*s: bad name", STR_ARG(row->aor));
		return false;
	}
	aor_split(row->aor, &user, &domain);
	row->account = (struct store_account){ .aor = row->aor,
	    .realm = domain };
	if (have != NULL)
		account_row(have, &row->account);
	if (u->name.len > 0)
		row->account.name = u->name;
	if (u->number.len > 0)
		row->account.number = u->number;
	row->account.import = row->import;
	return settings_take(row) && credential_check(row, have);
}
