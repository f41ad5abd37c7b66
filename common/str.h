#ifndef COMMON_STR_H
#define COMMON_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * A slice of somebody else's bytes: not terminated, not owned, may hold any
 * octet. The empty slice may have a NULL pointer.
 */
struct str {
	const char	*s;
	size_t		 len;
};

#define STR(literal)	((struct str){ (literal), sizeof(literal) - 1 })
#define STR_NONE	((struct str){ NULL, 0 })
/* For printf: "%.*s", STR_ARG(x) */
#define STR_ARG(x)	((int)(x).len), ((x).s != NULL ? (x).s : "")

static inline struct str
str_of(const char *cstring)
{
	return (struct str){ cstring, cstring != NULL ? strlen(cstring) : 0 };
}

static inline struct str
str_make(const char *s, size_t len)
{
	return (struct str){ s, len };
}

static inline bool
str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

/* ASCII case only; never the locale's. */
bool	str_caseeq(struct str a, struct str b);
bool	str_prefix(struct str s, struct str prefix);
bool	str_caseprefix(struct str s, struct str prefix);
/* As memcmp, the shorter first. */
int	str_cmp(struct str a, struct str b);
/* Without blanks (SP, HT, CR, LF) at both ends. */
struct str str_trim(struct str s);
/*
 * Cuts the part before the first c off *rest into *part and skips c; the whole
 * rest if there is no c. False when *rest is exhausted (s == NULL afterwards).
 */
bool	str_cut(struct str *rest, char c, struct str *part);
/* Position of c, or -1. */
ptrdiff_t str_chr(struct str s, char c);
ptrdiff_t str_rchr(struct str s, char c);
ptrdiff_t str_find(struct str s, struct str needle);

/* Decimal digits only, whole slice, no sign. 0, -EBADMSG or -ERANGE. */
int	str_u32(struct str s, uint32_t *out);
int	str_u64(struct str s, uint64_t *out);

/* Copies into a terminated buffer; false if it did not fit (then ""). */
bool	str_copy(char *dst, size_t size, struct str s);
/* malloc'd, terminated; dies without memory: bound len first. */
char	*str_dup(struct str s);
char	*str_dup_or_null(struct str s);		/* NULL of an empty one */
/* Lower-cases ASCII in place. */
void	str_lower(char *s, size_t len);

/*
 * Two arrays whose elements, of size octets each, begin with a char *: do those read
 * the same?
 */
bool	text_lists_equal(const void *a, size_t na, const void *b, size_t nb, size_t size);

/*
 * A bounded text being written: never overflows, takes what fits and remembers
 * that something did not. Always terminated, so at most size - 1 octets. The
 * storage is the caller's.
 */
struct text {
	char	*s;
	size_t	 len;
	size_t	 size;
	bool	 full;		/* something did not fit */
};

void	text_init(struct text *t, char *buf, size_t size);
void	text_add(struct text *t, struct str s);
/* Adds n octets that the caller writes; NULL, and nothing is added, if they do not fit. */
char	*text_take(struct text *t, size_t n);
void	text_ch(struct text *t, char c);
void	text_u64(struct text *t, uint64_t v);
void	text_printf(struct text *t, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
static inline struct str
text_str(const struct text *t)
{
	return str_make(t->s, t->len);
}

/* xcalloc and friends: die with a Failure line; for small fixed sizes only. */
void	*xcalloc(size_t n, size_t size);
void	*xrealloc(void *p, size_t n, size_t size);
char	*xstrdup(const char *s);

#endif
