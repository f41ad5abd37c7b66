"""A call flow as RFCs draw it, in words, and who plays it through real houses.

A flow is a text, a line for each arrow or for each set of arrows that cross:

    A INVITE B                  A sends it, B is the next to get it
    P 100 A                     the houses (the figure's proxies) made that one
    A BYE B  x  B BYE A         both are sent before either is read; played in both orders
    A CANCEL P ; B 200 A        the same in this order: all is sent, then read from left to right
    B 180 A lost                A gets it, and does as if it had not
    A ACK -                     it is lost before it gets to a proxy
    A =INVITE P                 the same octets again
    P =INVITE B repeats         at least once, and nothing else but that
    B 200/BYE A                 a response names its request unless that is the INVITE
    A re-INVITE2 B              so does what is sent a second time, but anew
    A INVITE{auth} BC           forks; the words in braces are below

Words: auth: with an answer to each challenge so far; bare: without SDP; sdp: with SDP where
there is none by itself; moved: A has another socket from here on.

What comes next at each side is judged: the start, whose dialog it is, that the body arrived
as it was sent, one hop less to go. What no line names must not come.
"""
import re
import time

from . import digest, sdp
from .message import Message, uri_of
from .sip import Wire, token

EVENT = re.compile(r"(?P<by>[A-Z]) (?P<again>=?)(?P<what>[\w-]+(/[\w-]+)?)(?:\{(?P<words>[^}]*)\})? "
                   r"(?P<to>[A-Z]+|-)(?P<end>| lost| repeats)")
WITH_SDP = {"INVITE", "re-INVITE", "200", "200/re-INVITE", "UPDATE", "200/UPDATE"}


class Event:
    def __init__(self, text):
        m = EVENT.fullmatch(text.strip())
        assert m, f"not an arrow: {text!r}"
        self.text, self.by, self.what, self.to = text.strip(), m["by"], m["what"], m["to"]
        self.words, self.again = set((m["words"] or "").split()), bool(m["again"])
        self.lost, self.repeats = m["end"] == " lost", m["end"] == " repeats"
        assert self.words <= {"auth", "bare", "sdp", "moved"}, self.text
        first, _, of = self.what.partition("/")
        self.code = int(first) if first.isdigit() else 0
        self.of = of or "INVITE"        # of a response or an ACK: the request
        self.method = re.sub(r"^re-|\d+$", "", self.of if self.code else first)

    def is_first(self, m):
        """Does m begin as this arrow says?"""
        return (m.code, m.method) == (self.code, self.method) and m.is_request == (self.code == 0)


def address_of(value):
    """(host, port) of a URI in numbers, or of a header with one."""
    host, port = re.search(r"[@:]([\d.]+):(\d+)", uri_of(value)).groups()
    return host, int(port)


class Dialog:
    """What a side knows of it."""

    def __init__(self, remote_tag, target, route=()):
        self.remote_tag, self.target, self.route = remote_tag, target, route


class Side:
    """One user agent: it does what the lines say and nothing by itself. elsewhere: where
    its 3xx lead."""

    def __init__(self, name, phone, elsewhere=None):
        self.name, self.phone, self.elsewhere = name, phone, elsewhere
        self.home = phone.wire, phone.contact

    def begin(self, call_id, callee):
        self.call_id, self.local_tag = call_id, token()
        self.local, self.remote, self.callee = self.phone.aor, callee, callee
        self.cseq = 0
        self.sent, self.got = {}, {}    # by what the arrows say
        self.refused = {}               # request -> its response of 300 and above
        self.dialogs = {}               # by the other side's letter
        self.challenges, self.uses = {}, {}     # realm -> the last one; nonce -> how often
        self.repeating = set()          # branches that may come again

    def end(self):
        if self.phone.wire is not self.home[0]:
            self.phone.close()
        self.phone.wire, self.phone.contact = self.home

    def move(self):
        """To another socket, like a phone whose address changes."""
        wire = self.home[0]
        self.phone.wire = Wire(wire.server, ip=wire.local[0])
        self.phone.contact = f"sip:{self.phone.user}@{self.phone.sent_by}"

    # ---- out ----

    def send(self, event):
        if "moved" in event.words:
            self.move()
        if event.again:
            m = self.sent[event.what]
        elif event.code:
            m = self._response(event)
        elif event.method == "CANCEL" or (event.method, event.to) == ("ACK", "P"):
            m = self._hop_by_hop(event)
        else:
            m = self._request(event)
        self.sent[event.what] = m
        if event.to != "-":
            self.phone.wire.send(m.bytes(), m.source)
        return m

    def _body(self, event):
        wanted = event.what.rstrip("23") in WITH_SDP or "sdp" in event.words
        if not wanted or "bare" in event.words:
            return b""
        return sdp.offer(self.phone.wire.local[0], 14000 + 2 * len(self.sent)).encode()

    def _request(self, event):
        if event.method == "ACK":
            cseq = self.sent[event.of].cseq
        else:
            cseq = self.cseq = self.cseq + 1
        d = self.dialogs.get(event.to[0]) or Dialog("", self.callee)
        m = self.phone.request(event.method, d.target, to=self.remote, to_tag=d.remote_tag, from_tag=self.local_tag,
                               call_id=self.call_id, cseq=cseq, route=d.route, body=self._body(event),
                               from_uri=self.local)
        if d.remote_tag:                # RFC 3261 section 8.1.2: to the first Route, or straight there
            m.source = address_of(d.route[0] if d.route else d.target)
        if "auth" in event.words:
            m.headers += [("Proxy-Authorization", self._credential(m, c)) for c in self.challenges.values()]
        return m

    def _credential(self, m, challenge):
        nonce = digest.parse(challenge)["nonce"]
        self.uses[nonce] = self.uses.get(nonce, 0) + 1
        return digest.answer(challenge, self.phone.user, self.phone.password, m.method, m.uri, self.uses[nonce])

    def _hop_by_hop(self, event):
        """CANCEL, and the ACK of a refusal: Via and Route of their request."""
        m = self.sent[event.of]
        to = m if event.method == "CANCEL" else self.refused[event.of]
        return Message(f"{event.method} {m.uri} SIP/2.0", [
            m.headers[0], ("Max-Forwards", "70"), *((n, v) for n, v in m.headers if n == "Route"),
            ("From", m.get("from")), ("To", to.get("to")), ("Call-ID", m.call_id),
            ("CSeq", f"{m.cseq} {event.method}")])

    def _response(self, event):
        request = self.got[event.of]
        contact = self.elsewhere if 300 <= event.code < 400 else self.phone.contact
        m = self.phone.response(request, event.code, to_tag=self.local_tag, body=self._body(event),
                                headers=[("Contact", f"<{contact}>")] if event.code < 400 else ())
        m.source = request.source
        return m

    # ---- in ----

    def read(self, trying=False, timeout=5.0):
        """The next message of this call, or None. A 100 is between two hops: only if asked for."""
        deadline = time.monotonic() + timeout
        while (m := self.phone.wire.read(max(0.0, deadline - time.monotonic()))) is not None:
            if m.call_id == self.call_id and (trying or m.code != 100) and \
                    not (m.is_request and m.branch in self.repeating):
                return m
        return None

    def take(self, event, m):
        """What this side knows, now that it has got this."""
        self.got[event.what] = m
        if event.lost:
            return
        if event.code >= 300:
            self.refused[event.of] = m
            asked = [value for name, value in m.headers if name == "Proxy-Authenticate"]
            self.challenges |= {digest.parse(c)["realm"]: c for c in asked}
            if event.code < 400:
                self.callee = uri_of(m.get("contact"))
        elif event.method == "INVITE" and event.by != "P":
            self._in_dialog(event, m)

    def _in_dialog(self, event, m):
        """RFC 3261 section 12: begun, or with another target."""
        if event.by in self.dialogs:
            self.dialogs[event.by].target = uri_of(m.get("contact"))
        elif event.code:
            self.dialogs[event.by] = Dialog(m.tag("to"), uri_of(m.get("contact")), m.all("record-route")[::-1])
        else:
            self.remote, self.local = uri_of(m.get("from")), uri_of(m.get("to"))
            self.dialogs[event.by] = Dialog(m.tag("from"), uri_of(m.get("contact")), m.all("record-route"))


class Flow:
    """Plays one figure. sides: by their letters; callee: whom the first INVITE asks for.
    proxies: how many houses stay in the dialog; media: SDP passes a media proxy."""

    def __init__(self, text, sides, callee, proxies=1, media=False):
        self.lines = [line.split("#")[0].strip() for line in text.strip().splitlines()]
        self.sides, self.callee, self.proxies, self.media = sides, callee, proxies, media

    def play(self, turned=False):
        """turned: what crosses is sent in the other order. Returns the Call-ID."""
        call_id = token() + "@flow"
        for side in self.sides.values():
            side.begin(call_id, self.callee)
        try:
            for line in filter(None, self.lines):
                self._step(line, turned and " x " in line)
            for side in self.sides.values():
                self._hears_no_more(side)
        finally:
            for side in self.sides.values():
                side.end()
        return call_id

    def _step(self, line, turned):
        events = [Event(text) for text in re.split(r" x | ; ", line)]
        sent = {}
        for event in events[::-1] if turned else events:
            if event.by != "P":
                sent[event] = self.sides[event.by].send(event)
        for event in events:
            for letter in set(event.to) - set("P-"):
                try:
                    self._arrives(event, sent.get(event), self.sides[letter])
                except AssertionError as e:
                    raise AssertionError(f"{line!r}, {event.text}: {e}") from None

    def _arrives(self, event, sent, side):
        m = side.read(event.code == 100)
        assert m is not None, "nothing came"
        assert event.is_first(m), f"{m} came"
        if event.by == "P" and event.again:
            assert m.branch == side.got[event.what].branch, f"another {m}"
            if event.repeats:
                side.repeating.add(m.branch)
            return
        if sent is not None:
            self._is_same(event, sent, m)
        side.take(event, m)

    def _is_same(self, event, sent, m):
        """What passed the houses is what was sent."""
        for name in ("from", "to", "call-id", "cseq", "contact"):
            assert m.get(name) == sent.get(name), f"{name} was {sent.get(name)}, is {m.get(name)}"
        if self.media and sent.body:
            assert sdp.audio(m.body) != sdp.audio(sent.body), "its media do not pass the house"
        else:
            assert m.body == sent.body, m.body
        if event.code:
            assert len(m.all("via")) == 1, m.all("via")
            return
        assert m.get("route") is None and m.get("proxy-authorization") is None, m.headers
        if event.what == "INVITE":
            assert len(m.all("record-route")) == self.proxies, m.all("record-route")
        passed = len(m.all("via")) - 1
        assert int(m.get("max-forwards")) == 70 - passed, m.headers
        assert passed > 0 if event.what == "INVITE" else passed == self.proxies, m.all("via")

    def _hears_no_more(self, side):
        """Nothing comes that no line names: an OPTIONS of the same call is behind all of it."""
        side.phone.wire.send(side.phone.request("OPTIONS", f"sip:{side.phone.domain}", call_id=side.call_id).bytes())
        m = side.read()
        assert m is not None and m.method == "OPTIONS", f"at the end {side.name} gets {m}"
