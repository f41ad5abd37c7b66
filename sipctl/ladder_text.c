/*
 * ladder_text - a ladder for a terminal, in box-drawing characters where the locale
 * has them. Labels are ASCII, so that one octet is one column; notes stand at the
 * right, where nothing is aligned behind them.
 */
#include "sipctl/ladder.h"
#include "sipctl/output.h"

#define FIRST		14	/* column of the terminal of the first lifeline */
#define APART		25	/* lifelines */
#define WIDTH_MAX	(FIRST + APART * (LADDER_PEERS_MAX - 1) + 1)
#define MARGIN		4	/* of a label: line, blank, blank, tip */

enum glyph {
	G_BLANK, G_LIFE, G_RIGHT_FROM, G_LEFT_FROM, G_LINE, G_CROSS, G_RIGHT, G_LEFT,
	G_TEXT			/* and the character */
};
static const char *const glyphs[2][G_TEXT] = {
	{ " ", "|", "|", "|", "-", "-", ">", "<" },
	{ " ", "│", "├", "┤", "─", "┼", "▶", "◀" },
};

struct canvas {
	uint16_t	cells[WIDTH_MAX];	/* enum glyph, or G_TEXT + character */
	unsigned	width;
	bool		utf8;
};

static unsigned
at(unsigned column)
{
	return FIRST + APART * column;
}

static void
blank(struct canvas *c, const struct ladder *l)
{
	c->width = at(l->npeers - 1) + 1;
	for (unsigned i = 0; i < WIDTH_MAX; i++)
		c->cells[i] = G_BLANK;
	for (unsigned i = 0; i < l->npeers; i++)
		c->cells[at(i)] = G_LIFE;
}

static void
put(struct canvas *c, unsigned x, const char *s, size_t n)
{
	for (size_t i = 0; i < n && x + i < c->width; i++)
		c->cells[x + i] = (uint16_t)(G_TEXT +
		    (s[i] >= ' ' && s[i] < 0x7f ? s[i] : '?'));
}

static void
arrow(struct canvas *c, const struct ladder_row *r)
{
	unsigned	a = at(r->from), b = at(r->to);
	unsigned	left = a < b ? a : b, right = a < b ? b : a;
	size_t		len = strlen(r->label), room = right - left - MARGIN;

	for (unsigned x = left + 1; x < right; x++)
		c->cells[x] = (x - FIRST) % APART == 0 ? G_CROSS : G_LINE;
	if (len > room)
		len = room;
	if (a < b) {
		c->cells[a] = G_RIGHT_FROM;
		c->cells[b - 1] = G_RIGHT;
		put(c, a + 2, r->label, len);
	} else {
		c->cells[a] = G_LEFT_FROM;
		c->cells[b + 1] = G_LEFT;
		put(c, a - 1 - (unsigned)len, r->label, len);
	}
}

static void
print(const struct canvas *c, unsigned from, unsigned to, FILE *f)
{
	for (unsigned i = from; i < to; i++)
		if (c->cells[i] >= G_TEXT)
			fputc(c->cells[i] - G_TEXT, f);
		else
			fputs(glyphs[c->utf8][c->cells[i]], f);
}

static void
print_row(struct canvas *c, const struct ladder *l, const struct ladder_row *r, FILE *f)
{
	char	when[40];

	blank(c, l);
	if (!r->message) {
		print(c, 0, at(LADDER_US), f);
		fputs(glyphs[c->utf8][G_RIGHT_FROM], f);
		fputc(' ', f);
		out_print(f, str_of(r->label));
		fputc('\n', f);
		return;
	}
	ladder_time(l, r, when);
	arrow(c, r);
	fprintf(f, "%*s ", FIRST - 1, when);
	print(c, FIRST, c->width, f);
	fprintf(f, "  %2u", r->number);
	if (r->note != NULL) {
		fputs("  ", f);
		out_print(f, str_of(r->note));
	}
	fputc('\n', f);
}

/* Names over the lifelines, each in the middle of its column. */
static void
print_heads(struct canvas *c, const struct ladder *l, bool address, FILE *f)
{
	blank(c, l);
	for (unsigned i = 0; i < l->npeers; i++)
		c->cells[at(i)] = G_BLANK;
	c->width = WIDTH_MAX;
	for (unsigned i = 0; i < l->npeers; i++) {
		const char	*s = address ? l->peers[i].address : l->peers[i].name;
		size_t		 len = strlen(s), half;

		if (len > APART - 1)
			len = APART - 1;
		half = len / 2 < FIRST ? len / 2 : FIRST;
		put(c, at(i) - (unsigned)half, s, len);
	}
	while (c->width > 0 && c->cells[c->width - 1] == G_BLANK)
		c->width--;
	print(c, 0, c->width, f);
	fputc('\n', f);
}

static void
print_lives(struct canvas *c, const struct ladder *l, FILE *f)
{
	blank(c, l);
	print(c, 0, c->width, f);
	fputc('\n', f);
}

void
ladder_text(const struct ladder *l, bool utf8, FILE *f)
{
	struct canvas	c = { .utf8 = utf8 };
	struct text	t;
	char		title[512];

	text_init(&t, title, sizeof(title));
	ladder_title(l, utf8 ? "→" : "->", &t);
	out_print(f, str_of(title));
	fputs("\n\n", f);
	print_heads(&c, l, false, f);
	print_heads(&c, l, true, f);
	print_lives(&c, l, f);
	for (size_t i = 0; i < l->n; i++)
		print_row(&c, l, &l->rows[i], f);
	print_lives(&c, l, f);
}
