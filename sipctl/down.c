/*
 * down - ends a house: the keeper ends its daemons in order; where there is no
 * keeper, the daemons are ended here.
 */
#include <errno.h>
#include <signal.h>

#include "common/mono.h"
#include "sipctl/house.h"
#include "sipctl/pause.h"

#define KEEPER_MS	20000
#define DAEMON_MS	5000
#define LOOK_MS		10

/* Waits until NAME is gone; false when it stays. */
static bool
gone(const struct ctl *c, const char *name, int64_t limit_ms)
{
	struct mono	until = mono_add_ms(mono_now(), limit_ms);

	while (pid_of(c, name) > 0) {
		if (mono_before(until, mono_now()))
			return false;
		pause_ms(LOOK_MS);
	}
	return true;
}

/* 0, or the exit code after saying why. */
static int
end(const struct ctl *c, const char *name, int64_t limit_ms)
{
	int	pid = pid_of(c, name);

	if (pid == 0)
		return CTL_DONE;
	if (kill(pid, SIGTERM) < 0 && errno == EPERM)
		return no(CTL_DENIED, "%s (pid %d) runs as another user", name, pid);
	if (gone(c, name, limit_ms))
		return CTL_DONE;
	say("%s (pid %d) does not end by itself; it is killed", name, pid);
	if ((pid = pid_of(c, name)) > 0)
		kill(pid, SIGKILL);
	return gone(c, name, DAEMON_MS) ? CTL_DONE :
	    no(CTL_NO, "%s (pid %d) cannot be killed", name, pid);
}

COMMAND(cmd_down)
{
	bool	ran = house_lives(c);
	int	i, code, worst;

	worst = end(c, "keeper", KEEPER_MS);
	for (i = 0; i < DAEMONS && worst != CTL_DENIED; i++)
		if ((code = end(c, daemon_names[i], DAEMON_MS)) != CTL_DONE)
			worst = code;
	if (worst == CTL_DONE)
		done(c, ran ? "ended" : "nothing ran");
	return worst;
}
