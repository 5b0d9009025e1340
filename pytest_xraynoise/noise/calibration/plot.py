"""The photon transfer curve and the noise spectrum as a picture."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from pytest_xraynoise.noise.calibration.result import Calibration

_SIZE = (11.0, 4.6)
_DPI = 120
_STYLE = {"font.size": 10.5, "font.family": "sans-serif"}
_TOTAL, _RANDOM, _STRUCTURAL, _READOUT = "#333333", "#1f6fb4", "#c4622d", "#4c8c4a"
_BAND = 0.18


def plot_png(fit: Calibration) -> bytes:
    """Photon transfer curve (log-log, noise in DN rms) beside NPS and fitted MTF^2, as a PNG."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    buffer = io.BytesIO()
    with mpl.rc_context(_STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2)
        _draw_transfer(left, fit)
        _draw_spectrum(right, fit)
        figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _draw_transfer(axes: Axes, fit: Calibration) -> None:
    means = [level.mean for level in fit.levels]
    low, high = means[0] / 1.6, means[-1] * 1.6
    x = [low * (high / low) ** (i / 60) for i in range(61)]
    gain, readout, structural = fit.gain, fit.readout, fit.structural
    measured = (
        ("random, NPS(0): the fit", [level.nps_zero for level in fit.levels], _RANDOM, "o", True),
        ("random, one pixel", [level.random for level in fit.levels], _RANDOM, "o", False),
        ("structural", [level.structural for level in fit.levels], _STRUCTURAL, "^", True),
        ("total, one pixel", [level.total for level in fit.levels], _TOTAL, "s", False),
    )
    random = [(gain.value * m + readout.value**2) ** 0.5 for m in x]
    axes.plot(x, random, color=_RANDOM, lw=1.6)
    axes.fill_between(
        x,
        [(gain.low * m + readout.low**2) ** 0.5 for m in x],
        [(gain.high * m + readout.high**2) ** 0.5 for m in x],
        color=_RANDOM,
        alpha=_BAND,
        lw=0,
    )
    axes.plot(x, [structural.value * m for m in x], color=_STRUCTURAL, lw=1.6)
    axes.fill_between(
        x,
        [structural.low * m for m in x],
        [structural.high * m for m in x],
        color=_STRUCTURAL,
        alpha=_BAND,
        lw=0,
    )
    axes.axhline(readout.value, color=_READOUT, lw=1.6, ls="--", label="readout")
    axes.axhspan(readout.low, readout.high, color=_READOUT, alpha=_BAND, lw=0)
    for label, variances, color, marker, full in measured:
        shown = [(m, v**0.5) for m, v in zip(means, variances, strict=True) if v > 0]
        axes.plot(
            [m for m, _ in shown],
            [v for _, v in shown],
            color=color,
            marker=marker,
            mfc=color if full else "none",
            ms=5 if full else 7,
            ls="none",
            label=label,
        )
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(low, high),
        xlabel="mean signal above the offset (DN)",
        ylabel="noise (DN rms)",
        title="Photon transfer",
    )
    axes.grid(True, which="both", alpha=0.15)
    low, high = axes.get_ylim()
    axes.set_ylim(low, high * (high / low) ** 0.4)  # room for the legend above the lines
    axes.legend(loc="upper left", framealpha=1, edgecolor="none")


def _draw_spectrum(axes: Axes, fit: Calibration) -> None:
    pitch, unit = (1.0, "1/pixel") if fit.pixel_pitch is None else (fit.pixel_pitch, "1/mm")
    frequency = [f / pitch for f in fit.spectrum.frequency]
    used = fit.spectrum.used / pitch
    axes.axvspan(0, used, color=_RANDOM, alpha=0.07, lw=0, label="used for H and the gain")
    axes.plot(
        frequency,
        fit.spectrum.measured,
        color=_RANDOM,
        marker="o",
        ms=4,
        ls="none",
        label="quantum noise measured",
    )
    points = [frequency[-1] * i / 100 for i in range(101)]
    curve = [(1 + fit.blur.value * f * f) ** -2.0 for f in points]
    length = "pixel2" if fit.pixel_pitch is None else "mm2"
    axes.plot(
        points,
        curve,
        color=_TOTAL,
        lw=1.6,
        label=f"1 / (1 + H f²)², H = {fit.blur.value:.3g} {length.replace('2', '²')}",
    )
    axes.axvline(0.5 / pitch, color=_TOTAL, lw=1, ls=":", label="Nyquist frequency")
    axes.set(
        xlim=(0, None),
        ylim=(0, max(1.15, 1.05 * max(fit.spectrum.measured))),
        xlabel=f"spatial frequency ({unit})",
        ylabel="NPS / NPS(0)",
        title="Noise power spectrum",
    )
    axes.grid(True, alpha=0.15)
    axes.legend(framealpha=1, edgecolor="none")
