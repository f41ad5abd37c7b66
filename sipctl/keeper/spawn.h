#ifndef KEEPER_SPAWN_H
#define KEEPER_SPAWN_H

#include "sipctl/keeper/keeper.h"

/*
 * A new process of c with the descriptors that are held for it. Opens c->err. The
 * pid, or -1 and errno.
 */
pid_t	spawn(struct child *c, const struct place *p);

#endif
