/* hour - what went well in the last hour. */
#include "sipd/hour.h"

void
hour_add(struct hour *h, bool good, int64_t now_s)
{
	uint32_t		 number = (uint32_t)(now_s / HOUR_PIECE_S);
	struct hour_piece	*p = &h->pieces[number % HOUR_PIECES];

	if (atomic_exchange(&p->number, number) != number) {
		atomic_store(&p->all, 0);
		atomic_store(&p->bad, 0);
	}
	atomic_fetch_add(&p->all, 1);
	if (!good)
		atomic_fetch_add(&p->bad, 1);
}

void
hour_sum(const struct hour *h, int64_t now_s, uint64_t *all, uint64_t *bad)
{
	uint32_t	number = (uint32_t)(now_s / HOUR_PIECE_S), is;

	*all = *bad = 0;
	for (unsigned i = 0; i < HOUR_PIECES; i++) {
		is = atomic_load(&h->pieces[i].number);
		if (is > number || number - is >= HOUR_PIECES)
			continue;
		*all += atomic_load(&h->pieces[i].all);
		*bad += atomic_load(&h->pieces[i].bad);
	}
}
