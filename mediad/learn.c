/*
 * learn - the source of a stream is learnt once.
 *
 * relay_sockets.c asks for every packet, exchange.c tells what was signalled.
 * Candidates are voted on as in Boyer and Moore's majority: a packet of the
 * candidate counts up, one of an equal rank down, so that a source that spoke once
 * does not keep out the one that goes on speaking.
 */
#include "mediad/learn.h"

void
learn_signal(struct learn *l, const struct addr *signalled,
    const struct addr *friend, struct mono now, int64_t window_ms)
{
	bool	same = l->state != LEARN_OPEN &&
		    addr_eq(&l->signalled, signalled) &&
		    addr_eq_host(&l->friend, friend);

	l->until = mono_add_ms(now, window_ms);
	if (!same) {
		*l = (struct learn){
			.signalled = *signalled,
			.friend = *friend,
			.until = l->until,
			.mute = l->mute,
		};
	} else if (l->state == LEARN_LOCKED && l->rank < LEARN_EXACT) {
		l->state = LEARN_CANDIDATE;
		l->steady = LEARN_STEADY;
		l->known = true;
	}
}

/* A private address, signalled from another host: a NAT is between. */
static bool
behind_nat(const struct learn *l)
{
	return l->friend.len != 0 && addr_is_private(&l->signalled) &&
	    !addr_eq_host(&l->signalled, &l->friend);
}

/* Of "nat-ranges"; the loop's thread alone. */
static const struct set_nets	*ranges;

void
learn_ranges(const struct set_nets *nat_ranges)
{
	ranges = nat_ranges;
}

/* The host of the signalling, or another address of its NAT (row 152). */
static bool
is_friend(const struct learn *l, const struct addr *from)
{
	return l->friend.len != 0 && (addr_eq_host(from, &l->friend) ||
	    (ranges != NULL && nets_same(ranges, from, &l->friend)));
}

static enum learn_rank
rank_of(const struct learn *l, const struct addr *from, struct mono now)
{
	if (l->signalled.len != 0 && addr_eq(from, &l->signalled))
		return LEARN_EXACT;
	if (l->signalled.len != 0 && addr_eq_host(from, &l->signalled))
		return LEARN_HOST;
	if (is_friend(l, from))
		return LEARN_FRIEND;
	if (behind_nat(l) && mono_before(now, l->until))
		return LEARN_STRANGER;
	return LEARN_NOBODY;
}

static bool
lock_now(const struct learn *l, struct mono now)
{
	bool	over = !mono_before(now, l->until);

	if (l->rank == LEARN_STRANGER)
		return over && l->steady >= LEARN_STEADY;
	return l->rank == LEARN_EXACT || over || l->steady >= LEARN_STEADY;
}

static enum learn_verdict
take(struct learn *l, const struct addr *from, enum learn_rank rank,
    struct mono now)
{
	l->source = *from;
	l->rank = rank;
	l->steady = 1;
	l->known = false;
	l->state = lock_now(l, now) ? LEARN_LOCKED : LEARN_CANDIDATE;
	return rank > LEARN_STRANGER ? LEARN_MOVED : LEARN_DROP;
}

/* The candidate spoke again. */
static enum learn_verdict
confirm(struct learn *l, struct mono now)
{
	if (l->rank == LEARN_STRANGER && !l->known && l->steady < LEARN_STEADY &&
	    !mono_before(now, l->until)) {
		l->state = LEARN_OPEN;	/* too late to become steady */
		return LEARN_DROP;
	}
	if (l->steady < LEARN_STEADY)
		l->steady++;
	/* Known ones are challenged until the window closes, then locked again. */
	if (l->known ? !mono_before(now, l->until) : lock_now(l, now)) {
		l->state = LEARN_LOCKED;
		l->known = false;
		return LEARN_MOVED;
	}
	return l->known || l->rank > LEARN_STRANGER ? LEARN_PASS : LEARN_DROP;
}

/* Another source of the same rank. */
static enum learn_verdict
challenge(struct learn *l, const struct addr *from, struct mono now)
{
	if (l->known && (!mono_before(now, l->until) ||
	    !addr_eq_host(from, &l->source)))
		return LEARN_DROP;
	if (l->steady > 0)
		l->steady--;
	if (l->steady > 0)
		return LEARN_DROP;
	return take(l, from, (enum learn_rank)l->rank, now);
}

enum learn_verdict
learn_other(struct learn *l, const struct addr *from, struct mono now)
{
	bool		open = mono_before(now, l->until);
	enum learn_rank	rank;

	if (l->state == LEARN_CANDIDATE && addr_eq(from, &l->source))
		return confirm(l, now);
	/* A stranger gives way to a better one at any time. */
	if (l->state == LEARN_LOCKED && !open && l->rank > LEARN_STRANGER)
		return LEARN_DROP;
	rank = rank_of(l, from, now);
	if (rank == LEARN_NOBODY)
		return LEARN_DROP;
	if (l->state == LEARN_OPEN || rank > l->rank)
		return take(l, from, rank, now);
	if (l->state == LEARN_LOCKED || rank < l->rank)
		return LEARN_DROP;
	return challenge(l, from, now);
}
