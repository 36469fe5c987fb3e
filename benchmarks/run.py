"""What a request costs, as a ratio to a raw aiohttp websocket loop in the same run.

``python benchmarks/run.py [--loop uvloop|stdlib] [--rounds N] [--pin] [--only TEXT]
[--json FILE]``

A canned server, the raw loop, a hand-written facade on ``run_coroutine_threadsafe`` and this library
each run in a process of their own and take turns in short chunks, the baseline before and after each
chunk of the library. A figure is the median over the rounds; its ratio is the median of the
ratios to the neighbouring chunks of the baseline. Machines swing: under 10% is a tie.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import importlib.util
import ipaddress
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chunks import Figures

HERE = Path(__file__).parent
Worker = Literal["raw", "threadsafe", "library"]
Unit = Literal["p50", "seconds", "cpu"]


@dataclass(frozen=True)
class Measure:
    """One row of the table."""

    label: str
    measure: str
    baseline: tuple[Worker, str]
    unit: Unit
    count: int
    targets: dict[str, float]
    """The ratio to reach, by loop."""
    faster: bool = False
    """Whether the ratio is of requests per second, where more is better."""


RAW: tuple[Worker, str] = ("raw", "sequential")
PLAIN: tuple[Measure, ...] = (
    Measure("sync, session", "sync", RAW, "p50", 500, {"stdlib": 0.95, "uvloop": 0.65}),
    Measure("sync, session, direct", "sync_direct", RAW, "p50", 500, {"uvloop": 0.70}),
    Measure("sync, HMAC", "sync_hmac", RAW, "p50", 500, {"stdlib": 1.00, "uvloop": 0.65}),
    Measure("async from stdlib, session", "async", RAW, "p50", 500, {}),
    Measure("async from uvloop, session", "async_uvloop", RAW, "p50", 500, {}),
    Measure("async from stdlib, direct", "async_direct", RAW, "p50", 500, {"uvloop": 0.88}),
    Measure("async from uvloop, direct", "async_uvloop_direct", RAW, "p50", 500, {"uvloop": 0.72}),
    Measure("async from stdlib, HMAC", "async_hmac", RAW, "p50", 500, {}),
    Measure(
        "100 in flight, session", "pipelined", ("raw", "pipelined"), "seconds", 3000,
        {"stdlib": 0.8, "uvloop": 1.0}, faster=True,
    ),
    Measure(
        "100 in flight, session, direct", "pipelined_direct", ("raw", "pipelined"), "seconds", 3000,
        {"uvloop": 1.4}, faster=True,
    ),
    Measure(
        "100 in flight, HMAC", "pipelined_hmac", ("raw", "pipelined"), "seconds", 3000, {},
        faster=True,
    ),
    Measure(
        "8 threads, session", "threads", ("threadsafe", "threads"), "seconds", 2000,
        {"stdlib": 2.0, "uvloop": 2.5}, faster=True,
    ),
    Measure(
        "8 threads, session, direct", "threads_direct", ("threadsafe", "threads"), "seconds", 2000,
        {"uvloop": 2.0}, faster=True,
    ),
    Measure(
        "8 threads, HMAC", "threads_hmac", ("threadsafe", "threads_hmac"), "seconds", 2000, {},
        faster=True,
    ),
    Measure(
        "order book of 1000 levels", "depth", ("raw", "depth"), "p50", 60,
        {"stdlib": 1.2, "uvloop": 1.1},
    ),
    Measure("sync, 5,000 events/s", "busy", ("raw", "busy"), "p50", 500, {}),
    Measure("user event, iterator", "user_events", ("raw", "user_events"), "cpu", 5000, {"uvloop": 1.4}),
    Measure("user event, handler", "user_handler", ("raw", "user_events"), "cpu", 5000, {}),
    Measure(
        "market event, iterator", "ticker_events", ("raw", "ticker_events"), "cpu", 5000,
        {"uvloop": 1.2},
    ),
    Measure("market event, async for", "ticker_async", ("raw", "ticker_events"), "cpu", 5000, {}),
    Measure("book change, 5+5 levels", "book5", ("raw", "book5"), "cpu", 5000, {}),
    Measure("book change, 20+20 levels", "book20", ("raw", "book20"), "cpu", 3000, {}),
    Measure("exchange info of 3.6 MB", "exchange_info", ("raw", "exchange_info"), "p50", 3, {}),
    Measure(
        "sync, journal", "sync_journal", ("library", "sync"), "p50", 500,
        {"stdlib": 1.25, "uvloop": 1.25},
    ),
    Measure("sync, journal, power", "sync_power", ("library", "sync"), "p50", 200, {}),
    Measure(
        "100 in flight, journal", "pipelined_journal", ("library", "pipelined"), "seconds", 3000,
        {"stdlib": 0.8, "uvloop": 0.8}, faster=True,
    ),
    Measure(
        "100 in flight, journal, power", "pipelined_power", ("library", "pipelined"), "seconds", 3000,
        {}, faster=True,
    ),
)  # fmt: skip
TLS = tuple(
    Measure(row.label, row.measure, row.baseline, row.unit, row.count, {}, faster=row.faster)
    for row in PLAIN[:14]
)


class Process:
    """A worker process that runs chunks."""

    def __init__(self, script: str, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """Return the next line it prints."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"a worker ended early: {self._process.args!r}")
        return line

    def chunk(self, measure: str, count: int) -> Figures:
        """Let it run a chunk."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"measure": measure, "count": count}) + "\n")
        self._process.stdin.flush()
        answer: Figures = json.loads(self.line())
        return answer

    def end(self) -> None:
        """End it by ending its standard input."""
        self._process.communicate(timeout=30)


@dataclass
class Row:
    """What the rounds gave for a measure."""

    measure: Measure
    chunks: list[Figures]
    baselines: list[Figures]
    """One more than the chunks: before the first, and after each."""

    @property
    def figure(self) -> float:
        """Seconds a request."""
        return statistics.median(chunk[self.measure.unit] for chunk in self.chunks)

    @property
    def baseline(self) -> float:
        """Seconds a request of the baseline."""
        return statistics.median(chunk[self.measure.unit] for chunk in self.baselines)

    @property
    def p99(self) -> float:
        """The 99th percentile, in seconds."""
        return statistics.median(chunk["p99"] for chunk in self.chunks)

    @property
    def cpu(self) -> float:
        """CPU seconds of the client's process for 1,000 requests."""
        return 1000 * statistics.median(chunk["cpu"] for chunk in self.chunks)

    @property
    def baseline_cpu(self) -> float:
        """The same for the baseline."""
        return 1000 * statistics.median(chunk["cpu"] for chunk in self.baselines)

    @property
    def ratio(self) -> float:
        """The library to the baseline: of times, or of requests per second."""
        unit = self.measure.unit
        ratios = [
            2 * chunk[unit] / (before[unit] + after[unit])
            for chunk, before, after in zip(
                self.chunks, self.baselines[:-1], self.baselines[1:], strict=True
            )
        ]
        ratio = statistics.median(ratios)
        return 1 / ratio if self.measure.faster else ratio

    def verdict(self, loop: str) -> str:
        """Say whether the target is reached."""
        target = self.measure.targets.get(loop)
        if target is None:
            return ""
        reached = self.ratio >= target if self.measure.faster else self.ratio <= target
        sign = ">=" if self.measure.faster else "<="
        return f"{sign} {target:.2f} {'yes' if reached else 'NO'}"


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="TEXT", default="", help="rows whose name has it")
    default_loop = "stdlib" if importlib.util.find_spec("uvloop") is None else "uvloop"
    parser.add_argument("--loop", choices=("uvloop", "stdlib"), default=default_loop)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--pin", action="store_true", help="put all processes on one core")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the ratios there, too")
    given = parser.parse_args()
    if given.pin:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(
        f"Python {platform.python_version()} on {platform.machine()}, library on {given.loop}, "
        f"{given.rounds} rounds{', one core' if given.pin else ''}"
    )
    ratios: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for scheme, all_measures in (("wss", TLS), ("ws", PLAIN)):
            measures = tuple(each for each in all_measures if given.only in each.label)
            certificate = _certificate(Path(folder)) if scheme == "wss" else []
            rows = _rounds(scheme, certificate, given.loop, measures, given.rounds)
            _print(scheme, given.loop, rows)
            ratios |= {f"{scheme} {row.measure.label}": round(row.ratio, 3) for row in rows}
    if given.json:
        given.json.write_text(json.dumps(ratios, indent=2) + "\n", encoding="utf-8")


def _rounds(
    scheme: str, certificate: list[str], loop: str, measures: tuple[Measure, ...], rounds: int
) -> list[Row]:
    rows = [Row(measure, [], []) for measure in measures]
    with _processes(scheme, certificate, loop) as workers:
        for row in rows:
            measure, (name, baseline_measure) = row.measure, row.measure.baseline
            library, baseline, count = workers["library"], workers[name], row.measure.count
            library.chunk(measure.measure, max(count // 5, 1))  # warm up
            baseline.chunk(baseline_measure, max(count // 5, 1))
            row.baselines.append(baseline.chunk(baseline_measure, count))
            for _ in range(rounds):
                row.chunks.append(library.chunk(measure.measure, count))
                row.baselines.append(baseline.chunk(baseline_measure, count))
    return rows


@contextlib.contextmanager
def _processes(scheme: str, certificate: list[str], loop: str) -> Iterator[dict[Worker, Process]]:
    with contextlib.ExitStack() as stack:

        def start(script: str, *arguments: str) -> Process:
            process = Process(script, *arguments)
            stack.callback(process.end)
            return process

        server = start("canned_server.py", *certificate)
        url = f"{scheme}://127.0.0.1:{int(server.line())}/ws-api/v3"
        trusted = certificate[:1]
        yield {
            "raw": start("raw_loop.py", url, *trusted),
            "threadsafe": start("threadsafe_facade.py", url, *trusted),
            "library": start("library.py", loop, url, *trusted),
        }


def _print(scheme: str, loop: str, rows: list[Row]) -> None:
    print(
        f"\n{scheme:<28}{'µs/request':>11}{'baseline':>10}{'p99':>9}"
        f"{'CPU ms/1000':>13}{'baseline':>10}{'ratio':>8}  target"
    )
    for row in rows:
        p99 = f"{row.p99 * 1e6:,.0f}" if row.measure.unit == "p50" else "-"
        print(
            f"{row.measure.label:<28}{row.figure * 1e6:>11,.1f}{row.baseline * 1e6:>10,.1f}{p99:>9}"
            f"{row.cpu * 1e3:>13,.1f}{row.baseline_cpu * 1e3:>10,.1f}{row.ratio:>8.2f}  "
            f"{row.verdict(loop)}".rstrip()
        )
    if scheme == "ws":
        print(
            "\nRatios are of time (less is better); those of '100 in flight' and '8 threads' are of "
            "requests per second (more is better), those of events of CPU.\nBaselines: raw aiohttp + "
            "json on the stdlib loop; for 8 threads a facade on run_coroutine_threadsafe; for books a "
            "dict a side; for journals this library without."
        )


def _certificate(folder: Path) -> list[str]:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "canned server")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [
                    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
                    x509.DNSName("localhost"),
                    x509.DNSName("127.1"),
                ]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    paths = [folder / "certificate.pem", folder / "key.pem"]
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return [str(path) for path in paths]


if __name__ == "__main__":
    main()
