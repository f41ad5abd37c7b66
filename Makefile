# Cordboard: one Makefile, no recursion, no configure. A new .c file needs no
# edit here. "make help" lists the targets, V=1 shows the commands.
#
# Only "run", "check", "check-long" and "fuzz" call make again: they install
# packages first, and the flags of those packages are asked for when make starts.

VERSION	:= 0.1.0
PROGRAMS := sipd regd routed mediad gwregd sipctl

PREFIX	?= /usr/local
BINDIR	?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec/cordboard
MANDIR	?= $(PREFIX)/share/man
LOGROTATEDIR ?= /etc/logrotate.d
BASHDIR	?= $(PREFIX)/share/bash-completion/completions
ZSHDIR	?= $(PREFIX)/share/zsh/site-functions
FISHDIR	?= $(PREFIX)/share/fish/vendor_completions.d
UNITDIR	?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
DESTDIR	?=

B	?= build
SAN	?=
T	?= 60
JOBS	?= $(shell nproc 2>/dev/null || echo 1)
CORPUS	?= ../shared/corpus
PYTHON	?= /usr/bin/python3
LISTEN	?= 127.0.0.1:5060
PKG_CONFIG ?= pkg-config

# ---- packages of Debian -------------------------------------------------------

DEPS	:= build-essential pkg-config libzmq3-dev libmsgpack-dev libssl-dev libc-ares-dev libbsd-dev \
	libuv1-dev libpcre2-dev libsqlite3-dev libsystemd-dev libseccomp-dev libjansson-dev libsmartcols-dev
DEPS_CHECK := libcmocka-dev python3 python3-pytest python3-pytest-xdist python3-msgpack python3-zmq bind9 \
	baresip-core linphone-cli sip-tester kamailio kamailio-tls-modules sqlite3 strace procps util-linux iproute2 systemd \
	mandoc openssl testssl.sh valgrind nftables tzdata tshark sngrep sipvicious twinkle-console python3-prometheus-client logrotate
DEPS_FUZZ := clang libclang-rt-14-dev llvm

# ---- flags --------------------------------------------------------------------

MSGPACK	:= $(shell $(PKG_CONFIG) --exists msgpack-c 2>/dev/null && echo msgpack-c || echo msgpack)
LIBS	:= libzmq $(MSGPACK) libssl libcrypto libcares libbsd-overlay libuv libpcre2-8 sqlite3 libsystemd libseccomp jansson smartcols
MISSING	:= $(shell $(PKG_CONFIG) --exists $(LIBS) 2>/dev/null || \
	for l in $(LIBS); do $(PKG_CONFIG) --exists $$l 2>/dev/null || echo $$l; done)

WARN	:= -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wwrite-strings -Wvla -Wno-missing-field-initializers -Wno-unused-parameter
# Across files a message costs some 4 % less; LTO= switches it off. With -O3 a call takes 14 % fewer instructions than with -O2.
LTO	?= -flto=auto
OPT	:= $(if $(SAN),-O1 -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer,-O3 -D_FORTIFY_SOURCE=2 $(LTO))
CFLAGS	?= -g
CFLAGS_	:= -std=gnu11 $(CFLAGS) $(OPT) $(WARN) -fstack-protector-strong -fno-strict-aliasing -pthread
CPPFLAGS_ := -I. -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -DLIBEXECDIR='"$(LIBEXECDIR)"' $(CPPFLAGS) \
	$(shell $(PKG_CONFIG) --cflags $(LIBS) 2>/dev/null)
LDFLAGS_ := $(if $(SAN),-fsanitize=$(SAN),-O3 $(LTO)) -pthread -Wl,--as-needed $(LDFLAGS)
LDLIBS_	:= $(shell $(PKG_CONFIG) --libs $(LIBS) 2>/dev/null) -lm
Q	:= $(if $(V),,@)
say	= $(if $(V),,@printf '  %-5s %s\n' $(1) $(2))
AGAIN	:= $(MAKE) --no-print-directory

.PHONY: all programs deps deps-check deps-fuzz run check check-build check-all check-long check-long-all units stories torture \
	fuzz fuzz-all fuzz-seeds install uninstall man clean lint help FORCE
.DELETE_ON_ERROR:

all: programs			## build everything into build/ (B=), the programs in build/bin

# What is compiled is remembered by its flags: another PREFIX, SAN or CFLAGS compiles again.
FLAGS	:= $(CC) $(CFLAGS_) $(CPPFLAGS_)
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@test -z '$(MISSING)' || { echo 'missing: $(MISSING); "make deps" installs the packages' >&2; exit 1; }
	@printf '%s\n' $(call shquote,$(FLAGS)) | cmp -s - $@ || printf '%s\n' $(call shquote,$(FLAGS)) >$@
shquote	= '$(subst ','\'',$(1))'

# ---- programs -----------------------------------------------------------------

sources	= $(filter-out %_test.c,$(wildcard $(1)/*.c))
objects	= $(patsubst %.c,$(B)/%.o,$(call sources,$(1)))
inner	= $(filter-out %/main.o,$(call objects,$(1)))
COMMON	:= $(B)/libcommon.a
BIN	:= $(addprefix $(B)/bin/,$(PROGRAMS)) $(B)/bin/cordboard-keeper

programs: $(BIN)

$(COMMON): $(call objects,common)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# sipctl tries a configuration as the router would: with its rooms (sipctl/router.c).
also	= $(if $(filter sipctl,$(1)),$(B)/librouted.a)

define program
$(B)/bin/$(1): $(call objects,$(1)) $(call also,$(1)) $(COMMON)
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

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_) $(CPPFLAGS_) -MMD -MP -c -o $@ $<

-include $(shell find $(B) -type f -name '*.d' 2>/dev/null)

# ---- units: every X_test.c is a cmocka program beside its source ---------------

ROOMS	:= common $(PROGRAMS) sipctl/keeper
tests	= $(patsubst %.c,$(B)/%,$(wildcard $(1)/*_test.c))
UNITS	:= $(foreach r,$(ROOMS),$(call tests,$(r)))

define room_tests
$(call tests,$(1)): $(B)/%_test: $(B)/%_test.o $(call inner,$(1)) $(call also,$(1)) $(COMMON)
	$(call say,LINK,$$@)
	$(Q)$(CC) $(LDFLAGS_) -o $$@ $$^ -lcmocka $(LDLIBS_)
units-$(subst /,-,$(1)): $(call tests,$(1))
	$(Q)tests/units.sh $$^
.PHONY: units-$(subst /,-,$(1))
endef
$(foreach r,$(ROOMS),$(eval $(call room_tests,$(r))))

units: $(UNITS)			## the unit tests (units-ROOM: those of one room)
	$(Q)tests/units.sh $(UNITS)

# ---- stories: pytest with real phones -------------------------------------------

STORIES	?= tests/stories
LOADERS	:= $(patsubst %.c,$(B)/%,$(wildcard tests/load/*.c))
PYTEST	= BIN=$(abspath $(B))/bin CORPUS=$(abspath $(CORPUS)) $(PYTHON) -m pytest -p no:cacheprovider $(PYTEST_ARGS)

$(LOADERS): %: %.o $(COMMON)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_) -o $@ $^ $(LDLIBS_)

stories: programs $(LOADERS)	## the stories, on what B= holds (STORIES=FILE::TEST for one)
	$(Q)$(PYTEST) -m 'not long' $(STORIES)

torture: programs		## a table: each message of the corpus, what it must bring and what it brought
	$(Q)$(PYTEST) -q -s tests/stories/test_05_torture.py::test_table

# ---- fuzzing ----------------------------------------------------------------------
# A harness names by its #include lines the rooms that it links.

FUZZ	:= $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ_MAIN ?= $(B)/tests/fuzz/standalone.o
FUZZ_SECONDS ?= 120
rooms_of = $(sort $(filter $(PROGRAMS),$(shell sed -n 's,^\#include "\([a-z]*\)/.*,\1,p' $(1))))

define room_archive
$(B)/lib$(1).a: $(call inner,$(1))
	$(call say,AR,$$@)
	$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
endef
$(foreach p,$(PROGRAMS),$(eval $(call room_archive,$(p))))

define fuzz_program
$(B)/fuzz/$(1): $(B)/tests/fuzz/$(1)_fuzz.o $(filter %.o,$(FUZZ_MAIN)) \
    $(foreach r,$(call rooms_of,tests/fuzz/$(1)_fuzz.c),$(B)/lib$(r).a $(call also,$(r))) $(COMMON)
	@mkdir -p $$(@D)
	$(call say,LINK,$$@)
	$(Q)$(CC) $(LDFLAGS_) $(filter -%,$(FUZZ_MAIN)) -o $$@ $$^ $(LDLIBS_)
endef
$(foreach f,$(FUZZ),$(eval $(call fuzz_program,$(f))))
FUZZERS	:= $(addprefix $(B)/fuzz/,$(FUZZ))

fuzz-seeds: $(FUZZERS)		## the fuzz harnesses once over their seeds and the corpus
	$(Q)CORPUS=$(CORPUS) tests/fuzz/seeds.sh $(FUZZ_SECONDS) $(FUZZERS)

fuzz: deps-fuzz			## every harness with libFuzzer for T seconds (FUZZ=NAME for one)
	$(Q)$(AGAIN) B=build-fuzz CC=clang SAN=fuzzer-no-link,address,undefined FUZZ_MAIN=-fsanitize=fuzzer fuzz-all

fuzz-all: $(FUZZERS)
	$(Q)CORPUS=$(CORPUS) tests/fuzz/fuzz.sh $(T) $(FUZZERS)

# ---- everything -------------------------------------------------------------------

check: deps-check		## units, stories and fuzz seeds under the address and undefined-behaviour sanitizers
	$(Q)$(AGAIN) -j$(JOBS) B=build-san SAN=address,undefined check-build
	$(Q)$(AGAIN) B=build-san SAN=address,undefined check-all

check-build: programs $(UNITS) $(LOADERS) $(FUZZERS)

check-all: check-build
	$(Q)B=$(abspath $(B)) CORPUS=$(abspath $(CORPUS)) PYTHON=$(PYTHON) UNITS='$(UNITS)' FUZZERS='$(FUZZERS)' tests/check.sh

check-long: deps-check		## the plain build under load and kills: prints figures beside their limits
	$(Q)$(AGAIN) -j$(JOBS) programs
	$(Q)$(AGAIN) check-long-all

check-long-all: programs $(LOADERS) $(B)/sipd/record_test
	$(Q)$(PYTEST) -m long -s $(STORIES)

lint: deps-check man		## manuals and shell scripts
	$(Q)tests/lint.sh $(PAGES)

# ---- two commands -------------------------------------------------------------------

deps:				## install the packages that the build needs
	$(Q)packaging/packages.sh $(DEPS)

deps-check: deps			## install the packages that the tests need
	$(Q)packaging/packages.sh $(DEPS_CHECK)

deps-fuzz: deps			## install the packages that fuzzing needs
	$(Q)packaging/packages.sh $(DEPS_FUZZ)

run: deps			## build, and run a demonstration house in ./var (LISTEN=ADDRESS:PORT)
	$(Q)$(AGAIN) -j$(JOBS) programs
	$(Q)BIN=$(B)/bin LISTEN=$(LISTEN) packaging/demo.sh var

# ---- install ------------------------------------------------------------------------

PKGDATA	:= packaging/systemd
UNITFILES := $(notdir $(wildcard $(PKGDATA)/*.service $(PKGDATA)/*.target $(PKGDATA)/*.socket))
SYSUSERS := $(notdir $(wildcard $(PKGDATA)/*sysusers*.conf))
TMPFILES := $(notdir $(wildcard $(PKGDATA)/*tmpfiles*.conf))
MANUALS	:= $(wildcard $(addsuffix /*.[1578],$(ROOMS)))
PAGES	:= $(addprefix $(B)/man/,$(notdir $(MANUALS)))
LIBEXEC	:= $(filter-out sipctl,$(PROGRAMS)) cordboard-keeper
FILL	= sed -e 's,@LIBEXECDIR@,$(LIBEXECDIR),g' -e 's,@BINDIR@,$(BINDIR),g'

# Made anew each time: they are as new as the tables in sipctl.
man: programs			## the manuals, with their parts from tables, in $(B)/man
	$(Q)mkdir -p $(B)/man
	$(Q)for m in $(MANUALS); do packaging/manual.sh $(B)/bin/sipctl $$m >$(B)/man/$${m##*/} || exit 1; done

install: programs man		## programs, units, manuals and completion (PREFIX=/usr/local DESTDIR=)
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(UNITDIR) \
	    $(DESTDIR)$(SYSUSERSDIR) $(DESTDIR)$(TMPFILESDIR)
	install -m 755 $(B)/bin/sipctl $(DESTDIR)$(BINDIR)/sipctl
	install -m 755 $(addprefix $(B)/bin/,$(LIBEXEC)) $(DESTDIR)$(LIBEXECDIR)
	for f in $(UNITFILES); do \
	    $(FILL) $(PKGDATA)/$$f >$(DESTDIR)$(UNITDIR)/$$f && chmod 644 $(DESTDIR)$(UNITDIR)/$$f || exit 1; \
	done
	for f in $(SYSUSERS); do install -m 644 $(PKGDATA)/$$f $(DESTDIR)$(SYSUSERSDIR)/cordboard.conf || exit 1; done
	for f in $(TMPFILES); do install -m 644 $(PKGDATA)/$$f $(DESTDIR)$(TMPFILESDIR)/cordboard.conf || exit 1; done
	for m in $(PAGES); do s=$(DESTDIR)$(MANDIR)/man$${m##*.}; install -d $$s && install -m 644 $$m $$s || exit 1; done
	install -D -m 644 packaging/logrotate/cordboard $(DESTDIR)$(LOGROTATEDIR)/cordboard
	install -D -m 644 packaging/completion/sipctl.bash $(DESTDIR)$(BASHDIR)/sipctl
	install -D -m 644 packaging/completion/_sipctl $(DESTDIR)$(ZSHDIR)/_sipctl
	install -D -m 644 packaging/completion/sipctl.fish $(DESTDIR)$(FISHDIR)/sipctl.fish

uninstall:			## removes what install put there
	rm -f $(DESTDIR)$(BINDIR)/sipctl $(addprefix $(DESTDIR)$(LIBEXECDIR)/,$(LIBEXEC)) \
	    $(addprefix $(DESTDIR)$(UNITDIR)/,$(UNITFILES)) \
	    $(DESTDIR)$(SYSUSERSDIR)/cordboard.conf $(DESTDIR)$(TMPFILESDIR)/cordboard.conf
	for m in $(MANUALS); do rm -f $(DESTDIR)$(MANDIR)/man$${m##*.}/$${m##*/}; done
	rm -f $(DESTDIR)$(LOGROTATEDIR)/cordboard
	rm -f $(DESTDIR)$(BASHDIR)/sipctl $(DESTDIR)$(ZSHDIR)/_sipctl $(DESTDIR)$(FISHDIR)/sipctl.fish
	rmdir $(DESTDIR)$(LIBEXECDIR) 2>/dev/null || :

clean:				## removes the build directories; var/ stays
	rm -rf build build-san build-fuzz $(filter-out / . ..,$(B))

help:				## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1	\2/p' Makefile | sort | awk -F '\t' '{ printf "%-12s %s\n", $$1, $$2 }'
	@echo 'Variables: B SAN V PREFIX DESTDIR LISTEN T STORIES FUZZ CORPUS PYTHON'
