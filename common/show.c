/*
 * show - tables for sipctl: SHOW questions, answered with ROWS part by part.
 *
 * Cells are gathered in arrays that the next question uses again; texts in one
 * buffer, by offset until all are there, since the buffer moves as it grows.
 */
#include "common/show.h"

#include <errno.h>
#include <stdlib.h>

#include "common/bus_internal.h"
#include "common/log.h"

#define ROWS_MAX	256
#define TEXT_MAX	(256 * 1024)
#define CELLS_MAX	16384		/* octets of names and numbers count too */
#define CELL_TEXT_MAX	4096		/* of one cell; MSG_STR_MAX is 8192 */

struct show {
	struct buf		 text;
	struct rec_cell		*cells;	/* text.s: an offset into text until the end */
	struct rec_row		*rows;	/* cells.v: filled in at the end */
	uint32_t		*first;	/* cell of each row */
	uint32_t		 ncells, cells_size;
	uint32_t		 nrows, rows_size;
	const struct msg_show	*question;
};

/* What one server can show. */
struct shows {
	struct show	 show;
	struct {
		const struct show_table	*tables;
		void			*arg;
	}		 sets[16];
	unsigned	 nsets;
};

void
show_row(struct show *s)
{
	if (s->nrows == s->rows_size) {
		s->rows_size = s->rows_size > 0 ? 2 * s->rows_size : 64;
		s->rows = xrealloc(s->rows, s->rows_size, sizeof(*s->rows));
		s->first = xrealloc(s->first, s->rows_size, sizeof(*s->first));
	}
	s->first[s->nrows++] = s->ncells;
}

static void
cell(struct show *s, const char *name, enum cell_kind kind, struct str v,
    int64_t number)
{
	struct rec_cell	*c;

	if (s->ncells == s->cells_size) {
		s->cells_size = s->cells_size > 0 ? 2 * s->cells_size : 512;
		s->cells = xrealloc(s->cells, s->cells_size, sizeof(*s->cells));
	}
	if (v.len > CELL_TEXT_MAX)
		v.len = CELL_TEXT_MAX;
	c = &s->cells[s->ncells++];
	c->name = str_of(name);
	c->kind = kind;
	c->number = number;
	c->text = str_make((const char *)(uintptr_t)s->text.len, v.len);
	buf_add(&s->text, v.s, v.len);
}

void
show_text(struct show *s, const char *name, struct str v)
{
	cell(s, name, CELL_TEXT, v, 0);
}

void
show_number(struct show *s, const char *name, int64_t v)
{
	cell(s, name, CELL_NUMBER, STR_NONE, v);
}

void
show_bool(struct show *s, const char *name, bool v)
{
	cell(s, name, CELL_BOOL, STR_NONE, v);
}

void
show_null(struct show *s, const char *name)
{
	cell(s, name, CELL_NULL, STR_NONE, 0);
}

void
show_text_or_null(struct show *s, const char *name, struct str v)
{
	if (v.len > 0)
		show_text(s, name, v);
	else
		show_null(s, name);
}

void
show_list(struct show *s, const char *name, struct str joined)
{
	cell(s, name, CELL_LIST, joined, 0);
}

bool
show_full(const struct show *s)
{
	return s->nrows >= ROWS_MAX || s->text.len >= TEXT_MAX ||
	    s->ncells >= CELLS_MAX;
}

struct str
show_arg(const struct show *s, unsigned i)
{
	return i < s->question->args.n ? s->question->args.v[i].value : STR_NONE;
}

void
show_answer(struct show *s, struct bus_ticket t, uint64_t next)
{
	struct msg_rows	m = { .next = next };

	for (uint32_t i = 0; i < s->ncells; i++)
		s->cells[i].text.s = s->cells[i].text.len > 0 ?
		    s->text.s + (uintptr_t)s->cells[i].text.s : NULL;
	for (uint32_t i = 0; i < s->nrows; i++) {
		s->rows[i].cells.v = s->cells + s->first[i];
		s->rows[i].cells.n = (i + 1 < s->nrows ? s->first[i + 1] :
		    s->ncells) - s->first[i];
	}
	m.rows.v = s->rows;
	m.rows.n = s->nrows;
	bus_answer(t, MSG_ROWS, &m);
}

static const struct show_table *
table_find(struct shows *all, struct str what, void **arg)
{
	const struct show_table	*t;

	for (unsigned i = 0; i < all->nsets; i++)
		for (t = all->sets[i].tables; t->what != NULL; t++)
			if (str_eq(str_of(t->what), what)) {
				*arg = all->sets[i].arg;
				return t;
			}
	return NULL;
}

static void
show_in(void *arg, struct bus_ticket t, const union msg *m)
{
	struct shows			*all = arg;
	struct show			*s = &all->show;
	const struct show_table		*table;
	void				*table_arg;

	table = table_find(all, m->show.what, &table_arg);
	if (table == NULL) {
		bus_refuse(t, ENOENT, "no table is called %s here",
		    log_str(m->show.what));
		return;
	}
	if (table->later != NULL) {
		table->later(table_arg, t, &m->show);
		return;
	}
	buf_clear(&s->text);
	s->ncells = s->nrows = 0;
	s->question = &m->show;
	show_answer(s, t, table->fn(table_arg, s, m->show.cursor));
}

/* ---- rows that are answered later ---- */

struct show *
show_new(void)
{
	return xcalloc(1, sizeof(struct show));
}

static void
show_fini(struct show *s)
{
	buf_fini(&s->text);
	free(s->cells);
	free(s->rows);
	free(s->first);
}

void
show_free(struct show *s)
{
	if (s != NULL)
		show_fini(s);
	free(s);
}

static void
shows_free(void *arg)
{
	struct shows	*all = arg;

	show_fini(&all->show);
	free(all);
}

void
show_serve(struct bus_server *server, const struct show_table *tables, void *arg)
{
	static const struct bus_handler	table[] = {
		{ MSG_SHOW, show_in, true },
		{ 0 }
	};
	void				**extra;
	struct shows			*all;

	extra = bus_server_extra(server, shows_free);
	if (*extra == NULL) {
		*extra = xcalloc(1, sizeof(struct shows));
		bus_handlers_add(server, table, *extra);
	}
	all = *extra;
	if (all->nsets == sizeof(all->sets) / sizeof(all->sets[0]))
		fatal("show: too many sets of tables");
	all->sets[all->nsets].tables = tables;
	all->sets[all->nsets++].arg = arg;
}
