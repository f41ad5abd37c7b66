/*
 * shared - texts that many contacts have in common.
 *
 * set.c keeps numbers of texts in its blocks; the table is as large as what those
 * blocks name, so it needs no bound of its own.
 */
#include "regd/shared.h"

#include <assert.h>
#include <stdlib.h>

#include "regd/index.h"

struct shared {
	uint32_t	number;
	uint32_t	holders;
	uint16_t	len;
	char		s[];
};

static struct index *texts;

static struct str
key(const void *object)
{
	const struct shared *t = object;

	return str_make(t->s, t->len);
}

uint32_t
shared_hold(struct str text)
{
	struct shared *t;

	if (text.len == 0)
		return 0;
	if (texts == NULL)
		texts = index_new(key);
	if ((t = index_find(texts, text)) == NULL) {
		assert(text.len <= UINT16_MAX);
		t = xcalloc(1, sizeof(*t) + text.len);
		t->len = (uint16_t)text.len;
		memcpy(t->s, text.s, text.len);
		t->number = index_put(texts, t);
	}
	t->holders++;
	return t->number + 1;
}

static struct shared *
shared_of(uint32_t number)
{
	struct shared *t = index_at(texts, number - 1);

	assert(t != NULL);
	return t;
}

void
shared_hold_again(uint32_t number)
{
	if (number != 0)
		shared_of(number)->holders++;
}

void
shared_drop(uint32_t number)
{
	struct shared *t;

	if (number == 0)
		return;
	t = shared_of(number);
	if (--t->holders > 0)
		return;
	index_remove(texts, t->number);
	free(t);
	if (index_count(texts) == 0) {
		index_free(texts);
		texts = NULL;
	}
}

struct str
shared_text(uint32_t number)
{
	return number == 0 ? STR_NONE : key(shared_of(number));
}

size_t
shared_count(void)
{
	return texts == NULL ? 0 : index_count(texts);
}
