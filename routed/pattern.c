/*
 * pattern - a text with wildcards: read, matched, compared.
 *
 * What was tried in vain for a wildcard at a place is remembered, so that the effort
 * is at most the length of the text squared times the wildcards, whoever wrote the
 * text (S25).
 */
#include "routed/pattern.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/scan.h"

#define SYMBOLS_MAX	(ADDRESS_MAX + 1)

void
place_complain(const struct place *p, const char *at, const char *fmt, ...)
{
	char	text[512];
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	complain(p->out, false, p->file, p->number,
	    (uint32_t)(at - p->line.s) + 1, "%s", text);
}

/* ---- reading ---- */

struct building {
	struct piece	 v[RECORD_STARS + 1];
	char		 text[ADDRESS_MAX];
	size_t		 len;
	unsigned	 n;
};

static void
literal(struct building *b, char c)
{
	b->text[b->len++] = (char)scan_lower((unsigned char)c);
	b->v[b->n].len++;
}

static void
wildcard(struct building *b, uint8_t min, uint8_t max)
{
	b->v[b->n].wild = true;
	b->v[b->n].min = min;
	b->v[b->n].max = max;
	b->n++;
	b->v[b->n] = (struct piece){ .off = (uint16_t)b->len };
}

/* "(6-15d)", "(7d)": the limit of the star that may follow (C7). */
static bool
parse_count(struct str *in, uint32_t *min, uint32_t *max, const struct place *p)
{
	const char	*at = in->s;
	struct str	 rest = *in;

	scan_skip(&rest, 1);
	if (scan_u32(&rest, min) < 0) {
		place_complain(p, at, "a count of digits is missing; it looks "
		    "like (6-15d)* or (7d)*");
		return false;
	}
	*max = *min;
	if (scan_ch(&rest, '-') && scan_u32(&rest, max) < 0) {
		place_complain(p, at, "the upper limit of the count is missing; "
		    "it looks like (6-15d)*");
		return false;
	}
	if (!scan_ch(&rest, 'd') && !scan_ch(&rest, 'D')) {
		place_complain(p, at, "a count ends with d for digits: (6-15d)*");
		return false;
	}
	if (!scan_ch(&rest, ')')) {
		place_complain(p, at, "\"(\" without \")\"; a count looks like "
		    "(6-15d)*");
		return false;
	}
	if (*min > *max || *max == 0 || *max > RECORD_DIGITS) {
		place_complain(p, at, *min > *max ?
		    "the count is upside down; did you mean (%u-%ud)*?" :
		    "a count is 1 to 64 digits", *max, *min);
		return false;
	}
	scan_ch(&rest, '*');
	*in = rest;
	return true;
}

static bool
one_wildcard(struct building *b, struct str *in, const struct place *p)
{
	uint32_t	min = 0, max = 0;

	if (b->n > 0 && b->v[b->n].len == 0 && b->v[b->n - 1].max == 0 &&
	    in->s[0] == '*') {
		place_complain(p, in->s, "two stars in a row mean the same as one");
		return false;
	}
	if (in->s[0] == '*')
		scan_skip(in, 1);
	else if (!parse_count(in, &min, &max, p))
		return false;
	wildcard(b, (uint8_t)min, (uint8_t)max);
	return true;
}

static const void *
keep(struct arena *memory, const void *what, size_t size)
{
	void	*to = arena_take(memory, size + 1);

	memcpy(to, what, size);
	return to;
}

/* The last piece is kept only when it has text, or is all there is. */
static void
pattern_keep(struct pattern *out, struct building *b, struct arena *memory)
{
	unsigned	n = b->n;

	if (b->v[n].len > 0 || n == 0)
		n++;
	out->n = (uint8_t)n;
	out->wild = b->n > 0;
	out->v = keep(memory, b->v, n * sizeof(b->v[0]));
	out->text = keep(memory, b->text, b->len);
}

bool
pattern_parse(struct pattern *out, struct str text, unsigned *stars,
    const struct place *p)
{
	struct building	b = { .n = 0 };

	if (text.len >= ADDRESS_MAX) {
		place_complain(p, text.s, "it is too long");
		return false;
	}
	while (text.len > 0) {
		if (text.s[0] == ')') {
			place_complain(p, text.s, "\")\" without \"(\"; a count "
			    "looks like (6-15d)*");
			return false;
		}
		if (text.s[0] != '*' && text.s[0] != '(') {
			literal(&b, text.s[0]);
			scan_skip(&text, 1);
			continue;
		}
		if (++*stars > RECORD_STARS) {
			place_complain(p, text.s, "more than %d wildcards in one "
			    "pattern", RECORD_STARS);
			return false;
		}
		if (!one_wildcard(&b, &text, p))
			return false;
	}
	pattern_keep(out, &b, p->memory);
	return true;
}

bool
part_parse(struct record_part *out, struct str text, unsigned stars,
    unsigned *used, const struct place *p)
{
	struct pattern	 all;
	struct building	 b = { .n = 0 };

	if (text.len >= ADDRESS_MAX) {
		place_complain(p, text.s, "it is too long");
		return false;
	}
	for (size_t i = 0; i < text.len; i++) {
		if (text.s[i] != '*') {
			b.text[b.len++] = text.s[i];
			b.v[b.n].len++;
			continue;
		}
		if (stars == 0 || b.n == RECORD_STARS ||
		    (stars > 1 && *used == stars)) {
			place_complain(p, text.s + i, stars == 0 ?
			    "there is no wildcard before = that this star could "
			    "stand for" : "more stars than wildcards before =");
			return false;
		}
		wildcard(&b, (uint8_t)(stars == 1 ? 0 : *used), 0);
		++*used;
	}
	pattern_keep(&all, &b, p->memory);
	*out = (struct record_part){ all.text, all.v, all.n };
	return true;
}

/* ---- matching ---- */

struct matching {
	const struct pattern	*p;
	struct str		 text;
	struct str		*taken;
	uint64_t		 vain[RECORD_STARS + 1][ADDRESS_MAX / 64 + 1];
};

static bool
literal_at(const struct pattern *p, const struct piece *piece, struct str text,
    size_t at)
{
	if (text.len - at < piece->len)
		return false;
	for (size_t i = 0; i < piece->len; i++)
		if (scan_lower((unsigned char)text.s[at + i]) !=
		    (unsigned char)p->text[piece->off + i])
			return false;
	return true;
}

/* How much a wildcard may take from at on, at most. */
static size_t
reach(const struct piece *piece, struct str text, size_t at)
{
	size_t	n = 0;

	if (piece->max == 0)
		return text.len - at;
	while (n < piece->max && at + n < text.len &&
	    scan_is(text.s[at + n], CHAR_DIGIT))
		n++;
	return n;
}

/* Pieces from i on against the text from at on; a wildcard takes as little as it can. */
static bool
match_from(struct matching *m, unsigned i, size_t at)
{
	const struct piece	*piece;
	size_t			 most;

	if (i == m->p->n)
		return at == m->text.len;
	if (m->vain[i][at / 64] >> at % 64 & 1)
		return false;
	piece = &m->p->v[i];
	if (literal_at(m->p, piece, m->text, at)) {
		size_t	begin = at + piece->len;

		if (!piece->wild && match_from(m, i + 1, begin))
			return true;
		most = piece->wild ? reach(piece, m->text, begin) : 0;
		for (size_t n = piece->min; piece->wild && n <= most; n++) {
			/* The last wildcard takes the rest or nothing. */
			if (i + 1 == m->p->n)
				n = m->text.len - begin;
			if (n > most || n < piece->min)
				break;
			m->taken[i] = str_make(m->text.s + begin, n);
			if (match_from(m, i + 1, begin + n))
				return true;
		}
	}
	m->vain[i][at / 64] |= UINT64_C(1) << at % 64;
	return false;
}

bool
pattern_match(const struct pattern *p, struct str text, struct captures *taken)
{
	struct matching	m;

	if (!p->wild) {
		if (text.len != p->v[0].len || !literal_at(p, &p->v[0], text, 0))
			return false;
		return true;
	}
	if (!literal_at(p, &p->v[0], text, 0) || text.len >= ADDRESS_MAX)
		return false;
	m.p = p;
	m.text = text;
	m.taken = taken->v + taken->n;
	for (unsigned i = 0; i < p->n; i++)
		memset(m.vain[i], 0, (text.len / 64 + 1) * sizeof(m.vain[0][0]));
	if (!match_from(&m, 0, 0))
		return false;
	for (unsigned i = 0; i < p->n; i++)
		taken->n += p->v[i].wild;
	return true;
}

bool
part_print(const struct record_part *part, const struct captures *taken,
    char out[ADDRESS_MAX])
{
	struct text	t;

	text_init(&t, out, ADDRESS_MAX);
	for (unsigned i = 0; i < part->n; i++) {
		text_add(&t, str_make(part->text + part->v[i].off,
		    part->v[i].len));
		if (part->v[i].wild)
			text_add(&t, taken->v[part->v[i].min]);
	}
	return !t.full;
}

/* ---- comparing ---- */

/* A pattern as one thing after another: a character, or a wildcard. */
struct symbol {
	char	c;		/* 0: a wildcard */
	uint8_t	min, max;
};
struct covering {
	const struct symbol	*a, *b;
	size_t			 na, nb;
	uint8_t			 vain[SYMBOLS_MAX][SYMBOLS_MAX / 8 + 1];
};

static size_t
symbols(const struct pattern *p, struct symbol out[SYMBOLS_MAX])
{
	size_t	n = 0;

	for (unsigned i = 0; i < p->n; i++) {
		for (unsigned k = 0; k < p->v[i].len; k++)
			out[n++] = (struct symbol){
				.c = p->text[p->v[i].off + k] };
		if (p->v[i].wild)
			out[n++] = (struct symbol){ 0, p->v[i].min, p->v[i].max };
	}
	return n;
}

/* Adds to the digits that b's symbol may stand for; false when it may be others. */
static bool
digits_of(const struct symbol *b, unsigned *least, unsigned *most)
{
	if (b->c != '\0' ? !scan_is(b->c, CHAR_DIGIT) : b->max == 0)
		return false;
	*least += b->c != '\0' ? 1 : b->min;
	*most += b->c != '\0' ? 1 : b->max;
	return true;
}

static bool	covers_from(struct covering *c, size_t i, size_t k);

static bool
count_covers(struct covering *c, size_t i, size_t k)
{
	unsigned	least = 0, most = 0;

	do {
		if (least >= c->a[i].min && most <= c->a[i].max &&
		    covers_from(c, i + 1, k))
			return true;
	} while (k < c->nb && digits_of(&c->b[k++], &least, &most));
	return false;
}

/* a's symbols from i on match whatever b's from k on stand for? False if unsure. */
static bool
covers_from(struct covering *c, size_t i, size_t k)
{
	bool	yes = false;

	if (i == c->na)
		return k == c->nb;
	if (c->vain[i][k / 8] >> k % 8 & 1)
		return false;
	if (c->a[i].c != '\0')
		yes = k < c->nb && c->b[k].c == c->a[i].c &&
		    covers_from(c, i + 1, k + 1);
	else if (c->a[i].max == 0)
		yes = covers_from(c, i + 1, k) ||
		    (k < c->nb && covers_from(c, i, k + 1));
	else
		yes = count_covers(c, i, k);
	if (!yes)
		c->vain[i][k / 8] |= (uint8_t)(1u << k % 8);
	return yes;
}

bool
pattern_covers(const struct pattern *a, const struct pattern *b)
{
	static struct covering	c;	/* big; of one thread */
	struct symbol		sa[SYMBOLS_MAX], sb[SYMBOLS_MAX];

	c.a = sa;
	c.b = sb;
	c.na = symbols(a, sa);
	c.nb = symbols(b, sb);
	for (size_t i = 0; i <= c.na && i < SYMBOLS_MAX; i++)
		memset(c.vain[i], 0, c.nb / 8 + 1);
	return covers_from(&c, 0, 0);
}
