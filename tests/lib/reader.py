"""A SIP message read by the book (RFC 3261 section 25.1), from its bytes and
independently of the server's parser: what the next program behind us sees.

read() is strict. spellings() is the opposite: every header name that any careless
reader could find in the same bytes. changes() says what a proxy altered beyond
what RFC 3261 section 16.6 lets it alter.
"""
import re

COMPACT = {b"a": b"accept-contact", b"b": b"referred-by", b"c": b"content-type", b"d": b"request-disposition",
           b"e": b"content-encoding", b"f": b"from", b"i": b"call-id", b"j": b"reject-contact",
           b"k": b"supported", b"l": b"content-length", b"m": b"contact", b"n": b"identity-info",
           b"o": b"event", b"r": b"refer-to", b"s": b"subject", b"t": b"to", b"u": b"allow-events",
           b"v": b"via", b"x": b"session-expires", b"y": b"identity"}
TOKEN = re.compile(rb"[A-Za-z0-9\-.!%*_+`'~]+")
LINE = re.compile(rb"(" + TOKEN.pattern + rb")[ \t]*:")


class Illegal(ValueError):
    pass


def canonical(name):
    name = name.lower()
    return COMPACT.get(name, name)


def unfold(value):
    """One line, no blanks at its ends; blanks and folds are one space (section 7.3.1)."""
    return re.sub(rb"[ \t\r\n]+", b" ", value).strip(b" ")


class Reading:
    """start, headers as (canonical name, unfolded value) in order, body; all bytes."""

    def __init__(self, start, headers, body):
        self.start, self.headers, self.body = start, headers, body

    @property
    def is_request(self):
        return not self.start.startswith(b"SIP/2.0 ")

    @property
    def code(self):
        return 0 if self.is_request else int(self.start.split(b" ")[1])

    def values(self, name):
        return [v for n, v in self.headers if n == name]

    def first(self, name, default=b""):
        return next(iter(self.values(name)), default)

    def listed(self, name):
        """The values of a list header over all its lines."""
        return [x for v in self.values(name) for x in split(v)]


def split(value, sep=b","):
    """Cuts at sep outside of quotes and angle brackets."""
    out, start, i, quoted, brackets = [], 0, 0, False, False
    while i < len(value):
        c = value[i:i + 1]
        if quoted:
            if c == b"\\":
                i += 1
            elif c == b'"':
                quoted = False
        elif c == b'"' and not brackets:
            quoted = True
        elif c in b"<>":
            brackets = c == b"<"
        elif c == sep and not brackets:
            out.append(value[start:i].strip())
            start = i + 1
        i += 1
    return out + [value[start:].strip()]


def lines(head):
    """The logical lines of a head: folds stay inside, each without its last CRLF."""
    out = []
    for line in head.split(b"\r\n"):
        if line[:1] in (b" ", b"\t") and out:
            out[-1] += b"\r\n" + line
        else:
            out.append(line)
    return out


def read(data):
    head, end, body = data.partition(b"\r\n\r\n")
    if not end:
        raise Illegal("no empty line")
    first, *rest = lines(head)
    headers = []
    for line in rest:
        m = LINE.match(line)
        if m is None:
            raise Illegal(f"no header: {line!r}")
        value = line[m.end():]
        if re.search(rb"(?<!\\)\0|\r(?!\n)|(?<!\r)\n", value):
            raise Illegal(f"control character: {line!r}")
        headers.append((canonical(m.group(1)), unfold(value)))
    r = Reading(first, headers, body)
    lengths = set(r.values(b"content-length"))
    if len(lengths) > 1 or any(not v.isdigit() for v in lengths):
        raise Illegal(f"Content-Length {lengths}")
    if lengths:
        n = int(lengths.pop())
        if n > len(body):
            raise Illegal(f"body of {len(body)}, not {n}")
        r.body = body[:n]
    return r


def spellings(data):
    """Names that some reader might take for a header's: of each piece between CR,
    LF or NUL, folded or not, what stands before a colon, without blanks and
    control characters, percent signs decoded or not."""
    head = data.partition(b"\r\n\r\n")[0]
    found = set()
    for piece in re.split(rb"[\r\n\0]", head)[1:]:
        if b":" not in piece:
            continue
        name = re.sub(rb"[\0-\x20\x7f-\xff]", b"", piece.partition(b":")[0])
        found.add(canonical(name))
        found.add(canonical(re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m.group(1), 16)]), name)))
    return found


# ---- RFC 3261 section 16.6 --------------------------------------------------

OURS = (b"via", b"route", b"record-route", b"max-forwards", b"max-breadth", b"content-length")


def changes(sent, got, removed=()):
    """What differs between a request and what a proxy made of it, beyond section
    16.6. removed: names that the proxy had to take out."""
    out = []
    if sent.start.split(b" ")[0] != got.start.split(b" ")[0] or not got.start.endswith(b" SIP/2.0"):
        out.append(f"start line {got.start!r}")
    before = [h for h in sent.headers if h[0] not in OURS and h[0] not in removed]
    after = [h for h in got.headers if h[0] not in OURS]
    if before != after:
        out += [f"lost {h}" for h in before if h not in after] + [f"new {h}" for h in after if h not in before]
        out = out or ["headers in another order"]
    if got.body != sent.body:
        out.append(f"body {got.body!r}")
    return out + via_changes(sent, got) + route_changes(sent, got) + hop_changes(sent, got)


def without(value, *names):
    """A Via value without these parameters."""
    first, *params = split(value, b";")
    return [first] + [p for p in params if p.split(b"=")[0].strip().lower() not in names]


def via_changes(sent, got):
    """Steps 8 and section 18.2.1: one value more, received and rport in the next."""
    old, new = sent.listed(b"via"), got.listed(b"via")
    if len(new) != len(old) + 1:
        return [f"{len(old)} Via values became {len(new)}"]
    if b"branch=z9hG4bK" not in new[0]:
        return [f"our branch has no magic cookie: {new[0]!r}"]
    if without(new[1], b"received", b"rport") != without(old[0], b"received", b"rport"):
        return [f"Via {old[0]!r} became {new[1]!r}"]
    return [] if new[2:] == old[1:] else ["a Via further down was changed"]


def route_changes(sent, got):
    """Step 4 and section 16.4: values go from the top, others are not touched."""
    out = []
    old, new = sent.listed(b"route"), got.listed(b"route")
    if old and b";lr" not in old[0].lower() and len(new) == len(old):
        # Step 6: a strict router becomes the Request-URI, the old one the last Route.
        uri = sent.start.split(b" ")[1]
        if new != old[1:] + [b"<" + uri + b">"] or got.start.split(b" ")[1] != old[0].strip(b"<>"):
            out.append(f"strict Route {old} became {new}")
    elif new != old[len(old) - len(new):]:
        out.append(f"Route {old} became {new}")
    old, new = sent.listed(b"record-route"), got.listed(b"record-route")
    if new[len(new) - len(old):] != old:
        out.append(f"Record-Route {old} became {new}")
    return out


def hop_changes(sent, got, cap=70):
    """Step 3: one less, or 70; larger values are capped (S19)."""
    old, new = sent.first(b"max-forwards"), got.first(b"max-forwards")
    want = min(int(old) - 1, cap) if old else cap
    if len(got.values(b"max-forwards")) != 1 or int(new) != want:
        return [f"Max-Forwards {old!r} became {new!r}"]
    return breadth_changes(sent, got)


def breadth_changes(sent, got, default=b"60"):
    """RFC 5393 section 5.3.3: one target gets all of it, or the default."""
    old, new = sent.first(b"max-breadth"), got.values(b"max-breadth")
    return [] if new == [old or default] else [f"Max-Breadth {old!r} became {new!r}"]
