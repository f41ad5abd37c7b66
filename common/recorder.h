#ifndef COMMON_RECORDER_H
#define COMMON_RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/mono.h"
#include "common/str.h"

/*
 * The flight recorder: a ring of records in a memory-mapped file of the run
 * directory, always on. One thread writes a ring: no lock, no call into the
 * kernel, no allocation. Other processes read it meanwhile (recorder_read.h), and
 * after this one was killed; the next start goes on behind the last whole record.
 *
 * Secrets are left out by who writes: what is in the file may be shown.
 *
 * The file: a page with struct recorder_head, then size octets of records. A
 * record lies at its position modulo size; positions only grow. Its first word is
 * its position ^ key, which proves to a reader that a record begins there: the key
 * is random and never leaves the file, so nothing from the wire can look so.
 */
#define RECORDER_MAGIC	"CBREC1\r\n"
#define RECORDER_PAGE	4096
#define RECORDER_MIN	(256 * 1024)	/* octets of a ring; a power of two */
#define RECORDER_MAX	(1024 * 1024 * 1024)
#define RECORDER_PAYLOAD_MAX (66 * 1024)	/* longer records are cut by who writes */

/* In the octets of this machine: the file does not outlive a boot. */
struct recorder_head {
	char		magic[8];
	uint64_t	size;
	uint64_t	key;
	char		boot[40];	/* boot_id(): the clock's */
	/* Before it begins, a record moves reserved to its end; then, written. */
	_Alignas(64) _Atomic uint64_t reserved;
	_Atomic uint64_t written;
};

enum record_kind {
	RECORD_NONE,
	RECORD_START,		/* the process begins: text */
	RECORD_IN,		/* a message: struct record_message, its text */
	RECORD_OUT,
	RECORD_DECISION,	/* struct record_note, text */
	RECORD_TIMER,
	RECORD_FAILURE,		/* something could not be done */
	RECORD_RESULT,		/* the final answer to a request that begins something */
	RECORD_KINDS
};

/* Every record; the payload follows, then up to 7 octets of padding. */
struct record {
	uint64_t	self;		/* position ^ key */
	uint64_t	before;		/* position of this call's last one; 0: unknown */
	uint64_t	call;		/* id_call(), 0: of none */
	int64_t		mono_ns;
	int64_t		wall_ms;
	uint32_t	length;		/* of the payload */
	uint16_t	kind;
	uint16_t	code;		/* a SIP code, an errno; 0: none */
};

/* Where in the text something stands. len 0: it was not looked for. */
struct record_slice {
	uint16_t	at, len;
};

enum {
	RECORD_HAS_BODY = 1,
	RECORD_BAD = 2,		/* it could not be parsed */
	RECORD_CUT = 4,		/* only its begin is here */
};

struct record_message {
	uint8_t		transport;	/* enum transport */
	uint8_t		family;		/* 4, 6; 0: no addresses */
	uint8_t		flags;
	uint8_t		reserved;
	uint16_t	remote_port, local_port;
	uint8_t		remote[16], local[16];
	struct record_slice label;	/* "INVITE", "180 Ringing" */
	struct record_slice method;	/* of a response: that of its request */
	struct record_slice call_id, from, to;
};

struct record_note {
	char	tag[8];			/* "ROUTER": as in the log, filled with NUL */
};

struct recorder;			/* opaque */

/*
 * Opens or makes the ring at path; size is rounded down to a power of two within
 * the bounds above. A ring of the same size and boot goes on, any other begins
 * anew. The file is 0640, and as root it is given to uid and gid. 0 or -errno.
 */
int	recorder_open(struct recorder **out, const char *path, uint64_t size,
	    unsigned uid, unsigned gid);
void	recorder_close(struct recorder *r);	/* the file stays; NULL is fine */

/*
 * Room for length octets (at most RECORDER_PAYLOAD_MAX) of a new record, to be
 * filled until recorder_commit(): a killed process leaves none or the whole. NULL
 * when r is NULL. now: the loop's.
 */
void	*recorder_begin(struct recorder *r, enum record_kind kind, uint16_t code,
	    uint64_t call, struct mono now, size_t length);
void	recorder_commit(struct recorder *r);
/* Has this ring, as far as its writer remembers, a record of the call? */
bool	recorder_knows(const struct recorder *r, uint64_t call);
/*
 * Both for a note: its text is parts one after another, cut at 1024 octets. Of tag
 * eight octets are copied: RECORD_TAG("ROUTER").
 */
#define RECORD_TAG(t)	t "\0\0\0\0\0\0\0"
void	recorder_note(struct recorder *r, enum record_kind kind, uint16_t code,
	    uint64_t call, struct mono now, const char *tag, const struct str *parts,
	    size_t n);

/* What a process writes first: who it is. */
void	recorder_note_start(struct recorder *r, const char *name);

/*
 * Copies the last records of a call (at most 128, and 128 KiB) from r to the ring
 * to, where nothing but such copies lies: there they last longer. Those copied
 * before are not copied again.
 */
void	recorder_keep(struct recorder *r, struct recorder *to, uint64_t call);

#endif
