"""The ban list: by hand and for wrong passwords, enforced before parsing, kept over kills (pain 18, S03)."""
import signal

import pytest
from lib.sip import NoAnswer
from lib.wait import eventually

SETTINGS = {"wrong-passwords-limit": "1000", "ban-after": "6", "ban-time": "1h"}


@pytest.fixture(scope="module")
def home(shared_houses):
    house = shared_houses(settings=SETTINGS).start()
    house.import_users(["anna", "bert"])
    return house


@pytest.fixture(autouse=True)
def nobody_banned(home):
    yield
    for row in home.json("ban", "list"):
        home.sipctl("ban", "del", row["network"])
    home.set("ban-allow", "[]")


def at(house, n):
    return ".".join(house.ip.split(".")[:3] + [str(240 + n)])


def heard(phone, seconds=0.5):
    """Does anything come back for a request that needs no account?"""
    try:
        return phone.transact(phone.request("OPTIONS", f"sip:{phone.domain}", to=phone.aor), timeout=seconds).code
    except NoAnswer:
        return None


def banned(house):
    return {row["network"]: row for row in house.json("ban")}


@pytest.mark.parametrize("network", ["{ip}", "{ip}/32", "{net}.0/24"])
def test_by_hand(home, phones, network):
    network = network.format(ip=at(home, 1), net=home.ip.rsplit(".", 1)[0])
    phone = phones(home, "anna", ip=at(home, 1))
    assert heard(phone)
    before = home.figure("sipd", "refused_banned"), home.figure("sipd", "requests")
    assert "would have" in home.sipctl("ban", "add", network, "--dry-run").stdout and not banned(home)
    home.sipctl("ban", "add", network, "--for", "1d", "--reason", "noise")
    eventually(lambda: heard(phone, 0.3) is None, 3)
    assert home.figure("sipd", "refused_banned") > before[0]
    row = banned(home)[network.removesuffix("/32")]
    assert 1 <= row["refused"] <= home.figure("sipd", "refused_banned") - before[0]
    assert row["reason"] == "noise" and 86000 < row["left_s"] <= 86400 and row["by"] != "regd"
    home.kill("sipd", "regd", sig=signal.SIGKILL)       # kept, and found again
    eventually(lambda: home.ok() and banned(home), 10)
    other = phones(home, "anna", ip="127.0.0.1")
    eventually(lambda: heard(other), 5)
    eventually(lambda: heard(phone, 0.3) is None, 3)
    home.sipctl("ban", "del", network)
    eventually(lambda: heard(phone, 0.3), 3)
    home.sipctl("ban", "del", network, check=1)


def test_tcp(home, phones):
    """What is open is closed with the next octet, what comes anew at once."""
    phone = phones(home, "anna", ip=at(home, 2), transport="tcp")
    assert heard(phone)
    home.sipctl("ban", "add", at(home, 2))
    assert banned(home)[at(home, 2)]["left_s"] is None
    eventually(lambda: heard(phone, 0.3) is None, 3)
    assert phone.wire.closed
    late = phones(home, "anna", ip=at(home, 2), transport="tcp")
    assert heard(late, 1) is None and late.wire.closed


@pytest.mark.parametrize("wrong", ["nonsense", "10.0.0.1/8", "0.0.0.0/0", "10.0.0.0/7", "::/0"])
def test_slips(home, wrong):
    home.sipctl("ban", "add", wrong, check=1)
    assert not banned(home)
    home.sipctl("ban", "add", at(home, 1), "--for", "never", check=2)


def guess(phone, times):
    for i in range(times):
        try:
            if phone.register(password=f"wrong{i}", timeout=1).code != 401:
                return i
        except NoAnswer:
            return i
    return times


def test_for_wrong_passwords(home, phones):
    attacker = phones(home, "anna", ip=at(home, 3))
    victim = phones(home, "anna").registered()
    assert guess(attacker, 40) >= 6
    row = eventually(lambda: banned(home).get(at(home, 3)))
    assert row["by"] == "regd" and "wrong passwords" in row["reason"] and 3500 < row["left_s"] <= 3600
    eventually(lambda: heard(attacker, 0.3) is None, 3)
    assert victim.register().code == 200
    failures = [r for r in home.json("reg", "failures") if r["source"] == at(home, 3)]
    assert all(r["note"].startswith("banned until ") for r in failures) and failures
    assert any(f"ban source={at(home, 3)}" in line for line in (home.log / "regd.log").read_text().splitlines())
    home.sipctl("ban", "del", at(home, 3))              # and is not back with the next slip
    eventually(lambda: heard(attacker, 0.3), 3)
    assert attacker.register(password="wrong").code == 401 and heard(attacker) and not banned(home)


def test_a_right_one_between(home, phones):
    """Slips of a phone's owner add up to nothing."""
    phone = phones(home, "bert", ip=at(home, 4))
    for _ in range(3):
        assert guess(phone, 4) == 4
        assert phone.register().code == 200
        home.sipctl("reg", "del", "bert")
    assert not banned(home)


def test_who_lives_there(home, phones):
    """A stranger's packets may name anybody's address: no ban where somebody is registered."""
    phones(home, "bert", ip=at(home, 5)).registered()
    before = home.figure("regd", "bans_not_made")
    assert guess(phones(home, "anna", ip=at(home, 5)), 14) == 14
    eventually(lambda: home.figure("regd", "bans_not_made") > before)
    assert not banned(home)
    home.sipctl("reg", "del", "bert")


def test_allowed(home, phones):
    """Never banned by itself, and heard in spite of a ban by hand."""
    net = home.ip.rsplit(".", 1)[0] + ".0/24"
    home.set("ban-allow", f"[{net}]")
    attacker = phones(home, "anna", ip=at(home, 6))
    assert guess(attacker, 10) == 10
    home.sipctl("ban", "add", net)
    assert heard(attacker) and heard(attacker)
    home.set("ban-allow", "[]")
    eventually(lambda: heard(attacker, 0.3) is None, 3)


def test_it_ends(home, phones):
    phone = phones(home, "anna", ip=at(home, 7))
    home.sipctl("ban", "add", at(home, 7), "--for", "1s")
    eventually(lambda: heard(phone, 0.3) is None, 3)
    eventually(lambda: heard(phone, 0.3), 5)
    eventually(lambda: not banned(home))
