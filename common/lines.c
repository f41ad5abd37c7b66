/* lines - the type of settings that are lines of words, and how they are read. */
#include "common/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/setting_types.h"

/* ---- the type ---- */

static bool
lines_read(const struct setting_info *i, const struct conf_node *node, void *field,
    struct complaints *out)
{
	struct set_lines	*all = field;
	struct set_line		*one;

	if (node->nvalues == 0)		/* "[]" */
		return true;
	if (all->n >= (size_t)i->max) {
		complain(out, false, node->file, node->line, node->column,
		    "there are at most %lld lines of %s", (long long)i->max, i->name);
		return false;
	}
	if ((all->n & (all->n - 1)) == 0)
		all->v = xrealloc(all->v, all->n == 0 ? 1 : all->n * 2,
		    sizeof(*all->v));
	one = &all->v[all->n++];
	*one = (struct set_line){ .file = xstrdup(node->file), .line = node->line };
	one->v = xcalloc(node->nvalues, sizeof(*one->v));
	for (; one->n < node->nvalues; one->n++)
		one->v[one->n] = (struct set_word_at){
			xstrdup(node->values[one->n].text),
			node->values[one->n].line, node->values[one->n].column,
		};
	return true;
}

/* The caller has written the name before the first. */
static void
lines_print(const struct setting_info *i, const void *field, struct text *out)
{
	const struct set_lines	*all = field;

	for (size_t n = 0; n < all->n; n++) {
		if (n > 0)
			text_printf(out, "\n%s ", i->name);
		for (size_t k = 0; k < all->v[n].n; k++) {
			if (k > 0)
				text_ch(out, ' ');
			conf_quote(out, str_of(all->v[n].v[k].text));
		}
	}
	if (all->n == 0)
		text_add(out, STR("[]"));
}

static bool
lines_equal(const void *x, const void *y)
{
	const struct set_lines	*a = x, *b = y;

	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!text_lists_equal(a->v[i].v, a->v[i].n, b->v[i].v, b->v[i].n,
		    sizeof(a->v[i].v[0])))
			return false;
	return true;
}

static void
lines_fini(void *field)
{
	struct set_lines	*all = field;

	for (size_t i = 0; i < all->n; i++) {
		for (size_t k = 0; k < all->v[i].n; k++)
			free(all->v[i].v[k].text);
		free(all->v[i].v);
		free(all->v[i].file);
	}
	free(all->v);
}

const struct setting_type setting_type_lines = {
	"lines of words", true, lines_read, lines_print, lines_equal, lines_fini
};

/* ---- reading ---- */

void
words_init(struct words *w, const struct set_line *line, struct complaints *out)
{
	*w = (struct words){ .line = line, .out = out };
}

void
words_complain(struct words *w, const char *fmt, ...)
{
	const struct set_word_at *at = &w->line->v[w->at > 0 ? w->at - 1 : 0];
	char			  text[512];
	va_list			  ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	w->failed = true;
	complain(w->out, false, w->line->file, at->line, at->column, "%s", text);
}

bool
words_next(struct words *w, struct str *out)
{
	if (w->at >= w->line->n)
		return false;
	*out = str_of(w->line->v[w->at++].text);
	return true;
}

bool
words_want(struct words *w, const char *what, struct str *out)
{
	if (words_next(w, out) && out->len > 0)
		return true;
	words_complain(w, "%s is missing here", what);
	return false;
}

bool
words_number(struct words *w, const char *what, uint32_t low, uint32_t high,
    uint32_t *out)
{
	struct str	text;

	if (!words_want(w, what, &text))
		return false;
	if (str_u32(text, out) == 0 && *out >= low && *out <= high)
		return true;
	words_complain(w, "%s is a number from %u to %u, not \"%.*s\"", what, low,
	    high, STR_ARG(text));
	return false;
}

int
words_one_of(struct words *w, struct str text, const char *const *choices)
{
	const char	*near = NULL;
	size_t		 best = 4, d;

	for (int i = 0; choices[i] != NULL; i++) {
		if (str_caseeq(text, str_of(choices[i])))
			return i;
		d = edit_distance(text, str_of(choices[i]));
		if (d < best) {
			best = d;
			near = choices[i];
		}
	}
	words_complain(w, "unknown word \"%.*s\"%s%s%s", STR_ARG(text),
	    near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
	    near != NULL ? "\"?" : "");
	return -1;
}
