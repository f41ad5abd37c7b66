#ifndef SIPD_STRAY_H
#define SIPD_STRAY_H

struct packet;
struct sip_msg;
struct worker;

/*
 * A response without transaction (row 18): sent on by the Via below ours when
 * our branch verifies - this process was restarted, or the transaction has
 * ended - else dropped.
 */
void	stray_response(struct worker *w, const struct sip_msg *m,
	    const struct packet *p);

#endif
