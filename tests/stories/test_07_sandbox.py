"""S53: what a daemon that was broken into could still do."""
import os
import re

import pytest

from lib.house import BIN, DAEMONS
from lib.wait import eventually


def process(pid):
    """/proc/PID/status as a dictionary."""
    with open(f"/proc/{pid}/status") as f:
        return {k: v.strip() for k, _, v in (line.partition(":") for line in f)}


def test_privileges(house):
    uids = {}
    for name, pid in house.pids().items():
        p = process(pid)
        assert p["Seccomp"] == "2", name
        assert p["NoNewPrivs"] == "1", name
        assert all(int(p[c], 16) == 0 for c in ("CapEff", "CapPrm", "CapInh", "CapAmb")), name
        if os.geteuid() == 0:
            ids = p["Uid"].split()
            assert len(set(ids)) == 1 and ids[0] != "0", f"{name}: {ids}"
            assert "0" not in p["Gid"].split() and "0" not in p["Groups"].split(), name
            uids[name] = ids[0]
    if os.geteuid() == 0:
        assert len(set(uids.values())) == len(DAEMONS), uids


def test_threads_are_filtered_too(house):
    for name, pid in house.pids().items():
        for thread in os.listdir(f"/proc/{pid}/task"):
            p = process(f"{pid}/task/{thread}")
            assert (p["Seccomp"], p["NoNewPrivs"]) == ("2", "1"), f"{name} thread {thread} {p['Name']}"


@pytest.mark.skipif(os.geteuid() != 0, reason="users are changed only as root")
def test_secrets_are_not_readable(house):
    """Nothing in the state directory is open to everybody."""
    for f in house.state.rglob("*"):
        if f.is_file():
            assert f.stat().st_mode & 0o007 == 0, f


def test_probe(houses):
    """The daemons themselves try what must not be possible; builds with
    sanitizers have this hook."""
    if b"sandbox probe" not in (BIN / "sipd").read_bytes():
        pytest.skip("this build has no probe")
    house = houses()
    house.environment["CORDBOARD_SANDBOX_PROBE"] = "1"
    house.start()

    def lines():
        return {m.group(1): m.group(2) for f in house.log.iterdir() if f.is_file()
                for m in re.finditer(r"(\w+): sandbox probe: (.*)", f.read_text(errors="replace"))}
    found = eventually(lambda: len(lines()) == len(DAEMONS) and lines(), what="a line of each daemon")
    for name, line in found.items():
        tried = dict(word.split("=") for word in line.split())
        assert set(tried) == {"open", "socket", "connect", "execve", "ptrace", "kill"}, line
        assert "allowed" not in tried.values(), f"{name}: {line}"
        assert name in ("sipd", "routed") or tried["socket"] != "its-work", line


def test_bus_is_closed_to_others(house):
    """S50, S51: the directory's permission is the right."""
    if os.geteuid() != 0:
        pytest.skip("needs root to look as somebody else")
    bus, monitor = house.run_dir / "bus", house.run_dir / "monitor"
    assert bus.stat().st_mode & 0o777 == 0o750
    assert monitor.stat().st_mode & 0o777 == 0o750
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        try:
            os.listdir(bus)
            os._exit(1)
        except PermissionError:
            os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
