"""A telephone company played by the story: a house's gateway, on the wire. It sees every
message that reaches it, and challenges what the story wants challenged."""
import re

from . import digest
from .house import free_address
from .message import Message
from .sip import Call, NoAnswer, Phone, token
from .talk import body


class Provider(Phone):
    """It listens on 5060 of an address of its own; passwords are those of its lines."""

    def __init__(self, domain="provider.test", realm=None, ip=None, port=5060):
        self.ip, self.port, self.tls_port = ip or free_address(), port, port
        self.phone_ip, self.passwords = self.ip, {}
        super().__init__(self, domain=domain, server=("127.0.0.1", 9), ip=self.ip, port=port)
        self.realm = realm or domain
        self.contact = f"sip:trunk@{self.ip}:{port}"
        self.nonce = token()

    def add_to(self, house, name, *options, username="line7", password="secret"):
        """As a gateway of this name; what the story sends goes there."""
        self.wire.server = (house.ip, house.port)
        house.sipctl("gw", "add", name, "--domain", self.domain, "--via", f"sip:{self.ip}:{self.port}",
                     "--username", username, "--password-file", "-", *options, input=password + "\n")

    def serve_register(self, request, expires=60, headers=()):
        """The 200 to a REGISTER."""
        contact = request.get("contact")
        return self.reply(request, 200, to_tag=token(), headers=[("Contact", f"{contact};expires={expires}"), *headers])

    def register_line(self, expires=60, timeout=10, password="secret", headers=()):
        """Challenges the REGISTER of a house, and believes the second. Returns that."""
        self.challenge_it(self.wait_request("REGISTER", timeout), 401)
        second = self.wait_request("REGISTER", timeout)
        assert self.signed(second, password), second
        self.serve_register(second, expires, headers)
        return second

    def challenge_it(self, request, code=407, realm=None, nonce=None, stale=False, qop=True):
        self.nonce = nonce or token()
        name = "WWW-Authenticate" if code == 401 else "Proxy-Authenticate"
        value = f'Digest realm="{realm or self.realm}", nonce="{self.nonce}", algorithm=MD5'
        value += (', qop="auth"' if qop else "") + (", stale=true" if stale else "")
        return self.reply(request, code, reason="Prove It", to_tag=token(), headers=[(name, value)])

    def stop(self):
        self.close()

    @staticmethod
    def credentials(request):
        """[(header, parameters)] of all that the request carries."""
        return [(name, digest.parse(value)) for name, value in request.headers
                if name.lower() in ("authorization", "proxy-authorization")]

    def signed(self, request, password, header=None, nonce=None):
        """The credential of this request, if it is good; its digest covers the Request-URI."""
        for name, c in self.credentials(request):
            if header not in (None, name) or c["nonce"] != (nonce or self.nonce):
                continue
            assert c["uri"] == request.uri, request
            if digest.made_with(c, password, request.method):
                return c
        return None


def user_of(value):
    """The user of the URI in From, To ..."""
    return re.search(r"sips?:([^@>;]*)@", value).group(1)


def copy(m):
    return Message.parse(m.bytes())


# ---- calls ----

def plain_house(houses, **settings):
    """Media go past it; anna and bert have accounts."""
    house = houses(settings={"media-policy": "never"} | settings).start()
    house.import_users(["anna", "bert"])
    return house


def routes(house, text):
    (house.etc / "routes.conf").write_text(text)
    house.sipctl("config", "apply")


def arrives(provider, call_id=None):
    return provider.wait_request("INVITE", 10, call_id)


def no_call(provider):
    try:
        raise AssertionError(f"a call: {provider.wait_request('INVITE', 0.2)}")
    except NoAnswer:
        pass


def acked(provider, request):
    """The ACK of this INVITE; older ones may come again."""
    return provider.wait(lambda m: m.is_request and m.method == "ACK" and m.call_id == request.call_id
                         and m.cseq == request.cseq, what="an ACK")


def answered(call, provider, request):
    """The provider answers, the caller hears it. Returns the provider's side."""
    there = Call.from_invite(provider, request)
    provider.reply(request, 200, to_tag=there.local_tag, body=body(provider),
                   headers=[("Contact", f"<{provider.contact}>")])
    call.established()
    acked(provider, request)
    return there
