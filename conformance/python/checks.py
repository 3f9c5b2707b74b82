"""What the Python suites share: the check runner, the records that every suite sends, and the comparison of what comes back.

A suite prints one line per check: "ok NAME", "failed NAME: reason" or "skipped NAME: reason". Only the process that reads them counts.
"""

import time
import traceback

PARTITIONS = 3
RECORDS = 600
START_MS = 1_750_000_000_000
COMPRESSIONS = ("none", "gzip", "snappy", "lz4", "zstd")


class Skipped(Exception):
    """Raised by a check that this client cannot make; the text says why."""


def check(name, action):
    """Runs one check and prints its line."""
    try:
        action()
        print(f"ok {name}", flush=True)
    except Skipped as reason:
        print(f"skipped {name}: {reason}", flush=True)
    except Exception as error:  # A failing check must not end the others.
        line = traceback.extract_tb(error.__traceback__)
        place = next((frame.lineno for frame in line if "suite_" in frame.filename and frame.name != "<module>"), "?")
        text = f"{type(error).__name__}: {error}".replace("\n", " ")
        print(f"failed {name}: {text} at line {place}", flush=True)


def expect(actual, expected, what):
    """Fails the check when a value is not the expected one."""
    if actual != expected:
        raise AssertionError(f"{what} is {actual!r}, expected {expected!r}")


def eventually(read, expected, what):
    """Apache Kafka answers a change before every reader sees it; a reader may be a moment behind."""
    deadline = time.monotonic() + 5
    while read() != expected and time.monotonic() < deadline:
        time.sleep(0.02)
    expect(read(), expected, what)


def key_of(index):
    if index % 7 == 6 and value_of(index) is not None:  # kafka-python sends no record without both.
        return None
    return f"key-{index}".encode()


def value_of(index):
    if index % 11 == 10:
        return None
    return b"" if index % 13 == 12 else f"value {index}{' ' * (index % 50)}é".encode()


def headers_of(index):
    headers = [("index", str(index).encode())]
    return headers + [("index", b"again")] if index % 3 == 0 else headers


def timestamp_of(index):
    return START_MS + index * 1000


def expect_all(seen, count):
    """`seen` holds (partition, offset, timestamp, key, value, headers); record i was sent to partition i modulo PARTITIONS."""
    expect(len(seen), count, "the number of records")
    following = [0] * PARTITIONS
    for partition, offset, timestamp, key, value, headers in seen:
        index = following[partition] * PARTITIONS + partition
        expect(offset, following[partition], "the offset")
        expect(key, key_of(index), f"the key at {offset}")
        expect(value, value_of(index), f"the value at {offset}")
        expect(timestamp, timestamp_of(index), f"the timestamp at {offset}")
        expect(list(headers or []), headers_of(index), f"the headers at {offset}")
        following[partition] += 1
