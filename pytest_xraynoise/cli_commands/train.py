"""``xraynoise train``: a model of the zoo, or a denoiser, clean or robust to noise."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import SpecError

if TYPE_CHECKING:
    import argparse

    from pytest_xraynoise.training import Trained

_ROBUST = ("poisson", "gaussian", "poisson+gaussian")
_INTERRUPTED = 130  # what a shell says of a program that Ctrl-C ended
_EPILOG = (
    "Data: phantom (made here), folder:ROOT (a csv table, or folders of images and masks), "
    "chestxray14:ROOT, landmark:ROOT. OUT gets model.safetensors and model.json, and a checkpoint "
    "while it trains: killed at any point, --resume goes on from there to the same weights."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.epilog = _EPILOG
    parser.add_argument("model", nargs="?", metavar="MODEL", help="resnet, unet ...: of the zoo")
    parser.add_argument("--denoiser", action="store_true", help="train a small DnCNN instead")
    parser.add_argument("--data", default="phantom", metavar="DATA", help="default: phantom")
    parser.add_argument("--task", metavar="TASK", help="classification or segmentation")
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder to write")
    parser.add_argument("--resume", action="store_true", help="go on with the run that OUT holds")
    parser.add_argument(
        "--robust",
        nargs="*",
        metavar="NOISE",
        help=f"train with noise of these kinds (without a name: {', '.join(_ROBUST)})",
    )
    parser.add_argument(
        "--severities", nargs="+", type=int, metavar="N", help="rungs to train with (default: all)"
    )
    parser.add_argument(
        "--consistency",
        type=float,
        default=0.0,
        metavar="WEIGHT",
        help="of the divergence between what is said of an image and of its noisy copy",
    )
    for word, kind, text in (
        (
            "--epochs",
            int,
            "times each sample is seen (default: 12; 30 for vit, swin, convnext)",
        ),
        ("--steps", int, "batches in all, instead of epochs"),
        ("--batch-size", int, "samples in a step (default: 16)"),
        ("--learning-rate", float, "the highest one (default: by the architecture)"),
        ("--samples", int, "phantoms to make, or files at most"),
        ("--seed", int, "of weights, order and noise (default: 0)"),
    ):
        parser.add_argument(word, type=kind, metavar="N", help=text)
    parser.add_argument(
        "--image-size", type=int, default=112, metavar="N", help="pixels a side (default: 112)"
    )
    parser.add_argument(
        "--size", choices=("small", "study"), default="small", help="of the zoo (default: small)"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")


def run(given: argparse.Namespace) -> int:
    """Train, and return the exit code.

    Raises:
        XrayNoiseError: for words, data or a folder that cannot be used.
    """
    try:
        trained = _trained(given)
    except KeyboardInterrupt:
        sys.stderr.write(f"\nxraynoise: interrupted; go on: --out {given.out} --resume\n")
        return _INTERRUPTED
    print(_told(trained, given.out))
    return 0


def _trained(given: argparse.Namespace) -> Trained:
    from pytest_xraynoise import training

    if given.denoiser == (given.model is not None):
        raise SpecError(
            "train needs a model of the zoo or --denoiser, one of them: xraynoise train resnet "
            "--out DIR"
        )
    task = training.task_of(given.model, given.task)
    words = _recipe(given)
    data, held = training.open_data(
        given.data,
        task=task,
        image_size=given.image_size,
        samples=given.samples,
        seed=given.seed or 0,
    )
    how: dict[str, Any] = {
        "out": given.out,
        "resume": given.resume,
        "image_size": given.image_size,
        "device": given.device,
        **words,
    }
    if given.denoiser:
        return training.train_denoiser(data, held, masks=task == "segmentation", **how)
    return training.train(given.model, data, held, **how)


def _recipe(given: argparse.Namespace) -> dict[str, Any]:
    """The words of the recipe that were said."""
    said: dict[str, Any] = {"consistency": given.consistency}
    for word in ("epochs", "steps", "batch_size", "learning_rate", "seed", "severities"):
        if getattr(given, word) is not None:
            said[word] = getattr(given, word)
    if given.robust is not None:
        said["robust"] = given.robust or _ROBUST
    if not given.denoiser:
        said["size"] = given.size
    return said


def _told(trained: Trained, out: str) -> str:
    """What came of it, in one line."""
    card = trained.card
    found = card["validation"]
    said = "not validated"
    if found is not None and found["metric"] == "psnr":
        said = f"PSNR {found['noisy']:.1f} dB noisy, {found['value']:.1f} dB denoised"
    elif found is not None and found["value"] is not None:
        name = {"auroc": "AUROC", "dice": "Dice"}[found["metric"]]
        said = f"{name} {found['value']:.3f} on {card['data']['validation']['samples']} held-out"
    steps, seconds = card["steps"], card["seconds"]
    return f"{card['architecture']}: {said}; {steps} steps in {seconds:.0f} s; wrote {out}"
