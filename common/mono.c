/*
 * mono - the clocks: monotonic, wall, since boot.
 */
#include "common/mono.h"

#include <fcntl.h>
#include <pthread.h>
#include <time.h>
#include <unistd.h>

static int64_t
clock_ns(clockid_t id)
{
	struct timespec	ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

struct mono
mono_now(void)
{
	return (struct mono){ clock_ns(CLOCK_MONOTONIC) };
}

int64_t
wall_ms(void)
{
	return clock_ns(CLOCK_REALTIME) / 1000000;
}

int64_t
boot_ms(void)
{
	return clock_ns(CLOCK_BOOTTIME) / 1000000;
}

static char	boot[37];

static void
boot_read(void)
{
	int	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return;
	if (read(fd, boot, sizeof(boot) - 1) != (ssize_t)sizeof(boot) - 1)
		boot[0] = '\0';
	close(fd);
}

const char *
boot_id(void)
{
	static pthread_once_t	once = PTHREAD_ONCE_INIT;

	pthread_once(&once, boot_read);
	return boot;
}
