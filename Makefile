# Cordboard: one Makefile, no recursion, no configure. A new .c file needs no
# edit here. "make help" lists the targets, V=1 shows the commands.

VERSION	:= 0.1.0
PROGRAMS := sipd regd routed mediad gwregd sipctl

PREFIX	?= /usr/local
SYSCONFDIR ?= /etc
LIBEXECDIR ?= $(PREFIX)/libexec/cordboard
MANDIR	?= $(PREFIX)/share/man
UNITDIR	?= $(PREFIX)/lib/systemd/system
DESTDIR	?=

B	?= build
SAN	?=
T	?= 60
PKG_CONFIG ?= pkg-config
MSGPACK	:= $(shell $(PKG_CONFIG) --exists msgpack-c 2>/dev/null && echo msgpack-c || echo msgpack)
LIBS	:= libzmq $(MSGPACK) libcrypto libcares libbsd-overlay libuv sqlite3 libsystemd libseccomp jansson smartcols

WARN	:= -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wwrite-strings -Wvla -Wno-missing-field-initializers -Wno-unused-parameter
OPT	:= $(if $(SAN),-O1 -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer,-O2 -D_FORTIFY_SOURCE=2)
CFLAGS	?= -g
CFLAGS_	:= -std=gnu11 $(CFLAGS) $(OPT) $(WARN) -fstack-protector-strong -fno-strict-aliasing -pthread
CPPFLAGS_ := -I. -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DLIBEXECDIR='"$(LIBEXECDIR)"' $(CPPFLAGS) \
	$(shell $(PKG_CONFIG) --cflags $(LIBS) 2>/dev/null)
LDFLAGS_ := $(if $(SAN),-fsanitize=$(SAN)) -pthread -Wl,--as-needed $(LDFLAGS)
LDLIBS_	:= $(shell $(PKG_CONFIG) --libs $(LIBS) 2>/dev/null) -lm
Q	:= $(if $(V),,@)
say	= $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))

.PHONY: all help deps deps-check run check check-long units stories fuzz fuzz-seeds install uninstall clean lint units-% bench
all: programs

# ---- programs -----------------------------------------------------------------

sources	= $(filter-out %_test.c,$(wildcard $(1)/*.c))
objects	= $(patsubst %.c,$(B)/%.o,$(call sources,$(1)))
COMMON	:= $(B)/libcommon.a
BIN	:= $(addprefix $(B)/bin/,$(PROGRAMS)) $(B)/bin/cordboard-keeper

.PHONY: programs
programs: $(BIN)

$(COMMON): $(call objects,common)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

define program
$(B)/bin/$(1): $(call objects,$(1)) $(COMMON)
	@mkdir -p $$(@D)
	$(call say,LINK,$$@)
	$(Q)$(CC) $(LDFLAGS_) -o $$@ $$^ $(LDLIBS_)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# The keeper parses nothing and links nothing but libc and libbsd.
$(B)/bin/cordboard-keeper: $(call objects,sipctl/keeper)
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_) -o $@ $^ -lbsd

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_) $(CPPFLAGS_) -MMD -MP -c -o $@ $<

-include $(shell find $(B) -name '*.d' 2>/dev/null)

# ---- units: every X_test.c is a cmocka program beside its source ---------------

ROOMS	:= common $(PROGRAMS) sipctl/keeper
tests	= $(patsubst %.c,$(B)/%,$(wildcard $(1)/*_test.c))

define room_tests
$(call tests,$(1)): $(B)/%_test: $(B)/%_test.o $(filter-out %/main.o,$(call objects,$(1))) $(COMMON)
	$(call say,LINK,$$@)
	$(Q)$(CC) $(LDFLAGS_) -o $$@ $$^ -lcmocka $(LDLIBS_)
units-$(subst /,-,$(1)): $(call tests,$(1))
	$(Q)for t in $$^; do echo "== $$$$t"; $$$$t >$$$$t.log 2>&1 || { cat $$$$t.log; exit 1; }; grep -h 'PASSED' $$$$t.log || :; done
endef
$(foreach r,$(ROOMS),$(eval $(call room_tests,$(r))))

units: $(addprefix units-,$(subst /,-,$(ROOMS)))
