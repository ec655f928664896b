"""exp, log and pow as straight-line vector code.

Stage 4 of 5, emission.  In: values of type ``double`` or ``<N x double>``.  Out: the
function's value in the same type, as inline instructions: no call, no table in memory, no
branch, at most one division.  Each is right at every edge of IEEE 754 and C99 Annex F and gives the
same bits for every N, on every machine with a fused multiply-add; a target without one
calls its C library for it, many times slower.  Floating-point exception flags mean nothing.

Errors are the largest seen against a 113-bit reference at 3.2 million random arguments in
each of several ranges, subnormal arguments and results included, in units in the last place
of the true value.  Operations are those of a vector left after optimisation.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from loopscope.models.engine.doubles import Doubles

if TYPE_CHECKING:
    from llvmlite import ir


def _hexadecimal(digits: str) -> tuple[float, ...]:
    return tuple(float.fromhex(number) for number in digits.split())


_INFINITY: Final = math.inf
_SIGN: Final = 1 << 63
_FRACTION: Final = (1 << 52) - 1
_SMALLEST_NORMAL: Final = 2.0**-1022

# ln 2 in two parts; the first is a multiple of 2**-42, so its product with an exponent is exact.
_LN2_HIGH: Final = float.fromhex("0x1.62e42fefa3800p-1")
_LN2_LOW: Final = float.fromhex("0x1.ef35793c76730p-45")

# Adding 1.5 * 2**52 rounds to an integer and leaves it in the low bits of the sum; the 2046
# on top is two exponent biases, shared by the two powers of two that scale the result.
_ROUND_TO_EXPONENTS: Final = 1.5 * 2.0**52 + 2046.0
_OVERFLOW: Final = 710.0
_UNDERFLOW: Final = -746.0
_FAR: Final = 1000.0

# (exp(r) - 1 - r) / r**2 on |r| <= ln(2)/2: minimax, 2**-58.0 of exp(r).
_EXP: Final = _hexadecimal(
    "0x1.000000000000cp-1"
    " 0x1.5555555555561p-3"
    " 0x1.555555554ffeap-5"
    " 0x1.111111110d616p-7"
    " 0x1.6c16c185b7167p-10"
    " 0x1.a01a01baef4ecp-13"
    " 0x1.a0199667cd190p-16"
    " 0x1.71dddfad13508p-19"
    " 0x1.28b072caa3fdfp-22"
    " 0x1.af85babb76f4bp-26"
)

# (2 atanh(s) - 2 s) / s**3 in s**2 on sqrt(1/2) <= (1 + s) / (1 - s) < sqrt(2): minimax,
# 2**-59.5 of 2 atanh(s).
_LOG: Final = _hexadecimal(
    "0x1.5555555555592p-1"
    " 0x1.999999997fd38p-2"
    " 0x1.24924941f8c71p-2"
    " 0x1.c71c5202b9464p-3"
    " 0x1.7466405adc7edp-3"
    " 0x1.39a1934b85d1cp-3"
    " 0x1.2f0704e05bb45p-3"
)
_ROOT_HALF: Final = 0x3FE6A09E667F3BCD

# pow multiplies the fraction m by c = 1 - j/8, j from -1 to 3 the integer nearest to this
# polynomial in m, so that f = m c - 1 lies within 0.0925, and within 0.0585 where j is -1 and
# 0.0685 where it is 0.  f is exact: it has at most 53 bits.
_POW_LEAST_FRACTION: Final = 0x3FEAF27BB2FEC56D
_POW_CELL: Final = (-13.0, 18.09375, -5.109375)
_POW_CELL_WIDTH: Final = 1.0 / 8.0
_ROUND_TO_INTEGER: Final = 1.5 * 2.0**52
# -log(c) / j at the five values of j, in two parts.  The first has coefficients that are
# multiples of 2**-42, so it is computed exactly.
_POW_LOG_CELL: Final = _hexadecimal(
    "0x1.00240f97d8000p-3 0x1.fcb8e05d00000p-8 0x1.3482321200000p-11 0x1.d47aad6000000p-14"
)
_POW_LOG_CELL_LOW: Final = _hexadecimal(
    "0x1.54cab929bcd7ap-44 -0x1.a059311777e31p-46 0x1.1444f2c66e8e7p-45 -0x1.ceb63fab5bcd1p-45"
)
# (2 atanh(s/2) - s) / s**3 in s**2, |s| < 0.097: minimax for rounded
# coefficients, 2**-66.8 of 2 atanh(s/2).
_POW_ATANH: Final = _hexadecimal(
    "0x1.5555555555558p-4 0x1.9999999991defp-7 0x1.2492495ec3f65p-9 0x1.c71af37017364p-12"
    " 0x1.7696e14fe5215p-14"
)


def emit_exp(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Emit the exponential function.

    Parameters
    ----------
    builder
        Positioned where the instructions belong.
    x
        ``double`` or ``<N x double>``.

    Returns
    -------
    ir.Value
        exp(x), same type.  exp(-inf) = 0, exp(inf) = inf, exp(NaN) = NaN, exp(0) = 1;
        inf above 709.78, gradual underflow below -708.39, 0 below -745.13.

    Raises
    ------
    TypeError
        ``x`` is not of such a type.

    Notes
    -----
    Error below 1.07 units in the last place.  28 operations.

    References
    ----------
    .. [1] Tang (1989), "Table-driven implementation of the exponential function in IEEE
       floating-point arithmetic", ACM Transactions on Mathematical Software 15(2),
       144-157: the reduction by ln 2 in two parts.
    """
    lanes = Doubles(builder, x)
    # Both comparisons are false for a NaN, which therefore stays.
    x = lanes.select(lanes.compare(">", x, _OVERFLOW), _OVERFLOW, x)
    x = lanes.select(lanes.compare("<", x, _UNDERFLOW), _UNDERFLOW, x)
    return _exponential(lanes, x, None)


def emit_log(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
    """Emit the natural logarithm.

    Parameters
    ----------
    builder
        Positioned where the instructions belong.
    x
        ``double`` or ``<N x double>``.

    Returns
    -------
    ir.Value
        log(x), same type.  log(+-0) = -inf, log(x < 0) = NaN, log(inf) = inf,
        log(NaN) = NaN, log(1) = +0; subnormal arguments are exact inputs like any other.

    Raises
    ------
    TypeError
        ``x`` is not of such a type.

    Notes
    -----
    Error below 1.38 units in the last place, 0.83 between 1/2 and 2.  36 operations, one of
    them a division: measured a fifth faster than a polynomial in x - 1 that is long enough
    to do without.

    References
    ----------
    .. [1] Tang (1990), "Table-driven implementation of the logarithm function in IEEE
       floating-point arithmetic", ACM Transactions on Mathematical Software 16(4),
       378-400: exponent, fraction and ln 2 in two parts.
    .. [2] Ng (1993), ``e_log.c`` in fdlibm 5.3, Sun Microsystems: the form of the series.
    """
    lanes = Doubles(builder, x)
    exponent, fraction = _split(lanes, x, _ROOT_HALF)
    # log(1 + f) = f - h + s (h + R) with h = f**2/2, s = f / (2 + f) and R the series, which
    # keeps the rounding of s away from the leading term.
    f = builder.fsub(fraction, lanes.real(1.0))
    s = builder.fdiv(f, builder.fadd(f, lanes.real(2.0)))
    square = builder.fmul(s, s)
    h = builder.fmul(builder.fmul(f, lanes.real(0.5)), f)
    rest = lanes.fma(square, lanes.polynomial(square, _LOG), h)
    low = lanes.fma(s, rest, builder.fmul(exponent, lanes.real(_LN2_LOW)))
    low = builder.fsub(low, h)
    high = lanes.fma(exponent, lanes.real(_LN2_HIGH), f)
    result = builder.fadd(high, low)
    result = lanes.select(lanes.compare("<", x, _INFINITY), result, x)
    edge = lanes.select(lanes.compare("==", x, 0.0), -_INFINITY, math.nan)
    return lanes.select(lanes.compare(">", x, 0.0), result, edge)


def emit_pow(builder: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    """Emit x to the power y.

    Parameters
    ----------
    builder
        Positioned where the instructions belong.
    x
        Base, ``double`` or ``<N x double>``.
    y
        Exponent, same type.

    Returns
    -------
    ir.Value
        x**y, same type, with every special case of C99 Annex F.9.4.4: x**0 = 1 and
        1**y = 1 even for NaN, a negative base takes the sign of an odd exponent and is
        NaN for a finite exponent that is not an integer, zeros and infinities keep
        their sign for odd exponents.

    Raises
    ------
    TypeError
        ``x`` is not of such a type.

    Notes
    -----
    Error below 1.75 units in the last place, seen where y log(x) is near 709 or -709 and x near
    1.07; below 1.22 where the result is between 1e-150 and 1e150.  Powers of 2 are exact, and
    so are powers of whole numbers that fit a double as far as tried (bases to 128, exponents
    to 8).  108 operations, one of them a division; a constant ``y`` folds a dozen.

    References
    ----------
    .. [1] Muller et al. (2018), "Handbook of Floating-Point Arithmetic", 2nd edition,
       Birkhauser: exp(y log x) with the logarithm as an unevaluated sum of two doubles.
    """
    lanes = Doubles(builder, x)
    magnitude = lanes.intrinsic("fabs", x)
    half = builder.fmul(y, lanes.real(0.5))
    whole = lanes.compare("==", lanes.intrinsic("trunc", y), y)
    halves = lanes.compare("!=", lanes.intrinsic("trunc", half), half)
    undefined = builder.and_(lanes.compare("<", x, 0.0), builder.not_(whole))
    result = _power(lanes, magnitude, y, undefined)
    sign = builder.and_(lanes.to_word(x), lanes.word(_SIGN))
    sign = builder.select(builder.and_(whole, halves), sign, lanes.word(0))
    return lanes.to_real(builder.or_(lanes.to_word(result), sign))


def emit_pow_positive(builder: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
    """Emit x to the power y for a base whose sign bit is known to be clear.

    Parameters
    ----------
    builder
        Positioned where the instructions belong.
    x
        Base, ``double`` or ``<N x double>``, at least +0 or NaN; the value for any other
        base, -0 included, means nothing.
    y
        Exponent, same type.

    Returns
    -------
    ir.Value
        The bits of ``emit_pow``, in 94 operations.

    Raises
    ------
    TypeError
        ``x`` is not of such a type.
    """
    return _power(Doubles(builder, x), x, y, None)


def _split(lanes: Doubles, x: ir.Value, least: int) -> tuple[ir.Value, ir.Value]:
    """Write a positive x as 2**exponent * fraction.

    ``least`` is the bit pattern of the smallest fraction, the largest is just under twice
    that.  Both results are finite reals whatever x is, and meaningful for finite x > 0.
    """
    builder = lanes.builder
    subnormal = lanes.compare("<", x, _SMALLEST_NORMAL)
    x = lanes.select(subnormal, builder.fmul(x, lanes.real(2.0**54)), x)
    bias = lanes.select(subnormal, 2.0**52 + 1023.0 + 54.0, 2.0**52 + 1023.0)
    bits = builder.add(lanes.to_word(x), lanes.word((1023 << 52) - least))
    fraction = builder.add(builder.and_(bits, lanes.word(_FRACTION)), lanes.word(least))
    exponent = builder.or_(builder.lshr(bits, lanes.word(52)), lanes.word((1023 + 52) << 52))
    return builder.fsub(lanes.to_real(exponent), bias), lanes.to_real(fraction)


def _exponential(lanes: Doubles, high: ir.Value, low: ir.Value | None) -> ir.Value:
    """Return exp(high + low) for a sum between -1000 and 1000, or NaN, and low within 1."""
    builder = lanes.builder
    magic = lanes.real(_ROUND_TO_EXPONENTS)
    total = high if low is None else builder.fadd(high, low)
    shifted = lanes.fma(total, lanes.real(math.log2(math.e)), magic)
    exponent = builder.fsub(shifted, magic)
    r = lanes.fma(exponent, lanes.real(-_LN2_HIGH), high)
    if low is None:
        r = lanes.fma(exponent, lanes.real(-_LN2_LOW), r)
    else:
        r = builder.fadd(r, lanes.fma(exponent, lanes.real(-_LN2_LOW), low))
    tail = lanes.fma(builder.fmul(r, r), lanes.polynomial(r, _EXP), r)
    result = builder.fadd(tail, lanes.real(1.0))
    # Two factors, because 2**exponent alone may lie outside the range where the result is
    # inside it, and because only the second product may round to a subnormal number.
    bits = lanes.to_word(shifted)
    lesser = builder.lshr(bits, lanes.word(1))
    greater = builder.sub(bits, lesser)
    for half in (lesser, greater):
        result = builder.fmul(result, lanes.to_real(builder.shl(half, lanes.word(52))))
    return result


def _logarithm(lanes: Doubles, x: ir.Value) -> tuple[ir.Value, ir.Value]:
    """Return log(x) as a sum of two reals for finite x > 0, and two finite reals for any x.

    The sum is good to 2**-62 of itself; its second part may be 2**-11 of the first.
    """
    builder = lanes.builder
    exponent, fraction = _split(lanes, x, _POW_LEAST_FRACTION)
    magic = _ROUND_TO_INTEGER
    offset, slope, bend = _POW_CELL
    j = lanes.fma(fraction, lanes.real(bend), lanes.real(slope))
    j = builder.fsub(lanes.fma(fraction, j, lanes.real(magic + offset)), lanes.real(magic))
    c = lanes.fma(j, lanes.real(-_POW_CELL_WIDTH), lanes.real(1.0))
    f = lanes.fma(fraction, c, lanes.real(-1.0))

    # s + s_low = f / (1 + f/2), and log(1 + f) = 2 atanh((s + s_low) / 2).
    half = builder.fmul(f, lanes.real(0.5))
    reciprocal = builder.fdiv(lanes.real(1.0), builder.fadd(half, lanes.real(1.0)))
    s = builder.fmul(f, reciprocal)
    rest = lanes.fma(builder.fneg(half), s, builder.fsub(f, s))
    s_low = builder.fmul(rest, reciprocal)
    z = builder.fmul(s, s)
    cube = builder.fmul(s, z)
    # s**3/12 is most of the series: s_low also gets what its two products round off, and
    # what s_low itself does to it, 2 atanh(s/2) having the derivative 1 + s**2/4 + ...
    rounded = lanes.fma(s, lanes.fma(s, s, builder.fneg(z)), lanes.fma(s, z, builder.fneg(cube)))
    s_low = lanes.fma(builder.fmul(z, lanes.real(0.25)), s_low, s_low)
    s_low = lanes.fma(rounded, lanes.real(1.0 / 12.0), s_low)
    tail = lanes.fma(cube, lanes.polynomial(z, _POW_ATANH), s_low)

    cell = builder.fmul(j, lanes.polynomial(j, _POW_LOG_CELL))
    cell_low = builder.fmul(j, lanes.polynomial(j, _POW_LOG_CELL_LOW))
    base = lanes.fma(exponent, lanes.real(_LN2_HIGH), cell)
    base_low = lanes.fma(exponent, lanes.real(_LN2_LOW), cell_low)
    # base is 0 or larger than s, so the difference below is exactly what the sum lost.
    high = builder.fadd(base, s)
    lost = builder.fsub(s, builder.fsub(high, base))
    return high, builder.fadd(tail, builder.fadd(lost, base_low))


def _power(lanes: Doubles, x: ir.Value, y: ir.Value, undefined: ir.Value | None) -> ir.Value:
    """Return x**y for a base with a clear sign bit; NaN where ``undefined`` and 0 < x < inf."""
    builder = lanes.builder
    high, low = _logarithm(lanes, x)
    if undefined is not None:
        high = lanes.select(undefined, math.nan, high)
    high = lanes.select(lanes.compare("<", x, _INFINITY), high, x)
    high = lanes.select(lanes.compare("==", x, 0.0), -_INFINITY, high)

    product = builder.fmul(y, high)
    product_low = lanes.fma(y, low, lanes.fma(y, high, builder.fneg(product)))
    result = _exponential(lanes, product, product_low)
    # Out here the low part is not small, or not a number.
    result = lanes.select(lanes.compare(">", product, _FAR), _INFINITY, result)
    result = lanes.select(lanes.compare("<", product, -_FAR), 0.0, result)

    one = lanes.compare("==", x, 1.0)
    if undefined is not None:
        one = builder.and_(one, builder.not_(undefined))
    return lanes.select(builder.or_(one, lanes.compare("==", y, 0.0)), 1.0, result)
