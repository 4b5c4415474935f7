"""The endpoint of a run that trains, among clients that are slow, silent, greedy or many."""

import contextlib
import random
import signal
import socket
import struct
import threading
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest
from experiments import DIAGNOSED, ENDLESS
from harness import STOPPED, metric, settings, wait_until
from server import get

REQUEST = b"GET /metrics HTTP/1.1\r\nHost: retort\r\n\r\n"


@pytest.fixture
def running(retort):
    # Without checkpoints: the tests wait for clients, not for a disk.
    without = settings(run__checkpoint_every=100000)
    with retort.start("run", retort.write(DIAGNOSED), *ENDLESS, *without) as started:
        started.wait_for_step("student", 10)
        yield started


def connected(run, receive_buffer=None):
    address = urllib.parse.urlsplit(run.metrics_url())
    client = socket.socket()
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    client.settimeout(20)
    client.connect((address.hostname, address.port))
    return client


def until_closed(client):
    """What the server still sends."""
    received = b""
    with contextlib.suppress(ConnectionError):
        while more := client.recv(65536):
            received += more
    return received


def steps(run):
    return metric(get(run.metrics_url()), "retort_train_steps_total", stage="student")


def trains_on(run):
    before = steps(run)
    wait_until(lambda: steps(run) > before, "another step")


class Pests:
    """Clients that never get on, each of which comes back when it is thrown out: some send nothing, some half a
    request, some a byte now and then, some do not read their answer."""

    def __init__(self, run, of_each):
        self.run = run
        self.over = threading.Event()
        self.rounds = 0
        kinds = (self.silent, self.half, self.dripping, self.deaf)
        self.threads = [threading.Thread(target=self.pester, args=(kind,)) for kind in kinds for _ in range(of_each)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def pester(self, kind):
        while not self.over.is_set():
            # Whatever the server, or its end, does to the client is fine.
            with contextlib.suppress(OSError), connected(self.run, receive_buffer=2048) as client:
                kind(client)
            self.rounds += 1
            self.over.wait(0.05)

    def wait_for_the_end(self, client):
        client.settimeout(0.2)
        while not self.over.is_set():
            with contextlib.suppress(TimeoutError):
                if not client.recv(1):
                    return

    def silent(self, client):
        self.wait_for_the_end(client)

    def half(self, client):
        client.sendall(REQUEST[:20])
        self.wait_for_the_end(client)

    def dripping(self, client):
        for i in range(len(REQUEST)):
            if self.over.wait(0.1):
                return
            client.sendall(REQUEST[i : i + 1])
        self.wait_for_the_end(client)

    def deaf(self, client):
        client.sendall(REQUEST)
        self.over.wait(10)


def scrape(run):
    text = get(run.metrics_url(), timeout=60)
    assert text.endswith("\n")
    assert sum(metric(text, "retort_run_state", state=state) for state in ("training", "evaluating")) == 1
    return text


def test_50_scrapers_at_once_are_all_answered(running):
    start = threading.Barrier(50)

    def scrapes(_):
        start.wait()
        return [scrape(running) for _ in range(5)]

    with ThreadPoolExecutor(50) as pool:
        texts = [text for answers in pool.map(scrapes, range(50)) for text in answers]
    assert len(texts) == 250
    assert {"retort_loss_term", "retort_step_duration_seconds_bucket"} <= {
        line.partition("{")[0] for line in min(texts, key=len).splitlines()
    }
    trains_on(running)


def test_clients_that_never_get_on_hold_up_nobody(running):
    with Pests(running, of_each=3) as pests:
        wait_until(lambda: pests.rounds > 0, "a client that is thrown out")
        with ThreadPoolExecutor(8) as pool:
            assert len(list(pool.map(lambda _: scrape(running), range(40)))) == 40
        trains_on(running)
        # The end of the run waits for none of them: they stay until it is over.
        assert running.end(signal.SIGTERM).code == STOPPED


def test_half_open_connections_do_not_keep_the_run_from_its_end(running):
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connected(running)) for _ in range(60)]
        for client in clients[::2]:
            client.sendall(REQUEST[:30])
        trains_on(running)
        assert running.end(signal.SIGTERM).code == STOPPED


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\nX-Large: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /metrics HTTP/1.1\r\n" + b"".join(b"X-%d: a\r\n" % i for i in range(20_000)) + b"\r\n",
        b"POST /metrics HTTP/1.1\r\nContent-Length: 1000000000000\r\n\r\n" + b"a" * 100_000,
        b"\r\n" * 50_000,
        random.Random(1).randbytes(100_000),
    ],
    ids=["path", "header", "headers", "body", "lines", "noise"],
)
def test_oversized_requests_are_refused(running, head):
    with connected(running) as client:
        with contextlib.suppress(ConnectionError):
            client.sendall(head)
        answer = until_closed(client)
    assert b"retort_loss" not in answer
    assert not answer or answer.startswith(b"HTTP/1.1 4"), answer[:100]
    scrape(running)
    trains_on(running)


def test_clients_that_break_off_do_no_harm(running):
    for _ in range(5):
        # Fewer than may wait; a scrape behind more of them would be turned away.
        for _ in range(40):
            client = connected(running)
            client.sendall(REQUEST)
            # Closed by a reset, with an answer on its way.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        scrape(running)
    trains_on(running)
