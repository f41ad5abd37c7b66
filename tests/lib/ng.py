"""rtpengine's ng protocol from the other side: what Kamailio would send."""
import itertools
import socket


def encode(value):
    if isinstance(value, dict):
        return b"d" + b"".join(encode(k) + encode(v) for k, v in value.items()) + b"e"
    if isinstance(value, (list, tuple)):
        return b"l" + b"".join(map(encode, value)) + b"e"
    if isinstance(value, int):
        return b"i%de" % value
    data = value.encode() if isinstance(value, str) else value
    return b"%d:%s" % (len(data), data)


def decode(data):
    """(value, rest); strings are bytes, the keys of dictionaries text."""
    if data[:1] == b"i":
        number, _, rest = data[1:].partition(b"e")
        return int(number), rest
    if data[:1] in (b"l", b"d"):
        items, rest = [], data[1:]
        while rest[:1] != b"e":
            item, rest = decode(rest)
            items.append(item)
        if data[:1] == b"l":
            return items, rest[1:]
        return {k.decode(): v for k, v in zip(items[::2], items[1::2])}, rest[1:]
    length, _, rest = data.partition(b":")
    return rest[:int(length)], rest[int(length):]


class Client:
    def __init__(self, server):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.settimeout(5)
        self.sock.connect(server)
        self.cookies = itertools.count()

    def ask(self, command, **fields):
        cookie = b"c%d" % next(self.cookies)
        message = {"command": command} | {k.replace("_", "-"): v for k, v in fields.items()}
        self.sock.send(cookie + b" " + encode(message))
        reply = self.sock.recv(200000)
        assert reply.startswith(cookie + b" ")
        return decode(reply[len(cookie) + 1:])[0]

    def close(self):
        self.sock.close()
