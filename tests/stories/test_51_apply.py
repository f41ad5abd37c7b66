"""Two phases: whoever dies between them, one generation is in force everywhere."""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from lib.house import BIN, DAEMONS
from lib.wait import eventually


def generations(house):
    return [house.daemon(n).get("generation") for n in DAEMONS]


def all_on(house, number, timeout=20):
    def look():
        rows = house.status()["daemons"]
        assert [(r["generation"], r["state"]) for r in rows] == [(number, "ok")] * len(DAEMONS), rows
        return True
    eventually(look, timeout, 0.05, f"generation {number} everywhere")


def next_number(house):
    """Of what is applied next: those that were not confirmed keep theirs."""
    return max(int(d.name) for d in (house.state / "generations").iterdir() if d.name.isdigit()) + 1


@contextlib.contextmanager
def applying(house, silent, *args):
    """An apply that waits for one daemon's vote; all others have prepared."""
    new = house.state / "generations" / f"{next_number(house)}.new" / "meta"
    with house.frozen(silent):
        p = subprocess.Popen([BIN / "sipctl", "-C", house.dir, "config", "apply", *args], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        eventually(new.exists, 5, 0.01)
        # what was asked before is answered before: all others have their text
        prepared = [n for n in DAEMONS if n != silent]
        eventually(lambda: all("is prepared" in (house.log / f"{n}.log").read_text() for n in prepared), 10, 0.02)
        yield p
    p.communicate()


def change(house, value="3"):
    for f in house.log.glob("*.log"):
        f.write_text("")            # they append
    house.sipctl("config", "set", "max-contacts", value)


@pytest.fixture
def house(shared_house):
    return shared_house


@pytest.fixture(scope="module")
def shared_house(shared_houses):
    return shared_houses(settings={"log-level": "all"}).start()


@pytest.mark.parametrize("killed", DAEMONS)
def test_killed_between_the_phases(house, killed):
    """It had said yes; the next process of it comes before, with, or after COMMIT."""
    silent = "regd" if killed != "regd" else "gwregd"
    before, first = house.pids(), house.status()["generation"]
    change(house, str(3 + DAEMONS.index(killed)))
    with applying(house, silent) as p:
        house.kill(killed)
    assert p.wait(30) == 0, p.stdout
    house.back(before, [killed])
    all_on(house, first + 1)


@pytest.mark.parametrize("killed", ["mediad", "routed"])
def test_killed_and_back_before_the_commit(house, killed):
    """The new process has read the old generation and prepared nothing."""
    before, first = house.pids(), house.status()["generation"]
    change(house, "20" if killed == "mediad" else "21")
    with applying(house, "regd") as p:
        house.kill(killed)
        eventually(lambda: house.pid(killed) not in (None, before[killed]) and re.search(
            rf"START {killed}: .* ready", (house.log / f"{killed}.log").read_text()), 10, 0.02)
    assert p.wait(30) == 0
    all_on(house, first + 1)


def test_sipctl_killed_before_the_commit(house):
    """Nothing has happened; what it left behind is in nobody's way."""
    first = house.status()["generation"]
    change(house, "31")
    with applying(house, "regd") as p:
        p.send_signal(signal.SIGKILL)
    all_on(house, first)
    before = house.pids()
    house.kill("sipd")
    house.back(before, ["sipd"])
    all_on(house, first)
    house.sipctl("config", "apply")
    all_on(house, first + 1)


@pytest.mark.parametrize("confirm", [[], ["--confirm", "4s"]])
def test_sipctl_killed_after_the_rename(house, confirm):
    """It is committed, though nobody was told: all see it, mediad without opening a file.
    The deadline holds as well."""
    first, number = house.status()["generation"], next_number(house)
    change(house, "32" if confirm else "33")
    with applying(house, "regd", *confirm) as p:
        p.send_signal(signal.SIGKILL)
        p.wait()
        os.rename(house.state / f"generations/{number}.new", house.state / f"generations/{number}")
    all_on(house, number)
    if confirm:
        all_on(house, first)
    else:
        assert "did not say so" in (house.log / "mediad.log").read_text()


def test_unconfirmed_goes_back_everywhere(house):
    """Of those that were killed meanwhile, too, and with nobody at a terminal."""
    before, first, number = house.pids(), house.status()["generation"], next_number(house)
    change(house, "40")
    house.sipctl("config", "apply", "--confirm", "3s")
    all_on(house, number)
    house.kill("sipd", "gwregd")
    house.back(before, ["sipd", "gwregd"])
    all_on(house, first)
    assert "not confirmed" in house.sipctl("config", "history").stdout
    assert house.sipctl("config", "confirm", check=1).stderr


def test_confirmation_that_nobody_was_told(house):
    """sipctl died once the file was there."""
    number = next_number(house)
    change(house, "50")
    house.sipctl("config", "apply", "--confirm", "2s")
    where = house.state / f"generations/{number}"
    (where / "confirmed").write_text("yes\n")
    os.utime(where)
    meta = dict(line.split(" ", 1) for line in (where / "meta").read_text().splitlines())
    deadline = int(meta["confirm-until-ms"]) / 1000 + 0.5
    eventually(lambda: time.clock_gettime(time.CLOCK_BOOTTIME) > deadline, 5, 0.1, "the deadline is over")
    all_on(house, number)


def test_one_daemon_is_told_again(house):
    """A generation that could not be read when it came: status names the command, which does that and no more."""
    first, number = house.status()["generation"], next_number(house)
    good = (house.state / f"generations/{first}/conf").read_text()
    new = house.state / f"generations/{number}.new"
    shutil.copytree(house.state / f"generations/{first}", new)
    (new / "conf").write_text("file 1")
    for f in house.log.glob("*.log"):
        f.write_text("")
    os.rename(new, new.with_suffix(""))
    eventually(lambda: all("damaged" in (house.log / f"{n}.log").read_text() for n in DAEMONS if n != "mediad"), 10)
    (house.state / f"generations/{number}/conf").write_text(good)
    behind = {w["text"]: w["command"] for w in house.status()["warnings"]}
    assert f"config apply --retry gwregd" in behind[f"gwregd runs generation {first}, not {number}"]
    house.sipctl("config", "set", "max-contacts", "61")                 # an edit that nobody has asked for
    for name in DAEMONS:
        assert house.sipctl("config", "apply", "--retry", name).stdout == f"{name} runs generation {number}\n"
    all_on(house, number)
    assert "61" in house.sipctl("config", "diff", check=1).stdout
    house.sipctl("config", "apply", "--retry", "sendmail", check=2)


def test_dry_run_asks_all_and_changes_nothing(house):
    first, etc = house.status()["generation"], (house.etc / "sip.conf").read_text()
    change(house, "62")
    edited = (house.etc / "sip.conf").read_text()
    assert "prepared  5 of 5" in house.sipctl("config", "apply", "--dry-run").stdout
    house.sipctl("config", "set", "max-contacts", "many", "--dry-run", check=1)
    house.sipctl("config", "set", "max-contacts", "63", "--dry-run")
    assert edited == (house.etc / "sip.conf").read_text() != etc
    all_on(house, first)
    assert not list((house.state / "generations").glob("*.new"))
    house.sipctl("config", "apply")
    all_on(house, next_number(house) - 1)
