/*
 * conf_edit - changes one thing in the text of sip.conf and leaves every other
 * octet as it is: comments, order, indentation, line ends.
 *
 * The parser says where a statement stands; the edit is a list of at most a few
 * pieces of the old text and of new text, written once.
 */
#include "common/conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/conf_parse.h"
#include "common/pack.h"

struct edit {
	const char	 *file;
	struct str	  text;
	struct conf_node *nodes;
	size_t		  n;
	size_t		  copied;	/* of text, into out */
	struct buf	  out;
};

static void
put(struct edit *e, struct str s)
{
	buf_add(&e->out, s.s, s.len);
}

static void
copy_to(struct edit *e, size_t end)
{
	if (end > e->copied) {
		put(e, str_make(e->text.s + e->copied, end - e->copied));
		e->copied = end;
	}
}

static void
skip_to(struct edit *e, size_t end)
{
	if (end > e->copied)
		e->copied = end;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Begin of the line that holds at. */
static size_t
line_begin(struct str text, size_t at)
{
	while (at > 0 && text.s[at - 1] != '\n')
		at--;
	return at;
}

/* Begin of the next line, or the end of the text. */
static size_t
line_end(struct str text, size_t at)
{
	while (at < text.len && text.s[at] != '\n')
		at++;
	return at < text.len ? at + 1 : at;
}

static bool
only_blanks(struct str text, size_t from, size_t to)
{
	for (; from < to; from++)
		if (!is_blank(text.s[from]))
			return false;
	return true;
}

/* Leaves the node out; with its line, when nothing but a comment stands beside it. */
static void
drop(struct edit *e, const struct conf_node *n)
{
	size_t	begin = line_begin(e->text, n->begin), end = n->end;

	while (end < e->text.len && is_blank(e->text.s[end]))
		end++;
	if (only_blanks(e->text, begin, n->begin) &&
	    (end == e->text.len || e->text.s[end] == '\n' || e->text.s[end] == '#')) {
		copy_to(e, begin);
		skip_to(e, line_end(e->text, end));
	} else {
		copy_to(e, n->begin);
		skip_to(e, n->end);
	}
}

static void
put_setting(struct edit *e, struct str indent, const char *name, const char *value)
{
	put(e, indent);
	put(e, str_of(name));
	put(e, STR(" "));
	put(e, str_of(value));
	put(e, STR("\n"));
}

static struct str
indent_of(struct str text, const struct conf_node *n)
{
	size_t	begin = line_begin(text, n->begin);

	if (!only_blanks(text, begin, n->begin))
		return STR("    ");
	return str_make(text.s + begin, n->begin - begin);
}

/* Before the "}" of block. */
static void
insert_in_block(struct edit *e, const struct conf_node *block, const char *name,
    const char *value)
{
	size_t		close = block->end - 1, begin;
	struct str	indent = STR("    ");

	if (block->nnodes > 0)
		indent = indent_of(e->text, &block->nodes[block->nnodes - 1]);
	begin = line_begin(e->text, close);
	if (begin > block->open && only_blanks(e->text, begin, close)) {
		copy_to(e, begin);
		put_setting(e, indent, name, value);
		return;
	}
	while (close > block->open && is_blank(e->text.s[close - 1]))
		close--;
	copy_to(e, close);
	skip_to(e, block->end - 1);
	put(e, STR("\n"));
	put_setting(e, indent, name, value);
}

static void
append_line_end(struct edit *e)
{
	copy_to(e, e->text.len);
	if (e->out.len > 0 && e->out.s[e->out.len - 1] != '\n')
		put(e, STR("\n"));
}

/* Changes the first of these nodes and drops the others. */
static void
set_in(struct edit *e, const struct conf_node *nodes, size_t n,
    const struct conf_node *block, const char *name, const char *value)
{
	bool	done = value == NULL;
	size_t	i;

	for (i = 0; i < n; i++) {
		if (nodes[i].block || strcmp(nodes[i].name, name) != 0)
			continue;
		if (done) {
			drop(e, &nodes[i]);
			continue;
		}
		copy_to(e, nodes[i].values_begin);
		if (nodes[i].values_begin == nodes[i].values_end)
			put(e, STR(" "));
		put(e, str_of(value));
		skip_to(e, nodes[i].values_end);
		done = true;
	}
	if (done)
		return;
	if (block != NULL) {
		insert_in_block(e, block, name, value);
		return;
	}
	append_line_end(e);
	put_setting(e, STR(""), name, value);
}

static const struct conf_node *
block_find(const struct edit *e, const char *block, const char *label)
{
	size_t	i;

	for (i = 0; i < e->n; i++)
		if (e->nodes[i].block && strcmp(e->nodes[i].name, block) == 0 &&
		    (label == NULL || (e->nodes[i].nvalues > 0 &&
		    strcmp(e->nodes[i].values[0].text, label) == 0)))
			return &e->nodes[i];
	return NULL;
}

/* The value must be values of one line and nothing else: no way out of it. */
static bool
value_is_plain(const char *file, const char *name, const char *value,
    struct complaints *out)
{
	struct conf_node *nodes = NULL;
	struct buf	  b = { 0 };
	size_t		  n = 0, errors = out->errors;
	bool		  ok;

	buf_add(&b, name, strlen(name));
	buf_add(&b, " ", 1);
	buf_add(&b, value, strlen(value));
	ok = conf_parse_nodes(file, str_make(b.s, b.len), &nodes, &n, out) == 0 &&
	    n == 1 && !nodes[0].block && nodes[0].nvalues > 0 &&
	    nodes[0].values_end == b.len && nodes[0].values_begin == strlen(name) + 1 &&
	    strchr(value, '\n') == NULL;
	/* "[]" has no value and is one. */
	if (!ok && out->errors == errors && n == 1 && !nodes[0].block &&
	    strcmp(value, "[]") == 0)
		ok = true;
	if (!ok && out->errors == errors)
		complain(out, false, file, 0, 0,
		    "\"%s\" is not a value for %s; quotes may help", value, name);
	conf_nodes_free(nodes, n);
	buf_fini(&b);
	return ok;
}

static int
edit_begin(struct edit *e, const char *file, struct str text,
    struct complaints *out)
{
	memset(e, 0, sizeof(*e));
	e->file = file;
	e->text = text;
	return conf_parse_nodes(file, text, &e->nodes, &e->n, out);
}

/* The rest of the text; NULL when failed. */
static char *
edit_end(struct edit *e, bool failed)
{
	char	*result = NULL;

	if (!failed) {
		copy_to(e, e->text.len);
		result = str_dup(str_make(e->out.s, e->out.len));
	}
	conf_nodes_free(e->nodes, e->n);
	buf_fini(&e->out);
	return result;
}

char *
conf_edit(const char *file, struct str text, const char *block, const char *label,
    const char *name, const char *value, struct complaints *out)
{
	const struct conf_node *b = NULL;
	struct edit		e;

	if (value != NULL && !value_is_plain(file, name, value, out))
		return NULL;
	if (edit_begin(&e, file, text, out) < 0)
		return edit_end(&e, true);
	if (block != NULL && (b = block_find(&e, block, label)) == NULL) {
		complain(out, false, file, 0, 0, "there is no %s \"%s\" here", block,
		    label != NULL ? label : "");
		return edit_end(&e, true);
	}
	if (b != NULL)
		set_in(&e, b->nodes, b->nnodes, b, name, value);
	else
		set_in(&e, e.nodes, e.n, NULL, name, value);
	return edit_end(&e, false);
}

char *
conf_edit_add(const char *file, struct str text, const char *block, const char *label,
    const char *name, const char *value, struct complaints *out)
{
	const struct conf_node *b;
	struct edit		e;

	if (!value_is_plain(file, name, value, out))
		return NULL;
	if (edit_begin(&e, file, text, out) < 0)
		return edit_end(&e, true);
	if ((b = block_find(&e, block, label)) == NULL) {
		complain(out, false, file, 0, 0, "there is no %s \"%s\" here", block,
		    label);
		return edit_end(&e, true);
	}
	insert_in_block(&e, b, name, value);
	return edit_end(&e, false);
}

char *
conf_edit_block(const char *file, struct str text, const char *block,
    const char *label, const char *new_text, struct complaints *out)
{
	const struct conf_node *b;
	struct edit		e;

	if (edit_begin(&e, file, text, out) < 0)
		return edit_end(&e, true);
	b = block_find(&e, block, label);
	if (new_text == NULL && b == NULL) {
		complain(out, false, file, 0, 0, "there is no %s \"%s\" here", block,
		    label != NULL ? label : "");
		return edit_end(&e, true);
	}
	if (b != NULL && new_text == NULL) {
		drop(&e, b);
	} else if (b != NULL) {
		copy_to(&e, b->begin);
		put(&e, str_trim(str_of(new_text)));
		skip_to(&e, b->end);
	} else {
		append_line_end(&e);
		put(&e, str_of(new_text));
		if (new_text[0] != '\0' && new_text[strlen(new_text) - 1] != '\n')
			put(&e, STR("\n"));
	}
	return edit_end(&e, false);
}

void
conf_quote(struct text *out, struct str value)
{
	size_t	i;
	bool	plain = value.len > 0;

	for (i = 0; i < value.len && plain; i++)
		plain = (unsigned char)value.s[i] > ' ' && value.s[i] != 0x7f &&
		    strchr("\"{}[],#\\", value.s[i]) == NULL;
	if (plain) {
		text_add(out, value);
		return;
	}
	text_ch(out, '"');
	for (i = 0; i < value.len; i++) {
		if (value.s[i] == '"' || value.s[i] == '\\')
			text_ch(out, '\\');
		text_ch(out, value.s[i]);
	}
	text_ch(out, '"');
}
