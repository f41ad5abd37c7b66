/*
 * bencode_fuzz - reads a value as mediad does with what comes to ng-listen, walks
 * all of it and writes it again. What was written reads as the same: writing it
 * once more must change nothing.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mediad/bencode.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX	65536

static char	once[2 * INPUT_MAX], twice[2 * INPUT_MAX];

/* Recursion is fine here: bencode_read() bounded the depth. */
static void
copy(struct text *t, const struct bencode *v)
{
	struct str	rest = v->text, key;
	struct bencode	e;

	switch (v->kind) {
	case BENCODE_STRING:
		bencode_string(t, v->text);
		break;
	case BENCODE_INTEGER:
		bencode_integer(t, v->number);
		break;
	case BENCODE_LIST:
		text_ch(t, 'l');
		while (bencode_element(&e, &rest))
			copy(t, &e);
		text_ch(t, 'e');
		break;
	case BENCODE_DICT:
		text_ch(t, 'd');
		while (bencode_entry(&key, &e, &rest)) {
			bencode_string(t, key);
			copy(t, &e);
		}
		text_ch(t, 'e');
		break;
	case BENCODE_NONE:
		abort();
	}
	if ((v->kind == BENCODE_LIST || v->kind == BENCODE_DICT) && rest.len > 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char		*exact = malloc(size > 0 ? size : 1);
	struct str	 rest;
	struct bencode	 v;
	struct text	 a, b;

	if (exact == NULL)
		abort();
	memcpy(exact, data, size);
	rest = str_make(exact, size);
	if (size <= INPUT_MAX && bencode_read(&v, &rest) == 0) {
		text_init(&a, once, sizeof(once));
		copy(&a, &v);
		rest = text_str(&a);
		if (a.full || bencode_read(&v, &rest) < 0 || rest.len > 0)
			abort();
		text_init(&b, twice, sizeof(twice));
		copy(&b, &v);
		if (!str_eq(text_str(&a), text_str(&b)))
			abort();
	}
	free(exact);
	return 0;
}
