"""A small internet of network namespaces: hosts, a LAN, NAT routers made with nftables.

The namespaces have no names: each is held by a process and gone with it.
"""
import contextlib
import os
import signal
import socket
import subprocess

from .netns import entered
from .wait import eventually

NETS = {"wan": ("203.0.113.{}/24", "2001:db8::{}/64"), "lan": ("10.0.0.{}/24", "fd00::{}/64")}


class Host:
    """A namespace with loopback up."""

    def __init__(self, name):
        self.name = name
        self.process = subprocess.Popen(["unshare", "-n", "sleep", "inf"], start_new_session=True)
        self.path = f"/proc/{self.process.pid}/ns/net"
        own = os.stat("/proc/self/ns/net").st_ino
        eventually(lambda: os.stat(self.path).st_ino != own, what=f"namespace of {name}")
        self.run("ip", "link", "set", "lo", "up")

    def command(self, *args):
        return ["nsenter", f"--net={self.path}", *map(str, args)]

    def run(self, *args, input=None):
        return subprocess.run(self.command(*args), input=input, text=True, check=True, capture_output=True).stdout

    def inside(self):
        """For this thread and what it starts meanwhile."""
        return entered(self.path)

    def connect(self, address, timeout=0.5):
        with self.inside():
            return socket.create_connection(address, timeout)

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Router(Host):
    """From its inside (192.168.N.1) to the outside, which is "wan" or another router.

    kind: "symmetric" (a new random port for each destination), "restricted" (the port
    is kept, open to whom was sent to), "cone" (all that comes goes to the first host
    inside), "multihomed" (two addresses, either of them for each destination), "alg"
    (restricted, and it rewrites SIP that passes: nf_nat_sip).
    """
    TRANSLATE = {"symmetric": "masquerade fully-random", "multihomed": "snat to {0}-{1} fully-random"}

    def __init__(self, net, name, number, kind, uplink=None):
        super().__init__(name)
        self.inner, self.kind = f"192.168.{number}", kind
        self.outer = [self._join(net, uplink)]
        if kind == "multihomed":
            self.outer.append(net.number("wan", 4))
            self.run("ip", "address", "add", f"{self.outer[1]}/24", "dev", "out")
        net.switch(name)
        net.plug(self, "in", name)
        self.run("ip", "address", "add", f"{self.inner}.1/24", "dev", "in")
        self.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.run("nft", "-f", "-", input=self._rules())

    def _join(self, net, uplink):
        if uplink is None:
            return net.join(self, "out", "wan")
        net.settle(self, "out", uplink)
        return self.ip

    def _rules(self):
        translate = self.TRANSLATE.get(self.kind, "masquerade").format(*self.outer)
        rules = f"""
table ip nat {{
 chain out {{
  type nat hook postrouting priority 100
  oifname "out" {translate}
 }}
 chain in {{
  type nat hook prerouting priority -100
  {f'iifname "out" meta l4proto udp dnat to {self.inner}.2' if self.kind == "cone" else ""}
 }}
}}
"""
        return rules + ("""
table ip alg {
 ct helper sip {
  type "sip" protocol udp
 }
 chain pre {
  type filter hook prerouting priority -150
  udp dport 5060 ct helper set "sip"
 }
}
""" if self.kind == "alg" else "")

    def forget_after(self, seconds):
        """How long an idle UDP binding lives."""
        for which in ("udp_timeout", "udp_timeout_stream"):
            self.run("sysctl", "-qw", f"net.netfilter.nf_conntrack_{which}={seconds}")


class Internet:
    """Switches ("wan", "lan" and one behind each router) and what is plugged in."""

    def __init__(self):
        self.fabric = Host("fabric")
        self.hosts = [self.fabric]
        self.next = {}
        for name in NETS:
            self.switch(name)

    def switch(self, name):
        index = len(self.next)
        self.next[name] = 1
        self.fabric.run("ip", "link", "add", f"sw-{index}", "type", "bridge")
        self.fabric.run("ip", "link", "set", f"sw-{index}", "up")
        self.next[name, "index"] = index

    def plug(self, host, interface, switch):
        index = self.next[switch, "index"]
        self.next["cable"] = cable = self.next.get("cable", 0) + 1
        self.fabric.run("ip", "link", "add", f"c{cable}", "type", "veth", "peer", "name", interface,
                        "netns", host.process.pid)
        self.fabric.run("ip", "link", "set", f"c{cable}", "master", f"sw-{index}", "up")
        host.run("sysctl", "-qw", f"net.ipv6.conf.{interface}.accept_dad=0")
        host.run("ip", "link", "set", interface, "up")

    def number(self, switch, family):
        self.next[switch] += 1
        return NETS[switch][family == 6].format(self.next[switch]).split("/")[0]

    def join(self, host, interface, switch, family=4):
        """Plugs it in; its address there."""
        self.plug(host, interface, switch)
        address = self.number(switch, family)
        bits = NETS[switch][family == 6].split("/")[1]
        host.run("ip", "address", "add", f"{address}/{bits}", "dev", interface)
        return address

    def host(self, name, switch="wan", family=4):
        """A machine with one interface; its address is .ip."""
        h = Host(name)
        self.hosts.append(h)
        h.ip = self.join(h, "eth0", switch, family)
        return h

    def server(self):
        """On both networks, with both families: .wan, .wan6, .lan."""
        h = Host("server")
        self.hosts.append(h)
        h.lan = self.join(h, "lan0", "lan")
        h.wan = self.join(h, "wan0", "wan")
        h.wan6 = self.number("wan", 6)
        h.run("ip", "address", "add", f"{h.wan6}/64", "dev", "wan0")
        return h

    def router(self, name, kind, **how):
        r = Router(self, name, len(self.hosts), kind, **how)
        self.hosts.append(r)
        return r

    def settle(self, host, interface, router):
        """Puts a host behind a router."""
        self.plug(host, interface, router.name)
        self.next[router.name] += 1
        host.ip = f"{router.inner}.{self.next[router.name]}"
        host.run("ip", "address", "add", f"{host.ip}/24", "dev", interface)
        host.run("ip", "route", "add", "default", "via", f"{router.inner}.1")

    def behind(self, router, name):
        h = Host(name)
        self.hosts.append(h)
        self.settle(h, "eth0", router)
        return h

    def close(self):
        for h in reversed(self.hosts):
            h.stop()


@contextlib.contextmanager
def internet():
    net = Internet()
    try:
        yield net
    finally:
        net.close()
