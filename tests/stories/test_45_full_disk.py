"""F10, R2: a full or failing disk gives 503 and never a false 200; calls and look-ups go on; then all is well again."""
import signal
import subprocess
import time

import pytest
from lib.mounts import fill, own_mounts, small_disk
from lib.wait import eventually

SIZE = 4 << 20


@pytest.fixture
def home(houses):
    try:
        mounts = own_mounts()
        mounts.__enter__()
    except PermissionError:
        pytest.skip("no right to mounts of its own")
    house = houses().init()
    (house.state / "regd").mkdir(exist_ok=True)
    small_disk(house.state / "regd", SIZE)
    house.up()
    house.import_users(["anna", "bert"] + [f"u{i}" for i in range(60)])
    yield house
    house.down()
    mounts.__exit__(None, None, None)


def bindings(house):
    return {(b["aor"], b["contact"]) for b in house.json("reg", "list")}


def crowd(house, phones, names):
    """Each registers; who was told 200 and who 503, and that nobody was told anything else."""
    told = {200: set(), 503: set()}
    for name in names:
        phone = phones(house, name)
        r = phone.register(timeout=5)
        told[r.code].add((f"{name}@{house.domain}", phone.contact))
        if r.code == 503:
            assert 1 <= int(r.get("retry-after")) <= 60
    return told


def test_full(home, phones):
    anna, bert = phones(home, "anna").registered(), phones(home, "bert")
    kept = bindings(home)
    ballast = fill(home.state / "regd")
    told = crowd(home, phones, [f"u{i}" for i in range(20)])
    assert len(told[503]) >= 15                         # a page may have been left
    assert bindings(home) == kept | told[200]
    assert anna.register(contact=f"<sip:anna@{home.ip}:9>", timeout=5).code == 503
    assert anna.register(contact="*", expires=0, timeout=5).code == 503
    assert bindings(home) == kept | told[200]

    # The rest goes on: calls, look-ups; what the administrator changes is refused, and says why.
    call = bert.invite("anna", b"")
    anna.reply(anna.wait_request("INVITE"), 486, to_tag="x")
    assert call.finish().code == 486
    assert "cannot write the store" in home.sipctl("user", "set", "anna", "--name", "x", check=False).stderr
    assert home.json("user", "show", "anna")[0]["name"] == ""
    assert "cannot write the store" in home.sipctl("ban", "add", "192.0.2.1", check=False).stderr
    assert not home.json("ban")
    assert any("cannot write its store" in w["text"] for w in home.status()["warnings"])

    # What was acknowledged outlives a kill in the middle of it; what was not is not there.
    before = home.pids()
    home.kill("regd")
    ballast.unlink()
    begun = time.monotonic()
    home.back(before, ["regd"])
    assert bindings(home) == kept | told[200]
    assert phones(home, "u50").register().code == 200
    assert time.monotonic() - begun < 3


def test_well_again(home, phones):
    """Within two seconds of space, by itself."""
    fill(home.state / "regd")
    assert crowd(home, phones, [f"u{i}" for i in range(10)])[503]
    (home.state / "regd/ballast").unlink()
    late = phones(home, "u40")
    eventually(lambda: late.register(timeout=2).code == 200, 2)
    eventually(lambda: home.ok(), 5)
    home.sipctl("user", "set", "anna", "--name", "Anna")


def test_fills_up_under_load(home, phones):
    """From space to none: every 200 is on disk."""
    used = [home.state / "regd" / f"b{i}" for i in range(2)]
    fill(home.state / "regd", "b0")
    with open(used[0], "r+b") as f:
        f.truncate(used[0].stat().st_size - 48 * 1024)  # so much is left
    told = crowd(home, phones, [f"u{i}" for i in range(60)])
    assert told[200] and told[503]
    before = home.pids()
    home.kill("regd")
    used[0].unlink()
    home.back(before, ["regd"])
    assert bindings(home) == told[200]


@pytest.mark.long
@pytest.mark.parametrize("fails", ["fdatasync,fsync", "pwrite64"])
def test_failing(houses, phones, fails):
    """R2: the disk says that it could not; whatever was told 200 is there after a kill."""
    house = houses().start()
    house.import_users([f"u{i}" for i in range(30)])
    strace = subprocess.Popen(["strace", "-f", "-p", str(house.pid("regd")), "-e", f"trace={fails}", "-e",
                               f"inject={fails}:error=EIO", "-o", house.dir / "trace"], stderr=subprocess.PIPE, text=True)
    try:
        assert "attached" in strace.stderr.readline()
        told = crowd(house, phones, [f"u{i}" for i in range(10)])
        assert not told[200] and len(told[503]) == 10 and not bindings(house)
    finally:
        strace.send_signal(signal.SIGINT)
        strace.communicate(timeout=10)
    begun = time.monotonic()
    eventually(lambda: phones(house, "u20").register(timeout=2).code == 200, 2)
    print(f"well again {time.monotonic() - begun:.1f} s after the disk was (limit 2)")
    told = crowd(house, phones, [f"u{i}" for i in range(10)])
    kept, before = bindings(house), house.pids()
    assert told[200] <= kept and len(told[200]) == 10
    house.kill("regd")
    house.back(before, ["regd"])
    assert bindings(house) == kept
