/*
 * messages - packing, strict unpacking and printing of what messages.def lists.
 *
 * One set of functions per record and per message is made from the list; the
 * lists that a message holds go to an arena of the thread, of fixed size, so that
 * no count from the wire decides an allocation (S49).
 */
#include "common/messages.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/log.h"

/* ---- the arena ---- */

#define ARENA_SIZE	(1024 * 1024)

struct arena {
	size_t	used;
	size_t	base;		/* where the outer message ends */
	_Alignas(16) char octets[ARENA_SIZE];
};

static _Thread_local struct arena *arena;
static pthread_key_t	arena_key;
static pthread_once_t	arena_once = PTHREAD_ONCE_INIT;

static void
arena_key_make(void)
{
	if (pthread_key_create(&arena_key, free) != 0)
		fatal("messages: no thread key");
}

/* Freed when its thread ends. Its pages are touched only as far as used. */
static void
arena_make(void)
{
	pthread_once(&arena_once, arena_key_make);
	arena = malloc(sizeof(*arena));
	if (arena == NULL)
		fatal("messages: no memory");
	arena->used = arena->base = 0;
	pthread_setspecific(arena_key, arena);
}

/* Room for n records, or NULL. */
static void *
arena_take(size_t n, size_t size)
{
	size_t	 need = (n * size + 15) & ~(size_t)15;
	void	*p;

	if (need > ARENA_SIZE - arena->used)
		return NULL;
	p = arena->octets + arena->used;
	arena->used += need;
	return p;
}

/*
 * ---- packing ----
 *
 * FIELD_SINCE hands its type on to FIELD, and bool is a macro for _Bool: such
 * fields come by that name.
 */

#define pack_elem_u8	pack_u64
#define pack_elem_u16	pack_u64
#define pack_elem_u32	pack_u64
#define pack_elem_u64	pack_u64
#define pack_elem_i32	pack_i64
#define pack_elem_i64	pack_i64
#define pack_elem_bool	pack_bool
#define pack_elem__Bool	pack_bool
#define pack_elem_str	pack_str
#define pack_elem_bin	pack_bin

#define RECORD(name)		enum { n_rec_##name = 0
#define MESSAGE(number, NAME, name)	enum { n_msg_##name = 1
#define FIELD(type, name)	+ 1
#define LIST(rec, name)		+ 1
#define END(name)		};
#include MESSAGES_DEF

#define RECORD(name)							\
	void								\
	rec_pack_##name(struct buf *b, const struct rec_##name *m)	\
	{								\
		pack_array(b, n_rec_##name);
#define MESSAGE(number, NAME, name)					\
	static void							\
	pack_msg_##name(struct buf *b, const struct msg_##name *m)	\
	{								\
		pack_array(b, n_msg_##name);				\
		pack_u64(b, number);
#define FIELD(type, name)	pack_elem_##type(b, m->name);
#define LIST(rec, name)							\
		pack_array(b, m->name.n);				\
		if (m->name.n > 0 && m->name.v == NULL)			\
			buf_add(b, m->name.packed.s, m->name.packed.len); \
		else							\
			for (uint32_t i = 0; i < m->name.n; i++)	\
				rec_pack_##rec(b, &m->name.v[i]);
#define END(name)	}
#include MESSAGES_DEF

void
msg_pack(struct buf *b, enum msg_type type, const void *msg)
{
	switch (type) {
#define MESSAGE(number, NAME, name)					\
	case MSG_##NAME:						\
		pack_msg_##name(b, msg);				\
		return;
#include MESSAGES_DEF
	default:
		fatal("messages: no message has number %d", (int)type);
	}
}

/* ---- unpacking ---- */

#define get_u8(u)	unpack_u64_bounded(u, UINT8_MAX)
#define get_u16(u)	unpack_u64_bounded(u, UINT16_MAX)
#define get_u32(u)	unpack_u64_bounded(u, UINT32_MAX)
#define get_u64(u)	unpack_u64_bounded(u, UINT64_MAX)
#define get_i64(u)	unpack_i64_raw(u)
#define get_bool(u)	unpack_bool_raw(u)
#define get_str(u)	unpack_str_raw(u, MSG_STR_MAX)
#define get_bin(u)	unpack_bin_raw(u, MSG_BIN_MAX)

static int32_t
get_i32(struct unpack *u)
{
	int64_t	v = unpack_i64_raw(u);

	if (v < INT32_MIN || v > INT32_MAX) {
		unpack_fail(u, -EBADMSG);
		return 0;
	}
	return v;
}

/* One element less of the array being read; false: it has no more. */
static inline bool
take(uint32_t *n)
{
	if (*n == 0)
		return false;
	(*n)--;
	return true;
}

/* Elements that only a newer version knows. */
static void
skip_rest(struct unpack *u, uint32_t n)
{
	while (n-- > 0 && u->error == 0)
		unpack_skip(u);
	unpack_array_end(u);
}

/* Opens a list and finds room for its records; the count comes back. */
static void *
list_open(struct unpack *u, size_t size, uint32_t *n)
{
	void	*v;

	*n = unpack_array(u);
	if (*n == 0)
		return NULL;
	v = *n <= MSG_LIST_MAX ? arena_take(*n, size) : NULL;
	if (v == NULL) {
		unpack_fail(u, -EMSGSIZE);
		*n = 0;
	}
	return v;
}

#define RECORD(name)							\
	static void							\
	get_rec_##name(struct unpack *u, struct rec_##name *m)		\
	{								\
		uint32_t	n = unpack_array(u);
#define MESSAGE(number, NAME, name)					\
	static void							\
	get_msg_##name(struct unpack *u, struct msg_##name *m)		\
	{								\
		uint32_t	n = unpack_array(u);			\
									\
		if (take(&n))						\
			unpack_u64_bounded(u, UINT32_MAX);
#define FIELD(type, name)						\
		if (!take(&n))						\
			unpack_fail(u, -EBADMSG);			\
		else							\
			m->name = get_##type(u);
#define FIELD_SINCE(version, type, name, def)				\
		if (!take(&n))						\
			m->name = (def);				\
		else							\
			m->name = get_##type(u);
#define LIST(rec, name)							\
		m->name.n = 0;						\
		if (!take(&n))						\
			unpack_fail(u, -EBADMSG);			\
		else {							\
			uint32_t	 count_;			\
			struct rec_##rec *v_;				\
									\
			v_ = list_open(u, sizeof(*v_), &count_);	\
			for (uint32_t i = 0; i < count_ && u->error == 0; i++) \
				get_rec_##rec(u, &v_[i]);		\
			unpack_array_end(u);				\
			m->name.v = v_;					\
			m->name.n = count_;				\
		}
#define END(name)							\
		skip_rest(u, n);					\
	}
#include MESSAGES_DEF

/* Into copies: the caller's cursor stays where it is. */
static int
peek(struct unpack *u, uint32_t *n)
{
	int	type;

	*n = unpack_array(u);
	if (!take(n))
		unpack_fail(u, -EBADMSG);
	type = (int)unpack_u64_bounded(u, INT32_MAX);
	return u->error != 0 ? -EBADMSG : type;
}

int
msg_peek_type(const struct unpack *u)
{
	struct unpack	copy = *u;
	uint32_t	n;

	return peek(&copy, &n);
}

int
msg_peek_id(const struct unpack *u, int *type, uint64_t *id)
{
	struct unpack	copy = *u;
	uint32_t	n;
	uint64_t	v;
	int		t = peek(&copy, &n);

	if (t < 0 || n == 0)
		return -EBADMSG;
	v = unpack_u64_bounded(&copy, UINT64_MAX);
	if (copy.error != 0)
		return -EBADMSG;
	*type = t;
	*id = v;
	return 0;
}

static int
unpack_any(struct unpack *u, union msg *m)
{
	int	type = msg_peek_type(u);

	if (type < 0)
		return type;
	switch (type) {
#define MESSAGE(number, NAME, name)					\
	case MSG_##NAME:						\
		get_msg_##name(u, &m->name);				\
		break;
#include MESSAGES_DEF
	default:
		return -ENOTSUP;
	}
	if (u->error == 0 && !unpack_at_end(u))
		unpack_fail(u, -EBADMSG);
	return u->error != 0 ? u->error : type;
}

int
msg_unpack(struct unpack *u, union msg *m)
{
	int	r;

	if (arena == NULL)
		arena_make();
	arena->used = 0;
	r = unpack_any(u, m);
	arena->base = arena->used;
	return r;
}

int
msg_unpack_inner(struct unpack *u, union msg *m)
{
	if (arena == NULL)
		arena_make();
	arena->used = arena->base;
	return unpack_any(u, m);
}

/* ---- what is known about the types ---- */

static const char *const names[MSG_TYPE_MAX] = {
#define MESSAGE(number, NAME, name)	[number] = #NAME,
#include MESSAGES_DEF
};

#define RECORD(name)		enum { q_rec_##name = 0
#define MESSAGE(number, NAME, name)	enum { q_msg_##name = 0
#define QUESTION		+ 1
#define END(name)		};
#include MESSAGES_DEF

static const bool questions[MSG_TYPE_MAX] = {
#define MESSAGE(number, NAME, name)	[number] = q_msg_##name,
#include MESSAGES_DEF
};

const char *
msg_name(enum msg_type type)
{
	return (unsigned)type < MSG_TYPE_MAX ? names[type] : NULL;
}

bool
msg_is_question(int type)
{
	return type > 0 && type < MSG_TYPE_MAX && questions[type];
}

/* ---- printing ---- */

static void
print_number(struct text *t, int64_t v)
{
	text_printf(t, "%lld", (long long)v);
}

static void
print_unsigned(struct text *t, uint64_t v)
{
	text_u64(t, v);
}

static void
print_str(struct text *t, struct str v)
{
	if (v.len == 0)
		text_add(t, STR("\"\""));
	else
		text_add(t, str_of(log_str(v)));
}

static void
print_octets(struct text *t, struct str v)
{
	text_printf(t, "(%zu octets)", v.len);
}

#define print_u8	print_unsigned
#define print_u16	print_unsigned
#define print_u32	print_unsigned
#define print_u64	print_unsigned
#define print_i32	print_number
#define print_i64	print_number
#define print_bool	print_unsigned
#define print__Bool	print_unsigned
#define print_bin	print_octets

#define RECORD(name)							\
	static void							\
	print_rec_##name(struct text *t, const struct rec_##name *m)	\
	{								\
		text_ch(t, '{');
#define MESSAGE(number, NAME, name)					\
	static void							\
	print_msg_##name(struct text *t, const struct msg_##name *m)	\
	{								\
		text_add(t, STR(#NAME));
#define FIELD(type, name)						\
		text_add(t, STR(" " #name "="));			\
		print_##type(t, m->name);
#define LIST(rec, name)							\
		text_add(t, STR(" " #name "=["));			\
		for (uint32_t i = 0; i < m->name.n && !t->full; i++) {	\
			print_rec_##rec(t, &m->name.v[i]);		\
			text_add(t, STR(" }"));				\
		}							\
		text_ch(t, ']');
#define END(name)	}
#include MESSAGES_DEF

void
msg_print(struct text *t, enum msg_type type, const void *msg)
{
	switch (type) {
#define MESSAGE(number, NAME, name)					\
	case MSG_##NAME:						\
		print_msg_##name(t, msg);				\
		return;
#include MESSAGES_DEF
	default:
		text_printf(t, "(%d)", (int)type);
	}
}
