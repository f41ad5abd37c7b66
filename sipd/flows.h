#ifndef SIPD_FLOWS_H
#define SIPD_FLOWS_H

#include <stdbool.h>
#include <stdint.h>

#include "sipd/hop.h"

/*
 * Which connections carry bindings: a count for each, kept by the replica's
 * writers. tcp.c asks before it closes an idle connection, and stores those that
 * count in the descriptor store. Any thread.
 */
void	flows_open(void);
void	flows_close(void);

/*
 * One binding more, one less. UDP and "none" are of no interest. The first and
 * the last call tcp_flow_changed().
 */
void	flows_add(const struct hop *h);
void	flows_remove(const struct hop *h);
bool	flows_used(const struct hop *h);
uint64_t flows_count(void);

#endif
