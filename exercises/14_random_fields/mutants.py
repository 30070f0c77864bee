"""Wrong answers to exercise 14, each with the checks it must lose, and right rewrites."""

from gradekit.mutation import Mutant

Q1 = ("q1.score_of_a_square", "q1.log_prob_of_a_square", "q1.other_shapes", "q1.pinned_mean")
Q2 = ("q2.limit_of_the_step", "q2.law_of_the_run", "q2.slow_modes", "q2.swinging_modes")
Q3 = ("q3.draws_from_rng", "q3.right_power", "q3.right_memory", "q3.pinned_walk")
Q4 = ("q4.counts_of_the_plane", "q4.shape_of_the_spectrum", "q4.units_of_the_spectrum")
Q5 = ("q5.without_noise", "q5.without_holes", "q5.with_both")

MUTANTS = (
    Mutant("q1 log p without N", "q1", ".sum((1, 2)) / power.size", ".sum((1, 2))", Q1[1:]),
    Mutant("q1 score divided by N", "q1", "* inverse).real", "* inverse).real / power.size",
           (Q1[0], *Q1[2:])),
    Mutant("q1 not normalised", "q1", "np.log(2 * np.pi * power[live]).sum()", "0", Q1[1:]),
    Mutant("q1 without 2π", "q1", "np.log(2 * np.pi * power[live])", "np.log(power[live])", Q1[1:]),
    Mutant("q1 uphill in the energy", "q1", "score = -np", "score = np", (Q1[0], *Q1[2:])),
    Mutant("q1 times P", "q1", "(spectrum * inverse)", "(spectrum * power)", (Q1[0], *Q1[2:])),
    Mutant("q1 half plane", "q1", "(np.abs(spectrum) ** 2 * inverse)",
           "(np.abs(spectrum) ** 2 * inverse)[..., : power.shape[1] // 2 + 1]", Q1[1:]),
    Mutant("q1 a pinned mode of 1", "q1", "np.where(live, 1 / np.where(live, power, 1), 0)",
           "1 / np.where(live, power, 1)\n    live = power > -1\n"
           "    power = np.where(power > 0, power, 1)", Q1[3:]),
    Mutant("q1 zeros not looked after", "q1", "np.where(live, 1 / np.where(live, power, 1), 0)",
           "1 / np.maximum(power, 0)", Q1[3:]),
    Mutant("q2 limit without the 2", "q2", "2 * (power / m)", "(power / m)", Q2[:1]),
    Mutant("q2 limit of P alone", "q2", "2 * (power / m)", "2 * power", Q2[:1]),
    Mutant("q2 limit by the strongest", "q2", "(power / m).min()", "(power / m).max()", Q2[:1]),
    Mutant("q2 limit of the weakest wave", "q2", "(power / m).min()",
           "(power / m).flat[power.argmin()]", Q2[:1]),
    Mutant("q2 law without M", "q2", "power / (1 - step * m / (2 * power))",
           "power / (1 - step / (2 * power))", Q2[1:2]),
    Mutant("q2 no bias", "q2", "law = power / (1 - step * m / (2 * power))", "law = power",
           Q2[1:2]),
    Mutant("q2 bias without the half", "q2", "(2 * power)", "power", Q2[1:2]),
    Mutant("q2 without the size", "q2", "np.abs(1 - step * m / power)", "(1 - step * m / power)",
           Q2[3:]),
    Mutant("q2 steps by the weakest", "q2", "np.abs(1 - step * m / power).max()",
           "np.abs(1 - step * (m / power).max())", Q2[2:3]),
    Mutant("q2 one step too few", "q2", "np.ceil(", "np.floor(", Q2[2:]),
    Mutant("q2 time for 1/e", "q2", "np.log(0.01)", "np.log(np.exp(-1))", Q2[2:]),
    Mutant("q3 ULA's noise", "q3", "step * (2 - step)", "2 * step", Q3[1:2]),
    Mutant("q3 noise coloured by P", "q3", "np.sqrt(power)", "power", Q3[1:2]),
    Mutant("q3 white noise", "q3", "np.sqrt(power) * white", "white", (Q3[1], Q3[3])),
    Mutant("q3 a direct draw", "q3",
           "        x = (1 - step) * x + np.sqrt(step * (2 - step)) * noise",
           "        x = noise", Q3[2:3]),
    Mutant("q3 plain drift", "q3", "(1 - step) * x",
           "x - step * np.fft.ifft2(np.fft.fft2(x) / np.where(power > 0, power, 1)).real", Q3[1:3]),
    Mutant("q3 ULA, its bias divided out at the end", "q3",
           "step * (2 - step)) * noise\n    return x",
           "2 * step) * noise\n    return x * np.sqrt(1 - step / 2)", Q3[2:3]),
    Mutant("q3 memory of continuous time", "q3", "", """
def exact_walk(x, power, step, steps, rng):
    keep = np.exp(-step * steps)
    noise = np.fft.ifft2(np.sqrt(power) * np.fft.fft2(rng.standard_normal(x.shape))).real
    return keep * x + np.sqrt(1 - keep**2) * noise
""", Q3[2:3]),
    Mutant("q3 one noise for all fields", "q3", "rng.standard_normal(x.shape)",
           "rng.standard_normal(x.shape[1:])", Q3[1:3]),
    Mutant("q3 one step too many", "q3", "range(steps)", "range(steps + 1)", Q3[2:3]),
    Mutant("q3 ignores rng", "q3", "    for _ in",
           "    rng = np.random.default_rng(0)\n    for _ in",
           Q3[:1]),
    Mutant("q3 global generator", "q3", "    for _ in",
           "    rng = np.random.default_rng()\n    for _ in",
           Q3[:1]),
    Mutant("q4 counts k = 0", "q4", " & (k > 0)", "", Q4),
    Mutant("q4 sum of the sides for the length", "q4", "np.hypot(line[:, None], line)",
           "np.abs(line[:, None]) + np.abs(line)", Q4),
    Mutant("q4 counts half of the plane", "q4", "inside.sum()", "inside.sum() // 2", Q4[:1]),
    Mutant("q4 the power of the computer", "q4", "* box**2 / x.size**2", "/ x.size", Q4[2:]),
    Mutant("q4 divided by N once", "q4", "/ x.size**2", "/ x.size", Q4[2:]),
    Mutant("q4 cycles, not wavenumbers", "q4", "2 * np.pi * np.fft.fftfreq", "np.fft.fftfreq", Q4),
    Mutant("q4 sums for means", "q4", "square[inside].mean()", "square[inside].sum()", Q4[1:]),
    Mutant("q4 modulus for power", "q4", "np.abs(np.fft.fft2(x)) ** 2", "np.abs(np.fft.fft2(x))",
           Q4[1:]),
    Mutant("q5 holes still zero", "q5", "np.where(seen, y - x, 0)", "(y - x)", (Q5[0], Q5[2])),
    Mutant("q5 holes in y only", "q5", "np.where(seen, y - x, 0)", "(np.where(seen, y, 0) - x)",
           (Q5[0], Q5[2])),
    Mutant("q5 masked after the filter", "q5", "power * np.fft.fft2(pull)).real - x",
           "power * np.fft.fft2((y - x) / tau**2)).real * seen - x", (Q5[0], Q5[2])),
    Mutant("q5 prior's pull masked too", "q5", "power * np.fft.fft2(pull)).real - x",
           "power * np.fft.fft2(pull)).real - np.where(seen, x, 0)", (Q5[0], Q5[2])),
    Mutant("q5 noise still coloured by P", "q5", "np.sqrt(power)", "power", Q5[1:]),
    Mutant("q5 white noise", "q5", "np.sqrt(power) * np", "np", Q5[1:]),
    Mutant("q5 tau for tau²", "q5", "tau**2", "tau", Q5),
)  # fmt: skip

REWRITES = (
    Mutant("q1 by white fields", "q1", "", """
def log_prob_and_score(x, power):
    root = np.sqrt(power)
    over = np.divide(1, root, out=np.zeros_like(root), where=root > 0)
    white = np.fft.ifft2(np.fft.fft2(x, axes=(1, 2)) * over).real
    score = -np.fft.ifft2(np.fft.fft2(white) * over).real
    volume = np.log(power[power > 0]).sum() + np.log(2 * np.pi) * (power > 0).sum()
    return -0.5 * (white**2).sum(axis=(1, 2)) - 0.5 * volume, score
"""),
    Mutant("q2 by ratios", "q2", "", """
def forecast(power, m, step):
    pull = step * m / power
    t = 1
    while (np.abs(1 - pull) ** t).max() > 0.01:
        t += 1
    return step * 2 / pull.max(), 2 * step * m / (1 - (1 - pull) ** 2), t
"""),
    Mutant("q3 in the space of waves", "q3", "", """
def exact_walk(x, power, step, steps, rng):
    X, keep = np.fft.fft2(x), 1 - step
    for _ in range(steps):
        Z = np.fft.fft2(rng.normal(size=x.shape))
        X = keep * X + np.sqrt((1 - keep**2) * power) * Z
    return np.fft.ifft2(X).real
"""),
    Mutant("q4 by histograms", "q4", "", """
def binned(x, box, edges):
    a = len(x)
    line = np.fft.fftfreq(a) * a * 2 * np.pi / box
    k = np.sqrt(line[:, None] ** 2 + line[None] ** 2).ravel()
    cell = (box / a) ** 2
    square = np.abs(np.fft.fft2(x - x.mean())).ravel() ** 2 / x.size * cell
    which = np.where(k > 0, np.searchsorted(edges, k, side="right"), 0)
    count = np.bincount(which, minlength=len(edges) + 1)[1:len(edges)]
    total = np.bincount(which, square, minlength=len(edges) + 1)[1:len(edges)]
    return total / count, count
"""),
    Mutant("q5 by the score", "q5", "", """
def survey_step(x, y, seen, power, tau, step, z):
    score = -np.fft.ifft2(np.fft.fft2(x) / power).real + seen * (y - x) / tau**2
    spectrum = step * power * np.fft.fft2(score)
    spectrum = spectrum + np.sqrt(2 * step * power) * np.fft.fft2(z)
    return x + np.fft.ifft2(spectrum).real
"""),
)  # fmt: skip
