"""The router as its users see it: who rings, who rings later, and by which way a call
goes. Strangers and the outside; sixty of them against a dial plan (S16)."""
import pytest

from lib import sdp
from lib.certs import Authority
from lib.house import free_ports
from lib.kamailio import Neighbour
from lib.sip import Call, Phone
from lib.talk import accept, body, conversation


@pytest.fixture(scope="module")
def home(shared_houses):
    house = shared_houses(settings={"media-policy": "never"}).start()
    house.import_users(["anna", "bert", "carl"])
    return house


@pytest.fixture
def people(home, phones):
    """anna with two devices, bert, carl: all on the wire."""
    p = {name: phones(home, name).registered() for name in ("anna", "bert", "carl")}
    p["anna2"] = phones(home, "anna").registered()
    yield p
    for scope in ("anna", "bert", "carl", "@" + home.domain, "*"):
        home.sipctl("rules", "del", scope, check=False)
    for phone in p.values():
        phone.register(expires=0)


def rules(house, scope, text):
    house.sipctl("rules", "set", scope, "-", input=text)


def call(caller, target):
    return caller.invite(target, body(caller))


def rings(phone, c):
    """The other side of call c, once it rings there."""
    request = phone.wait_request("INVITE", call_id=c.call_id)
    other = Call.from_invite(phone, request)
    other.ring()
    c.wait_code(180)
    return other


def answers(phone, other, c):
    accept(phone, other.request, to_tag=other.local_tag)
    c.established()
    phone.wait_request("ACK", call_id=c.call_id)
    other.send_bye()
    c.wait_bye()
    assert phone.wait(lambda m: not m.is_request and m.method == "BYE", what="200 to BYE").code == 200


def is_cancelled(phone, other):
    m = phone.wait_request("CANCEL", call_id=other.call_id)
    phone.reply(m, 200)
    phone.reply(other.request, 487, to_tag=other.local_tag)
    phone.wait_request("ACK", call_id=other.call_id)


def steps(house, *args, check=True):
    return house.json("route", "test", *args, check=check)


# ---- rules ---------------------------------------------------------------------


def test_two_devices_then_another_number(home, people):
    """Row 100: after a time somebody else instead; both devices stop ringing."""
    rules(home, "anna", "after 1s carl\n")
    c = call(people["bert"], "anna")
    ringing = [rings(people[name], c) for name in ("anna", "anna2")]
    carl = rings(people["carl"], c)
    for name, other in zip(("anna", "anna2"), ringing):
        is_cancelled(people[name], other)
    answers(people["carl"], carl, c)
    assert home.figure("sipd", "stages") >= 1


def test_later_outlives_a_kill(home, people):
    """What is to happen later happens, though sipd is another process by then."""
    rules(home, "bert", "after 3s carl\n")
    c = call(people["anna"], "bert")
    bert, before = rings(people["bert"], c), home.pids()
    home.kill("sipd")
    home.back(before, ["sipd"])
    carl = rings(people["carl"], c)
    is_cancelled(people["bert"], bert)
    answers(people["carl"], carl, c)


def test_at_once_when_nothing_is_registered(home, people):
    rules(home, "anna", "after 60s carl\n")
    for name in ("anna", "anna2"):
        people[name].register(expires=0)
    c = call(people["bert"], "anna")
    answers(people["carl"], rings(people["carl"], c), c)


def test_busy_goes_to_another_account(home, people):
    rules(home, "bert", "busy carl\n")
    c = call(people["anna"], "bert")
    request = people["bert"].wait_request("INVITE", call_id=c.call_id)
    people["bert"].reply(request, 486, to_tag="busy")
    people["bert"].wait_request("ACK", call_id=c.call_id)
    answers(people["carl"], rings(people["carl"], c), c)


def test_rings_besides(home, people):
    """Simultaneous ring: whoever answers first; the other hears CANCEL."""
    rules(home, "bert", "ring carl\n")
    c = call(people["anna"], "bert")
    bert, carl = rings(people["bert"], c), rings(people["carl"], c)
    accept(people["carl"], carl.request, to_tag=carl.local_tag)
    c.established()
    is_cancelled(people["bert"], bert)
    carl.send_bye()
    c.wait_bye()


def test_full_rules(home, people):
    """Priorities, conditions, a refusal; the server's before the account is known."""
    rules(home, "bert", f'rule "not anna" {{\n  priority 9\n  when from is anna@{home.domain}\n'
                        '  when operation in [INVITE, MESSAGE]\n  reject 486 "Not Now"\n}\n')
    c = call(people["anna"], "bert")
    assert (c.finish().code, c.final.start.split(" ", 2)[2]) == (486, "Not Now")
    c = call(people["carl"], "bert")
    answers(people["bert"], rings(people["bert"], c), c)
    rules(home, "*", f'rule moved {{\n  when to is bert@{home.domain}\n  redirect carl\n}}\n')
    c = call(people["anna"], "bert")
    answers(people["carl"], rings(people["carl"], c), c)
    wrong = home.sipctl("rules", "set", "bert", "-", input="rule x {\n  when form is a\n  stop\n}\n", check=1)
    assert 'line 2: there is no "form" to look at; did you mean "from"?' in wrong.stderr


def test_rules_end_with_their_account(home):
    home.add_user("dora")
    rules(home, "dora", "busy anna\n")
    assert f"dora@{home.domain}" in home.sipctl("rules", "list", "-o", "name").stdout
    home.sipctl("user", "del", "dora")
    assert home.json("rules", "list") == []


def test_authenticated_condition(home, people, phones):
    """Who claims to be somebody is taken at his word only once it is proved."""
    rules(home, "bert", "rule strangers {\n  when authenticated is no\n  reject 403 Strangers\n}\n")
    c = call(people["anna"], "bert")
    answers(people["bert"], rings(people["bert"], c), c)
    stranger = phones(home, "x", password="y", domain="far.test")
    c = stranger.invite(f"bert@{home.domain}", sdp.offer(home.phone_ip, 14000))
    assert c.finish().code == 403


# ---- the directory ---------------------------------------------------------------


def test_group(home, people):
    home.sipctl("group", "add", "all", "anna", "bert")
    c = call(people["carl"], "all")
    ringing = {name: rings(people[name], c) for name in ("anna", "anna2", "bert")}
    accept(people["bert"], ringing["bert"].request, to_tag=ringing["bert"].local_tag)
    c.established()
    for name in ("anna", "anna2"):
        is_cancelled(people[name], ringing[name])
    ringing["bert"].send_bye()
    c.wait_bye()
    home.sipctl("group", "set", "all", "carl")
    assert [t["aor"] for t in steps(home, "all")["targets"]] == [f"carl@{home.domain}"]
    home.sipctl("group", "del", "all")
    steps(home, "all", check=1)


def test_extension_number_and_path(home, people):
    """201 of the domain, a number of the world, a host by way of us."""
    home.sipctl("alias", "add", "201", "bert")
    home.sipctl("number", "add", "+44 20 7123 4567", "bert")
    for target in ("201", "+442071234567", f"+442071234567%25{home.domain}", f"bert%25{home.domain}"):
        c = call(people["anna"], target)
        answers(people["bert"], rings(people["bert"], c), c)
    assert home.sipctl("number", "add", "12345", "bert", check=1).stderr.startswith("sipctl: bad number")
    home.sipctl("number", "del", "+442071234567")
    home.sipctl("alias", "del", "201")


def test_import_and_export(home, tmp_path):
    """What is exported can be imported; what is wrong is named by its line."""
    (tmp_path / "a.csv").write_text("alias,target\nx1,anna\nx2,bert\nx3@nowhere.test,anna\n")
    r = home.sipctl("alias", "import", tmp_path / "a.csv", check=6)
    assert f"{tmp_path}/a.csv:4: x3@nowhere.test: domain not served" in r.stderr and "2 added, 1 rejected" in r.stdout
    (tmp_path / "g.ndjson").write_text('{"group":"g1","members":"anna bert"}\n')
    home.sipctl("group", "import", tmp_path / "g.ndjson", "--dry-run")
    assert home.json("group", "list") == []
    home.sipctl("group", "import", tmp_path / "g.ndjson")
    for noun in ("alias", "group"):
        text = home.sipctl(noun, "export").stdout
        for row in home.json(noun, "list"):
            home.sipctl(noun, "del", row[noun])
        assert home.json(noun, "list") == []
        home.sipctl(noun, "import", "-", input=text)
        assert sorted(home.sipctl(noun, "export").stdout.split("\n")) == sorted(text.split("\n"))
        for row in home.json(noun, "list"):
            home.sipctl(noun, "del", row[noun])


def test_domains_come_and_go(home):
    home.sipctl("domain", "add", "second.test")
    assert [d["domain"] for d in home.json("domain", "list")] == [home.domain, "second.test"]
    home.sipctl("alias", "add", "x@second.test", "anna")
    assert home.json("domain", "show", "second.test")[0]["aliases"] == 1
    assert steps(home, "x@second.test", check=False)["uri"]
    home.sipctl("alias", "del", "x@second.test")
    assert "stands in sip.conf" in home.sipctl("domain", "del", home.domain, check=1).stderr
    home.sipctl("domain", "del", "second.test")
    assert [d["domain"] for d in home.json("domain", "list")] == [home.domain]


# ---- routes.conf -----------------------------------------------------------------


def routes(house, text):
    (house.etc / "routes.conf").write_text(text)
    house.sipctl("config", "apply")


def test_records_are_explained(home):
    routes(home, "NoRelay:<9*> = *@anna-is-not\n; a comment\n<00(6-15d)*> = +*@telnum\n<desk> = bert\n")
    r = steps(home, "desk", check=False)
    records = [(s["line"], s["matched"], s["why"]) for s in r["steps"] if s["file"] == "routes.conf"]
    assert records[:3] == [(1, False, 'the local part does not start with "9"'),
                           (3, False, 'the local part does not start with "00"'),
                           (4, True, f"rewritten to bert@{home.domain}")], records
    assert "RESULT" in home.sipctl("route", "test", "desk", check=False).stdout
    home.sipctl("route", "test", "desk", "--expect", f"aor=bert@{home.domain}", check=False)
    r = home.sipctl("route", "test", "0012345", "--expect", "code=404")
    assert r.returncode == 0


def test_why_not(home):
    """One record alone: why it is not the one, before or behind the one that is."""
    routes(home, "<7(2d)*> = bert\n<79*> = carl\n<(3-4d)*> = anna\n")
    for number, line, why in (("712", 3, "it matches, but so does line 1 before it"),
                              ("712", 2, 'the local part does not start with "79"'),
                              ("7123", 1, 'not 2 digits after "7"')):
        r = steps(home, number, "--why-not", str(line), check=False)
        said = [(s["line"], s["why"]) for s in r["steps"] if s["file"] == "routes.conf" and not s["matched"]]
        assert said[0] == (line, why), said
    routes(home, "")


def test_faults_touch_nothing(home):
    """All of them in one run, with a mark under each; the running table stays."""
    routes(home, "<desk> = bert\n")
    (home.etc / "routes.conf").write_text("<1* = a\nSingal:<2> = b\n<(9-3d)*> = c\n<desk> = anna\n")
    r = home.sipctl("config", "check", check=1)
    for said in ('routes.conf:1:3: error: ">" is missing', 'routes.conf:2:1: error: unknown prefix "Singal:"; '
                 'did you mean "Signal:"?', "routes.conf:3:2: error: the count is upside down", "3 errors"):
        assert said in r.stderr, r.stderr
    assert r.stderr.count("^") == 3
    home.sipctl("config", "apply", check=1)
    assert steps(home, "desk", check=False)["steps"][-2]["why"] != f"anna@{home.domain}"
    routes(home, "")


def test_dial_plan_has_tests_of_its_own(home, tmp_path):
    """Offline: what a file of addresses expects, and where it is disappointed."""
    (tmp_path / "routes.conf").write_text("NoRelay:<0*> = *@out.sipgw\n<desk> = anna\n<desk2> = bert\n<desk*> = carl\n")
    good = (f"domain second.test\ngateway out\naccount anna\naccount bert +15551230101\nalias x anna\n"
            "# calls\n0123 gateway=out user=123 code=407 line=1\n0123 from=anna code=407\ndesk aor=anna@{d} line=2\n"
            "x@{d} aor=anna@{d}\ntel:+15551230101 aor=bert@{d}\nnobody code=404 none\n").format(d=home.domain)
    tests = tmp_path / "routes.test"
    tests.write_text(good)
    r = home.sipctl("route", "check", tmp_path / "routes.conf", "--tests", tests)
    assert "6 tests" in r.stdout, r.stdout
    tests.write_text(good + "desk aor=bert@house.test\n0123 line=2\n")
    r = home.sipctl("route", "check", tmp_path / "routes.conf", "--tests", tests, check=1)
    assert f'{tests}:13:1: error: aor is "anna@{home.domain}"' in r.stderr, r.stderr
    assert f"{tests}:14:1: error: this record did not match" in r.stderr, r.stderr


def test_places_are_found(home, people):
    """Where the devices are, and what becomes of their media; a name that nobody knows."""
    r = steps(home, "carl")
    places = r["targets"][0]["places"]
    assert places == [{"peer": f"udp:{people['carl'].sent_by}", "relayed": False, "media": "by media-policy"}], places
    said = [s["why"] for s in r["steps"] if s["text"] == "place"]
    assert said == [f"udp:{people['carl'].sent_by}, media direct: by media-policy"]
    r = steps(home, "x@nowhere.invalid", "--from", "anna")
    assert r["targets"][0]["places"] == [] and r["steps"][-1]["text"] == "place" and not r["steps"][-1]["matched"]


def test_candidate_before_it_is_in_force(home, tmp_path):
    (tmp_path / "next.conf").write_text("<desk2> = anna\n")
    home.sipctl("route", "test", "desk2", check=1)
    r = home.json("route", "test", "desk2", "--file", tmp_path / "next.conf", check=False)
    assert any(s["line"] == 1 and s["matched"] for s in r["steps"])
    (tmp_path / "bad.conf").write_text("<desk2 = anna\n")
    assert "candidate:1:6:" in home.sipctl("route", "test", "desk2", "--file", tmp_path / "bad.conf", check=1).stderr


# ---- outside ---------------------------------------------------------------------


def test_forwarder_to_another_domain(houses, peers, tmp_path):
    """A stranger's call to a name of ours that is elsewhere goes there: Debian's Kamailio."""
    house = houses(settings={"media-policy": "never"}).start()
    house.add_user("anna")
    authority = Authority(tmp_path / "authority")
    neighbour = peers(Neighbour(tmp_path, free_ports(4), authority)).start()
    nora = Phone(neighbour, "nora").registered()
    anna = Phone(house, "anna").registered()
    try:
        house.set("relay-via", f"sip:{neighbour.ip}:{neighbour.port}")
        neighbour.next_hop(f"sip:{house.ip}:{house.port}")
        house.sipctl("forwarder", "add", "nora", f"nora@{neighbour.domain}")
        aor, nora.aor = nora.aor, f"sip:nora@{house.domain}"
        conversation(anna, nora, proxies=2)
        nora.aor = aor
    finally:
        anna.close()
        nora.close()


def test_a_stranger_is_asked_who_he_is(home, people, phones):
    outside = phones(home, "far", domain="far.test")
    where = f"far@{outside.sent_by}"
    routes(home, f"NoRelay:<far> = far@[{home.phone_ip}]:{outside.sent_by.split(':')[1]}\n")
    mallory = phones(home, "mallory", password="x", domain="elsewhere.test")
    for target in (where, f"far@{home.domain}"):
        m = mallory.request("INVITE", f"sip:{target}", body=body(mallory))
        assert mallory.transact(m).code == 407
    outside.silent()
    c = call(people["anna"], f"far@{home.domain}")      # she answers the challenge
    answers(outside, rings(outside, c), c)
    routes(home, "")


def test_s16_sixty_strangers(home, phones):
    """Sixty ways to make a dial plan pay: nothing reaches the exchange."""
    exchange = phones(home, "exchange", domain="pstn.test")
    port = exchange.sent_by.split(":")[1]
    routes(home, f"NoRelay:S:<00(6-15d)*> = +*@telnum\nS:<+*@telnum> = 00*@pstn\nS:<9*> = *@pstn\n"
                 f"NoRelay:S:<*@pstn> = *@[{home.phone_ip}]:{port}\nold.test = {home.domain}\n")
    home.sipctl("alias", "add", "@alias.test", f"@{home.domain}")
    mallory, wrong = phones(home, "mallory", password="x", domain="elsewhere.test"), []
    numbers = ["0015551234567", "+15551234567", "95551234567"]
    forms = ["{n}@{d}", "{n}@{ip}", "{n}@{ip}:5060;user=phone", "{n}@alias.test", "{n}@old.test", "{n}@telnum",
             "{n}@pstn", "{n}%25pstn@{d}", "{n}%25telnum@{d}", "{n}%25{d}@{d}", "{n}%40pstn@{d}", "pstn!{n}@{d}",
             "{d}!pstn!{n}@{d}", "%40pstn%3A{n}@{d}", "{n}%25pstn%25{d}@{d}", "{n}%25pstn@old.test",
             "{n}%25pstn@alias.test", "{n}@pstn.udp", "{n}%25pstn@{ip}.via", "{n}%25pstn.udp@{d}"]
    ways = [f"sip:{f.format(n=n, d=home.domain, ip=home.ip)}" for f in forms for n in numbers]
    assert len(ways) >= 60
    for way in ways:
        r = mallory.transact(mallory.request("INVITE", way, body=body(mallory)))
        if r.code not in (403, 404, 407, 482):
            wrong.append((way, r.start))
    assert not wrong, wrong
    exchange.silent()
    home.sipctl("alias", "del", "@alias.test")
    routes(home, "")
