"""Who is asked for a credential: the table of methods, trusted networks (rows 27, 41, 46)."""
import pytest


@pytest.fixture(scope="module")
def home(shared_houses):
    house = shared_houses().start()
    house.import_users(["anna", "bert"])
    return house


@pytest.fixture
def settings(home):
    """settings(name=value, ...) until the story ends."""
    changed = {}

    def put(**values):
        for name, value in values.items():
            name = name.replace("_", "-")
            changed[name] = home.json("config", "describe", name)[0]["default"]
            home.sipctl("config", "set", name, value)
        home.sipctl("config", "apply")
    yield put
    for name, value in changed.items():
        home.set(name, value or "[]")


def code(phone, method, to, from_uri=None):
    m = phone.request(method, "sip:" + to, to="sip:" + to, from_uri=from_uri)
    r = phone.transact(m)
    if method == "INVITE":
        phone.ack_failure(m, r)
    return r.code


def test_by_method_and_target(home, phones, settings):
    """Always for what the table says, whoever the caller claims to be; never for the rest."""
    anna, far = phones(home, "anna"), "sip:x@far.test"
    here, there = f"bert@{home.domain}", "bert@elsewhere.test"
    settings(authenticate_methods="[REGISTER, MESSAGE, INVITE:other, SUBSCRIBE:local]")
    assert anna.transact(anna.request("REGISTER", f"sip:{home.domain}", to=anna.aor)).code == 401
    for from_uri in (None, far):
        assert code(anna, "MESSAGE", here, from_uri) == code(anna, "MESSAGE", there, from_uri) == 407
        assert code(anna, "INVITE", there, from_uri) == 407
        assert code(anna, "INVITE", here, from_uri) == 480
        assert code(anna, "SUBSCRIBE", here, from_uri) == 407
        assert code(anna, "OPTIONS", here, from_uri) == 480
    settings(authenticate_methods="[*:other]")
    assert code(anna, "FOO", here) == 480 and code(anna, "FOO", there) == 407


@pytest.mark.parametrize("wrong", ["INVITE:here", "ACK", "CANCEL:all", "[INVITE, \"a b\"]"])
def test_wrong_words(home, wrong):
    before = (home.etc / "sip.conf").read_text()
    home.sipctl("config", "set", "authenticate-methods", wrong, check=False)
    if (home.etc / "sip.conf").read_text() != before:
        home.sipctl("config", "check", check=1)
        (home.etc / "sip.conf").write_text(before)


def test_trusted_networks(home, phones, settings):
    """Row 179: gateways of the house need no credential; phones that register do."""
    anna, bert = phones(home, "anna"), phones(home, "bert").registered()
    settings(trusted_networks="[127.0.0.0/8]")
    call = anna.invite("bert", b"")
    bert.reply(bert.wait_request("INVITE"), 486, to_tag="x")
    assert call.finish().code == 486
    assert anna.transact(anna.request("REGISTER", f"sip:{home.domain}", to=anna.aor)).code == 401
    settings(trusted_networks="[192.0.2.0/24]")
    assert code(anna, "INVITE", f"bert@{home.domain}") == 407
