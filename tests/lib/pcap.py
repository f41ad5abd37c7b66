"""Payloads of the UDP datagrams in a capture (classic pcap; Ethernet or BSD loopback)."""
import struct

LINK = {0: 4, 1: 14}        # octets before the IPv4 header


def datagrams(path):
    data = path.read_bytes()
    order = "<" if data[:4] == b"\xd4\xc3\xb2\xa1" else ">"
    at, skip = 24, LINK[struct.unpack(order + "I", data[20:24])[0]]
    out = []
    while at < len(data):
        length, = struct.unpack(order + "I", data[at + 8:at + 12])
        packet = data[at + 16 + skip:at + 16 + length]
        at += 16 + length
        head = (packet[0] & 15) * 4
        if packet[0] >> 4 == 4 and packet[9] == 17:
            size, = struct.unpack("!H", packet[head + 4:head + 6])
            out.append(packet[head + 8:head + size])
    return out
