"""From an operation to the docstring of its method: pure, lines out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from textwrap import wrap
from types import GenericAlias, UnionType
from typing import Any, get_args, get_origin

from binance_wsapi.catalogue.operation import Kind, Operation, Param, WeightStep

__all__ = ["docstring", "one_and_many", "weight_in_words"]

_MOST_VALUES_LISTED = 16


def docstring(operation: Operation, *, indent: int, width: int) -> list[str]:
    """Return the lines of the docstring, quotes included."""
    room = width - indent
    lines = [f'"""{operation.title}']
    for paragraph in _paragraphs(operation):
        lines += ["", *wrap(paragraph, room, break_long_words=False, break_on_hyphens=False)]
    rules = list(_rules(operation))
    if rules:
        lines.append("")
        for rule in rules:
            lines += _hanging(f"* {rule}", room, hang=2)
    if operation.params:
        lines += ["", "Args:"]
        for param in operation.params:
            lines += _hanging(f"    {param.name}: {_about(param)}", room, hang=8)
    lines += ["", "Returns:"]
    lines += _hanging(f"    {_returns(operation)}", room, hang=4)
    lines += ["", "Raises:"]
    for error, meaning in _errors(operation):
        lines += _hanging(f"    {error}: {meaning}", room, hang=8)
    lines.append('"""')
    return [f"{' ' * indent}{line}" if line else "" for line in lines]


def one_and_many(result: Any) -> tuple[Any, Any]:
    """Return the members of a union of a model and a list of it, in this order."""
    [one] = [each for each in get_args(result) if not isinstance(each, GenericAlias)]
    [many] = [each for each in get_args(result) if isinstance(each, GenericAlias)]
    return one, many


def _hanging(text: str, room: int, *, hang: int) -> list[str]:
    return wrap(
        text,
        room,
        subsequent_indent=" " * hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _paragraphs(operation: Operation) -> Iterator[str]:
    if operation.deprecated is not None:
        yield f"Deprecated: use {operation.deprecated}."
    if operation.notes:
        yield " ".join(operation.notes)
    yield f"Wire operation ``{operation.method}``, {weight_in_words(operation)}{_order_count(operation)}."


def _order_count(operation: Operation) -> str:
    count = operation.order_count
    return f"; counts {count} unfilled order{'s' if count > 1 else ''}" if count else ""


def weight_in_words(operation: Operation) -> str:
    """Return what a request of an operation weighs, and what that depends on."""
    kinds = {param.wire: param for param in operation.params}
    steps = ", ".join(
        _weight_step(step, kinds, first=index == 0)
        for index, step in enumerate(operation.weight.steps)
    )
    success = operation.weight.on_success
    return f"weight {steps}" + ("" if success is None else f" ({success} when it succeeds)")


def _weight_step(step: WeightStep, params: dict[str, Param], *, first: bool) -> str:
    if step.param is None:
        return f"{step.weight}" if first else f"else {step.weight}"
    param = params[step.param]
    name = f"``{param.name}``"
    if step.per_item:
        cap = "" if step.cap is None else f" ({step.cap} at most)"
        return f"{step.weight} for each of {name}{cap}"
    if param.kind is Kind.BOOLEAN or (step.low is None and step.high is None):
        return f"{step.weight} with {name}"
    unit = f"{name} " if param.kind is Kind.INT else f"items in {name} "
    if step.high is None:
        return f"{step.weight} with {unit}from {step.low}"
    return f"{step.weight} with {unit}from {step.low or 0} to {step.high}"


def _rules(operation: Operation) -> Iterator[str]:
    names = {param.wire: f"``{param.name}``" for param in operation.params}
    always = [need.any_of for need in operation.needs if not need.when]
    for any_of in always:
        yield f"Needs {_either(any_of, names)}."
    by_case: dict[tuple[tuple[str, str], ...], list[str]] = defaultdict(list)
    for need in operation.needs:
        if need.when:
            by_case[tuple(need.when.items())].append(_either(need.any_of, names))
    alike: dict[tuple[Any, ...], list[tuple[tuple[str, str], ...]]] = defaultdict(list)
    for case, needed in by_case.items():
        alike[(tuple(wire for wire, _ in case), *needed)].append(case)
    for (_, *needed), cases in alike.items():
        yield f"{_when(cases, names)} needs {'; '.join(needed)}."
    for forbids in operation.forbids:
        refused = _listing([names[wire] for wire in forbids.params], "or")
        yield f"No {refused} with {names[forbids.when]} {_listing([*forbids.values], 'or')}."
    for group in operation.exclusive:
        yield f"At most one of {_listing([names[wire] for wire in group], 'and')}."
    for group in operation.together:
        yield f"{_listing([names[wire] for wire in group], 'and')} go together."


def _when(cases: list[tuple[tuple[str, str], ...]], names: dict[str, str]) -> str:
    if all(len(case) == 1 for case in cases):
        [wire] = {wire for case in cases for wire, _ in case}
        return f"{names[wire]} {_listing([value for case in cases for _, value in case], 'or')}"
    return _listing(
        [" with ".join(f"{names[wire]} {value}" for wire, value in case) for case in cases], "or"
    )


def _either(any_of: tuple[str, ...], names: dict[str, str]) -> str:
    return _listing([names[wire] for wire in any_of], "or")


def _listing(words: list[str], link: str) -> str:
    *first, last = words
    return f"{', '.join(first)} {link} {last}" if first else last


def _about(param: Param) -> str:
    facts = [param.about]
    values: list[str] = list(param.values or (each.value for each in param.enum or ()))
    if 0 < len(values) <= _MOST_VALUES_LISTED:
        facts.append(f"{_listing(values, 'or')}.")
    bounds = _bounds(param)
    if bounds:
        facts.append(f"{bounds}.")
    if param.default is not None:
        facts.append(f"Default: {param.default}.")
    return " ".join(facts)


def _bounds(param: Param) -> str:
    parts: list[str] = []
    minimum = param.minimum or None  # that nothing is negative goes without saying
    if minimum is not None and param.maximum is not None:
        parts.append(f"{_number(minimum)} to {_number(param.maximum)}")
    elif param.maximum is not None:
        parts.append(f"at most {_number(param.maximum)}")
    elif minimum is not None:
        parts.append(f"at least {_number(minimum)}")
    if param.max_items is not None:
        parts.append(f"at most {param.max_items} of them")
    if param.max_length is not None:
        parts.append(f"at most {param.max_length} characters")
    if param.max_decimals is not None:
        parts.append(f"up to {param.max_decimals} decimal places")
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


def _returns(operation: Operation) -> str:
    if operation.list_result_unless is None:
        return f"The answer; its ``result`` is {_shape(operation.result)}."
    decider = next(p.name for p in operation.params if p.wire == operation.list_result_unless)
    one, many = one_and_many(operation.result)
    return f"The answer; its ``result`` is {_shape(one)} with ``{decider}``, else {_shape(many)}."


def _shape(result: Any) -> str:
    if isinstance(result, UnionType):
        return " or ".join(_shape(each) for each in get_args(result))
    if get_origin(result) is list:
        (member,) = get_args(result)
        members = get_args(member) or (member,)
        return f"a list of {' or '.join(f'``{each.__name__}``' for each in members)}"
    article = "an" if result.__name__[0] in "AEIO" else "a"
    return f"{article} ``{result.__name__}``"


def _errors(operation: Operation) -> Iterator[tuple[str, str]]:
    if operation.params:
        yield "ParameterError", "A parameter is missing or cannot be right; nothing was sent."
    yield "NotSent", "It did not leave this machine; repeating it is safe."
    if operation.mutates:
        yield (
            "OutcomeUnknown",
            "It was sent and no verdict came; it may have been executed.",
        )
        yield "NotPlaced", "The verdict was lost and is now known: it was not executed."
    else:
        yield "OutcomeUnknown", "It was sent and no answer came; asking again is safe."
    yield "RequestRejected", "The exchange refused it; the subclass and ``code`` say why."
