/*
 * diff - which lines changed: the common begin and end are left out, what lies
 * between is compared by the longest common subsequence.
 */
#include "sipctl/diff.h"

#include <stdlib.h>

#define CELLS_MAX	(4 * 1024 * 1024)	/* beyond: all of it changed */

struct lines {
	struct str	*v;
	size_t		 n;
};

static void
split(struct lines *l, struct str text)
{
	struct str	line;
	size_t		size = 0;

	l->v = NULL;
	l->n = 0;
	if (text.len > 0 && text.s[text.len - 1] == '\n')
		text.len--;
	else if (text.len == 0)
		return;
	while (str_cut(&text, '\n', &line)) {
		if (l->n == size) {
			size = size == 0 ? 64 : size * 2;
			l->v = xrealloc(l->v, size, sizeof(*l->v));
		}
		l->v[l->n++] = line;
	}
}

struct diff {
	struct lines	 a, b;
	size_t		 begin;		/* lines that are the same at the begin */
	size_t		 na, nb;	/* lines between begin and the same end */
	diff_fn		*fn;
	void		*arg;
	size_t		 count;
};

static void
emit(struct diff *d, char sign, size_t at)
{
	const struct lines *l = sign == '-' ? &d->a : &d->b;

	d->count++;
	d->fn(d->arg, sign, (uint32_t)(d->begin + at) + 1, l->v[d->begin + at]);
}

static bool
same(const struct diff *d, size_t i, size_t k)
{
	return str_eq(d->a.v[d->begin + i], d->b.v[d->begin + k]);
}

/* table[i][k]: length of the common subsequence of a from i and b from k. */
static void
walk(struct diff *d, const uint16_t *table)
{
	size_t	i = 0, k = 0, width = d->nb + 1;

	while (i < d->na || k < d->nb) {
		if (i < d->na && k < d->nb && same(d, i, k)) {
			i++;
			k++;
		} else if (i < d->na && (k == d->nb ||
		    table[(i + 1) * width + k] >= table[i * width + k + 1])) {
			emit(d, '-', i++);
		} else {
			emit(d, '+', k++);
		}
	}
}

static void
compare(struct diff *d)
{
	uint16_t	*table;
	size_t		 i, k, width = d->nb + 1, below, right;

	if ((d->na + 1) * width > CELLS_MAX || d->na > UINT16_MAX) {
		for (i = 0; i < d->na; i++)
			emit(d, '-', i);
		for (k = 0; k < d->nb; k++)
			emit(d, '+', k);
		return;
	}
	table = xcalloc((d->na + 1) * width, sizeof(*table));
	for (i = d->na; i-- > 0; )
		for (k = d->nb; k-- > 0; ) {
			below = (i + 1) * width + k;
			right = i * width + k + 1;
			table[i * width + k] = same(d, i, k) ?
			    (uint16_t)(table[below + 1] + 1) :
			    table[below] > table[right] ? table[below] :
			    table[right];
		}
	walk(d, table);
	free(table);
}

size_t
diff_lines(struct str old_text, struct str new_text, diff_fn *fn, void *arg)
{
	struct diff	d = { .fn = fn, .arg = arg };

	split(&d.a, old_text);
	split(&d.b, new_text);
	while (d.begin < d.a.n && d.begin < d.b.n &&
	    str_eq(d.a.v[d.begin], d.b.v[d.begin]))
		d.begin++;
	d.na = d.a.n - d.begin;
	d.nb = d.b.n - d.begin;
	while (d.na > 0 && d.nb > 0 && same(&d, d.na - 1, d.nb - 1)) {
		d.na--;
		d.nb--;
	}
	compare(&d);
	free(d.a.v);
	free(d.b.v);
	return d.count;
}
