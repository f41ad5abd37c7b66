"""A SIP message as bytes and back. It keeps what it is given: order, names and
values, so that stories can send what no phone would."""

COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact",
           "l": "content-length", "c": "content-type", "s": "subject",
           "k": "supported", "e": "content-encoding"}


def _key(name):
    name = name.strip().lower()
    return COMPACT.get(name, name)


def split_values(value):
    """The values of a comma-separated header."""
    out, depth, quoted, start = [], 0, False, 0
    for i, c in enumerate(value):
        if c == '"' and (i == 0 or value[i - 1] != "\\"):
            quoted = not quoted
        elif not quoted:
            depth += (c == "<") - (c == ">")
            if c == "," and depth == 0:
                out.append(value[start:i].strip())
                start = i + 1
    return out + [value[start:].strip()]


def uri_of(value):
    """The URI of a name-addr or addr-spec."""
    if "<" in value:
        return value[value.index("<") + 1:value.index(">")]
    return value.split(";")[0].strip()


def params_of(value):
    """The header parameters after the address, keys in lower case."""
    rest = value[value.index(">") + 1:] if ">" in value else value
    out = {}
    for part in rest.split(";")[1:]:
        k, _, v = part.partition("=")
        out[k.strip().lower()] = v.strip().strip('"')
    return out


class Message:
    def __init__(self, start, headers=(), body=b""):
        self.start = start
        self.headers = list(headers)
        self.body = body.encode() if isinstance(body, str) else body
        self.source = None      # where it came from: (address, port)

    @classmethod
    def parse(cls, data):
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "surrogateescape").split("\r\n")
        headers = []
        for line in lines[1:]:
            if line[:1] in " \t" and headers:
                headers[-1] = (headers[-1][0], headers[-1][1] + " " + line.strip())
                continue
            name, _, value = line.partition(":")
            headers.append((name.strip(), value.strip()))
        m = cls(lines[0], headers, body)
        length = m.get("content-length")
        if length is not None and length.isdigit():
            m.body = body[:int(length)]
        return m

    def bytes(self):
        out = [self.start] + [f"{n}: {v}" for n, v in self.headers]
        if self.get("content-length") is None:
            out.append(f"Content-Length: {len(self.body)}")
        head = "\r\n".join(out) + "\r\n\r\n"
        return head.encode("utf-8", "surrogateescape") + self.body

    def get(self, name, default=None):
        """The first value of this header, or default."""
        for n, v in self.headers:
            if _key(n) == _key(name):
                return v
        return default

    def all(self, name):
        """All values of this header, comma lists taken apart."""
        return [x for n, v in self.headers if _key(n) == _key(name) for x in split_values(v)]

    def set(self, name, value):
        """Replaces all headers of this name by one (or none: value None)."""
        self.headers = [h for h in self.headers if _key(h[0]) != _key(name)]
        if value is not None:
            self.headers.append((name, value))

    @property
    def is_request(self):
        return not self.start.startswith("SIP/2.0")

    @property
    def method(self):
        """Of a request; of a response, that of its CSeq."""
        return self.start.split(" ")[0] if self.is_request else self.get("cseq").split()[1]

    @property
    def uri(self):
        return self.start.split(" ")[1]

    @property
    def code(self):
        return 0 if self.is_request else int(self.start.split(" ")[1])

    @property
    def cseq(self):
        return int(self.get("cseq").split()[0])

    @property
    def call_id(self):
        return self.get("call-id")

    @property
    def branch(self):
        return params_of(self.all("via")[0]).get("branch", "")

    def tag(self, name):
        return params_of(self.get(name)).get("tag", "")

    def __repr__(self):
        return f"<{self.start} | {self.get('cseq')} | {self.call_id}>"


def take(buffer):
    """From a stream: (message or None, what is left). Keep-alives are skipped."""
    buffer = buffer.lstrip(b"\r\n")
    head, sep, body = buffer.partition(b"\r\n\r\n")
    if not sep:
        return None, buffer
    m = Message.parse(head + sep)
    n = int(m.get("content-length", "0"))
    if len(body) < n:
        return None, buffer
    m.body = body[:n]
    return m, body[n:]
