/*
 * setting_types - the types of settings with one value: durations, numbers,
 * sizes, flags, words, texts. Lists are in setting_lists.c.
 */
#include "common/setting_types.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static const struct unit {
	const char	*name;
	int64_t		 factor;
} time_units[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 },
	{ "ms", 1 }, { NULL }
}, size_units[] = {
	{ "g", 1 << 30 }, { "m", 1 << 20 }, { "k", 1 << 10 }, { "", 1 }, { NULL }
};

/* Digits and one unit. */
static int
measure_parse(struct str in, const struct unit *units, int64_t *out)
{
	const struct unit *u;
	uint64_t	   v;
	size_t		   n = 0;
	int		   e;

	while (n < in.len && in.s[n] >= '0' && in.s[n] <= '9')
		n++;
	e = str_u64(str_make(in.s, n), &v);
	if (e < 0)
		return e;
	for (u = units; u->name != NULL; u++)
		if (str_eq(str_make(in.s + n, in.len - n), str_of(u->name)))
			break;
	if (u->name == NULL) {
		if (v != 0 || n != in.len)
			return -EBADMSG;
		u--;
	}
	if (v > (uint64_t)(INT64_MAX / u->factor))
		return -ERANGE;
	*out = (int64_t)v * u->factor;
	return 0;
}

int
duration_parse(struct str in, int64_t *ms)
{
	return measure_parse(in, time_units, ms);
}

static void
measure_print(int64_t v, const struct unit *units, struct text *out)
{
	const struct unit *u = units;

	if (v == 0) {
		text_ch(out, '0');
		return;
	}
	while (v % u->factor != 0)
		u++;
	text_printf(out, "%" PRId64 "%s", v / u->factor, u->name);
}

void
duration_print(int64_t ms, struct text *out)
{
	measure_print(ms, time_units, out);
}

struct str
choice_at(const char *choices, size_t i)
{
	struct str	rest = str_of(choices), part;

	while (str_cut(&rest, '|', &part))
		if (i-- == 0)
			return part;
	return STR_NONE;
}

size_t
edit_distance(struct str a, struct str b)
{
	size_t	row[64], i, j, diagonal, cost;

	if (a.len > 63 || b.len > 63)
		return SIZE_MAX;
	for (j = 0; j <= b.len; j++)
		row[j] = j;
	for (i = 1; i <= a.len; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= b.len; j++) {
			cost = diagonal + (a.s[i - 1] != b.s[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < cost)
				cost = row[j] + 1;
			if (row[j - 1] + 1 < cost)
				cost = row[j - 1] + 1;
			row[j] = cost;
		}
	}
	return row[b.len];
}

/* Exactly one value; NULL after complaining. */
static const struct conf_value *
one_value(const struct setting_info *i, const struct conf_node *node,
    struct complaints *out)
{
	const struct conf_value *v;

	if (node->nvalues == 0) {
		complain(out, false, node->file, node->line, node->column,
		    "%s wants a value", i->name);
		return NULL;
	}
	if (node->nvalues > 1) {
		v = &node->values[1];
		complain(out, false, node->file, v->line, v->column,
		    "%s takes one value; put \"quotes\" around one with blanks",
		    i->name);
		return NULL;
	}
	return &node->values[0];
}

/* "between 500ms and 64s" */
static void
range_complain(const struct setting_info *i, const struct conf_node *node,
    const struct conf_value *v, const struct unit *units, struct complaints *out)
{
	char		low[32], high[32];
	struct text	l, h;

	text_init(&l, low, sizeof(low));
	text_init(&h, high, sizeof(high));
	measure_print(i->min, units, &l);
	measure_print(i->max, units, &h);
	complain(out, false, node->file, v->line, v->column,
	    "%s is out of range; from %.*s to %.*s is possible", v->text,
	    STR_ARG(text_str(&l)), STR_ARG(text_str(&h)));
}

/* A measure in its bounds; false after complaining. */
static bool
measure_read(const struct setting_info *i, const struct conf_node *node,
    const struct unit *units, const char *bad, struct complaints *out, int64_t *n)
{
	const struct conf_value *v = one_value(i, node, out);
	int			 e;

	if (v == NULL)
		return false;
	e = measure_parse(str_of(v->text), units, n);
	if (e == -EBADMSG)
		complain(out, false, node->file, v->line, v->column, bad, v->text);
	else if (e < 0 || *n < i->min || *n > i->max)
		range_complain(i, node, v, units, out);
	else
		return true;
	return false;
}

/* ---- ms ---- */

static bool
ms_read(const struct setting_info *i, const struct conf_node *node, void *field,
    struct complaints *out)
{
	return measure_read(i, node, time_units,
	    "bad duration \"%s\"; units are ms, s, m, h, d", out, field);
}

static void
ms_print(const struct setting_info *i, const void *field, struct text *out)
{
	duration_print(*(const set_ms *)field, out);
}

static bool
ms_equal(const void *a, const void *b)
{
	return *(const set_ms *)a == *(const set_ms *)b;
}

static void
nothing_fini(void *field)
{
}

const struct setting_type setting_type_ms = {
	"duration", false, ms_read, ms_print, ms_equal, nothing_fini
};

/* ---- u32 ---- */

static bool
u32_read(const struct setting_info *i, const struct conf_node *node, void *field,
    struct complaints *out)
{
	int64_t	n;

	if (!measure_read(i, node, &size_units[3],
	    "bad number \"%s\"; digits only", out, &n))
		return false;
	*(set_u32 *)field = (uint32_t)n;
	return true;
}

static void
u32_print(const struct setting_info *i, const void *field, struct text *out)
{
	text_u64(out, *(const set_u32 *)field);
}

static bool
u32_equal(const void *a, const void *b)
{
	return *(const set_u32 *)a == *(const set_u32 *)b;
}

const struct setting_type setting_type_u32 = {
	"number", false, u32_read, u32_print, u32_equal, nothing_fini
};

/* ---- size ---- */

static bool
size_read(const struct setting_info *i, const struct conf_node *node, void *field,
    struct complaints *out)
{
	int64_t	n;

	if (!measure_read(i, node, size_units,
	    "bad size \"%s\"; octets, or with k, m, g", out, &n))
		return false;
	*(set_size *)field = (uint64_t)n;
	return true;
}

static void
size_print(const struct setting_info *i, const void *field, struct text *out)
{
	measure_print((int64_t)*(const set_size *)field, size_units, out);
}

static bool
size_equal(const void *a, const void *b)
{
	return *(const set_size *)a == *(const set_size *)b;
}

const struct setting_type setting_type_size = {
	"size", false, size_read, size_print, size_equal, nothing_fini
};

/* ---- flag ---- */

static bool
flag_read(const struct setting_info *i, const struct conf_node *node, void *field,
    struct complaints *out)
{
	const struct conf_value *v = one_value(i, node, out);

	if (v == NULL)
		return false;
	if (strcmp(v->text, "on") == 0)
		*(set_flag *)field = true;
	else if (strcmp(v->text, "off") == 0)
		*(set_flag *)field = false;
	else {
		complain(out, false, node->file, v->line, v->column,
		    "\"%s\" is neither on nor off", v->text);
		return false;
	}
	return true;
}

static void
flag_print(const struct setting_info *i, const void *field, struct text *out)
{
	text_add(out, *(const set_flag *)field ? STR("on") : STR("off"));
}

static bool
flag_equal(const void *a, const void *b)
{
	return *(const set_flag *)a == *(const set_flag *)b;
}

const struct setting_type setting_type_flag = {
	"on or off", false, flag_read, flag_print, flag_equal, nothing_fini
};

/* ---- word ---- */

static bool
word_read(const struct setting_info *i, const struct conf_node *node, void *field,
    struct complaints *out)
{
	const struct conf_value *v = one_value(i, node, out);
	struct str		 choice, nearest = STR_NONE;
	size_t			 n, d, best = 3;

	if (v == NULL)
		return false;
	for (n = 0; (choice = choice_at(i->choices, n)).len > 0; n++) {
		if (str_eq(choice, str_of(v->text))) {
			*(set_word *)field = (uint8_t)n;
			return true;
		}
		d = edit_distance(choice, str_of(v->text));
		if (d < best) {
			best = d;
			nearest = choice;
		}
	}
	if (nearest.len > 0)
		complain(out, false, node->file, v->line, v->column,
		    "%s cannot be \"%s\"; did you mean \"%.*s\"?", i->name,
		    v->text, STR_ARG(nearest));
	else
		complain(out, false, node->file, v->line, v->column,
		    "%s cannot be \"%s\"; choose one of %s", i->name, v->text,
		    i->choices);
	return false;
}

static void
word_print(const struct setting_info *i, const void *field, struct text *out)
{
	text_add(out, choice_at(i->choices, *(const set_word *)field));
}

static bool
word_equal(const void *a, const void *b)
{
	return *(const set_word *)a == *(const set_word *)b;
}

const struct setting_type setting_type_word = {
	"word", false, word_read, word_print, word_equal, nothing_fini
};

/* ---- text ---- */

static bool
text_read(const struct setting_info *i, const struct conf_node *node, void *field,
    struct complaints *out)
{
	const struct conf_value *v = one_value(i, node, out);

	if (v == NULL)
		return false;
	if (strlen(v->text) > (size_t)i->max || strlen(v->text) < (size_t)i->min) {
		complain(out, false, node->file, v->line, v->column,
		    strlen(v->text) < (size_t)i->min ? "%s cannot be empty" :
		    "this %s is too long", i->name);
		return false;
	}
	free(*(set_text *)field);
	*(set_text *)field = xstrdup(v->text);
	return true;
}

static void
text_print(const struct setting_info *i, const void *field, struct text *out)
{
	conf_quote(out, str_of(*(const set_text *)field));
}

static bool
text_equal(const void *a, const void *b)
{
	return strcmp(*(const set_text *)a, *(const set_text *)b) == 0;
}

static void
text_fini(void *field)
{
	free(*(set_text *)field);
}

const struct setting_type setting_type_text = {
	"text", false, text_read, text_print, text_equal, text_fini
};
