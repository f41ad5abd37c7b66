#ifndef SIPD_OUTCOME_H
#define SIPD_OUTCOME_H

#include <stdint.h>

struct proxy;

/*
 * What a final response to p means beyond its transaction, for the call table and
 * for mediad: a call that was refused needs no media, one that was hung up has
 * ended, one that was refreshed has moved. Before p's request is freed.
 */
void	outcome_of(struct proxy *p, uint16_t code);
/*
 * The same of a response whose BYE the last process forwarded: without it the call
 * would stand for ever. Its branch is known to be ours.
 */
struct worker;
struct sip_msg;
void	outcome_stray(struct worker *w, const struct sip_msg *m);
/* A call that was answered is over: its record (cdr.h); by: as there. */
struct call;
void	outcome_ended(const struct call *k, const char *by);
/* It rings no more, and no call came of it: nobody is shown it any longer. */
void	outcome_unrung(struct proxy *p);

#endif
