#ifndef SIPD_REVIVE_H
#define SIPD_REVIVE_H

struct worker;

/*
 * The ringing calls that the last process left to this worker go on. Before its
 * first packet; it may send.
 */
void	revive_calls(struct worker *w);

#endif
