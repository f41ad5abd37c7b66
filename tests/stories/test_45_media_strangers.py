"""S37 to S39 as a table, S44 and S45: whose packets move a stream, and where none may go."""
import contextlib
import itertools
import socket
import struct
import subprocess

import pytest

from lib import ng, sdp
from lib.house import BIN, free_ports
from lib.wait import eventually

PHONE, FAR, STRANGERS = "127.0.0.5", "127.0.0.9", {"another net": "127.9.9.9", "next door": "127.0.0.6"}
PRIVATE = "192.168.1.5"
CASES = list(itertools.product(("signalled", "behind a NAT"), ("before", "after"), STRANGERS, ("same", "new"),
                               ("RTP", "RTCP")))


@pytest.fixture(scope="module", params=("auto", "sockets"))
def relay(shared_houses, request):
    """Over both tiers of the relay, where the kernel steers for us."""
    port = free_ports(1)
    house = shared_houses(settings={"ng-listen": f"udp:127.0.0.1:{port}", "media-relay": request.param},
                          media_ports=(20000, 20060)).start()
    house.ng = ng.Client(("127.0.0.1", port))
    yield house
    house.ng.close()


def two_ports(ip):
    """Sockets for RTP and RTCP at an even port and the next."""
    while True:
        rtp, rtcp = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        with contextlib.suppress(OSError):
            rtp.bind((ip, free_ports(2, ip)))
            rtcp.bind((ip, rtp.getsockname()[1] + 1))
            for s in (rtp, rtcp):
                s.setblocking(False)
            return rtp, rtcp
        rtp.close()
        rtcp.close()


def packet(kind, ssrc, number, who):
    if kind == "RTP":
        return struct.pack("!BBHII", 0x80, 0, number, number * 160, ssrc) + who
    return struct.pack("!BBHI", 0x80, 201, 1, ssrc) + who       # a receiver report of nothing


def heard(sock):
    """What has come, as the senders' names."""
    out = []
    with contextlib.suppress(BlockingIOError):
        while True:
            out.append(sock.recv(2000)[-4:])
    return out


class Scene:
    def __init__(self, house, known, kind):
        self.house, self.kind, self.number = house, kind, itertools.count(1)
        at = kind == "RTCP"
        self.phone_both, self.far_both = two_ports(PHONE), two_ports(FAR)
        self.phone, self.far = self.phone_both[at], self.far_both[at]
        host, port = self.phone_both[0].getsockname()
        name = f"scene-{port}-{id(self)}"
        offer = house.ng.ask("offer", call_id=name, from_tag="a", received_from=["IP4", PHONE],
                             sdp=sdp.offer(host if known else PRIVATE, port))
        answer = house.ng.ask("answer", call_id=name, from_tag="a", to_tag="b", received_from=["IP4", FAR],
                              sdp=sdp.offer(*self.far_both[0].getsockname()))
        (ip, near), (_, far) = sdp.audio(answer["sdp"]), sdp.audio(offer["sdp"])
        self.near_relay, self.far_relay = (ip, near + at), (ip, far + at)
        self.end = lambda: house.ng.ask("delete", call_id=name, from_tag="a")

    def done(self):
        """All that was sent has been looked at: mediad has one loop."""
        for _ in range(40):
            self.house.ng.ask("ping")

    def speak(self, sock, to, who, ssrc, times):
        for _ in range(times):
            sock.sendto(packet(self.kind, ssrc, next(self.number), who), to)
        self.done()

    def phone_speaks(self, times=10):
        self.speak(self.phone, self.near_relay, b"good", 1, times)

    def far_speaks(self, times=20):
        self.speak(self.far, self.far_relay, b"far.", 2, times)

    def spray(self, sock, ssrc):
        """The whole range, and this very port often."""
        for port in range(20000, 20061):
            sock.sendto(packet(self.kind, ssrc, next(self.number), b"evil"), (self.near_relay[0], port))
        self.speak(sock, self.near_relay, b"evil", ssrc, 20)

    def close(self):
        self.end()
        for s in (*self.phone_both, *self.far_both):
            s.close()


def scene(house, case):
    """(bled, injected) before the phone spoke, and after: packets to and of the stranger.
    The phone hears in any case."""
    address, when, host, ssrc, kind = case
    s = Scene(house, address == "signalled", kind)
    evil = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    evil.bind((STRANGERS[host], 0))
    evil.setblocking(False)
    try:
        if when == "after":
            s.phone_speaks()
            s.far_speaks()
        s.spray(evil, 1 if ssrc == "same" else 99)
        s.far_speaks()
        early = len(heard(evil)), heard(s.far).count(b"evil")
        s.phone_speaks()
        s.spray(evil, 1 if ssrc == "same" else 99)
        s.far_speaks()
        late = len(heard(evil)), heard(s.far).count(b"evil")
        own = []
        eventually(lambda: own.extend(heard(s.phone)) or own.count(b"far.") >= 20, what=f"sound at the phone, {case}")
        return early, late
    finally:
        evil.close()
        s.close()


def test_strangers_in_every_case(relay):
    bad = []
    print(f"\n{'address':>13} {'phone spoke':>11} {'stranger':>12} {'SSRC':>5} {'kind':>5}  to it, of it early / late")
    for case in CASES:
        early, late = scene(relay, case)
        most = 5 if case[0] == "behind a NAT" and case[1] == "before" else 0
        print(f"{case[0]:>13} {case[1]:>11} {case[2]:>12} {case[3]:>5} {case[4]:>5}  {early} / {late}")
        if max(early) > most or max(late) > 0:
            bad.append((case, early, late))
    print(f"{len(CASES)} cases")
    assert not bad, bad
    relay.idle()


def test_bodies_that_aim_at_others(relay):
    """S44: nothing is sent where no phone can be, and two calls are no ring."""
    with contextlib.ExitStack() as stack:
        other = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        other.bind(("127.0.0.1", 0))
        own = relay.ng.ask("offer", call_id="own", from_tag="a", received_from=["IP4", "198.51.100.1"],
                           sdp=sdp.offer("198.51.100.1", 4000))
        ours = sdp.audio(own["sdp"])
        aims = [("127.0.0.1", other.getsockname()[1]), ("127.1.2.3", 4000), ("169.254.1.1", 4000), ("224.0.0.1", 4000),
                ("239.255.255.255", 4000), ("255.255.255.255", 4000), ("198.51.100.1", 53), ("198.51.100.1", 1),
                ("198.51.100.1", 1023), ours, (ours[0], ours[1] + 1)]
        for aim in aims:
            relay.ng.ask("offer", call_id="aim", from_tag="a", received_from=["IP4", "198.51.100.1"], sdp=sdp.offer(*aim))
            far = two_ports(FAR)
            answer = relay.ng.ask("answer", call_id="aim", from_tag="a", to_tag="b", received_from=["IP4", FAR],
                                  sdp=sdp.offer(*far[0].getsockname()))
            assert answer["result"] == b"ok"
            session = next(s for s in relay.json("media") if s["call_id"] == "aim")
            line = next(s for s in session["streams"] if s.startswith("caller"))
            assert line.split()[3] == "unknown", (aim, line)
            relay.ng.ask("delete", call_id="aim", from_tag="a")
            for s in far:
                s.close()
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            other.recv(100)
        relay.ng.ask("delete", call_id="own", from_tag="a")
    relay.idle()


def test_two_calls_are_no_ring(relay):
    """S44: each names the other's relay port; a packet that is thrown in dies."""
    first = relay.ng.ask("offer", call_id="r1", from_tag="a", sdp=sdp.offer(PHONE, 4000))
    port1 = sdp.audio(first["sdp"])
    second = relay.ng.ask("offer", call_id="r2", from_tag="a", sdp=sdp.offer(*port1))
    port2 = sdp.audio(second["sdp"])
    third = relay.ng.ask("answer", call_id="r1", from_tag="a", to_tag="b", sdp=sdp.offer(*port2))
    relay.ng.ask("answer", call_id="r2", from_tag="a", to_tag="b", sdp=sdp.offer(*sdp.audio(third["sdp"])))
    before = relay.figure("mediad", "rtp_relayed")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind((PHONE, 4000))
        for port in (port1, port2, sdp.audio(third["sdp"])):
            s.sendto(packet("RTP", 1, 1, b"ring"), port)
    for _ in range(3):
        relay.ng.ask("ping")
    assert relay.figure("mediad", "rtp_relayed") - before <= 100
    for name in ("r1", "r2"):
        relay.ng.ask("delete", call_id=name, from_tag="a")
    relay.idle()


HEAD = "v=0\r\no=- 1 1 IN IP4 127.0.0.5\r\ns=-\r\n"
C = "c=IN IP4 127.0.0.5\r\n"
AUDIO = "m=audio 4000 RTP/AVP 0\r\n"


@pytest.mark.parametrize("name, body, refused", [
    ("10 000 lines", HEAD + C + AUDIO + "a=x\r\n" * 10000, True),
    ("a line of 60 KB", HEAD + C + AUDIO + "a=" + "x" * 60000 + "\r\n", False),
    ("port 65536", HEAD + C + "m=audio 65536 RTP/AVP 0\r\n", True),
    ("port -1", HEAD + C + "m=audio -1 RTP/AVP 0\r\n", True),
    ("no port", HEAD + C + "m=audio\r\n", True),
    ("0 streams", HEAD + C + "m=audio 4000/0 RTP/AVP 0\r\n", True),
    ("streams without end", HEAD + C + "m=audio 4000/4294967295 RTP/AVP 0\r\n", False),
    ("no c=", HEAD + AUDIO, True),
    ("300 payload types", HEAD + C + "m=audio 4000 RTP/AVP " + " ".join(map(str, range(300))) + "\r\n", False),
    ("9 lines", HEAD + C + AUDIO * 9, True),
    ("400 candidates", HEAD + C + AUDIO + "a=candidate:1 1 UDP 1 127.0.0.5 4 typ host\r\n" * 400, False),
    ("a candidate of 50 KB", HEAD + C + AUDIO + "a=candidate:" + "9" * 50000 + "\r\n", False),
    ("nothing", "", True),
    ("no SDP", "INVITE sip:a SIP/2.0\r\n\r\n", True),
    ("zeros", "\0" * 1000, True),
    ("c= of a name", HEAD + "c=IN IP4 " + "a" * 5000 + "\r\n" + AUDIO, False),
])
def test_bodies_that_are_too_much(relay, name, body, refused):
    """S45: refused or carried, in no time, and nothing is left."""
    reply = relay.ng.ask("offer", call_id=name, from_tag="a", sdp=body)
    assert (reply["result"] == b"error") == refused, reply
    relay.ng.ask("delete", call_id=name, from_tag="a")
    assert relay.ng.ask("ping")["result"] == b"pong"
    assert relay.ng.ask("list")["calls"] == []


def test_where_the_kernel_does_not_steer(houses):
    """A mediad that starts without the privilege says so once and relays all the same."""
    port = free_ports(1)
    house = houses(settings={"ng-listen": f"udp:127.0.0.1:{port}"}).init()
    bare = ["setpriv", "--bounding-set", "-bpf,-sys_admin", BIN / "sipctl", "-C", house.dir]
    subprocess.run([*bare, "up", "--detach", "--wait"], check=True, capture_output=True, timeout=60)
    assert house.figure("mediad", "media_addresses_steered") == 0
    assert (house.log / "mediad.log").read_text().count("not steered by the kernel") == 1
    house.ng = ng.Client(("127.0.0.1", port))
    scene = Scene(house, True, "RTP")
    scene.speak(scene.phone, scene.near_relay, b"near", 1, 1)
    eventually(lambda: heard(scene.far) == [b"near"], what="a packet at the far end")
    scene.end()
    house.ng.close()
