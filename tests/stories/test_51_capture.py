"""What the flight recorder gives as a capture, beside a capture that was taken meanwhile: by UDP, and by TLS
once the capture's own TLS is opened with the phone's keys."""
import collections
import shutil
import signal
import socket
import subprocess

import pytest

from lib.sip import Phone, trusting
from lib.wait import eventually
from test_20_trace import talk_and_end

pytestmark = pytest.mark.skipif(not (shutil.which("tshark") and shutil.which("dumpcap")),
                                reason="tshark is not installed")

FIELDS = ("sip.Call-ID", "sip.CSeq", "sip.Status-Code", "sip.from.tag", "udp.srcport", "udp.dstport", "tcp.srcport",
          "tcp.dstport")


def messages(path, *options):
    """By Call-ID: (CSeq, code, From-tag, ports), each once; a segment may hold several messages."""
    done = subprocess.run(["tshark", "-r", str(path), "-Y", "sip", "-T", "fields", "-E", "separator=|",
                           "-E", "occurrence=a", "-E", "aggregator=;", *(f"-e{f}" for f in FIELDS), *options],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = collections.defaultdict(set)
    for line in done.stdout.splitlines():
        ids, cseqs, codes, tags, *ports = line.split("|")
        ports = tuple(p for p in ports if p)
        codes = codes.split(";")
        for i, (one, cseq, tag) in enumerate(zip(ids.split(";"), cseqs.split(";"), tags.split(";"))):
            found[one].add((cseq, codes[i] if i < len(codes) else "", tag, *ports))
    return found


@pytest.fixture
def capture(tmp_path):
    """Starts a capture; the function that is returned ends it and gives its file."""
    started = []

    def start(house):
        path = tmp_path / "taken.pcap"
        said = tmp_path / "dumpcap.out"
        with open(said, "w") as err:
            p = subprocess.Popen(["dumpcap", "-P", "-q", "-i", "lo", "-f", f"host {house.ip}", "-w", str(path)],
                                 stdin=subprocess.DEVNULL, stdout=err, stderr=err)
        started.append(p)
        try:
            eventually(lambda: "File: " in said.read_text(), 10, what="dumpcap captures")
        except AssertionError:
            pytest.skip(f"no capture can be taken here: {said.read_text()}")

        def end():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mark:
                mark.bind((house.ip, 0))
                mark.sendto(b"the end of it", mark.getsockname())
            eventually(lambda: b"the end of it" in path.read_bytes(), 10, what="everything in the file")
            p.send_signal(signal.SIGINT)
            p.wait(10)
            return path
        return end
    yield start
    for p in started:
        if p.poll() is None:
            p.kill()
            p.wait()


def test_ours_is_what_was_captured(houses, capture, tmp_path):
    house = houses(transports=("udp", "tls")).start()
    house.import_users(["anna", "bert"])
    keys = tmp_path / "keys"
    context = trusting()
    context.keylog_filename = str(keys)
    end = capture(house)
    bert = Phone(house, "bert").registered()
    calls = {}
    for transport in ("udp", "tls"):
        anna = Phone(house, "anna", transport=transport, context=context if transport == "tls" else None).registered()
        calls[transport] = talk_and_end(anna, bert)
        anna.close()
    bert.close()
    taken = end()
    wanted = messages(taken, "-d", f"tcp.port=={house.tls_port},tls", "-d", f"tls.port=={house.tls_port},sip",
                      "-o", f"tls.keylog_file:{keys}")
    for transport, call_id in calls.items():
        ours = tmp_path / f"{transport}.pcap"
        house.sipctl("trace", call_id, "--pcap", str(ours))
        assert len(wanted[call_id]) >= 16, wanted       # two INVITEs, 407, 100, 180, 200, ACKs, BYE: on both sides
        assert messages(ours) == {call_id: wanted[call_id]}, transport
    assert any(str(house.tls_port) in m for m in wanted[calls["tls"]])


@pytest.mark.skipif(not shutil.which("rsvg-convert"), reason="rsvg-convert is not installed")
def test_the_picture_can_be_rendered(house, phones, tmp_path):
    anna, bert = phones(house, "anna").registered(), phones(house, "bert").registered()
    call_id = talk_and_end(anna, bert)
    svg, png = tmp_path / "call.svg", tmp_path / "call.png"
    house.sipctl("trace", call_id, "--svg", str(svg))
    subprocess.run(["rsvg-convert", "-o", str(png), str(svg)], check=True, timeout=30)
    head = png.read_bytes()[:24]
    width, height = (int.from_bytes(head[i:i + 4], "big") for i in (16, 20))
    assert head.startswith(b"\x89PNG") and width > 500 and height > 300
