"""Every bad input has its clear error, and harms nothing that runs."""
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess

import pytest

from lib.house import DAEMONS, alive
from lib.sip import NoAnswer
from lib.wait import eventually


def conf(house):
    return house.etc / "sip.conf"


@contextlib.contextmanager
def mounted(path, options, kind="tmpfs"):
    """A tmpfs at path, where this is allowed."""
    path.mkdir(exist_ok=True)
    r = subprocess.run(["mount", "-t", kind, "-o", options, kind, path], capture_output=True, text=True)
    if r.returncode != 0:
        pytest.skip(f"mount is not possible here: {r.stderr.strip()}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


# ---- configuration ----

@pytest.mark.parametrize("line, column, words", [
    ("timer-b   8sec", 11, ["8sec", "ms", "h"]),
    ("timer-x 8s", 1, ["timer-x", "did you mean"]),
    ("media-policy sometimes", 14, ["sometimes", "auto"]),
    ("processors 6500", 12, ["6500", "64"]),
    ("lan-networks [10.0.0.0/33]", 15, ["10.0.0.0/33"]),
    ('log-level "all', 11, ["quote"]),
    ("gateway {", 9, ["gateway"]),
])
def test_malformed_sip_conf(house, line, column, words):
    before = house.status()["generation"], house.pids()
    good = conf(house).read_text().rstrip("\n") + "\n"
    number = good.count("\n") + 1
    conf(house).write_text(good + line + "\n")
    for verb in ("check", "apply"):
        r = house.sipctl("config", verb, check=1)
        said = r.stdout + r.stderr
        place = re.search(r"sip\.conf:(\d+):(\d+): error: ", said)
        assert place, said
        assert int(place.group(1)) == number, said
        assert abs(int(place.group(2)) - column) <= 1, said
        for w in words:
            assert w in said, said
    assert (house.status()["generation"], house.pids()) == before
    # killed now, it starts from what is in force, not from the broken file
    house.kill("routed")
    house.back(before[1], ["routed"])
    conf(house).write_text(good)
    house.sipctl("config", "check")


def test_up_with_malformed_sip_conf(houses):
    house = houses().init()
    with conf(house).open("a") as f:
        f.write("idle-timout 8s\n")
    r = house.sipctl("up", "--detach", "--wait", check=False)
    assert r.returncode == 1
    assert re.search(r"sip\.conf:\d+:1: error: .*idle-timout", r.stdout + r.stderr)
    assert not any(house.pids().values())


def test_unknown_word_at_the_command_line(house):
    r = house.sipctl("statuss", check=2)
    assert "status" in r.stderr
    assert house.sipctl("reg", "shwo", check=2).stderr
    assert house.sipctl("status", "--no-such-option", check=2).stderr
    # in a script a prefix is an error with a hint (no terminal here)
    assert "status" in house.sipctl("stat", check=2).stderr


def test_init_refuses_a_directory_in_use(house):
    before = conf(house).read_bytes()
    r = house.sipctl("init", "other.test", check=False)
    assert r.returncode != 0 and r.stderr.strip()
    assert conf(house).read_bytes() == before


def test_user_errors(house):
    assert house.sipctl("user", "show", f"nobody@{house.domain}", check=1).stderr
    r = house.sipctl("user", "add", f"anna@{house.domain}", "--password-file", "-", input="x\n", check=False)
    assert r.returncode != 0 and "anna" in r.stderr
    r = house.sipctl("user", "add", "anna@elsewhere.test", "--password-file", "-", input="x\n", check=False)
    assert r.returncode != 0 and "elsewhere.test" in r.stderr


def test_import_with_bad_rows(house):
    rows = f"user,domain,password\nemil,{house.domain},x\nbad name,{house.domain},x\nfred,elsewhere.test,x\n"
    r = house.sipctl("user", "import", "-", "--dry-run", input=rows, check=False)
    assert r.returncode in (1, 6)
    assert ":3:" in r.stderr + r.stdout and ":4:" in r.stderr + r.stdout
    aors = [u["aor"] for u in house.json("user", "list")]
    assert f"emil@{house.domain}" not in aors
    r = house.sipctl("user", "import", "-", input=rows, check=6)
    aors = [u["aor"] for u in house.json("user", "list")]
    assert f"emil@{house.domain}" in aors and len(aors) == 4


# ---- sockets and directories ----

@pytest.mark.parametrize("kind", ["udp", "tcp"])
def test_taken_port(houses, kind):
    house = houses().init()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM) as s:
        s.bind((house.ip, house.port))
        if kind == "tcp":
            s.listen()
        r = house.sipctl("up", "--detach", "--wait", check=False)
        assert r.returncode == 1
        said = r.stdout + r.stderr
        assert f"{house.ip}:{house.port}" in said and "in use" in said, said
        house.down()
    house.up()
    assert house.ok()


def test_second_up(house):
    before = house.pids(), house.pid("keeper")
    r = house.sipctl("up", "--detach", "--wait", check=False)
    assert r.returncode != 0
    assert "running" in r.stderr, r.stderr
    assert (house.pids(), house.pid("keeper")) == before
    assert house.ok()


def test_down_twice(houses):
    house = houses().start()
    house.down()
    house.down()
    assert not any(house.pids().values()) or not any(alive(p) for p in house.pids().values() if p)


def test_state_is_no_directory(houses):
    house = houses().init()
    shutil.rmtree(house.state)
    house.state.write_text("")
    r = house.sipctl("up", "--detach", "--wait", check=False)
    assert r.returncode == 1
    assert str(house.state) in r.stdout + r.stderr
    house.state.unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
def test_state_is_read_only(houses):
    house = houses().init()
    saved = house.dir / "saved"
    shutil.copytree(house.state, saved)
    with mounted(house.state, "size=4m"):
        shutil.copytree(saved, house.state, dirs_exist_ok=True)
        subprocess.run(["mount", "-o", "remount,ro", house.state], check=True)
        r = house.sipctl("up", "--detach", "--wait", check=False)
        assert r.returncode == 1
        said = r.stdout + r.stderr
        assert str(house.state) in said and ("ead-only" in said or "ermission" in said), said
        house.down()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
def test_full_disk(houses, phones):
    """R1: a REGISTER gets 503 and never a false 200, lookups and calls go on, and
    all is well soon after there is space again."""
    house = houses()
    house.dir.joinpath("state").mkdir()
    with mounted(house.state, "size=4m,mode=755"):
        house.start()
        house.import_users(["anna", "bert"] + [f"user{i}" for i in range(20)])
        anna, bert = (phones(house, u).registered() for u in ("anna", "bert"))
        with open(house.state / "filler", "wb") as f, contextlib.suppress(OSError):
            while True:
                f.write(bytes(65536))
                f.flush()
        with open(house.state / "filler", "ab", buffering=0) as f, contextlib.suppress(OSError):
            while True:
                f.write(bytes(512))
        said_yes, refused = {}, 0
        for i in range(20):
            phone = phones(house, f"user{i}")
            r = phone.register(headers=[("X-Ballast", "x" * 1000)])
            if r.code == 200:
                said_yes[phone.user] = phone.contact
            else:
                assert r.code == 503 and int(r.get("retry-after")) > 0, r
                refused += 1
        assert refused > 0, "4 MB were not enough to fill the disk"
        call = anna.invite("bert", b"")
        bert.reply(bert.wait_request("INVITE"), 486, to_tag="busy")
        assert call.finish().code == 486
        (house.state / "filler").unlink()
        eventually(lambda: phones(house, "user0").register().code == 200, 5, 0.2, "REGISTER after space")
        before = house.pids()
        house.kill("regd")
        house.back(before, ["regd"])
        for user, contact in said_yes.items():
            assert contact in house.contacts(user)
        house.down()


# ---- daemons that cannot be reached ----

def test_stopped_daemon_is_named(house):
    house.kill("regd", sig=signal.SIGSTOP)
    try:
        r = house.sipctl("reg", "list", check=3)
        assert "regd" in r.stderr
        status = house.sipctl("status", check=False)
        assert status.returncode in (1, 3) and "regd" in status.stdout + status.stderr
    finally:
        house.kill("regd", sig=signal.SIGCONT)
    eventually(house.ok, 10, what="regd answers again")


def test_nothing_runs(houses):
    house = houses().init()
    r = house.sipctl("reg", "list", check=3)
    assert "regd" in r.stderr
    r = house.sipctl("calls", check=3)
    assert "sipd" in r.stderr
    assert house.sipctl("status", check=False).returncode in (1, 3)


def test_dead_daemon_without_keeper(house):
    house.kill("keeper", "mediad")
    r = house.sipctl("media", check=3)
    assert "mediad" in r.stderr
    assert house.sipctl("status", check=False).returncode in (1, 3)


# ---- the wire ----

def test_request_too_big_over_tcp(house, phones):
    phone = phones(house, "anna", transport="tcp")
    m = phone.request("OPTIONS", f"sip:{house.domain}", headers=[("Content-Length", "70000")])
    phone.wire.send(m.bytes())
    r = phone.wait(lambda r: not r.is_request, 5)
    assert r.code == 513
    other = phones(house, "anna", transport="tcp")
    assert other.transact(other.request("OPTIONS", f"sip:{house.domain}"), 5).code == 200


def test_request_over_the_limit(house, phones):
    house.sipctl("config", "set", "message-limit", "2k")
    house.sipctl("config", "apply")
    phone = phones(house, "anna")
    r = phone.transact(phone.request("OPTIONS", f"sip:{house.domain}", headers=[("X", "y" * 3000)]), 5)
    assert r.code == 513
    assert phone.transact(phone.request("OPTIONS", f"sip:{house.domain}"), 5).code == 200


def test_garbage_over_tcp_closes(house, phones):
    phone = phones(house, "anna", transport="tcp")
    phone.wire.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    with pytest.raises(NoAnswer, match="closed|Bad|400"):
        r = phone.wait(lambda r: r.code == 200, 15)
        raise AssertionError(r)


def test_all_daemons_survived(house):
    assert set(house.pids()) == set(DAEMONS)
    assert all(alive(p) for p in house.pids().values())
