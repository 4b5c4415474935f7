"""Experiments that train for as long as a test looks at them, with everything in them that has metrics."""

from harness import SMALL, changed, settings

# Terms ask for the teacher's penultimate layer, so there is no logit cache; projectors and gradients are diagnosed, a
# parameter is on a schedule, and a component reports values of its own.
DIAGNOSED = changed(
    changed(SMALL, "temperature = 4.0", 'temperature = { use = "linear", value = 4.0, final = 1.0 }'),
    "[optimizer]\n",
    '[loss.hinton]\nuse = "hinton_kd"\nweight = 0.5\n\n[optimizer]\nclip_norm = 5.0\n',
).replace("every = 5", "every = 5\ndiagnostics_every = 10")

# The terms ask for logits alone, which are kept.
CACHED = (
    changed(
        SMALL[: SMALL.index("[loss.representation]")] + SMALL[SMALL.index("[optimizer]") :],
        'name = "small"',
        'name = "cached"',
    )
    + '\n[engine]\nlogit_cache = "logits"\n'
)

# More than any test waits for; the teacher is quickly there.
ENDLESS = settings(schedule__epochs=100000, teacher__training__schedule__epochs=1)
