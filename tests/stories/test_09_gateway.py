"""gwregd registers with a Kamailio that wants digest, refreshes, backs off."""
import pytest

from lib.kamailio import Kamailio
from lib.wait import eventually


@pytest.fixture
def carrier(peers, tmp_path):
    return peers(Kamailio(tmp_path)).start()


def add(house, carrier, password, *options):
    house.sipctl("gw", "add", "carrier", "--domain", carrier.domain, "--via", f"sip:{carrier.ip}:{carrier.port}",
                 "--username", "line7", "--password-file", "-", *options, input=password + "\n")


def shown(house):
    return next(g for g in house.json("gw", "list") if g["name"] == "carrier")


def registered(house, carrier, timeout=10):
    eventually(lambda: shown(house)["state"] == "registered", timeout, 0.1, "gateway registered")
    assert len(carrier.contacts("line7")) == 1


def test_registers_and_signs_off(house, carrier):
    add(house, carrier, carrier.password)
    registered(house, carrier)
    assert house.ok()
    house.sipctl("gw", "disable", "carrier")
    eventually(lambda: carrier.contacts("line7") == [], 10, 0.1, "signed off")
    assert shown(house)["state"] in ("disabled", "off", "unregistered")
    house.sipctl("gw", "enable", "carrier")
    registered(house, carrier)
    house.sipctl("gw", "del", "carrier")
    eventually(lambda: carrier.contacts("line7") == [], 10, 0.1, "signed off")
    assert house.json("gw", "list") == []


def test_refreshes(house, carrier):
    add(house, carrier, carrier.password, "--register-every", "10s")
    registered(house, carrier)
    first = house.figure("gwregd", "gw_registers")
    eventually(lambda: house.figure("gwregd", "gw_registers") > first, 15, 0.2, "a refresh")
    registered(house, carrier)


def test_wrong_password_backs_off_and_says_why(house, carrier):
    add(house, carrier, "not-the-password")
    eventually(lambda: house.figure("gwregd", "gw_failures") >= 1, 10, 0.1, "a refusal")
    gw = shown(house)
    assert gw["state"].lower() == "failed"
    assert "401" in str(gw) or "password" in str(gw), gw
    sent = house.figure("gwregd", "gw_registers")
    assert sent <= 4, "it hammers the gateway"
    assert not house.ok()
    # and with the right one it comes up at once
    house.sipctl("gw", "set", "carrier", "--password-file", "-", input=carrier.password + "\n")
    registered(house, carrier)


def test_a_refused_change_leaves_the_password(house, carrier):
    """What is refused as a whole has no parts that count."""
    add(house, carrier, carrier.password)
    registered(house, carrier)
    secret = house.etc / "carrier.secret"
    assert secret.stat().st_mode & 0o007 == 0
    before = secret.read_text()
    house.sipctl("gw", "set", "carrier", "--password-file", "-", "--caller-id", "4*4 5", input="other\n", check=1)
    assert secret.read_text() == before
    house.sipctl("gw", "add", "second", "--domain", "x.test", "--username", "u", "--password-file", "-",
                 "--failover-codes", "7xx", input="other\n", check=1)
    assert not (house.etc / "second.secret").exists()
    for command in (("gw", "-o", "json"), ("gw", "show", "carrier"), ("config", "show"), ("log", "--last", "5m")):
        assert carrier.password not in house.sipctl(*command).stdout


def test_a_rehearsal_changes_nothing(house, carrier):
    """--dry-run: gwregd is asked, and says no where it would; etc/ and the password stay."""
    add(house, carrier, carrier.password)
    registered(house, carrier)
    generation, files = house.status()["generation"], {p: p.read_text() for p in house.etc.rglob("*") if p.is_file()}
    house.sipctl("gw", "add", "second", "--domain", "x.test", "--username", "u", "--password-file", "-", "--dry-run",
                 input="other\n")
    house.sipctl("gw", "set", "carrier", "--channels", "3", "--password-file", "-", "-n", input="other\n")
    for verb in ("disable", "del"):
        house.sipctl("gw", verb, "carrier", "--dry-run")
    assert "bad number" in house.sipctl("gw", "set", "carrier", "--channels", "3x", "-n", check=1).stderr
    house.sipctl("domain", "add", "second.test", "--dry-run")
    assert files == {p: p.read_text() for p in house.etc.rglob("*") if p.is_file()}
    assert house.status()["generation"] == generation
    assert [g["state"] for g in house.json("gw")] == ["registered"]


def test_shows_its_settings_to_programs(house):
    house.sipctl("gw", "add", "g", "--domain", "g.test", "--failover-codes", "408 5xx", "--caller-id", "44* 0*",
                 "--caller-id", "* anonymous", "--channels", "3")
    assert house.json("gw", "show", "g")[0]["settings"] == {
        "domain": "g.test", "channels": "3", "failover_codes": ["408", "5xx"], "caller_id": ["44* 0*", "* anonymous"]}


def test_dead_gateway(house, peers, tmp_path):
    carrier = Kamailio(tmp_path)        # never started: nothing answers there
    add(house, carrier, "x")
    eventually(lambda: shown(house)["state"].lower() == "failed", 30, 0.2, "a time-out")
    peers(carrier).start()
    house.sipctl("gw", "set", "carrier", "--password-file", "-", input=carrier.password + "\n")
    registered(house, carrier, 20)


def test_kills_make_no_storm(house, carrier):
    """F5: at most one more REGISTER per gateway when gwregd is killed, and none lost."""
    add(house, carrier, carrier.password)
    registered(house, carrier)
    contact = carrier.contacts("line7")
    for name in ("gwregd", "sipd"):
        before = house.pids()
        house.kill(name)
        house.back(before, [name])
        registered(house, carrier)
        assert carrier.contacts("line7") == contact
    assert house.figure("gwregd", "gw_registers") <= 2
