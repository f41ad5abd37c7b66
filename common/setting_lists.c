/*
 * setting_lists - the types of settings with several values: texts, words, media
 * ranges. Networks are setting_nets.c's.
 */
#include "common/setting_types.h"

#include <errno.h>
#include <stdlib.h>

/* Complains about one value of node. */
#define complain_value(v, ...)	\
	complain(out, false, node->file, (v)->line, (v)->column, __VA_ARGS__)

static bool
room_for(const struct setting_info *i, const struct conf_node *node,
    const struct conf_value *v, size_t n, struct complaints *out)
{
	if (n < (size_t)i->max)
		return true;
	complain_value(v, "%s has at most %lld values", i->name, (long long)i->max);
	return false;
}

void
list_print(size_t n, void (*one)(const void *arg, size_t at, struct text *out),
    const void *arg, struct text *out)
{
	size_t	at;

	if (n != 1)
		text_ch(out, '[');
	for (at = 0; at < n; at++) {
		if (at > 0)
			text_add(out, STR(", "));
		one(arg, at, out);
	}
	if (n != 1)
		text_ch(out, ']');
}

/* ---- texts ---- */

static bool
texts_read(const struct setting_info *i, const struct conf_node *node, void *field,
    struct complaints *out)
{
	struct set_texts *t = field;
	size_t		  n;

	for (n = 0; n < node->nvalues; n++) {
		if (!room_for(i, node, &node->values[n], t->n, out))
			return false;
		if (strlen(node->values[n].text) > 255 ||
		    node->values[n].text[0] == '\0') {
			complain_value(&node->values[n],
			    "a %s has 1 to 255 characters", i->name);
			return false;
		}
		t->v = xrealloc(t->v, t->n + 1, sizeof(*t->v));
		t->v[t->n++] = xstrdup(node->values[n].text);
	}
	return true;
}

static void
texts_print_one(const void *arg, size_t at, struct text *out)
{
	conf_quote(out, str_of(((const struct set_texts *)arg)->v[at]));
}

static void
texts_print(const struct setting_info *i, const void *field, struct text *out)
{
	list_print(((const struct set_texts *)field)->n, texts_print_one, field, out);
}

static bool
texts_equal(const void *x, const void *y)
{
	const struct set_texts *a = x, *b = y;

	return text_lists_equal(a->v, a->n, b->v, b->n, sizeof(a->v[0]));
}

static void
texts_fini(void *field)
{
	struct set_texts *t = field;

	while (t->n > 0)
		free(t->v[--t->n]);
	free(t->v);
}

const struct setting_type setting_type_texts = {
	"list of texts", true, texts_read, texts_print, texts_equal, texts_fini
};

/* ---- words ---- */

static bool
word_add(const struct setting_info *i, const struct conf_node *node,
    const struct conf_value *v, struct set_words *w, struct complaints *out)
{
	struct str	choice;
	size_t		n, k;

	for (n = 0; (choice = choice_at(i->choices, n)).len > 0; n++)
		if (str_eq(choice, str_of(v->text)))
			break;
	if (choice.len == 0) {
		complain_value(v, "%s cannot be \"%s\"; choose from %s", i->name,
		    v->text, i->choices);
		return false;
	}
	for (k = 0; k < w->n; k++)
		if (w->v[k] == n) {
			complain_value(v, "%s stands here twice", v->text);
			return false;
		}
	if (w->n == sizeof(w->v) || !room_for(i, node, v, w->n, out))
		return false;
	w->v[w->n++] = (uint8_t)n;
	return true;
}

static bool
words_read(const struct setting_info *i, const struct conf_node *node, void *field,
    struct complaints *out)
{
	struct set_words *w = field;
	size_t		  n;

	for (n = 0; n < node->nvalues; n++)
		if (!word_add(i, node, &node->values[n], w, out))
			return false;
	if (w->n < (size_t)i->min) {
		complain(out, false, node->file, node->line, node->column,
		    "%s cannot be empty; choose from %s", i->name, i->choices);
		return false;
	}
	return true;
}

struct words_of {
	const struct setting_info *info;
	const struct set_words	  *words;
};

static void
words_print_one(const void *arg, size_t at, struct text *out)
{
	const struct words_of	*w = arg;

	text_add(out, choice_at(w->info->choices, w->words->v[at]));
}

static void
words_print(const struct setting_info *i, const void *field, struct text *out)
{
	struct words_of	w = { i, field };

	list_print(w.words->n, words_print_one, &w, out);
}

static bool
words_equal(const void *x, const void *y)
{
	const struct set_words *a = x, *b = y;

	return a->n == b->n && memcmp(a->v, b->v, a->n) == 0;
}

static void
no_fini(void *field)
{
}

const struct setting_type setting_type_words = {
	"list of words", false, words_read, words_print, words_equal, no_fini
};

/* ---- media ---- */

/* "ADDR" or "ADDR=TOLD" */
static int
media_addresses_parse(struct str in, struct media_range *m)
{
	struct str	own;

	str_cut(&in, '=', &own);
	if (addr_parse(&m->addr, own, 0) < 0)
		return -EBADMSG;
	m->told = m->addr;
	if (in.s != NULL && addr_parse(&m->told, in, 0) < 0)
		return -EBADMSG;
	return m->told.sa.sa_family == m->addr.sa.sa_family ? 0 : -EBADMSG;
}

/* "ADDR[=TOLD]:MIN-MAX" */
static int
media_parse(struct str in, struct media_range *m)
{
	ptrdiff_t	colon = str_rchr(in, ':'), dash;
	struct str	ports;
	uint32_t	min, max;

	if (colon < 0)
		return -EBADMSG;
	ports = str_make(in.s + colon + 1, in.len - (size_t)colon - 1);
	dash = str_chr(ports, '-');
	if (dash < 0 || str_u32(str_make(ports.s, (size_t)dash), &min) < 0 ||
	    str_u32(str_make(ports.s + dash + 1, ports.len - (size_t)dash - 1),
	    &max) < 0 ||
	    media_addresses_parse(str_make(in.s, (size_t)colon), m) < 0)
		return -EBADMSG;
	if (min < 1024 || max > 65535 || min % 2 != 0 || max < min + 3)
		return -ERANGE;
	m->port_min = (uint16_t)min;
	m->port_max = (uint16_t)max;
	return 0;
}

static bool
media_check(const struct conf_node *node, const struct conf_value *v, int error,
    const struct media_range *m, const struct set_media *others,
    struct complaints *out)
{
	if (error == -ERANGE)
		complain_value(v, "the ports go from an even one not "
		    "below 1024 to at most 65535, two for each stream");
	else if (error < 0)
		complain_value(v, "bad media address \"%s\"; write "
		    "192.0.2.1:30000-39998", v->text);
	else if (addr_is_wildcard(&m->addr) || addr_is_wildcard(&m->told))
		complain_value(v, "media wants the one address that "
		    "phones send to, not a wildcard");
	for (size_t n = 0; error == 0 && n < others->n; n++)
		if (addr_eq_host(&others->v[n].addr, &m->addr) &&
		    m->port_min <= others->v[n].port_max &&
		    others->v[n].port_min <= m->port_max) {
			complain_value(v, "these ports of the address are in "
			    "another range of media already");
			return false;
		}
	return error == 0 && !addr_is_wildcard(&m->addr) &&
	    !addr_is_wildcard(&m->told);
}

static bool
media_read(const struct setting_info *i, const struct conf_node *node, void *field,
    struct complaints *out)
{
	struct set_media	*media = field;
	struct media_range	 m;
	size_t			 n;
	int			 e;

	for (n = 0; n < node->nvalues; n++) {
		const struct conf_value	*v = &node->values[n];

		if (!room_for(i, node, v, media->n, out))
			return false;
		memset(&m, 0, sizeof(m));
		e = media_parse(str_of(v->text), &m);
		if (!media_check(node, v, e, &m, media, out))
			return false;
		media->v = xrealloc(media->v, media->n + 1, sizeof(*media->v));
		media->v[media->n++] = m;
	}
	if (media->n > 0)
		return true;
	complain(out, false, node->file, node->line, node->column,
	    "%s wants an address with a range of ports: 192.0.2.1:30000-39998",
	    i->name);
	return false;
}

static void
media_print_one(const void *arg, size_t at, struct text *out)
{
	const struct media_range *m = &((const struct set_media *)arg)->v[at];
	char			  buf[ADDR_TEXT_MAX];
	bool			  v6 = m->addr.sa.sa_family == AF_INET6;
	const char		 *form = v6 ? "[%.*s]" : "%.*s";

	text_printf(out, form, STR_ARG(addr_print_host(&m->addr, buf)));
	if (!addr_eq_host(&m->told, &m->addr)) {
		text_ch(out, '=');
		text_printf(out, form, STR_ARG(addr_print_host(&m->told, buf)));
	}
	text_printf(out, ":%u-%u", m->port_min, m->port_max);
}

static void
media_print(const struct setting_info *i, const void *field, struct text *out)
{
	list_print(((const struct set_media *)field)->n, media_print_one, field, out);
}

static bool
media_equal(const void *x, const void *y)
{
	const struct set_media *a = x, *b = y;
	size_t			n;

	for (n = 0; n < a->n && n < b->n; n++)
		if (!addr_eq_host(&a->v[n].addr, &b->v[n].addr) ||
		    !addr_eq_host(&a->v[n].told, &b->v[n].told) ||
		    a->v[n].port_min != b->v[n].port_min ||
		    a->v[n].port_max != b->v[n].port_max)
			return false;
	return a->n == b->n;
}

static void
media_fini(void *field)
{
	free(((struct set_media *)field)->v);
}

const struct setting_type setting_type_media = {
	"addresses and ports", true, media_read, media_print, media_equal, media_fini
};
