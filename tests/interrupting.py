"""Interrupts what runs at any place where the interpreter looks for signals."""

from __future__ import annotations

import dis
import os
import sys
from collections.abc import Callable
from typing import Any

_POINTS = {"CALL", "CALL_FUNCTION_EX", "CALL_KW", "JUMP_BACKWARD", "RESUME"}


class Interrupting:
    """Interrupts what runs in the core at the n-th place where the interpreter looks for signals.

    It does so where a function begins, where a loop goes round, and behind a call of what is no Python.

    Args:
        point: Which one.
        in_returns: Also where such a call's value is returned at once. To the interpreter that is the call,
            and within the ``try`` around it; to a tracer it is behind that.
    """

    def __init__(self, point: int, *, in_returns: bool = True) -> None:
        self._left = point
        self._ends = set[str]() if in_returns else {"RETURN_VALUE"}
        self._before: dict[Any, str] = {}
        self.is_done = False

    def __call__(self, frame: Any, event: str, _: Any) -> Any:
        code = frame.f_code
        # Python drops what is raised in __del__, whoever raises it.
        if f"{os.sep}binance_wsapi{os.sep}" not in code.co_filename or code.co_name == "__del__":
            return None
        if event == "call":
            frame.f_trace = self  # 3.13 looks at the next line's flag where there is a tracer
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
            self._before[frame] = "RESUME"
        elif event == "return":
            self._before.pop(frame, None)
            self._before.pop(frame.f_back, None)  # behind a call of Python's nobody looks
        elif event == "opcode":
            before = self._before.get(frame)
            self._before[frame] = dis.opname[frame.f_code.co_code[frame.f_lasti]]
            if before in _POINTS and self._before[frame] not in self._ends and not self.is_done:
                self._left -= 1
                if self._left < 0:
                    self.is_done = True
                    raise KeyboardInterrupt
        return self


def interrupted(
    point: int, work: Callable[[], Any], *, in_returns: bool = True
) -> BaseException | None:
    """Interrupt some work at one point; ``None`` when it has fewer."""
    before = sys.gettrace()
    sys._getframe().f_trace_opcodes = True  # 3.12 looks at any frame's, and only in settrace
    sys.settrace(Interrupting(point, in_returns=in_returns))
    try:
        work()
    except KeyboardInterrupt as error:
        return error
    finally:
        sys.settrace(before)
    return None
