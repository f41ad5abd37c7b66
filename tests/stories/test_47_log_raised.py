"""Rows 185 and 186: everything about one user, address or call, nothing about the others."""
import collections
import contextlib
import json
import signal
import subprocess

import pytest

from lib.house import BIN, DAEMONS
from lib.wait import eventually


@pytest.fixture
def house(houses):
    # no leases: what is looked for is what routed says of each call
    house = houses(settings={"log-level": "problems", "authenticate": "register", "leases": "off"}).start()
    house.import_users(["anna", "bert", "cara"])
    return house


class Log:
    """What the daemons write from here on."""

    def __init__(self, house):
        self.house = house
        self.before = {n: self.path(n).stat().st_size for n in DAEMONS}

    def path(self, name):
        return self.house.log / f"{name}.log"

    def records(self, calls_only=True):
        """[(daemon, level, tag, key, text)]"""
        found = []
        for name in DAEMONS:
            with open(self.path(name)) as f:
                f.seek(self.before[name])
                for line in f:
                    _, level, tag, text = line.rstrip("\n").split(" ", 3)
                    tag, _, key = tag.partition("-")
                    if key or not calls_only:
                        found.append((name, int(level), tag, key, text))
        return found

    def tags(self):
        """{key of a call: {daemon: {tags}}}"""
        found = collections.defaultdict(lambda: collections.defaultdict(set))
        for name, _, tag, key, _ in self.records():
            found[key][name].add(tag)
        return found


def refused(house, phones, bert, who):
    """A call to bert, who is busy. Its Call-ID."""
    call = phones(house, who).invite("bert")
    bert.reply(bert.wait_request("INVITE", call_id=call.call_id), 486, to_tag="x")
    bert.wait_request("ACK", call_id=call.call_id)
    assert call.finish().code == 486
    return call.call_id


def raised(house):
    return [house.figure(n, "log_raised") for n in DAEMONS]


def test_user(house, phones):
    bert = phones(house, "bert").registered()
    house.sipctl("log", "raise", "--user", "anna", "--for", "60s")
    assert raised(house) == [1] * 5
    row, = house.json("log", "raised")
    assert (row["what"], row["value"], row["level"]) == ("user", "anna", 5) and 55 < row["left_s"] <= 60
    assert "logged in detail for a while: 1 " in house.sipctl("status").stdout
    log = Log(house)
    call_id = refused(house, phones, bert, "anna")
    refused(house, phones, bert, "cara")
    eventually(lambda: len(log.tags()) == 1 and "SIPS" in next(iter(log.tags().values()))["sipd"])
    (key, tags), = log.tags().items()
    assert {"SIPDATA", "SIP", "SIPC", "SIPS", "SIGNAL", "ROUTER"} <= tags["sipd"], tags
    assert "ROUTER" in tags["routed"]
    texts = [text for name, _, _, _, text in log.records() if name == "sipd"]
    assert any(t.startswith("recv ") and f"call={call_id}" in t and "method=INVITE" in t for t in texts)
    assert any(t.startswith("486 ") and " sent to udp:" in t for t in texts)
    # whom the other daemons hear of by themselves: nobody here needs sipd for it
    log = Log(house)
    phones(house, "anna", password="wrong").register()
    phones(house, "cara", password="wrong").register()
    eventually(lambda: any(t["regd"] for t in log.tags().values()))
    assert all("anna" in text for name, _, _, _, text in log.records() if name == "regd")


def test_survives_and_ends(house, phones):
    """A daemon that begins meanwhile knows it; its end does not need anybody."""
    bert = phones(house, "bert").registered()
    house.sipctl("log", "raise", "--user", f"anna@{house.domain}", "--for", "1h")
    before = house.pids()
    house.kill("sipd", "routed")
    house.back(before, ["sipd", "routed"])
    assert raised(house) == [1] * 5
    log = Log(house)
    refused(house, phones, bert, "anna")
    assert log.tags()
    house.sipctl("log", "lower", "1")
    assert raised(house) == [0] * 5 and house.json("log", "raised") == []
    house.sipctl("log", "raise", "--user", "anna", "--for", "1s")
    eventually(lambda: raised(house) == [0] * 5)
    before = house.pids()
    house.kill("sipd")
    house.back(before, ["sipd"])
    log = Log(house)
    refused(house, phones, bert, "anna")
    assert not log.tags()
    for bad in ["--for", "1s"], ["--user", "a b"], ["--ip", "nowhere"], ["--user", "anna", "--level", "loud"]:
        assert house.sipctl("log", "raise", *bad, check=False).returncode in (1, 2)
    assert house.sipctl("log", "lower", "7", check=1).stderr
    assert raised(house) == [0] * 5


def test_debug_networks(house, phones):
    """The list of debug IPs: a setting, for good."""
    bert = phones(house, "bert").registered()
    house.set("debug-networks", "192.0.2.0/24")
    log = Log(house)
    refused(house, phones, bert, "cara")
    assert not log.tags()
    house.set("debug-networks", f"[192.0.2.0/24, {house.phone_ip}]")
    refused(house, phones, bert, "cara")
    eventually(lambda: len(log.tags()) == 1)
    house.set("debug-networks", "[]")
    log = Log(house)
    refused(house, phones, bert, "cara")
    assert not log.tags()


@contextlib.contextmanager
def following(house, *args):
    p = subprocess.Popen([BIN / "sipctl", "-C", house.dir, "log", "-f", *args, "-o", "ndjson"], text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert "raised to \"all\" for matching transactions only" in p.stderr.readline()
        yield p
    finally:
        p.kill()
        p.communicate()


def test_follow(house, phones):
    """As long as somebody looks: the whole of matching calls, in the order of time."""
    bert = phones(house, "bert").registered()
    with following(house, "--user", "anna", "--level", "all") as p:
        eventually(lambda: raised(house) == [1] * 5)
        refused(house, phones, bert, "cara")
        call_id = refused(house, phones, bert, "anna")
        seen = []
        while not any("486 " in r["text"] and r["tag"] == "SIP" for r in seen):
            seen.append(json.loads(p.stdout.readline()))
        seen = [r for r in seen if r["id"]]
        assert len({r["id"] for r in seen}) == 1 and f"call={call_id}" in seen[0]["text"]
        assert {"sipd", "routed"} <= {r["daemon"] for r in seen}
        p.send_signal(signal.SIGINT)
        eventually(lambda: raised(house) == [0] * 5)


@pytest.mark.long
def test_follower_killed(house):
    with following(house, "--user", "anna", "--level", "all") as p:
        eventually(lambda: raised(house) == [1] * 5)
        before = house.pids()
        house.kill("regd")
        house.back(before, ["regd"])
        eventually(lambda: raised(house) == [1] * 5)
        p.kill()
        eventually(lambda: raised(house) == [0] * 5, 10)
