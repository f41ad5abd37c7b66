"""Providers on the wire that accept REGISTER with digest, each with a bad habit of its own until
it is healed. All of them live in one thread."""
import selectors
import socket
import threading
import time

from .digest import made_with, parse
from .house import free_address
from .message import Message, take
from .sip import token

PASSWORD = "provider-secret"


def good(p, m):
    """Challenges once with a nonce that stays, then accepts."""
    if not p.signed(m):
        return p.challenge(m)
    return p.accept(m)


def silent(p, m):
    return []


def always_another_nonce(p, m):
    p.nonce = token()
    return p.challenge(m, stale=True)


def two_challenges(p, m):
    """The right answer meets a second 401 that does not say "stale"."""
    if p.signed(m):
        p.nonce = token()
    return p.challenge(m)


def slow(p, m):
    p.later(2.0, good(p, m), m.source)
    return []


def other_realm(p, m):
    return p.challenge(m, realm="somewhere.else") if m.get("authorization") is None else [p.answer(m, 403)]


def proxy_challenge(p, m):
    if not p.signed(m):
        return p.challenge(m, proxy=True)
    return p.accept(m)


def moved_to_nowhere(p, m):
    return [p.answer(m, 301, [("Contact", f"<sip:{p.ip}:9>")])]


def in_circles(p, m):
    return [p.answer(m, 302, [("Contact", f"<sip:{p.ip}:{p.port}>")])]


def wrong_via(p, m):
    r = p.answer(m, 200)
    r.headers = [(n, v.replace("z9hG4bK", "z9hG4bKx") if n == "Via" else v) for n, v in r.headers]
    return [r]


def a_day(p, m):
    if int(m.get("expires")) < 86400:
        return [p.answer(m, 423, [("Min-Expires", "86400")])]
    return p.accept(m, expires=86400)


def wants_path(p, m):
    """An edge proxy stands between us and the registrar (RFC 3327 section 5.3)."""
    if "path" not in m.all("supported"):
        return [p.answer(m, 421, [("Require", "path")])]
    answers = p.accept(m)
    for a in answers:
        a.headers.append(("Path", f"<sip:edge@{p.ip};lr>"))
    return answers


def half_a_message(p, m):
    """Over TCP: the head of a response without its end, and the connection is closed."""
    return [b"SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 19", None]


#: name: (what it does with a request, transport)
HABITS = {
    "never answers": (silent, "udp"),
    "500": (lambda p, m: [p.answer(m, 500)], "udp"),
    "503, Retry-After 2": (lambda p, m: [p.answer(m, 503, [("Retry-After", "2 (soon)")])], "udp"),
    "another nonce each time": (always_another_nonce, "udp"),
    "two 401 in a row": (two_challenges, "udp"),
    "no Expires": (lambda p, m: p.accept(m, expires=None), "udp"),
    "Expires 10": (lambda p, m: p.accept(m, expires=10), "udp"),
    "Expires 0": (lambda p, m: p.accept(m, expires=0), "udp"),
    "somebody else's contact": (lambda p, m: [p.answer(m, 200, [("Contact", "<sip:x@y.test>;expires=60"),
                                                               ("Expires", "0")])], "udp"),
    "half a message over TCP": (half_a_message, "tcp"),
    "closes TCP": (lambda p, m: [None], "tcp"),
    "another realm": (other_realm, "udp"),
    "407": (proxy_challenge, "udp"),
    "301 to nowhere": (moved_to_nowhere, "udp"),
    "302 to itself": (in_circles, "udp"),
    "403": (lambda p, m: [p.answer(m, 403)], "udp"),
    "404": (lambda p, m: [p.answer(m, 404)], "udp"),
    "423 without Min-Expires": (lambda p, m: [p.answer(m, 423)], "udp"),
    "423, a day": (a_day, "udp"),
    "100 and no more": (lambda p, m: [p.answer(m, 100)], "udp"),
    "401 without a challenge": (lambda p, m: [p.answer(m, 401)], "udp"),
    "an algorithm of its own": (lambda p, m: p.challenge(m, algorithm="ROT13"), "udp"),
    "garbage": (lambda p, m: [b"\x00\xff garbage \r\n\r\n"], "udp"),
    "another Via": (wrong_via, "udp"),
    "slow": (slow, "udp"),
    "wants Path": (wants_path, "udp"),
}


class Provider:
    """One of them. requests: (time, CSeq number, whether it was signed)."""

    def __init__(self, providers, habit=good, transport="udp"):
        self.all, self.habit, self.transport = providers, habit, transport
        self.ip, self.port, self.realm, self.nonce = free_address(), 5060, "provider.test", token()
        self.requests, self.accepted = [], 0
        self.options = [200]            # what OPTIONS are answered with; None: nothing
        if transport == "udp":
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        else:
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((self.ip, self.port))
        if transport == "tcp":
            self.socket.listen(16)
        self.socket.setblocking(False)

    def via(self):
        return f"sip:{self.ip}:{self.port}" + (";transport=tcp" if self.transport == "tcp" else "")

    def heal(self):
        self.habit = good

    def answer(self, m, code, headers=()):
        copied = [(n, v) for n, v in m.headers if n.lower() in ("via", "from", "call-id", "cseq")]
        to = m.get("to") + ("" if code == 100 else f";tag={token()}")
        return Message(f"SIP/2.0 {code} Whatever", copied + [("To", to), *headers])

    def challenge(self, m, realm=None, algorithm="MD5", stale=False, proxy=False):
        value = (f'Digest realm="{realm or self.realm}", nonce="{self.nonce}", algorithm={algorithm}, qop="auth"'
                 + (", stale=true" if stale else ""))
        name = "Proxy-Authenticate" if proxy else "WWW-Authenticate"
        return [self.answer(m, 407 if proxy else 401, [(name, value)])]

    def accept(self, m, expires=60):
        self.accepted += 1
        ends = "" if expires is None else f";expires={expires}"
        return [self.answer(m, 200, [("Contact", f"{m.get('contact').split(';expires')[0]}{ends}")])]

    def signed(self, m):
        value = m.get("authorization") or m.get("proxy-authorization")
        if value is None:
            return False
        c = parse(value)
        return c["nonce"] == self.nonce and c["realm"] == self.realm and made_with(c, PASSWORD, m.method)

    def take(self, m):
        """What is sent back: messages, octets, None for the end of a connection."""
        if m.method == "OPTIONS":
            assert m.get("authorization") is None and m.get("proxy-authorization") is None      # S09
            return [self.answer(m, code) for code in self.options if code]
        self.requests.append((time.monotonic(), m.cseq, m.get("authorization") is not None))
        return self.habit(self, m)

    def later(self, seconds, answers, source):
        self.all.delayed.append((time.monotonic() + seconds, self, answers, source))


class Providers:
    """Runs them: made before start(), ended by stop()."""

    def __init__(self):
        self.selector, self.delayed, self.made = selectors.DefaultSelector(), [], []
        self.stopping = False

    def make(self, habit=good, transport="udp"):
        p = Provider(self, habit, transport)
        self.made.append(p)
        self.selector.register(p.socket, selectors.EVENT_READ, (p, None))
        return p

    def start(self):
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        return self

    def send(self, p, answers, where):
        for a in answers:
            data = a.bytes() if isinstance(a, Message) else a
            if p.transport == "udp":
                if data:
                    p.socket.sendto(data, where)
            elif data is None:
                self.hang_up(where)
            else:
                where.sendall(data)

    def hang_up(self, connection):
        self.selector.unregister(connection)
        connection.close()

    def read_stream(self, p, connection, buffer):
        try:
            data = connection.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.hang_up(connection)
            return
        m, rest = take(buffer + data)
        self.selector.modify(connection, selectors.EVENT_READ, (p, rest))
        if m is not None:
            self.send(p, p.take(m), connection)

    def read(self, p, sock, buffer):
        if sock is not p.socket:
            self.read_stream(p, sock, buffer)
        elif p.transport == "tcp":
            connection, _ = p.socket.accept()
            self.selector.register(connection, selectors.EVENT_READ, (p, b""))
        else:
            data, where = p.socket.recvfrom(65536)
            if b"\r\n\r\n" in data:
                m = Message.parse(data)
                m.source = where
                self.send(p, p.take(m), where)

    def run(self):
        while not self.stopping:
            for key, _ in self.selector.select(0.05):
                self.read(key.data[0], key.fileobj, key.data[1])
            now = time.monotonic()
            due = [d for d in self.delayed if d[0] <= now]
            self.delayed = [d for d in self.delayed if d[0] > now]
            for _, p, answers, where in due:
                self.send(p, answers, where)

    def stop(self):
        self.stopping = True
        self.thread.join(5)
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()
