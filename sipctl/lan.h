#ifndef SIPCTL_LAN_H
#define SIPCTL_LAN_H

#include "common/str.h"

/*
 * The networks of this machine's interfaces that the Internet does not reach (row 153),
 * as a setting has them: "10.0.0.0/8, fd00:1::/64"; "" when there are none.
 */
void	lan_write(struct text *t);

#endif
