/*
 * query - expressions that choose records: read by descent into a tree, of which each
 * node is one comparison or joins two.
 */
#include "sipctl/query.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/regexp.h"

#define VALUES_MAX	16	/* of one "in" */

enum op { OP_OR, OP_AND, OP_NOT, OP_HAS, OP_EQ, OP_NE, OP_LT, OP_GT, OP_LE, OP_GE, OP_LIKE,
	  OP_IN };

struct node {
	enum op		 op;
	struct node	*a, *b;		/* of or, and, not */
	char		*field;
	char		*values[VALUES_MAX];
	size_t		 nvalues;
	struct regexp	*regexp;	/* of ~ */
};

struct query {
	struct node	 nodes[QUERY_NODES];
	size_t		 n;
	struct node	*root;
};

/* ---- words ---- */

enum word { W_END, W_TEXT, W_QUOTED, W_SIGN, W_BAD };

struct reading {
	struct query	*q;
	struct str	 text;
	size_t		 at, begin;	/* after, and where the word began */
	enum word	 kind;
	char		 word[QUERY_MAX + 1];
	unsigned	 depth;
	struct text	*error;
	bool		 failed;
};

static void
wrong(struct reading *r, const char *what)
{
	if (!r->failed)
		text_printf(r->error, "column %zu: %s", r->begin + 1, what);
	r->failed = true;
	r->kind = W_END;
}

static bool
is_sign(char c)
{
	return c != '\0' && strchr("=!<>~(),", c) != NULL;
}

static void
next_quoted(struct reading *r)
{
	size_t	n = 0;

	for (r->at++; r->at < r->text.len && r->text.s[r->at] != '"'; r->at++) {
		if (r->text.s[r->at] == '\\' && r->at + 1 < r->text.len)
			r->at++;
		r->word[n++] = r->text.s[r->at];
	}
	r->word[n] = '\0';
	if (r->at == r->text.len) {
		wrong(r, "the quotation has no end");
		return;
	}
	r->at++;
	r->kind = W_QUOTED;
}

static void
next(struct reading *r)
{
	size_t	n = 0;

	if (r->failed)
		return;
	while (r->at < r->text.len && (r->text.s[r->at] == ' ' || r->text.s[r->at] == '\t'))
		r->at++;
	r->begin = r->at;
	r->kind = W_END;
	if (r->at == r->text.len)
		return;
	if (r->text.s[r->at] == '"') {
		next_quoted(r);
		return;
	}
	if (is_sign(r->text.s[r->at])) {
		r->kind = W_SIGN;
		r->word[n++] = r->text.s[r->at++];
		if (r->at < r->text.len && r->text.s[r->at] == '=' && strchr("=!<>", r->word[0]) != NULL)
			r->word[n++] = r->text.s[r->at++];
	} else {
		r->kind = W_TEXT;
		while (r->at < r->text.len && !is_sign(r->text.s[r->at]) &&
		    strchr(" \t\"", r->text.s[r->at]) == NULL)
			r->word[n++] = r->text.s[r->at++];
		if (n == 0) {			/* a NUL */
			wrong(r, "an octet that is no text");
			return;
		}
	}
	r->word[n] = '\0';
}

static bool
is(const struct reading *r, enum word kind, const char *word)
{
	return !r->failed && r->kind == kind && strcmp(r->word, word) == 0;
}

/* ---- the tree ---- */

static struct node *
node_new(struct reading *r, enum op op, struct node *a, struct node *b)
{
	struct node	*n;

	if (r->q->n == QUERY_NODES) {
		wrong(r, "too many parts");
		return NULL;
	}
	n = &r->q->nodes[r->q->n++];
	*n = (struct node){ .op = op, .a = a, .b = b };
	return n;
}

static struct node *read_or(struct reading *r);

static void
read_value(struct reading *r, struct node *n)
{
	if (r->failed || (r->kind != W_TEXT && r->kind != W_QUOTED)) {
		wrong(r, "a value is missing");
		return;
	}
	if (n->nvalues == VALUES_MAX) {
		wrong(r, "too many values");
		return;
	}
	n->values[n->nvalues++] = xstrdup(r->word);
	next(r);
}

static void
read_list(struct reading *r, struct node *n)
{
	next(r);
	if (!is(r, W_SIGN, "(")) {
		wrong(r, "\"in\" wants (VALUE, VALUE)");
		return;
	}
	do {
		next(r);
		read_value(r, n);
	} while (is(r, W_SIGN, ","));
	if (!is(r, W_SIGN, ")"))
		wrong(r, "\")\" is missing");
	else
		next(r);
}

static void
read_regexp(struct reading *r, struct node *n)
{
	const char	*why;
	char		 what[128];
	size_t		 at;

	read_value(r, n);
	if (r->failed || regexp_new(&n->regexp, str_of(n->values[0]), true, &why, &at) == 0)
		return;
	snprintf(what, sizeof(what), "before this: not a regular expression: %s", why);
	wrong(r, what);
}

static struct node *
read_comparison(struct reading *r)
{
	static const struct {
		const char	*sign;
		enum op		 op;
	} signs[] = {
		{ "==", OP_EQ }, { "=", OP_EQ }, { "!=", OP_NE }, { "<", OP_LT }, { ">", OP_GT },
		{ "<=", OP_LE }, { ">=", OP_GE }, { "~", OP_LIKE },
	};
	struct node	*n = node_new(r, OP_HAS, NULL, NULL);

	if (n == NULL)
		return NULL;
	n->field = xstrdup(r->word);
	next(r);
	if (is(r, W_TEXT, "in")) {
		n->op = OP_IN;
		read_list(r, n);
		return n;
	}
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (is(r, W_SIGN, signs[i].sign)) {
			next(r);
			n->op = signs[i].op;
			if (n->op == OP_LIKE)
				read_regexp(r, n);
			else
				read_value(r, n);
			return n;
		}
	if (r->kind == W_SIGN && !is(r, W_SIGN, ")"))
		wrong(r, "== != < > <= >= ~ or in is expected");
	return n;
}

static struct node *
read_primary(struct reading *r)
{
	struct node	*n;

	if (is(r, W_SIGN, "(")) {
		if (++r->depth > QUERY_DEPTH) {
			wrong(r, "too many parentheses");
			return NULL;
		}
		next(r);
		n = read_or(r);
		r->depth--;
		if (!is(r, W_SIGN, ")"))
			wrong(r, "\")\" is missing");
		else
			next(r);
		return n;
	}
	if (r->failed || r->kind != W_TEXT) {
		wrong(r, "the name of a field is expected");
		return NULL;
	}
	return read_comparison(r);
}

static struct node *
read_not(struct reading *r)
{
	unsigned	nots = 0;
	struct node	*n;

	for (; is(r, W_TEXT, "not"); next(r))
		nots++;
	n = read_primary(r);
	return nots % 2 != 0 && n != NULL ? node_new(r, OP_NOT, n, NULL) : n;
}

static struct node *
read_and(struct reading *r)
{
	struct node	*n = read_not(r);

	while (is(r, W_TEXT, "and")) {
		next(r);
		n = node_new(r, OP_AND, n, read_not(r));
	}
	return n;
}

static struct node *
read_or(struct reading *r)
{
	struct node	*n = read_and(r);

	while (is(r, W_TEXT, "or")) {
		next(r);
		n = node_new(r, OP_OR, n, read_and(r));
	}
	return n;
}

struct query *
query_parse(struct str text, struct text *error)
{
	struct reading	*r = xcalloc(1, sizeof(*r));
	struct query	*q = xcalloc(1, sizeof(*q));

	r->q = q;
	r->text = text;
	r->error = error;
	if (text.len > QUERY_MAX)
		wrong(r, "too long");
	next(r);
	q->root = read_or(r);
	if (!r->failed && r->kind != W_END)
		wrong(r, "\"and\" or \"or\" is expected");
	if (r->failed) {
		query_free(q);
		q = NULL;
	}
	free(r);
	return q;
}

void
query_free(struct query *q)
{
	for (size_t i = 0; q != NULL && i < q->n; i++) {
		struct node	*n = &q->nodes[i];

		free(n->field);
		for (size_t k = 0; k < n->nvalues; k++)
			free(n->values[k]);
		regexp_free(n->regexp);
	}
	free(q);
}

/* ---- matching ---- */

/* As numbers if both are, else without regard to case: <0, 0, >0. */
static int
compare(struct str value, const char *with)
{
	struct str	other = str_of(with);
	uint64_t	a, b;
	size_t		n = value.len < other.len ? value.len : other.len;

	if (str_u64(value, &a) == 0 && str_u64(other, &b) == 0)
		return a < b ? -1 : a > b;
	for (size_t i = 0; i < n; i++) {
		int	x = value.s[i], y = other.s[i];

		x += x >= 'A' && x <= 'Z' ? 32 : 0;
		y += y >= 'A' && y <= 'Z' ? 32 : 0;
		if (x != y)
			return x - y;
	}
	return value.len < other.len ? -1 : value.len > other.len;
}

/* The begin of the value, as far as an expression may look. */
static bool
is_like(const struct node *n, struct str value)
{
	struct str	groups[REGEXP_GROUPS];

	if (value.len > REGEXP_SUBJECT_MAX)
		value.len = REGEXP_SUBJECT_MAX;
	return regexp_match(n->regexp, value, groups) == 0;
}

static bool
is_in(const struct node *n, struct str value)
{
	for (size_t i = 0; i < n->nvalues; i++)
		if (compare(value, n->values[i]) == 0)
			return true;
	return false;
}

static bool
match(const struct node *n, query_fn *fn, void *arg)
{
	struct str	value;

	switch (n->op) {
	case OP_OR:
		return match(n->a, fn, arg) || match(n->b, fn, arg);
	case OP_AND:
		return match(n->a, fn, arg) && match(n->b, fn, arg);
	case OP_NOT:
		return !match(n->a, fn, arg);
	default:
		break;
	}
	if (!fn(arg, str_of(n->field), &value))
		return false;
	switch (n->op) {
	case OP_EQ:
		return compare(value, n->values[0]) == 0;
	case OP_NE:
		return compare(value, n->values[0]) != 0;
	case OP_LT:
		return compare(value, n->values[0]) < 0;
	case OP_GT:
		return compare(value, n->values[0]) > 0;
	case OP_LE:
		return compare(value, n->values[0]) <= 0;
	case OP_GE:
		return compare(value, n->values[0]) >= 0;
	case OP_LIKE:
		return is_like(n, value);
	case OP_IN:
		return is_in(n, value);
	default:
		return true;
	}
}

bool
query_match(const struct query *q, query_fn *fn, void *arg)
{
	return match(q->root, fn, arg);
}
