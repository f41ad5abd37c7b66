"""S49: frames that no friend sends, on the real sockets of every daemon."""
import os
import struct

import msgpack
import pytest

from lib.house import DAEMONS

zmq = pytest.importorskip("zmq")


def frames():
    yield b""
    yield b"\xc1"
    yield b"\x91" * 10_000                                  # nesting
    yield b"\xdc\xff\xff" * 24_000                          # counts without elements
    yield b"\xdd\xff\xff\xff\xff"
    yield b"\xdb\xff\xff\xff\xff"
    yield b"\xc6\xff\xff\xff\xff"
    yield b"\xdf\xff\xff\xff\xff"
    yield bytes(1 << 20)
    yield os.urandom(4096)
    yield b"\x00" * 17
    for number in list(range(0, 80)) + [65535]:
        yield msgpack.packb([number])
        yield msgpack.packb([number, 1, 1000, 1])
        yield msgpack.packb([number, "x", None, [], {}])
        yield msgpack.packb([number, 2**64 - 1, 2**32 - 1, 2**64 - 1] + ["\x00\xff"] * 40)
        yield msgpack.packb([number, 1, 1000, 1] + [[["a", 9, "b", 1]] * 50] * 10) + b"trailing"
    good = msgpack.packb([62, 1, 1000, 0])                  # STATUS
    for cut in range(len(good)):
        yield good[:cut]
    for size in (0, 1, 0xffff, 0xffffffff):                 # a frame of many messages that lies
        yield struct.pack(">I", size) + good
        yield struct.pack("<I", size) + good


def throw(context, path, kind):
    s = context.socket(kind)
    s.setsockopt(zmq.LINGER, 500)
    s.setsockopt(zmq.SNDTIMEO, 2000)
    s.connect(f"ipc://{path}")
    sent = 0
    try:
        for f in frames():
            s.send(f)
            s.send_multipart([b"", f])
            s.send_multipart([f, f, f])
            sent += 3
    except zmq.Again:
        pass                        # dropped or full: both are right
    finally:
        s.close()
    assert sent > 0


def test_bad_frames(house, phones):
    before = house.pids()
    context = zmq.Context()
    try:
        for d in ("bus", "monitor"):
            for name in DAEMONS:
                path = house.run_dir / d / name
                assert path.exists(), path
                throw(context, path, zmq.DEALER)
                assert house.daemon(name)["state"] == "ok"
    finally:
        context.destroy(linger=0)
    assert house.pids() == before
    phones(house, "anna").registered()
    phones(house, "bert").registered()
    assert house.contacts("anna")


def test_monitor_only_shows(house):
    """What changes something is refused on run/monitor."""
    context = zmq.Context()
    s = context.socket(zmq.DEALER)
    s.setsockopt(zmq.LINGER, 0)
    s.connect(f"ipc://{house.run_dir / 'monitor/regd'}")
    # USER_DEL: number, id, deadline, call, by, aor
    s.send(msgpack.packb([69, 7, 2000, 0, "nobody", f"anna@{house.domain}"]))
    s.poll(1000)
    s.close()
    context.destroy(linger=0)
    assert f"anna@{house.domain}" in [u["aor"] for u in house.json("user", "list")]
