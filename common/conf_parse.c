/*
 * conf_parse - the grammar of sip.conf: text in, nodes with their places out.
 *
 * Knows nothing of settings, files or includes. Stops at the first error of a
 * text, because what follows a broken quote or brace would only mislead.
 */
#include "common/conf_parse.h"

#include <errno.h>
#include <stdlib.h>

enum token_kind {
	TOKEN_END,
	TOKEN_NEWLINE,
	TOKEN_WORD,
	TOKEN_OPEN,		/* { */
	TOKEN_CLOSE,		/* } */
	TOKEN_LIST,		/* [ */
	TOKEN_LIST_END,		/* ] */
	TOKEN_COMMA,
	TOKEN_BAD,		/* complained about */
};

struct lexer {
	const char	*file;
	struct str	 text;
	size_t		 at;
	size_t		 line_at;	/* where the present line begins */
	uint32_t	 line;
	bool		 in_list;
	bool		 name_in_list;	/* a comment there may be meant as one */
	struct complaints *out;
	/* the token */
	enum token_kind	 kind;
	size_t		 begin, end;
	uint32_t	 token_line, token_column;
	char		*word;		/* TOKEN_WORD: unquoted, ours until taken */
};

static int
peek(const struct lexer *x, size_t ahead)
{
	if (x->at + ahead >= x->text.len)
		return -1;
	return (unsigned char)x->text.s[x->at + ahead];
}

static enum token_kind
bad(struct lexer *x, size_t at, const char *what)
{
	complain(x->out, false, x->file, x->line, (uint32_t)(at - x->line_at) + 1,
	    "%s", what);
	return TOKEN_BAD;
}

static bool
is_control(int c)
{
	return (c >= 0 && c < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
	    c == 0x7f;
}

static bool
is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void
newline(struct lexer *x)
{
	x->at++;
	x->line++;
	x->line_at = x->at;
}

/* Blanks and comments; inside a list newlines too. */
static void
skip(struct lexer *x)
{
	int	c;

	while ((c = peek(x, 0)) >= 0) {
		if (is_blank(c))
			x->at++;
		else if (c == '\n' && x->in_list)
			newline(x);
		else if (c == '#') {
			x->name_in_list |= x->in_list && !is_blank(peek(x, 1));
			while ((c = peek(x, 0)) >= 0 && c != '\n')
				x->at++;
		}
		else
			break;
	}
}

static enum token_kind
quoted(struct lexer *x)
{
	char	*w;
	size_t	 n = 0, start = x->at++;
	int	 c;

	w = xcalloc(1, CONF_WORD_MAX + 1);
	for (;; x->at++) {
		c = peek(x, 0);
		if (c == '"')
			break;
		if (c < 0 || c == '\n') {
			free(w);
			return bad(x, start, "the quote is not closed on this line");
		}
		if (is_control(c)) {
			free(w);
			return bad(x, x->at, "a control character");
		}
		if (c == '\\') {
			x->at++;
			c = peek(x, 0);
			if (c != '"' && c != '\\') {
				free(w);
				return bad(x, x->at - 1, "in quotes a backslash "
				    "stands before \" or \\ only");
			}
		}
		if (n == CONF_WORD_MAX) {
			free(w);
			return bad(x, start, "this value is too long (4096 octets)");
		}
		w[n++] = (char)c;
	}
	x->at++;
	x->word = xrealloc(w, 1, n + 1);
	return TOKEN_WORD;
}

/* Does the "[" here begin an address like "[::1]:5060" rather than a list? */
static bool
bracket_is_word(const struct lexer *x)
{
	size_t	i = 1;
	int	c;

	while ((c = peek(x, i)) >= 0 && c != ']') {
		if (is_blank(c) || c == '\n' || c == ',' || c == '[' || c == '"')
			return false;
		i++;
	}
	if (c != ']' || i == 1)
		return false;
	c = peek(x, i + 1);
	return c == ':' || c == '/';
}

static enum token_kind
word(struct lexer *x)
{
	size_t	 start = x->at;
	unsigned brackets = 0;
	int	 c;

	for (; (c = peek(x, 0)) >= 0; x->at++) {
		if (is_blank(c) || c == '\n' || c == '"' || c == '{' || c == '}')
			break;
		if (is_control(c))
			return bad(x, x->at, "a control character");
		if (c == '[')
			brackets++;
		else if (c == ']' && brackets > 0)
			brackets--;
		else if (x->in_list && (c == ',' || c == ']'))
			break;
	}
	if (x->at - start > CONF_WORD_MAX)
		return bad(x, start, "this value is too long (4096 octets)");
	x->word = str_dup(str_make(x->text.s + start, x->at - start));
	return TOKEN_WORD;
}

static enum token_kind
token(struct lexer *x)
{
	switch (peek(x, 0)) {
	case -1:
		return TOKEN_END;
	case '\n':
		newline(x);
		return TOKEN_NEWLINE;
	case '{':
		x->at++;
		return TOKEN_OPEN;
	case '}':
		x->at++;
		return TOKEN_CLOSE;
	case '"':
		return quoted(x);
	case '[':
		if (bracket_is_word(x))
			return word(x);
		x->at++;
		return TOKEN_LIST;
	case ']':
		x->at++;
		return TOKEN_LIST_END;
	case ',':
		x->at++;
		return TOKEN_COMMA;
	default:
		return word(x);
	}
}

static void
next(struct lexer *x)
{
	free(x->word);
	x->word = NULL;
	skip(x);
	x->begin = x->at;
	x->token_line = x->line;
	x->token_column = (uint32_t)(x->at - x->line_at) + 1;
	x->kind = token(x);
	x->end = x->at;
}

static int
unexpected(struct lexer *x, const char *what)
{
	if (x->kind != TOKEN_BAD)
		complain(x->out, false, x->file, x->token_line, x->token_column,
		    "%s", what);
	return -EBADMSG;
}

static int
value_add(struct lexer *x, struct conf_node *node)
{
	struct conf_value *v;

	if (node->nvalues == CONF_VALUES_MAX)
		return unexpected(x, "too many values");
	if ((node->nvalues & (node->nvalues - 1)) == 0)
		node->values = xrealloc(node->values,
		    node->nvalues == 0 ? 1 : node->nvalues * 2, sizeof(*v));
	v = &node->values[node->nvalues++];
	v->text = x->word;
	x->word = NULL;
	v->line = x->token_line;
	v->column = x->token_column;
	return 0;
}

/* After "[": values up to "]". Commas separate, a newline does too. */
static int
list(struct lexer *x, struct conf_node *node)
{
	const uint32_t	line = x->token_line, column = x->token_column;
	bool		after_value = false;

	x->in_list = true;
	x->name_in_list = false;
	for (next(x); x->kind != TOKEN_LIST_END; next(x)) {
		if (x->kind == TOKEN_END) {
			complain(x->out, false, x->file, line, column,
			    "the list is not closed: \"]\" is missing%s", x->name_in_list ?
			    "; \"#\" begins a comment, a name stands in quotes: "
			    "[\"#office\"]" : "");
			return -EBADMSG;
		}
		if (x->kind == TOKEN_COMMA && after_value) {
			after_value = false;
			continue;
		}
		if (x->kind != TOKEN_WORD)
			return unexpected(x, "a value or \"]\" is expected here");
		if (value_add(x, node) < 0)
			return -EBADMSG;
		after_value = true;
	}
	x->in_list = false;
	return 0;
}

static int	statements(struct lexer *x, struct conf_node **nodes, size_t *n,
		    int depth);

static int
block(struct lexer *x, struct conf_node *node, int depth)
{
	uint32_t	line = x->token_line, column = x->token_column;

	node->block = true;
	node->open = (uint32_t)x->end;
	if (depth == CONF_DEPTH_MAX)
		return unexpected(x, "blocks are nested too deeply");
	next(x);
	if (statements(x, &node->nodes, &node->nnodes, depth + 1) < 0)
		return -EBADMSG;
	if (x->kind != TOKEN_CLOSE) {
		complain(x->out, false, x->file, line, column,
		    "the block \"%s\" is not closed: \"}\" is missing", node->name);
		return -EBADMSG;
	}
	node->end = (uint32_t)x->end;
	next(x);
	if (x->kind != TOKEN_NEWLINE && x->kind != TOKEN_END &&
	    x->kind != TOKEN_CLOSE)
		return unexpected(x, "a new line is expected after \"}\"");
	return 0;
}

/* The present token is the name. Leaves the token after the statement. */
static int
statement(struct lexer *x, struct conf_node *node, int depth)
{
	node->file = x->file;
	node->name = x->word;
	x->word = NULL;
	node->line = x->token_line;
	node->column = x->token_column;
	node->begin = (uint32_t)x->begin;
	node->end = node->values_begin = node->values_end = (uint32_t)x->end;
	for (next(x); x->kind == TOKEN_WORD || x->kind == TOKEN_LIST; next(x)) {
		if (node->values_begin == node->values_end)
			node->values_begin = (uint32_t)x->begin;
		if ((x->kind == TOKEN_LIST ? list(x, node) : value_add(x, node)) < 0)
			return -EBADMSG;
		node->end = node->values_end = (uint32_t)x->end;
	}
	switch (x->kind) {
	case TOKEN_OPEN:
		return block(x, node, depth);
	case TOKEN_NEWLINE:
	case TOKEN_END:
		return 0;
	case TOKEN_CLOSE:
		if (depth > 0)
			return 0;
		return unexpected(x, "\"}\" without a block");
	case TOKEN_COMMA:
		return unexpected(x, "\",\" outside of a list; use [a, b]");
	default:
		return unexpected(x, "a value is expected here");
	}
}

/* Up to "}" or the end, which is left as the present token. */
static int
statements(struct lexer *x, struct conf_node **nodes, size_t *n, int depth)
{
	struct conf_node *node;

	for (;;) {
		while (x->kind == TOKEN_NEWLINE)
			next(x);
		if (x->kind == TOKEN_END || (x->kind == TOKEN_CLOSE && depth > 0))
			return 0;
		if (x->kind != TOKEN_WORD)
			return unexpected(x, x->kind == TOKEN_CLOSE ?
			    "\"}\" without a block" :
			    "the name of a setting is expected here");
		if ((*n & (*n - 1)) == 0)
			*nodes = xrealloc(*nodes, *n == 0 ? 1 : *n * 2,
			    sizeof(**nodes));
		node = &(*nodes)[(*n)++];
		memset(node, 0, sizeof(*node));
		if (statement(x, node, depth) < 0)
			return -EBADMSG;
	}
}

int
conf_parse_nodes(const char *file, struct str text, struct conf_node **nodes,
    size_t *n, struct complaints *out)
{
	struct lexer	x = { .file = file, .text = text, .line = 1, .out = out };
	int		r;

	next(&x);
	r = statements(&x, nodes, n, 0);
	free(x.word);
	return r;
}

void
conf_node_fini(struct conf_node *node)
{
	size_t	i;

	free(node->name);
	for (i = 0; i < node->nvalues; i++)
		free(node->values[i].text);
	free(node->values);
	conf_nodes_free(node->nodes, node->nnodes);
}

void
conf_nodes_free(struct conf_node *nodes, size_t n)
{
	size_t	i;

	for (i = 0; i < n; i++)
		conf_node_fini(&nodes[i]);
	free(nodes);
}
