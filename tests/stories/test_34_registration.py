"""A REGISTER to the letter: RFC 3261 section 10.3, RFC 3327, 3608, 5626; S10, S11."""
import email.utils
import itertools
import time

import pytest
from lib.message import params_of
from lib.wait import eventually

SETTINGS = {"service-route": '"<sip:edge.house.test;lr>"', "flow-timer": "90s"}
INSTANCE = '"<urn:uuid:00000000-0000-1000-8000-00000000000%x>"'


@pytest.fixture(scope="module")
def home(shared_houses):
    house = shared_houses(settings=SETTINGS).start()
    house.import_users(["anna", "bert"])
    return house


@pytest.fixture
def anna(home, phones):
    yield from clean(home, phones, "anna")


@pytest.fixture
def bert(home, phones):
    yield from clean(home, phones, "bert")


def clean(home, phones, user, **how):
    phone = phones(home, user, **how)
    yield phone
    home.sipctl("reg", "del", user, check=False)


def bindings(house):
    """As they are kept, but for their time."""
    rows = house.json("reg", "list")
    for row in rows:
        row.pop("expires_s")
    return rows


def flow(phone, which=1, reg_id=1, more=""):
    return f"<{phone.contact};ob>;+sip.instance={INSTANCE % which};reg-id={reg_id}{more}"


def through(phone, *paths, hops=1):
    """Headers of a REGISTER that came through proxies."""
    return [("Via", f"SIP/2.0/UDP far{i}.test;branch=z9hG4bK{i}") for i in range(hops)] + \
        [("Path", p) for p in paths]


def test_answer(anna):
    """Date, the service route, and nothing about flows."""
    r = anna.register()
    assert r.code == 200
    assert r.get("service-route") == "<sip:edge.house.test;lr>"
    assert abs(email.utils.parsedate_to_datetime(r.get("date")).timestamp() - time.time()) < 60
    assert r.get("require") is None and r.get("flow-timer") is None


def test_features_are_kept(anna):
    """RFC 3840: what the phone says of itself, word for word."""
    says = ';q=0.5;methods="INVITE,BYE";audio;+sip.rendering="no";description="<a, b>"'
    found = anna.register(contact=f"<{anna.contact}>{says}").get("contact")
    for word in says[1:].split(";"):
        assert word in found
    assert anna.register(contact=f"<{anna.contact}>;q=2").code == 400


# ---- Path ------------------------------------------------------------------

def test_path(home, anna, bert):
    """RFC 3327 section 5.3 and 5.4: kept in order, repeated, and the way back."""
    paths = [f"<{bert.contact};lr>", "<sip:far.test;lr>"]
    r = anna.register(headers=[("Supported", "path")] + through(anna, *paths))
    assert r.code == 200
    assert [v for n, v in r.headers if n.lower() == "path"] == paths
    assert home.json("reg", "show", "anna")[0]["path"] == paths


def test_path_that_the_phone_does_not_know(home, anna):
    r = anna.register(headers=through(anna, "<sip:far.test;lr>"))
    assert (r.code, r.get("unsupported")) == (420, "path")
    assert not bindings(home)


def test_required(anna):
    r = anna.register(headers=[("Require", "path, outbound, gruu")])
    assert (r.code, r.get("unsupported")) == (420, "gruu")


# ---- flows -------------------------------------------------------------------

def test_flow(anna):
    r = anna.register(contact=flow(anna), headers=[("Supported", "path, outbound")])
    assert r.code == 200
    assert (r.get("require"), r.get("flow-timer")) == ("outbound", "90")
    got = params_of(r.get("contact"))
    assert got["reg-id"] == "1" and got["+sip.instance"].strip('"') == INSTANCE.strip('"') % 1


def test_no_flow_without_instance(anna):
    """Section 6: the reg-id is ignored."""
    r = anna.register(contact=f"<{anna.contact}>;reg-id=1", headers=[("Supported", "path, outbound")])
    assert r.code == 200 and r.get("require") is None and "reg-id" not in r.get("contact")


@pytest.mark.parametrize("paths", [[], ["<sip:edge.test;lr>"], ["<sip:core.test;lr;ob>", "<sip:edge.test;lr>"]])
def test_first_hop_keeps_no_flows(home, anna, paths):
    r = anna.register(contact=flow(anna), headers=[("Supported", "path, outbound")] + through(anna, *paths))
    assert r.code == 439
    assert not bindings(home)
    r = anna.register(contact=flow(anna), headers=[("Supported", "path")] + through(anna, *paths))
    assert r.code == 200 and r.get("require") is None and "reg-id" not in r.get("contact")


def test_edge_keeps_flows(anna):
    """RFC 5626 section 9.3: Path with "ob" from the proxy that the phone talks to."""
    r = anna.register(contact=flow(anna), headers=[("Supported", "path, outbound")] +
                      through(anna, "<sip:core.test;lr>", "<sip:edge.test;lr;ob>", hops=2))
    assert r.code == 200 and r.get("require") == "outbound"


def test_flow_replaces_flow(home, anna, phones):
    """The same instance and reg-id from elsewhere: the old contact is gone; another reg-id stands beside it."""
    other = phones(home, "anna", transport="tcp")
    for phone, reg_id, left in ((anna, 1, 1), (other, 1, 1), (anna, 2, 2)):
        assert phone.register(contact=flow(phone, reg_id=reg_id)).code == 200
        assert len(bindings(home)) == left
    assert {b["transport"] for b in bindings(home)} == {"tcp", "udp"}


def test_one_flow_a_request(home, anna):
    two = f"{flow(anna)}, <{anna.contact};x=1>"
    assert anna.register(contact=two).code == 400
    assert not bindings(home)
    assert anna.register(contact=f"{flow(anna)}, <{anna.contact};x=1>;expires=0").code == 200


def test_flows_only(houses, phones):
    """outbound-required: 421 for everybody else."""
    house = houses(settings={"outbound-required": "on"}).start()
    house.import_users(["anna"])
    phone = phones(house, "anna")
    r = phone.register()
    assert (r.code, r.get("require")) == (421, "outbound")
    assert phone.register(contact=flow(phone)).code == 200


def test_lost_flow(home, anna, bert, phones):
    """Suspended at once, shown, skipped; the phone comes again and is called again."""
    far = phones(home, "bert", transport="tcp")
    assert far.register(contact=flow(far)).code == 200
    assert bindings(home)[0]["state"] == "ok"
    far.wire.close()
    eventually(lambda: bindings(home)[0]["state"] == "lost")
    assert anna.registered().invite("bert", b"").finish(timeout=3).code == 480
    again = phones(home, "bert", transport="tcp")
    assert again.register(contact=flow(again)).code == 200
    assert [b["state"] for b in bindings(home) if b["aor"].startswith("bert@")] == ["ok"]
    call = anna.invite("bert", b"")
    again.reply(again.wait_request("INVITE"), 486, to_tag="x")
    assert call.finish().code == 486


# ---- S10 ---------------------------------------------------------------------

def test_hijack(home, anna, bert):
    """Each case leaves bert's bindings as they were, octet for octet."""
    bert.registered(cseq=50)
    before = bindings(home)
    uri = f"sip:{home.domain}"
    cseq = itertools.count(900)
    used = bert.register_cseq     # ask() counts on when it is challenged

    def attempt(phone, to, contact, expires, call_id="x", n=None):
        m = phone.request("REGISTER", uri, to=to, call_id=call_id, contact=False, cseq=n or next(cseq),
                          headers=[("Contact", contact), ("Expires", str(expires))])
        return phone.ask(m)[1].code

    mine, theirs = f"<{anna.contact}>", f"<{bert.contact}>"
    assert attempt(anna, bert.aor, mine, 300) == 403
    assert attempt(anna, bert.aor, theirs, 0) == 403
    assert attempt(anna, bert.aor, "*", 0) == 403
    assert attempt(anna, f"sip:BERT@{home.domain}", mine, 300) == 403
    assert attempt(anna, f"sip:%62ert@{home.domain}", mine, 300) == 403
    assert attempt(anna, f"sip:nobody@{home.domain}", mine, 300) in (403, 404)
    assert attempt(bert, bert.aor, "*", 3600) == 400
    assert attempt(bert, bert.aor, f"*, {theirs}", 0) == 400
    assert attempt(bert, bert.aor, f"{mine}, {theirs};expires=1", 300) == 423
    assert attempt(bert, bert.aor, theirs, 0, bert.register_id, used - 2) == 500
    assert attempt(bert, bert.aor, f"{mine}, {theirs}", 300, bert.register_id, used - 2) == 500
    assert attempt(bert, bert.aor, "*", 0, bert.register_id, used - 2) == 500
    assert bindings(home) == before


# ---- S11 ---------------------------------------------------------------------

def test_poisoned(home, anna):
    own = [f"sip:anna@{home.domain}", f"sip:bert@{home.domain}", f"sip:bert@{home.domain}:6000",
           f"sip:{home.ip}", f"sip:x@{home.ip}:{home.port}", f"sips:bert@{home.domain}"]
    nobody = ["sip:x@224.0.1.75", "sip:x@[ff02::1]:5060", "sip:x@0.0.0.0", "sip:x@255.255.255.255"]
    for uri in own + nobody:
        assert anna.register(contact=f"<{uri}>").code == 403, uri
        assert anna.register(contact=f"<{anna.contact}>, <{uri}>").code == 403, uri
    for long in (3000, 60000):
        assert anna.register(contact=f"<sip:{'x' * long}@{anna.sent_by}>").code in (400, 413)
    many = ", ".join(f"<sip:anna@{home.ip}:{7000 + i}>" for i in range(11))
    assert anna.register(contact=many).code == 403
    assert not bindings(home)
    many = ", ".join(f"<sip:anna@{home.ip}:{7000 + i}>" for i in range(10))
    assert anna.register(contact=many).code == 200
    assert anna.register(contact=f"<sip:{home.domain}>", expires=0).code == 200    # takes nothing, harms nobody


# ---- whose registrar ----------------------------------------------------------

def test_domains(houses, phones):
    """Row 85: the domains that are listed, which may be an address, our own too; nobody there: 404."""
    house = houses().init()
    with open(house.etc / "sip.conf", "a") as conf:
        conf.write(f"domain {house.ip}\n")
    house.up()
    house.import_users(["anna"])
    house.sipctl("user", "add", f"zoe@{house.ip}", "--password-file", "-", input="secret\n")
    anna, zoe = phones(house, "anna").registered(), phones(house, "zoe", password="secret", domain=house.ip)
    assert zoe.register().code == 200
    call = anna.invite(f"zoe@{house.ip}", b"")
    zoe.reply(zoe.wait_request("INVITE"), 486, to_tag="x")
    assert call.finish().code == 486
    for nobody in (f"nobody@{house.domain}", f"anna@{house.ip}"):
        assert anna.invite(nobody, b"").finish().code == 404
    yan = phones(house, "yan", password="x", domain="elsewhere.test")
    assert yan.register().code == 407       # not ours to answer: only our users may send it on
