#ifndef COMMON_MESSAGES_H
#define COMMON_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/pack.h"
#include "common/str.h"

/*
 * The messages of the bus: everything here is made from messages.def, which
 * says what each message is for.
 *
 * On the wire a message is a msgpack array: its type, then its fields in order.
 * Strings and lists of an unpacked message point into the frame or into the
 * unpacking thread's arena: they live until the handler returns.
 */
#ifndef MESSAGES_DEF			/* a test has a list of its own */
#define MESSAGES_DEF	"common/messages.def"
#endif

typedef bool		field_bool;
typedef uint8_t		field_u8;
typedef uint16_t	field_u16;
typedef uint32_t	field_u32;
typedef uint64_t	field_u64;
typedef int32_t		field_i32;
typedef int64_t		field_i64;
typedef struct str	field_str;	/* text, at most MSG_STR_MAX octets */
typedef struct str	field_bin;	/* octets, at most MSG_BIN_MAX */

#define MSG_STR_MAX	8192
#define MSG_BIN_MAX	(512 * 1024)
#define MSG_LIST_MAX	4096		/* elements of one list */

enum msg_type {
	MSG_NONE,
#define MESSAGE(number, NAME, name)	MSG_##NAME = (number),
#include MESSAGES_DEF
	MSG_TYPE_MAX = 256
};

/*
 * Records are parts of messages and what their lists hold. A list that is packed
 * more than once can be packed before: then v is NULL and packed has the n
 * elements. Unpacking always sets v.
 */
#define RECORD(name)		struct rec_##name {
#define MESSAGE(number, NAME, name)	struct msg_##name {
#define FIELD(type, name)	field_##type name;
#define FIELD_SINCE(version, type, name, def)	field_##type name;
#define LIST(rec, name)		\
	struct { const struct rec_##rec *v; uint32_t n; struct str packed; } name;
#define END(name)		};
#include MESSAGES_DEF

union msg {
#define MESSAGE(number, NAME, name)	struct msg_##name name;
#include MESSAGES_DEF
};

/* rec_pack_binding() and so on append one element of a list: see packed above. */
#define RECORD(name)	\
	void rec_pack_##name(struct buf *b, const struct rec_##name *r);
#include MESSAGES_DEF

/* Appends one message. */
void	msg_pack(struct buf *b, enum msg_type type, const void *msg);

/*
 * The type of the next message of u without consuming it, or -EBADMSG. A
 * number that this version does not know is returned as it is.
 */
int	msg_peek_type(const struct unpack *u);

/*
 * Reads one message of any known type; resets the thread's arena. Returns its
 * type; -ENOTSUP for an unknown type; -EBADMSG for a missing field, a wrong
 * type, a value over its bound or octets after the array; -EMSGSIZE for more
 * than a list or the arena holds.
 */
int	msg_unpack(struct unpack *u, union msg *m);

/*
 * The same for a message inside an unpacked one (a feed record in its bin): the
 * arena is not reset, so the outer message stays; it is valid until the next
 * inner one.
 */
int	msg_unpack_inner(struct unpack *u, union msg *m);

/*
 * What every question starts with. Valid on any struct msg_X of a question, and
 * read from a packed one, of unknown type too, with msg_peek_question().
 */
struct msg_question {
	uint64_t	id;
	uint32_t	deadline_ms;
	uint64_t	call;
};
bool	msg_is_question(int type);
/* Type and first field (id) without consuming; 0 or -EBADMSG. */
int	msg_peek_id(const struct unpack *u, int *type, uint64_t *id);

/* "ROUTE", or NULL. */
const char *msg_name(enum msg_type type);
/* One line for people: NAME field=value ...; secrets are not masked here. */
void	msg_print(struct text *t, enum msg_type type, const void *msg);

#endif
