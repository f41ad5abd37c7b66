#ifndef COMMON_SETTING_TYPES_H
#define COMMON_SETTING_TYPES_H

#include "common/conf.h"
#include "common/settings.h"

/*
 * What a value of each type in settings.def looks like: read, written, compared,
 * freed. For the settings*.c files only.
 */
struct setting_type {
	const char	*name;
	bool		 many;	/* repeated lines add to each other */
	/*
	 * Reads the values of node into *field, adding to what is there when many.
	 * False after complaining. Works on a zeroed field.
	 */
	bool	(*read)(const struct setting_info *i, const struct conf_node *node,
		    void *field, struct complaints *out);
	void	(*print)(const struct setting_info *i, const void *field,
		    struct text *out);
	bool	(*equal)(const void *a, const void *b);
	void	(*fini)(void *field);
};

/* The row's type and the place of its field in its struct. */
struct setting_field {
	const struct setting_type *type;
	size_t			   offset;
};
extern const struct setting_field setting_fields[];	/* beside settings_table */

#define SETTING_TYPES(X) \
	X(ms) X(u32) X(size) X(flag) X(word) X(text) X(texts) X(words) X(nets) \
	X(netlists) X(lines) X(listen) X(certs) X(tos) X(media)
#define X(t)	extern const struct setting_type setting_type_##t;
SETTING_TYPES(X)
#undef X

/* "8s", "500ms", "0". */
void	duration_print(int64_t ms, struct text *out);
/* 0, -EBADMSG, -ERANGE. */
int	duration_parse(struct str in, int64_t *ms);

/* The i-th of "a|b|c"; empty past the end. */
struct str choice_at(const char *choices, size_t i);

/* "a" alone, "[]" or "[a, b]" otherwise. */
void	list_print(size_t n, void (*one)(const void *arg, size_t at,
	    struct text *out), const void *arg, struct text *out);

/* Edit distance, small texts only; SIZE_MAX when either is over 63 octets. */
size_t	edit_distance(struct str a, struct str b);

/* setting_print.c: the rows of a block that differ from their defaults, indented. */
void	settings_print_block(const void *base, enum setting_block block,
	    bool changed_only, struct text *out);

/*
 * setting_nets.c: the references of all lists of networks, once everything was
 * read. Places are forgotten after that.
 */
void	settings_resolve_nets(struct settings *s, struct complaints *out);

/* setting_checks.c: what no value can know alone. False after an error. */
bool	settings_check(const struct settings *s, const struct conf *c,
	    struct complaints *out);
/* gateway_checks.c: the same for gateways. */
void	gateways_check(const struct settings *s, const struct conf *c,
	    struct complaints *out);
/* Letters, digits and "-_.", at most 63: of a gateway or a group of them. */
bool	gateway_name_ok(const char *name);
/* The last node of this name outside of blocks, or NULL. */
const struct conf_node *conf_node_find(const struct conf *c, const char *name);
const struct conf_node *conf_gateway_find(const struct conf *c,
	    const char *gateway, const char *name);

/* Complains at the value of node, or about the file when there is none. */
#define complain_at(out, warning, node, ...)					\
	do {									\
		const struct conf_node *n_ = (node);				\
		if (n_ != NULL && n_->nvalues > 0)				\
			complain(out, warning, n_->file, n_->values[0].line,	\
			    n_->values[0].column, __VA_ARGS__);			\
		else								\
			complain(out, warning, n_ != NULL ? n_->file : "sip.conf", \
			    n_ != NULL ? n_->line : 0,				\
			    n_ != NULL ? n_->column : 0, __VA_ARGS__);		\
	} while (0)

#endif
