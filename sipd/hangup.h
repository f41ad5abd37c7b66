#ifndef SIPD_HANGUP_H
#define SIPD_HANGUP_H

struct worker;
struct call;

/*
 * BYE to both sides of an established call, each in the name of the other (row 162):
 * it is over, and neither side has said so. To each as the other's BYE would go: by
 * its Route set, to its Contact, through its gateway. Before call_end().
 */
void	hangup_call(struct worker *w, const struct call *k);

#endif
