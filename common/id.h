#ifndef COMMON_ID_H
#define COMMON_ID_H

#include <stdint.h>

#include "common/str.h"

/* Unguessable identifiers from the kernel's generator, buffered per thread. */
uint64_t id_u64(void);			/* never 0 */
/* n characters of [0-9a-zA-Z], not terminated: 5.95 bits each. */
void	id_text(char *out, size_t n);
/* The key that joins all records of one call: a hash of the Call-ID, not 0. */
uint64_t id_call(struct str call_id);

#endif
