#ifndef GWREGD_GATEWAY_INTERNAL_H
#define GWREGD_GATEWAY_INTERNAL_H

#include "common/route.h"
#include "gwregd/gateway.h"
#include "gwregd/identity.h"
#include "gwregd/keep.h"
#include "gwregd/machine.h"
#include "gwregd/probe.h"

/* What the files gateway*.c share, and nobody else. */
#define TESTERS_MAX	4

struct probing {
	struct probe	 probe;
	struct loop_timer *timer;
	bool		 on;
	int64_t		 every_ms;
	int64_t		 last_ms;	/* CLOCK_BOOTTIME of its end; 0: none yet */
	uint64_t	 question;	/* 0: none open */
	struct mono	 asked;
	uint32_t	 cseq;
	char		 call_id[32], from_tag[16];
	char		 reason[120];	/* "200 OK", "no answer" */
};

struct gateway {
	struct gwregd	*g;
	char		*name;
	const struct gateway_settings *set;
	const struct gateway_settings *next;	/* after the sign-off */
	char		*secret;
	struct machine	 machine;
	struct loop_timer *timer;
	struct keep	 keep;
	uint64_t	 saved;		/* what of it is in the file, hashed; 0: nothing */
	struct sign	 calls;		/* of the last challenge to a call */
	uint32_t	 expires_s;	/* that we ask for */
	unsigned	 rounds;	/* challenges answered in this attempt */
	unsigned	 redirects;	/* followed in it */
	bool		 raised;	/* 423 was obeyed in this attempt */
	bool		 goes_on;	/* what is sent next belongs to it */
	bool		 asked_to_leave, was_signed;	/* the open question */
	uint64_t	 question;	/* 0: none open */
	struct mono	 asked;
	bool		 dying;
	bool		 counted;	/* in the gauge of registered ones */
	int		 rtt_ms;	/* -1: not known */
	char		 server[80];
	char		 error[KEEP_ERROR_MAX];
	struct bus_ticket testers[TESTERS_MAX];
	unsigned	 ntesters;
	struct identity	 id;		/* of set */
	struct probing	 probing;
};

/* Shall it be registered? */
bool	gateway_wanted(const struct gateway *w);
/* Writes the small file as things stand, if they are not in it already. */
void	gateway_save(struct gateway *w);
/* Answers all who asked for a test. */
void	gateway_testers_tell(struct gateway *w, bool good, const char *text);
/* Reads the password again; true when it has changed. */
bool	gateway_secret_renew(struct gateway *w,
	    const struct gateway_settings *set);

/* gateway_send.c: the machine's send(); forgets the open question. */
void	gateway_send(void *arg, bool leave);
void	gateway_question_forget(struct gateway *w);

/* gateway_answer.c: SENT, or why there is none. */
void	gateway_answered(void *arg, int error, enum msg_type type,
	    const union msg *m);
/* "503 Service Unavailable", printable. */
void	gateway_answer_text(const struct msg_sent *m, char *buf, size_t size);
/* An attempt has failed, w->error says why: counts and logs it. */
void	gateway_attempt_failed(struct gateway *w);

/* gateway_probe.c: begins or stops probing as things stand now. */
void	gateway_probe_init(struct gateway *w);
void	gateway_probe_fini(struct gateway *w);
void	gateway_probe_look(struct gateway *w);
void	gateway_probe_now(struct gateway *w);

/* gateway_show.c */
enum gateway_state gateway_state(const struct gateway *w);
const char *gateway_reason(const struct gateway *w);
void	gateway_uncount(struct gateway *w);

#endif
