"""As much SDP as the stories need: one audio line."""
import re


def offer(ip, port, version=1, direction="sendrecv", codec="0 PCMU/8000"):
    payload, name = codec.split()
    address = f"IN IP{6 if ':' in ip else 4} {ip}"
    return (f"v=0\r\no=- 4711 {version} {address}\r\ns=-\r\nc={address}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP {payload}\r\na=rtpmap:{payload} {name}\r\na={direction}\r\n")


def audio(body):
    """(address, port) of the audio line."""
    text = body.decode() if isinstance(body, bytes) else body
    port = int(re.search(r"^m=audio (\d+)", text, re.M).group(1))
    after = text[text.index("m=audio"):]
    c = re.search(r"^c=IN IP[46] (\S+)", after, re.M) or re.search(r"^c=IN IP[46] (\S+)", text, re.M)
    return c.group(1), port
