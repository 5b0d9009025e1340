"""What a metric is: its name, its bounds, and the function that reads it off scores and targets."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from pytest_xraynoise.results import Task

    Support = Literal["samples", "positives", "negatives", "classes", "halves"]
    FloatArray = npt.NDArray[np.float64]
    Masks = npt.NDArray[np.bool_]
    Compute = Callable[..., "Reading | float"]  # (targets, scores), and the metric's options
    Both = tuple[FloatArray, FloatArray]  # the macro value (B,), and that of each label (B, K)
    Weighted = Callable[..., Both]  # (targets, scores, weights), the same
    Counts = npt.NDArray[np.uint8]
    Resampled = Callable[[Counts], list[Both]]
    Prepare = Callable[..., Resampled]  # (targets, inputs), and the metric's options
    SampleValues = Callable[[FloatArray, FloatArray], npt.ArrayLike]
    MaskValues = Callable[[Masks, Masks], npt.ArrayLike]

CLASSIFICATION: frozenset[Any] = frozenset({"binary", "multilabel", "multiclass"})
"""The tasks whose scores are one probability for each sample (and label)."""

SEGMENTATION: frozenset[Any] = frozenset({"segmentation"})
"""The task whose scores are one overlap for each image and class."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One metric on one set of scores.

    Attributes:
        value: the macro value (the mean over the labels that define the metric).
        labels: the value of each label, by column index (or by name, for a metric of the user).
        excluded: labels left out of ``value``, with the reason. Whether a label is left out depends
            on the targets alone, so clean and noisy scores always leave out the same ones.
    """

    value: float
    labels: Mapping[int | str, float] = field(default_factory=dict)
    excluded: Mapping[int | str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A number that tells how good scores are.

    Three ways to make one: ``Metric(compute=...)`` from all samples together (set-wise),
    :meth:`from_samples` from a number of each sample, :meth:`from_masks` from a number of each
    image and class of a segmentation. The last two have a fast bootstrap by themselves.

    Attributes:
        name: the word in limits and results: ``auroc`` in ``max_auroc_drop``.
        title: the name for people: ``AUROC``.
        higher_is_better: False turns a drop into an increase.
        lower, upper: the bounds of the value, None where there is none; limits are checked by them.
        tasks: the tasks that have this metric.
        per_image: True if the metric is read off numbers that each image has by itself
            (segmentation). ``compute`` then gets these numbers, (N, K) with NaN, in place of
            scores.
        reads: whose numbers those are (``dice``), the metric's own when empty.
        masks: gives them for a batch: ``masks(predicted, true) -> (N, K)``, from bool arrays (N, K,
            H, W); pixels that are not labelled are False in both. None for numbers that the package
            has itself. Which images it leaves out (NaN) must depend on the true masks alone.
        compute: ``compute(targets, scores) -> Reading``. Targets are float64: (N,) with 0, 1 or NaN
            (binary), (N, K) with 0, 1 or NaN (multilabel), (N,) class ids (multiclass); NaN or -1
            means not labelled. Scores are probabilities, (N,) or (N, K). A metric of the user may
            return a plain number, and raises ``MetricError`` where the data do not define it.
        weighted: the same for many resamples at once, for a fast bootstrap:
            ``weighted(targets, scores, weights) -> (macro, by_label)`` with weights (B, N), macro
            (B,) and by_label (B, K); NaN where a resample does not define the value. Without it,
            the bootstrap calls ``compute`` for every resample.
        prepare: the fastest bootstrap, of all rungs together: ``prepare(targets, inputs)``, where
            ``inputs`` has the scores of every rung, does once what does not change from resample to
            resample, and gives a function of counts (N, B) uint8, how often each sample was drawn,
            that returns what ``weighted`` does for each of the inputs. It goes before ``weighted``.
        ranks: True if only the order of the scores matters. ``compute`` and ``weighted`` then get
            logits where the model gave logits: their order does not saturate as probabilities do.
        decided: True if the metric is read at the clean operating point. ``compute`` and
            ``weighted`` then get decisions in place of scores: 1 where the label is said to be
            present, else 0.
        pooled: the tasks in which the value is taken over all samples together, and not as the mean
            over labels.
        support: what a value of one label is about: ``samples``, the ``positives`` or ``negatives``
            alone, ``classes`` (both, and each by itself can spoil it) or ``halves`` (both, each
            with half of the value). Confident modes ask how many of them there are.
        counted: True if the value is made of samples that are right or wrong, so that an event that
            no sample shows moves no resample either.
        shifted: True if resampling shifts the value as drawing the samples did: a sum of absolute
            gaps (ECE) is the larger the fewer different samples there are. Its intervals are then
            turned around the estimate (the basic bootstrap; Davison and Hinkley 1997, section 5.2).
        options: names of :class:`~pytest_xraynoise.metrics.options.MetricOptions` that ``compute``
            and ``weighted`` take as keywords.
    """

    name: str
    title: str
    higher_is_better: bool = True
    lower: float | None = None
    upper: float | None = None
    tasks: frozenset[Task] = CLASSIFICATION
    per_image: bool = False
    reads: str = ""
    masks: MaskValues | None = None
    ranks: bool = False
    decided: bool = False
    compute: Compute
    weighted: Weighted | None = None
    prepare: Prepare | None = None
    pooled: frozenset[Task] = frozenset()
    support: Support = "samples"
    counted: bool = False
    shifted: bool = False
    options: tuple[str, ...] = ()

    @property
    def source(self) -> str:
        """The name under which the per-image numbers of this metric are kept."""
        return self.reads or self.name

    def bound(self, options: Mapping[str, Any]) -> Metric:
        """The metric with its options set to these."""
        if not self.options:
            return self
        words = {name: options[name] for name in self.options}
        weighted = None if self.weighted is None else partial(self.weighted, **words)
        prepare = None if self.prepare is None else partial(self.prepare, **words)
        compute = partial(self.compute, **words)
        return replace(self, compute=compute, weighted=weighted, prepare=prepare)

    @classmethod
    def from_samples(
        cls,
        *,
        name: str,
        title: str,
        values: SampleValues,
        **traits: Any,
    ) -> Metric:
        """A metric that is the mean over samples of a number that each has by itself.

        Args:
            name: the word in limits and results.
            title: the name for people.
            values: ``values(targets, scores) -> (N,) or (N, K)``, NaN where a sample does not
                count; the macro value is the mean over the K columns.
            traits: any other attribute, ``higher_is_better=False``, ``lower``, ``tasks`` ...
        """

        def compute(targets: FloatArray, scores: FloatArray) -> Reading:
            from pytest_xraynoise.metrics.per_sample import mean_over_samples

            return mean_over_samples(values, targets, scores)

        def weighted(
            targets: FloatArray, scores: FloatArray, weights: FloatArray
        ) -> tuple[FloatArray, FloatArray]:
            from pytest_xraynoise.metrics.per_sample import weighted_sample_means

            return weighted_sample_means(values, targets, scores, weights)

        def prepare(targets: FloatArray, inputs: Sequence[FloatArray]) -> Resampled:
            from pytest_xraynoise.metrics.per_sample import resampled_sample_means

            return resampled_sample_means(values, targets, inputs)

        return cls(
            name=name,
            title=title,
            compute=compute,
            weighted=weighted,
            prepare=prepare,
            **traits,
        )

    @classmethod
    def from_masks(
        cls,
        *,
        name: str,
        title: str,
        values: MaskValues,
        **traits: Any,
    ) -> Metric:
        """A metric that is the mean over images of a number that its masks have.

        Args:
            name: the word in limits and results.
            title: the name for people.
            values: ``values(predicted, true) -> (N, K)``, as ``masks`` of this class.
            traits: any other attribute, ``higher_is_better=False``, ``lower`` ...
        """

        def compute(targets: FloatArray, numbers: FloatArray) -> Reading:
            from pytest_xraynoise.metrics.segmentation import mean_over_images

            return mean_over_images(targets, numbers)

        def weighted(
            targets: FloatArray, numbers: FloatArray, weights: FloatArray
        ) -> tuple[FloatArray, FloatArray]:
            from pytest_xraynoise.metrics.segmentation import weighted_mean_over_images

            return weighted_mean_over_images(targets, numbers, weights)

        def prepare(targets: FloatArray, inputs: Sequence[FloatArray]) -> Resampled:
            from pytest_xraynoise.metrics.resampled import prepare_mean_over_images

            return prepare_mean_over_images(targets, inputs)

        return cls(
            name=name,
            title=title,
            tasks=SEGMENTATION,
            per_image=True,
            masks=values,
            compute=compute,
            weighted=weighted,
            prepare=prepare,
            **traits,
        )
