/*
 * pause - between two looks, and ^C, which ends looking.
 */
#include "sipctl/pause.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

static volatile sig_atomic_t caught;

static void
on_signal(int signo)
{
	caught = 1;
}

void
interrupt_catch(void)
{
	struct sigaction	a = { .sa_handler = on_signal };

	/* No SA_RESTART: a read from the terminal ends, too. */
	sigaction(SIGINT, &a, NULL);
	sigaction(SIGTERM, &a, NULL);
}

bool
interrupted(void)
{
	return caught;
}

void
pause_ms(int64_t ms)
{
	struct timespec	t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}
