"""TLS: phones over it, certificates by name, renewal, peers with and without one."""
import datetime
import json
import os
import shutil
import socket
import ssl
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib import sdp, tone
from lib.baresip import Baresip
from lib.certs import Authority
from lib.house import Failed
from lib.message import Message
from lib.sip import Call, Wire, token
from lib.wait import eventually


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def secure(shared_houses):
    h = shared_houses(transports=("udp", "tcp", "tls")).start()
    h.import_users(["anna", "bert", "carl"])
    return h


def put(house, files, name):
    """Certificate and key into the house's etc/tls; the setting's value."""
    for f, kind in zip(files, ("pem", "key")):
        target = house.etc / "tls" / f"{name}.{kind}"
        shutil.copy(f, target.with_suffix(".new"))
        target.with_suffix(".new").chmod(0o644)
        target.with_suffix(".new").rename(target)
    return f"tls/{name}.pem tls/{name}.key"


def use(house, *pairs):
    """These certificates and no others."""
    lines = [x for x in (house.etc / "sip.conf").read_text().splitlines() if not x.startswith("tls-certificate")]
    lines += [f"tls-certificate {pair}" for pair in pairs]
    (house.etc / "sip.conf").write_text("\n".join(lines) + "\n")
    house.sipctl("config", "apply")


def serves(house, name=None, context=None):
    """The certificate that a new connection is shown, in PEM."""
    wire = Wire((house.ip, house.tls_port), "tls", house.phone_ip, context=context, name=name)
    pem = ssl.DER_cert_to_PEM_cert(wire.sock.getpeercert(True))
    wire.close()
    return pem


def pem_of(chain):
    return ssl.DER_cert_to_PEM_cert(ssl.PEM_cert_to_DER_cert(chain.read_text()))


def options(house):
    return (f"OPTIONS sip:{house.domain} SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:5099;branch=z9hG4bK{token()}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:x@y.test>;tag=a\r\nTo: <sip:{house.domain}>\r\nCall-ID: {token()}\r\n"
            "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n")


def s_client(house, *args, data="", timeout=20):
    """openssl s_client; it ends with its input, so that answers are not waited for."""
    return subprocess.run(["openssl", "s_client", "-connect", f"{house.ip}:{house.tls_port}", *map(str, args)],
                          input=data, text=True, capture_output=True, timeout=timeout)


def establish(house, caller, callee, name):
    call = caller.invite(name, sdp.offer(house.phone_ip, 14000))
    request = callee.wait_request("INVITE")
    far = Call.from_invite(callee, request)
    callee.reply(request, 200, to_tag=far.local_tag, headers=[("Contact", f"<{callee.contact}>")],
                 body=sdp.offer(house.phone_ip, 14002))
    call.established()
    callee.wait_request("ACK")
    return call, far, request


def test_register_and_call(secure, phones):
    """A TLS phone calls a UDP phone and is called by it: Via and Record-Route name TLS."""
    anna, bert = phones(secure, "anna", transport="tls").registered(), phones(secure, "bert").registered()
    for caller, callee, name in ((anna, bert, "bert"), (bert, anna, "anna")):
        call, far, request = establish(secure, caller, callee, name)
        assert request.get("via").startswith(f"SIP/2.0/{callee.transport.upper()} ")
        routes = request.all("record-route")
        assert len(routes) == 2 and sum("transport=tls" in r for r in routes) == 1, routes
        call.send_bye()
        far.wait_bye()
    secure.idle()


def test_openssl_speaks(secure):
    """openssl s_client as a phone."""
    p = subprocess.Popen(["openssl", "s_client", "-quiet", "-connect", f"{secure.ip}:{secure.tls_port}"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        p.stdin.write(options(secure).encode())
        p.stdin.flush()
        assert p.stdout.readline().startswith(b"SIP/2.0 200 ")
    finally:
        p.kill()
        p.wait()


def test_octets_and_keep_alive(secure):
    """Every octet in a record of its own; two CRLFs are answered with one (RFC 5626 section 4.4.1)."""
    wire = Wire((secure.ip, secure.tls_port), "tls", secure.phone_ip)
    for c in options(secure):
        wire.send(c.encode())
    m = wire.read(10)
    assert m and m.code == 200
    wire.send(b"\r\n\r\n")
    wire.sock.setblocking(True)
    wire.sock.settimeout(10)
    assert wire.sock.recv(10) == b"\r\n"
    wire.close()


def test_names(secure, ca):
    """SNI: each domain has its certificate; who asks for none of them gets the first."""
    one, two = ca.issue("house.test"), ca.issue("other.test", "DNS:*.other.test,DNS:other.test")
    use(secure, put(secure, one, "one"), put(secure, two, "two"))
    for name, chain in (("house.test", one), ("OTHER.test", two), ("a.other.test", two), ("a.b.other.test", one),
                        ("nobody.test", one), (None, one)):
        assert serves(secure, name) == pem_of(chain[0]), name
    assert serves(secure, "other.test", ssl.create_default_context(cafile=ca.file)) == pem_of(two[0])
    shown = secure.json("cert", "show")
    assert [c["domain"] for c in shown] == ["house.test", "*.other.test"]
    assert all(c["in_force"] and c["state"] == "in force" and c["days_left"] > 1000 and "ca" in c["issuer"]
               for c in shown), shown


def test_renewed_under_a_call(secure, phones, ca):
    """The call and its connection go on, new connections see the new certificate."""
    first, second = ca.issue("renew", "DNS:house.test"), ca.issue("renew2", "DNS:house.test")
    use(secure, put(secure, first, "renew"))
    anna, bert = phones(secure, "anna", transport="tls").registered(), phones(secure, "bert").registered()
    call, far, _ = establish(secure, anna, bert, "bert")
    assert serves(secure) == pem_of(first[0])
    put(secure, second, "renew")
    secure.sipctl("reload")
    assert serves(secure) == pem_of(second[0])
    anna.registered()               # on the same connection
    call.send_bye()
    far.wait_bye()
    assert not anna.wire.closed
    secure.idle()


def test_bad_renewal(secure, ca):
    """Refused with its reason; what was in force stays."""
    good = ca.issue("good", "DNS:house.test")
    use(secure, put(secure, good, "bad"))
    other = ca.issue("mismatch", "DNS:house.test")
    expired = ca.issue("expired", "DNS:house.test", "20200101000000Z", "20210101000000Z")
    rubbish, disorder = ca.dir / "rubbish.pem", ca.dir / "disorder.pem"
    rubbish.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    disorder.write_text(good[0].read_text() + other[0].read_text())
    for files, why in (((other[0], good[1]), "does not belong"), (expired, "has expired"),
                       ((rubbish, good[1]), "no certificate in PEM"), ((disorder, good[1]), "did not issue"),
                       ((good[0], good[0]), "no private key")):
        put(secure, files, "bad")
        with pytest.raises(Failed) as e:
            secure.sipctl("reload")
        assert why in e.value.err, e.value
        assert serves(secure) == pem_of(good[0])
    put(secure, good, "bad")
    secure.sipctl("reload")


def readable_by_root(files, directory, mode):
    """Copies x.pem and x.key that only root may read."""
    directory.mkdir(mode=mode, exist_ok=True)
    for f, kind in zip(files, ("pem", "key")):
        shutil.copy(f, directory / f"x.{kind}")
        (directory / f"x.{kind}").chmod(0o600)
    return f"{directory}/x.pem {directory}/x.key"


@pytest.mark.skipif(os.geteuid() != 0, reason="the daemons have no users of their own here")
def test_outside_of_etc(houses, ca):
    """Root reads them at the start. Later an apply says what it cannot see, and goes on; a restart reads them."""
    first, second = ca.issue("outside", "DNS:house.test"), ca.issue("outside2", "DNS:house.test")
    house = houses(transports=("udp", "tls")).init()
    closed, searchable = house.dir / "closed", house.dir / "searchable"
    conf = house.etc / "sip.conf"
    plain = "\n".join(x for x in conf.read_text().splitlines() if not x.startswith("tls-certificate"))

    def use_only(pair):
        conf.write_text(f"{plain}\ntls-certificate {pair}\n")
    use_only(readable_by_root(first, closed, 0o700))
    house.up()
    house.sipctl("config", "set", "log-level", "major")
    r = house.sipctl("config", "apply")
    assert "warning" in r.stderr and f"sees nothing outside of {house.etc}" in r.stderr, r
    readable_by_root(second, closed, 0o700)
    assert "restart sipd" in house.sipctl("reload").stderr and serves(house) == pem_of(first[0])
    assert any("sees nothing outside" in w["text"] for w in house.status()["warnings"])
    house.sipctl("restart", "sipd")
    assert serves(house) == pem_of(second[0])
    # Another directory: what is new is refused; what was read stays silent until it can be seen to change.
    use_only(readable_by_root(first, searchable, 0o711))
    with pytest.raises(Failed) as e:
        house.sipctl("config", "apply")
    assert f"sees nothing outside of {house.etc}: put a copy into its tls" in e.value.err, e.value
    house.sipctl("down")
    house.up()
    assert serves(house) == pem_of(first[0])
    house.sipctl("config", "set", "log-level", "major")
    assert house.sipctl("config", "apply").stderr == ""
    readable_by_root(second, searchable, 0o711)
    with pytest.raises(Failed) as e:
        house.sipctl("reload")
    assert "restart sipd" in e.value.err, e.value
    # Beside sip.conf, but not for the group.
    pair = put(house, second, "group")
    (house.etc / "tls/group.key").chmod(0o600)
    use_only(pair)
    with pytest.raises(Failed) as e:
        house.sipctl("config", "apply")
    assert "tls/group.key" in e.value.err and "group sip must be allowed" in e.value.err, e.value
    (house.etc / "tls/group.key").chmod(0o644)
    house.sipctl("config", "apply")
    assert serves(house) == pem_of(second[0])


def test_soon_over(secure, ca):
    """A warning three weeks ahead."""
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=19, hours=12)
    use(secure, put(secure, ca.issue("soon", "DNS:house.test", end=end.strftime("%Y%m%d%H%M%SZ")), "soon"))
    warnings = [w["text"] for w in secure.status()["warnings"]]
    assert any("tls/soon.pem ends in 19 days" in w for w in warnings), warnings
    use(secure, put(secure, ca.issue("long", "DNS:house.test"), "long"))
    assert secure.ok()


@pytest.mark.parametrize("args", [
    ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
    ["-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"], ["-tls1_2", "-cipher", "NULL:@SECLEVEL=0"],
    ["-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"], ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"],
], ids=lambda a: f"{a[0]} {a[2]}")
def test_old_and_weak(secure, args):
    """S32: TLS 1.2 at least, forward secrecy and AEAD only."""
    r = s_client(secure, *args)
    assert r.returncode != 0 and "Cipher is (NONE)" in r.stdout, r.stdout + r.stderr


def test_no_renegotiation(secure):
    """S32: a client may not ask for another handshake."""
    p = subprocess.Popen(["openssl", "s_client", "-tls1_2", "-connect", f"{secure.ip}:{secure.tls_port}"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        p.stdin.write(b"R\n")
        p.stdin.flush()
        said = p.stdout.read()          # it ends by itself
    finally:
        p.kill()
        p.wait()
    assert b"RENEGOTIATING" in said and b"no renegotiation" in said, said


def descriptors(house):
    return len(os.listdir(f"/proc/{house.pid('sipd')}/fd"))


def closed(sock):
    """Waits for the end; what came before it."""
    sock.settimeout(10)
    data = b""
    try:
        while chunk := sock.recv(4096):
            data += chunk
    except ConnectionResetError:
        pass
    return data


def test_rubbish_on_the_port(secure):
    """S32, S30: plain text, a hello that never ends: closed in time, nothing is kept."""
    before = descriptors(secure)
    with socket.create_connection((secure.ip, secure.tls_port)) as plain:
        plain.sendall(options(secure).encode())
        assert b"SIP/2.0" not in closed(plain)
    secure.sipctl("config", "set", "tls-handshake-timeout", "1s")
    secure.sipctl("config", "apply")
    with socket.create_connection((secure.ip, secure.tls_port)) as slow:
        slow.sendall(b"\x16\x03\x01\x02\x00\x01")
        began = time.monotonic()
        closed(slow)
        assert 0.5 < time.monotonic() - began < 8
    eventually(lambda: descriptors(secure) <= before, 10, 0.1, "descriptors back")
    assert secure.figure("sipd", "tls_handshakes_slow") >= 1
    assert secure.figure("sipd", "tls_handshakes_failed") >= 1
    secure.sipctl("config", "set", "tls-handshake-timeout", "5s")
    secure.sipctl("config", "apply")


def test_hello_in_octets(secure):
    """S32: the client's handshake, one octet a segment."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    o = context.wrap_bio(inward, outward)
    with socket.create_connection((secure.ip, secure.tls_port)) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        raw.settimeout(10)

        def until_done(step):
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    for byte in outward.read():
                        raw.sendall(bytes([byte]))
                    inward.write(raw.recv(65536))
        until_done(o.do_handshake)
        o.write(options(secure).encode())
        assert until_done(lambda: o.read(65536)).startswith(b"SIP/2.0 200")


def admitted(house, files=None):
    """Does a request come through? In TLS 1.3 the refusal comes after the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if files:
        context.load_cert_chain(*files)
    try:
        wire = Wire((house.ip, house.tls_port), "tls", house.phone_ip, context=context)
        wire.send(options(house).encode())
        m = wire.read(10)
        wire.close()
    except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
        return False
    return m is not None and m.code == 200


def test_mutual(secure, ca, tmp_path):
    """Clients with a certificate of our authority, with another's, with an expired one, with none."""
    shutil.copy(ca.file, secure.etc / "tls/ca.pem")
    (secure.etc / "tls/ca.pem").chmod(0o644)
    good = ca.issue("client", "DNS:client.test")
    expired = ca.issue("late", "DNS:client.test", "20200101000000Z", "20210101000000Z")
    stranger = Authority(tmp_path, "stranger").issue("client", "DNS:client.test")
    secure.sipctl("config", "set", "tls-ca-file", "tls/ca.pem")
    for mode, wanted in (("optional", (True, True, False, False)), ("required", (False, True, False, False)),
                         ("off", (True, True, True, True))):
        secure.sipctl("config", "set", "tls-verify-client", mode)
        secure.sipctl("config", "apply")
        assert tuple(admitted(secure, f) for f in (None, good, expired, stranger)) == wanted, mode


SIP_DOMAIN = "1.3.6.1.5.5.7.3.20"        # id-kp-sipDomain, RFC 5924 section 3.1


def test_usage(secure, ca):
    """RFC 5924 section 4: what a certificate is for, with "tls-peer-usage" tls and sip."""
    shutil.copy(ca.file, secure.etc / "tls/ca.pem")
    (secure.etc / "tls/ca.pem").chmod(0o644)
    table = [(None, True, True), (SIP_DOMAIN, True, True), ("anyExtendedKeyUsage", True, True),
             ("clientAuth", True, False), ("serverAuth", True, False), (f"clientAuth,{SIP_DOMAIN}", True, True),
             ("emailProtection", False, False), ("emailProtection,codeSigning", False, False)]
    files = [ca.issue(f"usage{i}", "DNS:client.test", usage=row[0]) for i, row in enumerate(table)]
    for name, value in (("tls-ca-file", "tls/ca.pem"), ("tls-verify-client", "required")):
        secure.sipctl("config", "set", name, value)
    for i, word in enumerate(("tls", "sip"), 1):
        secure.sipctl("config", "set", "tls-peer-usage", word)
        secure.sipctl("config", "apply")
        seen = [admitted(secure, f) for f in files]
        assert seen == [row[i] for row in table], word
    for name in ("tls-verify-client", "tls-peer-usage"):
        secure.sipctl("config", "set", name, "off" if name.endswith("client") else "tls")
    secure.sipctl("config", "apply")


def test_killed(secure, phones):
    """Its phones are cut off, come back and can be reached at once."""
    anna, bert = phones(secure, "anna", transport="tls").registered(), phones(secure, "bert").registered()
    before = secure.pids()
    secure.kill("sipd")
    secure.back(before, ["sipd"])
    assert anna.wire.read(10) is None and anna.wire.closed
    again = phones(secure, "anna", transport="tls").registered()
    call, far, _ = establish(secure, bert, again, "anna")
    call.send_bye()
    far.wait_bye()


def test_tickets_outlive_the_process(secure):
    """A session of the process that was killed is resumed by the next one."""
    session = secure.dir / "session"
    assert "\nNew, " in s_client(secure, "-tls1_2", "-sess_out", session, data="Q\n").stdout
    before = secure.pids()
    secure.kill("sipd")
    secure.back(before, ["sipd"])
    r = s_client(secure, "-tls1_2", "-sess_in", session, data="Q\n")
    assert "\nReused, " in r.stdout, r.stdout


def test_baresip(secure, peers, tmp_path):
    """A TLS phone and a UDP phone hear each other's tone."""
    alice = peers(Baresip(secure, "anna", tmp_path, 440, "tls").start()).registered()
    bob = peers(Baresip(secure, "bert", tmp_path, 880, "udp", answer="auto").start()).registered()
    eventually(lambda: any("transport=tls" in c for c in secure.contacts("anna")), 10, 0.1, "anna over TLS")
    alice.dial("bert")
    alice.wait_event("CALL_ESTABLISHED")
    alice.listened()
    bob.listened()
    alice.hangup()
    bob.wait_event("CALL_CLOSED")
    alice.stop()
    bob.stop()
    assert tone.share(bob.heard(), 440) > 0.9 and tone.share(alice.heard(), 880) > 0.9
    secure.idle()


class Server:
    """The next hop: a TLS server that takes one connection and answers every request 486."""

    def __init__(self, house, files):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*files)
        self.sock = socket.create_server((house.phone_ip, 0))
        self.port = self.sock.getsockname()[1]

    def serve(self):
        """The first INVITE, or None when the client did not like us."""
        self.sock.settimeout(10)
        raw, _ = self.sock.accept()
        raw.settimeout(10)
        try:
            with self.context.wrap_socket(raw, server_side=True) as s:
                data = b""
                while b"\r\n\r\n" not in data:
                    chunk = s.recv(65536)
                    if not chunk:
                        return None
                    data += chunk
                m = Message.parse(data)
                copied = "".join(f"{n}: {v}\r\n" for n, v in m.headers
                                 if n.lower() in ("via", "from", "to", "call-id", "cseq"))
                s.sendall(f"SIP/2.0 486 Busy Here\r\n{copied}Content-Length: 0\r\n\r\n".encode())
                s.recv(65536)       # the ACK
                return m
        except (ssl.SSLError, ConnectionResetError):
            return None

    def stop(self):
        self.sock.close()


@pytest.mark.parametrize("names, verify, good, usage", [
    ("IP:{ip},DNS:far.test", "on", True, None), ("DNS:far.test", "on", False, None), ("DNS:far.test", "off", True, None),
    ("URI:sip:{ip}", "on", True, SIP_DOMAIN), ("URI:sip:far.test,DNS:{ip}", "on", False, None),
    ("URI:sip:{ip}", "on", False, "emailProtection")])
def test_server_is_verified(secure, phones, peers, ca, names, verify, good, usage):
    """RFC 5922: whom we connect to shows a certificate of the next hop for SIP (5924), or gets nothing."""
    shutil.copy(ca.file, secure.etc / "tls/ca.pem")
    (secure.etc / "tls/ca.pem").chmod(0o644)
    server = peers(Server(secure, ca.issue("far", names.format(ip=secure.phone_ip), usage=usage)))
    for name, value in (("tls-ca-file", "tls/ca.pem"), ("tls-verify-server", verify), ("relay-to-non-clients", "anybody"),
                        ("relay-via", f'"sip:{secure.phone_ip}:{server.port};transport=tls"')):
        secure.sipctl("config", "set", name, value)
    secure.sipctl("config", "apply")
    anna = phones(secure, "anna").registered()
    with ThreadPoolExecutor() as pool:
        seen = pool.submit(server.serve)
        call = anna.invite("x@far.test", sdp.offer(secure.phone_ip, 14000))
        code = call.finish().code
        request = seen.result()
    assert (request is not None) == good
    assert code == 486 if good else code in (500, 503), code
    if good:
        assert request.get("via").startswith(f"SIP/2.0/TLS {secure.ip}:{secure.tls_port};")
    assert anna.register(expires=0).code == 200


def test_sips(secure, phones):
    """S32: what is asked for with SIPS goes by TLS to SIPS, or nowhere."""
    anna = phones(secure, "anna", transport="tls").registered()
    for transport, uri, wanted in (("udp", "sip", 480), ("tcp", "sip", 480), ("tls", "sip", 480), ("tls", "sips", 486)):
        carl = phones(secure, "carl", transport=transport)
        carl.contact = f"{uri}:carl@{carl.sent_by}" + (";transport=tls" if uri == "sip" and transport == "tls" else "")
        carl.registered()
        call = Call(anna, f"sips:carl@{secure.domain}", sdp.offer(secure.phone_ip, 14000))
        anna.contact = anna.contact.replace("sip:", "sips:", 1)
        call.start((), 5.0)
        if wanted == 486:
            request = carl.wait_request("INVITE")
            assert all(r.startswith("<sips:") for r in request.all("record-route")), request.all("record-route")
            carl.reply(request, 486, to_tag="x")
        assert call.finish().code == wanted, (transport, uri)
        assert carl.register(expires=0).code == 200


@pytest.mark.long
@pytest.mark.skipif(not shutil.which("testssl"), reason="testssl.sh is not installed")
def test_testssl(houses, ca):
    """S32: all that testssl.sh asks of the port. Our authority is as good as a public one, but revokes nothing."""
    house = houses(transports=("udp", "tls"), settings={"tcp-connections-per-address": "1000"}).start()
    now = datetime.datetime.now(datetime.timezone.utc)
    times = [(now + datetime.timedelta(days=d)).strftime("%Y%m%d%H%M%SZ") for d in (-1, 89)]
    use(house, put(house, ca.issue("tested", f"DNS:house.test,IP:{house.ip}", *times), "tested"))
    report, before = house.dir / "testssl.json", descriptors(house)
    subprocess.run(["testssl", "--quiet", "--color", "0", "--add-ca", ca.file, "--jsonfile", report,
                    f"{house.ip}:{house.tls_port}"], capture_output=True, timeout=550)
    findings = json.loads(report.read_text())
    bad = [f"{f['id']}: {f['finding']}" for f in findings if f["severity"] in ("MEDIUM", "HIGH", "CRITICAL")
           and f["id"] != "cert_revocation"]
    print(f"\ntestssl.sh: {len(findings)} findings, {len(bad)} of MEDIUM or worse (limit 0)")
    assert len(findings) > 100 and not bad, bad
    eventually(lambda: descriptors(house) <= before, 20, 0.2, "descriptors back")
