#ifndef SIPD_RECLAIM_H
#define SIPD_RECLAIM_H

/*
 * Memory that readers without locks may still look at is freed when every reader
 * has passed a point where it looks at nothing. A reader is a thread; its point
 * is the end of a turn of its loop.
 */
#define READERS_MAX	128

void	reclaim_open(void);
void	reclaim_close(void);		/* frees what waits; no reader is left */

void	reclaim_join(void);		/* this thread is a reader */
void	reclaim_leave(void);
/* Before looking at shared memory: any number of times until reclaim_exit(). */
void	reclaim_enter(void);
void	reclaim_exit(void);

/* p can no longer be found: free() it when nobody looks. Any thread. */
void	reclaim(void *p);
/* Frees what can be freed by now. */
void	reclaim_now(void);

#endif
