/*
 * trace_html - a page to send to somebody: picture and messages, no script.
 */
#include "sipctl/trace_html.h"

#include <stdlib.h>

#include "sipctl/output.h"

static const char head[] =
    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<style>:root{color-scheme:light dark}body{margin:2rem auto;max-width:72rem;padding:0 1rem;"
    "font:15px/1.5 system-ui,sans-serif}svg{max-width:100%;height:auto;border-radius:8px}"
    "details{margin:.3rem 0}summary{cursor:pointer;font:13px ui-monospace,monospace}"
    "pre{font:13px/1.45 ui-monospace,monospace;overflow-x:auto;padding:.7rem 1rem;border:1px solid "
    "color-mix(in srgb,currentColor 20%,transparent);border-radius:6px}</style>\n";

/* Without what drives a terminal, or no reader can see. */
static void
print_text(struct str s, FILE *f)
{
	char		*buf = xcalloc(1, s.len * 4 + 1);
	struct text	 t;

	text_init(&t, buf, s.len * 4 + 1);
	out_escape(&t, s);
	for (const char *p = buf; *p != '\0'; p++)
		if (strchr("<>&\"", *p) != NULL)
			fprintf(f, "&#%d;", *p);
		else
			fputc(*p, f);
	free(buf);
}

static void
print_lines(struct str text, FILE *f)
{
	struct str	line;

	while (str_cut(&text, '\n', &line)) {
		if (line.len > 0 && line.s[line.len - 1] == '\r')
			line.len--;
		print_text(line, f);
		fputc('\n', f);
	}
}

static void
print_message(const struct ladder *l, const struct ladder_row *r, FILE *f)
{
	struct record_message	m;
	struct str		text;
	char			when[40];

	if (!record_read_message(r->record->c, &m, &text))
		return;
	ladder_time(l, r, when);
	fprintf(f, "<details id=\"m%u\"><summary>%u &#160; %s &#160; ", r->number, r->number, when);
	print_text(str_of(l->peers[r->from].name), f);
	fputs(" → ", f);
	print_text(str_of(l->peers[r->to].name), f);
	fputs(" &#160; ", f);
	print_text(str_of(r->label), f);
	fputs("</summary><pre>", f);
	print_lines(text, f);
	fputs("</pre></details>\n", f);
}

void
trace_html(const struct ladder *l, FILE *f)
{
	struct text	t;
	char		title[512];

	text_init(&t, title, sizeof(title));
	ladder_title(l, "→", &t);
	fputs(head, f);
	fputs("<title>", f);
	print_text(text_str(&t), f);
	fputs("</title>\n", f);
	ladder_svg(l, f);
	for (size_t i = 0; i < l->n; i++)
		if (l->rows[i].message)
			print_message(l, &l->rows[i], f);
	fputs("</html>\n", f);
}
