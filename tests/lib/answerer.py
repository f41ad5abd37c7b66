"""A provider that answers every request at once with what it was told to."""
import socket
import threading

from .message import Message


class Carrier:
    """codes: method -> code; 200 to REGISTER accepts the contact as asked."""

    def __init__(self, ip, port, **codes):
        self.codes = {"REGISTER": 200, "OPTIONS": 200} | codes
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((ip, port))
        self.sock.settimeout(0.1)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while not self.ended.is_set():
            try:
                data, source = self.sock.recvfrom(65536)
            except (TimeoutError, ConnectionRefusedError):
                continue
            if len(data.strip()) < 4:           # a keep-alive
                continue
            m = Message.parse(data)
            if not m.is_request or m.method == "ACK":
                continue
            self.sock.sendto(self.answer(m).bytes(), source)

    def answer(self, m):
        code = self.codes.get(m.method, 405)
        kept = [(n, v) for n, v in m.headers if n.lower() in ("via", "from", "to", "call-id", "cseq")]
        reply = Message(f"SIP/2.0 {code} {'OK' if code == 200 else 'Forbidden'}", kept)
        if not m.tag("to"):
            reply.set("To", m.get("to") + ";tag=carrier")
        if code == 200 and m.method == "REGISTER":
            reply.headers.append(("Contact", m.get("contact")))
        return reply

    def stop(self):
        self.ended.set()
        self.thread.join()
        self.sock.close()
