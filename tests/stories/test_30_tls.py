"""TLS: phones over it, certificates by name, peers with and without one."""
import socket
import ssl
import subprocess

import pytest

from lib import sdp
from lib.sip import Call, Phone, Wire


@pytest.fixture(scope="module")
def secure(shared_houses):
    h = shared_houses(transports=("udp", "tcp", "tls")).start()
    h.import_users(["anna", "bert", "carl"])
    return h


def test_register_and_call(secure, phones):
    """A TLS phone calls a UDP phone and is called by it: Via and Record-Route name TLS."""
    anna, bert = phones(secure, "anna", transport="tls").registered(), phones(secure, "bert").registered()
    for caller, callee, name in ((anna, bert, "bert"), (bert, anna, "anna")):
        call = caller.invite(name, sdp.offer(secure.phone_ip, 14000))
        request = callee.wait_request("INVITE")
        assert request.get("via").startswith(f"SIP/2.0/{callee.transport.upper()} ")
        routes = request.all("record-route")
        assert len(routes) == 2 and sum("transport=tls" in r for r in routes) == 1, routes
        far = Call.from_invite(callee, request)
        callee.reply(request, 200, to_tag=far.local_tag, headers=[("Contact", f"<{callee.contact}>")],
                     body=sdp.offer(secure.phone_ip, 14002))
        call.established()
        callee.wait_request("ACK")
        call.send_bye()
        far.wait_bye()
    secure.idle()
