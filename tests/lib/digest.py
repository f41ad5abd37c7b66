"""Digest authentication as a phone does it: RFC 2617, 7616, 8760."""
import hashlib
import os
import re

_HASH = {"md5": "md5", "sha-256": "sha256", "sha-512-256": "sha512_256"}


def parse(value):
    """The parameters of a challenge or credential, unquoted, keys in lower case."""
    scheme, _, rest = value.partition(" ")
    assert scheme.lower() == "digest", value
    found = re.findall(r'([\w-]+)\s*=\s*("(?:\\.|[^"\\])*"|[^\s,]+)', rest)
    return {k.lower(): v[1:-1] if v.startswith('"') else v for k, v in found}


def _h(algorithm, text):
    data = text if isinstance(text, bytes) else text.encode()
    return hashlib.new(_HASH[algorithm.lower().removesuffix("-sess")], data).hexdigest()


def ha1(user, realm, password, algorithm="MD5"):
    return _h(algorithm, f"{user}:{realm}:{password}")


def made_with(c, password, method):
    """Was this credential (its parameters, MD5) made with that password?"""
    h1, h2 = ha1(c["username"], c["realm"], password), _h("MD5", f"{method}:{c['uri']}")
    middle = f"{c['nc']}:{c['cnonce']}:{c['qop']}:" if "qop" in c else ""
    return c["response"] == _h("MD5", f"{h1}:{c['nonce']}:{middle}{h2}")


def answer(challenge, user, password, method, uri, nc=1, changes=None, body=None):
    """The value of an (Proxy-)Authorization header. changes replaces or (None)
    leaves out parameters, for tests that want them wrong. With body: auth-int."""
    c = parse(challenge) if isinstance(challenge, str) else challenge
    algorithm = c.get("algorithm", "MD5")
    h1, h2 = ha1(user, c["realm"], password, algorithm), _h(algorithm, f"{method}:{uri}")
    if body is not None:
        h2 = _h(algorithm, f"{method}:{uri}:{_h(algorithm, body)}")
    p = {"username": user, "realm": c["realm"], "nonce": c["nonce"], "uri": uri}
    if "algorithm" in c:
        p["algorithm"] = algorithm
    qop = "auth" if body is None else "auth-int"
    if qop in c.get("qop", "").split(","):
        cnonce = os.urandom(6).hex()
        if algorithm.lower().endswith("-sess"):
            h1 = _h(algorithm, f'{h1}:{c["nonce"]}:{cnonce}')
        p.update(qop=qop, nc=f"{nc:08x}", cnonce=cnonce)
        p["response"] = _h(algorithm, f'{h1}:{c["nonce"]}:{p["nc"]}:{cnonce}:{qop}:{h2}')
    else:
        p["response"] = _h(algorithm, f'{h1}:{c["nonce"]}:{h2}')
    if "opaque" in c:
        p["opaque"] = c["opaque"]
    p.update(changes or {})
    bare = ("algorithm", "qop", "nc")
    return "Digest " + ", ".join(f"{k}={v}" if k in bare else f'{k}="{v}"'
                                 for k, v in p.items() if v is not None)
