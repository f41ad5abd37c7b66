/* show: a table in parts, over the bus. */
#include "common/show.h"

#include "common/bus_test.h"

static uint64_t
show_numbers(void *arg, struct show *s, uint64_t cursor)
{
	char	name[16];

	for (; cursor < 600; cursor++) {
		if (show_full(s))
			return cursor;
		snprintf(name, sizeof(name), "n%d", (int)cursor);
		show_row(s);
		show_text(s, "name", str_of(name));
		show_number(s, "value", cursor);
		show_bool(s, "odd", cursor & 1);
		show_null(s, "nothing");
		show_list(s, "args", show_arg(s, 0));
	}
	return 0;
}

static const struct show_table tables[] = {
	{ "numbers", show_numbers },
	{ 0 }
};

struct shown {
	struct house	*house;
	uint32_t	 rows;
	uint64_t	 next;
	bool		 over;
};

static void
on_rows(void *arg, int error, enum msg_type type, const union msg *m)
{
	struct shown	*s = arg;

	assert_int_equal(error, 0);
	assert_int_equal(type, MSG_ROWS);
	for (uint32_t i = 0; i < m->rows.rows.n; i++) {
		const struct rec_row	*row = &m->rows.rows.v[i];
		char			 name[16];

		snprintf(name, sizeof(name), "n%u", s->rows);
		assert_int_equal(row->cells.n, 5);
		assert_true(str_eq(row->cells.v[0].text, str_of(name)));
		assert_int_equal(row->cells.v[1].number, s->rows);
		assert_int_equal(row->cells.v[3].kind, CELL_NULL);
		assert_true(str_eq(row->cells.v[4].text, STR("a\nb\n")));
		s->rows++;
	}
	s->next = m->rows.next;
	s->over = true;
}

static void
test_show(void **state)
{
	struct house	*h = *state;
	struct rec_arg	 arg = { STR("a\nb\n") };
	struct msg_show	 q = { .what = STR("numbers"), .args = { &arg, 1 } };
	struct msg_show	 unknown = { .what = STR("number") };
	struct shown	 s = { h };
	unsigned	 parts = 0;

	show_serve(h->server, tables, NULL);
	do {
		q.cursor = s.next;
		s.over = false;
		bus_ask(h->peer, MSG_SHOW, &q, 3000, on_rows, &s);
		until(h, s.over);
		parts++;
	} while (s.next != 0);
	assert_int_equal(s.rows, 600);
	assert_int_equal(parts, 3);
	bus_ask(h->peer, MSG_SHOW, &unknown, 3000, on_answer, h);
	until(h, h->refused == 1);
	assert_int_equal(h->error, ENOENT);
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		T(test_show),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
