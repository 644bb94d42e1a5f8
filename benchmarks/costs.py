"""What a picture costs at least, by counting: multiply-adds, and bytes between memory and the arithmetic."""

from collections.abc import Iterator

from core.network.architecture import ATTENTION_REDUCTION, BLOCK_REDUCTION, FIRST_SIZE, Architecture

COLOURS = 3
TAPS = 9
DOUBLED_TAPS = 4  # a doubling and a 3 x 3 convolution are four 2 x 2 convolutions


def multiply_adds(architecture: Architecture) -> int:
    """Count the multiply-adds of one picture, of the folded network."""
    return sum(work for work, _ in _layers(architecture))


def least_values(architecture: Architecture) -> int:
    """Count the values that one picture's maps are: each convolution reads its input and writes its outcome, and nothing else does."""
    return sum(values for _, values in _layers(architecture))


def _layers(architecture: Architecture) -> Iterator[tuple[int, int]]:
    """Give each layer's multiply-adds and values."""
    size, width = FIRST_SIZE, architecture.channel_width
    for number, (doubles, width_in, width_out) in enumerate(architecture.layers):
        channels, outcome = width_in * width, width_out * width
        if number == architecture.attention_layer_position:
            yield _attention(channels, size**2)
        places, size = size**2, size * (2 if doubles else 1)
        yield _block(channels, outcome, places, size**2)
    yield COLOURS * TAPS * width * size**2, (width + COLOURS) * size**2


def _block(channels: int, outcome: int, before: int, after: int) -> tuple[int, int]:
    middle = channels // BLOCK_REDUCTION
    taps = TAPS if before == after else DOUBLED_TAPS
    work = channels * middle * before + (taps + TAPS) * middle**2 * after + middle * outcome * after
    values = (channels + middle) * before + middle * (before + after) + 2 * middle * after + (middle + outcome) * after + outcome * before
    return work, values


def _attention(channels: int, places: int) -> tuple[int, int]:
    narrow, half = channels // ATTENTION_REDUCTION, channels // 2
    work = (2 * channels * narrow + 2 * channels * half) * places + places * (places // 4) * (narrow + half)
    return work, (4 * channels + 2 * narrow + 2 * half) * places
