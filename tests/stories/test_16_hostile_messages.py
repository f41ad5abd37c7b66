"""Messages made to mislead the next program, to hide requests, to reach where
nothing may be sent, to be sent back larger, or to cost too much."""
import contextlib
import itertools
import re
import socket
import subprocess
import time

import pytest

from lib import reader
from lib.house import free_address
from lib.netns import own_network
from lib.sip import token
from lib.torture import Bench
from lib.wait import eventually

STRIPPED = ["P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "Diversion", "History-Info"]
KEPT = ["Subject", "Organization", "Priority", "X-Own", "Alert-Info", "Referred-By", "Warning", "In-Reply-To",
        "Identity"]
COMPACT = {"Subject": "s", "Referred-By": "b", "Identity": "y"}
VALUE = b"<sip:mallory@%6eowhere.example>"


@pytest.fixture(scope="module")
def bench(shared_houses):
    """All that is not for us goes on to one address."""
    sink = free_address()
    house = shared_houses(settings={
        "processors": "1", "authenticate": "none", "relay-via": f"{sink}:5060",
        "relay-to-non-clients": "anybody", "tcp-head-timeout": "1s", "tcp-message-timeout": "1s"}).start()
    house.import_users(["anna", "bert"])
    with Bench(house) as b:
        b.sink(sink, 5060)
        yield b


def message(method="OPTIONS", uri="sip:behind@elsewhere.example", lines=(), skip=(), body=b""):
    """A good request as bytes, with its Call-ID; lines are put in as they are."""
    call_id = token().encode()
    good = [(b"Via", b"SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bK" + call_id), (b"Max-Forwards", b"70"),
            (b"From", b"<sip:mallory@elsewhere.example>;tag=1"), (b"To", b"<" + uri.encode() + b">"),
            (b"Call-ID", call_id), (b"CSeq", b"1 " + method.encode()), (b"Content-Length", b"%d" % len(body))]
    out = [f"{method} {uri} SIP/2.0".encode(), *(n + b": " + v for n, v in good if n.decode() not in skip), *lines]
    return b"\r\n".join(out) + b"\r\n\r\n" + body, call_id


class Sent:
    """One message and what came of it: (socket, bytes) at the client and behind."""

    def __init__(self, bench, data, call_id=None):
        self.sock = bench.client(5060)
        bench.send(self.sock, data)
        canary, self.back, self.behind = bench.canary(self.sock), [], []
        deadline = time.monotonic() + 5
        alive = False
        while time.monotonic() < deadline:
            for s, got, source in bench.arrivals(deadline - time.monotonic()):
                if canary in got:
                    alive, deadline = True, min(deadline, time.monotonic() + 0.3)
                elif call_id is None or call_id in got:
                    (self.behind if s in bench.sinks else self.back).append(got)
                    if s in bench.sinks:
                        bench.answer(s, source, got)
                if alive and self.final:
                    deadline = 0
        assert alive, f"the next good request got no answer after {data[:200]!r}"

    @property
    def final(self):
        return next((int(b.split(b" ")[1]) for b in self.back if not b.startswith(b"SIP/2.0 1")), None)


# ---- S17 --------------------------------------------------------------------

def spellings_of(name):
    """(what is done, bytes of the line or lines) of one header."""
    n, v = name.encode(), VALUE
    return [
        ("space before the colon", n + b" : " + v), ("tab before the colon", n + b"\t:" + v),
        ("case", n.swapcase() + b": " + v), ("compact", COMPACT.get(name, name).encode() + b": " + v),
        ("folded", n + b":\r\n " + v), ("folded into another", b"X-Cover: 1\r\n " + n + b": " + v),
        ("twice", n + b": " + v + b"\r\n" + n + b": " + v), ("tabs", n + b":\t\t" + v + b"\t"),
        ("NUL in the name", n[:3] + b"\0" + n[3:] + b": " + v), ("bare CR", b"X-Cover: 1\r" + n + b": " + v),
        ("bare LF", b"X-Cover: 1\n" + n + b": " + v),
        ("percent in the name", n[:1] + b"%%%02X" % n[1] + n[2:] + b": " + v),
    ]


REFUSED = ("NUL in the name", "bare CR", "bare LF")


@pytest.mark.parametrize("name", STRIPPED + KEPT)
def test_s17_smuggled(bench, name):
    """No spelling of what is stripped arrives; others arrive equal in value."""
    wrong = []
    for what, lines in spellings_of(name):
        data, call_id = message(lines=[lines])
        sent = Sent(bench, data, call_id)
        if what in REFUSED:
            if sent.final != 400 or sent.behind:
                wrong.append(f"{what}: {sent.final}, {sent.behind}")
            continue
        there = reader.read(sent.behind[0])
        for line in sent.behind[0].split(b"\r\n\r\n")[0].split(b"\r\n")[1:]:
            if not re.match(reader.TOKEN.pattern + rb":", line):
                wrong.append(f"{what}: not every reader understands {line!r}")
        found = reader.spellings(sent.behind[0])
        if name in STRIPPED and what != "percent in the name" and name.lower().encode() in found:
            wrong.append(f"{what}: {name} arrived")
        if name in KEPT and not wrong:
            wrong += [f"{what}: {c}" for c in reader.changes(reader.read(data), there)]
    assert not wrong, "\n".join(wrong)


def test_s17_credentials_for_us(houses, phones):
    """What answers our challenge goes no further, however it is spelt."""
    house = houses().start()
    house.import_users(["anna", "bert"])
    anna, bert = phones(house, "anna"), phones(house, "bert").registered()
    for name in ("Proxy-Authorization ", "PROXY-AUTHORIZATION\t", "authorization", "Authorization \t"):
        m = anna.request("MESSAGE", f"sip:bert@{house.domain}")
        r = anna.transact(m)
        assert r.code == 407
        m = anna.credential(m, r)
        m.headers = [(name, v) if n == "Proxy-Authorization" else (n, v) for n, v in m.headers]
        anna.send(m)
        there = bert.wait_request("MESSAGE")
        assert not {b"authorization", b"proxy-authorization"} & reader.spellings(there.bytes())
        bert.reply(there, 200)
        assert anna.wait(lambda r, m=m: not r.is_request and r.branch == m.branch and r.code >= 200).code == 200


# ---- S19 --------------------------------------------------------------------

@pytest.mark.parametrize("lines, want", [
    (["0"], 483), (["255"], b"70"), (["256"], 400), (["-1"], 400), ([], b"70"), (["7", "7"], 400),
    (["1"], b"0"), (["70"], b"69"), (["00"], 483), (["+5"], 400), (["4294967297"], 400), ([""], 400)])
def test_s19_max_forwards(bench, lines, want):
    data, call_id = message(skip=["Max-Forwards"], lines=[b"Max-Forwards: " + x.encode() for x in lines])
    sent = Sent(bench, data, call_id)
    if isinstance(want, bytes):
        assert reader.read(sent.behind[0]).values(b"max-forwards") == [want]
    else:
        assert sent.final == want and not sent.behind


# ---- S24 --------------------------------------------------------------------

NOWHERE = ["255.255.255.255", "224.0.1.75", "239.1.2.3", "0.0.0.0", "[ff02::1]", "[::]"]


@pytest.mark.parametrize("host", NOWHERE)
def test_s24_contact(bench, host):
    """Bound or not: nothing is sent there."""
    house = bench.house
    register, call_id = message("REGISTER", f"sip:{house.domain}", skip=["To"], lines=[
        f"To: <sip:anna@{house.domain}>".encode(), f"Contact: <sip:anna@{host}:5060>;expires=60".encode()])
    bound = Sent(bench, register, call_id).final == 200
    before, forbidden = house.figure("sipd", "udp_sent"), house.figure("sipd", "target_forbidden")
    data, call_id = message(uri=f"sip:anna@{house.domain}")
    sent = Sent(bench, data, call_id)
    assert sent.final >= 400 and not sent.behind
    assert house.figure("sipd", "udp_sent") == before + 2, "the answers to it and to the canary"
    if bound:
        assert house.figure("sipd", "target_forbidden") > forbidden
        clear, call_id = message("REGISTER", f"sip:{house.domain}", skip=["To"], lines=[
            f"To: <sip:anna@{house.domain}>".encode(), b"Contact: *", b"Expires: 0"])
        assert Sent(bench, clear, call_id).final == 200


@pytest.mark.parametrize("host", NOWHERE)
def test_s24_response_by_via(bench, host):
    """A response whose next Via is such an address ends here."""
    data = f"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP {bench.house.ip};branch=z9hG4bKours\r\n" \
        f"Via: SIP/2.0/UDP {host};branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@c>;tag=2\r\n" \
        f"Call-ID: {token()}\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
    before = bench.house.figure("sipd", "stray_responses")
    sent = Sent(bench, data.encode())
    assert not sent.back and not sent.behind
    assert bench.house.figure("sipd", "stray_responses") == before


@pytest.fixture
def outside():
    """A network with addresses that are not loopback."""
    try:
        with own_network():
            for last in (1, 2):
                subprocess.run(["ip", "address", "add", f"10.77.0.{last}/24", "dev", "lo"], check=True)
            yield "10.77.0.1", "10.77.0.2"
    except PermissionError:
        pytest.skip("no right to make a network of its own")


def test_s24_from_outside(outside, houses, phones):
    """What came in on an ordinary address leads to no loopback or link-local one, nor to where nothing
    may go at all: by Contact, Route, Request-URI or Via."""
    here, there = outside
    house = houses(transports=(), listen=[f"udp:{here}:5097"], settings={
        "processors": "1", "authenticate": "none", "relay-to-non-clients": "anybody"}).start()
    house.import_users(["anna"])
    anna = phones(house, "anna", server=(here, 5097), ip=there)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim:
        victim.bind(("127.0.0.1", 0))
        port = victim.getsockname()[1]
        for host in (f"127.0.0.1:{port}", "169.254.7.7:5060", "[::1]:5060", "[fe80::1]:5060",
                     *(f"{host}:5060" for host in NOWHERE)):
            good, anna.contact = anna.contact, f"sip:anna@{host}"
            assert anna.register().code == 403
            anna.contact = good
            for uri, route in (("sip:x@elsewhere.example", f"<sip:{host};lr>"), (f"sip:x@{host}", None)):
                forbidden = house.figure("sipd", "target_forbidden")
                m = anna.request("OPTIONS", uri, headers=[("Route", route)] if route else [])
                assert anna.transact(m, 10).code >= 400, (uri, route)
                assert house.figure("sipd", "target_forbidden") > forbidden, (uri, route)
            before = house.figure("sipd", "stray_responses")
            anna.wire.send(f"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP {here}:5097;branch=z9hG4bKours\r\n"
                           f"Via: SIP/2.0/UDP {host};branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@c>;tag=2"
                           f"\r\nCall-ID: {token()}\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n".encode())
            assert anna.transact(anna.request("OPTIONS", f"sip:{house.domain}"), 10).code == 200
            assert house.figure("sipd", "stray_responses") == before
        victim.setblocking(False)
        with pytest.raises(BlockingIOError):
            victim.recv(10)


# ---- S29 --------------------------------------------------------------------

LENGTHS = ["-1", "+5", "0x5", "5 5", "2147483648", "4294967301", "18446744073709551616", "18446744073709551621",
           "99999999999999999999999", "5.0", "5e0", "", " ", "\t", "five", "5;q=1", "5,5", "5, 6", "\"5\"", "<5>",
           "5\r\nContent-Length: 9", "0\r\nl: 5", "5\r\nL : 4", "5\r\n 0", "65537", "-0", "٥", "5\0", "0\rl: 5",
           "5\nl: 0"]


def test_s29_hidden_request(bench):
    """What follows a lying head is never executed, and the connection closes."""
    house, streams = bench.house, []
    for length in LENGTHS:
        hidden, _ = message("REGISTER", f"sip:{house.domain}", skip=["To"], lines=[
            f"To: <sip:anna@{house.domain}>".encode(), b"Contact: <sip:evil@192.0.2.66>"])
        head, _ = message(uri=f"sip:{house.domain}", skip=["Content-Length"],
                          lines=[b"Content-Length: " + length.encode()])
        streams.append(head + hidden)
    wrong = [f"{length!r}: {said!r}" for length, said in zip(LENGTHS, bench.all_until_closed(streams))
             if said and (not re.match(rb"SIP/2.0 (400|513) ", said) or len(re.findall(rb"(?m)^SIP/2.0 ", said)) > 1)]
    assert not wrong, "\n".join(wrong)
    assert house.contacts("anna") == []


@pytest.mark.long
def test_s29_memory(houses):
    """Messages that almost fill the limit and never end: what one connection may cost."""
    house = houses(settings={"tcp-connections-per-address": "400"}).start()
    head, _ = message(uri=f"sip:{house.domain}", skip=["Content-Length"], lines=[b"Content-Length: 60000"])

    def rss():
        return next(d["rss_bytes"] for d in house.status()["daemons"] if d["name"] == "sipd")
    before = rss()
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            sock = stack.enter_context(socket.create_connection((house.ip, house.port)))
            sock.sendall(head + 59000 * b"x")
        eventually(lambda: house.figure("sipd", "tcp_accepted") == 300, what="all of them")
        each = (rss() - before) / 300 / 1024
    print(f"\na connection in the middle of a message of 60 KB: {each:.0f} KB (limit 200)")
    assert each < 200


# ---- S31 --------------------------------------------------------------------

HUGE = {
    "over 64 KB": lambda: message(body=b"x" * 70000, lines=[]),
    "10 000 headers": lambda: message(lines=[b"X: y"] * 10000),
    "1 000 Vias": lambda: message(lines=[b"Via: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKx"] * 1000),
    "1 000 Vias in a line": lambda: message(lines=[b"Via: " + b", ".join([b"SIP/2.0/UDP 192.0.2.2"] * 1000)]),
    "5 000 folds": lambda: message(lines=[b"Subject: a" + b"\r\n b" * 5000]),
    "one header of 60 KB": lambda: message(lines=[b"Subject: " + b"a" * 60000]),
    "3 000 contacts": lambda: message(lines=[b"Contact: " + b",".join([b"<sip:a@b>"] * 3000)]),
}


@pytest.mark.parametrize("what", HUGE)
def test_s31_too_much(bench, what):
    """Refused or passed on, and the next in line does not wait for it."""
    data, call_id = HUGE[what]()
    if len(data) > 65000:           # no datagram holds it
        said = bench.until_closed(data)
        assert said.startswith(b"SIP/2.0 513 ")
        return
    begin = time.monotonic()
    sent = Sent(bench, data, call_id)
    assert sent.behind or sent.final in (400, 413, 513, 503, None)
    assert time.monotonic() - begin < 2


def handled_in(bench, data):
    """Milliseconds until the next request behind it is answered; over TCP, until this one is."""
    begin = time.monotonic()
    if len(data) > 65000:
        with socket.create_connection((bench.house.ip, bench.house.port), source_address=(bench.client_ip, 0)) as s:
            begin = time.monotonic()
            s.sendall(data)
            s.recv(65536)
    else:
        sock = bench.client(5060)
        bench.send(sock, data)
        canary, deadline = bench.canary(sock), begin + 5
        while not any(canary in got for _, got, _ in bench.arrivals(deadline - time.monotonic())):
            assert time.monotonic() < deadline
    return (time.monotonic() - begin) * 1000


@pytest.mark.long
@pytest.mark.parametrize("what", HUGE)
def test_s31_time(bench, what):
    """Each within 5 ms: the best of some tries, the others are the machine's."""
    best = min(handled_in(bench, HUGE[what]()[0]) for _ in range(7))
    print(f"\n{what}: {best:.2f} ms (limit 5)")
    assert best < 5


# ---- S33 --------------------------------------------------------------------

def quiet_requests(house):
    """What somebody may send in the name of a victim that never answers."""
    d = house.domain
    sdp = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
    yield "INVITE", message("INVITE", f"sip:bert@{d}", body=sdp)[0]
    yield "INVITE from us", message("INVITE", f"sip:bert@{d}")[0].replace(b"mallory@elsewhere.example", b"anna@" + d.encode())
    yield "OPTIONS", message("OPTIONS", f"sip:{d}")[0]
    yield "REGISTER", message("REGISTER", f"sip:{d}")[0].replace(b"To: <sip:", b"To: <sip:anna@")
    yield "ACK", message("ACK", f"sip:bert@{d}")[0]
    yield "BYE", message("BYE", f"sip:bert@{d}")[0]
    yield "unknown", message("FOO", f"sip:{d}")[0]
    yield "two From", message("OPTIONS", f"sip:{d}", lines=[b"From: <sip:a@b>;tag=2"])[0]
    yield "long Via", message("OPTIONS", f"sip:{d}", lines=[b"Via: SIP/2.0/UDP " + b"a" * 800])[0]
    yield "many Require", message("OPTIONS", f"sip:{d}", lines=[b"Require: " + b", ".join(b"t%d" % i for i in range(200))])[0]
    for i, bent in enumerate((b"\r\n" * 20, b"\0" * 300, b"INVITE" * 50, b"SIP/2.0 200 OK\r\n\r\n", bytes(range(256)))):
        yield f"garbage {i}", bent


def shortest(house, me, method):
    """Nothing in it that could be left out."""
    user = f"sip:anna@{house.domain}"
    uri = f"sip:{house.domain}" if method == "REGISTER" else user
    return (f"{method} {uri} SIP/2.0\r\nv:SIP/2.0/UDP {me};branch=z9hG4bK{token()}\r\nf:{user};tag=1\r\nt:{user}\r\n"
            f"i:{token()}\r\nCSeq:1 {method}\r\n\r\n").encode()


def test_s33_shortest(houses):
    """A challenge is longer than half as much again as the shortest request: a network gets few of them."""
    house = houses(settings={"processors": "1", "amplified-answers-limit": "5"}).start()
    house.import_users(["anna"])
    sent, back = [0, 0], [0, 0]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((house.phone_ip, 0))
        for method in ("REGISTER", "INVITE", "OPTIONS", "MESSAGE") * 100:
            data = shortest(house, f"{s.getsockname()[0]}:{s.getsockname()[1]}", method)
            s.sendto(data, (house.ip, house.port))
            sent = [sent[0] + 1, sent[1] + len(data)]
        back = count(s, 64 * 0.05 + 0.5)
        assert 0 < back[0] <= sent[0] and back[1] <= 1.5 * sent[1], (sent, back)
        assert house.figure("sipd", "amplified_dropped") > 250
        # Somebody who asks once is answered.
        s.sendto(shortest(house, f"{s.getsockname()[0]}:{s.getsockname()[1]}", "REGISTER"), (house.ip, house.port))
        assert count(s, 1)[0] == 1


PROTOS = [b"a" * 2000, b"%s" * 500, b"-1", b"", b"\xc0\xaf" * 100, b"<" * 500, b"\"" * 3, b"[" * 300, b";" * 800, b"@" * 100,
          b"sip:" * 200, b"0" * 400]


def protos(house):
    """One field of an INVITE bent at a time, as the PROTOS suite does."""
    good, _ = message("INVITE", f"sip:bert@{house.domain}")
    head = good.split(b"\r\n")
    for (i, line), odd in itertools.product(enumerate(head[1:7], 1), PROTOS):
        name = line.partition(b":")[0]
        yield f"{name.decode()} {odd[:4]!r}", b"\r\n".join([*head[:i], name + b": " + odd, *head[i + 1:]])


def count(victim, seconds):
    """Packets and octets that arrive within so long of silence."""
    packets = octets = 0
    victim.settimeout(seconds)
    try:
        while True:
            octets += len(victim.recv(65536))
            packets += 1
    except TimeoutError:
        return packets, octets


def test_s33_no_reflector(houses):
    """Each is asked from an address of its own, so that no limit hides another;
    counted until 64*T1 after the last has passed."""
    house = houses(settings={"processors": "1"}).start()
    house.import_users(["anna", "bert"])
    victims = []
    for what, data in [*quiet_requests(house), *protos(house)]:
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((house.phone_ip, 0))
        port = b"%d" % s.getsockname()[1]
        data = data.replace(b"192.0.2.1;rport", house.phone_ip.encode() + b":" + port + b";rport")
        s.sendto(data, (house.ip, house.port))
        victims.append((what, s, len(data)))
    wait, wrong = 64 * 0.05 + 0.5, []
    until = time.monotonic() + wait
    for what, s, sent in victims:
        packets, octets = count(s, max(0.001, until - time.monotonic()))
        s.close()
        if packets > 1 or octets > 1.5 * sent or (packets and ("garbage" in what or what == "ACK")):
            wrong.append(f"{what}: {packets} packets, {octets} of {sent} octets ({octets / sent:.2f})")
    assert not wrong, "\n".join(wrong)
