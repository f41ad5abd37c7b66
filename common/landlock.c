/*
 * landlock - the file system as a daemon sees it from inside its sandbox.
 */
#include "common/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Bits that bookworm's headers may not name yet, with the ABI that has them. */
#define FS_ALL_1	((1ull << 13) - 1)
#define FS_REFER	(1ull << 13)	/* ABI 2 */
#define FS_TRUNCATE	(1ull << 14)	/* ABI 3 */
#define FS_IOCTL	(1ull << 15)	/* ABI 5 */
#define NET_TCP		3ull		/* bind and connect, ABI 4 */

#define READ		(LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FILE_ONLY	(LANDLOCK_ACCESS_FS_EXECUTE | \
	LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | \
	FS_TRUNCATE | FS_IOCTL)

/* As the newest kernel has it: older ones take the front part by its size. */
struct ruleset {
	uint64_t	fs;
	uint64_t	net;
};

static uint64_t
fs_known(int abi)
{
	uint64_t	all = FS_ALL_1;

	if (abi >= 2)
		all |= FS_REFER;
	if (abi >= 3)
		all |= FS_TRUNCATE;
	if (abi >= 5)
		all |= FS_IOCTL;
	return all;
}

static int
allow(int ruleset, const struct landlock_path *p, uint64_t known)
{
	struct landlock_path_beneath_attr rule;
	struct stat	st;
	int		error = 0;

	rule.parent_fd = open(p->path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd == -1)
		return errno == ENOENT || errno == EACCES || errno == ENOTDIR ?
		    0 : -errno;
	rule.allowed_access = p->write ?
	    known & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE : READ;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= FILE_ONLY;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
	    &rule, 0) == -1)
		error = -errno;
	close(rule.parent_fd);
	return error;
}

int
landlock_enter(const struct landlock_path *paths, int tcp)
{
	struct ruleset	r = { 0 };
	int		abi, error = 0, fd;

	abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1)
		return 0;		/* the user and seccomp remain */
	r.fs = fs_known(abi);
	r.net = abi >= 4 && !tcp ? NET_TCP : 0;
	fd = (int)syscall(SYS_landlock_create_ruleset, &r,
	    abi >= 4 ? sizeof(r) : sizeof(r.fs), 0);
	if (fd == -1)
		return -errno;
	for (; paths->path != NULL && error == 0; paths++)
		error = allow(fd, paths, r.fs);
	if (error == 0 && syscall(SYS_landlock_restrict_self, fd, 0) == -1)
		error = -errno;
	close(fd);
	return error;
}
