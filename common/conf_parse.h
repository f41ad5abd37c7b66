#ifndef COMMON_CONF_PARSE_H
#define COMMON_CONF_PARSE_H

#include "common/conf.h"

/*
 * From text to nodes: the grammar of sip.conf, for conf.c and conf_edit.c.
 *
 *   statement  = word value* [ "{" statement* "}" ]   up to the end of the line
 *   value      = word | "quoted" | "[" value [ "," value ]* "]"
 *   comment    = "#" to the end of the line, where a word could begin
 *
 * A word ends at a blank, a quote, a brace, and inside a list at "," and "]"; brackets
 * within a word belong to it ("udp:[::1]:5060"). A list may span lines. In
 * quotes a backslash stands before a quote or a backslash.
 */
#define CONF_DEPTH_MAX	4	/* blocks in blocks */
#define CONF_WORD_MAX	4096	/* octets of one word */
#define CONF_VALUES_MAX	4096	/* values of one statement */

/*
 * Appends the statements of text to *nodes; file must outlive them. 0, or -EBADMSG
 * after complaining: then what was understood so far is in *nodes too.
 */
int	conf_parse_nodes(const char *file, struct str text,
	    struct conf_node **nodes, size_t *n, struct complaints *out);
void	conf_node_fini(struct conf_node *node);
void	conf_nodes_free(struct conf_node *nodes, size_t n);

#endif
