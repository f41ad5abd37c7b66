#ifndef GWREGD_KEEP_H
#define GWREGD_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "gwregd/sign.h"

/*
 * What a restarted gwregd must know of a gateway so that it need not register
 * anew: one small file each, state/gwregd/NAME. It is written without waiting
 * for the disk: a kill of the process loses nothing, a power cut costs one
 * REGISTER.
 *
 * Times are CLOCK_BOOTTIME milliseconds of the boot that is named; after
 * another boot keep_read() translates them by the wall clock.
 */
#define KEEP_TEXT_MAX	128
#define KEEP_URI_MAX	512
#define KEEP_ERROR_MAX	200
#define KEEP_ROUTE_MAX	2048

/* The count of a nonce is written so far ahead that each call need not write it. */
#define KEEP_NC_STEP	64

struct keep {
	char		call_id[KEEP_TEXT_MAX];
	char		from_tag[KEEP_TEXT_MAX];
	char		print[KEEP_TEXT_MAX];	/* of the settings: see gateway.c */
	uint32_t	cseq;
	int64_t		sent_ms;	/* the last REGISTER; 0: none */
	int64_t		until_ms;	/* registered until; 0: not */
	int64_t		refresh_ms;
	int64_t		nonce_at_ms;	/* when sign's nonce came */
	uint32_t	nonce_life_ms;	/* learnt; 0: not known */
	uint32_t	nonce_once;	/* 1: learnt that they serve once */
	int64_t		wake_ms;	/* backing off until then; 0: not */
	uint32_t	failures;	/* in a row */
	uint32_t	refused;	/* 1: the last was a refusal */
	char		error[KEEP_ERROR_MAX];	/* of the last */
	char		realm[SIGN_TEXT_MAX];	/* in which it has accepted us, or "" */
	char		moved[KEEP_URI_MAX];	/* where 301 or 302 led, or "" */
	char		service_route[KEEP_ROUTE_MAX];
	struct sign	sign;
};

/* -ENOENT, -EBADMSG: begin anew; k is untouched. */
int	keep_read(struct keep *k, const char *dir, const char *name);
/* The same from a text: for tests. */
int	keep_parse(struct keep *k, struct str text);
int	keep_write(const struct keep *k, const char *dir, const char *name);
void	keep_remove(const char *dir, const char *name);
/* Removes the files of all that wanted() does not want; how many. */
unsigned keep_clean(const char *dir, bool (*wanted)(void *arg, struct str name),
	    void *arg);

#endif
