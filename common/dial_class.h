#ifndef COMMON_DIAL_CLASS_H
#define COMMON_DIAL_CLASS_H

#include "common/settings.h"

/*
 * Dial classes: words that an account has ("dial-classes staff" or "staff,boss") and
 * that a gateway wants one of ("classes [boss night]"). Any case; a gateway that
 * names none takes everybody.
 */
bool	dial_class_fits(const struct set_texts *wanted, struct str has);

#endif
