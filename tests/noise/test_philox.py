"""The random words: Random123's known answers, and how words are dealt to pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_xraynoise.noise.spec.philox import philox4x32, pixel_words, stream_word

ONES = 0xFFFFFFFF


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ((ONES,) * 4, (ONES, ONES), "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_random123_known_answers(
    counter: tuple[int, int, int, int], key: tuple[int, int], expected: str
) -> None:
    c0, c1, c2, c3 = (np.array([word], dtype=np.uint32) for word in counter)
    words = philox4x32((c0, c1, c2, c3), key[0] | key[1] << 32)
    assert " ".join(f"{int(word[0]):08x}" for word in words) == expected


@given(
    pixels=st.integers(1, 10_000),
    per_pixel=st.sampled_from([1, 2, 4]),
    seed=st.integers(0, 2**64 - 1),
    key=st.integers(0, 2**64 - 1),
    stream=st.integers(0, 2**32 - 1),
)
def test_words_are_dealt_as_documented(
    pixels: int, per_pixel: int, seed: int, key: int, stream: int
) -> None:
    dealt = pixel_words(pixels, per_pixel, seed=seed, key=key, stream=stream)
    assert dealt.shape == (per_pixel, pixels)
    served = 4 // per_pixel
    for pixel in {0, pixels // 3, pixels // 2, pixels - 1}:
        row, i = divmod(pixel, 1024)
        g, j = divmod(row, served)
        counter = [1024 * g + i, key & ONES, key >> 32, stream]
        c0, c1, c2, c3 = (np.array([word], dtype=np.uint32) for word in counter)
        words = np.concatenate(philox4x32((c0, c1, c2, c3), seed))
        assert np.array_equal(dealt[:, pixel], words[j * per_pixel : (j + 1) * per_pixel])


@given(pixels=st.integers(1, 10_000), per_pixel=st.sampled_from([1, 2, 4]))
def test_words_do_not_depend_on_the_size_of_the_image(pixels: int, per_pixel: int) -> None:
    large = pixel_words(10_000, per_pixel, seed=1, key=2, stream=3)
    assert np.array_equal(
        pixel_words(pixels, per_pixel, seed=1, key=2, stream=3), large[:, :pixels]
    )


def test_draw_and_kind_share_the_fourth_word_without_overlap() -> None:
    assert stream_word(3, 0) == 3
    assert stream_word(3, 1) == 0x0001_0003
    assert stream_word(0xFFFF, 0xFFFF) == 0xFFFF_FFFF


def test_no_word_repeats_within_a_sample() -> None:
    words = pixel_words(4096, 4, seed=1, key=2, stream=3)
    # 16,384 of 2**32 words: 0.03 repeats expected by chance, thousands if counters overlapped
    assert words.size - np.unique(words).size <= 2
