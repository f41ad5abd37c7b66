/*
 * messages, FIELD_SINCE: the same code over a list of our own, in which a message
 * and a record have grown. Older peers' messages get the defaults.
 */
#define MESSAGES_DEF	"common/messages_since_test.def"
#define msg_pack	since_pack	/* beside those of messages.o */
#define msg_unpack	since_unpack
#define msg_unpack_inner	since_unpack_inner
#define msg_peek_type	since_peek_type
#define msg_peek_id	since_peek_id
#define msg_is_question	since_is_question
#define msg_name	since_name
#define msg_print	since_print
#include "common/messages.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int
basket(union msg *m, unsigned fields, unsigned fruit_fields)
{
	static struct buf	b;	/* m points into it */
	struct unpack		u;

	buf_clear(&b);
	pack_array(&b, 1 + fields);
	pack_u64(&b, MSG_BASKET);
	pack_u64(&b, 5);
	if (fields > 1) {
		pack_array(&b, 2);
		for (int i = 0; i < 2; i++) {
			pack_array(&b, fruit_fields);
			if (fruit_fields > 0)
				pack_str(&b, STR("pear"));
			if (fruit_fields > 1)
				pack_u64(&b, 3);
		}
	}
	if (fields > 2)
		pack_str(&b, STR("green"));
	if (fields > 3)
		pack_bool(&b, false);
	unpack_init(&u, b.s, b.len);
	return msg_unpack(&u, m);
}

static void
test_since(void **state)
{
	union msg	m;

	assert_int_equal(basket(&m, 4, 2), MSG_BASKET);
	assert_int_equal(m.basket.fruits.v[1].weight, 3);
	assert_int_equal(m.basket.colour.len, 5);
	assert_false(m.basket.full);

	assert_int_equal(basket(&m, 3, 1), MSG_BASKET);
	assert_int_equal(m.basket.fruits.v[1].weight, 9);
	assert_int_equal(m.basket.colour.len, 5);
	assert_true(m.basket.full);

	assert_int_equal(basket(&m, 2, 1), MSG_BASKET);
	assert_true(str_eq(m.basket.colour, STR("brown")));

	assert_int_equal(basket(&m, 1, 1), -EBADMSG);	/* no list */
	assert_int_equal(basket(&m, 4, 0), -EBADMSG);	/* no name */
}

int
main(void)
{
	const struct CMUnitTest	tests[] = {
		cmocka_unit_test(test_since),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
