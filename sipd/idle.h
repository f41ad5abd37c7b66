#ifndef SIPD_IDLE_H
#define SIPD_IDLE_H

struct call;
struct sip_msg;
struct worker;

/*
 * Established calls whose end nobody hears: both phones were switched off, say, and
 * mediad, who would notice, is not in the way. The worker that owns them looks.
 *
 *   call-max-time   they lasted that long: both sides get a BYE
 *   session timer   it was agreed on and not refreshed (RFC 4028 section 8.3: then a
 *                   proxy may forget the call; the sides hang up by themselves)
 *   idle-timeout    nothing of the dialog for that long, and no media of ours
 */
void	idle_start(struct worker *w);
void	idle_stop(struct worker *w);

/* A 2xx went up: to the INVITE that made k, or to a request within a dialog. */
void	idle_answered(struct worker *w, struct call *k, const struct sip_msg *m);

#endif
