"""IPv4 phones and IPv6 phones in one house: each is spoken to in its own family."""
import pytest

from lib.house import free_ports, has_ipv6
from lib.talk import busy, cancelled, conversation, message

pytestmark = pytest.mark.skipif(not has_ipv6(), reason="no ::1")


@pytest.fixture(scope="module")
def dual(shared_houses):
    port = free_ports(2, "::1")
    house = shared_houses(settings={"media-policy": "never"}, transports=("udp", "tcp", "tls"), listen=[
        f"udp:[::1]:{port}", f"tcp:[::1]:{port}", f"tls:[::1]:{port + 1}"])
    house.port6 = port
    house.start().import_users(["anna", "bert"])
    yield house
    house.idle()


def phone(phones, house, user, family, transport):
    six = {} if family == "IPv4" else {"ip": "::1", "server": ("::1", house.port6 + (transport == "tls"))}
    made = phones(house, user, transport=transport, **six)
    made.register(contact="*", expires=0)       # those of the story before
    return made.registered()


def side(family, house):
    """How our address towards this family begins in a URI or a Via."""
    return "[::1]:" if family == "IPv6" else f"{house.ip}:"


@pytest.mark.parametrize("near_family, near_transport, far_family, far_transport", [
    ("IPv4", "udp", "IPv6", "udp"), ("IPv6", "udp", "IPv4", "udp"), ("IPv4", "udp", "IPv6", "tcp"),
    ("IPv6", "tcp", "IPv4", "udp"), ("IPv6", "tls", "IPv4", "tcp"), ("IPv6", "udp", "IPv6", "tcp")])
def test_call(dual, phones, near_family, near_transport, far_family, far_transport):
    anna = phone(phones, dual, "anna", near_family, near_transport)
    bert = phone(phones, dual, "bert", far_family, far_transport)
    assert dual.contacts("bert") == [bert.contact]
    message(anna, bert)
    request = conversation(anna, bert)
    # RFC 5658: one Record-Route for each side, the callee's first
    far, near = request.all("record-route")
    assert far.startswith(f"<sip:{side(far_family, dual)}") and near.startswith(f"<sip:{side(near_family, dual)}")
    assert request.all("via")[0].startswith(f"SIP/2.0/{far_transport.upper()} {side(far_family, dual)}")
    cancelled(anna, bert)
    busy(anna, bert)
