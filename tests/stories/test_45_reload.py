"""A hundred thousand records come into force while calls go on; what a decision costs."""
import os

import pytest

from lib.sipp import Sipp
from lib.wait import eventually

RATE, SECONDS, RECORDS = 200, 20, 100000
SETTINGS = {"log-level": "problems", "media-policy": "never", "authenticate": "none", "processors": "1"}


def write(house, count, port, prefix=""):
    """Records of which one, alone, is for each number that is called; all lead to the callee."""
    callee = f"{house.ip}:{port}"
    with open(house.etc / "routes.conf", "w") as f:
        if count < 1000:        # one is for all
            f.write(f"Signal:<+490*> = {prefix}0*@{callee}\n")
            f.writelines(f"Signal:<+48{i}*> = *@{callee}\n" for i in range(count - 1))
        digits = len(str(count)) - 1
        for i in range(count if count >= 1000 else 0):
            f.write(f"Signal:<+49{i:0{digits + 1}d}*> = {prefix}{i:0{digits + 1}d}*@{callee}\n")


def resident(house, name):
    with open(f"/proc/{house.pid(name)}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def cpu_us(house, name):
    """Of all its threads, since its start."""
    with open(f"/proc/{house.pid(name)}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000000 // os.sysconf("SC_CLK_TCK")


def calls(house, peers, directory, seconds, rate, port):
    """Callee and caller under way: (answering, calling)."""
    answering = peers(Sipp(house, "uas.xml", directory, port)).start(rate * seconds, seconds=seconds + 60).ready()
    calling = peers(Sipp(house, "number_uac.xml", directory, port + 1))
    (calling.dir / "users.csv").write_text(f"SEQUENTIAL\n{house.domain}\n")
    return answering, calling.start(rate * seconds, rate, seconds + 40)


@pytest.fixture
def loaded(houses):
    def make(count, port):
        house = houses(settings=SETTINGS).init()
        write(house, count, port)
        return house.up()
    return make


def leads_to(house):
    said = house.json("route", "test", f"+4901@{house.domain}", check=False)
    return [t["uri"] for t in said["targets"]]


def test_records_of_another_generation(loaded):
    """Records come back with their generation: unconfirmed, rolled back, after a kill."""
    house = loaded(10, 6600)
    first, second = ([f"sip:{prefix}01@{house.ip}:6600"] for prefix in ("", "7"))
    assert leads_to(house) == first
    write(house, 10, 6600, 7)
    house.sipctl("config", "apply", "--confirm", "1s")
    log = house.log / "routed.log"
    eventually(lambda: "generation 2 was not confirmed in time" in log.read_text(), 10, 0.1, "the deadline")
    assert "generation 2 is in force" in log.read_text()
    eventually(lambda: leads_to(house) == first, 5, 0.1, "the generation before")
    house.sipctl("config", "apply", "--confirm", "60s")
    assert leads_to(house) == second
    house.sipctl("config", "confirm")
    before = house.pids()
    house.kill("routed")
    house.back(before, ["routed"])
    assert leads_to(house) == second
    house.sipctl("config", "rollback")
    assert leads_to(house) == first
    # A fault in one line: nothing of it comes into force.
    with open(house.etc / "routes.conf", "a") as f:
        f.write("<+491(2-1d)*> = x\n")
    house.sipctl("config", "apply", check=1)
    assert leads_to(house) == first


def test_big_file_is_bounded(loaded):
    house = loaded(10, 6600)
    (house.etc / "routes.conf").write_text("; x\n" * (4 << 20) + ";\n")
    r = house.sipctl("config", "check", check=1)
    assert "routes.conf" in r.stderr and "too big" in r.stderr, r.stderr


@pytest.mark.long
def test_reload_under_load(loaded, peers, tmp_path):
    """Issue 5, must show 6: no call fails, nothing stalls, memory returns."""
    house = loaded(10, 6400)
    for sipp in reversed(calls(house, peers, tmp_path / "before", 2, RATE, 6400)):      # what calls need
        sipp.wait(30)
    before, fds = resident(house, "routed"), len(os.listdir(f"/proc/{house.pid('routed')}/fd"))
    answering, calling = calls(house, peers, tmp_path, SECONDS, RATE, 6400)
    commits, most = [], 0
    for prefix in range(1, 6):
        write(house, RECORDS, 6400, prefix)
        house.sipctl("config", "apply")
        commits.append(house.figure("routed", "commit_us"))
        most = max(most, resident(house, "routed"))
    assert calling.wait(SECONDS + 60) == 0, calling.errors()
    assert answering.wait(30) == 0, answering.errors()
    figures = calling.figures()
    longest, p99 = (house.figure("routed", f"route_{x}_us") for x in ("longest", "p99"))
    print(f"\n{figures['ok']} calls, {figures['failed']} failed (limit 0), {figures['retransmissions']} retransmissions; "
          f"{RECORDS} records {len(commits)} times: COMMIT {max(commits)} us (limit 5000), "
          f"longest decision {longest} us (limit 5000), p99 {p99} us")
    assert figures["ok"] == RATE * SECONDS and figures["failed"] == 0
    assert max(commits) < 5000 and longest < 5000
    write(house, 10, 6400)
    house.sipctl("config", "apply")
    limit = before * 1.1 + 4096
    eventually(lambda: resident(house, "routed") < limit, 10, 0.2, f"memory back: {resident(house, 'routed')}, limit {limit}")
    after = resident(house, "routed")
    print(f"routed: {before} KiB before, {most} with {RECORDS} records, {after} after (limit {limit:.0f})")
    assert len(os.listdir(f"/proc/{house.pid('routed')}/fd")) == fds
    house.idle(40)


@pytest.mark.long
@pytest.mark.parametrize("count", [10, 1000, 100000])
def test_cost_of_a_decision(loaded, peers, tmp_path, count):
    """Must show 8: routed's own time, whatever the number of records, and the bus around it."""
    house = loaded(count, 6500)
    before = cpu_us(house, "routed")
    answering, calling = calls(house, peers, tmp_path, 5, 100, 6500)
    assert calling.wait(60) == 0, calling.errors()
    assert answering.wait(30) == 0, answering.errors()
    p50, p99 = (house.figure("routed", f"route_{x}_us") for x in ("p50", "p99"))
    all_of_it = (cpu_us(house, "routed") - before) // house.figure("routed", "routes")
    print(f"\n{count} records: a decision takes {p50} us (median), {p99} us (99 %, limit 500); "
          f"with the bus around it routed needs {all_of_it} us of CPU for each")
    assert 0 < p50 <= p99 < 500
