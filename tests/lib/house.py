"""A house of its own for a story: directory, address, daemons, accounts.

It is driven through sipctl alone, as an administrator would. What it leaves is
looked at when it ends: no sanitizer line, no core, no process.
"""
import contextlib
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile

from .wait import eventually

DAEMONS = ("sipd", "regd", "routed", "mediad", "gwregd")
BIN = pathlib.Path(os.environ.get("BIN", "build/bin")).absolute()
SANITIZER = ("AddressSanitizer", "LeakSanitizer", "runtime error:", "UndefinedBehaviorSanitizer",
             "ThreadSanitizer")

STATS = pathlib.Path(__file__).resolve().parents[2] / "common/stats.def"

_numbers = itertools.count(1)


def free_address():
    """A loopback address that no other house uses: 127.x.y is the process's (those that run
    side by side have numbers close to each other), the last octet counts."""
    for _ in range(250):
        n = next(_numbers)
        ip = f"127.{18 + os.getpid() // 240 % 40}.{os.getpid() % 240 + 1}.{n % 250 + 1}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            try:
                s.bind((ip, 5060))
                return ip
            except OSError:
                continue
    raise RuntimeError("no loopback address is free")


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
            s.bind(("::1", 0))
            return True
    except OSError:
        return False


def free_ports(count=32, ip="127.0.0.1"):
    """The first of count ports in a row that nobody uses there. Phones that do
    not bind their media to an address live on 127.0.0.1: it is what the kernel
    then takes, whatever loopback address they speak to."""
    while True:
        first = random.randrange(21000, 29000, count)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                for port in range(first, first + count):
                    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
                    stack.enter_context(socket.socket(family, kind)).bind((ip, port))
            return first


class Failed(AssertionError):
    def __init__(self, args, result):
        super().__init__(f"{' '.join(map(str, args))}: exit {result.returncode}\n"
                         f"{result.stdout}{result.stderr}")
        self.code, self.out, self.err = result.returncode, result.stdout, result.stderr


class House:
    def __init__(self, domain="house.test", port=5060, media_ports=(20000, 20198), settings=None,
                 transports=("udp", "tcp"), listen=(), directory=None):
        """listen: more sockets, "{ip}" standing for the house's address."""
        self.domain, self.port, self.transports = domain, port, transports
        self.tls_port = port + 1
        self.ip = free_address()
        self.listen = [where.format(ip=self.ip) for where in listen]
        self.phone_ip = self.ip         # phones live on other ports of it
        self.media_ports = media_ports
        # Short timers: 64*T1, for which transactions linger, is 3.2 s instead of 32. And a 100
        # at once, so that the same messages come however busy the machine is.
        self.settings = {"processors": "2", "log-level": "low-level", "timer-t1": "50ms",
                         "timer-t2": "500ms", "timer-t4": "500ms", "trying-delay": "0s",
                         "recorder-size": "2m"} | (settings or {})
        self.dir = pathlib.Path(directory or tempfile.mkdtemp(prefix="cb-", dir="/tmp"))
        self.dir.chmod(0o755)           # the daemons have users of their own
        self.etc, self.state = self.dir / "etc", self.dir / "state"
        self.run_dir, self.log = self.dir / "run", self.dir / "log"
        self.passwords = {}
        self.up_process = None
        self.environment = {}

    # ---- sipctl ----

    def sipctl(self, *args, input=None, check=True, timeout=60):
        """CompletedProcess; raises Failed unless it exits 0 (or check is False, or
        the exit code that check names)."""
        command = [BIN / "sipctl", "-C", self.dir, *args]
        r = subprocess.run(command, input=input, text=True, capture_output=True, timeout=timeout,
                           cwd=self.dir if self.dir.exists() else None, env=os.environ | self.environment)
        if check is not False and r.returncode != (0 if check is True else check):
            raise Failed(command, r)
        for word in SANITIZER:
            assert word not in r.stderr, r.stderr
        return r

    def json(self, *args, check=True):
        return json.loads(self.sipctl(*args, "-o", "json", check=check).stdout)

    def init(self):
        args = ["init", self.domain]
        ports = {"tls": self.tls_port}
        for where in [f"{t}:{self.ip}:{ports.get(t, self.port)}" for t in self.transports] + self.listen:
            args += ["--listen", where]
        args += ["--media", f"{self.ip}:{self.media_ports[0]}-{self.media_ports[1]}"]
        for name, value in self.settings.items():
            args += ["--set", f"{name}={value}"]
        self.sipctl(*args)
        return self

    def up(self):
        self.sipctl("up", "--detach", "--wait")
        return self

    def down(self):
        self.sipctl("down")

    def start(self):
        return self.init().up()

    def set(self, name, value):
        """Changes a setting that needs no restart."""
        self.sipctl("config", "set", name, value)
        self.sipctl("config", "apply")

    # ---- accounts ----

    def add_user(self, user, password=None):
        password = password or f"pass-{user}"
        self.sipctl("user", "add", f"{user}@{self.domain}", "--password-file", "-", input=password + "\n")
        self.passwords[user] = password
        return password

    def add_users(self, *users):
        for u in users:
            self.add_user(u)

    def import_users(self, names):
        rows = ["user,domain,password"]
        for n in names:
            self.passwords[n] = f"pass-{n}"
            rows.append(f"{n},{self.domain},pass-{n}")
        self.sipctl("user", "import", "-", input="\n".join(rows) + "\n")

    # ---- looking ----

    def status(self):
        r = self.sipctl("status", "-o", "json", check=False)
        if r.returncode not in (0, 1):
            raise Failed(["status"], r)
        return json.loads(r.stdout)

    def daemon(self, name):
        return next(d for d in self.status()["daemons"] if d["name"] == name)

    def figure(self, daemon, name):
        """A counter or gauge; those that are zero may be left out."""
        figures = self.daemon(daemon)["figures"]
        assert name in figures or re.search(rf"\b{name},", STATS.read_text()), name
        return figures.get(name, 0)

    def pid(self, name):
        """Of a daemon or "keeper", by its pid file; None when there is none."""
        try:
            return int((self.run_dir / f"{name}.pid").read_text().split()[0])
        except (FileNotFoundError, IndexError, ValueError):
            return None

    def pids(self):
        return {n: self.pid(n) for n in DAEMONS}

    def contacts(self, user):
        """Contact URIs of a user, sorted."""
        r = self.sipctl("reg", "show", f"{user}@{self.domain}", "-o", "json", check=False)
        if r.returncode == 1 and not r.stdout.strip():
            return []
        if r.returncode not in (0, 1):
            raise Failed(["reg", "show"], r)
        return sorted(row["contact"] for row in json.loads(r.stdout))

    def ok(self):
        return self.status()["ok"]

    def idle(self, timeout=15):
        """No transaction, call, session or port is left."""
        def look():
            status = self.status()
            figures = {d["name"]: d["figures"] for d in status["daemons"]}
            left = {k: figures[d][k] for d, k in (
                ("sipd", "txn_server"), ("sipd", "txn_client"), ("sipd", "calls"),
                ("mediad", "media_sessions"), ("mediad", "media_ports")) if figures[d].get(k)}
            assert not left, f"left: {left}"
            return True
        eventually(look, timeout, 0.2, "idle house")
        assert self.json("calls") == []
        assert self.json("media") == []

    # ---- hurting ----

    def kill(self, *names, sig=signal.SIGKILL):
        for pid in [self.pid(n) for n in names]:
            os.kill(pid, sig)

    @contextlib.contextmanager
    def frozen(self, name):
        """The daemon stands still meanwhile."""
        self.kill(name, sig=signal.SIGSTOP)
        try:
            yield
        finally:
            self.kill(name, sig=signal.SIGCONT)

    def back(self, before, names, timeout=20, states=("ok",)):
        """Waits until each of names runs as another process than before and is ready; "warn" is, too, where
        the story has given reason to."""
        def look():
            now = {d["name"]: d for d in self.status()["daemons"]}
            for n in names:
                assert now[n]["pid"] not in (None, 0, before[n]), f"{n} is not back"
                assert now[n]["state"] in states, f"{n}: {now[n]}"
            return True
        eventually(look, timeout, 0.02, f"{names} back")

    # ---- the end ----

    def logs(self):
        """Everything it wrote, for a failed story."""
        out = []
        if self.log.is_dir():
            for f in sorted(self.log.iterdir()):
                if f.is_file():
                    text = f.read_text(errors="replace")
                    out.append(f"==== {f.name}\n" + text[-6000:])
        return "\n".join(out)

    def complaints(self):
        """Sanitizer reports and cores."""
        found = []
        for f in self.dir.rglob("*"):
            if f.is_file() and (f.suffix in (".stderr", ".log") or f.name.startswith("asan")):
                text = f.read_text(errors="replace")
                found += [f"{f.name}: {w}\n{text[-4000:]}" for w in SANITIZER if w in text]
            if f.is_file() and (f.name == "core" or f.name.startswith("core.")):
                found.append(f"core: {f}")
        return found

    def close(self, keep=False):
        """Ends it and looks at what is left. Returns complaints."""
        found = []
        pids = [p for p in [self.pid("keeper"), *self.pids().values()] if p]
        for pid in pids:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
        try:
            if (self.etc / "sip.conf").exists():
                self.down()
                eventually(lambda: not any(alive(p) for p in pids), 10, what="no process left")
        except (AssertionError, subprocess.TimeoutExpired) as e:
            found.append(f"down: {e}")
            for pid in pids:
                if alive(pid):
                    os.kill(pid, signal.SIGKILL)
        found += self.complaints()
        if not keep and not found:
            shutil.rmtree(self.dir, ignore_errors=True)
        return found


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
