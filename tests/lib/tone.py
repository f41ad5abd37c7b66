"""Which tone is heard in a wav file: Goertzel, on one channel."""
import array
import math
import wave


def samples(path):
    """(rate, list of the first channel's samples as floats); 16 bit only."""
    with wave.open(str(path), "rb") as w:
        assert w.getsampwidth() == 2, f"{path}: not 16 bit"
        raw = array.array("h", w.readframes(w.getnframes()))
        return w.getframerate(), [float(v) for v in raw[::w.getnchannels()]]


def goertzel(x, rate, hertz):
    """Energy of x at this frequency, in the unit of sum(v * v)."""
    w = 2 * math.pi * hertz / rate
    coefficient = 2 * math.cos(w)
    a = b = 0.0
    for v in x:
        a, b = v + coefficient * a - b, a
    return 2 * (a * a + b * b - coefficient * a * b) / len(x)


def share(path, hertz, seconds=1.0):
    """The share of all energy that lies at this frequency, in the loudest
    stretch of this many seconds: what was heard before the call was up and
    after it ended is silence and says nothing."""
    rate, x = samples(path)
    n = int(rate * seconds)
    assert len(x) >= n, f"{path}: only {len(x) / rate:.2f} s"
    step = max(1, n // 4)
    best, energy = None, 0.0
    for at in range(0, len(x) - n + 1, step):
        e = sum(v * v for v in x[at:at + n])
        if e > energy:
            best, energy = x[at:at + n], e
    if best is None or energy / n < 100.0:
        return 0.0
    # A call's tone is steady over the stretch but for the phone's clock: sum
    # the energy of short blocks, so that a small drift of phase counts less.
    block = max(1, rate // 10)
    tone = sum(goertzel(best[i:i + block], rate, hertz)
               for i in range(0, n - block + 1, block))
    whole = sum(v * v for v in best[:n // block * block])
    return tone / whole


def write(path, hertz, seconds, rate=8000, level=0.5):
    """A mono wav file with one tone."""
    x = array.array("h", (int(32767 * level * math.sin(2 * math.pi * hertz * i / rate))
                          for i in range(int(rate * seconds))))
    with wave.open(str(path), "wb") as w:
        w.setnchannels(1)
        w.setsampwidth(2)
        w.setframerate(rate)
        w.writeframes(x.tobytes())
