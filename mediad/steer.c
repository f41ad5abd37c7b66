/*
 * steer - which socket a packet is for, told to the kernel by a program of ours.
 *
 * relay_steered.c has one for each relay address. The program is some thirty
 * instructions, written out here so that no compiler for it and no library is needed:
 *
 *	if (protocol == UDP && local address == ours && ports[local port])
 *		sk_assign(sockets[0]);
 *	return PASS;
 *
 * PASS without an assignment is the lookup as it always was, and so is an
 * assignment that fails.
 */
#include "mediad/steer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/fdstore.h"

#define PORTS		65536
#define PROGRAM_MAX	40
#define TO_PASS		INT16_MAX	/* a jump's target until it is known */
#define BUFFER		(4 << 20)	/* what waits while the process is dead */

static int
bpf(enum bpf_cmd cmd, union bpf_attr *a)
{
	long	r = syscall(SYS_bpf, cmd, a, sizeof(*a));

	return r < 0 ? -errno : (int)r;
}

/* ---- the program ---- */

struct program {
	struct bpf_insn	v[PROGRAM_MAX];
	unsigned	n;
};

static void
op(struct program *p, uint8_t code, uint8_t dst, uint8_t src, int16_t off,
    int32_t imm)
{
	p->v[p->n++] = (struct bpf_insn){ code, dst & 15, src & 15, off, imm };
}

static void
op_load_fd(struct program *p, uint8_t dst, uint8_t kind, int fd)
{
	op(p, BPF_LD | BPF_DW | BPF_IMM, dst, kind, 0, fd);
	op(p, 0, 0, 0, 0, 0);
}

/* The context's word at off must be want, or nothing is done. */
static void
op_expect(struct program *p, size_t off, uint32_t want)
{
	op(p, BPF_LDX | BPF_W | BPF_MEM, 2, 6, (int16_t)off, 0);
	op(p, BPF_JMP32 | BPF_JNE | BPF_K, 2, 0, TO_PASS, (int32_t)want);
}

static void
op_expect_addr(struct program *p, const struct addr *a)
{
	uint32_t	word[4];

	op_expect(p, offsetof(struct bpf_sk_lookup, family), a->sa.sa_family);
	if (a->sa.sa_family == AF_INET) {
		op_expect(p, offsetof(struct bpf_sk_lookup, local_ip4),
		    a->in.sin_addr.s_addr);
		return;
	}
	memcpy(word, &a->in6.sin6_addr, sizeof(word));
	for (int i = 0; i < 4; i++)
		op_expect(p, offsetof(struct bpf_sk_lookup, local_ip6) + 4 * i,
		    word[i]);
}

static void
program_write(struct program *p, const struct addr *a, int ports, int sockets)
{
	op(p, BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0);		/* r6 = context */
	op_expect(p, offsetof(struct bpf_sk_lookup, protocol), IPPROTO_UDP);
	op_expect_addr(p, a);
	/* if (ports[local_port] == 0) goto pass */
	op(p, BPF_LDX | BPF_W | BPF_MEM, 2, 6,
	    offsetof(struct bpf_sk_lookup, local_port), 0);
	op(p, BPF_ALU64 | BPF_AND | BPF_K, 2, 0, 0, PORTS - 1);
	op_load_fd(p, 1, BPF_PSEUDO_MAP_VALUE, ports);
	op(p, BPF_ALU64 | BPF_ADD | BPF_X, 1, 2, 0, 0);
	op(p, BPF_LDX | BPF_B | BPF_MEM, 3, 1, 0, 0);
	op(p, BPF_JMP | BPF_JEQ | BPF_K, 3, 0, TO_PASS, 0);
	/* r7 = sockets[0] */
	op(p, BPF_ST | BPF_W | BPF_MEM, 10, 0, -4, 0);
	op(p, BPF_ALU64 | BPF_MOV | BPF_X, 2, 10, 0, 0);
	op(p, BPF_ALU64 | BPF_ADD | BPF_K, 2, 0, 0, -4);
	op_load_fd(p, 1, BPF_PSEUDO_MAP_FD, sockets);
	op(p, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_map_lookup_elem);
	op(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, TO_PASS, 0);
	op(p, BPF_ALU64 | BPF_MOV | BPF_X, 7, 0, 0, 0);
	/* sk_assign(context, r7, 0) */
	op(p, BPF_ALU64 | BPF_MOV | BPF_X, 1, 6, 0, 0);
	op(p, BPF_ALU64 | BPF_MOV | BPF_X, 2, 7, 0, 0);
	op(p, BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, 0);
	op(p, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_sk_assign);
	op(p, BPF_ALU64 | BPF_MOV | BPF_X, 1, 7, 0, 0);
	op(p, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_sk_release);
	/* pass: */
	for (unsigned i = 0; i < p->n; i++)
		if (p->v[i].off == TO_PASS)
			p->v[i].off = (int16_t)(p->n - i - 1);
	op(p, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, SK_PASS);
	op(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int
program_load(const struct addr *a, int ports, int sockets)
{
	struct program	p = { .n = 0 };
	union bpf_attr	attr;

	program_write(&p, a, ports, sockets);
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_SK_LOOKUP;
	attr.expected_attach_type = BPF_SK_LOOKUP;
	attr.insns = (uintptr_t)p.v;
	attr.insn_cnt = p.n;
	attr.license = (uintptr_t)"BSD";
	memcpy(attr.prog_name, "cordboard_rtp", sizeof("cordboard_rtp"));
	return bpf(BPF_PROG_LOAD, &attr);
}

/* For this network namespace, as long as the link is open somewhere. */
static int
program_attach(int program)
{
	union bpf_attr	attr;
	int		netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), link;

	if (netns < 0)
		return -errno;
	memset(&attr, 0, sizeof(attr));
	attr.link_create.prog_fd = (uint32_t)program;
	attr.link_create.target_fd = (uint32_t)netns;
	attr.link_create.attach_type = BPF_SK_LOOKUP;
	link = bpf(BPF_LINK_CREATE, &attr);
	close(netns);
	return link;
}

/* ---- its memory ---- */

static int
table_new(enum bpf_map_type type, uint32_t value_size, uint32_t flags)
{
	union bpf_attr	attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = sizeof(uint32_t);
	attr.value_size = value_size;
	attr.max_entries = 1;
	attr.map_flags = flags;
	return bpf(BPF_MAP_CREATE, &attr);
}

/* A map of sockets with this one in it. */
static int
sockets_new(int sock)
{
	union bpf_attr	attr;
	uint32_t	zero = 0, value = (uint32_t)sock;
	int		map = table_new(BPF_MAP_TYPE_SOCKMAP, sizeof(value), 0), error;

	if (map < 0)
		return map;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map;
	attr.key = (uintptr_t)&zero;
	attr.value = (uintptr_t)&value;
	error = bpf(BPF_MAP_UPDATE_ELEM, &attr);
	if (error == 0)
		return map;
	close(map);
	return error;
}

static int
socket_new(const struct addr *a)
{
	int	fd = socket(a->sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0), error, size = BUFFER;

	if (fd < 0)
		return -errno;
	if (bind(fd, &a->sa, a->len) < 0) {
		error = errno;
		close(fd);
		return -error;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

/* ---- all of it ---- */

/* The three of a slot in the store, each under a name of its own. */
static const char *const kinds[] = { "vs", "vm", "vl" };

static const char *
slot_name(char buf[8], unsigned kind, unsigned slot)
{
	snprintf(buf, 8, "%s%u", kinds[kind], slot % 10);
	return buf;
}

static void
fds_close(const int fd[3])
{
	for (int i = 0; i < 3; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}

void
steer_forget(unsigned slot)
{
	char	name[8];
	int	fd[3];

	for (unsigned i = 0; i < 3; i++) {
		fd[i] = fdstore_take(slot_name(name, i, slot));
		if (fd[i] >= 0)
			fdstore_remove(name);
	}
	fds_close(fd);
}

/* What the store has, when it is all there and for this address. */
static bool
fds_adopt(int fd[3], const struct addr *addr, unsigned slot)
{
	char		name[8];
	struct addr	a = { .len = sizeof(a.in6) };
	bool		fine;

	for (unsigned i = 0; i < 3; i++)
		fd[i] = fdstore_take(slot_name(name, i, slot));
	fine = fd[0] >= 0 && fd[1] >= 0 && fd[2] >= 0 &&
	    getsockname(fd[0], &a.sa, &a.len) == 0 && addr_eq_host(&a, addr);
	for (unsigned i = 0; !fine && i < 3; i++) {
		if (fd[i] < 0)
			continue;
		fdstore_remove(slot_name(name, i, slot));
		close(fd[i]);
	}
	return fine;
}

static int
fds_new(int fd[3], const struct addr *addr, unsigned slot)
{
	char	name[8];
	int	sockets = -1, program = -1, error;

	fd[1] = fd[2] = -1;
	if ((error = fd[0] = socket_new(addr)) < 0 ||
	    (error = fd[1] = table_new(BPF_MAP_TYPE_ARRAY, PORTS, BPF_F_MMAPABLE)) < 0 ||
	    (error = sockets = sockets_new(fd[0])) < 0 ||
	    (error = program = program_load(addr, fd[1], sockets)) < 0 ||
	    (error = fd[2] = program_attach(program)) < 0)
		fds_close(fd);
	if (sockets >= 0)
		close(sockets);		/* the program has them */
	if (program >= 0)
		close(program);
	for (unsigned i = 0; error >= 0 && i < 3; i++)
		fdstore_put(slot_name(name, i, slot), &fd[i], 1);
	return error < 0 ? error : 0;
}

int
steer_open(struct steer *s, const struct addr *addr, unsigned slot, bool *adopted)
{
	struct addr	 host = *addr;
	void		*ports;
	int		 fd[3], error, on = 1;
	bool		 v6 = addr->sa.sa_family == AF_INET6;

	if (addr_is_wildcard(addr) || (v6 && addr_is_linklocal(addr)))
		return -EAFNOSUPPORT;
	addr_set_port(&host, 0);
	*adopted = fds_adopt(fd, &host, slot);
	if (!*adopted && (error = fds_new(fd, &host, slot)) < 0)
		return error;
	ports = mmap(NULL, PORTS, PROT_READ | PROT_WRITE, MAP_SHARED, fd[1], 0);
	if (ports == MAP_FAILED || setsockopt(fd[0], v6 ? IPPROTO_IPV6 : IPPROTO_IP,
	    v6 ? IPV6_RECVORIGDSTADDR : IP_RECVORIGDSTADDR, &on, sizeof(on)) < 0) {
		error = errno;
		fds_close(fd);
		return -error;
	}
	*s = (struct steer){
		.addr = host, .sock = fd[0], .map = fd[1], .link = fd[2],
		.ports = ports,
	};
	return 0;
}

void
steer_close(struct steer *s)
{
	if (s->ports == NULL)
		return;
	munmap(s->ports, PORTS);
	fds_close((const int []){ s->sock, s->map, s->link });
	s->ports = NULL;
}
