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

/*
 * RFC 5626 section 5.3: a binding whose connection is gone is of no use until its
 * phone has come again. tcp.c says when one went, and when one to the very same
 * ends was made; targets.c asks. Of what carries no binding nothing is kept.
 */
void	flows_lost(const struct hop *h, bool lost);
bool	flows_is_lost(const struct hop *h);
uint64_t flows_lost_count(void);
/* Walks the lost ones, *cursor 0 at first; what changes meanwhile may be missed. */
bool	flows_next_lost(size_t *cursor, struct hop *out);

#endif
