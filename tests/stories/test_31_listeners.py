"""Sockets and who may use them: networks, counts, families, STUN, the switch."""
import contextlib
import socket
import struct
import zlib

import pytest

from lib import sdp
from lib.house import Failed
from lib.sip import Call, Wire, token
from lib.wait import eventually


def free_port(ip):
    """There is one ::1 only, and other houses may be on it."""
    with socket.create_server((ip, 0), family=socket.AF_INET6) as s:
        return s.getsockname()[1]


@pytest.fixture(scope="module")
def open_house(shared_houses):
    six = {t: free_port("::1") for t in ("udp", "tcp", "tls")}
    h = shared_houses(transports=("udp", "tcp", "tls"), listen=[f"{t}:[::1]:{p}" for t, p in six.items()]).start()
    h.import_users(["anna", "bert", "carl"])
    h.six = six
    return h


def listen(house, *lines):
    """These sockets and no others, live."""
    conf = house.etc / "sip.conf"
    text, skip = [], False
    for line in conf.read_text().splitlines():
        skip = skip or line.startswith("listen ") and line.endswith("{")
        if not skip and not line.startswith("listen "):
            text.append(line)
        skip = skip and line != "}"
    conf.write_text("\n".join([*lines, *text]) + "\n")
    house.sipctl("config", "apply")


def options(house, transport="UDP"):
    return (f"OPTIONS sip:{house.domain} SIP/2.0\r\nVia: SIP/2.0/{transport} 127.0.0.1:5099;rport;branch=z9hG4bK{token()}"
            f"\r\nMax-Forwards: 70\r\nFrom: <sip:x@y.test>;tag=a\r\nTo: <sip:{house.domain}>\r\nCall-ID: {token()}\r\n"
            "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n").encode()


def answers(house, ip, transport="udp", port=None, wait=5):
    """Is an OPTIONS from ip answered?"""
    try:
        wire = Wire((house.ip, port or house.port), transport, ip)
    except OSError:
        return False
    with contextlib.closing(wire):
        with contextlib.suppress(OSError):
            wire.send(options(house, transport.upper()))
        m = wire.read(wait)
        return m is not None and m.code == 200


def test_networks(house):
    """Row 4: only those listed, all but those listed; refused before anything is read; changed live."""
    near, far = "127.0.0.1", "127.99.0.1"
    assert answers(house, near) and answers(house, far) and answers(house, far, "tcp")
    for rule, good, bad in ((f"allow [{near}]", near, far), ("deny 127.99.0.0/16", near, far),
                            (f"allow [10.0.0.0/8, {far}]", far, near)):
        listen(house, *(f"listen {t}:{house.ip}:{house.port} {{\n    {rule}\n}}" for t in ("udp", "tcp")))
        refused = house.figure("sipd", "refused_networks")
        for t in ("udp", "tcp"):
            assert answers(house, good, t), (rule, t)
            assert not answers(house, bad, t, wait=0.3), (rule, t)
        assert house.figure("sipd", "refused_networks") >= refused + 2
    listen(house, *(f"listen {t}:{house.ip}:{house.port}" for t in ("udp", "tcp")))
    assert answers(house, near) and answers(house, far)


def test_per_address(house):
    """Rows 5 and 7: connections from one address to one socket, and in all."""
    listen(house, f"listen udp:{house.ip}:{house.port}", f"listen tcp:{house.ip}:{house.port} {{",
           "    connections-per-address 3", "}", f"listen tcp:{house.ip}:5070")

    def connect(ip, port, n):
        return [Wire((house.ip, port), "tcp", ip) for _ in range(n)]

    def alive(wires):
        for w in wires:
            with contextlib.suppress(OSError):
                w.send(options(house, "TCP"))
        return sum(w.read(5) is not None for w in wires)
    with contextlib.ExitStack() as stack:
        first = connect("127.0.0.1", house.port, 5)
        second, third = connect("127.0.0.1", 5070, 5), connect("127.0.0.2", house.port, 3)
        for w in first + second + third:
            stack.enter_context(contextlib.closing(w))
        assert alive(first) == 3 and alive(second) == 5 and alive(third) == 3
    eventually(lambda: house.figure("sipd", "tcp_connections") == 0, 10, 0.1, "connections gone")
    house.sipctl("config", "set", "tcp-connections-limit", "4")
    house.sipctl("config", "apply")
    with contextlib.ExitStack() as stack:
        wires = connect("127.0.0.1", 5070, 6)
        for w in wires:
            stack.enter_context(contextlib.closing(w))
        assert alive(wires) == 4
    assert house.figure("sipd", "tcp_refused") >= 4


def test_table_rules(house):
    """Row 3: all addresses exclude others of that port; rows that contradict are refused with their place."""
    conf = house.etc / "sip.conf"
    before = conf.read_text()
    for lines, why in (
            (["listen udp:0.0.0.0:5066", "listen udp:127.0.0.1:5066"], "one of them is all addresses"),
            (["listen tcp:0.0.0.0:5066", "listen tls:127.0.0.1:5066"], "one of them is all addresses"),
            (["listen udp:127.0.0.1:5066", "listen udp:127.0.0.1:5066"], "two sockets listen"),
            (["listen udp:127.0.0.1:5066 {", "allow 10.0.0.0/8", "deny 10.0.0.0/8", "}"], "not both"),
            (["listen udp:127.0.0.1:5066 {", "alow 10.0.0.0/8", "}"], 'did you mean "allow"'),
            (["listen [udp:127.0.0.1:5066, udp:127.0.0.1:5067] {", "allow 10.0.0.0/8", "}"], "one socket has a block"),
            (["tls-certificate a b c"], "a line of its own"), (["listen tls:127.0.0.1:5067"], "needs a certificate"),
            (["sip-tos 256"], "from 0 to 255")):
        conf.write_text(before + "\n".join(lines) + "\n")
        with pytest.raises(Failed) as e:
            house.sipctl("config", "apply")
        assert why in e.value.err and "sip.conf:" in e.value.err, e.value
    conf.write_text(before + "listen udp:127.77.0.1:5066\nlisten udp:127.77.0.2:5066\nsip-tos ef\n")
    house.sipctl("config", "apply")
    shown = house.sipctl("config", "show", "sip-tos").stdout
    assert shown == "ef\n"


def test_switch(house):
    """Row 13: off closes the sockets, on opens them."""
    assert answers(house, "127.0.0.1")
    for word, wanted in (("off", False), ("on", True)):
        house.sipctl("config", "set", "sip", word)
        house.sipctl("config", "apply")
        assert answers(house, "127.0.0.1", wait=5 if wanted else 0.3) == wanted
        assert answers(house, "127.0.0.1", "tcp", wait=5 if wanted else 0.3) == wanted


def test_tos(house):
    """Row 6: the octet on what leaves."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
        s.bind(("127.0.0.1", 0))
        s.settimeout(5)
        for word, octet in (("cs3", 0x60), ("184", 184), ("default", 0)):
            house.sipctl("config", "set", "sip-tos", word)
            house.sipctl("config", "apply")
            s.sendto(options(house), (house.ip, house.port))
            _, control, _, _ = s.recvmsg(65536, 100)
            assert [d[0] for _, kind, d in control if kind == socket.IP_TOS] == [octet], word


def stun(attributes=b"", fingerprint=False):
    m = struct.pack("!HHI12s", 1, len(attributes) + 8 * fingerprint, 0x2112a442, token().encode()[:12]) + attributes
    if fingerprint:
        m += struct.pack("!HHI", 0x8028, 4, zlib.crc32(m) ^ 0x5354554e)
    return m


def test_stun(open_house):
    """RFC 5626 section 4.4.2: a Binding request on the SIP port is told where it came from."""
    for family, ip, port in ((socket.AF_INET, open_house.ip, open_house.port),
                             (socket.AF_INET6, "::1", open_house.six["udp"])):
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            s.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
            s.settimeout(5)
            request = stun(struct.pack("!HH8s", 0x8022, 5, b"phone"), True)
            s.sendto(request, (ip, port))
            answer = s.recv(2000)
            kind, length, cookie = struct.unpack("!HHI", answer[:8])
            assert (kind, length, cookie, answer[8:20]) == (0x0101, len(answer) - 20, 0x2112a442, request[8:20])
            assert struct.unpack("!H", answer[26:28])[0] ^ 0x2112 == s.getsockname()[1]
            host = bytes(a ^ b for a, b in zip(answer[28:], answer[4:20]))[:4 if family == socket.AF_INET else 16]
            assert socket.inet_ntop(family, host) == s.getsockname()[0]
            assert answer[-8:-4] == b"\x80\x28\0\4"
            for bad in (request[:-1], request[:-1] + b"x", b"\0", stun()[:19], b"\1\1" + stun()[2:]):
                s.sendto(bad, (ip, port))
            s.sendto(stun(), (ip, port))
            assert len(s.recv(2000)) == (32 if family == socket.AF_INET else 44)


def test_cheap_exits(open_house, phones):
    """S36: datagrams of no and one octet, pings, STUN, half messages; a phone among them gets every answer."""
    canary = phones(open_house, "anna").registered()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        kinds = [b"", b"x", b"\r\n\r\n", stun(), b"INVITE sip:a", options(open_house)[:60], b"\0" * 200]
        for i in range(20):
            for data in kinds * 20:
                s.sendto(data, (open_house.ip, open_house.port))
            r = canary.transact(canary.request("OPTIONS", f"sip:{open_house.domain}"))
            assert r.code == 200


@pytest.mark.parametrize("caller, callee", [("udp", "udp"), ("tcp", "udp"), ("tls", "tcp")])
def test_six_and_four(open_house, phones, caller, callee):
    """A phone on ::1 calls one on IPv4 and is called back: a Record-Route for either side (RFC 5658)."""
    anna = phones(open_house, "anna", transport=caller, ip="::1",
                  server=("::1", open_house.six[caller])).registered()
    bert = phones(open_house, "bert", transport=callee).registered()
    for one, other, name in ((anna, bert, "bert"), (bert, anna, "anna")):
        call = one.invite(name, sdp.offer(open_house.phone_ip, 14000))
        request = other.wait_request("INVITE")
        routes = ",".join(request.all("record-route"))
        assert routes.count("<sip:") == 2 and routes.count("<sip:[::1]:") == 1, routes
        sent_by = request.get("via").split(";")[0].split()[1]
        assert sent_by.startswith("[::1]:" if other is anna else open_house.ip), sent_by
        far = Call.from_invite(other, request)
        other.reply(request, 200, to_tag=far.local_tag, headers=[("Contact", f"<{other.contact}>")],
                    body=sdp.offer(open_house.phone_ip, 14002))
        call.established()
        other.wait_request("ACK")
        call.send_bye()
        far.wait_bye()
    open_house.idle()


def test_multi_homed(houses, phones):
    """A socket for all addresses: what leaves names and uses the address the peer spoke to."""
    house = houses(transports=(), listen=["udp:0.0.0.0:5097", "tcp:0.0.0.0:5097"]).start()
    house.import_users(["anna", "bert"])
    a, b = "127.88.0.1", "127.88.0.2"
    anna = phones(house, "anna", server=(a, 5097), ip="127.88.1.1").registered()
    bert = phones(house, "bert", server=(b, 5097), ip="127.88.1.2").registered()
    call = anna.invite("bert", sdp.offer("127.88.1.1", 14000))
    request = bert.wait_request("INVITE")
    assert request.source == (b, 5097)
    assert request.get("via").startswith(f"SIP/2.0/UDP {b}:5097"), request.get("via")
    routes = request.all("record-route")
    assert len(routes) == 2 and b in routes[0] and a in routes[1], routes
    bert.reply(request, 486, to_tag="x")
    assert call.finish().code == 486
