#ifndef SIPD_MASK_H
#define SIPD_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "common/str.h"

/*
 * The parts of a SIP message that nobody may read afterwards: what proves a
 * password (response, rspauth, the whole of Basic and NTLM), passwords in URIs,
 * keys in SDP (RFC 4568, 4567, 8839, k=).
 */
#define MASKS_MAX	24

struct mask {
	size_t	at, len;
};

struct sip_msg;

/* Certainly nothing to hide: cheap, from what the parser found. */
bool	mask_needless(const struct sip_msg *m);
/*
 * The parts of any text, parsed or not, in order and apart. When there are more
 * than MASKS_MAX the last one reaches to the end.
 */
size_t	mask_find(struct str text, struct mask out[MASKS_MAX]);
/* Copies text to to, with '*' for each octet that is masked. */
void	mask_copy(char *to, struct str text);

#endif
