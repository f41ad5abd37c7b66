#ifndef SIPCTL_DIFF_H
#define SIPCTL_DIFF_H

#include <stdint.h>

#include "common/str.h"

/*
 * The lines in which two texts differ, in the order of the new one. fn gets '-' with
 * a line of the old text, '+' with one of the new.
 */
typedef void diff_fn(void *arg, char sign, uint32_t line, struct str text);

/* Returns how many lines differ. */
size_t	diff_lines(struct str old_text, struct str new_text, diff_fn *fn, void *arg);

#endif
