/*
 * ladder_mermaid - a ladder as a sequence diagram in the words of Mermaid, which
 * issues and wikis draw.
 */
#include "sipctl/ladder.h"

/* What would end a text or begin an entity becomes one. */
static void
print_text(const char *s, FILE *f)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			fputc('?', f);
		else if (strchr("#;<>:&\"", *s) != NULL)
			fprintf(f, "#%d;", *s);
		else
			fputc(*s, f);
}

static void
print_row(const struct ladder_row *r, FILE *f)
{
	if (!r->message) {
		fprintf(f, "    Note over p%d: ", LADDER_US);
		print_text(r->label, f);
		fputc('\n', f);
		return;
	}
	fprintf(f, "    p%u->>p%u: %u  ", r->from, r->to, r->number);
	print_text(r->label, f);
	fprintf(f, "  (%.0f ms)\n", (double)r->after_ns / 1e6);
}

void
ladder_mermaid(const struct ladder *l, FILE *f)
{
	fputs("sequenceDiagram\n", f);
	for (unsigned i = 0; i < l->npeers; i++) {
		fprintf(f, "    participant p%u as ", i);
		print_text(l->peers[i].name, f);
		fputs("<br/>", f);
		print_text(l->peers[i].address, f);
		fputc('\n', f);
	}
	for (size_t i = 0; i < l->n; i++)
		print_row(&l->rows[i], f);
}
