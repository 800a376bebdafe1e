"""The limit for MySQL's protocol: a statement's binary rows, taken from the socket and dropped."""

import os
import select
import struct
import sys
from urllib.parse import urlsplit

import pymysql

PREPARE, EXECUTE = 0x16, 0x17  # "Command Phase" in the protocol's manual

table = sys.argv[1]
url = urlsplit(os.environ["SOURCE_URL"])
connection = pymysql.connect(
    host=url.hostname,
    port=url.port or 3306,
    user=url.username,
    password=url.password or "",
    database=url.path.removeprefix("/"),
)
connection._execute_command(PREPARE, f"SELECT * FROM {table}")
statement, columns = struct.unpack_from("<IH", connection._read_packet().get_all_data(), 1)
for _ in range(columns + 1):  # their definitions and an end
    connection._read_packet()
connection._execute_command(EXECUTE, struct.pack("<IBI", statement, 0, 1))
for _ in range(1 + columns + 1):
    connection._read_packet()

buffer = memoryview(bytearray(1 << 20))
received, tail = 0, b""
while True:
    count = connection._rfile.readinto1(buffer)
    received += count
    tail = (tail + bytes(buffer[max(0, count - 9) : count]))[-9:]
    # The last packet is five bytes long and begins with 0xfe; nothing comes after it.
    ended = count == 0 or (tail[:3] == b"\x05\0\0" and tail[4] == 0xFE)
    if ended and not select.select([connection._sock], [], [], 0.01)[0]:
        break
print(received)
