#ifndef GWREGD_MACHINE_H
#define GWREGD_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * When a gateway is asked to register us: the states of one registration as a
 * table. It knows neither SIP nor the bus nor the clock: times come with the
 * events (milliseconds of CLOCK_BOOTTIME), what is to be done goes to the
 * owner. It never gives up.
 *
 * Back-off: 5 s, doubling to 10 min; 60 s, doubling to 10 min, where the gateway
 * said no to us (403, wrong password ...). Every wait is spread by a fifth to
 * either side. A Retry-After that is longer (at most an hour) counts instead.
 *
 * It refreshes after every_ms, or earlier: at four fifths of what was granted, and
 * before the nonce ends, so that the nonce can be used once more and calls have a
 * fresh one (row 174). A twentieth of that is left to chance.
 */
enum machine_state {
	ST_NONE,			/* in the table: event of no interest */
	ST_OFF,
	ST_TRYING,			/* REGISTER sent */
	ST_CHALLENGED,			/* sent again, with an answer */
	ST_REGISTERED,			/* until it is time to refresh */
	ST_REFRESHING,			/* REGISTER sent, still registered */
	ST_WAITING,			/* nobody answered, backing off */
	ST_REFUSED,			/* it said no, backing off for longer */
	ST_LEAVING,			/* un-REGISTER sent */
	MACHINE_STATES,
};

enum machine_event {
	EV_START,		/* register now */
	EV_STOP,		/* sign off */
	EV_TIMER,
	EV_OK,			/* 2xx; granted_ms */
	EV_CHALLENGE,		/* one that can be answered */
	EV_AGAIN,		/* 423, 301 ...: the owner has changed what is sent */
	EV_REFUSED,		/* the gateway does not want us */
	EV_NOBODY,		/* no answer, 5xx, busy: later perhaps */
	MACHINE_EVENTS,
};

struct machine_owner {
	/* Send a REGISTER: signed if there is a challenge; leave: Expires 0. */
	void	(*send)(void *arg, bool leave);
	/* Call machine_event(EV_TIMER) in so many milliseconds; -1: never. */
	void	(*timer)(void *arg, int64_t in_ms);
	/* State or registration has changed. */
	void	(*changed)(void *arg);
	/* Signed off: nothing is registered any more. It may free the machine. */
	void	(*left)(void *arg);
	/* Uniform in 0..999, for the spread of waits. */
	uint32_t (*dice)(void *arg);
};

struct machine {
	enum machine_state state;
	const struct machine_owner *owner;
	void		*arg;
	int64_t		 every_ms;	/* the setting: period of REGISTER */
	int64_t		 nonce_ms;	/* nonces do not live longer; 0: not known */
	int64_t		 until_ms;	/* registered until then; 0: not */
	int64_t		 wake_ms;	/* what the timer is for; 0: nothing */
	uint32_t	 failures;	/* in a row */
	/* Of the event being handled: */
	int64_t		 granted_ms;
	int64_t		 retry_after_ms;
};

void	machine_init(struct machine *m, const struct machine_owner *owner,
	    void *arg, int64_t every_ms);
void	machine_event(struct machine *m, enum machine_event ev, int64_t now_ms);
/*
 * A registration that a process before us made: goes on with it. until_ms 0:
 * there is none; then it begins, but not before not_before_ms. m->failures may say how
 * many attempts have failed; refused: the last one was.
 */
void	machine_resume(struct machine *m, int64_t until_ms, int64_t refresh_ms,
	    int64_t not_before_ms, bool refused, int64_t now_ms);
/* It failed and waits for its next try. */
bool	machine_backs_off(const struct machine *m);
bool	machine_registered(const struct machine *m, int64_t now_ms);
/* Something was sent and is not answered yet. */
bool	machine_asks(const struct machine *m);
const char *machine_state_name(enum machine_state s);

#endif
