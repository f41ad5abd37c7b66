/*
 * kept - connections in the descriptor store.
 */
#include "sipd/kept.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fdstore.h"
#include "sipd/listeners.h"
#include "sipd/sockets.h"
#include "sipd/tally.h"
#include "sipd/tcp.h"

#define SLOTS_MAX	1000000
#define NAME_SIZE	16

struct found {
	int		fd;
	int		slot;
	struct hop	hop;
};

static struct {
	pthread_mutex_t	 lock;
	uint64_t	*used;		/* a bit a slot */
	int		 words;
	int		 hint;		/* no free slot in words before */
	struct found	*found;		/* read only once the workers run */
	size_t		 nfound;
} kept = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void
grow(int words)
{
	kept.used = xrealloc(kept.used, (size_t)words, sizeof(*kept.used));
	memset(kept.used + kept.words, 0,
	    (size_t)(words - kept.words) * sizeof(*kept.used));
	kept.words = words;
}

static void
mark(int slot)
{
	if (slot / 64 >= kept.words)
		grow((slot / 64 + 1) * 2);
	kept.used[slot / 64] |= UINT64_C(1) << (slot % 64);
}

/* The lowest free slot, so that the names stay short. */
static int
slot_take(void)
{
	int	slot = -1;

	pthread_mutex_lock(&kept.lock);
	while (kept.hint < kept.words && kept.used[kept.hint] == UINT64_MAX)
		kept.hint++;
	if (kept.hint == kept.words)
		grow(kept.words == 0 ? 16 : kept.words * 2);
	slot = kept.hint * 64 + __builtin_ctzll(~kept.used[kept.hint]);
	if (slot < SLOTS_MAX)
		mark(slot);
	else
		slot = -1;
	pthread_mutex_unlock(&kept.lock);
	return slot;
}

static void
slot_give(int slot)
{
	pthread_mutex_lock(&kept.lock);
	kept.used[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
	if (slot / 64 < kept.hint)
		kept.hint = slot / 64;
	pthread_mutex_unlock(&kept.lock);
}

int
kept_put(int fd)
{
	char	name[NAME_SIZE];
	int	slot = slot_take();

	if (slot < 0)
		return -1;
	snprintf(name, sizeof(name), "f%d", slot);
	if (fdstore_put(name, &fd, 1) < 0) {
		slot_give(slot);
		return -1;
	}
	return slot;
}

void
kept_drop(int slot)
{
	char	name[NAME_SIZE];

	snprintf(name, sizeof(name), "f%d", slot);
	fdstore_remove(name);
	slot_give(slot);
}

void
kept_open(void)
{
	struct hop	h = { .transport = TRANSPORT_TCP };
	char		name[NAME_SIZE], end;
	int		fd, slot;

	while ((fd = fdstore_take_prefix("f", name, sizeof(name))) >= 0) {
		if (sscanf(name, "f%d%c", &slot, &end) != 1 || slot < 0 ||
		    slot >= SLOTS_MAX || socket_remote(fd, &h.remote) < 0) {
			fdstore_remove(name);
			close(fd);
			continue;
		}
		mark(slot);
		kept.found = xrealloc(kept.found, kept.nfound + 1,
		    sizeof(*kept.found));
		kept.found[kept.nfound++] = (struct found){ fd, slot,
		    h };
	}
}

/* It counts for the listener that it came in by, unless that is gone. */
static void
take(struct worker *w, const struct found *f)
{
	struct arrival		 a = { .fd = f->fd, .slot = f->slot,
				    .from = f->hop, .listener = TALLY_OURS };
	struct hop		 h = f->hop;
	const struct listener	*l;

	if (socket_local(f->fd, &h.local) == 0 && (l = listener_for(&h)) != NULL &&
	    addr_port(&l->addr) == addr_port(&h.local))
		a.listener = l->number;
	(void)tally_add(a.listener, &h.remote, UINT32_MAX, UINT32_MAX);
	tcp_take(w, &a);
}

void
kept_adopt(struct worker *w)
{
	for (size_t i = 0; i < kept.nfound; i++) {
		struct found	*f = &kept.found[i];

		if (tcp_owner(&f->hop) != w->index)
			continue;
		take(w, f);
		f->fd = -1;
	}
}

void
kept_close(void)
{
	for (size_t i = 0; i < kept.nfound; i++)
		if (kept.found[i].fd >= 0)
			close(kept.found[i].fd);
	free(kept.found);
	free(kept.used);
	kept.found = NULL;
	kept.used = NULL;
	kept.nfound = 0;
	kept.words = kept.hint = 0;
}
