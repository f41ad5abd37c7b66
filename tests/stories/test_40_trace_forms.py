"""What sipctl makes of the flight recorder: ladder, picture, capture, pseudonyms.

The readers of others judge: tshark the capture, sngrep what is sent to it.
"""
import re
import shutil
import signal
import socket
import subprocess
import tarfile
import xml.etree.ElementTree as xml

import pytest

from lib.house import BIN
from lib.sip import Phone
from lib.wait import eventually
from test_20_trace import crypto, talk_and_end


@pytest.fixture(scope="module")
def called(shared_houses):
    """A house in which anna called bert, and bert hung up on nobody."""
    house = shared_houses().start()
    house.import_users(["anna", "bert"])
    people = [Phone(house, "anna"), Phone(house, "bert")]
    for phone in people:
        phone.registered()
    house.good_call = talk_and_end(*people)
    refused = people[0].invite("nobody", crypto(people[0]))
    refused.finish()
    house.bad_call = refused.call_id
    house.people = people
    yield house
    for phone in people:
        phone.close()


def ctl(house, *args, text=True, code=0):
    done = subprocess.run([BIN / "sipctl", "-C", house.dir, "trace", *args], capture_output=True,
                          text=text, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}, timeout=30)
    assert done.returncode == code, done
    return done.stdout


def test_ladder(called):
    lines = ctl(called, called.good_call).splitlines()
    assert lines[0].startswith(f"anna@{called.domain} → bert@{called.domain}    200 OK after ")
    assert lines[0].endswith(f"Call-ID {called.good_call}")
    assert lines[2].split()[0] == "anna" and lines[2].split()[-1] == "bert"
    wanted = [r"├─INVITE \(SDP\)─+▶│ +│ +1  pcmu; no credential of ours: challenged$", r"│◀─+407 Auth",
              r"├─INVITE .* signed in as anna@", r"├ routed: ", r"│ +├─INVITE \(SDP\)─+▶│", r"│ +│◀─+180 Ringing─┤",
              r"│◀─+200 OK \(SDP\)─┤ +│", r"├─BYE─+▶│ +│"]
    rest = iter(lines)
    for pattern in wanted:
        assert any(re.search(pattern, line) for line in rest), pattern


def test_one_message_and_two(called):
    sent = [m.bytes() for way, m in called.people[0].log if way == ">" and m.is_request
            and m.method == "BYE" and m.call_id == called.good_call]
    number = next(line.split("▶")[1].split("│")[-1].split()[0]
                  for line in ctl(called, called.good_call).splitlines() if "├─BYE" in line)
    shown = ctl(called, called.good_call, "--msg", number, text=False)
    assert shown.split(b"\n", 1)[1] == sent[0]
    changes = ctl(called, called.good_call, "--diff", "4", "6", code=1).splitlines()
    assert any(re.match(r" +\d+ \+ Record-Route: ", c) for c in changes)
    assert any(re.match(r" +\d+ - Max-Forwards: 70", c) for c in changes)
    assert ctl(called, called.good_call, "--msg", "900", code=1) == ""


def test_pictures(called, tmp_path):
    svg, page = tmp_path / "call.svg", tmp_path / "call.html"
    ctl(called, called.good_call, "--svg", str(svg))
    assert svg.stat().st_mode & 0o777 == 0o600
    texts = [t.text for t in xml.parse(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert "180 Ringing" in texts and "bert" in texts
    ctl(called, called.good_call, "--html", str(page))
    assert "<pre>INVITE sip:bert@" in page.read_text() and "<script" not in page.read_text()
    diagram = ctl(called, called.good_call, "--mermaid")
    assert diagram.startswith("sequenceDiagram\n") and "p2->>p1: 8  180 Ringing" in diagram


def tshark(path, *fields):
    done = subprocess.run(["tshark", "-r", str(path), "-T", "fields", "-E", "separator=|",
                           *(f"-e{f}" for f in fields)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [tuple(line.split("|")) for line in done.stdout.splitlines()]


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
def test_capture_as_tshark_reads_it(called, tmp_path):
    """Must be what the phones themselves sent and heard."""
    pcap = tmp_path / "call.pcap"
    ctl(called, called.good_call, "--pcap", str(pcap))
    read = tshark(pcap, "sip.Call-ID", "sip.CSeq", "sip.Status-Code", "udp.srcport", "udp.dstport",
                  "_ws.malformed", "udp.checksum.status")
    assert {r[0] for r in read} == {called.good_call}
    assert all(r[5] == "" for r in read)
    of_pcap = {(r[1], r[2], r[3], r[4]) for r in read}
    house_port = str(called.port)
    of_phones = set()       # a repeated last message may wait unread
    for phone in called.people:
        for way, m in phone.log:
            if m.call_id != called.good_call:
                continue
            ports = (str(phone.wire.local[1]), house_port)
            of_phones.add((m.get("CSeq"), "" if m.is_request else str(m.code),
                              *(ports if way == ">" else reversed(ports))))
    assert of_pcap == of_phones


@pytest.mark.skipif(not shutil.which("sngrep"), reason="sngrep is not installed")
def test_messages_to_sngrep(called, tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    heard = tmp_path / "heard.pcap"
    sngrep = subprocess.Popen(["sngrep", "-N", "-q", "-L", f"udp:127.0.0.1:{port}", "-O", str(heard)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: f":{port:04X} " in open("/proc/net/udp").read(), what="sngrep listens")
        ctl(called, called.good_call, "--hep", f"127.0.0.1:{port}")
        count = len(re.findall(r"^== ", ctl(called, called.good_call, "--raw"), re.M))
        eventually(lambda: heard.exists() and heard.read_bytes().count(b"Call-ID: " + called.good_call.encode())
                   == count, what="all messages in sngrep's file")
    finally:
        sngrep.send_signal(signal.SIGTERM)
        sngrep.wait(10)


def test_pseudonyms(called):
    """Nothing of who and where is in any form of it."""
    secrets = ["anna", "bert", "nobody", called.domain, called.ip, called.good_call, called.bad_call]
    for call in (called.good_call, called.bad_call):
        for form in (["--raw"], ["--mermaid"], ["--html", "-"], ["-o", "json"], []):
            shown = ctl(called, call, "--anonymize", *form)
            found = [s for s in secrets if s in shown.replace(f"trace {call}", "")]
            assert not found, (form, found)
            assert "INVITE" in shown and "192.0.2." in shown


def test_bundle_names_nobody(called, tmp_path):
    """An archive that tar reads, of whose files none names people, hosts or addresses."""
    archive = tmp_path / "case.tar"
    called.sipctl("bundle", "--call", called.bad_call, str(archive))
    assert archive.stat().st_mode & 0o777 == 0o600
    with tarfile.open(archive) as t:
        files = {m.name: t.extractfile(m).read().decode(errors="replace") for m in t.getmembers()}
    assert set(files) == {"README", "why.txt", "ladder.txt", "call.html", "call.pcap", "log.txt", "settings.txt"}
    secrets = ["anna", "bert", "nobody", called.domain, called.ip, called.bad_call]
    secrets += list(called.passwords.values())
    found = [(name, s) for name, text in files.items() for s in secrets if s in text]
    assert not found, found
    assert "auth-challenge source=" in files["log.txt"] and "INVITE" in files["ladder.txt"]
    assert "timer-t1 50ms" in files["settings.txt"] and files["why.txt"].startswith("The router knows no user")
    assert called.sipctl("bundle", "--call", called.bad_call, str(archive), check=1).stderr    # never over another
