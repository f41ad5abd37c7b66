"""What is tried against a proxy: forged cookies (S14), open relays (S16), fork bombs (S18),
third parties (S21, S22), guessed branches (S23)."""
import os
import socket
import threading
import time

import pytest

from lib import sdp
from lib.canary import Canary
from lib.house import free_address
from lib.sip import Call, Phone, token
from lib.wait import eventually

SETTINGS = {"authenticate": "register", "media-policy": "never", "timer-t1": "500ms", "timer-t2": "4s"}


@pytest.fixture(scope="module")
def home(shared_houses):
    house = shared_houses(settings=SETTINGS).start()
    house.import_users(["anna", "bert", "a", "b"])
    return house


def reaches_next(anna, bert):
    """A call of anna's is the next thing that bert hears: nothing came before it."""
    call = anna.invite(bert.user, sdp.offer(anna.wire.local[0], 14000))
    m = bert.wait(lambda m: True, what="the honest INVITE")
    assert (m.method, m.call_id) == ("INVITE", call.call_id), m
    bert.reply(m, 486, to_tag="x")
    bert.wait_request("ACK", call_id=call.call_id)
    assert call.finish().code == 486


# ---- S14 --------------------------------------------------------------------

def flipped(text):
    """Each bit of it changed, one at a time, as far as it can be sent in a header."""
    for i in range(len(text)):
        for bit in range(7):
            c = chr(ord(text[i]) ^ 1 << bit)
            if c.isprintable() and c not in ' <>"':
                yield text[:i] + c + text[i + 1:]


def test_s14_to_tag(houses, phones):
    """The To-tag of an answer that nothing was stored for says that its ACK is ours to
    absorb. A changed one is nobody's, and goes nowhere either."""
    house = houses(settings=SETTINGS | {"authenticate": "all"}).start()
    house.import_users(["anna", "bert"])
    anna, bert = phones(house, "anna"), phones(house, "bert").registered()
    m = anna.request("INVITE", bert.contact, to=bert.aor)
    r = anna.transact(m)
    assert r.code == 407
    tags = list(flipped(r.tag("to")))
    assert len(tags) > 50
    for tag in [r.tag("to"), *tags]:
        ack = anna.request("ACK", bert.contact, to=bert.aor, to_tag=tag, from_tag=m.tag("from"), call_id=m.call_id,
                           cseq=m.cseq, branch=m.branch, route=[f"<sip:{house.ip}:{house.port};lr>"])
        anna.send(ack)
    for method in ("BYE", "INVITE", "UPDATE"):          # and no dialog is begun by having one
        other = anna.request(method, bert.contact, to=bert.aor, to_tag=tags[0], from_tag=m.tag("from"),
                             call_id=m.call_id, cseq=9)
        assert anna.transact(other).code in (403, 404, 407, 481)
    reaches_next(anna, bert)


# ---- S16 --------------------------------------------------------------------

class Exchange:
    """The world outside, on one address: what arrives there is a call that somebody pays for."""

    def __init__(self):
        self.ip = free_address()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        for s in (self.udp, self.tcp):
            s.bind((self.ip, 5060))
            s.setblocking(False)
        self.tcp.listen(100)

    def arrived(self):
        got = []
        for look in (lambda: self.udp.recv(65536), lambda: self.tcp.accept()[1]):
            try:
                while True:
                    got.append(look())
            except BlockingIOError:
                continue
        return got

    def close(self):
        self.udp.close()
        self.tcp.close()


@pytest.fixture
def exchange():
    e = Exchange()
    yield e
    e.close()


def ways_out(house, pstn):
    """(Request-URI, Routes, headers): sixty ways to be let through to the outside."""
    us, number = f"{house.ip}:{house.port}", "+15551234"
    uris = [f"sip:{number}@{pstn}", f"sip:{number}@{pstn};user=phone", f"sip:{number}@{pstn};transport=tcp",
            f"sip:{number}@{house.domain};maddr={pstn}", f"sip:{number}@{us};maddr={pstn};user=phone",
            f"sip:{number}%40{pstn}@{house.domain}", f"sip:{number}@{pstn};lr", f"tel:{number}", f"sips:{number}@{pstn}",
            f"sip:{number}@{house.domain};user=phone", f"sip:{number}@{us}", f"sip:bert@{house.domain};maddr={pstn}"]
    routes = [[], [f"<sip:{pstn};lr>"], [f"<sip:{us};lr>", f"<sip:{pstn};lr>"], [f"<sip:{us}>", f"<sip:{pstn}>"],
              [f"<sip:{us};lr;c=AAAA>", f"<sip:{pstn}>"]]
    return [(uri, route, method) for uri in uris for route in routes
            for method in ("INVITE", "MESSAGE", "REFER", "SUBSCRIBE")]


def test_s16_stranger(home, phones, exchange):
    """Preset Routes, maddr, numbers, our name in front: nothing leaves."""
    mallory, wrong = phones(home, "mallory", password="x", domain="elsewhere.test"), []
    bert = phones(home, "bert").registered()
    ways = ways_out(home, exchange.ip)
    assert len(ways) >= 60
    for uri, route, method in ways:
        m = mallory.request(method, uri, route=route, headers=[
            ("Refer-To", f"<sip:1@{exchange.ip}?Replaces=a%3Bto-tag%3D1>")] if method == "REFER" else ())
        mallory.wire.send(m.bytes())
        r = answer(mallory, bert, m)        # what reaches a user of ours is his to refuse
        if r.code not in (400, 403, 404, 407, 416, 420, 480, 481, 482, 484):
            wrong.append((uri, route, method, r.start))
    assert not wrong, wrong
    assert exchange.arrived() == []


def answer(caller, callee, m):
    """The final response; whatever reaches callee is refused there with 480."""
    def look():
        while (got := callee.wire.read(0)) is not None:
            if got.is_request and got.method != "ACK":
                callee.send(callee.response(got, 480, to_tag="x"), got.source)
        got = caller.wire.read(0.02)
        return got if got and got.branch == m.branch and got.code >= 200 else None
    return eventually(look, 10, 0, f"an answer to {m}")


def test_s16_redirection(home, phones, exchange):
    """A callee's 302 leads no stranger out: it goes up."""
    bert = phones(home, "bert").registered()
    mallory = phones(home, "mallory", password="x", domain="elsewhere.test")
    call = mallory.invite(f"bert@{home.domain}", sdp.offer(home.phone_ip, 14000))
    bert.reply(bert.wait_request("INVITE", call_id=call.call_id), 302, to_tag="x",
               headers=[("Contact", f"<sip:+15551234@{exchange.ip}>")])
    bert.wait_request("ACK", call_id=call.call_id)
    assert call.finish().code == 302
    assert exchange.arrived() == []


# ---- S18 --------------------------------------------------------------------

def bomb(phones, users):
    """Calls the first of users; how many INVITEs that made, and the end of it. Each of them
    was refused, and so has an ACK."""
    houses = {user.house for user in users}
    before = {h: h.figure("sipd", "requests") for h in houses}
    caller = phones(users[0].house)
    call = caller.invite(f"{users[0].user}@{users[0].house.ip}:{users[0].house.port}", sdp.offer(caller.wire.local[0], 14000), timeout=10)
    code = call.finish(30).code
    ping = caller.request("OPTIONS", f"sip:{users[0].domain}", call_id=call.call_id)
    assert caller.transact(ping).code == 200        # the ACK is behind us
    requests = sum(h.figure("sipd", "requests") - before[h] for h in houses)
    return requests // 2 - 1, code


def test_s18_one_server(home, phones):
    """RFC 5393 section 3: two contacts that are its own address, with a parameter each. They
    are refused where they are registered."""
    anna = phones(home, "anna")
    us = f"sip:anna@{home.ip}:{home.port}"
    assert anna.register(contact=f"<{us};x=whack>, <{us};x=thud>").code == 403
    assert home.contacts("anna") == []


def test_s18_two_servers(houses, phones):
    """a and b at each of two servers are reached at a and b of the other one. Two to the
    71st requests without loop detection, 14 with it."""
    pair = [houses(domain=d, settings=SETTINGS).start() for d in ("p1.test", "p2.test")]
    users = []
    for house, other in zip(pair, pair[::-1]):
        house.import_users(["a", "b"])
        for user in ("a", "b"):
            phone = phones(house, user)
            r = phone.register(contact=", ".join(f"<sip:{u}@{other.ip}:{other.port}>" for u in "ab"))
            assert r.code == 200
            users.append(phone)
    invites, code = bomb(phones, users)
    print(f"two servers: {invites} requests (limit 14), {code}")
    assert code in (440, 482) and 2 < invites <= 14


# ---- S20 ----------------------------------------------------------------------

def test_s20_merged_register(home, phones):
    """RFC 3261 section 8.2.2.2: what somebody forked on its way here is carried out once. The
    same with another branch, but from its maker, is a replay (S04)."""
    anna = phones(home, "anna")

    def judged(*below):
        m = anna.request("REGISTER", f"sip:{home.domain}", to=anna.aor, contact=False,
                         headers=[("Contact", f"<{anna.contact}>"), ("Expires", "300")])
        r = anna.transact(m)
        m = anna.credential(m, r)
        m.headers[1:1] = [("Via", v) for v in below]
        assert anna.transact(m).code == 200
        m.headers[0] = ("Via", anna.via("z9hG4bK" + token()))
        return anna.transact(m)

    before = home.figure("sipd", "merged")
    merged = judged("SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKphone")
    assert merged.code == 482 and merged.start.endswith("Merged Request")
    assert judged().code in (401, 500)
    assert home.figure("sipd", "merged") == before + 1
    assert home.contacts("anna") == [anna.contact]
    assert anna.register(expires=0).code == 200


# ---- S21, S22 -----------------------------------------------------------------

def established(anna, bert):
    call = anna.invite(bert.user, sdp.offer(anna.wire.local[0], 14000))
    far = Call.from_invite(bert, bert.wait_request("INVITE", call_id=call.call_id))
    bert.reply(far.request, 200, to_tag=far.local_tag, headers=[("Contact", f"<{bert.contact}>")],
               body=sdp.offer(bert.wire.local[0], 14002))
    call.established()
    bert.wait_request("ACK", call_id=call.call_id)
    return call, far


def test_s22_bye_by_a_third_party(home, phones):
    """Who saw the Call-ID, or the tags as well, but not the Route: 481, and the call lives.
    Who saw it all is the callee's to judge (S21): an old CSeq ends nothing here."""
    anna, bert = (phones(home, u).registered() for u in ("anna", "bert"))
    thief = phones(home, "mallory", ip=free_address())
    call, far = established(anna, bert)
    for tags in ({"from_tag": token(), "to_tag": call.remote_tag}, {"from_tag": call.local_tag, "to_tag": token()},
                 {"from_tag": call.local_tag, "to_tag": call.remote_tag}):
        m = thief.request("BYE", bert.contact, to=bert.aor, call_id=call.call_id, cseq=9, from_uri=anna.aor, **tags)
        assert thief.transact(m).code in (403, 407, 481)
    m = thief.request("BYE", bert.contact, to=bert.aor, call_id=call.call_id, cseq=0, from_uri=anna.aor,
                      from_tag=call.local_tag, to_tag=call.remote_tag, route=call.route)
    thief.send(m)
    bye = bert.wait(lambda m: True, what="the BYE with a Route")
    assert bye.method == "BYE" and bye.cseq == 0
    bert.reply(bye, 200)
    assert thief.wait(lambda r: r.code == 200).method == "BYE"
    assert [c["state"] for c in home.json("calls") if c["call_id"] == call.call_id] == ["talking"]
    call.send_bye()
    far.wait_bye()
    eventually(lambda: not [c for c in home.json("calls") if c["call_id"] == call.call_id], what="the call ends")


# ---- S23 ----------------------------------------------------------------------

def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Guesser(threading.Thread):
    """Sends total responses within seconds, each with another branch beside the true one;
    every second one from the callee's own socket."""

    def __init__(self, callee, request, total, seconds):
        super().__init__(daemon=True)
        self.total, self.seconds = total, seconds
        self.stranger = Phone(callee.house, ip=free_address())
        self.sockets = callee.wire.sock, self.stranger.wire.sock
        self.to = callee.wire.server
        mark = b"branch=" + request.branch.encode()
        self.parts = [m.bytes().split(mark, 1) for m in (
            callee.response(request, code, to_tag="guess") for code in (200, 302, 600))]
        self.branch = request.branch.encode()

    def run(self):
        begin, keep = time.monotonic(), len(self.branch) - 8
        for i in range(self.total):
            head, tail = self.parts[i % 3]
            guess = b"%08x" % (i * 2654435761 & 0xffffffff)
            at = i // 6 % keep if i % 4 else keep
            data = head + b"branch=" + self.branch[:at] + guess + self.branch[at + 8:] + tail
            try:
                self.sockets[i % 2].sendto(data, self.to)
            except BlockingIOError:
                pass
            if i % 500 == 0:
                time.sleep(max(0.0, begin + i * self.seconds / self.total - time.monotonic()))
        self.took = time.monotonic() - begin
        self.stranger.close()


@pytest.mark.long
def test_s23_guesses(houses, phones):
    """A million guessed responses in a minute at an INVITE that rings, beside others' calls."""
    total, seconds = 1_000_000, 60
    house = houses(settings={"authenticate": "register", "media-policy": "never", "log-level": "problems"}).start()
    house.import_users(["anna", "bert", "carl", "dora"])
    anna, bert = (phones(house, u).registered() for u in ("anna", "bert"))
    call = anna.invite("bert", sdp.offer(house.phone_ip, 14000))
    far = Call.from_invite(bert, bert.wait_request("INVITE"))
    far.ring()
    call.wait_code(180)
    pid, before = house.pid("sipd"), house.figure("sipd", "responses")
    with Canary(house, "carl", "dora") as canary:
        guesser, used = Guesser(bert, far.request, total, seconds), cpu_seconds(pid)
        guesser.start()
        guesser.join(seconds * 5)
        share = (cpu_seconds(pid) - used) / guesser.took
    heard = house.figure("sipd", "responses") - before
    print(f"\n{total} guesses in {guesser.took:.0f} s, {heard} heard: {100 * share:.1f} % of a core (limit 30), "
          f"canary {canary.calls} calls, {len(canary.failed)} failed, slowest {canary.slowest * 1000:.0f} ms")
    assert canary.calls > 30 and not canary.failed, canary.failed
    assert heard > 0.9 * total and share < 0.30
    anna.silent(0.2)
    bert.reply(far.request, 486, to_tag=far.local_tag)
    assert call.finish().code == 486


# ---- S35 --------------------------------------------------------------------

def test_s35_requests_of_one_user(houses, phones):
    """Whoever has an account begins so many calls at a time; others are not hindered."""
    house = houses(settings={"requests-per-user-limit": "3", "media-policy": "never"}).start()
    house.import_users(["anna", "bert", "carl"])
    anna, bert, carl = (phones(house, u).registered() for u in ("anna", "bert", "carl"))
    ringing = []
    for _ in range(3):
        call = anna.invite("bert", sdp.offer(anna.wire.local[0], 14000))
        ringing.append((call, bert.wait_request("INVITE", call_id=call.call_id)))
        bert.reply(ringing[-1][1], 180, to_tag="x")
        call.wait_code(180)
    refused = anna.invite("bert", sdp.offer(anna.wire.local[0], 14000)).finish()
    assert refused.code == 503 and refused.get("retry-after")
    assert house.figure("sipd", "user_requests_refused") == 1

    def reaches(caller):
        call = caller.invite("bert", sdp.offer(caller.wire.local[0], 14000))
        bert.reply(bert.wait_request("INVITE", call_id=call.call_id), 486, to_tag="y")
        return call.finish().code == 486
    assert reaches(carl)
    bert.reply(ringing[0][1], 486, to_tag="x")
    assert ringing[0][0].finish().code == 486
    assert reaches(anna)
