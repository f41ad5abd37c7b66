#ifndef SIPCTL_LADDER_H
#define SIPCTL_LADDER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sipctl/trace.h"

/*
 * One call as a ladder: who took part, in columns, and what happened between them,
 * in the order of time. Made from a trace; ladder_text.c, ladder_svg.c and
 * ladder_mermaid.c draw it.
 *
 * Column 0 is the peer of the first message, column 1 is this server. Every text
 * in it came from the network and is not escaped yet: who draws does that.
 */
#define LADDER_PEERS_MAX	8	/* further peers share the last column */
#define LADDER_US		1
#define LADDER_NAME_MAX		64

struct ladder_peer {
	char	name[LADDER_NAME_MAX];		/* "anna", "teleco1", "sip1" */
	char	address[PEER_TEXT_MAX];		/* "udp:10.1.4.20:5060", "sipd" */
};

struct ladder_row {
	bool		 message;	/* else something that we decided */
	unsigned	 from, to;	/* columns */
	unsigned	 number;	/* of the message, from 1 */
	unsigned	 code;		/* of a response; 0: a request */
	char		 method[16];	/* of a response, that of its request */
	int64_t		 after_ns;	/* since the first record */
	char		*label;		/* "INVITE (SDP)"; of a decision all of it */
	char		*note;		/* beside a message: "signed in as anna"; or NULL */
	const struct trace_record *record;	/* borrowed from the trace */
};

struct ladder {
	char		 from[LADDER_NAME_MAX], to[LADDER_NAME_MAX];	/* AORs */
	char		 call_id[128];
	char		 result[96];	/* "488 Not Acceptable Here"; "" while it goes on */
	int64_t		 lasted_ns;	/* until the result, or the last record */
	int64_t		 began_ms;	/* wall clock */
	struct ladder_peer peers[LADDER_PEERS_MAX];
	unsigned	 npeers;
	struct ladder_row *rows;
	size_t		 n;
};

/* us: what this server is called. t must outlive out; ladder_fini() in any case. */
void	ladder_make(const struct trace *t, const char *us, struct ladder *out);
void	ladder_fini(struct ladder *l);
/* The message with that number; NULL: there is none. */
const struct ladder_row *ladder_message(const struct ladder *l, unsigned number);

/* "14:01:07.118" of the first row, "+17 ms", "+12.3 s" of others. */
void	ladder_time(const struct ladder *l, const struct ladder_row *r, char buf[40]);
/* "anna@a.example -> bert@a.example   200 OK after 0.9 s   Call-ID x"; arrow: as text. */
void	ladder_title(const struct ladder *l, const char *arrow, struct text *t);

void	ladder_text(const struct ladder *l, bool utf8, FILE *f);
void	ladder_svg(const struct ladder *l, FILE *f);
void	ladder_mermaid(const struct ladder *l, FILE *f);

#endif
