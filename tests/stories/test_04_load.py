"""50 calls and 100 registrations a second for 20 s: nothing fails, nothing stays."""
import os

import pytest

from lib.house import DAEMONS
from lib.sipp import Sipp
from lib.wait import eventually

SECONDS = 20
CALLS, REGISTERS = 50, 100


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
    """One round of load; returns sipp's figures by name."""
    users = [f"user{i:03}" for i in range(200)]
    answerer = peers(Sipp(house, "uas.xml", directory, port))
    answerer.start(CALLS * seconds, seconds=seconds + 60)
    for_uas = peers(Sipp(house, "register_uas.xml", directory, port + 1)).users(
        users[:100], [f"{house.phone_ip}:{port}"] * 100)
    assert for_uas.start(100, 50, 30).wait(40) == 0, for_uas.errors()
    caller = peers(Sipp(house, "uac.xml", directory, port + 2)).users(
        users[100:], users[:100])
    registering = peers(Sipp(house, "register.xml", directory, port + 3)).users(users[100:])
    caller.start(CALLS * seconds, CALLS, seconds + 40)
    registering.start(REGISTERS * seconds, REGISTERS, seconds + 40)
    codes = caller.wait(seconds + 60), registering.wait(seconds + 60)
    assert codes == (0, 0), caller.errors() + registering.errors()
    assert answerer.wait(30) == 0, answerer.errors()
    return {"calls": caller.figures(), "registrations": registering.figures()}


@pytest.mark.long
def test_load(houses, peers, tmp_path):
    house = houses(settings={"log-level": "problems", "media-policy": "never"}).start()
    house.import_users([f"user{i:03}" for i in range(200)])
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
