"""Reads event files of TensorBoard with nothing but the standard library; prints a JSON list of events per file."""

import json
import struct
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def unmasked(stored):
    rotated = (stored - 0xA282EAD8) % 2**32
    return ((rotated >> 17) | (rotated << 15)) % 2**32


def records(data):
    at = 0
    while at < len(data):
        length, length_sum = struct.unpack_from("<QI", data, at)
        assert crc32c(data[at : at + 8]) == unmasked(length_sum), "checksum of the length"
        body = data[at + 12 : at + 12 + length]
        (body_sum,) = struct.unpack_from("<I", data, at + 12 + length)
        assert crc32c(body) == unmasked(body_sum), "checksum of the event"
        yield body
        at += 16 + length
    assert at == len(data)


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def message(data):
    """Field number and content of each field: a number, or the bytes of what is longer."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        wire = tag & 7
        if wire == 0:
            value, at = varint(data, at)
        elif wire == 1:
            (value,), at = struct.unpack_from("<d", data, at), at + 8
        elif wire == 2:
            length, at = varint(data, at)
            value, at = data[at : at + length], at + length
        elif wire == 5:
            (value,), at = struct.unpack_from("<f", data, at), at + 4
        yield tag >> 3, value


def event(body):
    known = {"scalars": {}}
    for field, value in message(body):
        if field == 1:
            known["time"] = value
        elif field == 2:
            known["step"] = value
        elif field == 3:
            known["version"] = value.decode()
        elif field == 7:
            known["session"] = dict(message(value))[1]
        elif field == 5:
            for _, one in message(value):
                scalar = dict(message(one))
                known["scalars"][scalar[1].decode()] = scalar[2]
    return known


def events(path):
    with open(path, "rb") as file:
        return [event(body) for body in records(file.read())]


print(json.dumps([events(path) for path in sys.argv[1:]]))
