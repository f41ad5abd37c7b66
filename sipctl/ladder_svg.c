/*
 * ladder_svg - a ladder as a picture for tickets and mails: one file, no script, no
 * font of its own, light or dark as its reader's screen is.
 */
#include "sipctl/ladder.h"
#include "sipctl/output.h"

#define LEFT		110	/* of the first lifeline, in pixels */
#define APART		230
#define TOP		96	/* of the first row */
#define ROW		28
#define RIGHT		330	/* for notes */
#define SMALL		6.7	/* width of a character of class s */

static const char style[] =
    "<style>"
    "svg{font:13px ui-monospace,Menlo,Consolas,monospace;background:#fff}"
    ".b{fill:#fff}.n{font-weight:600;font-size:15px}"
    "text{fill:#1f2933}.s{fill:#6b7785;font-size:11px}.l{stroke:#c5cdd6}"
    ".box{fill:#f2f5f8;stroke:#c5cdd6}.d{fill:#fff7e0;stroke:#e3c76b}"
    ".m{stroke-width:1.5;fill:none}"
    ".q{stroke:#2563a8}.p{stroke:#7a8794}.g{stroke:#2f855a}.w{stroke:#b7791f}.r{stroke:#c53030}"
    ".fq{fill:#2563a8}.fp{fill:#7a8794}.fg{fill:#2f855a}.fw{fill:#b7791f}.fr{fill:#c53030}"
    "@media(prefers-color-scheme:dark){svg{background:#16191d}.b{fill:#16191d}text{fill:#e4e7eb}"
    ".s{fill:#9aa5b1}.l{stroke:#3e4c59}.box{fill:#232a31;stroke:#3e4c59}"
    ".d{fill:#3a3320;stroke:#8a7433}.q{stroke:#63a4e8}.fq{fill:#63a4e8}}"
    "</style>\n";

/* Escaped for XML, after what no reader should see (out_escape). */
static void
print_text(const char *s, size_t max, FILE *f)
{
	char		buf[2048];
	struct text	t;
	size_t		drawn = 0;

	text_init(&t, buf, sizeof(buf));
	out_escape(&t, str_make(s, strnlen(s, sizeof(buf) / 5)));
	for (const char *p = buf; *p != '\0'; p++) {
		if (((unsigned char)*p & 0xc0) != 0x80 && drawn++ == max) {
			fputs("…", f);
			return;
		}
		if (strchr("<>&\"", *p) != NULL)
			fprintf(f, "&#%d;", *p);
		else
			fputc(*p, f);
	}
}

static unsigned
x_of(unsigned column)
{
	return LEFT + APART * column;
}

static void
print_head(const struct ladder *l, unsigned column, unsigned bottom, FILE *f)
{
	const struct ladder_peer *p = &l->peers[column];
	unsigned		  x = x_of(column);

	fprintf(f, "<line class=\"l\" x1=\"%u\" y1=\"%d\" x2=\"%u\" y2=\"%u\"/>\n", x, 84,
	    x, bottom);
	fprintf(f, "<rect class=\"box\" x=\"%u\" y=\"44\" width=\"190\" height=\"40\" rx=\"6\"/>"
	    "<text class=\"n\" x=\"%u\" y=\"61\" text-anchor=\"middle\">", x - 95, x);
	print_text(p->name, 20, f);
	fprintf(f, "</text><text class=\"s\" x=\"%u\" y=\"77\" text-anchor=\"middle\">", x);
	print_text(p->address, 34, f);
	fputs("</text>\n", f);
}

/* Colour says again what the label says. */
static char
kind_of(const struct ladder_row *r)
{
	static const char	by_class[] = { 'q', 'p', 'g', 'w', 'r', 'r', 'r' };
	unsigned		class = r->record->c->code / 100;

	return by_class[class < sizeof(by_class) ? class : 4];
}

static void
print_message(const struct ladder *l, const struct ladder_row *r, unsigned y, FILE *f)
{
	unsigned	a = x_of(r->from), b = x_of(r->to);
	int		way = a < b ? 1 : -1;
	char		when[40], kind = kind_of(r);

	ladder_time(l, r, when);
	fprintf(f, "<text class=\"s\" x=\"%d\" y=\"%u\" text-anchor=\"end\">%s</text>",
	    LEFT - 12, y + 4, when);
	fprintf(f, "<line class=\"m %c\" x1=\"%u\" y1=\"%u\" x2=\"%d\" y2=\"%u\"/>", kind, a, y,
	    (int)b - 8 * way, y);
	fprintf(f, "<path class=\"f%c\" d=\"M%u %ul%d -4.5v9z\"/>", kind, b, y, -9 * way);
	fprintf(f, "<text x=\"%u\" y=\"%u\" text-anchor=\"middle\">", (a + b) / 2, y - 5);
	print_text(r->label, 27, f);
	fprintf(f, "</text><text class=\"s\" x=\"%u\" y=\"%u\">%u", x_of(l->npeers - 1) + 14,
	    y + 4, r->number);
	if (r->note != NULL) {
		fputs("&#160; ", f);
		print_text(r->note, 48, f);
	}
	fputs("</text>\n", f);
}

/* Cut to the picture's width; the row's title has more of it. */
static void
print_note(const struct ladder *l, const struct ladder_row *r, unsigned y, FILE *f)
{
	unsigned	x = x_of(LADDER_US);
	size_t		room = (size_t)((x_of(l->npeers - 1) + RIGHT - x - 20) / SMALL);
	size_t		len = strlen(r->label);

	if (len > room)
		len = room;
	fprintf(f, "<rect class=\"b\" x=\"%u\" y=\"%u\" width=\"%.0f\" height=\"16\"/>"
	    "<circle class=\"d\" cx=\"%u\" cy=\"%u\" r=\"4\"/><text class=\"s\" x=\"%u\" "
	    "y=\"%u\">", x + 8, y - 8, (double)len * SMALL + 8, x, y, x + 12, y + 4);
	print_text(r->label, room, f);
	fputs("<title>", f);
	print_text(r->label, 400, f);
	fputs("</title></text>\n", f);
}

void
ladder_svg(const struct ladder *l, FILE *f)
{
	unsigned	bottom = TOP + ROW * (unsigned)l->n + 8;
	unsigned	width = x_of(l->npeers - 1) + RIGHT;
	struct text	t;
	char		title[512];

	text_init(&t, title, sizeof(title));
	ladder_title(l, "→", &t);
	fprintf(f, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" width=\"%u\" "
	    "height=\"%u\" role=\"img\">\n%s<rect class=\"b\" width=\"100%%\" height=\"100%%\"/>\n"
	    "<text class=\"n\" x=\"16\" y=\"27\">", width, bottom + 12, width, bottom + 12, style);
	print_text(title, 110, f);
	fputs("</text>\n", f);
	for (unsigned i = 0; i < l->npeers; i++)
		print_head(l, i, bottom, f);
	for (size_t i = 0; i < l->n; i++) {
		unsigned	y = TOP + 20 + ROW * (unsigned)i;

		if (l->rows[i].message)
			print_message(l, &l->rows[i], y, f);
		else
			print_note(l, &l->rows[i], y, f);
	}
	fputs("</svg>\n", f);
}
