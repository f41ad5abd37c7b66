"""A house at the edge, for phones that are registered elsewhere (rows 39 and 80): the registrar
reaches them by the edge's Path alone, over the flow that they keep open."""
import pytest

from lib import sdp
from lib.house import free_address
from lib.message import uri_of
from lib.sip import Phone, token
from lib.talk import cancelled, conversation, message
from lib.wait import eventually

OUTBOUND = [("Supported", "path, outbound")]
INSTANCE = '+sip.instance="<urn:uuid:00000000-0000-1000-8000-AABBCCDDEEFF>"'


@pytest.fixture(scope="module")
def pair(shared_houses):
    """(the registrar, the edge)"""
    far = shared_houses(domain="far.test", settings={"media-policy": "never"}).start()
    far.import_users(["anna", "bert"])
    edge = shared_houses(domain="edge.test", settings={
        "authenticate": "none", "media-policy": "never", "relay-to-non-clients": "anybody",
        "relay-via": f"sip:{far.ip}:{far.port}"}).start()
    return far, edge


def behind(pair, transport="udp"):
    """bert's phone; what it calls its own address only a NAT knows."""
    far, edge = pair
    phone = Phone(far, "bert", transport, server=(edge.ip, edge.port), ip=edge.ip)
    phone.contact = "sip:bert@10.9.8.7:5060" + (f";transport={transport}" if transport != "udp" else "")
    return phone


@pytest.fixture(params=["udp", "tcp"])
def bert(pair, request):
    phone = behind(pair, request.param)
    yield phone
    phone.close()


def test_calls(pair, bert, phones):
    """In both directions of a dialog, through the edge."""
    far, edge = pair
    r = bert.register(headers=OUTBOUND)
    assert r.code == 200 and len(r.all("path")) == 1
    path = uri_of(r.all("path")[0])
    assert path.startswith(f"sip:{edge.ip}:{edge.port};") and ";lr" in path and ";ob" in path
    anna = phones(far, "anna").registered()
    message(anna, bert)
    conversation(anna, bert, proxies=2)
    cancelled(anna, bert)
    assert edge.figure("sipd", "paths_inserted") > 0 and edge.figure("sipd", "path_requests") >= 3
    far.idle()
    edge.idle()


def test_outbound(pair, phones):
    """RFC 5626: the registrar trusts the edge's ;ob. A flow that is gone is a 430 of the
    edge's; the other one of that device is asked."""
    far, edge = pair
    flows = [behind(pair, "tcp") for _ in range(2)]
    for i, phone in enumerate(flows, 1):
        r = phone.register(contact=f"<{phone.contact}>;{INSTANCE};reg-id={i}", headers=OUTBOUND)
        assert r.code == 200 and r.get("require") == "outbound", r.headers
    closed = edge.figure("sipd", "tcp_closed")
    flows[1].close()
    eventually(lambda: edge.figure("sipd", "tcp_closed") > closed, what="the edge knows")
    message(phones(far, "anna"), flows[0])
    flows[0].close()


def test_who_does_not_know_path(pair, bert):
    """Nothing is inserted unasked: a registrar may refuse it for that (RFC 3327 section 5.2)."""
    far, edge = pair
    r = bert.register()
    assert r.code == 200 and r.get("path") is None
    edge.set("path-insert", "always")
    assert bert.register().code == 420
    edge.set("path-insert", "never")
    r = bert.register(headers=OUTBOUND)
    assert r.code == 200 and r.get("path") is None
    edge.set("path-insert", "supported")


def test_s14_tokens(pair, bert, phones):
    """Each octet of it changed: 403, and nothing reaches the phone."""
    far, edge = pair
    r = bert.register(headers=OUTBOUND)
    path = uri_of(r.all("path")[0])
    head, good = path.split(";f=")
    mallory = phones(edge, "mallory", password="x", domain="elsewhere.test", ip=free_address())
    for i in range(len(good)):
        bad = good[:i] + ("A" if good[i] != "A" else "B") + good[i + 1:]
        m = mallory.request("MESSAGE", bert.contact, route=[f"<{head};f={bad}>"])
        assert mallory.transact(m).code == 403, bad
    m = mallory.request("INVITE", bert.contact, route=[f"<{path}>"], body=sdp.offer(edge.ip, 14000).encode(),
                        call_id=token())
    mallory.send(m)
    got = bert.wait(lambda m: True, what="the true one")
    assert (got.method, got.call_id) == ("INVITE", m.call_id)
    bert.reply(got, 486, to_tag="x")
    assert mallory.wait(lambda r: r.code >= 200).code == 486
