"""The corpus of odd messages, file by file, and what follows each: every verdict
kept, nothing harmed, the next good request answered ("make torture" prints the
table); some odd messages of our own."""
import itertools
import re

import pytest

from lib import reader, torture
from lib.house import DAEMONS, free_address
from lib.sip import NoAnswer
from lib.torture import Bench, Case

# Hosts that messages of the corpus have in Route: they are us, so that the
# message goes on to relay-via.
ROUTES = ["services.example.com", "proxy1.example.com", "proxy2.example.com", "mail.ok2rab.nextra.cz"]
# must_find: what is bound then. The first two are one binding (section 19.1.4).
BINDINGS = {"cparam01.dat": ("watson", "sip:+19725552222@gw1.example.net"),
            "cparam02.dat": ("watson", "sip:+19725552222@gw1.example.net;unknownparam"),
            "regescrt.dat": ("user", "sip:user@example.com?Route=%3Csip:sip.example.com%3E")}
# Credentials and identities that are not for strangers (S13, S17).
REMOVED = (b"p-asserted-identity", b"p-preferred-identity", b"remote-party-id", b"diversion", b"history-info")


def served(houses, settings, domain, *domains):
    """A running house of one worker that serves these domains."""
    h = houses(domain=domain, settings={"processors": "1", "authenticate": "none", "blacklist-interval": "0s",
                                        "tcp-head-timeout": "1s", "tcp-message-timeout": "1s"} | settings).init()
    conf = h.etc / "sip.conf"
    conf.write_text(conf.read_text() + "".join(f"domain {d}\n" for d in domains))
    return h.up()


@pytest.fixture(scope="module")
def proxy(shared_houses):
    """All but its own domain's goes on to one address."""
    sink = free_address()
    house = served(shared_houses, {"relay-via": f"{sink}:5060", "relay-to-non-clients": "anybody"},
                   "house.test", *ROUTES)
    house.import_users(["anna", "bert"])
    with Bench(house) as b:
        b.sink(sink, 5060)
        yield b


@pytest.fixture(scope="module")
def registrar(shared_houses):
    """The domains of the corpus are its own."""
    house = served(shared_houses, {}, "example.com", "iptel.org", "voip.net", "registrar.example.com")
    house.import_users(["user", "j.user", "watson"])
    with Bench(house) as b:
        yield b


def complaint(case, got, arrived):
    """None, or what is wrong with this row."""
    if case.disputed:
        return None if got == case.refused else "disputed, and yet not refused"
    if not case.satisfied(got):
        return "not the verdict"
    if got != "forward":
        return None
    try:
        there = [reader.read(a) for a in arrived if not a.startswith(b"SIP/2.0")]
        return "; ".join(reader.changes(reader.read(case.data), there[0], REMOVED)) or None
    except reader.Illegal as e:
        return str(e)


def play(bench, cases, how="play"):
    rows = []
    for case in torture.apart(cases):
        got, arrived = getattr(bench, how)(case)
        wrong = complaint(case, got, arrived)
        if got == 200 and case.file in BINDINGS:
            user, uri = BINDINGS[case.file]
            bound = bench.house.contacts(user)
            wrong = wrong or (None if bound == [uri] else f"bound: {bound}")
        rows.append((case, got, wrong))
    return rows


def test_table(proxy, registrar, corpus):
    cases = list(itertools.chain(*(f(corpus) for f in (
        torture.rfc4475, torture.rfc5118, torture.kamailio, torture.sipgo, torture.pjsip))))

    def of(*roles):
        return [c for c in cases if c.role in roles]
    before = proxy.house.pids(), registrar.house.pids()
    rows = play(proxy, of("proxy", "any")) + play(proxy, of("response"), "play_response")
    rows += play(registrar, of("registrar", "registrar_without_auth"))
    registrar.house.idle()          # its file was here before: no repetition
    registrar.house.sipctl("config", "set", "authenticate", "local")
    registrar.house.sipctl("config", "apply")
    rows += play(registrar, of("registrar_with_auth"))
    registrar.house.sipctl("config", "rollback")
    rows.sort(key=lambda r: r[0].name)
    print("\n" + torture.table(rows))
    assert len(rows) == len(cases)
    assert not [r for r in rows if r[2]], "mismatches"
    assert before == (proxy.house.pids(), registrar.house.pids()), "a daemon was started again"


@pytest.mark.parametrize("file, answers", [("clerr.dat", False), ("ncl.dat", True), ("mcl01.dat", True)])
def test_stream_is_over(proxy, corpus, file, answers):
    """over_tcp: where it is in doubt what comes next on a stream, nothing does."""
    said = proxy.until_closed((corpus / "rfc4475" / file).read_bytes())
    assert said.startswith(b"SIP/2.0 400 ") if answers else said == b""
    assert said.count(b"SIP/2.0 ") <= 1


def test_stream_of_two(registrar, corpus):
    """over_tcp of dblreq: a REGISTER, then an INVITE."""
    case = next(c for c in torture.rfc4475(corpus) if c.file == "dblreq.dat")
    said = registrar.until_closed(case.renamed(9).data)     # the table has registered it
    assert sorted(re.findall(rb"(?m)^SIP/2.0 ([2-6]\d\d) ", said)) == [b"200", b"404"]


# ---- of our own -------------------------------------------------------------

OWN = [
    b"", b"\r\n", b"\0", b"\r\n\r\n", b"INVITE", b"INVITE sip:x SIP/2.0\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n",
    b"\x80\x00" + bytes(170), b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12),
    b"A" * 65000, b"INVITE sip:" + b"a" * 60000 + b" SIP/2.0\r\n\r\n",
    b"OPTIONS sip:x SIP/2.0\r\n" + b"Via: SIP/2.0/UDP x;branch=z9hG4bK1\r\n" * 1000 + b"\r\n",
    b"OPTIONS sip:x SIP/2.0\r\n" + b"X: y\r\n" * 9000 + b"\r\n",
    b"OPTIONS sip:x SIP/2.0\r\nX: y" + b"\r\n z" * 5000 + b"\r\n\r\n",
    b"OPTIONS sip:[::1 SIP/2.0\r\nVia: SIP/2.0/UDP [::\r\nFrom: <\r\nTo: \"\r\nCall-ID:\r\nCSeq: -1 X\r\n\r\n",
    b"REGISTER sip:house.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK2\r\nFrom: <sip:a@house.test>;tag=1"
    b"\r\nTo: <sip:a@house.test>\r\nCall-ID: x\r\nCSeq: 1 REGISTER\r\nContact: " + b"<sip:a@b>," * 3000 +
    b"<sip:a@b>\r\n\r\n",
]


def torture_with(house, phones, messages):
    """Sends each; between any two the house answers and is the same process."""
    phone = phones(house, "mallory", domain=house.domain)
    before = house.pids()
    for name, data in messages:
        if data:
            phone.wire.send(data)
        try:
            r = phone.transact(phone.request("OPTIONS", f"sip:{house.domain}"), 10)
        except NoAnswer as e:
            raise AssertionError(f"no answer after {name}: {e}") from e
        assert r.code == 200, f"after {name}: {r}"
        phone.inbox.clear()
    assert house.pids() == before, "a daemon was started again"
    assert set(before) == set(DAEMONS)


def test_own(proxy, phones):
    torture_with(proxy.house, phones, [(f"own {i}", data) for i, data in enumerate(OWN)])


def test_cut_at_every_length(proxy, phones):
    """A good INVITE cut short, each cut a datagram of its own."""
    phone = phones(proxy.house, "anna")
    whole = phone.request("INVITE", f"sip:bert@{proxy.house.domain}", body=b"v=0\r\n").bytes()
    for n in range(1, len(whole), 3):
        phone.wire.send(whole[:n])
    torture_with(proxy.house, phones, [("cuts", b"")])


@pytest.mark.parametrize("cut", [1, 7, 100])
def test_tcp_in_pieces(proxy, phones, cut):
    """A stream may arrive in any pieces; two messages may share one."""
    house = proxy.house
    phone = phones(house, "anna", transport="tcp")
    one = phone.request("OPTIONS", f"sip:{house.domain}")
    two = phone.request("OPTIONS", f"sip:{house.domain}")
    data = one.bytes() + b"\r\n\r\n" + two.bytes()
    for i in range(0, len(data), cut):
        phone.wire.send(data[i:i + cut])
    for m in (one, two):
        r = phone.wait(lambda r, m=m: not r.is_request and r.branch == m.branch, 10)
        assert r.code == 200
