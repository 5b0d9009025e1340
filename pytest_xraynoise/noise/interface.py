"""What a kind of noise is: a name, parameters with units, ladders, and a function of one image."""

from __future__ import annotations

import dataclasses
import hashlib
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pytest_xraynoise.errors import NoiseError, SpecError, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from pytest_xraynoise.noise.field import Field


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number that sets the strength of a kind.

    Attributes:
        keyword: how callers write it, ``photons``.
        unit: what it counts, ``photons at white``.
        low, high: allowed range; ``low`` itself is allowed when ``low_allowed``.
    """

    keyword: str
    unit: str
    low: float = 0.0
    high: float = math.inf
    low_allowed: bool = False

    def check(self, value: object) -> float:
        """Return ``value`` as a float.

        Raises:
            NoiseError: not a number, not finite, or outside the range.
        """
        if isinstance(value, bool) or not isinstance(value, Real):
            raise NoiseError(f"{self.keyword}={value!r}: expected a number, {self._range()}")
        number = float(value)
        fits = (self.low <= number if self.low_allowed else self.low < number) and (
            number <= self.high
        )
        if not (math.isfinite(number) and fits):
            raise NoiseError(f"{self.keyword}={value!r}: expected a finite number {self._range()}")
        return number

    def _range(self) -> str:
        low = f"{'of at least' if self.low_allowed else 'above'} {self.low:g}"
        high = f" and at most {self.high:g}" if math.isfinite(self.high) else ""
        return f"{low}{high} ({self.unit})"


@dataclass(frozen=True, slots=True)
class CountsAndReadout:
    """A rung that the fused kernels can make: counting noise, then white Gaussian noise.

    Attributes:
        photons: quanta at x = 1, or None for no counting noise.
        sigma: standard deviation in units of full scale, or None.
    """

    photons: float | None = None
    sigma: float | None = None


@dataclass(frozen=True, kw_only=True)
class NoiseKind(ABC):
    """One kind of noise; subclass it, and register an instance with ``register_noise``.

    A subclass sets the class attributes and :meth:`apply`; settings that a user may change beside
    the parameters (a detector, a response) are dataclass fields of the subclass.

    Attributes:
        name: what users write.
        parameters: what can be swept; the first is the rung's own number.
        extras: parameters that a rung may leave out.
        alternatives: other words for the first parameter, each in a unit of its own; a rung is
            written in one of them or in the first parameter itself.
        ladders: ladder name to parameter values by keyword, severity 1 first.
        default_ladder: name of the ladder that ``severity=3`` refers to.
        words: random words that a pixel needs, 1, 2 or 4.
        stream: number of the random stream, 0 <= stream < 65536; by default from the name.
        summary: one line for listings.
    """

    name: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]]
    extras: ClassVar[tuple[Parameter, ...]] = ()
    alternatives: ClassVar[tuple[Parameter, ...]] = ()
    ladders: ClassVar[Mapping[str, Mapping[str, Sequence[float]]]] = {}
    default_ladder: ClassVar[str] = "imagenet-c"
    words: ClassVar[Literal[1, 2, 4]] = 1
    stream_number: ClassVar[int | None] = None
    summary: ClassVar[str] = ""

    @abstractmethod
    def apply(
        self, image: npt.NDArray[np.float32], field: Field, parameters: Mapping[str, float]
    ) -> npt.NDArray[np.float32]:
        """One channel of one sample with noise, not clipped.

        Args:
            image: (H, W) float32 intensities in [0, 1]; not to be written to.
            field: the sample's random numbers, the same at every rung.
            parameters: checked values by keyword.

        Returns:
            (H, W) float32.
        """

    def converted(self, keyword: str, value: float) -> float:
        """The first parameter for a ``value`` of one of the :attr:`alternatives`."""
        raise NotImplementedError(f"noise {self.name!r} does not say what {keyword}={value:g} is")

    def reading(self, parameters: Mapping[str, float], pixel_pitch: float | None) -> str:
        """The clinical reading of a rung, a sentence for people."""
        del parameters, pixel_pitch
        return self.summary

    def fused(self, parameters: Mapping[str, float]) -> CountsAndReadout | None:
        """The rung as the fused kernels know it, or None when :meth:`apply` is the only way."""
        del parameters
        return None

    @property
    def has_fused(self) -> bool:
        """Whether the kind has a fused form at all."""
        return type(self).fused is not NoiseKind.fused

    @property
    def stream(self) -> int:
        """The stream's number: the built-in kinds count from 1, others hash their name."""
        if self.stream_number is not None:
            return self.stream_number
        digest = hashlib.blake2b(self.name.encode(), digest_size=2).digest()
        return 0x8000 | int.from_bytes(digest, "little")

    @property
    def keywords(self) -> tuple[str, ...]:
        """The parameters' keywords, the main one first."""
        return tuple(parameter.keyword for parameter in self.parameters)

    @property
    def rung_words(self) -> tuple[str, ...]:
        """Every word that rungs can be written in: the parameters and the alternatives."""
        return (*self.keywords, *(other.keyword for other in self.alternatives))

    def stated(self, parameters: Mapping[str, Any]) -> Parameter:
        """The word that says the strength: the first parameter, or the alternative that is given.

        Raises:
            SpecError: more than one of them is given.
        """
        words = (self.parameters[0], *self.alternatives)
        given = [word for word in words if word.keyword in parameters]
        if len(given) > 1:
            named = " and ".join(f"{word.keyword}=" for word in given)
            raise SpecError(
                f"noise {self.name!r}: {named} say the same thing in different units; give one "
                f"of {', '.join(word.keyword for word in words)}"
            )
        return given[0] if given else words[0]

    def check(self, parameters: Mapping[str, Any]) -> dict[str, float]:
        """Return every parameter as a float, in the kind's order; alternatives are converted.

        Raises:
            SpecError: a parameter that the kind does not have, one that is missing, or two words
                for the same.
            NoiseError: a value that is not a number, not finite, or out of range.
        """
        known = (*self.rung_words, *(extra.keyword for extra in self.extras))
        for keyword in parameters:
            if keyword not in known:
                all_words = dict.fromkeys((*known, *self.options))
                raise SpecError(unknown(f"parameter of noise {self.name!r}", keyword, all_words))
        parameters = self._in_first_words(parameters)
        missing = [keyword for keyword in self.keywords if keyword not in parameters]
        if missing:
            raise SpecError(
                f"noise {self.name!r} needs {' and '.join(f'{k}=' for k in self.keywords)}; "
                f"missing: {', '.join(missing)}"
            )
        given = (p for p in (*self.parameters, *self.extras) if p.keyword in parameters)
        return {p.keyword: p.check(parameters[p.keyword]) for p in given}

    def _in_first_words(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        stated, first = self.stated(parameters), self.parameters[0]
        if stated is first:
            return parameters
        rest = {k: v for k, v in parameters.items() if k != stated.keyword}
        number = stated.check(parameters[stated.keyword])
        value = self.converted(stated.keyword, number)
        try:
            return {first.keyword: first.check(value), **rest}
        except NoiseError as error:
            raise NoiseError(f"{stated.keyword}={number:g} is {error}") from None

    def configured(self, **options: Any) -> Self:
        """The same kind with some of its settings changed.

        Raises:
            SpecError: a setting that the kind does not have, or an unknown word for it.
            NoiseError: a value out of range.
        """
        for option in options:
            if option not in self.options:
                raise SpecError(unknown(f"setting of noise {self.name!r}", option, self.options))
        return dataclasses.replace(self, **options)

    def settings_meant(self) -> Mapping[str, Any]:
        """Settings by name whose own value does not say what they mean; for a run's record."""
        return {}

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the settings that :meth:`configured` takes."""
        return tuple(field.name for field in dataclasses.fields(self))
