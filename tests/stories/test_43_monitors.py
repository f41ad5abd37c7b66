"""What watches the house: check for monitoring plugins, metrics for Prometheus, stats."""
import json
import os
import pty
import re
import signal
import socket
import subprocess
import threading

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from lib import mockup
from lib.house import BIN
from lib.wait import eventually
from test_20_trace import talk_and_end

# The least there has to be, and what tells their samples apart.
FAMILIES = {
    "sip_messages": {"dir", "method", "transport"}, "sip_responses": {"dir", "code", "method"},
    "sip_transactions": {"side"}, "sip_transaction_seconds": {"side", "le"}, "sip_retransmissions": {"dir"},
    "sip_parse_errors": {"reason"}, "sip_registrations": set(), "sip_auth": {"result"}, "sip_route_seconds": {"le"},
    "sip_route": {"result"}, "sip_calls": {"state"}, "sip_call_setup_seconds": {"le"}, "media_sessions": set(),
    "media_one_way": set(), "media_silent_streams": set(), "media_packets": {"result"}, "media_lost": set(),
    "media_jitter_seconds": set(), "gateway_up": {"gateway"}, "gateway_channels": {"gateway"},
    "config_generation": {"daemon"}, "bus_queue_depth": {"from", "to"}, "udp_drops": {"dir"},
    "tls_certificate_expiry_timestamp_seconds": {"domain"}, "build": {"version"},
    "sip_registration_delay_seconds": {"le"}, "sip_session_request_delay_seconds": {"le"},
    "sip_session_establishment_ratio": set()}


def metrics(house):
    families = {f.name: f for f in text_string_to_metric_families(house.sipctl("metrics").stdout)}
    return families, {(s.name, *sorted(s.labels.items())): s.value for f in families.values() for s in f.samples}


def test_metrics_and_stats(house, phones):
    anna, bert = phones(house, "anna").registered(), phones(house, "bert").registered()
    before = metrics(house)[1]
    talk_and_end(anna, bert)
    families, after = metrics(house)
    for name, labels in FAMILIES.items():
        assert name in families, name
        assert all(set(s.labels) <= labels for s in families[name].samples), families[name]
    assert all(f.documentation for f in families.values())
    grown = {k: v - before.get(k, 0) for k, v in after.items() if v != before.get(k, 0)}

    def by(name, **labels):
        return grown.get((name, *sorted(labels.items())), 0)
    assert by("sip_messages_total", dir="in", method="INVITE", transport="udp") >= 2
    assert by("sip_messages_total", dir="out", method="INVITE", transport="udp") >= 1
    assert by("sip_messages_total", dir="in", method="BYE", transport="udp") == 1
    assert by("sip_responses_total", dir="out", code="407", method="INVITE") == 1
    assert by("sip_responses_total", dir="in", code="180", method="INVITE") == 1
    assert by("sip_responses_total", dir="out", code="200", method="BYE") == 1
    assert by("sip_call_setup_seconds_count") == 1 and by("sip_session_request_delay_seconds_count") == 1
    assert by("sip_call_setup_seconds_bucket", le="+Inf") == 1 and by("sip_call_setup_seconds_sum") < 5
    assert after["sip_registration_delay_seconds_count",] == 2
    assert by("sip_transaction_seconds_count", side="server") >= 2
    assert by("sip_transaction_seconds_count", side="client") == 2         # INVITE, BYE
    assert by("sip_route_seconds_count") >= 1 and after["sip_session_establishment_ratio",] == 1
    rows = house.json("stats")
    key = sum(v for k, v in after.items() if k[0] == "sip_messages_total" and ("dir", "in") in k)
    assert next(r for r in rows if r["name"] == "requests")["value"] >= key
    assert after[("sip_registrations",)] == 2
    assert after[("sip_auth_total", ("result", "good"))] > before[("sip_auth_total", ("result", "good"))]
    assert after[("config_generation", ("daemon", "sipd"))] == 1
    requests = next(r for r in rows if (r["daemon"], r["name"]) == ("sipd", "requests"))
    assert requests["help"] and requests["kind"] == "counter"


def test_udp_drops_are_counted(houses):
    """sipd stands still and more comes than its sockets can hold."""
    house = houses(settings={"processors": "1"}).start()
    with house.frozen("sipd"), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for _ in range(20000):
            s.sendto(b"x" * 1400, (house.ip, house.port))
    dropped = eventually(lambda: metrics(house)[1]["udp_drops_total", ("dir", "in")], what="drops")
    assert dropped > 1000
    assert {r["check"]: r for r in house.json("doctor", check=1)}["udp-drops"]["state"] == "!"


def test_check_speaks_plugin(house):
    fine = house.sipctl("check")
    assert re.match(r"SIP OK - 5 daemons, generation 1 \|( \w+=\d+)+$", fine.stdout.strip())
    house.sipctl("config", "set", "timer-b", "9s")
    edited = house.sipctl("check", check=1)
    assert edited.stdout.startswith("SIP WARNING - edited, not applied")
    assert json.loads(house.sipctl("status", "-o", "json").stdout)["warnings"]
    house.down()
    assert house.sipctl("check", check=2).stdout.startswith("SIP CRITICAL - ")
    assert house.sipctl("stats", check=3).stdout == ""
    house.up()


def test_capacity_names_the_fullest_first(house, phones):
    anna, bert = phones(house, "anna").registered(), phones(house, "bert").registered()
    talk_and_end(anna, bert)
    rows = house.json("capacity")
    shares = [r["share"] for r in rows]
    assert shares == sorted(shares, reverse=True)
    found = {r["what"]: r for r in rows}
    assert {"server transactions", "calls", "media ports", "media sessions", "descriptors of sipd"} <= set(found)
    assert found["descriptors of sipd"]["used"] > 5
    assert all(r["left"] == r["limit"] - r["used"] for r in rows)
    shown = house.sipctl("capacity").stdout.splitlines()
    assert shown[-1] == f"first to be reached: {rows[0]['what']}"


def test_doctor_finds_what_was_forgotten(houses):
    house = houses(settings={"relay-to-non-clients": "anybody"}, media_ports=(40000, 40098)).init()
    found = {r["check"]: r for r in house.json("doctor", check=1)}
    assert {"udp-drops", "udp-buffers", "media-ports", "clock", "dns", "relay", "sip-alg", "disk"} <= set(found)
    assert found["relay"]["state"] == "!" and found["relay"]["command"].startswith("sipctl config set relay-")
    assert found["media-ports"]["state"] == "!" and "40000-4009" in found["media-ports"]["text"]
    assert all(r["command"] is None for r in found.values() if r["state"] == "ok")
    house.sipctl("config", "set", "relay-to-non-clients", "nobody")
    house.up()
    again = {r["check"]: r for r in house.json("doctor", check=False)}
    assert again["relay"]["state"] == "ok"


def test_log_takes_questions(house, phones):
    """Fields of the record and of its text; one hit brings its whole call."""
    anna, bert = phones(house, "anna").registered(), phones(house, "bert").registered()
    talk_and_end(anna, bert)

    def ask(*args):
        return [json.loads(line) for line in house.sipctl("log", "-o", "ndjson", *args).stdout.splitlines()]
    query = f'tag == AUTH and user == "anna@{house.domain}" and text ~ ^auth-challenge'
    hits = ask("-q", query)
    assert hits and all(r["tag"] == "AUTH" and "anna@" in r["text"] for r in hits)
    calls = ask("-q", query, "--group", "call")
    assert {r["id"] for r in calls} == {r["id"] for r in hits}
    assert ask("-q", "tag in (AUTH, REG) and not tag == REG") == ask("--tag", "AUTH")
    bad = house.sipctl("log", "-q", "tag == ", check=2)
    assert "column 8: a value is missing" in bad.stderr


def test_top(house, phones):
    """In a terminal of its own: a frame, a key, and the screen is as it was. And as lines."""
    anna, bert = phones(house, "anna").registered(), phones(house, "bert").registered()
    talk_and_end(anna, bert)
    refused = anna.invite("nobody")
    refused.finish()
    leader, follower = pty.openpty()
    top = subprocess.Popen([BIN / "sipctl", "-C", house.dir, "top"], stdin=follower, stdout=follower,
                           stderr=subprocess.PIPE, env=os.environ | {"LC_ALL": "C.UTF-8"})
    os.close(follower)

    def until(what, key=b""):
        os.write(leader, key)
        seen = b""
        while what not in seen:
            seen += os.read(leader, 65536)
        return seen.decode(errors="replace")
    frame = until(b"[q]uit").replace("\r", "").split("\x1b[2J")[-1]
    wanted = f"""{socket.gethostname()}   <n>   msg/s <n> <word>   calls <n> <word>   REGISTER/s <n> <word>   failed <n>%
  sipd <n>%  regd <n>%  routed <n>%  mediad <n>%  gwregd <n>%   UDP drops 0   queue sipd→routed <n>   p99 <n> ms

BUSIEST SOURCES        msg/s   BUSIEST USERS            calls   LAST FAILURES
 udp:{house.ip}          <n>  anna@{house.domain}           2  ><n> 404 nobody@{house.domain}  Not Found

[s]ort by name   [p]ause   [j] [k] [t]race selected   [q]uit
"""
    assert mockup.matches(re.sub(" {2,}", "  ", wanted).splitlines(), re.sub(" {2,}", "  ", frame)), frame
    assert "WHY  The router knows no nobody@" in until(b"[any key] back", b"t")
    until(b"[q]uit", b" ")
    until(b"[s]ort by count", b"s")
    until(b"[p] goes on", b"p")
    until(b"\x1b[?1049l", b"q")
    assert top.wait(10) == 0, top.stderr.read()
    os.close(leader)
    line, = house.sipctl("top", "--batch", "-n", "1").stdout.splitlines()
    assert re.search(r"msg/s=\d+ calls=0 register/s=\d+ .*sipd=\d", line)


def test_tx_knows_timers_and_goes(houses, phones):
    """Row 183: who is called is deaf. A is due again and again, then B; H when the caller is deaf, too."""
    house = houses(settings={"timer-b": "1s", "timer-t1": "100ms"}).start()
    house.import_users(["anna", "dora"])
    anna, dora = phones(house, "anna").registered(), phones(house, "dora").registered()
    call = anna.invite("dora")
    request = dora.wait_request("INVITE", call_id=call.call_id)

    def look(side, state):
        rows = house.json("tx", "--call-id", call.call_id, "--side", side, "--state", state)
        return rows[0] if rows else None
    out = eventually(lambda: look("client", "trying"), what="a client transaction")
    assert out["method"] == "INVITE" and out["timer"] in ("A", "B") and 0 < out["timer_ms"] <= 1000
    assert out["code"] is None and out["target"] == dora.contact and out["peer"].startswith("udp:")
    back = look("server", "proceeding")
    assert back["code"] == 100 and back["timer"] is None and back["call_id"] == request.call_id
    end = eventually(lambda: look("server", "completed"), what="the answer, unacknowledged")
    assert end["code"] == 408 and end["timer"] in ("G", "H")
    call.finish()
    eventually(lambda: not house.json("tx", "--call-id", call.call_id), what="none left")


def test_slow_names_who_took_the_time(house, phones):
    """routed is stopped for a while: the call that waited for it is first, and says so."""
    anna, bert = phones(house, "anna").registered(), phones(house, "bert").registered()
    talk_and_end(anna, bert)
    routed = house.pids()["routed"]
    os.kill(routed, signal.SIGSTOP)
    timer = threading.Timer(0.4, os.kill, (routed, signal.SIGCONT))
    timer.start()
    call = anna.invite("nobody")
    call.finish()
    timer.join()
    slowest = house.json("slow")[0]
    assert slowest["call_id"] == call.call_id and slowest["method"] == "INVITE"
    assert slowest["stage"] == "route (routed)" and 200 < slowest["stage_ms"] <= slowest["took_ms"] < 5000
    assert house.json("slow", "--last", "0s") == [] and house.sipctl("slow", "--last", "x", check=2)
