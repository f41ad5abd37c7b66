"""50 calls and 100 registrations a second for 20 s: nothing fails, nothing stays."""
import os

import pytest

from lib.house import DAEMONS
from lib.sipp import Sipp
from lib.wait import eventually

SECONDS = 20
CALLS, REGISTERS = 50, 100
USERS = [f"user{i:03}" for i in range(200)]


def descriptors(house):
    return {n: len(os.listdir(f"/proc/{p}/fd")) for n, p in house.pids().items()}


def memory(house):
    """Resident KiB of each daemon."""
    out = {}
    for n, p in house.pids().items():
        with open(f"/proc/{p}/status") as f:
            out[n] = next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))
    return out


def run(house, peers, directory, seconds, port):
    """One round of load; returns sipp's figures by name. Two callers, each with a
    callee of its own: sipp writes one URI into all its credentials (-auth_uri)."""
    def sipp(scenario, offset, name=None):
        return peers(Sipp(house, scenario, directory, port + offset, name))

    callees, callers, others = USERS[:2], USERS[2:100], USERS[100:]
    answerer = sipp("uas.xml", 0).start(CALLS * seconds, seconds=seconds + 60)
    callees_in = sipp("register_uas.xml", 1).users(callees, [f"{house.phone_ip}:{port}"] * 2)
    assert callees_in.start(2, 10, 30, ["-auth_uri", house.domain]).wait(40) == 0, callees_in.errors()
    calling = [sipp("uac.xml", 2 + i, f"caller{i}").users(callers, [c] * len(callers))
               .start(CALLS * seconds // 2, CALLS // 2, seconds + 40, ["-auth_uri", f"{c}@{house.domain}"])
               for i, c in enumerate(callees)]
    registering = sipp("register.xml", 4).users(others).start(
        REGISTERS * seconds, REGISTERS, seconds + 40, ["-auth_uri", house.domain])
    for s in (*calling, registering):
        assert s.wait(seconds + 60) == 0, s.errors()
    assert answerer.wait(30) == 0, answerer.errors()
    calls = [s.figures() for s in calling]
    return {"calls": {k: sum(c[k] for c in calls) for k in calls[0]}, "registrations": registering.figures()}


@pytest.mark.long
def test_load(houses, peers, tmp_path):
    house = houses(settings={"log-level": "problems", "media-policy": "never"}).start()
    house.import_users(USERS)
    run(house, peers, tmp_path / "warm-up", 4, 6200)    # pools and caches fill
    house.idle(40)
    fds, rss = descriptors(house), memory(house)
    figures = run(house, peers, tmp_path / "load", SECONDS, 6210)
    house.idle(40)
    print()
    for what, f in figures.items():
        print(f"{what}: {f['ok']} good, {f['failed']} failed (limit 0), {f['retransmissions']} retransmissions")
    assert figures["calls"] == {"ok": CALLS * SECONDS, "failed": 0,
                                "retransmissions": figures["calls"]["retransmissions"]}
    assert figures["registrations"]["ok"] == REGISTERS * SECONDS
    assert figures["registrations"]["failed"] == 0
    eventually(lambda: descriptors(house) == fds, 20, 0.5, f"descriptors as before: {fds}")
    now = memory(house)
    for n in DAEMONS:
        limit = rss[n] * 1.05 + 2048
        print(f"{n:7} {rss[n]:7} KiB before, {now[n]:7} after (limit {limit:.0f}), {fds[n]} descriptors")
        assert now[n] <= limit, f"{n}: {rss[n]} -> {now[n]} KiB"
