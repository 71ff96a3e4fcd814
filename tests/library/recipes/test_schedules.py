"""Schedules: each constructor against its plain meaning."""

from bisect import bisect_right

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import Schedule

step = st.integers(0, 500)


@given(step)
def test_constant(t):
    assert Schedule.constant()(t) == 1


@given(step, st.integers(0, 400))
def test_delayed(t, start):
    assert Schedule.delayed(start)(t) == (t >= start)


@given(step, st.integers(0, 200), st.integers(0, 200))
def test_paused(t, start, length):
    assert Schedule.paused(start, start + length)(t) == (not start <= t < start + length)


@given(step, st.integers(0, 200), st.integers(1, 200), st.floats(0, 5), st.floats(0, 5))
def test_ramp(t, start, length, first, last):
    along = min(max((t - start) / length, 0), 1)
    assert Schedule.ramp(start, start + length, first, last)(t) == pytest.approx(first + (last - first) * along)


@given(step, st.integers(1, 50), st.integers(0, 50))
def test_pulsed(t, period, on):
    assert Schedule.pulsed(period, min(on, period))(t) == (t % period < on)


@given(st.integers(1, 100), step)
def test_warmup(length, t):
    assert Schedule.warmup(length)(t) == pytest.approx(min((t + 1) / length, 1))


@pytest.mark.parametrize(
    "knots",
    [(), ((5, 1.0),), ((0, 1.0), (9, 1.0), (3, 1.0)), ((0, -1.0),), ((0, float("nan")),), ((0, float("inf")),)],
)
def test_a_bad_schedule_is_refused(knots):
    with pytest.raises(ValueError, match="knots"):
        Schedule(knots=knots)


def test_a_knot_that_never_happens_is_refused():
    assert Schedule(knots=((0, 0.0), (100, 1.0)), period=100)(150) == 0.5
    with pytest.raises(ValueError, match=r"knots: got steps \[101, 200\]; must be at most the period, 100"):
        Schedule(knots=((0, 0.0), (101, 1.0), (200, 0.0)), period=100)


@st.composite
def schedules(draw):
    steps = [0, *sorted(draw(st.lists(st.integers(0, 60), max_size=6)))]
    factors = draw(st.lists(st.floats(0, 5), min_size=len(steps), max_size=len(steps)))
    period = draw(st.none() | st.integers(max(1, steps[-1]), 80))
    return Schedule(knots=tuple(zip(steps, factors, strict=True)), period=period)


def plainly(schedule, step):
    if schedule.period is not None:
        step %= schedule.period
    after = bisect_right([knot for knot, _ in schedule.knots], step)
    left, value = schedule.knots[after - 1]
    if after == len(schedule.knots):
        return value
    right, target = schedule.knots[after]
    return value + (target - value) * (step - left) / (right - left)


@given(schedules(), st.integers(0, 10**6))
def test_many_steps_at_once_are_a_plain_loop_to_the_last_bit(schedule, far):
    steps = np.array([*range(100), far])
    expected = [plainly(schedule, step) for step in steps.tolist()]
    assert schedule(steps).tolist() == expected
    assert [schedule(step) for step in steps.tolist()] == expected
    assert schedule(steps[:0]).shape == (0,)
    assert schedule(steps[:100].reshape(4, 25)).tolist() == schedule(steps[:100]).reshape(4, 25).tolist()
