"""A phone on the wire: every message it sends and gets is visible to the story.

A Phone owns one UDP socket, or one TCP or TLS connection to the server. It reads only
while the story waits for something; meanwhile the kernel keeps what arrives.
Requests are repeated like a real phone's (timers A and E), retransmissions
that arrive are answered again and not shown twice.
"""
import os
import select
import socket
import ssl
import time

from . import digest, sdp
from .message import Message, params_of, take, uri_of

T1 = 0.5
T2 = 4.0
REASONS = {100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK",
           404: "Not Found", 408: "Request Timeout", 480: "Temporarily Unavailable",
           481: "Call/Transaction Does Not Exist", 486: "Busy Here",
           487: "Request Terminated", 500: "Server Internal Error",
           503: "Service Unavailable", 600: "Busy Everywhere", 603: "Decline"}


class NoAnswer(AssertionError):
    pass


def token():
    return os.urandom(8).hex()


def trusting():
    """A TLS context that believes everybody."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def ready(sock, events, timeout):
    """poll() of one socket: select() knows the first 1024 descriptors only."""
    p = select.poll()
    p.register(sock, events)
    return bool(p.poll(max(0, timeout) * 1000))


class Wire:
    """UDP socket, TCP or TLS connection; messages in and out. context: of TLS."""

    def __init__(self, server, transport="udp", ip="127.0.0.1", port=0, context=None, name=None):
        self.server = server
        self.transport = transport
        self.stream = transport != "udp"
        kind = socket.SOCK_STREAM if self.stream else socket.SOCK_DGRAM
        self.sock = socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, kind)
        if self.stream:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.bind((ip, port))
        if self.stream:
            self.sock.settimeout(10)
            self.sock.connect(server)
        if transport == "tls":
            self.sock = (context or trusting()).wrap_socket(self.sock, server_hostname=name)
        self.sock.setblocking(False)
        self.local = self.sock.getsockname()
        self.buffer = b""
        self.closed = False

    def fileno(self):
        return self.sock.fileno()

    def send(self, data, to=None):
        if self.transport == "udp":
            self.sock.sendto(data, to or self.server)
            return
        while data:
            assert ready(self.sock, select.POLLOUT, 5), "the server does not read its TCP connection"
            try:
                data = data[self.sock.send(data):]
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                continue

    def read(self, timeout):
        """The next message, or None after timeout seconds."""
        deadline = time.monotonic() + timeout
        while True:
            if self.stream:
                m, self.buffer = take(self.buffer)
                if m is not None:
                    m.source = self.server
                    return m
            left = deadline - time.monotonic()
            held = self.transport == "tls" and self.sock.pending()
            if self.closed or not (held or ready(self.sock, select.POLLIN, left)):
                return None
            try:
                if self.stream:
                    data, source = self.sock.recv(65536), self.server
                else:
                    data, source = self.sock.recvfrom(65536)
            except (ConnectionRefusedError, ssl.SSLWantReadError):   # ICMP: the server was down when we sent
                continue
            except (ConnectionResetError, ssl.SSLError):
                data, source = b"", None
            if self.transport == "udp":
                if len(data.strip()) == 0 or data[0] < 2:       # keep-alive, STUN
                    continue
                m = Message.parse(data)
                m.source = source
                return m
            if not data:
                self.closed = True
            self.buffer += data

    def close(self):
        self.sock.close()


class Phone:
    """user may be None: then it speaks without an account (OPTIONS, strangers)."""

    def __init__(self, house, user=None, transport="udp", password=None, ip=None, port=0, domain=None,
                 server=None, context=None, name=None):
        self.house = house
        self.domain = domain or house.domain
        self.user = user or "nobody"
        self.password = password if password is not None else house.passwords.get(user)
        server = server or (house.ip, house.tls_port if transport == "tls" else house.port)
        self.wire = Wire(server, transport, ip or house.phone_ip, port, context, name)
        self.transport = transport
        self.aor = f"sip:{self.user}@{self.domain}"
        suffix = f";transport={transport}" if self.wire.stream else ""
        self.contact = f"sip:{self.user}@{self.sent_by}{suffix}"
        self.register_id, self.register_cseq = token(), 0
        self.challenge = {}             # by header name: the last challenge, and its nc
        self.inbox = []
        self.calls = []                 # for what may arrive at any time
        self.answered = {}              # (branch, method) -> bytes sent
        self.seen = set()
        self.log = []                   # all messages, ("<" or ">", message)

    # ---- sending ----

    @property
    def sent_by(self):
        ip, port = self.wire.local[:2]
        return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"

    def via(self, branch):
        return f"SIP/2.0/{self.transport.upper()} {self.sent_by};rport;branch={branch}"

    def send(self, m, to=None):
        self.log.append((">", m))
        self.wire.send(m.bytes(), to)

    def request(self, method, uri, *, to=None, from_tag=None, to_tag="", call_id=None, cseq=1,
                headers=(), body=b"", branch=None, contact=True, route=(), from_uri=None):
        m = Message(f"{method} {uri} SIP/2.0", [
            ("Via", self.via(branch or "z9hG4bK" + token())),
            ("Max-Forwards", "70"),
            *(("Route", r) for r in route),
            ("From", f"<{from_uri or self.aor}>;tag={from_tag or token()}"),
            ("To", f"<{to or uri}>" + (f";tag={to_tag}" if to_tag else "")),
            ("Call-ID", call_id or token() + "@" + self.wire.local[0]),
            ("CSeq", f"{cseq} {method}"),
        ], body)
        if contact and method not in ("BYE", "CANCEL", "ACK", "OPTIONS"):
            m.headers.append(("Contact", f"<{self.contact}>"))
        m.headers += list(headers)
        if body and m.get("content-type") is None:
            m.headers.append(("Content-Type", "application/sdp"))
        return m

    def response(self, request, code, *, reason=None, to_tag=None, headers=(), body=b""):
        copied = [(n, v) for n, v in request.headers
                  if n.lower() in ("via", "v", "from", "f", "to", "t", "call-id", "i", "cseq",
                                   "record-route")]
        m = Message(f"SIP/2.0 {code} {reason or REASONS.get(code, 'Said So')}", copied, body)
        if to_tag and not m.tag("to"):
            m.set("To", m.get("to") + f";tag={to_tag}")
        m.headers += list(headers)
        if body:
            m.headers.append(("Content-Type", "application/sdp"))
        return m

    def reply(self, request, code, **how):
        """Answers and remembers it for retransmissions. Returns the response."""
        m = self.response(request, code, **how)
        if code >= 180:
            self.answered[request.branch, request.method] = m
        self.send(m, request.source)
        return m

    # ---- receiving ----

    def _absorb(self, m):
        """What needs no story: retransmissions. True when m is one."""
        if m.is_request:
            key = (m.branch, m.method)
            if key in self.seen:
                if key in self.answered:
                    self.send(self.answered[key], m.source)
                return True
            if m.method != "ACK":
                self.seen.add(key)
            return False
        for call in self.calls:
            if call.repeats_2xx(m):
                return True
        return False

    def wait(self, wanted, timeout=5.0, what=None):
        """The first message, past or future, for which wanted(message) is true."""
        deadline = time.monotonic() + timeout
        while True:
            for i, m in enumerate(self.inbox):
                if wanted(m):
                    return self.inbox.pop(i)
            m = self.wire.read(deadline - time.monotonic())
            if m is None:
                if time.monotonic() >= deadline or self.wire.closed:
                    state = "connection closed" if self.wire.closed else f"not within {timeout} s"
                    raise NoAnswer(f"{self.user}: {what or 'message'}: {state}; inbox {self.inbox}")
                continue
            self.log.append(("<", m))
            if not self._absorb(m):
                self.inbox.append(m)

    def wait_request(self, method, timeout=5.0, call_id=None):
        return self.wait(lambda m: m.is_request and m.method == method
                         and (call_id is None or m.call_id == call_id), timeout, f"a {method}")

    def silent(self, seconds=0.3):
        """Nothing (but retransmissions) arrives for so long."""
        try:
            m = self.wait(lambda m: True, seconds)
        except NoAnswer:
            return
        raise AssertionError(f"{self.user} got {m}")

    def transact(self, m, timeout=32.0, provisional=None):
        """Sends a request, repeats it over UDP, returns the final response.
        provisional: a list that receives the 1xx."""
        def mine(r):
            return not r.is_request and r.branch == m.branch and r.method == m.method
        deadline = time.monotonic() + timeout
        interval, proceeding = T1, False
        self.send(m)
        while True:
            left = deadline - time.monotonic()
            try:
                r = self.wait(mine, min(left, interval) if self.transport == "udp" else left,
                              f"an answer to {m}")
            except NoAnswer:
                if deadline - time.monotonic() <= 0 or self.wire.stream:
                    raise
                if not (m.method == "INVITE" and proceeding):
                    self.wire.send(m.bytes())
                interval = interval * 2 if m.method == "INVITE" else min(interval * 2, T2)
                continue
            if r.code >= 200:
                return r
            proceeding = True
            if provisional is not None:
                provisional.append(r)

    # ---- credentials ----

    def credential(self, m, response, password=None, username=None):
        """A copy of m with a new branch, the next CSeq and an answer to the challenge."""
        proxy = response.code == 407
        challenge = response.get("proxy-authenticate" if proxy else "www-authenticate")
        name = "Proxy-Authorization" if proxy else "Authorization"
        again = Message(m.start, m.headers, m.body)
        again.headers[0] = ("Via", self.via("z9hG4bK" + token()))
        number = m.cseq + 1
        again.headers = [(n, f"{number} {m.method}") if n == "CSeq" else (n, v) for n, v in again.headers]
        again.set(name, digest.answer(challenge, username or self.user,
                                      password if password is not None else self.password or "",
                                      m.method, m.uri))
        return again

    def ask(self, m, timeout=32.0, provisional=None, **credential):
        """transact(), answering one challenge. Returns (request that was judged, response)."""
        r = self.transact(m, timeout, provisional)
        if r.code in (401, 407):
            if m.method == "INVITE":
                self.ack_failure(m, r)
            m = self.credential(m, r, **credential)
            r = self.transact(m, timeout, provisional)
        return m, r

    def ack_failure(self, m, r):
        """The ACK of a response that is not 2xx: same branch, hop by hop."""
        ack = Message(f"ACK {m.uri} SIP/2.0", [
            m.headers[0], ("Max-Forwards", "70"),
            *((n, v) for n, v in m.headers if n == "Route"),
            ("From", m.get("from")), ("To", r.get("to")), ("Call-ID", m.call_id),
            ("CSeq", f"{m.cseq} ACK")])
        self.send(ack)

    # ---- registration ----

    def register(self, expires=300, contact=None, headers=(), call_id=None, cseq=None, timeout=32.0,
                 **credential):
        """The final response. contact: the header's value; "" leaves it out."""
        self.register_cseq = cseq or self.register_cseq + 1
        value = f"<{self.contact}>" if contact is None else contact
        extra = [("Contact", value)] if value else []
        if expires is not None:
            extra.append(("Expires", str(expires)))
        m = self.request("REGISTER", f"sip:{self.domain}", to=self.aor,
                         call_id=call_id or self.register_id, cseq=self.register_cseq,
                         contact=False, headers=extra + list(headers))
        m, r = self.ask(m, timeout, **credential)
        self.register_cseq = m.cseq
        return r

    def registered(self, **how):
        r = self.register(**how)
        assert r.code == 200, r
        return self

    # ---- calls ----

    def invite(self, target, body=None, *, timeout=5.0, headers=(), **credential):
        """Sends an INVITE, answering a challenge; returns a Call that is in progress."""
        if "@" not in target:
            target = f"{target}@{self.domain}"
        call = Call(self, f"sip:{target}", body)
        call.start(headers, timeout, **credential)
        return call

    def accept(self, request, body=None, **how):
        """Answers an INVITE with 200; returns the Call on this side."""
        call = Call.from_invite(self, request)
        call.answer(body, **how)
        return call

    def close(self):
        self.wire.close()


class Call:
    """One dialog and the INVITE that makes it, as one side sees it."""

    def __init__(self, phone, remote, body=None):
        self.phone = phone
        self.remote_aor = self.target = remote
        self.body = body
        self.call_id = token() + "@" + phone.wire.local[0]
        self.local_tag, self.remote_tag = token(), ""
        self.local_aor = phone.aor
        self.cseq = 1
        self.route = []
        self.request = None         # the last INVITE, sent or got
        self.final = None           # its final response
        self.provisional = []
        self.acks = {}              # cseq -> bytes of the ACK to a 2xx
        phone.calls.append(self)

    # ---- the caller ----

    def start(self, headers, timeout, **credential):
        p = self.phone
        m = p.request("INVITE", self.target, from_tag=self.local_tag, call_id=self.call_id,
                      cseq=self.cseq, headers=headers, body=self.body or b"")
        r = self._first(m, timeout)
        if r.code in (401, 407):
            p.ack_failure(m, r)
            m = p.credential(m, r, **credential)
            r = self._first(m, timeout)
        self.request, self.cseq = m, m.cseq
        self._note(r)

    def _first(self, m, timeout):
        """Sends m until something but a 100 comes, or the 100 and nothing else."""
        p, deadline, interval, trying = self.phone, time.monotonic() + timeout, T1, None
        self.request = m
        p.send(m)
        while True:
            try:
                r = p.wait(self._mine, min(interval, max(0.0, deadline - time.monotonic())))
            except NoAnswer:
                if trying is not None:
                    return trying
                if time.monotonic() >= deadline:
                    raise
                if p.transport == "udp":
                    p.wire.send(m.bytes())
                interval *= 2
                continue
            if r.code > 100:
                return r
            trying, interval = r, 0.1

    def _mine(self, m):
        return (not m.is_request and m.branch == self.request.branch and m.method == "INVITE")

    def _note(self, r):
        if r.code < 200:
            self.provisional.append(r)
        else:
            self.final = r

    def wait_code(self, code, timeout=5.0):
        """This response to the INVITE (past provisional ones count)."""
        for r in self.provisional + ([self.final] if self.final else []):
            if r.code == code:
                return r
        while True:
            r = self.phone.wait(self._mine, timeout, f"{code} to INVITE")
            self._note(r)
            if r.code == code:
                return r
            assert r.code < 200, f"{r} instead of {code}"

    def finish(self, timeout=32.0):
        """The final response. Anything but 2xx is acknowledged at once."""
        while self.final is None:
            self._note(self.phone.wait(self._mine, timeout, "a final response to INVITE"))
        if self.final.code >= 300:
            self.phone.ack_failure(self.request, self.final)
        return self.final

    def established(self, timeout=10.0):
        """Waits for the 200 and acknowledges it. Returns the Call."""
        r = self.finish(timeout)
        assert 200 <= r.code < 300, r
        self.remote_tag = r.tag("to")
        self.target = uri_of(r.get("contact"))
        self.route = list(reversed(r.all("record-route")))
        self._ack(r)
        return self

    def _ack(self, r):
        ack = self.phone.request("ACK", self.target, to=self.remote_aor, to_tag=self.remote_tag,
                                 from_tag=self.local_tag, call_id=self.call_id, cseq=r.cseq,
                                 route=self.route, from_uri=self.local_aor)
        self.acks[r.cseq] = ack
        self.phone.send(ack)

    def repeats_2xx(self, m):
        if (m.call_id == self.call_id and m.method == "INVITE" and 200 <= m.code < 300
                and m.cseq in self.acks and m.tag("to") == self.remote_tag):
            self.phone.send(self.acks[m.cseq])
            return True
        return False

    def cancel(self, timeout=10.0):
        """Cancels the INVITE; returns the response to the CANCEL."""
        m = self.request
        c = Message(f"CANCEL {m.uri} SIP/2.0", [
            m.headers[0], ("Max-Forwards", "70"),
            *((n, v) for n, v in m.headers if n == "Route"),
            ("From", m.get("from")), ("To", m.get("to")), ("Call-ID", m.call_id),
            ("CSeq", f"{m.cseq} CANCEL")])
        return self.phone.transact(c, timeout)

    # ---- the callee ----

    @classmethod
    def from_invite(cls, phone, request):
        call = cls(phone, uri_of(request.get("from")))
        call.call_id = request.call_id
        call.remote_tag = request.tag("from")
        call.local_aor = uri_of(request.get("to"))
        call.target = uri_of(request.get("contact"))
        call.route = request.all("record-route")
        call.request = request
        call.cseq = 0
        return call

    def ring(self, code=180, **how):
        return self.phone.reply(self.request, code, to_tag=self.local_tag,
                                headers=[("Contact", f"<{self.phone.contact}>")], **how)

    def answer(self, body=None, timeout=10.0, ack=True):
        """200, repeated until the ACK comes."""
        p, request = self.phone, self.request
        r = p.reply(request, 200, to_tag=self.local_tag, body=body or b"",
                    headers=[("Contact", f"<{p.contact}>")])
        if not ack:
            return r
        deadline, interval = time.monotonic() + timeout, T1
        while True:
            try:
                return p.wait(lambda m: m.is_request and m.method == "ACK"
                              and m.call_id == self.call_id and m.cseq == request.cseq, interval, "an ACK")
            except NoAnswer:
                if time.monotonic() > deadline:
                    raise
                interval = min(2 * interval, T2)
                p.send(r, request.source)

    # ---- both ----

    def _in_dialog(self, method, body=b"", headers=()):
        self.cseq += 1
        return self.phone.request(method, self.target, to=self.remote_aor, to_tag=self.remote_tag,
                                  from_tag=self.local_tag, call_id=self.call_id, cseq=self.cseq,
                                  route=self.route, body=body, headers=headers, from_uri=self.local_aor)

    def ask(self, method, body=b"", headers=(), timeout=32.0):
        """A request within the dialog; its final response."""
        return self.phone.transact(self._in_dialog(method, body, headers), timeout)

    def send_reinvite(self, body):
        """Sends only; the story then plays the far end and calls reinvited()."""
        self.request, self.final = self._in_dialog("INVITE", body), None
        self.phone.send(self.request)

    def reinvited(self, timeout=10.0):
        """The 200 to send_reinvite(), acknowledged. Repeats the INVITE as timer A does."""
        p, deadline, interval = self.phone, time.monotonic() + timeout, T1
        while self.final is None:
            try:
                self._note(p.wait(self._mine, min(interval, max(0, deadline - time.monotonic()))))
            except NoAnswer:
                if time.monotonic() >= deadline:
                    raise
                if p.transport == "udp" and not self.provisional:
                    p.wire.send(self.request.bytes())
                interval *= 2
        assert self.final.code == 200, self.final
        self.target = uri_of(self.final.get("contact"))
        self._ack(self.final)
        return self.final

    def send_bye(self):
        self.bye_request = self._in_dialog("BYE")
        self.phone.send(self.bye_request)

    def wait_bye(self, timeout=10.0):
        """The far end's BYE, answered."""
        m = self.phone.wait_request("BYE", timeout, self.call_id)
        self.phone.reply(m, 200)
        return m


def media(body):
    return sdp.audio(body)


def header_params(value):
    return params_of(value)
