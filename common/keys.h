#ifndef COMMON_KEYS_H
#define COMMON_KEYS_H

#include <stdint.h>

/*
 * Secret keys, kept in state/keys/NAME (0600), read while still privileged and
 * shared by the daemons that need the same one. A ring holds the present key
 * and the one before it: what was signed before a rotation still verifies.
 */
#define KEY_LEN		32

struct keyring {
	uint8_t	key[2][KEY_LEN];	/* [0] signs; both verify */
};

/*
 * Opens or creates (O_EXCL, then re-read: several daemons start at once)
 * dir/NAME. 0 or -errno.
 */
int	keys_load(struct keyring *k, const char *dir, const char *name);

#endif
