"""What must not happen to media: lost ports, lost packets, somebody else's packets."""
import os
import re
import subprocess
import time

import pytest

from lib import ng, sdp
from lib.house import BIN, free_ports
from lib.sipp import Sipp
from lib.wait import eventually

STREAMS = BIN.parent / "tests/load/streams"


def relay(houses, **how):
    port = free_ports(1)
    house = houses(settings={"ng-listen": f"udp:127.0.0.1:{port}"} | how.pop("settings", {}), **how).start()
    house.ng = ng.Client(("127.0.0.1", port))
    return house


def pair(house, name, near, far):
    """A session between two addresses: where each of them sends to."""
    offer = house.ng.ask("offer", call_id=name, from_tag="a", sdp=sdp.offer(*near))
    answer = house.ng.ask("answer", call_id=name, from_tag="a", to_tag="b", sdp=sdp.offer(*far))
    return sdp.audio(answer["sdp"]), sdp.audio(offer["sdp"])


@pytest.mark.long
@pytest.mark.parametrize("tier", ("auto", "sockets"))
def test_kill_at_200_streams(houses, tier):
    """kill -9: what the kernel had queued is relayed, nobody is silent for 150 ms, ports stay."""
    count, seconds = 200, 6
    house = relay(houses, media_ports=(20000, 20998), settings={"media-relay": tier})
    steered = house.figure("mediad", "media_addresses_steered")
    first = 30000       # above the relay's: the address is the house's own
    load = subprocess.Popen([STREAMS, house.phone_ip, str(first), str(count), str(seconds)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert load.stdout.readline() == "open\n"
    targets = {}
    for i in range(0, count, 2):
        ends = [(house.phone_ip, first + 2 * (i + k)) for k in range(2)]
        targets[i], targets[i + 1] = pair(house, f"call-{i}", *ends)
    load.stdin.write("".join("%s %d\n" % targets[i] for i in range(count)))
    load.stdin.flush()
    assert load.stdout.readline() == "going\n"
    ports = sorted(p for s in house.json("media") for p in s["ports"])
    for _ in range(2):
        relayed = house.figure("mediad", "rtp_relayed")
        eventually(lambda: house.figure("mediad", "rtp_relayed") > relayed + 5000, what="sound")
        before = house.pids()
        house.kill("mediad")
        house.back(before, ["mediad"])
    said = load.communicate(timeout=60)[0]
    sent, heard, lost, silence = re.search(r"sent (\d+) heard (\d+) lost (-?\d+) silence ([\d.]+)", said).groups()
    dropped = house.figure("mediad", "rtp_dropped_old")
    assert house.figure("mediad", "media_addresses_steered") == steered
    print(f"\n{count} streams, {'steered' if steered else 'a socket per port'}, 2 kills: {sent} sent, {lost} lost ({dropped} of them too old), "
          f"longest silence {silence} ms (at most 150)")
    # what a dead process had read and not yet sent is gone with it: one vector of 32 a kill
    assert dropped == 0 and int(lost) <= 2 * 32 and float(silence) <= 150
    assert sorted(p for s in house.json("media") for p in s["ports"]) == ports


@pytest.mark.long
def test_refused_set_ups_leave_no_port(houses, phones, tmp_path):
    """S43: refused at the far end, 100 000 times."""
    count = int(os.environ.get("SETUPS", 100000))
    house = houses(settings={"media-policy": "always", "authenticate": "register", "log-level": "problems",
                             "media-sessions-per-user": "0"}, media_ports=(20000, 21998)).start()
    house.import_users(["busy"])
    port = free_ports(4, house.phone_ip)
    busy = Sipp(house, "refusing_uas.xml", tmp_path, port).start(count, seconds=900).ready()
    phone = phones(house, "busy")
    assert phone.register(contact=f"<sip:busy@{house.phone_ip}:{port}>", expires=3600).code == 200
    begun = time.time()
    calls = Sipp(house, "refused_uac.xml", tmp_path, port + 2).users(["busy"]).start(count, 400, 900)
    assert calls.wait(900) == 0, calls.figures()
    busy.process.terminate()
    busy.process.wait(10)
    took = time.time() - begun
    eventually(lambda: house.figure("mediad", "media_ports") == 0, 5, 0.1, "all ports given back")
    begun_sessions = house.figure("mediad", "media_sessions_begun")
    print(f"\n{count} set-ups refused in {took:.0f} s, {begun_sessions} sessions made, 0 ports left in use")
    assert begun_sessions >= count
