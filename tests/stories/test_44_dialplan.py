"""The dial plan without programming (rows 127, 130 to 136), with phones on both sides."""
import pytest

from lib import sdp
from lib.named import Named

SETTINGS = {"processors": "1", "timer-b": "2s", "dial-plan": "on"}
NATIONAL = ["dial-number national prefix 9 head 0 tail digits min-tail 3",
            "dial-to pstn @{ip}:5071 @{ip}:5072 @{ip}:5073",
            "dial-rule number national forward pstn prefix 00 relay"]


@pytest.fixture
def planned(houses, phones):
    """planned(lines, settings) -> house, a caller from elsewhere."""
    def make(lines, **settings):
        house = houses(settings=SETTINGS | settings).init()
        with open(house.etc / "sip.conf", "a") as f:
            f.writelines(line.format(ip=house.ip) + "\n" for line in lines)
        house.up()
        return house, phones(house, "anna", domain="else.test")
    return make


def call(house, phone, number):
    return phone.invite(f"{number}@{house.domain}", sdp.offer(phone.wire.local[0], 14000))


def answered(peer, code):
    request = peer.wait_request("INVITE")
    peer.reply(request, code, to_tag="x")
    peer.wait_request("ACK")
    return request


def ways(house, phones, n=3):
    return [phones(house, "peer", port=5071 + i) for i in range(n)]


def test_next_way_after_a_failure(planned, phones):
    """Row 133: 5xx and 6xx lead on, the last answer counts."""
    house, anna = planned(NATIONAL)
    first, second, third = ways(house, phones)
    c = call(house, anna, "90123")
    assert answered(first, 503).uri == f"sip:000123@{house.ip}:5071"
    assert answered(second, 603).uri == f"sip:000123@{house.ip}:5072"
    assert answered(third, 486).uri == f"sip:000123@{house.ip}:5073"
    assert c.finish().code == 486
    assert house.figure("sipd", "ways_changed") == 2
    # Who is busy is busy by any way, who is not there too.
    for code in (486, 404):
        c = call(house, anna, "90123")
        answered(first, code)
        assert c.finish().code == code
    second.silent()
    # All are out of order: what the last one says.
    c = call(house, anna, "90123")
    for peer, code in ((first, 603), (second, 500), (third, 504)):
        answered(peer, code)
    assert c.finish().code == 504
    house.idle()


def test_next_way_without_an_answer(planned, phones):
    """Nothing at all (Timer B), a closed port, and one that only rings."""
    house, anna = planned(NATIONAL, **{"timer-b": "500ms", "fork-wait": "1s"})
    first, _, third = ways(house, phones)
    c = call(house, anna, "90123")
    ringing = first.wait_request("INVITE")
    first.reply(ringing, 180, to_tag="x")
    cancel = first.wait_request("CANCEL")
    first.reply(cancel, 200)
    first.reply(ringing, 487, to_tag="x")
    third_call = third.accept(third.wait_request("INVITE"), sdp.offer(house.ip, 14002), ack=False)
    c.established()
    third.wait_request("ACK")
    c.send_bye()
    third_call.wait_bye()
    house.idle()


def test_next_way_after_a_kill(planned, phones):
    """The next process goes on with the ways that are left."""
    house, anna = planned(NATIONAL)
    first, second, third = ways(house, phones)
    c = call(house, anna, "90123")
    request = first.wait_request("INVITE")
    first.reply(request, 180, to_tag="x")
    c.wait_code(180)
    before = house.pids()
    house.kill("sipd")
    house.back(before, ["sipd"])
    first.reply(request, 500, to_tag="x")
    answered(second, 486)
    assert c.finish().code == 486
    third.silent()
    house.idle()


def test_only_after_a_proof(planned, phones):
    """Actions auth and reject; without either the relay policy decides."""
    house, anna = planned([
        "dial-number away prefix 0 tail digits", "dial-number never head 0900 tail any",
        "dial-number free prefix 8", "dial-to out @{ip}:5071", "dial-to in bob@house.test",
        "dial-rule number never reject", "dial-rule number away auth forward out",
        "dial-rule number free forward out", "dial-rule auth forward in"])
    peer, = ways(house, phones, 1)
    house.add_users("bob", "carl")
    bob, carl = phones(house, "bob"), phones(house, "carl")
    bob.register()
    assert call(house, anna, "0123").finish().code == 407
    assert call(house, anna, "8123").finish().code == 407
    assert call(house, anna, "09001").finish().code == 403
    for number, called in (("0123", "123"), ("8456", "456")):
        c = call(house, carl, number)
        assert answered(peer, 486).uri == f"sip:{called}@{house.ip}:5071"
        assert c.finish().code == 486
    # Users here come first; whatever else there is goes to Bob.
    assert call(house, carl, "carl").finish().code == 480
    c = call(house, carl, "whoever")
    answered(bob, 486)
    assert c.finish().code == 486
    house.set("routing-order", "dial-plan")
    c = call(house, bob, "carl")
    answered(bob, 486)
    assert c.finish().code == 486
    house.idle()


def test_emergency(planned, phones):
    """Row 127: never refused, never asked for a credential."""
    house, anna = planned(["dial-number sos head 112 tail none", "dial-to out @{ip}:5071", "dial-rule number sos reject",
                           "dial-rule auth forward out"], **{"emergency-numbers": "112", "authenticate": "all"})
    peer, = ways(house, phones, 1)
    c = call(house, anna, "112")
    assert answered(peer, 486).uri == f"sip:112@{house.ip}:5071"
    assert c.finish().code == 486
    house.idle()


def test_fallback(planned, phones):
    """Row 131: only when where the call goes is out of order."""
    house, anna = planned(["dial-number bob head bob", "dial-to other carl@house.test", "dial-rule number bob forward other"],
                          **{"dial-plan": "fallback"})
    house.add_users("bob", "carl")
    bob, carl = phones(house, "bob"), phones(house, "carl")
    bob.register()
    carl.register()
    c = call(house, anna, "bob")
    answered(bob, 486)
    assert c.finish().code == 486
    c = call(house, anna, "bob")
    answered(bob, 500)
    answered(carl, 486)
    assert c.finish().code == 486
    c = call(house, anna, "carl")
    answered(carl, 500)
    assert c.finish().code == 500
    house.idle()


def test_enum_first(houses, phones, peers, tmp_path):
    """ENUM with a prefix, then forward; the number as it was dialled leads the way."""
    house = houses(settings=SETTINGS | {"enum-roots": "[e164.test]", "relay-to-non-clients": "anybody"})
    server = peers(Named(tmp_path, {"e164.test": "3.2.1.9.4 IN NAPTR 1 1 \"u\" \"E2U+sip\" "
                                    f"\"!^.*$!sip:found@{house.ip}:5072!\" .\n"})).start()
    house.settings["dns-servers"] = server.server
    house.init()
    with open(house.etc / "sip.conf", "a") as f:
        f.write(f"dial-number away prefix 0\ndial-to pstn @{house.ip}:5071\n"
                "dial-rule number away enum enum-prefix +49 forward pstn prefix 00\n")
    house.up()
    anna = phones(house, "anna", domain="else.test")
    pstn, ip = ways(house, phones, 2)
    c = call(house, anna, "0123")
    assert answered(ip, 486).uri == f"sip:found@{house.ip}:5072"
    assert c.finish().code == 486
    c = call(house, anna, "0124")
    assert answered(pstn, 486).uri == f"sip:00124@{house.ip}:5071"
    assert c.finish().code == 486
    house.idle()


def test_explained(planned):
    """Each line with its file and place; as if it were another time."""
    house, _ = planned(["time-class office mon-fri 08:00-18:00 zone Europe/Berlin", "dial-from out domain *",
                        "dial-number all tail any", "dial-to day day@house.test", "dial-to night night@house.test",
                        "dial-rule time office forward day", "dial-rule from out number all forward night"])
    house.add_users("day", "night")
    first = (house.etc / "sip.conf").read_text().split("\n").index("dial-rule time office forward day") + 1

    def lines(at):
        said = house.json("route", "test", f"1@{house.domain}", "--at", at, check=False)
        steps = [(s["line"], s["matched"], s["why"]) for s in said["steps"] if s["file"] == "sip.conf"]
        return steps, [s["why"] for s in said["steps"] if s["text"] == "account" and s["matched"]]
    # A Friday in March, by Berlin's clock; summer time begins on the Sunday.
    day = [(first, True, "this is what is done")], ["day@house.test"]
    night = [(first, False, "not at this time"), (first + 1, True, "this is what is done")], ["night@house.test"]
    assert lines("2026-03-27T07:00:00Z") == day
    assert lines("2026-03-27T16:59:59Z") == day
    assert lines("2026-03-27T17:00:00Z") == night
    assert lines("2026-03-30T05:59:59Z") == night
    assert lines("2026-03-30T06:00:00Z") == day
    # Read again by a router in its sandbox: by the clock of another place.
    text = (house.etc / "sip.conf").read_text()
    (house.etc / "sip.conf").write_text(text.replace("Europe/Berlin", "America/New_York"))
    house.sipctl("config", "apply")
    assert lines("2026-03-27T11:59:59Z") == night
    assert lines("2026-03-27T12:00:00Z") == day
    assert house.sipctl("route", "test", "1", "--at", "noon", check=2).stderr.count("2026-12-24T18:00:00Z")


def test_offline(houses, tmp_path):
    """The plan of etc/ is followed by the tests of a routes.conf, at the time they say."""
    house = houses().init()
    with open(house.etc / "sip.conf", "a") as f:
        f.write("dial-plan on\ntime-class night 20:00-06:00\ndial-to bo bo@house.test\ndial-rule time night forward bo\n")
    (tmp_path / "routes.conf").write_text("<8*> = *@out.example\n")
    good = "account bo@house.test\n81 at=2026-12-24T21:00:00Z aor=bo@house.test\n81 at=2026-12-24T19:59:59Z uri=sip:1@out.example\n"
    (tmp_path / "routes.test").write_text(good)
    house.sipctl("route", "check", tmp_path / "routes.conf", "--tests", tmp_path / "routes.test")
    (tmp_path / "routes.test").write_text(good.replace("21:00:00Z", "06:00:00Z") + "81 at=noon none\n")
    r = house.sipctl("route", "check", tmp_path / "routes.conf", "--tests", tmp_path / "routes.test", check=1)
    assert "routes.test:2:" in r.stderr and "noon" in r.stderr, r.stderr


def test_faults_are_told(planned):
    """All of them at once, with line, column and a suggestion; the running plan stays."""
    house, anna = planned(["dial-rule reject"])
    with open(house.etc / "sip.conf", "a") as f:
        f.write("dial-number x perfix 9\ndial-rule number y forward z\ntime-class t mon-frei\n")
    r = house.sipctl("config", "check", check=1)
    text = r.stdout + r.stderr
    for word in ('unknown word "perfix"; did you mean "prefix"?', 'there is no dial-number "y"', '"mon-frei" is no time'):
        assert word in text, text
    house.sipctl("config", "apply", check=1)
    assert call(house, anna, "x").finish().code == 403
    house.idle()
