"""Messages to JSON lines and back."""

import dataclasses
import enum
import json
import types
from fractions import Fraction
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.protocol import Cancel, Edit, Event, Failed, Hello, Message, Model, Progress, ProtocolError, Settings, Stage, decode, encode


def anything(hint):
    """Make a strategy for a type hint as messages use them."""
    if hint is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{field.name: anything(hints[field.name]) for field in dataclasses.fields(hint)})
    if get_origin(hint) is types.UnionType:
        return st.one_of([anything(member) for member in get_args(hint)])
    if get_origin(hint) is tuple:
        return st.lists(anything(get_args(hint)[0]), max_size=3).map(tuple)
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    return st.from_type(hint)


MESSAGES = anything(Message)
CANCEL = {"type": "Cancel", "job_id": "a"}
PROGRESS = {"type": "Progress", "job_id": "a", "stage": "Drawing", "done": 1, "total": 2}


@pytest.mark.parametrize("kind", [*get_args(Message), Edit, Settings])
def test_every_message_comes_back_equal(kind):
    @given(anything(kind))
    @hypothesis_settings(max_examples=20)  # messages are large: each is many examples of its parts
    def check(message):
        line = encode(message)
        assert "\n" not in line
        assert line.isascii()
        back = decode(line, kind)
        assert back == message
        assert repr(back) == repr(message)  # types too: 1 is not 1.0 is not True

    check()


@given(MESSAGES)
@hypothesis_settings(max_examples=30)
def test_any_message_is_recognised_among_all(message):
    assert decode(encode(message).encode()) == message


@given(MESSAGES.filter(dataclasses.fields), st.data())
def test_a_missing_field_is_refused_unless_it_has_a_default(message, data):
    field = data.draw(st.sampled_from(dataclasses.fields(message)))
    fields = json.loads(encode(message))
    del fields[field.name]
    made = {} if field.default_factory is dataclasses.MISSING else {"default": field.default_factory()}
    default = made.get("default", field.default)
    if default is dataclasses.MISSING:
        with pytest.raises(ProtocolError, match=field.name):
            decode(json.dumps(fields))
    else:
        assert decode(json.dumps(fields)) == dataclasses.replace(message, **{field.name: default})


@given(MESSAGES, st.text(min_size=1).filter(lambda name: name != "type"))
def test_an_unknown_field_is_refused(message, name):
    fields = json.loads(encode(message))
    fields[f"no {name}"] = 1
    with pytest.raises(ProtocolError, match="no field"):
        decode(json.dumps(fields))


WRONG = {str: 1, int: 1.0, float: "1", Fraction: 0.5, tuple: "ab", bool: 1}


@given(MESSAGES.filter(dataclasses.fields), st.data())
def test_a_value_of_the_wrong_type_is_refused(message, data):
    hints = get_type_hints(type(message))
    name = data.draw(st.sampled_from([field.name for field in dataclasses.fields(message)]))
    hint = get_origin(hints[name]) or hints[name]
    wrong = 1 if isinstance(hint, type) and issubclass(hint, enum.Enum) else WRONG.get(hint, 1)
    with pytest.raises(ProtocolError, match=name):
        decode(json.dumps(json.loads(encode(message)) | {name: wrong}))


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 400, "true", "null", '"1"', "[1]"])
def test_a_float_must_be_a_finite_number(value):
    line = json.dumps(PROGRESS)[:-1] + f', "frames_per_second": {value}}}'
    with pytest.raises(ProtocolError, match="frames_per_second"):
        decode(line)


def test_an_integer_may_stand_for_a_float():
    rate = decode(json.dumps(PROGRESS | {"frames_per_second": 3})).frames_per_second
    assert rate == 3.0
    assert type(rate) is float


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_could_not_be_read_is_not_written(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        encode(Progress(job_id="a", stage=Stage.DRAWING, done=1, total=2, seconds_left=value))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "nonsense",
        "1",
        "null",
        "[]",
        "{}",
        '{"type": "Stranger"}',
        '{"type": ["Cancel"]}',
        '{"type": null}',
        b"\xff\xfe",
        "[" * 100_000,
    ]
    + [json.dumps(CANCEL | {"job_id": value}) for value in (1, None, True, ["a"], {"type": "Cancel", "job_id": "a"})]
    + [json.dumps(PROGRESS | {"stage": "Sleeping"}), json.dumps(PROGRESS | {"done": True}), json.dumps([CANCEL])],
)
def test_what_is_no_message_is_refused(line):
    with pytest.raises(ProtocolError):
        decode(line)


@pytest.mark.parametrize("rate", ["1/0", "fast", "", "nan", "1/2/3"])
def test_a_rate_must_be_a_fraction(rate):
    with pytest.raises(ProtocolError, match="fps"):
        decode(json.dumps({"type": "Edit", "name": "", "fps": rate, "tracks": []}), Edit)


@given(MESSAGES)
def test_only_the_expected_kinds_are_read(message):
    if isinstance(message, get_args(Event)):
        assert decode(encode(message), Event) == message
    else:
        with pytest.raises(ProtocolError, match="unknown type"):
            decode(encode(message), Event)
    if not isinstance(message, Hello):
        with pytest.raises(ProtocolError, match="not a Hello"):
            decode(encode(message), Hello)


def test_paths_that_are_no_text_survive():
    name = b"caf\xe9.wav".decode("utf-8", "surrogateescape")  # as Linux allows
    assert decode(encode(Cancel(job_id=name))).job_id == name


def test_models_are_told_by_their_names():
    assert json.loads(encode(Settings(model=Model.SYNC_CARD)))["model"] == "sync-card"


def test_an_empty_detail_is_the_default():
    assert decode('{"type": "Failed", "job_id": "a", "cause": "b", "cure": "c"}') == Failed(job_id="a", cause="b", cure="c", details="")
