#ifndef SIPD_RECORD_H
#define SIPD_RECORD_H

#include <stdint.h>

#include "common/log.h"
#include "common/messages.h"
#include "common/recorder.h"
#include "common/route.h"
#include "sipd/worker.h"

/*
 * What sipd tells the flight recorder: every message in and out, decisions,
 * timers, results. A ring per worker, and one for the calls that failed, which
 * last longer there. Everything here is cheap, and nothing when "recorder-size"
 * is 0.
 */
struct sip_msg;

/*
 * The rings of all workers; main thread, still privileged. What cannot be opened
 * is logged: sipd runs without.
 */
void	record_open(struct self *self, unsigned workers);
void	record_close(void);
/* The ring of one, or NULL. */
struct recorder *record_ring(unsigned worker);

/*
 * A message came in: from here to record_end() w's records are of this call, and
 * what it sends is plain if m is.
 */
void	record_in(struct worker *w, uint64_t call, const struct sip_msg *m,
	    const struct packet *p);
/* The same of one that could not be parsed: of no call. */
void	record_bad(struct worker *w, const struct packet *p);
/* Something else happens to a call: a timer fires, an answer arrives. */
static inline void
record_as(struct worker *w, uint64_t call, bool plain)
{
	w->recording = (struct recording){ call, plain };
}

static inline void
record_end(struct worker *w)
{
	record_as(w, 0, false);
}

/*
 * A message of the call that w is at leaves from local (len 0: unknown). error:
 * the -errno why it does not.
 */
void	record_out(struct worker *w, const struct hop *to, const struct addr *local,
	    struct str bytes, int error);

/* A decision, timer or failure of the call that w is at: its text in parts. */
#define record_note(w, kind, code, tag, ...)				\
	record_parts(w, kind, code, RECORD_TAG(tag), (const struct str []){ __VA_ARGS__ }, \
	    sizeof((const struct str []){ __VA_ARGS__ }) / sizeof(struct str))
void	record_parts(struct worker *w, enum record_kind kind, uint16_t code,
	    const char *tag, const struct str *parts, size_t n);
/* Answers of routed, regd and mediad; NULL or an error: there is none. */
void	record_routed(struct worker *w, int error, const struct msg_routed *m);
void	record_judged(struct worker *w, int error, const struct msg_judged *m);
void	record_registered(struct worker *w, int error, const struct msg_registered *m);
void	record_media(struct worker *w, int error, const struct msg_media_rewritten *m);
/* What the log has of calls that are raised (raised.h); record_log.c. */
void	record_log_in(const struct worker *w, const struct sip_msg *m,
	    const struct packet *p);
void	record_log_out(const struct worker *w, const struct hop *to, struct str bytes,
	    int error);
void	record_log_parts(const struct worker *w, enum record_kind kind, const char *tag,
	    const struct str *parts, size_t n);
/* routed sends it there: a user's other address, a gateway. */
void	record_look_target(const struct worker *w, enum target_kind kind, struct str value);
/* Is there anything that they would say, of any call or of the one that w is at? */
static inline bool
record_logs_some(void)
{
	return __builtin_expect(raised_some() || log_wants(LOG_ALL), 0);
}
static inline bool
record_logs(const struct worker *w)
{
	return __builtin_expect(raised_level(w->recording.call) != 0 ||
	    log_wants(LOG_ALL), 0);
}
/* The final answer to a request outside dialogs; a failed call is kept longer. */
void	record_result(struct worker *w, uint16_t code, struct str method);

#endif
