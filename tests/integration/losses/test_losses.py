"""`retort loss` agrees with the same formula written in plain PyTorch, in float64: values and gradients."""

import math
import random

import pytest
import torch
import torch.nn.functional as F
from oracle import assert_agrees, evaluate, pair, parameters, retort
from safetensors.torch import save_file


def reduced(total, logits, reduction):
    """A sum over samples and classes, as PyTorch's reductions would have it."""
    return total / {"batchmean": len(logits), "sum": 1, "mean": logits.numel()}[reduction]


def divergence(s, t, temperature, direction, reduction):
    log_q, log_p = F.log_softmax(s / temperature, -1), F.log_softmax(t / temperature, -1)
    if direction == "student_teacher":
        log_q, log_p = log_p, log_q
    return F.kl_div(log_q, log_p, reduction=reduction, log_target=True)


def draw_shape(draw):
    """[N, K], or [N, ..., K] now and then."""
    return (draw.randint(1, 9), *([draw.randint(1, 4)] if draw.random() < 0.3 else []), draw.randint(2, 40))


@pytest.mark.parametrize("seed", range(8))
def test_kl_divergence(tmp_path, seed):
    draw = random.Random(seed)
    student, teacher = pair(draw_shape(draw), seed)
    temperature = math.exp(draw.uniform(math.log(0.3), math.log(30)))
    direction = draw.choice(["teacher_student", "student_teacher"])
    reduction = draw.choice(["batchmean", "sum", "mean"])
    scale = draw.random() < 0.6
    options = {"temperature": temperature, "scale_by_t2": scale, "direction": direction, "reduction": reduction}
    assert_agrees(
        tmp_path,
        "kl_divergence",
        options,
        lambda s: divergence(s, teacher, temperature, direction, reduction) * (temperature**2 if scale else 1),
        student,
        teacher=teacher,
    )


@pytest.mark.parametrize("seed", range(4))
def test_kl_divergence_at_infinite_temperature(tmp_path, seed):
    draw = random.Random(seed)
    student, teacher = pair(draw_shape(draw), seed)
    reduction = draw.choice(["batchmean", "sum", "mean"])

    def expected(s):
        d = s - teacher
        return reduced((d - d.mean(-1, keepdim=True)).square().sum() / (2 * s.shape[-1]), s, reduction)

    for direction in ("teacher_student", "student_teacher"):
        options = {"temperature": math.inf, "reduction": reduction, "direction": direction}
        assert_agrees(
            tmp_path, "kl_divergence", options, expected, student.detach().clone(), teacher=teacher
        )


@pytest.mark.parametrize("seed", range(4))
def test_kl_divergence_at_temperature_zero(tmp_path, seed):
    draw = random.Random(seed)
    student, teacher = pair(draw_shape(draw), seed)
    reduction = draw.choice(["batchmean", "sum", "mean"])

    def expected(s):
        at_teachers_class = s.gather(-1, teacher.argmax(-1, keepdim=True)).squeeze(-1)
        return reduced((s.amax(-1) - at_teachers_class).sum(), s, reduction)

    options = {"temperature": 0, "reduction": reduction}
    assert_agrees(tmp_path, "kl_divergence", options, expected, student, teacher=teacher)
    _, gradient = evaluate(tmp_path, "kl_divergence", {"temperature": 0, "reduction": "sum"}, student, teacher)
    classes = student.shape[-1]
    labels = F.one_hot(student.argmax(-1), classes) - F.one_hot(teacher.argmax(-1), classes)
    torch.testing.assert_close(gradient, labels.double(), rtol=0, atol=0)


def test_kl_divergence_tends_to_its_limits(tmp_path):
    student, teacher = pair((8, 20), 11)

    def at(temperature):
        return evaluate(tmp_path, "kl_divergence", {"temperature": temperature}, student, teacher)

    for temperature, limit, scale, tolerance in ((1e5, math.inf, 1, 1e-3), (1e-3, 0, 1e3, 1e-9)):
        value, gradient = at(temperature)
        limit_value, limit_gradient = at(limit)
        assert value * scale == pytest.approx(limit_value, rel=tolerance, abs=tolerance)
        torch.testing.assert_close(gradient * scale, limit_gradient, rtol=tolerance, atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_soft_cross_entropy_is_the_divergence_and_the_teachers_entropy(tmp_path, seed):
    draw = random.Random(seed)
    student, teacher = pair(draw_shape(draw), seed)
    temperature = math.exp(draw.uniform(math.log(0.3), math.log(30)))
    options = {
        "temperature": temperature,
        "scale_by_t2": draw.random() < 0.6,
        "reduction": draw.choice(["batchmean", "sum", "mean"]),
    }
    scale = temperature**2 if options["scale_by_t2"] else 1
    p = F.softmax(teacher / temperature, -1)
    assert_agrees(
        tmp_path,
        "soft_cross_entropy",
        options,
        lambda s: scale * reduced(-(p * F.log_softmax(s / temperature, -1)).sum(), s, options["reduction"]),
        student,
        teacher=teacher,
    )
    value, gradient = evaluate(tmp_path, "soft_cross_entropy", options, student, teacher)
    kl_value, kl_gradient = evaluate(tmp_path, "kl_divergence", options, student, teacher)
    entropy = scale * reduced(-(p * p.log()).sum(), teacher, options["reduction"])
    assert value - kl_value == pytest.approx(entropy.item(), rel=1e-9)
    torch.testing.assert_close(gradient, kl_gradient, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_losses_that_compare_logits_or_features(tmp_path, seed):
    draw = random.Random(seed)
    student, teacher = pair(draw_shape(draw), seed)
    beta = draw.choice([0, draw.uniform(0.1, 5)])

    def centred(x):
        return x - x.mean(-1, keepdim=True)

    cases = [
        ("mse_logits", {}, lambda s: F.mse_loss(s, teacher)),
        ("mse_logits", {"centered": True}, lambda s: F.mse_loss(centred(s), centred(teacher))),
        ("smooth_l1_logits", {"beta": beta}, lambda s: F.smooth_l1_loss(s, teacher, beta=beta)),
        ("logit_regression", {}, lambda s: 0.5 * (s - teacher).square().flatten(1).sum(1).mean()),
        ("l2_distance", {}, lambda s: F.mse_loss(s, teacher)),
        ("l2_distance", {"reduce": "sum"}, lambda s: (s - teacher).flatten(1).norm(dim=1).square().mean()),
    ]
    for name, options, expected in cases:
        tap = "penultimate" if name == "l2_distance" else "logits"
        assert_agrees(tmp_path, name, options, expected, student.detach().clone(), teacher=teacher, tap=tap)


def test_mse_is_twice_the_divergence_at_infinite_temperature_plus_the_squared_mean(tmp_path):
    student, teacher = pair((8, 100), 3)
    mse, _ = evaluate(tmp_path, "mse_logits", {}, student, teacher)
    centred, _ = evaluate(tmp_path, "mse_logits", {"centered": True}, student, teacher)
    limit, _ = evaluate(tmp_path, "kl_divergence", {"temperature": math.inf}, student, teacher)
    shift = (student - teacher).mean(1).square().mean().item()
    assert mse == pytest.approx(2 * limit + shift, rel=1e-12)
    assert centred == pytest.approx(2 * limit, rel=1e-12)


@pytest.mark.parametrize(("shape", "smoothing"), [((2, 2), 0.9), ((7, 10), 0.0), ((16, 100), 0.1)])
def test_cross_entropy(tmp_path, shape, smoothing):
    student, _ = pair(shape, 4)
    labels = torch.arange(shape[0]) % shape[1]
    probabilities = torch.softmax(pair(shape, 5)[0], 1)
    for target in (labels, probabilities):
        assert_agrees(tmp_path, "cross_entropy", {"label_smoothing": smoothing},
                      lambda s: F.cross_entropy(s, target, label_smoothing=smoothing), student.clone(), target=target)


def logsum(s, t, alpha, form, reduce, eps):
    error = s - t if form == "difference" else torch.einsum("bd,bd->d", s, t) / len(s) - 1
    powers = error.abs() ** alpha
    return torch.log((powers.sum() if reduce == "sum" else powers.mean()) + eps)


@pytest.mark.parametrize("form", ["difference", "correlation"])
@pytest.mark.parametrize("reduce", ["sum", "mean"])
@pytest.mark.parametrize(("alpha", "eps"), [(1.0, None), (2.5, 0.25), (4.0, None)])
def test_logsum(tmp_path, form, reduce, alpha, eps):
    student, teacher = pair((16, 24), 6)
    options = {"form": form, "reduce": reduce, "alpha": alpha} | ({} if eps is None else {"eps": eps})
    eps_used = eps if eps is not None else {"difference": 0.0, "correlation": 1e-5}[form]
    assert_agrees(tmp_path, "logsum", options, lambda s: logsum(s, teacher, alpha, form, reduce, eps_used), student,
                  teacher=teacher, tap="penultimate")


def test_float32_stays_float32(tmp_path):
    student, teacher = [t.float() for t in pair((4, 10), 7)]
    _, gradient = evaluate(tmp_path, "mse_logits", {}, student, teacher)
    assert gradient.dtype == torch.float32


def failure(tmp_path, name, options):
    student, teacher = pair((4, 10), 8)
    save_file({"logits": student}, tmp_path / "s.safetensors")
    save_file({"logits": teacher}, tmp_path / "t.safetensors")
    done = retort("loss", name, *parameters(options), "--student", tmp_path / "s.safetensors", "--teacher",
                  tmp_path / "t.safetensors", "--json")
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    return done.stderr


def test_an_unknown_loss_names_the_nearest(tmp_path):
    assert "kl_divergence" in failure(tmp_path, "kl_divergense", {})


def test_an_unknown_parameter_names_the_nearest(tmp_path):
    assert "did you mean 'temperature'?" in failure(tmp_path, "kl_divergence", {"temprature": 2})


def test_a_value_out_of_range_says_what_was_expected(tmp_path):
    message = failure(tmp_path, "kl_divergence", {"temperature": -1})
    assert "expected a number of at least 0 (or inf), found -1" in message and "temperature" in message


def test_infinity_is_refused_where_it_means_nothing(tmp_path):
    message = failure(tmp_path, "soft_cross_entropy", {"temperature": math.inf})
    assert "expected a number greater than 0, found inf" in message
    assert "found nan" in failure(tmp_path, "kl_divergence", {"temperature": "nan"})
    assert "found -inf" in failure(tmp_path, "kl_divergence", {"temperature": "-inf"})


def test_a_limit_that_is_none_says_what_it_needs(tmp_path):
    assert "needs scale_by_t2 = true" in failure(
        tmp_path, "kl_divergence", {"temperature": math.inf, "scale_by_t2": False}
    )


def test_a_wrong_choice_names_the_nearest(tmp_path):
    assert "did you mean 'correlation'?" in failure(tmp_path, "logsum", {"form": "corelation"})


def test_shapes_that_differ_are_both_named(tmp_path):
    save_file({"logits": torch.zeros(4, 10)}, tmp_path / "s.safetensors")
    save_file({"logits": torch.zeros(4, 12)}, tmp_path / "t.safetensors")
    done = retort("loss", "mse_logits", "--student", tmp_path / "s.safetensors", "--teacher", tmp_path / "t.safetensors")
    assert done.returncode != 0
    assert "4x10" in done.stderr and "4x12" in done.stderr and "mse_logits" in done.stderr
