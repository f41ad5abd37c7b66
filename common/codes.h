#ifndef COMMON_CODES_H
#define COMMON_CODES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/str.h"

/* Lists of final response codes, as words: "408 486 5xx". */

/* Is it 300 to 699, or 3xx, 4xx, 5xx, 6xx? */
bool	code_word_ok(struct str word);
/* Is the code one of them? Words are separated by one space. */
bool	codes_have(struct str list, uint16_t code);

#endif
