"""The corpus against a running server: which file must bring what, and what it
brought. A Bench is a client, the server in the middle, and what lies behind it."""
import collections
import contextlib
import json
import re
import select
import socket
import time

from . import reader
from .house import free_address

FIRST, LATER = 5.0, 0.05      # seconds: for what must come; for what must not, after the next answer
ORDINARY = {200, 202, 401, 403, 404, 407, 423, 480, 481, 482, 483, 486, 487}


class Case:
    """One file in one role. wanted: codes, "forward", "process", "drop", "accept".
    disputed: the sentence of RFC 3261 that says otherwise."""

    def __init__(self, folder, file, role, wanted, data, disputed=None, refused=400):
        self.folder, self.file, self.role, self.wanted, self.data = folder, file, role, wanted, data
        self.disputed, self.refused = disputed, refused

    @property
    def name(self):
        return f"{self.folder}/{self.file}"

    def value(self, names):
        """Of a header line that even a damaged message has."""
        found = re.search(rb"(?im)^(?:" + names + rb")[ \t]*:[ \t]*([^\r\n]*?)[ \t\r]*$", self.data)
        return found.group(1) if found else b""

    @property
    def call_id(self):
        return self.value(b"call-id|i")

    @property
    def transaction(self):
        return self.call_id, self.value(b"cseq")

    def renamed(self, n):
        """The same with Call-ID and top branch that no other has."""
        mark = b".%d" % n
        data = re.sub(rb"(?im)^((?:call-id|i)[ \t]*:[ \t]*[^\s]+)", rb"\1" + mark, self.data, count=1)
        data = re.sub(rb"(?i)(;[ \t]*branch[ \t]*=[ \t]*[^\s;,]+)", rb"\1" + mark, data, count=1)
        return Case(self.folder, self.file, self.role, self.wanted, data, self.disputed, self.refused)

    def satisfied(self, got):
        if got in self.wanted:
            return True
        return "process" in self.wanted and (got == "forward" or got in ORDINARY)


def wanted_of(verdict):
    """What "forward byte-exact", [400, "process"] or 404 say, as words and codes."""
    many = verdict if isinstance(verdict, list) else [verdict]
    return [v if isinstance(v, int) else v.split()[0] for v in many]


def crlf(data):
    """LF made CRLF, an empty line at the end of the head if there is none."""
    data = re.sub(rb"\r?\n", b"\r\n", data)
    if b"\r\n\r\n" not in data:
        data = data.rstrip(b"\r\n") + b"\r\n\r\n"
    return data


def counted(data):
    """With the Content-Length that its body has."""
    n = len(data.partition(b"\r\n\r\n")[2])
    return re.sub(rb"(?i)(content-length: *)\d+", rb"\g<1>%d" % n, data)


# Its Contact is the very address that it registers, in a domain of ours (S11).
OURSELVES = 'and RFC 5393 section 3: "With these bindings in place, introduce an INVITE request to any of ' \
            'the four AORs [...] This request will fork"'


def rfc4475(corpus):
    """Roles that we never play (endpoint) are left out."""
    verdicts = {v["file"]: v["verdict"] for v in json.loads((corpus / "rfc4475/verdicts.json").read_bytes())}
    verdicts["baddn-crlf.dat"] = verdicts["baddn.dat"]
    for file, verdict in sorted(verdicts.items()):
        data = (corpus / "rfc4475" / file).read_bytes()
        for role, want in verdict.items():
            if role == "any":
                role = "registrar" if data.startswith(b"REGISTER ") else "proxy"
            if "endpoint" not in role and want != "n/a":
                disputed = OURSELVES if file == "regescrt.dat" else None
                yield Case("rfc4475", file, role, wanted_of(want), data, disputed, 403)


def rfc5118(corpus):
    for path in sorted((corpus / "rfc5118/wire").iterdir()):
        want = [400] if path.name == "ipv6-bad.sip" else ["forward"]
        yield Case("rfc5118/wire", path.name, "proxy", want, path.read_bytes())
    for path in sorted((corpus / "rfc5118/raw").iterdir()):
        yield Case("rfc5118/raw", path.name, "proxy", [400, "drop"], path.read_bytes())


def kamailio(corpus):
    folder = corpus / "kamailio-misc"
    for file, v in json.loads((folder / "verdicts.json").read_bytes()).items():
        data = (folder / file).read_bytes()
        role = "registrar" if data.startswith(b"REGISTER ") else "proxy"
        # What has no empty line is damaged by that: it gets none.
        yield Case("kamailio-misc", file, role, wanted_of(v["verdict"]), re.sub(rb"\r?\n", b"\r\n", data))
        yield Case("kamailio-misc (raw)", file, "any", [400, 420, 505, "drop", "process"], data)


def sipgo(corpus):
    for path in sorted((corpus / "sipgo-fuzz").glob("*.bin")):
        yield Case("sipgo-fuzz", path.name, "any", ["drop"], path.read_bytes())


PJSIP = {                                           # the others of its README: process
    "input.1.sip": [400, "drop", "process"],        # mixed line ends
    "input.2.sip": ["drop"],                        # a response to nobody
    "auth_challenge.sip": ["drop"],                 # the same
}
PJSIP_ANY = [400, "drop", "process"]                # RFC 4475 with edits, no verdict
SHORT = 'section 18.3: "If the transport packet ends before the end of the message body, this is ' \
    'considered an error. [...] If the message is a request, the element SHOULD respond with 400"'


def pjsip(corpus):
    folder = corpus / "pjsip-fuzz-seeds"
    for path in sorted((folder / "sip").iterdir()) + sorted((folder / "sip-dialog").glob("*.sip")):
        raw, kind = path.read_bytes(), f"pjsip-fuzz-seeds/{path.parent.name}"
        role = "registrar" if raw.startswith(b"REGISTER ") else "proxy"
        want = PJSIP_ANY if re.match(r"input\.[3-7]\.", path.name) else PJSIP.get(path.name, ["process"])
        if path.name.startswith("input."):
            yield Case(kind + " (raw)", path.name, "any", PJSIP_ANY, raw)
        if not path.name.startswith("multipart_"):
            yield Case(kind, path.name, role, want, crlf(raw))
            continue
        # Their Content-Length says more than is there: as it is, and counted anew.
        yield Case(kind, path.name, role, want, crlf(raw), SHORT)
        yield Case(kind + " (counted)", path.name, role, want, counted(crlf(raw)))
    for path in sorted((folder / "uri").iterdir()):
        yield uri_case(path.name, path.read_bytes(), [400, 416])
    text = (folder / "sip-dialog/simple_uris.txt").read_bytes()
    for i, uri in enumerate(re.findall(rb"sip:(?:(?!sip:)[^\s])+", text)):
        yield uri_case(f"simple_uris.txt:{i + 1}", uri, ["forward"])


def uri_case(file, uri, want):
    """A URI in the request line; blanks around it are the file's end."""
    data = options("sip:x", file.encode().hex().encode()).replace(b" sip:x ", b" " + uri.strip() + b" ", 1)
    return Case("pjsip-fuzz-seeds/uri", file, "proxy", want, data)


# ---- the wire ---------------------------------------------------------------

def top_via_port(data):
    """Where answers go when nobody asked for rport: the sent-by port, or 5060."""
    m = re.search(rb"(?im)^(?:via|v)[ \t]*:(?:[ \t]|\r\n[ \t])*SIP[^,;]*?:[ \t]*(\d+)[ \t]*(?:[;,]|\r\n)", data)
    port = int(m.group(1)) if m else 5060
    return port if 0 < port < 65536 else 5060


class Bench:
    """Sends a case as a client and says what came of it: "forward", a code, "drop"."""

    def __init__(self, house):
        self.house = house
        self.client_ip = free_address()
        self.clients = {}                   # by port
        self.sinks = []
        self.seen = set()                   # what arrived before: repetitions are no news
        self.canaries = 0

    def sink(self, ip, port):
        """One more address of what lies behind the server."""
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind((ip, port))
        self.sinks.append(s)
        return s.getsockname()

    def client(self, port):
        if port not in self.clients:
            self.clients[port] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.clients[port].bind((self.client_ip, port))
        return self.clients[port]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for s in [*self.sinks, *self.clients.values()]:
            s.close()

    def arrivals(self, timeout):
        """[(socket, bytes, source)] of what is new; [] after timeout, or sooner."""
        out = []
        for s in select.select([*self.sinks, *self.clients.values()], [], [], max(0, timeout))[0]:
            with contextlib.suppress(ConnectionRefusedError):
                data, source = s.recvfrom(65536)
                if data not in self.seen:
                    self.seen.add(data)
                    out.append((s, data, source))
        return out

    def forwarded(self, call_id):
        """What lies behind us got the request with this Call-ID: the arrival."""
        deadline, others = time.monotonic() + FIRST, []
        while time.monotonic() < deadline:
            for s, data, source in self.arrivals(deadline - time.monotonic()):
                others.append(data)
                if s in self.sinks and call_id in data:
                    return s, data, source
                if s in self.sinks:
                    self.answer(s, source, data)
        raise AssertionError(f"{call_id} was not forwarded; what arrived: {others}")

    def send(self, sock, data):
        sock.sendto(data, (self.house.ip, self.house.port))

    def canary(self, sock):
        """A good request on the same socket. Its Call-ID."""
        self.canaries += 1
        call_id = b"canary-%d" % self.canaries
        self.send(sock, options(f"sip:{self.house.domain}", call_id))
        return call_id

    def answer(self, sock, source, data):
        """What lies behind us answers a request, so that nothing is left waiting."""
        r = reader.read(data)
        if r.start.startswith(b"ACK "):
            return
        status = b"486 Busy Here" if r.start.startswith(b"INVITE ") else b"200 OK"
        to = r.first(b"to")
        out = [b"SIP/2.0 " + status, *(b"Via: " + v for v in r.values(b"via")), b"From: " + r.first(b"from"),
               b"To: " + (to if b"tag=" in to else to + b";tag=sink"), b"Call-ID: " + r.first(b"call-id"),
               b"CSeq: " + r.first(b"cseq"), b"Content-Length: 0", b"", b""]
        sock.sendto(b"\r\n".join(out), source)

    def play(self, case):
        """Sends it, then a canary on the same socket. Returns (got, what arrived)."""
        sock = self.client(top_via_port(case.data))
        self.send(sock, case.data)
        return self.outcome(case, sock, self.canary(sock))

    def outcome(self, case, sock, canary):
        got, alive, arrived = None, False, []
        deadline = time.monotonic() + FIRST
        while time.monotonic() < deadline:
            for s, data, source in self.arrivals(deadline - time.monotonic()):
                if s in self.sinks:
                    self.answer(s, source, data)
                if canary in data:
                    assert data.startswith(b"SIP/2.0 200 "), f"{case.name}: the next good request got {data!r}"
                    alive = True
                elif not case.call_id or case.call_id in data:
                    arrived.append(data)
                    got = self.judge(s, data) if got is None else got
                if alive and (got is not None or "drop" in case.wanted):
                    deadline = min(deadline, time.monotonic() + LATER)
        assert alive, f"{case.name}: the next good request on this socket got no answer"
        return "drop" if got is None else got, arrived

    def judge(self, sock, data):
        """What this arrival says of the case; None for a 1xx or a stray ACK."""
        if sock not in self.sinks:
            code = int(data.split(b" ")[1])
            return code if code >= 200 else None
        return None if data.startswith(b"ACK ") else "forward"

    def play_response(self, case):
        """The file is the answer to a request that is on its way through us: Via,
        From, To and Call-ID are that request's (and CSeq, where the file's own can
        be read). "accept": it reaches the transaction, and the client gets it with
        the file's status line, unless it is a 100, which ends here."""
        client = self.client(5060)
        pending = b"pending-%d" % self.canaries
        self.send(client, options("sip:behind@elsewhere.example", pending))
        sink, data, source = self.forwarded(pending)
        before = self.house.figure("sipd", "parse_errors")
        sink.sendto(graft(case.data, reader.read(data)), source)
        canary, status = self.canary(client), case.data.partition(b"\r\n")[0] + b"\r\n"
        arrived, deadline = [], time.monotonic() + FIRST
        while time.monotonic() < deadline:
            for s, got, _ in self.arrivals(deadline - time.monotonic()):
                arrived.append(got)
                if canary in got:
                    deadline = min(deadline, time.monotonic() + LATER)
        assert any(canary in a for a in arrived), f"{case.name}: no answer to the next good request"
        refused = self.house.figure("sipd", "parse_errors") - before
        if status.startswith(b"SIP/2.0 100"):
            accepted = refused == 0
        else:
            accepted = any(a.startswith(status) for a in arrived)
            assert accepted != (refused > 0), f"{case.name}: {refused} refused"
        self.answer(sink, source, data)
        return "accept" if accepted else "drop", arrived

    def until_closed(self, data):
        """What the server says to this on a connection of its own, until it ends it."""
        return self.all_until_closed([data])[0]

    def all_until_closed(self, several):
        """The same for each of several, on as many connections at once."""
        with contextlib.ExitStack() as stack:
            socks = [stack.enter_context(socket.create_connection(
                (self.house.ip, self.house.port), timeout=2 * FIRST, source_address=(self.client_ip, 0)))
                for _ in several]
            for s, data in zip(socks, several):
                s.sendall(data)
            return [read_to_end(s) for s in socks]


def read_to_end(sock):
    said = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := sock.recv(65536):
            said += chunk
    return said


def options(uri, call_id):
    """A good request, with rport: the answer comes to the socket that sends it."""
    return (f"OPTIONS {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;rport;branch=z9hG4bK{call_id.decode()}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:canary@elsewhere.example>;tag=1\r\nTo: <{uri}>\r\n"
            f"Call-ID: {call_id.decode()}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n").encode()


def graft(data, request):
    """A response of the corpus as the answer to this request. A CSeq that no
    number can hold stays: it is what the file is about."""
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = reader.lines(head)
    names = {b"via", b"from", b"to", b"call-id"}
    if re.search(rb"(?im)^cseq: *\d{1,10} ", head):
        names.add(b"cseq")
    kept = [x for x in lines if reader.canonical(x.partition(b":")[0].strip()) not in names]
    own = [n + b": " + v for n, v in request.headers if n in names]
    own = [x + b";tag=sink" if x.startswith(b"to:") else x for x in own]
    return b"\r\n".join([status, *own, *kept]) + b"\r\n\r\n" + body


def apart(cases):
    """Files that would be one transaction (same Call-ID and CSeq), made several."""
    seen = collections.Counter()
    for c in cases:
        seen[c.transaction] += 1
        yield c.renamed(seen[c.transaction]) if c.call_id and seen[c.transaction] > 1 else c


def table(rows):
    """rows of (case, got, complaint or None), as text; the last line counts."""
    out = [f"{'file':<48} {'role':<22} {'wanted':<28} got"]
    for case, got, complaint in rows:
        out.append(f"{case.name:<48} {case.role:<22} {', '.join(map(str, case.wanted)):<28} {got}"
                   + (f"   MISMATCH: {complaint}" if complaint else f"   disputed: RFC 3261 {case.disputed}"
                      if case.disputed else ""))
    wrong, disputed = (sum(1 for r in rows if x(r)) for x in (lambda r: r[2], lambda r: r[0].disputed))
    out.append(f"{len(rows)} verdicts, {wrong} mismatches, {disputed} disputed")
    return "\n".join(out)
