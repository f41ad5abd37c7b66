#ifndef REGD_SHARED_H
#define REGD_SHARED_H

#include <stdint.h>

#include "common/str.h"

/*
 * Texts that many contacts have in common, each kept once: what phones call
 * themselves, our own addresses, Paths. A text is named by a small number as long as
 * somebody holds it. One table for the process, for the loop's thread.
 */

/* The number of that text, held once more. 0: the empty text, which nobody holds. */
uint32_t shared_hold(struct str text);
void	shared_hold_again(uint32_t number);
void	shared_drop(uint32_t number);
/* Borrowed while it is held. */
struct str shared_text(uint32_t number);
size_t	shared_count(void);

#endif
