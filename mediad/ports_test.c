/* ports_test - pairs, blocks, taken ports, the order of use. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "mediad/ports.h"

#define HOST	"127.0.17.1"

static struct addr
host(uint16_t port)
{
	struct addr	a;

	assert_int_equal(addr_parse(&a, STR(HOST), port), 0);
	return a;
}

static uint16_t
port_of(int fd)
{
	struct addr	a = { .len = sizeof(a.in6) };

	assert_int_equal(getsockname(fd, &a.sa, &a.len), 0);
	return addr_port(&a);
}

/* Somebody else's socket. */
static int
squat(uint16_t port)
{
	struct addr	a = host(port);
	int		fd = socket(AF_INET, SOCK_DGRAM, 0);

	assert_int_equal(bind(fd, &a.sa, a.len), 0);
	return fd;
}

static void
test_pairs(void **state)
{
	struct addr	 a = host(0);
	struct ports	*p = ports_new(&a, &a, 21001, 21399);	/* 21002 .. 21399 */
	struct pair	*pair[4];

	assert_int_equal(ports_limit(p), 199);
	for (int i = 0; i < 4; i++) {
		pair[i] = ports_take(p);
		assert_non_null(pair[i]);
		assert_int_equal(pair[i]->port % 2, 0);
		assert_in_range(pair[i]->port, 21002, 21398);
		assert_int_equal(port_of(pair[i]->fd[0]), pair[i]->port);
		assert_int_equal(port_of(pair[i]->fd[1]), pair[i]->port + 1);
		a = host(pair[i]->port);
		assert_true(ports_own(p, &a));
	}
	assert_int_equal(ports_bound(p), PORTS_BLOCK);
	assert_int_equal(ports_used(p), 4);
	a = host(21000);
	assert_false(ports_own(p, &a));
	/* what is given back rests behind the others */
	ports_give(p, pair[0]);
	for (int i = 0; i < PORTS_BLOCK - 4; i++)
		assert_ptr_not_equal(ports_take(p), pair[0]);
	assert_ptr_equal(ports_take(p), pair[0]);
	assert_int_equal(ports_bound(p), PORTS_BLOCK);
	ports_free(p);
}

static void
test_taken(void **state)
{
	struct addr	 a = host(0);
	int		 odd = squat(21403), even = squat(21406);
	struct ports	*p = ports_new(&a, &a, 21400, 21409);
	unsigned	 n = 0;

	for (struct pair *pair; (pair = ports_take(p)) != NULL; n++) {
		assert_int_not_equal(pair->port, 21402);
		assert_int_not_equal(pair->port, 21406);
	}
	assert_int_equal(n, 3);
	assert_int_equal(ports_prepare(p), -EADDRINUSE);
	ports_free(p);
	close(odd);
	close(even);
}

static void
test_exhausted(void **state)
{
	struct addr	 a = host(0);
	struct ports	*p = ports_new(&a, &a, 21410, 21413);
	struct pair	*x = ports_take(p), *y = ports_take(p);

	assert_non_null(x);
	assert_non_null(y);
	assert_null(ports_take(p));
	ports_give(p, x);
	assert_ptr_equal(ports_take(p), x);
	ports_free(p);
}

/* An address that is not ours shows at once. */
static void
test_bad_address(void **state)
{
	struct addr	 a;
	struct ports	*p;

	assert_int_equal(addr_parse(&a, STR("192.0.2.99"), 0), 0);
	p = ports_new(&a, &a, 21420, 21499);
	assert_int_equal(ports_prepare(p), -EADDRNOTAVAIL);
	assert_null(ports_take(p));
	ports_free(p);
}

/* A restored session's port may lie outside of today's range. */
static void
test_exact(void **state)
{
	struct addr	 a = host(0);
	struct ports	*p = ports_new(&a, &a, 21500, 21599);
	struct pair	*pair = ports_take_exact(p, 21700);

	assert_non_null(pair);
	assert_int_equal(port_of(pair->fd[1]), 21701);
	assert_null(ports_take_exact(p, 21700));
	assert_non_null(ports_take_exact(p, 21510));
	ports_restored(p);
	for (int i = 0; i < 49; i++) {
		struct pair	*other = ports_take(p);

		assert_non_null(other);
		assert_int_not_equal(other->port, 21510);
		assert_int_not_equal(other->port, 21700);
	}
	ports_give(p, pair);
	assert_null(ports_take(p));
	ports_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_exhausted),
		cmocka_unit_test(test_bad_address),
		cmocka_unit_test(test_exact),
	};

	unsetenv("NOTIFY_SOCKET");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
