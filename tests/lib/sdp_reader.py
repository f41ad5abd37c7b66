"""SDP read by the book (RFC 8866), independently of the server's parser."""
import re

ICE = re.compile(r"a=(candidate|remote-candidates|end-of-candidates|ice-[a-z]+)\b")


class Section:
    """A session's head, or one m= line and what is below it."""

    def __init__(self):
        self.lines = []

    def values(self, prefix):
        return [line[len(prefix):] for line in self.lines if line.startswith(prefix)]

    def first(self, prefix):
        return next(iter(self.values(prefix)), None)


class Body:
    def __init__(self, data):
        text = data.decode("utf-8", "surrogateescape")
        self.head, self.media = Section(), []
        section = self.head
        for line in re.split(r"\r?\n", text):
            if line.startswith("m="):
                section = Section()
                self.media.append(section)
            if line:
                section.lines.append(line)

    def sections(self):
        return [self.head, *self.media]

    def facts(self, i):
        """What expected.json says of the i-th m= line, in its words."""
        m = self.media[i]
        kind, port, protocol, payloads = re.fullmatch(r"(\S+)\s+(\d+)(?:/\d+)?\s+(\S+)\s*(.*)", m.first("m=")).groups()
        connection = m.first("c=") or self.head.first("c=")
        facts = {"type": kind, "port": int(port), "protocol": protocol, "payloads": payloads.strip(),
                 "ip": connection and connection.split()[2].split("/")[0],
                 "rtp": [re.match(r"(\S+) ([^/]+)", v).groups() for v in m.values("a=rtpmap:")],
                 "fmtp": [tuple(v.split(" ", 1)) for v in m.values("a=fmtp:") if " " in v],
                 "crypto": m.values("a=crypto:")}
        return facts


def others(data):
    """Everything that a relay has no business with, line by line: c=, a=rtcp and ICE are
    left out, of m= the port, of o= the address."""
    out = []
    for section in Body(data).sections():
        for line in section.lines:
            if line.startswith(("c=", "a=rtcp:")) or ICE.match(line):
                continue
            if line.startswith("m="):
                line = re.sub(r"^(m=\S+\s+)\S+", r"\1PORT", line)
            elif line.startswith("o="):
                line = " ".join(line.split(" ")[:3])
            out.append(line)
    return out
