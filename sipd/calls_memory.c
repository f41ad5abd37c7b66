/*
 * calls_memory - where the call table lies, and how a process finds it at its start.
 *
 * The memfd holds a head and records; it is as large as the largest table the
 * settings allow, but only what was ever used is in memory.
 */
#include "sipd/calls_own.h"

#include <sys/mman.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/fdstore.h"
#include "common/log.h"
#include "common/stats.h"

#define MAGIC		UINT64_C(0x636f72642d63616c)
#define LAYOUT		5
#define BUCKETS_MIN	1024

/* What another version wrote is of no use: begin with an empty table. */
static void
head_check(struct calls_head *h)
{
	if (h->magic == MAGIC && h->layout == LAYOUT &&
	    h->record_size == sizeof(struct call) &&
	    atomic_load(&h->high) <= CALLS_CAPACITY)
		return;
	if (h->magic != 0) {
		log_problem("SIGNAL", "the call table is of another version: "
		    "calls that began before this start are not listed");
		(void)madvise(call_table.table, call_table.size, MADV_REMOVE);
		memset(h, 0, sizeof(*h));
	}
	h->layout = LAYOUT;
	h->record_size = sizeof(struct call);
	h->magic = MAGIC;
}

static bool
sound(const struct call *k)
{
	const struct call_slot	*s = call_slot(k);

	return k->caller_tag_len <= CALL_TAG_MAX &&
	    k->came_by_len <= CALL_GATEWAY_MAX && k->route_len <= CALL_ROUTE_MAX &&
	    s->gateway_len <= CALL_GATEWAY_MAX &&
	    s->callee_tag_len <= CALL_TAG_MAX &&
	    (s->state == CALL_EARLY || s->state == CALL_ESTABLISHED);
}

/* Files every call under the worker that its Call-ID names now. */
static void
recover(void)
{
	uint32_t	high = atomic_load(&call_table.table->head.high);

	for (uint32_t i = high; i-- > 0;) {
		struct call	*k = &call_table.table->records[i];
		bool		 used = atomic_load(&k->word) & WORD_USED;

		if (used && sound(k)) {
			calls_file(&call_table.of[worker_owner(str_make(k->call_id,
			    k->call_id_len)) % call_table.workers], i);
			continue;
		}
		atomic_store(&k->word, atomic_load(&k->word) & ~WORD_USED);
		call_table.free[call_table.nfree++] = i;
	}
}

/* Zero, and in memory only where it is used. */
static void *
reserve(size_t size)
{
	void	*p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p != MAP_FAILED ? p : NULL;
}

int
calls_open(uint32_t max, unsigned workers)
{
	int	adopted;

	call_table.size = sizeof(struct calls_memory) + CALLS_CAPACITY * sizeof(struct call);
	call_table.max = max < CALLS_CAPACITY ? max : CALLS_CAPACITY;
	call_table.workers = workers;
	call_table.nodes = reserve(CALLS_CAPACITY * sizeof(*call_table.nodes));
	call_table.free = reserve(CALLS_CAPACITY * sizeof(*call_table.free));
	call_table.table = fdstore_memory("calls", call_table.size, &adopted);
	if (call_table.nodes == NULL || call_table.free == NULL || call_table.table == NULL) {
		int error = -errno;

		calls_close();
		return error;
	}
	for (unsigned i = 0; i < workers; i++) {
		call_table.of[i] = (struct calls){ .worker = i };
		calls_buckets(&call_table.of[i], BUCKETS_MIN);
	}
	head_check(&call_table.table->head);
	recover();
	if (adopted && calls_count() > 0)
		log_major("SIGNAL", "%u calls go on", calls_count());
	return 0;
}

void
calls_close(void)
{
	for (unsigned i = 0; i < call_table.workers; i++)
		free(call_table.of[i].buckets);
	memset(call_table.of, 0, sizeof(call_table.of));
	if (call_table.nodes != NULL)
		munmap(call_table.nodes, CALLS_CAPACITY * sizeof(*call_table.nodes));
	if (call_table.free != NULL)
		munmap(call_table.free, CALLS_CAPACITY * sizeof(*call_table.free));
	if (call_table.table != NULL)
		munmap(call_table.table, call_table.size);
	call_table.nodes = NULL;
	call_table.free = NULL;
	call_table.table = NULL;
	call_table.nfree = call_table.workers = 0;
	stats->calls -= atomic_load(&call_table.count);
	atomic_store(&call_table.count, 0);
}

uint32_t
calls_room(void)
{
	return CALLS_CAPACITY;
}

bool
calls_next(uint64_t *cursor, struct call_copy *out)
{
	uint32_t	high = atomic_load(&call_table.table->head.high);

	while (*cursor < high)
		if (call_copy(&call_table.table->records[(*cursor)++], out))
			return true;
	return false;
}
