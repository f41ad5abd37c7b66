"""The torture messages of RFC 4475 and RFC 5118 and some of our own, over UDP one
after another, each followed by a good OPTIONS that must be answered."""
import pytest

from lib.house import DAEMONS
from lib.sip import NoAnswer

OWN = [
    b"", b"\r\n", b"\0", b"\r\n\r\n", b"INVITE", b"INVITE sip:x SIP/2.0\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n",
    b"\x80\x00" + bytes(170), b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12),
    b"A" * 65000, b"INVITE sip:" + b"a" * 60000 + b" SIP/2.0\r\n\r\n",
    b"OPTIONS sip:x SIP/2.0\r\n" + b"Via: SIP/2.0/UDP x;branch=z9hG4bK1\r\n" * 1000 + b"\r\n",
    b"OPTIONS sip:x SIP/2.0\r\n" + b"X: y\r\n" * 9000 + b"\r\n",
    b"OPTIONS sip:x SIP/2.0\r\nX: y" + b"\r\n z" * 5000 + b"\r\n\r\n",
    b"OPTIONS sip:[::1 SIP/2.0\r\nVia: SIP/2.0/UDP [::\r\nFrom: <\r\nTo: \"\r\nCall-ID:\r\nCSeq: -1 X\r\n\r\n",
    b"REGISTER sip:house.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK2\r\nFrom: <sip:a@house.test>;tag=1"
    b"\r\nTo: <sip:a@house.test>\r\nCall-ID: x\r\nCSeq: 1 REGISTER\r\nContact: " + b"<sip:a@b>," * 3000 +
    b"<sip:a@b>\r\n\r\n",
]


def torture(house, phones, messages):
    """Sends each; between any two the house answers and is the same process."""
    phone = phones(house, "mallory", domain=house.domain)
    before = house.pids()
    for name, data in messages:
        if data:
            phone.wire.send(data)
        try:
            r = phone.transact(phone.request("OPTIONS", f"sip:{house.domain}"), 10)
        except NoAnswer as e:
            raise AssertionError(f"no answer after {name}: {e}") from e
        assert r.code == 200, f"after {name}: {r}"
        phone.inbox.clear()
    assert house.pids() == before, "a daemon was started again"
    assert set(before) == set(DAEMONS)


@pytest.mark.parametrize("folder, pattern, number", [("rfc4475", "*.dat", 51), ("rfc5118/wire", "*.sip", 12)])
def test_corpus(house, phones, corpus, folder, pattern, number):
    files = sorted((corpus / folder).glob(pattern))
    assert len(files) == number
    torture(house, phones, [(f.name, f.read_bytes()) for f in files])


def test_own(house, phones):
    torture(house, phones, [(f"own {i}", data) for i, data in enumerate(OWN)])


def test_cut_at_every_length(house, phones):
    """A good INVITE cut short, each cut a datagram of its own."""
    phone = phones(house, "anna")
    whole = phone.request("INVITE", f"sip:bert@{house.domain}", body=b"v=0\r\n").bytes()
    for n in range(1, len(whole), 3):
        phone.wire.send(whole[:n])
    torture(house, phones, [("cuts", b"")])


@pytest.mark.parametrize("cut", [1, 7, 100])
def test_tcp_in_pieces(house, phones, cut):
    """A stream may arrive in any pieces; two messages may share one."""
    phone = phones(house, "anna", transport="tcp")
    one = phone.request("OPTIONS", f"sip:{house.domain}")
    two = phone.request("OPTIONS", f"sip:{house.domain}")
    data = one.bytes() + b"\r\n\r\n" + two.bytes()
    for i in range(0, len(data), cut):
        phone.wire.send(data[i:i + cut])
    for m in (one, two):
        r = phone.wait(lambda r, m=m: not r.is_request and r.branch == m.branch, 10)
        assert r.code == 200


@pytest.mark.parametrize("length", ["-1", "+5", "0x5", "5 5", "4294967301", "18446744073709551621", "5\r\nContent-Length: 9"])
def test_tcp_content_length_tricks(house, phones, length):
    """S29: what follows a lying head is never executed."""
    phone = phones(house, "anna", transport="tcp")
    hidden = phone.request("OPTIONS", f"sip:{house.domain}")
    m = phone.request("OPTIONS", f"sip:{house.domain}", headers=[("Content-Length", length)])
    phone.wire.send(m.bytes() + hidden.bytes())
    try:
        r = phone.wait(lambda r: r.branch == hidden.branch, 1)
        raise AssertionError(f"the hidden request was answered: {r}")
    except NoAnswer:
        pass
    torture(house, phones, [("length " + length, b"")])
