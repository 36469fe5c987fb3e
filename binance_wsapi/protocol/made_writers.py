"""Make a function that writes the parameters of one operation for one set of names, as attrs makes ``__init__``.

A caller's calls are alike: the same names in the same order, and most values as plain as they come. For
those the function looks at each value once, on the spot, and builds the wire parameters in one
expression. Whatever is not plain goes to the parameter's own converter, so that both ways write
the same and refuse the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from binance_wsapi.protocol.values import Convert, PlainValues, WireValue

__all__ = ["MOST_SHAPES", "Step", "Writer", "make_writer"]

Writer = Callable[[Mapping[str, object]], dict[str, WireValue]]

MOST_SHAPES = 1000
"""How many combinations of values are kept in mind that break no rule."""


class Step(NamedTuple):
    """What is done with the value of one parameter."""

    wire: str
    convert: Convert
    plain: PlainValues | None


def make_writer(
    method: str,
    steps: Mapping[str, Step],
    ruled: Iterable[str],
    *,
    plainly: Writer,
    check_rules: Callable[[dict[str, WireValue]], None],
) -> Writer:
    """Return what writes parameters that are given under these names, in this order.

    Args:
        method: Whose parameters they are, for tracebacks.
        steps: What is done with each, by the name the caller uses.
        ruled: The wire names of parameters whose values rules look at.
        plainly: Writes them when one is ``None``, which is "not sent".
        check_rules: Raises when the parameters break a rule.
    """
    scope: dict[str, Any] = {"plainly": plainly, "check_rules": check_rules, "lawful": set()}
    body: list[str] = []
    local: dict[str, str] = {}
    for number, step in enumerate(steps.values()):
        value = local[step.wire] = f"value_{number}"
        scope[f"convert_{number}"] = step.convert
        indent = ""
        if step.plain is not None:
            scope[f"type_{number}"], scope[f"test_{number}"] = step.plain
            indent = "    "
            body.append(f"if type({value}) is not type_{number} or not test_{number}({value}):")
        body += [
            f"{indent}if {value} is None:",
            f"{indent}    return plainly(given)",
            f"{indent}{value} = convert_{number}({value})",
        ]
    if local:
        body.insert(0, f"{', '.join(local.values())}, = given.values()")
    # Rules look at names, which are always the same here, and at a few values: what held once holds.
    shape = "".join(f"{local[wire]}, " for wire in ruled if wire in local)
    body += [
        f"params = {{{', '.join(f'{wire!r}: {value}' for wire, value in local.items())}}}",
        f"if ({shape}) not in lawful:",
        "    check_rules(params)",
        f"    if len(lawful) < {MOST_SHAPES}:",
        f"        lawful.add(({shape}))",
        "return params",
    ]
    source = "def write(given):\n" + "".join(f"    {line}\n" for line in body)
    # The text is made of names of the catalogue alone: no value is ever part of it.
    exec(compile(source, f"<writer of {method}>", "exec"), scope)  # noqa: S102
    writer: Writer = scope["write"]
    return writer
