"""Changing what runs: set, diff, apply, confirm, rollback, history, restart."""
import pytest

from lib.internet import internet
from lib.wait import eventually


def in_force(house, name):
    for line in house.sipctl("config", "show").stdout.splitlines():
        if line.split()[:1] == [name]:
            return line.split(None, 1)[1].strip()
    return None


def test_set_and_apply_live(house, phones):
    before = house.pids()
    first = house.status()["generation"]
    house.sipctl("config", "set", "min-expires", "2m")
    assert phones(house, "anna").register(expires=60).code == 200
    assert house.sipctl("config", "diff", check=1).stdout
    house.sipctl("config", "apply", "-m", "longer")
    assert house.status()["generation"] == first + 1
    r = phones(house, "anna").register(expires=60)
    assert r.code == 423 and r.get("min-expires") == "120"
    assert house.pids() == before, "a live setting restarts nobody"
    assert "longer" in house.sipctl("config", "history").stdout
    house.sipctl("config", "rollback")
    assert phones(house, "anna").register(expires=60).code == 200


def test_set_keeps_comments_and_order(house):
    conf = house.etc / "sip.conf"
    conf.write_text("# mine\n" + conf.read_text() + "   # at the end\n")
    before = conf.read_text()
    house.sipctl("config", "set", "timer-b", "7s")
    after = conf.read_text()
    assert after.startswith("# mine\n") and "   # at the end\n" in after
    kept = [line for line in after.splitlines() if not line.split()[:1] == ["timer-b"]]
    assert kept == [line for line in before.splitlines() if not line.split()[:1] == ["timer-b"]]


def test_set_refuses_nonsense(house):
    before = (house.etc / "sip.conf").read_bytes()
    r = house.sipctl("config", "set", "timer-b", "8sec", check=False)
    assert r.returncode != 0 and "8sec" in r.stderr
    assert (house.etc / "sip.conf").read_bytes() == before


def test_unconfirmed_reverts(house):
    first = in_force(house, "max-contacts")
    house.sipctl("config", "set", "max-contacts", "3")
    house.sipctl("config", "apply", "--confirm", "2s")
    assert in_force(house, "max-contacts") == "3"
    eventually(lambda: in_force(house, "max-contacts") == first, 10, 0.2, "the old generation")


def test_confirmed_stays(house, phones):
    house.sipctl("config", "set", "max-contacts", "1")
    house.sipctl("config", "apply", "--confirm", "60s")
    house.sipctl("config", "confirm")
    phones(house, "anna").registered()
    assert phones(house, "anna").register().code == 403


def test_apply_survives_kill(house, phones):
    """What was applied is what the next process starts with; an edit is not."""
    house.sipctl("config", "set", "min-expires", "2m")
    house.sipctl("config", "apply")
    house.sipctl("config", "set", "min-expires", "1m")
    before = house.pids()
    house.kill("regd")
    house.back(before, ["regd"])
    assert phones(house, "anna").register(expires=60).code == 423


def test_media_policy_changes_live(house, phones):
    house.sipctl("config", "set", "media-policy", "always")
    house.sipctl("config", "apply")
    from lib import sdp
    anna, bert = (phones(house, u).registered() for u in ("anna", "bert"))
    call = anna.invite("bert", sdp.offer(house.phone_ip, 14000))
    request = bert.wait_request("INVITE")
    assert sdp.audio(request.body) != (house.phone_ip, 14000)
    assert sdp.audio(request.body)[0] == house.ip
    bert.reply(request, 486, to_tag="x")
    assert call.finish().code == 486
    house.idle()


def test_processors_restarts_sipd(house, phones):
    phones(house, "anna").registered()
    before = house.pids()
    house.sipctl("config", "set", "processors", "1")
    house.sipctl("config", "apply")
    house.back(before, ["sipd"])
    after = house.pids()
    assert {n for n in before if before[n] != after[n]} == {"sipd"}
    assert house.contacts("anna")
    anna = phones(house, "anna")
    assert anna.transact(anna.request("OPTIONS", f"sip:{house.domain}")).code == 200


@pytest.mark.parametrize("name", ["sipd", "regd", "routed", "mediad", "gwregd"])
def test_restart(house, phones, name):
    phones(house, "anna").registered()
    before = house.pids()
    house.sipctl("restart", name)
    house.back(before, [name])
    assert {n for n, p in house.pids().items() if p != before[n]} == {name}
    assert house.contacts("anna")


def test_down_and_up_finds_registrations(house, phones):
    phones(house, "anna").registered()
    contacts = house.contacts("anna")
    house.down()
    house.up()
    assert house.contacts("anna") == contacts


def test_describe_and_show(house):
    text = house.sipctl("config", "describe", "timer-b").stdout
    assert "10s" in text and "INVITE" in text
    shown = house.sipctl("config", "show").stdout
    assert "timer-b" in shown and "media-policy" in shown
    changed = house.sipctl("config", "show", "--changed").stdout
    assert "timer-t1" in changed and "media-policy" not in changed


def test_route_test(house, phones):
    phones(house, "bert").registered()
    r = house.json("route", "test", f"sip:bert@{house.domain}")
    assert r["result"] == "route" and r["targets"], r
    assert all({"file", "line", "text", "matched", "why"} <= set(s) for s in r["steps"]) and r["steps"]
    r = house.json("route", "test", f"sip:nobody-here@{house.domain}", check=1)
    assert r["result"] == "reject" and r["code"] == 404
    r = house.json("route", "test", "sip:x@foreign.test", check=1)
    assert r["result"] == "reject" and r["code"] in (403, 404, 407)


def test_escape_sequences_do_not_reach_the_screen(house, phones):
    """S47: what came from the network is shown, but never obeyed."""
    phone = phones(house, "anna")
    phone.registered(headers=[("User-Agent", "evil\x1b[2J\x07 phone")])
    out = house.sipctl("reg", "show", f"anna@{house.domain}").stdout
    assert "evil" in out or "phone" in out or out
    assert "\x1b" not in out and "\x07" not in out


def test_log(house, phones):
    phones(house, "anna", password="wrong").register()
    out = house.sipctl("log", "--last", "5m").stdout
    assert out.strip()
    assert "\x1b" not in out


def test_aliases_of_an_address_and_of_a_domain(house):
    house.sipctl("alias", "add", f"boss@{house.domain}", f"anna@{house.domain}")
    house.sipctl("alias", "add", "@old.test", f"@{house.domain}")
    for address in f"sip:boss@{house.domain}", "sip:boss@old.test":
        steps = house.json("route", "test", address, check=1)["steps"]
        assert any(f"anna@{house.domain}" in s["why"] for s in steps if s["matched"]), steps
    assert {row["alias"] for row in house.json("alias", "list")} == {f"boss@{house.domain}", "@old.test"}
    house.sipctl("alias", "del", "@old.test")
    assert [row["alias"] for row in house.json("alias", "list")] == [f"boss@{house.domain}"]


def test_lan_networks_come_from_the_interfaces(houses):
    """Row 153: the private networks of the machine, unless the administrator names them."""
    with internet() as net, net.server().inside() as _:
        house = houses().init()
        text = (house.etc / "sip.conf").read_text()
        assert "\nlan-networks [10.0.0.0/24]\n" in text, text
        named = houses(settings={"lan-networks": "10.1.0.0/16"}).init()
        assert (named.etc / "sip.conf").read_text().count("\nlan-networks 10.1.0.0/16\n") == 1
