"""A wall clock that jumps, for a program of somebody else's: a library that is loaded before it stands between."""

from __future__ import annotations

import mmap
import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

__all__ = ["JumpingClock", "needs_compiler"]

COMPILER = shutil.which("cc")

needs_compiler = pytest.mark.skipif(
    COMPILER is None and not os.environ.get("CI"), reason="no C compiler here"
)

SOURCE = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile long long none, *ahead_s = &none;

__attribute__((constructor)) static void begin(void) {
    int file = open(getenv("JUMPING_CLOCK"), O_RDONLY);
    ahead_s = mmap(0, sizeof *ahead_s, PROT_READ, MAP_SHARED, file, 0);
    close(file);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *ahead_s;
    return failed;
}

int gettimeofday(struct timeval *now, void *zone) {
    struct timespec read;
    clock_gettime(CLOCK_REALTIME, &read);
    now->tv_sec = read.tv_sec;
    now->tv_usec = read.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now) {
    struct timespec read;
    clock_gettime(CLOCK_REALTIME, &read);
    if (now) *now = read.tv_sec;
    return read.tv_sec;
}
"""


class JumpingClock:
    """The wall clock of programs that are started in its environment; it shows the true time at first.

    Args:
        folder: Where it keeps what it needs.
    """

    def __init__(self, folder: Path) -> None:
        assert COMPILER is not None, "a C compiler is missing"
        source, library, ahead = (folder / f"clock.{end}" for end in ("c", "so", "ahead"))
        source.write_text(SOURCE)
        subprocess.run([COMPILER, "-shared", "-fPIC", "-o", library, source], check=True)
        ahead.write_bytes(bytes(8))
        with ahead.open("r+b") as file:
            self._ahead = mmap.mmap(file.fileno(), 8)
        self.environment = {**os.environ, "LD_PRELOAD": str(library), "JUMPING_CLOCK": str(ahead)}

    def set_ahead(self, seconds: int) -> None:
        """Show so much more than the true time from now on."""
        self._ahead[:] = struct.pack("q", seconds)
