/*
 * place - the directories: those of sipctl, and the programs beside our own.
 */
#include "sipctl/keeper/keeper.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/users.h"

const char *
place_path(char buf[PATH_SIZE], const char *base, const char *name,
    const char *suffix)
{
	int	n = snprintf(buf, PATH_SIZE, "%s/%s%s", base, name, suffix);

	if (n < 0 || n >= PATH_SIZE) {
		fprintf(stderr, "cordboard-keeper: %s: path too long\n", base);
		exit(1);
	}
	return buf;
}

static void
below(struct place *p, const char *dir)
{
	place_path(p->dir, dir, "", "");
	p->dir[strlen(p->dir) - 1] = '\0';
	place_path(p->run, p->dir, "run", "");
	place_path(p->state, p->dir, "state", "");
	place_path(p->log, p->dir, "log", "");
}

static bool
find_dir(struct place *p, const char *dir)
{
	char	*real;

	if (dir == NULL)
		dir = getenv("CORDBOARD_DIR");
	if (dir == NULL || dir[0] == '\0') {
		strcpy(p->run, "/run/cordboard");
		strcpy(p->state, "/var/lib/cordboard");
		strcpy(p->log, "/var/log/cordboard");
		return true;
	}
	real = realpath(dir, NULL);
	if (real == NULL) {
		fprintf(stderr, "cordboard-keeper: %s: %s\n", dir,
		    strerror(errno));
		return false;
	}
	below(p, real);
	free(real);
	return true;
}

static bool
find_bin(struct place *p, const char *bin)
{
	ssize_t	n;
	char	*slash;

	if (bin != NULL) {
		if (realpath(bin, p->bin) != NULL)
			return true;
		fprintf(stderr, "cordboard-keeper: %s: %s\n", bin,
		    strerror(errno));
		return false;
	}
	n = readlink("/proc/self/exe", p->bin, sizeof(p->bin) - 1);
	if (n <= 0) {
		fprintf(stderr, "cordboard-keeper: where am I? Use -b\n");
		return false;
	}
	p->bin[n] = '\0';
	slash = strrchr(p->bin, '/');
	*slash = '\0';
	return true;
}

bool
place_find(struct place *p, const char *dir, const char *bin)
{
	memset(p, 0, sizeof(*p));
	if (!find_dir(p, dir) || !find_bin(p, bin))
		return false;
	if (strlen(p->run) + sizeof("/monitor/NAMENAMENAME") >
	    sizeof(((struct sockaddr_un *)0)->sun_path)) {
		fprintf(stderr, "cordboard-keeper: %s: too long a name for "
		    "sockets in it\n", p->run);
		return false;
	}
	return true;
}

/* The daemons make what lies below, each its own, with the right owner. */
bool
place_make(const struct place *p)
{
	const char *const	dirs[] = { p->run, p->state, p->log };
	gid_t			gid = users_gid("sip", CORDBOARD_GID);

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if ((mkdir(dirs[i], 0755) == -1 && errno != EEXIST) ||
		    (geteuid() == 0 && chown(dirs[i], 0, gid) == -1)) {
			fprintf(stderr, "cordboard-keeper: %s: %s\n", dirs[i],
			    strerror(errno));
			return false;
		}
		if (access(dirs[i], W_OK) == -1) {
			fprintf(stderr, "cordboard-keeper: %s: %s\n", dirs[i],
			    strerror(errno));
			return false;
		}
	}
	return true;
}
