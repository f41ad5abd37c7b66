"""Debian's baresip as a phone: no screen, no sound card, driven by JSON on TCP."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

from .house import free_ports
from .wait import eventually

MODULES = "/usr/lib/baresip/modules"


def bracketed(ip):
    return f"[{ip}]" if ":" in ip else ip


class Baresip:
    def __init__(self, house, user, directory, hertz=440, transport="udp", answer="manual",
                 password=None, extra="", register=True, host=None, server=None):
        """host: the namespace it lives in (lib/internet.py), with the address host.ip; server:
        the house's address from there."""
        self.house, self.user, self.host = house, user, host
        self.ip = host.ip if host else "127.0.0.1"
        port = 5060 if host else free_ports()
        self.dir = pathlib.Path(directory) / user
        self.rec = self.dir / "rec"
        self.rec.mkdir(parents=True)
        self.control_port = port + 2        # port + 1 is taken: TLS
        self.events = []
        self.buffer = b""
        self.control = None
        self.process = None
        password = password if password is not None else house.passwords[user]
        config = f"""\
poll_method      epoll
sip_listen       {bracketed(self.ip)}:{port}
net_interface    {"eth0" if host else self.ip}
rtp_ports        {port + 4}-{port + 30}
audio_source     ausine,{hertz}
audio_player     aubridge,sink{user}
audio_alert      aubridge,alert{user}
ausrc_srate      48000
auplay_srate     48000
ausrc_channels   2
auplay_channels  2
rtp_stats        yes
rtp_timeout      20
module_path      {MODULES}
module           g711.so
module           ausine.so
module           aubridge.so
module           sndfile.so
snd_path         {self.rec}
module_tmp       uuid.so
module_tmp       account.so
module_app       menu.so
module_app       ctrl_tcp.so
ctrl_tcp_listen  127.0.0.1:{self.control_port}
"""
        sip_port = house.tls_port if transport == "tls" else house.port
        account = (f"<sip:{user}@{house.domain}>;auth_pass={password};"
                   f'outbound="sip:{bracketed(server or house.ip)}:{sip_port};transport={transport}";'
                   f"answermode={answer};regint={60 if register else 0};audio_codecs=PCMA{extra}\n")
        (self.dir / "config").write_text(config)
        (self.dir / "accounts").write_text(account)
        (self.dir / "contacts").write_text("")

    def start(self, seconds=120):
        self.output = open(self.dir / "output", "wb")
        command = ["baresip", "-6" if ":" in self.ip else "-4", "-f", str(self.dir), "-t", str(seconds), "-v", "-s"]
        self.process = subprocess.Popen(
            self.host.command(*command) if self.host else command,
            stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT, cwd=self.dir,
            start_new_session=True)
        where = "127.0.0.1", self.control_port

        def connect():
            assert self.process.poll() is None, self.said()
            try:
                return self.host.connect(where) if self.host else socket.create_connection(where)
            except OSError:
                return None
        self.control = eventually(connect, 10, what=f"control port of {self.user}")
        self.control.settimeout(0.1)
        return self

    def said(self):
        return (self.dir / "output").read_text(errors="replace")[-4000:]

    # ---- control: netstrings ----

    def _read(self):
        try:
            data = self.control.recv(65536)
        except (TimeoutError, socket.timeout):
            return
        self.buffer += data
        while b":" in self.buffer:
            length, _, rest = self.buffer.partition(b":")
            n = int(length)
            if len(rest) <= n:
                return
            self.events.append(json.loads(rest[:n]))
            self.buffer = rest[n + 1:]

    def command(self, command, params=""):
        text = json.dumps({"command": command, "params": params, "token": "t"}).encode()
        self.control.sendall(b"%d:%s," % (len(text), text))

    def wait_event(self, kind, timeout=10.0, param=None):
        """The first event of this type that nobody has waited for yet."""
        deadline = time.monotonic() + timeout
        while True:
            for i, e in enumerate(self.events):
                if e.get("type") == kind and (param is None or param in e.get("param", "")):
                    return self.events.pop(i)
            assert time.monotonic() < deadline, \
                f"{self.user}: no {kind} within {timeout} s; {self.events}\n{self.said()}"
            self._read()

    def registered(self, timeout=10.0):
        """Waits for the 200 to REGISTER; what the server shows is the proof, as
        the event may be over before the control connection stands."""
        eventually(lambda: self.house.contacts(self.user), timeout, 0.1, f"{self.user} registered")
        return self

    def dial(self, target):
        self.command("dial", f"sip:{target}@{self.house.domain}")

    def hangup(self):
        self.command("hangup")

    # ---- what was heard ----

    def heard(self):
        """The wav file of what the far end sent."""
        files = sorted(self.rec.glob("*-dec.wav"))
        assert files, f"{self.user} recorded nothing\n{self.said()}"
        return files[-1]

    def listened(self, seconds=2.5, timeout=15):
        """Waits until so much was recorded of the far end (48 kHz or 8 kHz, 16 bit)."""
        def enough():
            files = sorted(self.rec.glob("*-dec.wav"))
            return files and files[-1].stat().st_size >= seconds * 8000 * 2
        eventually(enough, timeout, what=f"{seconds} s of sound at {self.user}")

    def stop(self):
        if self.control:
            self.control.close()
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(5)
        if self.process:
            self.output.close()
