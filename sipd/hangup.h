#ifndef SIPD_HANGUP_H
#define SIPD_HANGUP_H

struct worker;
struct call;

/*
 * BYE to both sides of an established call, each in the name of the other (row 162):
 * it is over, and neither side has said so. The call table knows no Contact, so
 * the Request-URI is the address where that side is reached.
 */
void	hangup_call(struct worker *w, const struct call *k);

#endif
