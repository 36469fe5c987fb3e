"""Turn what a caller gives into what the exchange is sent, or say what is wrong with it.

Everything known about an operation's parameters is laid out once, when the operation is first used.
What a caller gives again and again is then written by a function made for just these names
(:mod:`made_writers`); all else, and all that may be wrong, a parameter at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import NoReturn

from binance_wsapi.catalogue.operation import Forbids, Kind, Needs, Operation, Param
from binance_wsapi.errors import ParameterError
from binance_wsapi.loading import load
from binance_wsapi.protocol.made_writers import MOST_SHAPES, Step, Writer, make_writer
from binance_wsapi.protocol.values import (
    WireValue,
    any_value,
    converter,
    decimal_text,
    name_text,
    plain_values,
    shown,
    wrong_type,
)

__all__ = [
    "WireValue",
    "decimal_text",
    "name_text",
    "wire_params",
    "wire_params_by_name",
    "writers",
]


def wire_params(operation: Operation, given: Mapping[str, object]) -> dict[str, WireValue]:
    """Check and convert the parameters of a facade's method.

    Args:
        operation: What is called.
        given: The parameters as the method names them (``time_in_force``); ``None`` is "not sent".

    Returns:
        The parameters as the exchange takes them, in the order they were given.

    Raises:
        ParameterError: One is missing, unknown, of the wrong type, or breaks a rule of the operation.
    """
    return _plan(operation).write(given)


def wire_params_by_name(
    operation: Operation | None, given: Mapping[str, object]
) -> dict[str, WireValue]:
    """Check and convert parameters that are given by their wire names.

    The rules of a known operation apply. A parameter that is not known passes, since the exchange may
    know more than this library; its value is written safely all the same.

    Args:
        operation: What is called; ``None`` when the operation itself is not known.
        given: The parameters as the exchange spells them (``timeInForce``); ``None`` is "not sent".

    Raises:
        ParameterError: One is missing, of a type that has no place on the wire, or breaks a rule; or
            its name is no text.
    """
    if not isinstance(given, Mapping):
        raise wrong_type("params", given, "write a dict, such as {'symbol': 'BTCUSDT'}")
    if operation is None:
        return {
            name_text(name, "params"): any_value(name, value)
            for name, value in given.items()
            if value is not None
        }
    # A mapping of the caller's own may tell its names and its values in different orders.
    return _plan_by_wire_name(operation).write(
        given if type(given) is dict else dict(given.items())
    )


def writers(operation: Operation) -> Mapping[tuple[str, ...], Writer]:
    """Return what does the work of :func:`wire_params`, by the names of the parameters given."""
    return _plan(operation).writers


@cache
def _plan(operation: Operation) -> _Plan:
    return _Plan(operation, {param.name: param.wire for param in operation.params}, is_closed=True)


@cache
def _plan_by_wire_name(operation: Operation) -> _Plan:
    return _Plan(operation, {param.wire: param.wire for param in operation.params}, is_closed=False)


_MOST_WRITERS = 100
"""Of one operation; more sets of names than that come from no program that repeats itself."""


class _Writers(dict[tuple[str, ...], Writer]):
    """Writers by the names they take, in their order; each is made when it is first asked for."""

    def __init__(self, make: Callable[[tuple[str, ...]], Writer]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, names: tuple[str, ...]) -> Writer:
        return self._make(names)


class _Plan:
    """An operation's parameters, laid out for checking.

    ``wires`` maps the names the caller uses to wire names. A closed plan refuses names it does not
    know.
    """

    __slots__ = (
        "_always",
        "_bound",
        "_conditions",
        "_exclusive",
        "_forbidden",
        "_is_closed",
        "_labels",
        "_lawful",
        "_operation",
        "_required",
        "_rule_names",
        "_steps",
        "_together",
        "_triggers",
        "writers",
    )

    def __init__(self, operation: Operation, wires: Mapping[str, str], *, is_closed: bool) -> None:
        self._operation = operation
        # Rules are laid out by wire name, errors speak to the caller in the caller's names.
        self._labels = {wire: name for name, wire in wires.items()}
        self._is_closed = is_closed
        params = {param.wire: param for param in operation.params}
        self._steps = {
            name: Step(
                wire,
                converter(params[wire], name, operation.market, own_id=self._own_id(params[wire])),
                plain_values(params[wire]),
            )
            for name, wire in wires.items()
        }
        self._required = frozenset(
            param.wire for param in operation.params if param.required and not param.auth
        )
        # Rules by their conditions: with none it always holds, with one it is found by that one's value.
        self._always = tuple(needs.any_of for needs in operation.needs if not needs.when)
        self._triggers = _triggers(operation.needs)
        self._conditions = tuple(needs for needs in operation.needs if len(needs.when) > 1)
        self._forbidden = _forbidden(operation.forbids)
        self._rule_names = tuple(
            {
                **dict.fromkeys(wire for needs in operation.needs for wire in needs.when),
                **dict.fromkeys(trigger for trigger, _ in self._forbidden),
                # Of a group that excludes each other, NONE counts as not sent.
                **dict.fromkeys(
                    param.wire
                    for param in operation.params
                    if any(param.wire in group for group in operation.exclusive)
                    and any(member.value == "NONE" for member in param.enum or ())
                ),
            }
        )
        """The parameters whose values rules look at, all of them enumerated: whatever has the names and these
        values of a call that was found lawful is not looked at again, so no rule may look at another."""
        self._lawful: set[tuple[object, ...]] = set()
        """The shapes of parameters that have been found to break no rule."""
        self.writers = _Writers(self._new_writer)
        self._exclusive = operation.exclusive
        self._together = operation.together
        self._bound = frozenset(
            name for group in (*operation.exclusive, *operation.together) for name in group
        )

    def _own_id(self, param: Param) -> str | None:
        """Return what takes an id of the caller's own where ``param`` takes the exchange's."""
        by_wire = {each.wire: each for each in self._operation.params}
        for needs in self._operation.needs:
            if param.wire in needs.any_of:
                for wire in needs.any_of:
                    if by_wire[wire].kind is Kind.STRING:
                        return self._labels[wire]
        return None

    def write(self, given: Mapping[str, object]) -> dict[str, WireValue]:
        return self.writers[tuple(given)](given)

    def _new_writer(self, names: tuple[str, ...]) -> Writer:
        if len(self.writers) >= _MOST_WRITERS or not self._steps.keys() >= set(names):
            return self.write_plainly
        made = self.writers[names] = make_writer(
            self._operation.method,
            {name: self._steps[name] for name in names},
            self._rule_names,
            plainly=self.write_plainly,
            check_rules=self._check_rules,
        )
        return made

    def write_plainly(self, given: Mapping[str, object]) -> dict[str, WireValue]:
        """Write a parameter at a time, whatever is given."""
        steps = self._steps
        params: dict[str, WireValue] = {}
        for name, value in given.items():
            if value is None and (name in steps or not self._is_closed):
                continue
            step = steps.get(name)
            if step is None:
                params[name] = self._unknown(name, value, given)
            else:
                params[step.wire] = step.convert(value)
        # A caller's calls are alike: rules look at names and a few values, so what held once holds.
        shape = (*params, *map(params.get, self._rule_names))
        if shape not in self._lawful:
            self._check_rules(params)
            if len(self._lawful) < MOST_SHAPES:
                self._lawful.add(shape)
        return params

    def _check_rules(self, params: dict[str, WireValue]) -> None:
        if not self._required <= params.keys():
            self._refuse_missing(params)
        sent = params.keys()
        for trigger, needed in self._triggers:
            for any_of in needed.get(params.get(trigger), ()):
                if sent.isdisjoint(any_of):
                    self._refuse_unmet(any_of, (trigger,), params)
        for any_of in self._always:
            if sent.isdisjoint(any_of):
                self._refuse_unmet(any_of, (), params)
        for needs in self._conditions:
            if sent.isdisjoint(needs.any_of) and _holds(needs.when, params):
                self._refuse_unmet(needs.any_of, tuple(needs.when), params)
        for trigger, refused in self._forbidden:
            names = refused.get(params.get(trigger))
            if names is not None and not names.isdisjoint(sent):
                self._refuse_forbidden(names, trigger, params)
        if not self._bound.isdisjoint(params):
            self._check_groups(params)

    def _unknown(self, name: str, value: object, given: Mapping[str, object]) -> WireValue:
        name_text(name, "params")
        for param in self._operation.params:
            if param.name == name:
                raise ParameterError(
                    f"{name} is spelled {param.wire} here", parameter=name, value=shown(name, value)
                )
        if not self._is_closed:
            return any_value(name, value)
        own = [self._labels[param.wire] for param in self._operation.params if not param.auth]
        aliases = load("binance_wsapi.catalogue.aliases")  # errors alone need them
        meant = aliases.parameter_meant(self._operation, name, given)
        hint = f": write {meant}" if meant else f", but {_listed(own, 'and') or 'none'}"
        raise ParameterError(
            f"{self._operation.name} ({self._operation.method}) has no parameter {name}{hint}",
            parameter=name,
            value=shown(name, value),
        )

    def _refuse_missing(self, params: Mapping[str, WireValue]) -> NoReturn:
        missing = [
            self._labels[param.wire]
            for param in self._operation.params
            if param.wire in self._required and param.wire not in params
        ]
        verb = "is" if len(missing) == 1 else "are"
        raise ParameterError(
            f"{_listed(missing, 'and')} {verb} missing: {self._operation.method} cannot do without",
            parameter=missing[0],
        )

    def _refuse_unmet(
        self, any_of: Collection[str], when: Iterable[str], params: Mapping[str, WireValue]
    ) -> NoReturn:
        names = [self._label(wire) for wire in any_of]
        condition = " and ".join(f"{self._label(wire)}={params[wire]!r}" for wire in when)
        raise ParameterError(
            f"{_listed(names, 'or')} is missing: {condition or self._operation.method} needs it",
            parameter=names[0],
        )

    def _refuse_forbidden(
        self, names: Collection[str], trigger: str, params: Mapping[str, WireValue]
    ) -> NoReturn:
        wire = next(wire for wire in params if wire in names)
        label = self._label(wire)
        raise ParameterError(
            f"{label} does not go with {self._label(trigger)}={params[trigger]!r}: leave it out",
            parameter=label,
            value=shown(wire, params[wire]),
        )

    def _check_groups(self, params: Mapping[str, WireValue]) -> None:
        for group in self._exclusive:
            # priceMatch NONE says that there is none.
            sent = [wire for wire in group if params.get(wire, "NONE") != "NONE"]
            if len(sent) > 1:
                names = [self._label(wire) for wire in sent]
                raise ParameterError(
                    f"{_listed(names, 'and')} exclude each other: send one of them",
                    parameter=names[1],
                    value=shown(sent[1], params[sent[1]]),
                )
        for group in self._together:
            absent = [wire for wire in group if wire not in params]
            if 0 < len(absent) < len(group):
                sent = [self._label(wire) for wire in group if wire in params]
                names = [self._label(wire) for wire in absent]
                raise ParameterError(
                    f"{_listed(names, 'and')} is missing: {_listed(sent, 'and')} goes with it or not "
                    "at all",
                    parameter=names[0],
                )

    def _label(self, wire: str) -> str:
        return self._labels.get(wire, wire)


def _triggers(
    needs: Iterable[Needs],
) -> tuple[tuple[str, dict[object, tuple[tuple[str, ...], ...]]], ...]:
    """Group the needs with one condition: parameter -> its value -> what that value needs."""
    grouped: dict[str, dict[object, tuple[tuple[str, ...], ...]]] = {}
    for need in needs:
        if len(need.when) == 1:
            ((wire, value),) = need.when.items()
            of_parameter = grouped.setdefault(wire, {})
            for written in _as_written(value):
                of_parameter[written] = (*of_parameter.get(written, ()), need.any_of)
    return tuple(grouped.items())


def _forbidden(
    forbids: Iterable[Forbids],
) -> tuple[tuple[str, dict[object, frozenset[str]]], ...]:
    """Group what is forbidden: parameter -> its value -> what may not be sent with it."""
    grouped: dict[str, dict[object, frozenset[str]]] = {}
    for each in forbids:
        of_parameter = grouped.setdefault(each.when, {})
        for value in each.values:
            of_parameter[value] = of_parameter.get(value, frozenset()).union(each.params)
    return tuple(grouped.items())


def _holds(when: Mapping[str, str], params: Mapping[str, WireValue]) -> bool:
    return all(params.get(wire) in _as_written(value) for wire, value in when.items())


def _as_written(value: str) -> tuple[object, ...]:
    """What a value of a rule, always text, may be on the wire."""
    return {"true": ("true", True), "false": ("false", False)}.get(value, (value,))


def _listed(names: Collection[str], word: str) -> str:
    *most, last = names or ("",)
    return f"{', '.join(most)} {word} {last}" if most else last
